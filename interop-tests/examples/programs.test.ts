// The example programs as a reader runs them, against one server, an ensemble and a Java server: each ends, and prints what docs/examples.md shows.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { projectRoot } from '../peers/cache.ts'
import { needPeer } from '../peers/peers.ts'
import { freePort } from '../peers/ports.ts'
import { runProgram } from '../peers/processes.ts'
import { startReferenceServer } from '../peers/server-under-test.ts'
import { places, useStage } from './stage.ts'

const RUN_LIMIT_MS = 120_000

/** `$ node examples/<name>` and what stands below it. */
let shown: ReadonlyMap<string, string>

beforeAll(async () => {
  const page = await readFile(join(projectRoot, 'docs', 'examples.md'), 'utf8')
  shown = new Map([...page.matchAll(/^```\n\$ node examples\/(.*)\n([^]*?)^```$/gm)].map((match) => [match[1], match[2]]))
})

test('the page shows every program', async () => {
  const files = (await readdir(join(projectRoot, 'examples'))).filter((name) => name.endsWith('.mjs') && name !== 'zookeeper.mjs')
  expect([...shown.keys()].sort()).toEqual(files.sort())
})

test('each says within seconds that there is no server', async () => {
  const port = await freePort()
  await Promise.all(
    [...shown.keys()].map(async (name) => {
      const result = await runProgram(process.execPath, [join('examples', name), `127.0.0.1:${port}`], { cwd: projectRoot, timeoutMs: RUN_LIMIT_MS })
      expect([name, result.code, result.stdout, result.stderr]).toEqual([
        name,
        1,
        '',
        expect.stringMatching(new RegExp(`^no ZooKeeper server answers at 127.0.0.1:${port} within 5 s: `)),
      ])
    }),
  )
})

/** What each prints. */
function runAll(connectString: string): Promise<(readonly [string, string])[]> {
  return Promise.all(
    [...shown.keys()].map(async (name) => {
      const result = await runProgram(process.execPath, [join('examples', name), connectString], { cwd: projectRoot, timeoutMs: RUN_LIMIT_MS })
      expect([name, result.code, result.stderr]).toEqual([name, 0, ''])
      return [name, result.stdout] as const
    }),
  )
}

describe.each(places)('on $name', (place) => {
  const stage = useStage(place)

  test('each program prints what is shown, and can be run again', async () => {
    expect(await runAll(stage.servers.connectString)).toEqual([...shown])
    expect(await runAll(stage.servers.connectString)).toEqual([...shown])
  })
})

const java = await needPeer('java')

test.skipIf(java === undefined)('each does the same on a Java server', async () => {
  const server = await startReferenceServer()
  try {
    expect(await runAll(`127.0.0.1:${server.port}`)).toEqual([...shown])
  } finally {
    await server.kill()
  }
})

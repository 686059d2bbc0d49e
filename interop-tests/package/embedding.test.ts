// Every program of docs/embedding.md, compiled and run from the installed package, as a reader would who copies it.
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { projectRoot } from '../peers/cache.ts'
import { mustRun } from '../peers/processes.ts'
import { compile, INSTALL_LIMIT_MS, installPackage, lend } from './installed.ts'

const RUN_LIMIT_MS = 120_000

/** What each prints. */
const printed: Record<string, string> = {
  'plain.ts': 'true\n',
  'one-server.ts': '',
  'ensemble.ts': 'true\n',
  'server.ts': 'role: standalone\ntrue true\nrole: undefined\n',
  'member.ts': 'leader\n',
  'from-file.ts': '3000\n',
}
/** Those of Jest are run by jest.test.ts. */
const tests = ['registry.test.ts', 'registry.node-test.ts', 'registry.ts-jest.ts']

const freePorts = `
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'

export async function freePorts(count: number): Promise<number[]> {
  const holders = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(holders.map((holder) => once(holder, 'listening')))
  const ports = holders.map((holder) => (holder.address() as AddressInfo).port)
  await Promise.all(holders.map((holder) => once(holder.close(), 'close')))
  return ports
}
`

let directory: string
/** By the name in its first line. */
let programs: Map<string, string>

beforeAll(async () => {
  const page = await readFile(join(projectRoot, 'docs', 'embedding.md'), 'utf8')
  programs = new Map([...page.matchAll(/^```ts\n\/\/ (\S+)\n([^]*?)^```$/gm)].map((match) => [match[1], match[2]]))
  ;({ directory } = await installPackage())
  await lend(directory, '@types/node', 'undici-types', 'node-zookeeper-client', 'vitest')
  await mkdir(join(directory, 'source'))
  for (const [name, text] of programs) await writeFile(join(directory, 'source', name), text)
  await writeFile(join(directory, 'source', 'free-ports.ts'), freePorts)
  await writeFile(join(directory, 'source', 'client.d.ts'), "declare module 'node-zookeeper-client'\n")
  await writeFile(join(directory, 'zoo.cfg'), 'tickTime=3000\ndataDir=./from-file\n')
}, INSTALL_LIMIT_MS)

describe('the page about embedding', () => {
  it('shows programs, and all of them are known here', async () => {
    expect([...programs.keys()].sort()).toEqual([...tests, ...Object.keys(printed)].sort())
    expect((await readFile(join(projectRoot, 'docs', 'embedding.md'), 'utf8')).match(/^```ts$/gm)).toHaveLength(programs.size)
  })

  it('has programs that a strict compiler takes, and that run', async () => {
    await compile(directory, [...Object.keys(printed), 'client.d.ts', 'registry.node-test.ts'])
    for (const [name, output] of Object.entries(printed)) {
      const result = await mustRun(process.execPath, [join('compiled', name.replace('.ts', '.js'))], { cwd: directory, timeoutMs: RUN_LIMIT_MS })
      expect([name, result.stdout, result.stderr]).toEqual([name, output, ''])
    }
  })

  it('has tests for node:test', async () => {
    const { stdout } = await mustRun(process.execPath, ['--test', '--test-reporter=tap', 'compiled/registry.node-test.js'], {
      cwd: directory,
      timeoutMs: RUN_LIMIT_MS,
    })
    expect(stdout).toContain('# pass 3\n# fail 0\n')
  })

  it('has tests for vitest', async () => {
    // Its own declarations ask for more than Node.js has.
    await compile(directory, ['registry.test.ts'], ['--skipLibCheck'])
    const vitest = join(projectRoot, 'node_modules', 'vitest', 'vitest.mjs')
    const args = [vitest, 'run', '--root', directory, '--reporter=tap-flat', '--testTimeout=60000', '--hookTimeout=60000', 'compiled/registry.test.js']
    // Not as part of the run that this test is part of.
    const env = { VITEST: '', VITEST_POOL_ID: '', VITEST_WORKER_ID: '', NODE_ENV: '' }
    const { stdout } = await mustRun(process.execPath, args, { cwd: directory, env, timeoutMs: RUN_LIMIT_MS })
    expect(stdout.match(/^ok /gm)).toHaveLength(2)
    expect(stdout).not.toMatch(/^not ok /m)
  })
})

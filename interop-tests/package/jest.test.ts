// The package under Jest itself, without any flag or setting: what docs/embedding.md shows, and what a test does to a server, in CommonJS and by ts-jest.
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { projectRoot } from '../peers/cache.ts'
import { lendJest } from '../peers/jest.ts'
import { needPeer } from '../peers/peers.ts'
import { runProgram } from '../peers/processes.ts'
import { INSTALL_LIMIT_MS, installPackage, lend } from './installed.ts'

const RUN_LIMIT_MS = 120_000

const jest = await needPeer('Jest')

/** In the shape of a project that has never heard of modules. */
const uses = `
const { once } = require('node:events')
const { mkdtempSync, rmSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { join } = require('node:path')
const zookeeper = require('node-zookeeper-client')
const { ConfigRefused, ZooKeeperServer } = require('tskeeper')
const { startTestEnsemble, startTestServer } = require('tskeeper/testing')
const { serverFor } = require('tskeeper/testing/node-test')

async function connect(connectString) {
  const client = zookeeper.createClient(connectString, { spinDelay: 20 })
  client.connect()
  await once(client, 'connected')
  return client
}

test('a server that is killed, restarted and told to end a session', async () => {
  const server = await startTestServer({ settings: { tickTime: 200, fourLetterWords: new Set(['ruok']) } })
  const client = await connect(server.connectString)
  const path = await new Promise((resolve, reject) => client.create('/a', Buffer.from('x'), (error, name) => (error ? reject(error) : resolve(name))))
  expect(path).toBe('/a')
  await server.kill()
  const back = once(client, 'connected')
  await server.restart()
  await back
  const expired = once(client, 'expired')
  expect(await server.expireSession(client.getSessionId())).toBe(true)
  await expired
  client.close()
  await server.close()
})

test.each(['', 'gz', 'snappy'])('data on the disk, snapshots written as "%s"', async (snapshotCompression) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'tskeeper-jest-'))
  const server = await startTestServer({ dataDir, settings: { snapshotCompression } })
  const client = await connect(server.connectString)
  await new Promise((resolve, reject) => client.create('/kept', Buffer.from('x'), (error) => (error ? reject(error) : resolve())))
  client.close()
  await server.restart()
  await server.close()
  const second = await startTestServer({ dataDir })
  const other = await connect(second.connectString)
  expect(await new Promise((resolve, reject) => other.exists('/kept', (error, stat) => (error ? reject(error) : resolve(Boolean(stat)))))).toBe(true)
  other.close()
  await second.close()
  rmSync(dataDir, { recursive: true })
})

test('an ensemble', async () => {
  const ensemble = await startTestEnsemble(3)
  const leader = await ensemble.leader()
  ensemble.partition([leader.id], ensemble.members.filter(({ id }) => id !== leader.id).map(({ id }) => id))
  expect((await ensemble.leader()).id).not.toBe(leader.id)
  await ensemble.close()
})

test('errors are of the classes that it has', async () => {
  expect(() => new ZooKeeperServer({ sslQuorum: true })).toThrow(ConfigRefused)
  await expect(startTestServer({ port: 'abc' })).rejects.toThrow("options.port must be a whole number from 0 to 65535, got 'abc'")
  await expect(serverFor({})).rejects.toThrow('test must be')
})
`

/** What a project with ts-jest has. */
const compilerOptions = { module: 'commonjs', target: 'es2022', strict: true, esModuleInterop: true, types: ['node'] }

describe.skipIf(jest === undefined)('under Jest', () => {
  let directory: string

  beforeAll(async () => {
    ;({ directory } = await installPackage())
    await lend(directory, '@types/node', 'undici-types', 'node-zookeeper-client')
    await lendJest(jest!.place, directory)
    const page = await readFile(join(projectRoot, 'docs', 'embedding.md'), 'utf8')
    await mkdir(join(directory, 'plain'))
    await writeFile(join(directory, 'plain', 'uses.test.js'), uses)
    await writeFile(join(directory, 'plain', 'shown.test.js'), programOf(page, 'js', 'registry.jest.cjs'))
    await writeFile(join(directory, 'plain', 'package.json'), '{ "name": "plain" }\n')
    await mkdir(join(directory, 'typed'))
    await writeFile(join(directory, 'typed', 'shown.test.ts'), programOf(page, 'ts', 'registry.ts-jest.ts'))
    await writeFile(join(directory, 'typed', 'package.json'), '{ "name": "typed", "jest": { "preset": "ts-jest" } }\n')
    await writeFile(join(directory, 'typed', 'globals.d.ts'), globals)
    await writeFile(join(directory, 'typed', 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['.'] }))
  }, INSTALL_LIMIT_MS)

  async function run(place: string): Promise<Summary> {
    // Not as part of the run that this test is part of; without any option that would let Jest load modules.
    const env = { VITEST: '', VITEST_POOL_ID: '', VITEST_WORKER_ID: '', NODE_ENV: '', NODE_OPTIONS: '' }
    const args = [join(directory, 'node_modules', 'jest', 'bin', 'jest.js'), '--json', '--ci']
    const { stdout, stderr } = await runProgram(process.execPath, args, { cwd: join(directory, place), env, timeoutMs: RUN_LIMIT_MS })
    const summary = JSON.parse(stdout) as Summary
    expect([summary.success, summary.numFailedTests], stderr).toEqual([true, 0])
    expect(stderr).not.toContain('did not exit')
    return summary
  }

  it('tests in CommonJS have servers', async () => {
    expect((await run('plain')).numPassedTests).toBe(7)
  })

  it('tests in TypeScript have ensembles', async () => {
    expect((await run('typed')).numPassedTests).toBe(1)
  })
})

interface Summary {
  readonly success: boolean
  readonly numPassedTests: number
  readonly numFailedTests: number
}

/** As @types/jest would say. */
const globals = `
declare function beforeAll(work: () => unknown): void
declare function afterAll(work: () => unknown): void
declare function test(name: string, work: () => unknown): void
declare function expect(value: unknown): { readonly not: { toBe(other: unknown): void } }
`

function programOf(page: string, language: string, name: string): string {
  const program = [...page.matchAll(new RegExp(`^\`\`\`${language}\\n// (\\S+)\\n([^]*?)^\`\`\`$`, 'gm'))].find((match) => match[1] === name)
  if (program === undefined) throw new Error(`docs/embedding.md shows no ${name}`)
  return program[2]
}

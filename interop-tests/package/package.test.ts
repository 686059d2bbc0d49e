// The package as a user gets it: packed, installed into an empty folder, and used from there: its two commands, import, require, types.
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../peers/ports.ts'
import { eventually, mustRun, runProgram, startProgram, temporaryDirectory } from '../peers/processes.ts'
import type { RunningProgram } from '../peers/processes.ts'
import { fourLetterWord } from '../peers/server-process.ts'
import { compile, INSTALL_LIMIT_MS, installPackage, lend, npm } from './installed.ts'

const RUN_LIMIT_MS = 120_000

/** Starts a server from the package, asks it who it is, and ends; prints the answer. */
const conversation = `
  const server = await startTestServer()
  const answer = await new Promise((resolve, reject) => {
    let text = ''
    connect(server.port, '127.0.0.1', function () { this.write('srvr') })
      .on('data', (bytes) => (text += bytes)).on('error', reject).on('close', () => resolve(text))
  })
  await server.close()
  console.log(packageVersion)
  console.log(answer)
`

const definitions = `
// Our own records.
module org.example.shapes {
  class Point { int x; int y; }
  class Line { ustring name; vector<org.example.shapes.Point> points; long length; buffer raw; }
}
`

const typed = `
import { connect } from 'node:net'
import { Code, defaultSettings, JuteReader, JuteWriter, OpCode, packageVersion, startStandalone, ZooKeeperServer } from 'tskeeper'
import type { Codec, ServerRole, Settings, StandaloneServer } from 'tskeeper'
import { startTestEnsemble, startTestServer } from 'tskeeper/testing'
import type { TestEnsemble, TestEnsembleOptions, TestMember, TestServer } from 'tskeeper/testing'
import { Line } from './generated/shapes.ts'

const server: TestServer = await startTestServer({ settings: { tickTime: 200 } })
const address: string = server.connectString
await new Promise<void>((resolve, reject) => connect(server.port, '127.0.0.1').end().resume().on('error', reject).on('close', () => resolve()))
await server.restart()
await server.close()

const options: TestEnsembleOptions = { observers: 1, settings: { tickTime: 200 } }
const ensemble: TestEnsemble = await startTestEnsemble(1, options)
const leader: TestMember = await ensemble.leader()
const role: 'leader' | 'follower' | 'observer' | undefined = leader.role
ensemble.partition([1], [2])
ensemble.heal()
await ensemble.close()

const codec: Codec<Line> = Line
const writer = new JuteWriter()
codec.write(writer, { name: 'diagonal', points: [{ x: 1, y: 2 }], length: 5n, raw: null })
const reader = new JuteReader()
reader.reset(writer.copy())
const line: Line = codec.read(reader)
const settings: Settings = defaultSettings()
const tickTime: number = settings.tickTime
const start: (...args: Parameters<typeof startStandalone>) => void = startStandalone
export type Server = StandaloneServer
const embedded = new ZooKeeperServer({ dataDir: './data', clientPort: 0 })
embedded.on('role', (now) => ((now: ServerRole | undefined) => now)(now))
embedded.on('error', (error: Error, exitCode: number) => console.error(error.message, exitCode))
// @ts-expect-error there is no such event
embedded.on('rôle', () => {})
// @ts-expect-error nor such a setting
export const unknown = (): ZooKeeperServer => new ZooKeeperServer({ clientport: 1 })
// @ts-expect-error a port is a number
export const wrong: string = server.port
console.log(role, address.startsWith('127.0.0.1:'), line.name, line.points![0]!.y, line.length === 5n, tickTime, typeof start, Code.NONODE, OpCode.create, packageVersion)
`

/** A network of its own, where the machine gives one to this user. */
const inOwnNetwork = ['--map-root-user', '--net']
const hasOwnNetwork = (await runProgram('unshare', [...inOwnNetwork, 'true'], { timeoutMs: RUN_LIMIT_MS })).code === 0

let directory: string
let tarball: string
let version: string
let packed: readonly string[]

beforeAll(async () => {
  ;({ directory, version, packed, tarball } = await installPackage())
}, INSTALL_LIMIT_MS)

/** A file of the folder, run by Node.js. */
async function runScript(name: string, text: string): Promise<string> {
  await writeFile(join(directory, name), text)
  return (await mustRun(process.execPath, [name], { cwd: directory, timeoutMs: RUN_LIMIT_MS })).stdout
}

async function serveUntil(program: RunningProgram, serves: () => boolean | Promise<boolean>): Promise<void> {
  try {
    await eventually('it serves', INSTALL_LIMIT_MS, async () => {
      if (program.hasEnded()) throw new Error(`it ended:\n${program.output()}`)
      return (await serves()) ? true : undefined
    })
  } finally {
    await program.kill()
  }
}

describe('the installed package', () => {
  it('holds what is used and read, and no sources or tests', () => {
    const tops = new Set(packed.map((path) => (path.startsWith('src/') ? dirname(path) : path.split('/')[0])))
    expect([...tops].sort()).toEqual([
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'README.zh-CN.md',
      'dist',
      'docs',
      'examples',
      'package.json',
      'src/jute/records',
    ])
    expect(packed.filter((path) => /\.test\.|(^|[^d])\.ts$/.test(path) && !path.endsWith('.d.ts'))).toEqual([])
  })

  it('needs no compiler and runs nothing when it is installed', async () => {
    const lock = JSON.parse(await readFile(join(directory, 'package-lock.json'), 'utf8')) as { packages: Record<string, { hasInstallScript?: boolean }> }
    const installed = Object.keys(lock.packages).filter((path) => path !== '')
    expect(installed).toContain('node_modules/tskeeper')
    expect(installed.filter((path) => lock.packages[path].hasInstallScript)).toEqual([])
    for (const path of installed) {
      const manifest = JSON.parse(await readFile(join(directory, path, 'package.json'), 'utf8')) as { scripts?: Record<string, string>; gypfile?: boolean }
      const scripts = ['preinstall', 'install', 'postinstall'].filter((name) => manifest.scripts?.[name] !== undefined)
      expect([scripts, manifest.gypfile ?? false], path).toEqual([[], false])
    }
    const files = await readdir(join(directory, 'node_modules'), { recursive: true })
    expect(files.filter((file) => /\.node$|binding\.gyp$|\.(c|cc|cpp)$/.test(file))).toEqual([])
  })

  it('has the command tskeeper', async () => {
    const { stdout } = await mustRun('npx', ['--no-install', 'tskeeper', 'version'], { cwd: directory, timeoutMs: RUN_LIMIT_MS })
    expect(stdout).toMatch(/^Apache ZooKeeper, version 3\.9\.6 .*\n$/)
  })

  it('has the command jute-ts-codegen', async () => {
    const { stdout } = await mustRun('npx', ['--no-install', 'jute-ts-codegen', '--help'], { cwd: directory, timeoutMs: RUN_LIMIT_MS })
    expect(stdout).toMatch(/^Usage: jute-ts-codegen /)
  })

  it('is a server by npx alone', async () => {
    const empty = await temporaryDirectory('npx')
    const port = await freePort()
    await mkdir(join(empty, 'conf'))
    await writeFile(join(empty, 'conf/zoo.cfg'), `dataDir=./data\nclientPort=${port}\nclientPortAddress=127.0.0.1\n`)
    // What npx installs is gone with the directory; what it downloads is kept where npm keeps it.
    const cache = (await npm(empty, ['config', 'get', 'cache'])).stdout.trim()
    await mkdir(join(empty, 'cache'))
    await symlink(join(cache, '_cacache'), join(empty, 'cache/_cacache'))
    const env = { npm_config_cache: join(empty, 'cache'), npm_config_prefer_offline: 'true' }
    await serveUntil(startProgram('npx', ['--yes', '--package', tarball, 'tskeeper'], { cwd: empty, env }), async () => {
      const answer = await fourLetterWord(port, 'srvr').catch(() => '')
      return answer.includes('Mode: standalone')
    })
  })

  it.runIf(hasOwnNetwork)('needs no configuration: port 2181, data in the working directory', async () => {
    const empty = await temporaryDirectory('empty')
    const program = startProgram('unshare', [...inOwnNetwork, join(directory, 'node_modules/.bin/tskeeper')], { cwd: empty })
    await serveUntil(program, () => program.output().includes('serves clients on port 2181'))
    expect(await readdir(empty)).toEqual(['data'])
  })

  it('can be imported', async () => {
    const imports = "import { connect } from 'node:net'\nimport { packageVersion } from 'tskeeper'\nimport { startTestServer } from 'tskeeper/testing'\n"
    const output = await runScript('imports.mjs', `${imports}${conversation}`)
    expect(output).toContain(`${version}\nZookeeper version: 3.9.6`)
    expect(output).toContain('Mode: standalone\n')
  })

  it('can be required', async () => {
    const requires =
      "const { connect } = require('node:net')\nconst { packageVersion } = require('tskeeper')\nconst { startTestServer } = require('tskeeper/testing')\n"
    const output = await runScript('requires.cjs', `${requires}void (async () => {${conversation}})()`)
    expect(output).toContain(`${version}\nZookeeper version: 3.9.6`)
    expect(output).toContain('Mode: standalone\n')
  })

  it('has types, and generates code, that a strict compiler takes', async () => {
    await writeFile(join(directory, 'shapes.jute'), definitions)
    const generate = ['--no-install', 'jute-ts-codegen', '--records', 'shapes.jute', '--out', 'source/generated', '--runtime', 'tskeeper']
    await mustRun('npx', generate, { cwd: directory, timeoutMs: RUN_LIMIT_MS })
    await mkdir(join(directory, 'source'), { recursive: true })
    await writeFile(join(directory, 'source', 'main.ts'), typed)
    // Whoever writes TypeScript for Node.js has these.
    await lend(directory, '@types/node', 'undici-types')
    await compile(directory, ['main.ts'])
    const { stdout } = await mustRun(process.execPath, ['compiled/main.js'], { cwd: directory, timeoutMs: RUN_LIMIT_MS })
    expect(stdout).toBe(`leader true diagonal 2 true 3000 function -101 1 ${version}\n`)
  })
})

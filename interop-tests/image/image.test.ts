// docker/ without Docker: the Dockerfile's instructions carried out in a directory, and the entry point run from there as a process, with a
// directory of its own in front of every path (TSKEEPER_ROOT): the variables of three images, one server and three, and the compose examples.
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { loadSettings } from '../../src/server/config/load-settings.ts'
import { projectRoot } from '../peers/cache.ts'
import { freePort } from '../peers/ports.ts'
import { eventually, mustRun, runProgram, startProgram, temporaryDirectory } from '../peers/processes.ts'
import type { Result, RunningProgram } from '../peers/processes.ts'
import { fourLetterWord } from '../peers/server-process.ts'
import { buildImage, contextAllows, dockerfile, readInstructions } from './build.ts'

const RUN_LIMIT_MS = 60_000
const ELECTION_LIMIT_MS = 60_000
const isRoot = process.getuid?.() === 0

let bin: string
let running: RunningProgram[] = []

beforeAll(async () => {
  bin = join(await buildImage(), 'opt/tskeeper/bin')
})

afterEach(async () => {
  for (const program of running) await program.kill()
  running = []
})

type Env = Record<string, string>

/** A container: its file system, its environment, and the shell's view of both. */
interface Container {
  readonly root: string
  readonly env: Env
}

async function container(env: Env): Promise<Container> {
  const root = await temporaryDirectory('container')
  const path = `${bin}${delimiter}${process.env['PATH']}`
  return { root, env: { TSKEEPER_ROOT: root, TSKEEPER_RUN_AS: '0:0', PATH: path, ...env } }
}

/** As `docker run`. */
function start({ env, root }: Container, ...command: string[]): RunningProgram {
  const program = startProgram('docker-entrypoint.sh', command, { cwd: root, env })
  running.push(program)
  return program
}

/** As `docker run`, to its end. */
function run({ env, root }: Container, ...command: string[]): Promise<Result> {
  return runProgram('docker-entrypoint.sh', command, { cwd: root, env, timeoutMs: RUN_LIMIT_MS })
}

/** As `docker exec`. */
function exec({ env, root }: Container, ...command: string[]): Promise<Result> {
  return runProgram(command[0], command.slice(1), { cwd: root, env, timeoutMs: RUN_LIMIT_MS })
}

function read({ root }: Container, path: string): Promise<string> {
  return readFile(join(root, path), 'utf8')
}

async function modeOf(port: number): Promise<string | undefined> {
  const answer = await fourLetterWord(port, 'srvr').catch(() => '')
  return /^Mode: (.*)$/m.exec(answer)?.[1]
}

/** Waits until the servers are what they are to be, and fails with what they said if one has ended. */
async function serve(programs: readonly RunningProgram[], ports: readonly number[], modes: readonly string[]): Promise<void> {
  await eventually(`${modes.join(', ')}`, ELECTION_LIMIT_MS, async () => {
    const ended = programs.find((program) => program.hasEnded())
    if (ended !== undefined) throw new Error(`a server ended:\n${ended.output()}`)
    const found = await Promise.all(ports.map(modeOf))
    return [...found].sort().join() === modes.join() ? true : undefined
  })
}

interface Style {
  readonly name: string
  /** What starts a server in that image. */
  readonly command: readonly string[]
  readonly configFile: string
  readonly dataDir: string
  /** One server on its own. */
  alone(port: number): Env
  /** The environment of a member; the lines are those of server.1 to server.3, without a client address. */
  member(id: number, port: number, servers: readonly string[], ports: readonly number[]): Env
}

const official: Style = {
  name: 'the official image',
  command: [],
  configFile: 'conf/zoo.cfg',
  dataDir: 'data',
  alone: (port) => ({
    ZOO_SERVERS: `server.1=127.0.0.1:2888:3888;127.0.0.1:${port}`,
    ZOO_ADMINSERVER_ENABLED: 'false',
    ZOO_4LW_COMMANDS_WHITELIST: 'srvr,ruok',
  }),
  member: (id, _port, servers, ports) => ({
    ZOO_MY_ID: String(id),
    ZOO_SERVERS: servers.map((server, index) => `server.${index + 1}=${server};127.0.0.1:${ports[index]}`).join(' '),
    ZOO_TICK_TIME: '500',
    ZOO_CFG_EXTRA: 'preAllocSize=64',
  }),
}

const confluent: Style = {
  name: 'cp-zookeeper',
  command: ['/etc/confluent/docker/run'],
  configFile: 'etc/kafka/zookeeper.properties',
  dataDir: 'var/lib/zookeeper/data',
  alone: (port) => ({
    ZOOKEEPER_CLIENT_PORT: String(port),
    ZOOKEEPER_CLIENT_PORT_ADDRESS: '127.0.0.1',
    ZOOKEEPER_TICK_TIME: '2000',
    KAFKA_OPTS: '-Dzookeeper.4lw.commands.whitelist=srvr,ruok',
  }),
  member: (id, port, servers) => ({
    ZOOKEEPER_SERVER_ID: String(id),
    ZOOKEEPER_CLIENT_PORT: String(port),
    ZOOKEEPER_CLIENT_PORT_ADDRESS: '127.0.0.1',
    ZOOKEEPER_SERVERS: servers.join(';'),
    ZOOKEEPER_TICK_TIME: '500',
    ZOOKEEPER_PRE_ALLOC_SIZE: '64',
  }),
}

const bitnami: Style = {
  name: "Bitnami's image",
  command: ['/opt/bitnami/scripts/zookeeper/run.sh'],
  configFile: 'opt/bitnami/zookeeper/conf/zoo.cfg',
  dataDir: 'bitnami/zookeeper/data',
  alone: (port) => ({
    ALLOW_ANONYMOUS_LOGIN: 'yes',
    ZOO_PORT_NUMBER: String(port),
    ZOO_CFG_clientPortAddress: '127.0.0.1',
    ZOO_PRE_ALLOC_SIZE: '64',
    ZOO_4LW_COMMANDS_WHITELIST: 'srvr, ruok',
  }),
  // The image's server lines have no client address: these three listen on every address of this machine.
  member: (id, port, servers) => ({
    ALLOW_EMPTY_PASSWORD: 'yes',
    ZOO_SERVER_ID: String(id * 2),
    ZOO_PORT_NUMBER: String(port),
    ZOO_SERVERS: servers.map((server, index) => `${server}::${(index + 1) * 2}`).join(','),
    ZOO_TICK_TIME: '500',
    ZOO_PRE_ALLOC_SIZE: '64',
  }),
}

const styles = [official, confluent, bitnami]

describe('the Dockerfile', () => {
  it('copies what the build context has', () => {
    const sources = readInstructions()
      .filter(({ word, text }) => word === 'COPY' && !text.startsWith('--'))
      .flatMap(({ text }) => text.split(/ +/).slice(0, -1))
    expect(sources.length).toBeGreaterThan(5)
    expect(sources.filter((source) => !contextAllows(source.replace(/^\.\//, '')))).toEqual([])
  })

  it('has the volumes, ports, entry point and command of the official image', () => {
    const last = new Map(readInstructions().map(({ word, text }) => [word, text]))
    expect(JSON.parse(last.get('VOLUME')!)).toEqual(expect.arrayContaining(['/data', '/datalog', '/logs']))
    expect(last.get('EXPOSE')).toBe('2181 2888 3888 8080')
    expect([last.get('ENTRYPOINT'), last.get('CMD')]).toEqual(['["/docker-entrypoint.sh"]', '["zkServer.sh", "start-foreground"]'])
  })

  it('holds shell that a shell takes', async () => {
    for (const { word, text } of readInstructions()) if (word === 'RUN') await mustRun('/bin/sh', ['-n', '-c', text], { timeoutMs: RUN_LIMIT_MS })
  })

  it('leaves compilers and tests out of the image', async () => {
    const packages = await readdir(join(bin, '../node_modules'))
    expect(packages).toContain('pino')
    expect(packages).not.toEqual(expect.arrayContaining(['typescript']))
    expect((await readdir(join(bin, '..'))).sort()).toEqual(['LICENSE', 'bin', 'dist', 'node_modules', 'package.json'])
  })
})

describe.each(styles)('a container with the variables of $name', (style) => {
  it('starts a server that health checks find', async () => {
    const port = await freePort()
    const box = await container(style.alone(port))
    const server = start(box, ...style.command)
    await serve([server], [port], ['standalone'])
    expect((await exec(box, 'sh', '-c', `echo ruok | nc -w 2 127.0.0.1 ${port}`)).stdout).toBe('imok')
    expect((await exec(box, 'nc', '-z', '127.0.0.1', String(port))).code).toBe(0)
    expect(await exec(box, 'zkServer.sh', 'status')).toMatchObject({ code: 0, stdout: expect.stringContaining('Mode: standalone\n') as string })
    expect(existsSync(join(box.root, style.dataDir, 'version-2'))).toBe(true)
    const { code } = await server.stop()
    expect(code).toBe(143)
    expect((await exec(box, 'nc', '-z', '-v', '127.0.0.1', String(port))).code).toBe(1)
    expect((await exec(box, 'zkServer.sh', 'status')).code).toBe(1)
  })

  it('joins an ensemble', async () => {
    const ports = [await freePort(), await freePort(), await freePort()]
    const servers: string[] = []
    while (servers.length < 3) servers.push(`127.0.0.1:${await freePort()}:${await freePort()}`)
    const boxes = await Promise.all(ports.map((port, index) => container(style.member(index + 1, port, servers, ports))))
    const programs = boxes.map((box) => start(box, 'zkServer.sh', 'start-foreground'))
    await serve(programs, ports, ['follower', 'follower', 'leader'])
    expect((await exec(boxes[0], 'zkServer.sh', 'status')).stdout).toMatch(/^Mode: (?:leader|follower)$/m)
  })
})

describe('a container that is started again', () => {
  it('keeps configuration and myid, as the official image', async () => {
    const box = await container({ ZOO_MY_ID: '5', ZOO_TICK_TIME: '1000' })
    await run(box, 'true')
    const config = await read(box, official.configFile)
    expect(config).toMatch(/^tickTime=1000$/m)
    await run({ ...box, env: { ...box.env, ZOO_MY_ID: '6', ZOO_TICK_TIME: '3000' } }, 'true')
    expect([await read(box, official.configFile), await read(box, 'data/myid')]).toEqual([config, '5\n'])
  })

  it('writes both anew, as cp-zookeeper', async () => {
    const box = await container({ ZOOKEEPER_CLIENT_PORT: '2181', ZOOKEEPER_SERVER_ID: '5' })
    await run(box, 'true')
    await run({ ...box, env: { ...box.env, ZOOKEEPER_CLIENT_PORT: '2182', ZOOKEEPER_SERVER_ID: '6' } }, 'true')
    expect(await read(box, confluent.configFile)).toMatch(/^clientPort=2182$/m)
    expect(await read(box, 'var/lib/zookeeper/data/myid')).toBe('6\n')
  })

  it("keeps a configuration that was mounted and the myid of what is there, as Bitnami's image", async () => {
    const box = await container({ ALLOW_ANONYMOUS_LOGIN: 'yes', ZOO_SERVER_ID: '5' })
    await mkdir(join(box.root, 'opt/bitnami/zookeeper/conf'), { recursive: true })
    await writeFile(join(box.root, bitnami.configFile), 'tickTime=7\n')
    await mkdir(join(box.root, bitnami.dataDir, 'lost+found'), { recursive: true })
    await run(box, 'true')
    expect([await read(box, bitnami.configFile), await read(box, 'bitnami/zookeeper/data/myid')]).toEqual(['tickTime=7\n', '5\n'])
    await run({ ...box, env: { ...box.env, ZOO_SERVER_ID: '6' } }, 'true')
    expect(await read(box, 'bitnami/zookeeper/data/myid')).toBe('5\n')
  })
})

describe('the entry point', () => {
  it('says whose variables it reads and what it cannot honour, and why there is no server', async () => {
    const { stderr } = await run(await container({ ZOO_TICKTIME: '1' }), 'true')
    expect(stderr).toMatch(
      /^tskeeper image: the variables are those of the official image, the configuration is .*\/conf\/zoo\.cfg\ntskeeper image: ZOO_TICKTIME: /,
    )
    const refused = await run(await container({ ALLOW_ANONYMOUS_LOGIN: 'yes', ZOO_ENABLE_AUTH: 'yes' }))
    expect(refused).toMatchObject({ code: 1, stderr: 'tskeeper image: ZOO_ENABLE_AUTH=yes: SASL is not supported yet by TSKeeper\n' })
  })

  it('runs any other command, with its exit code and the signals', async () => {
    const box = await container({})
    expect(await run(box, 'sh', '-c', 'echo here; exit 7')).toMatchObject({ code: 7, stdout: 'here\n' })
    expect(await run(box, 'no-such-program')).toMatchObject({ code: 127, stderr: expect.stringContaining('no-such-program') as string })
    const waiting = start(box, 'sh', '-c', "trap 'exit 5' TERM; echo ready; while :; do sleep 0.05; done")
    await eventually('it is ready', RUN_LIMIT_MS, () => (waiting.output().includes('ready') ? true : undefined))
    expect((await waiting.stop()).code).toBe(5)
  })

  it('passes the verbs of zkServer.sh on', async () => {
    const box = await container({})
    expect((await run(box, 'zkServer.sh', 'version')).stdout).toMatch(/^Apache ZooKeeper, version 3\.9\.6 /)
    expect((await exec(box, 'zkServer.sh')).stderr).toContain('Usage: ')
  })

  it.runIf(isRoot)('gives directories and server to the user of the image when it is started as root', async () => {
    const port = await freePort()
    const box = await container({ ...bitnami.alone(port), TSKEEPER_RUN_AS: '' })
    await mkdir(join(box.root, bitnami.dataDir), { recursive: true })
    await mustRun('chmod', ['-R', 'a+rx', box.root])
    const server = start(box)
    await serve([server], [port], ['standalone'])
    const status = await readFile(`/proc/${server.pid}/status`, 'utf8')
    expect(status).toMatch(/^Uid:\t1001\t1001\t1001\t1001$/m)
    expect(status).toMatch(/^Groups:\t0 $/m)
    for (const path of ['myid', 'version-2', '.']) expect((await stat(join(box.root, bitnami.dataDir, path))).uid, path).toBe(1001)
  })

  it.runIf(isRoot)('says who it is when it may not write', async () => {
    const box = await container({})
    await mustRun('chmod', ['a+rx,a-w', box.root])
    const { code, stderr } = await runProgram('setpriv', ['--reuid=1234', '--regid=1234', '--clear-groups', 'docker-entrypoint.sh'], {
      cwd: box.root,
      env: box.env,
      timeoutMs: RUN_LIMIT_MS,
    })
    expect([code, stderr]).toEqual([1, expect.stringMatching(/EACCES: permission denied.*; this container runs as user 1234\n$/)])
  })
})

interface Service {
  readonly build?: { readonly context: string; readonly dockerfile: string }
  readonly environment?: readonly string[] | Readonly<Record<string, string | number>>
  readonly volumes?: readonly string[]
  readonly healthcheck?: { readonly test: readonly string[] }
}

describe.each(['kafka', 'dubbo', 'ensemble'])('examples/compose/%s.yaml', (name) => {
  it('configures its servers, keeps their data in volumes, and looks at their health with what the image has', async () => {
    const directory = join(projectRoot, 'examples/compose')
    const { services, volumes } = parse(await readFile(join(directory, `${name}.yaml`), 'utf8'), { merge: true }) as {
      services: Record<string, Service>
      volumes: Record<string, null>
    }
    const ours = Object.values(services).filter(({ build }) => build !== undefined)
    expect(ours.length).toBeGreaterThan(0)
    for (const { build, environment, volumes: mounts, healthcheck } of ours) {
      expect(existsSync(join(directory, build!.context, build!.dockerfile))).toBe(true)
      expect(build!.dockerfile).toBe(dockerfile)
      const box = await container(environmentOf(environment!))
      const { code, stderr } = await run(box, 'sh', '-c', `command -v ${healthcheck!.test[1]}`)
      expect([code, stderr.split('\n').length]).toEqual([0, 2])
      const configFile = /the configuration is (.*)\n/.exec(stderr)![1]
      const { settings } = loadSettings({ text: await readFile(configFile, 'utf8'), path: configFile, readText: () => '1\n' })
      expect(settings.distributed).toBe(name === 'ensemble')
      const targets = mounts!.map((mount) => mount.split(':')[1])
      for (const directory of [settings.dataDir, settings.dataLogDir])
        expect(
          targets.some((target) => directory.startsWith(`${box.root}${target}`)),
          directory,
        ).toBe(true)
      expect(mounts!.map((mount) => mount.split(':')[0]).filter((volume) => !(volume in volumes))).toEqual([])
    }
  })
})

function environmentOf(given: NonNullable<Service['environment']>): Env {
  const pairs = Array.isArray(given) ? (given as string[]).map((line) => line.split(/=(.*)/s).slice(0, 2) as [string, string]) : Object.entries(given)
  return Object.fromEntries(pairs.map(([name, value]) => [name, String(value)]))
}

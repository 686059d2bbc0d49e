/** The command as a process: what it writes where, how it ends, and that nothing keeps it from ending. */
import { execFileSync, spawn } from 'node:child_process'
import type { ChildProcessByStdio } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { compileSources } from './compiled.ts'
import type { Compiled } from './compiled.ts'

type Child = ChildProcessByStdio<null, Readable, Readable>

interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

let compiled: Compiled
let cwd: string
const children = new Set<Child>()

beforeAll(() => {
  compiled = compileSources()
}, 60_000)

afterAll(() => compiled.remove())

beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'tskeeper-'))
})

afterEach(() => {
  for (const child of children) child.kill('SIGKILL')
  children.clear()
  rmSync(cwd, { recursive: true, force: true })
})

function launch(args: readonly string[], env: NodeJS.ProcessEnv = {}): Child {
  const child = spawn(process.execPath, [compiled.main, ...args], { cwd, env: { PATH: process.env['PATH'], ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  children.add(child)
  return child
}

function ended(child: Child): Promise<Ended> {
  let [out, err] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
  return new Promise((done) => child.on('close', (code) => done({ code, out, err })))
}

const run = (args: readonly string[], env?: NodeJS.ProcessEnv): Promise<Ended> => ended(launch(args, env))

/** Resolves to the port once the server serves; standard output is read no further than that. */
function serving(child: Child): Promise<number> {
  return new Promise((found, failed) => {
    let text = ''
    const look = (chunk: string): void => {
      text += chunk
      const port = /serves clients on port (\d+)/.exec(text)?.[1]
      if (port === undefined) return
      child.stdout.off('data', look)
      child.stdout.pause()
      found(Number(port))
    }
    child.stdout.setEncoding('utf8').on('data', look)
    child.on('close', () => failed(new Error(`ended before it served: ${text}`)))
  })
}

function ask(port: number, word: string): Promise<string> {
  return new Promise((done, failed) => {
    let answer = ''
    const socket = connect({ host: '127.0.0.1', port })
    socket.setEncoding('utf8')
    socket.on('connect', () => socket.end(word))
    socket.on('data', (text: string) => (answer += text))
    socket.on('error', failed)
    socket.on('close', () => done(answer))
  })
}

const messages = (out: string): string[] =>
  out
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { msg: string }).msg)
const config = (text: string): string[] => {
  writeFileSync(join(cwd, 'zoo.cfg'), text)
  return ['start-foreground', './zoo.cfg']
}
const good = 'dataDir=./data\nclientPort=0\nclientPortAddress=127.0.0.1\npreAllocSize=64\n'

describe('start-foreground', { timeout: 60_000 }, () => {
  test('serves until SIGTERM, then ends with 143', async () => {
    const child = launch(config(`${good}tickTime=500\n`), { JVMFLAGS: '-Xmx1g -Dzookeeper.4lw.commands.whitelist=*', JMXPORT: '1', ZK_SERVER_HEAP: '9' })
    const end = ended(child)
    const port = await serving(child)
    expect(await ask(port, 'srvr')).toContain('Mode: standalone\n')
    child.kill('SIGTERM')
    child.stdout.resume()
    const { code, out, err } = await end
    expect(code).toBe(143)
    expect(err).toBe('Using config: ./zoo.cfg\n')
    expect(messages(out)).toEqual(
      expect.arrayContaining([
        'Reading configuration from: ./zoo.cfg',
        'Purge task is not scheduled.',
        'Ignoring flags that only mean something to a JVM: -Xmx1g',
        'Ignoring JMXPORT: there is no JMX without a JVM',
        'Ignoring ZK_SERVER_HEAP: set NODE_OPTIONS=--max-old-space-size=<MB> to bound the heap',
        'Starting server',
        'maxCnxns is not configured, using default value 0.',
        expect.stringMatching(
          /^Created server with tickTime 500 ms minSessionTimeout 1000 ms maxSessionTimeout 10000 ms clientPortListenBacklog -1 dataLogdir .*\/data\/version-2 snapdir .*\/data\/version-2$/,
        ),
        'Shutting down on SIGTERM',
      ]),
    )
  })

  test.each(['SIGTERM', 'SIGINT'] as const)('ends by %s although its start waits for a disk that hangs', async (signal) => {
    mkdirSync(join(cwd, 'data/version-2'), { recursive: true })
    // Nobody writes to it, so that whoever opens it to read waits for ever.
    execFileSync('mkfifo', [join(cwd, 'data/version-2/snapshot.5')])
    const child = launch(config(good))
    const exit = new Promise((done) => child.on('exit', (code, by) => done(code ?? by)))
    child.stdout.resume()
    await vi.waitUntil(() => readdirSync(join(cwd, 'data')).some((name) => name.startsWith('tskeeper.lock.')), { timeout: 20_000 })
    child.kill(signal)
    expect(await exit).toBe(signal)
  })

  test('ends with 130 on SIGINT', async () => {
    const child = launch(config(good))
    const end = ended(child)
    await serving(child)
    child.kill('SIGINT')
    child.stdout.resume()
    expect((await end).code).toBe(130)
  })

  test('ends although nobody reads its log, and goes on serving before', async () => {
    const child = launch(config(good))
    const code = new Promise((done) => child.on('exit', done))
    const port = await serving(child)
    // More than a pipe holds.
    for (let i = 0; i < 800; i++) expect(await ask(port, 'srvr')).toContain('Mode: standalone')
    child.kill('SIGTERM')
    expect(await code).toBe(143)
  })

  test.each([
    [
      'clientPort=abc\n',
      2,
      'Invalid config, exiting abnormally',
      'Invalid config, exiting abnormally: Error processing ./zoo.cfg: For input string: "abc" (./zoo.cfg:1: clientPort must be a number, got \'abc\')',
    ],
    [
      `${good}enforce.auth.enabled=true\n`,
      2,
      'Usage: ZooKeeperServerMain configfile | port datadir [ticktime] [maxcnxns]',
      'Invalid arguments, exiting abnormally: zookeeper.enforce.auth.enabled is true zookeeper.enforce.auth.schemes must be  configured.',
    ],
    [
      `${good}clientPortAddress=nowhere.invalid\n`,
      2,
      'Invalid config, exiting abnormally',
      'Invalid config, exiting abnormally: Error processing ./zoo.cfg: nowhere.invalid: Name or service not known ' +
        "(clientPortAddress must be an address, or a name that can be looked up, got 'nowhere.invalid')",
    ],
    [`${good}serverCnxnFactory=foo\n`, 1, '', "Unexpected exception, exiting abnormally: Couldn't instantiate foo"],
    [
      `${good}dataLogDir=./log\n`,
      3,
      'Unable to access datadir, exiting abnormally',
      'Unable to access datadir, exiting abnormally: Snapshot directory has log files. Check if dataLogDir and dataDir configuration is correct.',
    ],
    [
      `${good}sslQuorum=true\n`,
      1,
      'sslQuorum=true (TLS between servers): not supported yet by TSKeeper',
      'Unexpected exception, exiting abnormally: sslQuorum=true (TLS between servers): not supported yet by TSKeeper',
    ],
  ])('refuses %j with exit code %d', async (text, code, standardError, reason) => {
    mkdirSync(join(cwd, 'data/version-2'), { recursive: true })
    writeFileSync(join(cwd, 'data/version-2/log.1'), '')
    writeFileSync(join(cwd, 'data/myid'), '1\n')
    const result = await run(config(text))
    expect(result.code).toBe(code)
    expect(result.err).toBe(`Using config: ./zoo.cfg\n${standardError === '' ? '' : `${standardError}\n`}`)
    const lines = messages(result.out)
    expect(lines).toContain(reason)
    expect(lines.at(-1)).toBe(`Exiting with code ${code}`)
  })

  test('refuses a file that is not there', async () => {
    const { code, out } = await run(['start-foreground', '/nowhere/zoo.cfg'])
    expect(code).toBe(2)
    expect(messages(out)).toContain('Invalid config, exiting abnormally: Error processing /nowhere/zoo.cfg: /nowhere/zoo.cfg file is missing')
  })

  test('refuses a port in use and a directory in use', async () => {
    const child = launch(config(good))
    const port = await serving(child)
    const busy = await run(['start-foreground', String(port), './other'])
    expect(busy).toMatchObject({ code: 1, err: expect.not.stringContaining('exiting') })
    expect(busy.out).toContain('Address already in use')
    const second = await run(['start-foreground', '0', './data'])
    expect(second).toMatchObject({ code: 3, err: expect.stringContaining('Unable to access datadir, exiting abnormally\n') })
    expect(second.out).toContain(`/data is in use by another server (pid ${child.pid} on ${hostname()})`)
  })
})

describe('in the background', { timeout: 60_000 }, () => {
  test('start, start again, stop', async () => {
    config(good)
    const started = await run(['start', 'zoo.cfg'], { USER: 'me' })
    expect(started).toMatchObject({ code: 0, out: 'Starting zookeeper ... STARTED\n' })
    const pid = Number(readFileSync(join(cwd, 'data/zookeeper_server.pid'), 'utf8'))
    try {
      expect(await run(['start', 'zoo.cfg'])).toMatchObject({ code: 1, out: `Starting zookeeper ... already running as process ${pid}.\n` })
      expect(readFileSync(join(cwd, `logs/zookeeper-me-server-${hostname()}.out`), 'utf8')).toContain('Using config: ./zoo.cfg')
    } finally {
      expect(await run(['stop', 'zoo.cfg'])).toMatchObject({ code: 0, out: 'Stopping zookeeper ... STOPPED\n' })
    }
    expect(existsSync(join(cwd, 'data/zookeeper_server.pid'))).toBe(false)
  })

  test('a server that ends at once', async () => {
    config(`${good}tickTime=x\n`)
    // Its launcher looks after a second; on a busy machine a server may take longer to end, but not each time.
    let started = await run(['start', 'zoo.cfg'])
    for (let time = 1; time < 10 && !started.out.includes('FAILED'); time++) started = await run(['start', 'zoo.cfg'])
    expect(started).toMatchObject({ code: 1, out: 'Starting zookeeper ... FAILED TO START\n' })
  })
})

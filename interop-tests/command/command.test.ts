// The verbs of zkServer.sh, as an operator types them, with the built command: what they print, how they end, and what becomes of the server.
import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { freePort } from '../peers/ports.ts'
import { eventually, runProgram, startProgram, temporaryDirectory } from '../peers/processes.ts'
import type { Result, RunningProgram } from '../peers/processes.ts'
import { fourLetterWord } from '../peers/server-process.ts'
import { tskeeperCommand } from '../peers/tskeeper.ts'
import { all, create, play, setData } from '../storage/requests.ts'
import { RawSession } from '../wire/raw-session.ts'

const COMMAND_LIMIT_MS = 60_000
const PROMPT_END_MS = 1000
const MOST_ENDS = 10
const SESSION = { timeoutMs: 8000 }
const announcement = 'Using config: zoo.cfg\n'

let directory: string
let port: number
/** Servers in the background are nobody's children: each is ended by the pid that it was seen with. */
let seenPids: number[] = []
let foreground: RunningProgram[] = []

beforeEach(async () => {
  directory = await temporaryDirectory('command')
  port = await freePort()
  await configure('zoo.cfg')
})

afterEach(async () => {
  for (const pid of seenPids) if (isAlive(pid)) process.kill(pid, 'SIGKILL')
  for (const program of foreground) await program.kill()
  seenPids = []
  foreground = []
})

async function configure(name: string, ...more: string[]): Promise<void> {
  const lines = ['dataDir=./data', `clientPort=${port}`, 'clientPortAddress=127.0.0.1', 'tickTime=500', 'preAllocSize=64', ...more]
  await writeFile(join(directory, name), lines.map((line) => `${line}\n`).join(''))
}

/** Runs one verb to its end. */
async function tskeeper(...args: string[]): Promise<Result> {
  return await tskeeperWith({}, ...args)
}

async function tskeeperWith(env: Record<string, string>, ...args: string[]): Promise<Result> {
  const [program, ...rest] = tskeeperCommand(...args)
  const result = await runProgram(program, rest, { cwd: directory, env: { USER: 'operator', ...env }, timeoutMs: COMMAND_LIMIT_MS })
  if (existsSync(pidFile())) seenPids.push(await readPid())
  return result
}

function startForeground(...args: string[]): RunningProgram {
  const [program, ...rest] = tskeeperCommand('start-foreground', ...args)
  const running = startProgram(program, rest, { cwd: directory })
  foreground.push(running)
  return running
}

const pidFile = (): string => join(directory, 'data', 'zookeeper_server.pid')

/** What the pid file holds: digits and nothing else. */
async function readPid(): Promise<number> {
  const text = await readFile(pidFile(), 'utf8')
  expect(text).toMatch(/^[0-9]+$/)
  return Number(text)
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

async function ended(pid: number): Promise<void> {
  await eventually(`process ${pid} has ended`, COMMAND_LIMIT_MS, () => (isAlive(pid) ? undefined : true))
}

async function serving(): Promise<void> {
  await eventually('it serves', COMMAND_LIMIT_MS, async () =>
    (await fourLetterWord(port, 'srvr').catch(() => '')).includes('Mode: standalone\n') ? true : undefined,
  )
}

describe('in the background', () => {
  it('a server is started, asked, restarted and stopped', async () => {
    const found = `Client port found: ${port}. Client address: 127.0.0.1. Client SSL: false.\n`
    const nothingThere = 'Error contacting service. It is probably not running.\n'
    expect(await tskeeper('status', 'zoo.cfg')).toMatchObject({ code: 1, stdout: `${found}${nothingThere}`, stderr: announcement })
    const noPid = 'Stopping zookeeper ... no zookeeper to stop (could not find file ./data/zookeeper_server.pid)\n'
    expect(await tskeeper('stop', 'zoo.cfg')).toMatchObject({ code: 0, stdout: noPid, stderr: announcement })

    expect(await tskeeper('start', 'zoo.cfg')).toMatchObject({ code: 0, stdout: 'Starting zookeeper ... STARTED\n', stderr: announcement })
    const pid = await readPid()
    await serving()
    expect(await tskeeper('status', 'zoo.cfg')).toMatchObject({ code: 0, stdout: `${found}Mode: standalone\n` })
    expect(await tskeeper('start', 'zoo.cfg')).toMatchObject({ code: 1, stdout: `Starting zookeeper ... already running as process ${pid}.\n` })
    const output = join(directory, 'logs', `zookeeper-operator-server-${hostname()}.out`)
    expect(await readFile(output, 'utf8')).toContain(`serves clients on port ${port}`)
    const session = await RawSession.open(port, SESSION)
    await play(session, all(create('/kept', 'data')))
    session.drop()

    const restarted = 'Stopping zookeeper ... STOPPED\nStarting zookeeper ... STARTED\n'
    expect(await tskeeper('restart', 'zoo.cfg')).toMatchObject({ code: 0, stdout: restarted })
    expect(isAlive(pid)).toBe(false)
    const next = await readPid()
    await serving()
    const again = await RawSession.open(port, SESSION)
    await play(again, all(setData('/kept', 'more', 0)))
    again.drop()

    expect(await tskeeper('stop', 'zoo.cfg')).toMatchObject({ code: 0, stdout: 'Stopping zookeeper ... STOPPED\n' })
    expect(existsSync(pidFile())).toBe(false)
    await ended(next)
    expect((await tskeeper('status', 'zoo.cfg')).code).toBe(1)
  })

  it('one that was killed leaves its pid file, and is started again over it', async () => {
    await tskeeper('start', 'zoo.cfg')
    const pid = await readPid()
    process.kill(pid, 'SIGKILL')
    await ended(pid)
    expect(await tskeeper('start', 'zoo.cfg')).toMatchObject({ code: 0, stdout: 'Starting zookeeper ... STARTED\n' })
    expect(await readPid()).not.toBe(pid)
    await serving()
  })

  it('one that cannot start is told of', async () => {
    await configure('bad.cfg', 'tickTime=never')
    // Its launcher looks after a second; on a busy machine a server may take longer to end, but not each time.
    let started = await tskeeper('start', 'bad.cfg')
    for (let time = 1; time < 10 && !started.stdout.includes('FAILED'); time++) started = await tskeeper('start', 'bad.cfg')
    expect(started).toMatchObject({ code: 1, stdout: 'Starting zookeeper ... FAILED TO START\n' })
    const output = `./logs/zookeeper-operator-server-${hostname()}.out`
    const [, why, where] = started.stderr.split('\n')
    expect(why).toMatch(/^Invalid config, exiting abnormally: .*bad\.cfg:6: tickTime must be a number, got 'never'/)
    expect(where).toBe(`The log of this start is ${output}`)
  })

  it('one whose number another program has got is started all the same, and the program is left alone', async () => {
    const other = startProgram(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { cwd: directory })
    foreground.push(other)
    await mkdir(join(directory, 'data'))
    await writeFile(pidFile(), String(other.pid))
    expect(await tskeeper('start', 'zoo.cfg')).toMatchObject({ code: 0, stdout: 'Starting zookeeper ... STARTED\n' })
    await serving()
    const pid = await readPid()
    expect(await tskeeper('start', 'zoo.cfg')).toMatchObject({ code: 1, stdout: `Starting zookeeper ... already running as process ${pid}.\n` })
    // The number of a server of ours, whose pid file is another one.
    await configure('other.cfg', 'dataDir=./other')
    await mkdir(join(directory, 'other'))
    await writeFile(join(directory, 'other', 'zookeeper_server.pid'), String(pid))
    const refused = await tskeeper('stop', 'other.cfg')
    expect(refused.stdout).toContain(`no zookeeper to stop (process ${pid} of file ./other/zookeeper_server.pid is another program by now`)
    await serving()
    expect(await tskeeper('stop', 'zoo.cfg')).toMatchObject({ code: 0, stdout: 'Stopping zookeeper ... STOPPED\n' })
    await ended(pid)
    expect(other.hasEnded()).toBe(false)
  })

  it.each(['file/pid', '.'])('one whose pid cannot be written to %s is told of', async (place) => {
    await writeFile(join(directory, 'file'), '')
    const result = await tskeeperWith({ ZOOPIDFILE: place }, 'start', 'zoo.cfg')
    // As with Apache's script, the server itself is there. Whoever wants its directory is told its pid.
    await serving()
    const second = await tskeeper('start-foreground', 'zoo.cfg')
    seenPids.push(Number(/\(pid (\d+) on /.exec(second.stdout)![1]))
    expect(result).toMatchObject({ code: 1, stdout: 'Starting zookeeper ... FAILED TO WRITE PID\n' })
  })
})

describe('in the foreground', () => {
  it('a server ends within a second of SIGTERM, clients or not, with 143', async () => {
    // A busy machine may keep one from it, but not every one.
    let quickestMs = Infinity
    for (let time = 0; time < MOST_ENDS && quickestMs > PROMPT_END_MS; time++) {
      const server = startForeground('zoo.cfg')
      await serving()
      const session = await RawSession.open(port, SESSION)
      await play(session, all(create(`/kept-${time}`, 'data')))
      const begin = performance.now()
      expect(await server.stop(COMMAND_LIMIT_MS)).toMatchObject({ code: 143, signal: null, stderr: announcement })
      quickestMs = Math.min(quickestMs, performance.now() - begin)
      session.drop()
    }
    expect(quickestMs).toBeLessThanOrEqual(PROMPT_END_MS)
  })

  it('a server ends with the code that systemd wants, when it is asked to', async () => {
    const server = startForeground('--sigterm-exit-code', '0', 'zoo.cfg')
    await serving()
    expect(await server.stop(PROMPT_END_MS)).toMatchObject({ code: 0, signal: null })
  })

  it('a server whose port is taken says so and ends with 1', async () => {
    startForeground('zoo.cfg')
    await serving()
    await configure('other.cfg', 'dataDir=./other')
    const result = await tskeeper('start-foreground', 'other.cfg')
    expect(result.code).toBe(1)
    expect(result.stdout).toContain('Address already in use')
    expect(result.stdout.trimEnd().split('\n').at(-1)).toContain('Exiting with code 1')
    // And the first goes on.
    await serving()
  })
})

describe('without a configuration file', () => {
  // Not started: whatever else this machine has on port 2181 is not ours to disturb.
  it('a server has port 2181 and its data in ./data', async () => {
    directory = join(directory, 'empty')
    await mkdir(directory)
    const command = await tskeeper('print-cmd')
    expect(command).toMatchObject({ code: 0, stderr: 'Using config: none: client port 2181, data in ./data\n' })
    expect(command.stdout).toMatch(/ "start-foreground" > "\.\/logs\/zookeeper-operator-server-.*\.out" 2>&1 < \/dev\/null\n$/)
    expect((await tskeeper('status')).stdout).toMatch(/^Client port found: 2181\. Client address: localhost\. Client SSL: false\.\n/)
    expect((await tskeeper('stop')).stdout).toContain('(could not find file ./data/zookeeper_server.pid)')
    expect((await tskeeper('--help')).stdout).toContain('Without a configuration file the server listens on port 2181 and keeps its data in ./data.')
  })
})

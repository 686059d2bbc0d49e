// The servers under test as processes: ours, the Java one and the stub. The first two get the same zoo.cfg, the same disk and the same
// durability (forceSync as it comes: on), and the heap they take by themselves.
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, openSync, closeSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { getData } from './frames.mjs'
import { javaLibrary } from './java-library.mjs'
import { bounded, openSession } from './session.mjs'

const projectRoot = join(import.meta.dirname, '..', '..')
const START_LIMIT_MS = 300_000
// A handshake that arrives while a server is just coming up may never be answered.
const FIRST_SESSION_LIMIT_MS = 2000
const TICKS_PER_SECOND = 100 // As Linux reports processor time, whatever the kernel's own clock.

const alive = new Set()
process.on('exit', () => {
  for (const child of alive) child.kill('SIGKILL')
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(130))

/** Where servers keep their data while the bench runs: on the disk of the project unless told otherwise, for a temporary directory may be memory. */
export class Workplace {
  used = 0

  constructor(root = join(projectRoot, '.cache', 'bench')) {
    this.root = join(root, String(process.pid))
    mkdirSync(this.root, { recursive: true })
    process.on('exit', () => rmSync(this.root, { recursive: true, force: true }))
  }

  directory() {
    const path = join(this.root, String((this.used += 1)))
    mkdirSync(path)
    return path
  }
}

/**
 * Starts a server and waits for the answer to its first getData. `kind` is `ours` or `java`; `home` is a directory of an earlier start to
 * go on with; `traceGc` makes it write down its collections, for `collected`.
 */
export async function startServer(kind, { workplace, home = workplace.directory(), ...options }) {
  const server = await launchServer(kind, { home, port: await freePort(), ...options })
  await server.ready()
  return server
}

async function launchServer(kind, { dist, home, port, config = {}, maxBuffer, traceGc = false, profile }) {
  const dataDir = join(home, 'data')
  mkdirSync(dataDir, { recursive: true })
  const lines = {
    tickTime: 2000,
    dataDir,
    clientPort: port,
    clientPortAddress: '127.0.0.1',
    maxClientCnxns: 0,
    'admin.enableServer': false,
    ...config,
  }
  const file = join(home, 'zoo.cfg')
  writeFileSync(
    file,
    Object.entries(lines)
      .map(([key, value]) => `${key}=${value}\n`)
      .join(''),
  )
  const buffer = maxBuffer === undefined ? [] : [`-Djute.maxbuffer=${maxBuffer}`]
  const log = join(home, 'server.log')
  writeFileSync(log, '')
  const command = kind === 'ours' ? ourCommand(dist, file, { traceGc, profile }) : await javaCommand(file, traceGc, buffer)
  const env = kind === 'ours' ? { JVMFLAGS: buffer.join(' ') } : {}
  const started = performance.now()
  const child = launch(command, { cwd: home, env, log })
  return new Server(kind, { child, port, home, dataDir, log, profile, started })
}

/** Starts `size` servers as one ensemble, each in a directory of its own, and waits until all of them answer. */
export async function startEnsemble(kind, { workplace, size = 3, config = {}, ...options }) {
  const ids = Array.from({ length: size }, (_, index) => index + 1)
  const ports = await Promise.all(ids.map(async () => ({ client: await freePort(), quorum: await freePort(), election: await freePort() })))
  const lines = { initLimit: 10, syncLimit: 5, '4lw.commands.whitelist': 'srvr', ...config }
  ports.forEach(({ quorum, election }, index) => (lines[`server.${ids[index]}`] = `127.0.0.1:${quorum}:${election}`))
  const launchMember = (index, home) => launchServer(kind, { home, port: ports[index].client, config: lines, ...options })
  const members = await Promise.all(
    ids.map((id, index) => {
      const home = workplace.directory()
      mkdirSync(join(home, 'data'))
      writeFileSync(join(home, 'data', 'myid'), `${id}\n`)
      return launchMember(index, home)
    }),
  )
  await Promise.all(members.map((member) => member.ready()))
  return new Ensemble(members, launchMember)
}

class Ensemble {
  constructor(members, launchMember) {
    this.members = members
    this.launchMember = launchMember
  }

  /** The members by what they are now: `{ leader, followers }`. */
  async roles() {
    const modes = await Promise.all(this.members.map(modeOf))
    const leader = this.members[modes.indexOf('leader')]
    if (leader === undefined) throw new Error(`nobody leads: ${modes.join(', ')}`)
    return { leader, followers: this.members.filter((member) => member !== leader) }
  }

  /** Starts a member that has ended once more, `empty` without its former data, and gives it as soon as it has been started. */
  async restart(member, { empty = false } = {}) {
    const index = this.members.indexOf(member)
    if (empty) rmSync(join(member.dataDir, 'version-2'), { recursive: true })
    return (this.members[index] = await this.launchMember(index, member.home))
  }

  async kill() {
    await Promise.all(this.members.map((member) => member.kill()))
  }
}

/** What a server says of itself: leader, follower, standalone …; nothing while it serves nobody. */
async function modeOf({ port }) {
  const socket = connect({ port, host: '127.0.0.1' })
  try {
    socket.write('srvr')
    let answer = ''
    for await (const part of socket) answer += part
    return /^Mode: (\w+)$/m.exec(answer)?.[1]
  } catch {
    return undefined
  }
}

class Server {
  constructor(kind, facts) {
    this.kind = kind
    Object.assign(this, facts)
    this.pid = this.child.pid
  }

  /** Waits until it answers; `startMs` is how long that took from its start on. */
  async ready() {
    try {
      await answers(this.child, this.port)
    } catch (error) {
      await end(this.child, 'SIGKILL')
      throw new Error(`${this.kind} did not start: ${error.message}\n${readFileSync(this.log, 'utf8').slice(-3000)}`, { cause: error })
    }
    this.startMs = performance.now() - this.started
  }

  /** Megabytes resident now. */
  residentMb() {
    return statusKb(this.pid, 'VmRSS') / 1024
  }

  /** The most megabytes that were ever resident. */
  peakMb() {
    return statusKb(this.pid, 'VmHWM') / 1024
  }

  /** Milliseconds of processor time used so far by all threads. */
  cpuMs() {
    const fields = readFileSync(`/proc/${this.pid}/stat`, 'latin1').split(') ')[1].split(' ')
    return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND
  }

  /** Where the record of collections ends now. */
  collectionMark() {
    return statSync(this.log).size
  }

  /** Milliseconds that collections stopped or slowed the server since that mark. */
  collectedMs(mark) {
    const text = readFileSync(this.log).subarray(mark).toString('latin1')
    let sum = 0
    // `Scavenge 9.1 (9.9) -> 8.8 (10.6) MB, 1.02 / 0.00 ms` and `… (+ 3.1 ms in 7 steps since start of marking, …`
    for (const [, own] of text.matchAll(/ MB, ([\d.]+) \/ [\d.]+ ms/g)) sum += Number(own)
    for (const [, steps] of text.matchAll(/\(\+ ([\d.]+) ms in \d+ steps/g)) sum += Number(steps)
    // `[1.3s][info][gc] GC(3) Pause Young (Normal) (G1 Evacuation Pause) 24M->3M(256M) 3.206ms`
    for (const [, pause] of text.matchAll(/\bPause .* ([\d.]+)ms$/gm)) sum += Number(pause)
    return sum
  }

  async stop() {
    await end(this.child, 'SIGTERM')
  }

  /** At once; but a profile is only written at an orderly end. */
  async kill() {
    await end(this.child, this.profile === undefined ? 'SIGKILL' : 'SIGTERM')
  }
}

function ourCommand(dist, file, { traceGc, profile }) {
  const flags = traceGc ? ['--trace-gc'] : []
  if (profile !== undefined) flags.push('--cpu-prof', `--cpu-prof-dir=${profile}`)
  return [process.execPath, ...flags, join(dist, 'cli', 'main.js'), 'start-foreground', file]
}

async function javaCommand(file, traceGc, buffer) {
  const library = await javaLibrary()
  const flags = [...(traceGc ? ['-Xlog:gc'] : []), ...buffer, `-Dlogback.configurationFile=${join(library, 'logback.xml')}`]
  return ['java', ...flags, '-cp', join(library, '*'), 'org.apache.zookeeper.server.quorum.QuorumPeerMain', file]
}

/** A stub that answers requests of that length. `flags`: `--spin` goes round and round between them, `--tell` tells the others of a setData. */
export async function startStub(requestLength, replyLength, ...flags) {
  const args = [join(import.meta.dirname, 'stub-server.mjs'), String(requestLength), String(replyLength), ...flags]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] })
  track(child)
  const port = await new Promise((resolve) => child.stdout.once('data', (text) => resolve(Number(text))))
  return { kind: 'stub', port, pid: child.pid, stop: () => end(child, 'SIGKILL') }
}

function launch([program, ...args], { cwd, env, log }) {
  const out = openSync(log, 'a')
  const child = spawn(program, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', out, out] })
  closeSync(out)
  track(child)
  return child
}

function track(child) {
  alive.add(child)
  child.over = new Promise((resolve) => {
    const done = () => {
      alive.delete(child)
      resolve()
    }
    child.once('exit', done)
    child.once('error', done)
  })
}

/** Ends all servers that run, for a scenario that went wrong in the middle. */
export async function endAll() {
  await Promise.all([...alive].map((child) => end(child, 'SIGKILL')))
}

async function end(child, signal) {
  child.kill(signal)
  const timer = setTimeout(() => child.kill('SIGKILL'), 120_000)
  await child.over
  clearTimeout(timer)
}

async function answers(child, port) {
  const deadline = performance.now() + START_LIMIT_MS
  for (;;) {
    const session = await openSession(port, { limitMs: FIRST_SESSION_LIMIT_MS }).catch(() => undefined)
    const answered =
      session !== undefined &&
      (await bounded(session.call(getData('/')), 'the answer', FIRST_SESSION_LIMIT_MS).then(
        () => true,
        () => false,
      ))
    session?.drop()
    if (answered) return
    if (!alive.has(child)) throw new Error('it ended')
    if (performance.now() > deadline) throw new Error('it does not answer')
    await new Promise((resolve) => setTimeout(resolve, 4))
  }
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

function statusKb(pid, name) {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'latin1'))[1])
}

/** What is missing before our own server can be started, if anything. */
export function missingBuild(dist) {
  return existsSync(join(dist, 'cli', 'main.js')) ? undefined : 'dist/cli/main.js is missing: run "make build" first'
}

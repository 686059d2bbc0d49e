// A server is killed again and again under load, at any moment, its start included, always on the same directory. After each restart everything
// that was acknowledged is there, once, with its session and its ephemerals; at the end a Java server shows the same. Ten rounds, or as many as
// ROUNDS says; the seed is printed, SEED=… replays its draws (which moment they hit is the machine's doing).
import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Code } from '../../src/protocol/codes.ts'
import { Random } from '../oracle/random.ts'
import { patchedPackage } from '../peers/patched-package.ts'
import { needPeer } from '../peers/peers.ts'
import { eventually, startProgram, temporaryDirectory } from '../peers/processes.ts'
import { prepareConfig, startServerProcess } from '../peers/server-process.ts'
import type { ServerProcess } from '../peers/server-process.ts'
import { tskeeperCommand } from '../peers/tskeeper.ts'
import { readLogs } from '../storage/files.ts'
import { observe } from '../storage/observation.ts'
import type { Observation } from '../storage/observation.ts'
import { all, create, Flags, play } from '../storage/requests.ts'
import { complaints, startSide, superPassword } from '../storage/sides.ts'
import type { Kind } from '../storage/sides.ts'
import { RawSession } from '../wire/raw-session.ts'
import { SequenceWriter } from './sequence.ts'

const java = await needPeer('java')

const ROUNDS = Number(process.env['ROUNDS'] ?? 10)
const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000)
const WRITERS = 4
/** Snapshots, rolls and purges are going on all the time. */
const CONFIG = { snapCount: '100', 'autopurge.purgeInterval': '1', maxSessionTimeout: '60000' }
const LONGEST_LOAD_MS = 350
const LONGEST_START_MS = 700
const LASTING_TIMEOUT_MS = 60_000
/** A visitor's session lives through a start, however busy the machine is. */
const DOOMED_TIMEOUT_MS = 10_000
const EXPIRY_LIMIT_MS = 60_000
const PURGE_LIMIT_MS = 10_000
/** On a busy machine many a server is killed before it has acknowledged anything. */
const MOST_ROUNDS = 5 * ROUNDS
const ACKNOWLEDGED = ROUNDS * 20

/** A session with one ephemeral that is left alone after a round; `closed` when it was closed and that was acknowledged. */
interface Visitor {
  readonly session: RawSession
  readonly path: string
  closed: boolean
  /** The end of it was asked for. */
  closing: boolean
}

type Command = (configFile: string) => readonly string[]

class KillLoop {
  readonly dataDir: string
  readonly #command: Command
  readonly #random = new Random(SEED)
  #observer: RawSession | undefined
  readonly #writers: SequenceWriter[] = []
  readonly visitors: Visitor[] = []
  killedStarts = 0

  constructor(dataDir: string, command: Command = (configFile) => tskeeperCommand('start-foreground', configFile)) {
    this.dataDir = dataDir
    this.#command = command
  }

  async start(): Promise<ServerProcess> {
    return await startServerProcess(this.#command, { dataDir: this.dataDir, config: CONFIG })
  }

  get acknowledged(): number {
    return this.#writers.reduce((sum, { acknowledged }) => sum + acknowledged, 0)
  }

  async round(round: number): Promise<void> {
    if (this.#random.chance(30)) await this.#killStart()
    const server = await this.start()
    try {
      await this.check(server)
      await this.#loadAndKill(server, round)
    } finally {
      await server.kill()
    }
    expect(complaints(server.log()), `in the log of round ${round}`).toEqual([])
  }

  /** What the last server has acknowledged is there; everybody is attached again. */
  async check({ port }: ServerProcess): Promise<Observation> {
    this.#observer = await RawSession.open(port, this.#observer ?? { timeoutMs: LASTING_TIMEOUT_MS })
    await Promise.all(this.#writers.map((writer) => writer.attach(port)))
    const seen = await observe(port, this.#observer)
    for (const writer of this.#writers) {
      expect(seen.lastZxid).toBeGreaterThanOrEqual(writer.lastZxid)
      writer.settle(seen)
    }
    const paths = new Set(seen.nodes.map(({ path }) => path))
    for (const visitor of this.visitors) if (visitor.closed) expect(paths, 'an ephemeral of a closed session').not.toContain(visitor.path)
    const last = this.visitors.at(-1)
    // Its time began anew with the server.
    if (last !== undefined && !last.closing) expect(paths, 'the ephemeral of a session that still has time').toContain(last.path)
    await expectNoGap(this.dataDir)
    return seen
  }

  async #loadAndKill(server: ServerProcess, round: number): Promise<void> {
    const { port } = server
    while (this.#writers.length < WRITERS) {
      const seed = SEED + this.#writers.length
      this.#writers.push(await SequenceWriter.open(port, `/writer-${this.#writers.length}`, { random: new Random(seed), dataBytes: 2000 }))
    }
    const visitor = await this.#visit(port, round)
    const killed = new Promise((resolve) => setTimeout(() => resolve(server.kill()), this.#random.below(LONGEST_LOAD_MS)))
    const leaving = this.#random.chance(50) ? this.#leave(visitor) : undefined
    await Promise.all([killed, leaving, ...this.#writers.map((writer) => writer.write())])
    for (const client of [this.#observer!, ...this.#writers, visitor.session]) client.drop()
  }

  async #visit(port: number, round: number): Promise<Visitor> {
    const session = await RawSession.open(port, { timeoutMs: DOOMED_TIMEOUT_MS })
    const visitor = { session, path: `/visitor-${round}`, closed: false, closing: false }
    await play(session, all(create(visitor.path, '', Flags.ephemeral)))
    this.visitors.push(visitor)
    return visitor
  }

  async #leave(visitor: Visitor): Promise<void> {
    visitor.closing = true
    // The answer may be lost with the server.
    const reply = await visitor.session.close().catch(() => undefined)
    visitor.closed = reply?.header.err === Code.OK
  }

  /** A server that does not get far enough to serve anybody, or just so. */
  async #killStart(): Promise<void> {
    const { configFile, directory } = await prepareConfig({ dataDir: this.dataDir, config: CONFIG })
    const [program, ...args] = this.#command(configFile)
    const server = startProgram(program, args, { cwd: directory })
    await new Promise((resolve) => setTimeout(resolve, 100 + this.#random.below(LONGEST_START_MS)))
    await server.kill()
    this.killedStarts += 1
  }

  /** All sessions that nobody came back to expire, with their nodes; the others are alive. */
  async untilExpired({ port }: ServerProcess): Promise<Observation> {
    const observer = this.#observer!
    const seen = await eventually('the visitors have expired', EXPIRY_LIMIT_MS, async () => {
      const now = await observe(port, observer).catch((error: Error) => {
        // A node that was listed has gone before it was read.
        if (error.message.includes('-101')) return undefined
        throw error
      })
      return now === undefined || now.nodes.some(({ path }) => path.startsWith('/visitor-')) ? undefined : now
    })
    for (const { session } of this.visitors.slice(-3)) expect(await RawSession.tryOpen(port, session)).toBeUndefined()
    const owners = new Set(this.#writers.map(({ sessionId }) => sessionId))
    for (const { path, stat } of seen.nodes) if (stat.ephemeralOwner !== 0n) expect(owners, `owner of ${path}`).toContain(stat.ephemeralOwner)
    for (const writer of this.#writers) writer.drop()
    observer.drop()
    return seen
  }

  /** A copy of the directory as a server of that kind shows it to the same sessions. */
  async shownBy(kind: Kind): Promise<Observation> {
    const copy = await temporaryDirectory('copy')
    await cp(join(this.dataDir, 'version-2'), join(copy, 'version-2'), { recursive: true })
    const server = await startSide({ kind }, copy)
    try {
      for (const writer of this.#writers) await writer.attach(server.port)
      const observer = await RawSession.open(server.port, this.#observer!)
      await observer.addDigest(superPassword)
      return await observe(server.port, observer)
    } finally {
      for (const writer of this.#writers) writer.drop()
      await server.kill()
      expect(complaints(server.log()), `in the log of ${kind}`).toEqual([])
      await rm(copy, { recursive: true })
    }
  }
}

/** The logs that the purge leaves hold every zxid once. The server purges while it serves: until it is done, a listed log may be gone, or one between two others. */
async function expectNoGap(dataDir: string): Promise<void> {
  await eventually('the logs hold every zxid once', PURGE_LIMIT_MS, () => {
    try {
      const entries = readLogs(join(dataDir, 'version-2'))
      return entries.every(({ header }, index) => header.zxid === entries[0].header.zxid + BigInt(index)) || undefined
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
  })
}

describe('kill -9 under load', () => {
  it(`loses nothing in ${ROUNDS} rounds`, { timeout: 60_000 + MOST_ROUNDS * 20_000 }, async () => {
    console.log(`SEED=${SEED}`)
    const begin = performance.now()
    const loop = new KillLoop(await temporaryDirectory('kill-loop'))
    for (let round = 1; round <= ROUNDS || (loop.acknowledged <= ACKNOWLEDGED && round <= MOST_ROUNDS); round++) await loop.round(round)
    const server = await loop.start()
    let seen: Observation
    try {
      await loop.check(server)
      seen = await loop.untilExpired(server)
    } finally {
      await server.kill()
    }
    if (java !== undefined) expect(await loop.shownBy('java 3.9.6')).toEqual(seen)
    expect(loop.acknowledged).toBeGreaterThan(ACKNOWLEDGED)
    const seconds = ((performance.now() - begin) / 1000).toFixed(0)
    const closed = loop.visitors.filter((visitor) => visitor.closed).length
    console.log(
      `${ROUNDS} kills under load and ${loop.killedStarts} during a start in ${seconds} s: ${loop.acknowledged} writes were acknowledged and found, ` +
        `${seen.lastZxid} txns in all, ${closed} sessions closed and ${loop.visitors.length - closed} left to expire`,
    )
  })

  it('would find a server that answers before it writes', async () => {
    const hasty = await patchedPackage('answers before it writes', [
      {
        file: 'server/server-core.js',
        find: 'this.#log.commit(() => {',
        replace: 'this.onLogged(upTo); setTimeout(() => this.#log.commit(() => {}), 20); void (() => {',
      },
    ])
    const loop = new KillLoop(await temporaryDirectory('kill-loop'), hasty)
    await expect(async () => {
      for (let round = 1; round <= 50; round++) await loop.round(round)
      // What it loses is a write, or the session of a writer that was told that it has one.
    }).rejects.toThrow(/expected|the session has expired/)
  })
})

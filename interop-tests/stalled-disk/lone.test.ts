// A disk that stalls stalls no server: while one of its calls does not come back, a lone server answers ruok, reads and pings at once, and goes on
// with its writes as soon as the log takes them. That an answer came in time is seen by the call that was stuck all the while, not by a clock.
// Java 3.9.6 answers ruok in each scene as well. Its reads wait behind its log, which is why they are not asked for here.
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { GetDataRequest } from '../../src/jute/generated/proto.ts'
import { Code, OpCode } from '../../src/protocol/codes.ts'
import { needPeer } from '../peers/peers.ts'
import { eventually, temporaryDirectory } from '../peers/processes.ts'
import { fourLetterWord } from '../peers/server-process.ts'
import type { ServerProcess } from '../peers/server-process.ts'
import { startServerOf } from '../peers/server-under-test.ts'
import type { Kind } from '../peers/server-under-test.ts'
import { all, create, play, setData } from '../storage/requests.ts'
import { decodeReply, PING_XID, request } from '../wire/messages.ts'
import { RawClient } from '../wire/raw-client.ts'
import { asked, newSession, RawSession, shakeHands } from '../wire/raw-session.ts'
import { LONGEST_STALL_MS, Stalls } from './stalls.ts'
import type { CallKind } from './stalls.ts'

const library = await needPeer('stalling disk')
const java = await needPeer('java')

const SESSION_MS = 40_000
/** Longer than any stall: an answer that waits for the end of one is seen to have waited. */
const ANSWER_LIMIT_MS = 2 * LONGEST_STALL_MS
/** For a scene within a scene. */
const LONG_STALL_MS = 3 * LONGEST_STALL_MS
/** So many single writes show a server that the disk is quick. */
const PROOF_WRITES = 40
/** A snapshot, and with it a new log, every few dozen txns. */
const SNAPSHOTS = { snapCount: '40' }
const KEPT_SNAPSHOTS = 3

interface Scene {
  readonly what: string
  readonly kind: CallKind
  readonly where: string
  /** The log goes on: writes are answered meanwhile. */
  readonly writesGoOn?: boolean
}

const scenes: readonly Scene[] = [
  { what: 'a write to the log', kind: 'write', where: 'log.' },
  { what: 'a sync of the log', kind: 'sync', where: 'log.' },
  { what: 'the opening of a new log', kind: 'open', where: 'log.' },
  { what: 'the opening of a snapshot', kind: 'open', where: 'snapshot.', writesGoOn: true },
  { what: 'a write to a snapshot', kind: 'write', where: 'snapshot.', writesGoOn: true },
]
/** Java neither sets lengths nor renames logs, and it does not sync snapshots. */
const scenesOfOurs: readonly Scene[] = [
  ...scenes,
  { what: 'the preallocation of a log', kind: 'truncate', where: 'log.' },
  { what: 'the naming of a new log', kind: 'rename', where: 'log.' },
  { what: 'the sync of a name', kind: 'sync', where: 'version-2' },
  { what: 'the sync of a snapshot', kind: 'sync', where: 'snapshot.', writesGoOn: true },
  { what: 'the naming of a snapshot', kind: 'rename', where: 'snapshot.', writesGoOn: true },
]

let server: ServerProcess | undefined
let stalls: Stalls

afterEach(async () => {
  await server?.kill()
  server = undefined
})

async function ruok(): Promise<void> {
  expect(await fourLetterWord(server!.port, 'ruok', ANSWER_LIMIT_MS)).toBe('imok')
}

async function reads(session: RawSession): Promise<void> {
  const reply = await session.ask(asked(OpCode.getData, GetDataRequest, { path: '/read', watch: false }))
  expect(reply.header.err).toBe(Code.OK)
}

async function pings(client: RawClient): Promise<void> {
  client.sendFrames([request(PING_XID, OpCode.ping)])
  expect(decodeReply(OpCode.ping, (await client.next(ANSWER_LIMIT_MS))!)!.header.xid).toBe(PING_XID)
}

async function pinging(): Promise<RawClient> {
  const client = await RawClient.open(server!.port)
  expect((await shakeHands(client, newSession(SESSION_MS), 0n, ANSWER_LIMIT_MS))?.sessionId).not.toBe(0n)
  return client
}

/** Writes one after the other until it is told that it is enough; each must be answered well, whenever that is. */
class Writer {
  answered = 0
  #isEnough = false
  readonly #done: Promise<void>

  constructor(session: RawSession) {
    this.#done = this.#write(session)
    // Whoever waits for the end hears of it.
    this.#done.catch(() => undefined)
  }

  async #write(session: RawSession): Promise<void> {
    while (!this.#isEnough) {
      await play(session, all(setData('/written', String(this.answered))))
      this.answered++
    }
  }

  async answers(more: number): Promise<void> {
    const enough = this.answered + more
    await eventually(`${more} more writes are answered`, ANSWER_LIMIT_MS, () => (this.answered >= enough ? true : undefined))
  }

  async end(): Promise<void> {
    this.#isEnough = true
    await this.#done
  }
}

async function start(kind: Kind, config: Readonly<Record<string, string>>, dataDir?: string): Promise<void> {
  server = await startServerOf(kind, { config, env: stalls.env, ...(dataDir !== undefined && { dataDir }) })
}

/** Everything that is asked for must be answered before the call has come back. */
async function whileStuck(kind: CallKind, ask: () => Promise<void>): Promise<void> {
  const stuck = await stalls.begun(kind)
  await ask()
  expect(stalls.underWay(), 'the answers waited for the disk').toContainEqual(stuck)
}

describe.skipIf(library === undefined)('a lone server of ours', () => {
  it.each(scenesOfOurs.map((scene) => [scene.what, scene] as const))('answers while %s is stuck', async (_what, { kind, where, writesGoOn }) => {
    stalls = await Stalls.prepare(library!.place)
    await start('ours', SNAPSHOTS)
    const [session, reader] = [await RawSession.open(server!.port, { timeoutMs: SESSION_MS }), await RawSession.open(server!.port, { timeoutMs: SESSION_MS })]
    const client = await pinging()
    await play(session, all(create('/read'), create('/written')))
    const writer = new Writer(session)
    await writer.answers(PROOF_WRITES)
    await stalls.hold(kind, where)
    await whileStuck(kind, async () => {
      await ruok()
      await reads(reader)
      await pings(client)
      await ruok()
      if (writesGoOn === true) await writer.answers(PROOF_WRITES)
    })
    await stalls.release(kind)
    await stalls.over()
    await writer.answers(PROOF_WRITES)
    await writer.end()
    await Promise.all([session.close(), reader.close()])
    client.close()
  })

  it('answers while its log and a purge are stuck at the same time, and goes on while the purge alone is', async () => {
    stalls = await Stalls.prepare(library!.place)
    const dataDir = await livedIn('ours')
    await stalls.hold('unlink', 'version-2', LONG_STALL_MS)
    await start('ours', { 'autopurge.purgeInterval': '1' }, dataDir)
    const [session, reader] = [await RawSession.open(server!.port, { timeoutMs: SESSION_MS }), await RawSession.open(server!.port, { timeoutMs: SESSION_MS })]
    const writer = new Writer(session)
    await whileStuck('unlink', async () => {
      await writer.answers(PROOF_WRITES)
      await stalls.hold('write', 'log.')
      await whileStuck('write', async () => {
        await ruok()
        await reads(reader)
      })
      await stalls.release('write')
      await writer.answers(PROOF_WRITES)
    })
    await stalls.release('unlink')
    await writer.end()
  })
})

describe.skipIf(library === undefined || java === undefined)('a lone Java server', () => {
  it('answers ruok while each of these is stuck', async () => {
    stalls = await Stalls.prepare(library!.place)
    await start('java', SNAPSHOTS)
    const session = await RawSession.open(server!.port, { timeoutMs: SESSION_MS })
    await play(session, all(create('/written')))
    const writer = new Writer(session)
    for (const { kind, where, writesGoOn } of scenes) {
      await stalls.hold(kind, where)
      await whileStuck(kind, async () => {
        await ruok()
        if (writesGoOn === true) await writer.answers(PROOF_WRITES)
      })
      await stalls.release(kind)
      await stalls.over()
    }
    await writer.end()
  })
})

/** A directory after a life with many snapshots. */
async function livedIn(kind: Kind): Promise<string> {
  const dataDir = await temporaryDirectory('lived-in')
  await start(kind, SNAPSHOTS, dataDir)
  const session = await RawSession.open(server!.port, { timeoutMs: SESSION_MS })
  await play(session, all(create('/read'), create('/written')))
  const writer = new Writer(session)
  await eventually('there are many snapshots', ANSWER_LIMIT_MS, async () => ((await snapshotsIn(dataDir)) > 3 * KEPT_SNAPSHOTS ? true : undefined))
  await writer.end()
  await session.close()
  await server!.stop()
  return dataDir
}

async function snapshotsIn(dataDir: string): Promise<number> {
  return (await readdir(join(dataDir, 'version-2'))).filter((name) => name.startsWith('snapshot.')).length
}

describe.skipIf(library === undefined)('a purge whose deletions are slow', () => {
  it.each<Kind>(java === undefined ? ['ours'] : ['ours', 'java'])('holds up nobody: %s', async (kind) => {
    stalls = await Stalls.prepare(library!.place)
    const dataDir = await livedIn(kind)
    await stalls.hold('unlink', 'version-2')
    await start(kind, { 'autopurge.purgeInterval': '1', 'autopurge.snapRetainCount': String(KEPT_SNAPSHOTS) }, dataDir)
    await whileStuck('unlink', async () => {
      await ruok()
      const session = await RawSession.open(server!.port, { timeoutMs: SESSION_MS })
      await reads(session)
      await play(session, all(setData('/written', 'during a purge')))
      await session.close()
    })
    await stalls.release('unlink')
    // A snapshot that was written at the start may have come between.
    await eventually('the rest is removed', ANSWER_LIMIT_MS, async () => ((await snapshotsIn(dataDir)) <= KEPT_SNAPSHOTS + 1 ? true : undefined))
  })
})

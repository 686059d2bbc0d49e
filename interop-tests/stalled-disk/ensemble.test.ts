// One member of three has a disk that stalls. As a leader it keeps its role, its clients and theirs; as a follower its clients go on reading and no
// session expires; and the other two, which are a quorum, go on writing. The same with Java 3.9.6 in its place, whose values these are.
import { afterEach, describe, expect, it } from 'vitest'
import { ExistsRequest, GetDataRequest } from '../../src/jute/generated/proto.ts'
import { Code, OpCode } from '../../src/protocol/codes.ts'
import { Ensemble } from '../ensemble/ensemble.ts'
import { HeldSession } from '../ensemble/held-session.ts'
import type { Kind, Member } from '../ensemble/member.ts'
import { needPeer } from '../peers/peers.ts'
import { eventually } from '../peers/processes.ts'
import { fourLetterWord } from '../peers/server-process.ts'
import { all, create, Flags, play, setData } from '../storage/requests.ts'
import { asked } from '../wire/raw-session.ts'
import type { RawSession } from '../wire/raw-session.ts'
import { Stalls } from './stalls.ts'
import type { CallKind } from './stalls.ts'

const library = await needPeer('stalling disk')
const java = await needPeer('java')

const TICK_MS = 500
const SESSION_MS = 20_000
/** Far shorter than the patience of the members. */
const SHORT_SESSION_MS = 4 * TICK_MS
const ANSWER_LIMIT_MS = 30_000
const LONG_STALL_MS = 25_000
/** Longer than the members wait for a leader. */
const ELECTION_STALL_MS = 120_000
/** So many single writes show a member that its disk is quick. */
const PROOF_WRITES = 40
const WRITES_MEANWHILE = 20

let ensemble: Ensemble | undefined
let clients: HeldSession[] = []

afterEach(async () => {
  for (const client of clients) client.drop()
  clients = []
  await ensemble?.end()
  ensemble = undefined
})

/** Three members, the first or the last of that kind, whose disk is in the test's hands. The last leads. */
async function stage(stalling: 1 | 3, kind: Kind, syncLimitTicks: number): Promise<{ member: Member; stalls: Stalls }> {
  const stalls = await Stalls.prepare(library!.place)
  const voters: Kind[] = [1, 2, 3].map((id) => (id === stalling ? kind : 'ours'))
  const config = { tickTime: String(TICK_MS), syncLimit: String(syncLimitTicks) }
  ensemble = await Ensemble.start({ voters, config, launch: ({ id }) => (id === stalling ? { env: stalls.env } : {}) })
  return { member: ensemble.member(stalling), stalls }
}

/** A client of that member alone that writes without a pause and holds its session. */
async function holdSession(member: Member): Promise<HeldSession> {
  const client = new HeldSession(`/held-${member.place.id}`, [member.port], 0, SESSION_MS)
  clients.push(client)
  await client.begin()
  return client
}

async function reads(session: RawSession): Promise<void> {
  const reply = await session.ask(asked(OpCode.getData, GetDataRequest, { path: '/', watch: false }))
  expect(reply.header.err).toBe(Code.OK)
}

async function writeAlone(session: RawSession, path: string): Promise<void> {
  for (let count = 0; count < PROOF_WRITES; count++) await play(session, all(setData(path, String(count))))
}

async function goOn(members: readonly HeldSession[]): Promise<void> {
  const enough = members.map(({ written }) => written + WRITES_MEANWHILE)
  await eventually('clients of the others go on writing', ANSWER_LIMIT_MS, () => {
    for (const { failure } of members) if (failure !== undefined) throw failure
    return members.every(({ written }, index) => written >= enough[index]) ? true : undefined
  })
}

/** Nothing was lost and all hold the same. */
async function finish(): Promise<void> {
  expect(clients.map(({ reconnects }) => reconnects)).toEqual(clients.map(() => 0))
  await Promise.all(clients.map((client) => client.end()))
  await ensemble!.agree()
}

const kinds: readonly Kind[] = java === undefined ? ['ours'] : ['ours', 'java']
const rows = kinds.flatMap((kind) => (['write', 'sync'] as const).map((call): [Kind, CallKind] => [kind, call]))

describe.skipIf(library === undefined)('a leader whose disk stalls for longer than syncLimit', () => {
  it.each(rows)('keeps its role and everybody writes on (%s, each %s)', async (kind, call) => {
    const { member, stalls } = await stage(3, kind, 5)
    const session = await member.session(SESSION_MS)
    await play(session, all(create('/leader')))
    await writeAlone(session, '/leader')
    for (const id of [1, 2]) await holdSession(ensemble!.member(id))
    const before = ensemble!.members.map((one) => one.log().length)
    await stalls.hold(call, 'log.', LONG_STALL_MS)
    const stuck = await stalls.begun(call)
    const since = performance.now()
    expect(await fourLetterWord(member.port, 'ruok', ANSWER_LIMIT_MS)).toBe('imok')
    await reads(session)
    await play(session, all(setData('/leader', 'written by the others')))
    await goOn(clients)
    // The patience of the others, and half as much again.
    await eventually('the others would have lost patience', ANSWER_LIMIT_MS, () => (performance.now() - since > 5 * TICK_MS * 1.5 ? true : undefined))
    await goOn(clients)
    expect(stalls.underWay(), 'the answers waited for the disk').toContainEqual(stuck)
    await stalls.release(call)
    await stalls.over()
    expect(await member.mode()).toBe('leader')
    for (const [index, one] of ensemble!.members.entries()) expect(one.log().slice(before[index])).not.toMatch(/LOOKING|(leading|following) is over/)
    await reads(session)
    await finish()
    await session.close()
  })
})

describe.skipIf(library === undefined)('a follower whose disk stalls for longer than a session of its clients may be silent', () => {
  it.each(rows)('serves reads, and the session lives (%s, each %s)', async (kind, call) => {
    const { member, stalls } = await stage(1, kind, 40)
    const writer = await ensemble!.member(3).session(SESSION_MS)
    await play(writer, all(create('/single')))
    const session = await member.session(SHORT_SESSION_MS)
    expect(session.timeoutMs).toBe(SHORT_SESSION_MS)
    await play(session, all(create('/alive', '', Flags.ephemeral)))
    await writeAlone(writer, '/single')
    await stalls.hold(call, 'log.', LONG_STALL_MS)
    // The next write comes alone.
    await play(writer, all(setData('/single', 'the others are a quorum')))
    const stuck = await stalls.begun(call)
    const since = performance.now()
    expect(await fourLetterWord(member.port, 'ruok', ANSWER_LIMIT_MS)).toBe('imok')
    await reads(session)
    for (const id of [2, 3]) await holdSession(ensemble!.member(id))
    await goOn(clients)
    await eventually('a silent session would have expired', ANSWER_LIMIT_MS, () => (performance.now() - since > 2 * SHORT_SESSION_MS ? true : undefined))
    await reads(session)
    expect(stalls.underWay(), 'the answers waited for the disk').toContainEqual(stuck)
    expect((await writer.ask(asked(OpCode.exists, ExistsRequest, { path: '/alive', watch: false }))).header.err).toBe(Code.OK)
    await stalls.release(call)
    await stalls.over()
    await reads(session)
    expect(await member.mode()).toBe('follower')
    expect((await writer.ask(asked(OpCode.exists, ExistsRequest, { path: '/alive', watch: false }))).header.err).toBe(Code.OK)
    await session.close()
    await writer.close()
    await finish()
  })
})

describe.skipIf(library === undefined)('a voter whose disk does not take the new epoch', () => {
  it.each(kinds)('keeps the two others from nothing (%s)', async (kind) => {
    const { member, stalls } = await stage(1, kind, 10)
    const [, second, third] = ensemble!.members as [Member, Member, Member]
    await stalls.hold('open', 'Epoch', ELECTION_STALL_MS)
    await third.kill()
    const stuck = await stalls.begun('open')
    expect(stuck.path).toMatch(/acceptedEpoch/)
    await third.start()
    // The one whose disk is stuck came last, so that its history is the newest: it was elected, and a Java server goes on saying that it leads.
    await Promise.all([second, third].map((one) => one.serves()))
    for (const one of [second, third]) await holdSession(one)
    await goOn(clients)
    expect(stalls.underWay(), 'the election waited for the disk').toContainEqual(stuck)
    expect(await fourLetterWord(member.port, 'ruok', ANSWER_LIMIT_MS)).toBe('imok')
    await stalls.release('open')
    await stalls.over()
    await finish()
  })
})

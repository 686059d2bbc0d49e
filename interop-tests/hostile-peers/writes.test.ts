// Writes that cannot be decoded, and those that end a Java server: a client sends them to every member of an ensemble, each refuses them, and all go on.
// The same in ensembles with Java 3.9.6: such a leader is never sent them, and such a follower may send them on to ours.
import { afterEach, describe, expect, it } from 'vitest'
import { ErrorResponse } from '../../src/jute/generated/proto.ts'
import { Code, OpCode } from '../../src/protocol/codes.ts'
import { Ensemble } from '../ensemble/ensemble.ts'
import type { EnsembleOptions } from '../ensemble/ensemble.ts'
import type { Member } from '../ensemble/member.ts'
import { writeThrough } from '../ensemble/workload.ts'
import { markedRequests } from '../hostile/marked-requests.ts'
import type { MarkedRequest } from '../hostile/marked-requests.ts'
import { needPeer } from '../peers/peers.ts'
import { eventually } from '../peers/processes.ts'
import { create } from '../storage/requests.ts'
import { multiBody } from '../wire/messages.ts'
import type { Reply } from '../wire/messages.ts'
import type { Asked } from '../wire/raw-session.ts'
import { int, ODD_INTS, text } from './words.ts'

const SESSION_MS = 10_000
const SETTLING_LIMIT_MS = 60_000
const java = await needPeer('java')

const writes = [
  OpCode.create,
  OpCode.delete,
  OpCode.setData,
  OpCode.setACL,
  OpCode.multi,
  OpCode.create2,
  OpCode.reconfig,
  OpCode.createContainer,
  OpCode.createTTL,
]

/** Each type of write with bodies that end too early or say lengths that are not true. */
const undecodable: readonly Asked[] = writes.flatMap((type) => {
  const bodies = [Buffer.alloc(0), Buffer.alloc(3), int(0x7fff_ffff), int(-2)]
  // To a multi this would be its end.
  if (type !== OpCode.multi) bodies.push(Buffer.concat([text('/x'), int(0x7fff_ffff)]))
  return bodies.map((body) => ({ type, body }))
})

const brokenMultis: readonly Asked[] = [
  multiBody([create('/m')]).subarray(0, -9),
  Buffer.concat([multiBody([create('/m')]).subarray(0, -9), int(OpCode.error)]),
  multiBody([{ type: OpCode.create, body: int(0x7fff_ffff) }]),
  multiBody([{ type: OpCode.deleteContainer, body: text('/m') }]),
  multiBody([{ type: 12345, body: Buffer.alloc(0) }]),
  ...ODD_INTS.map((type) => Buffer.concat([int(type), Buffer.from([0]), int(-1), Buffer.alloc(40, 0xff)])),
].map((body) => ({ type: OpCode.multi, body }))

/** A list that is longer than the request says, or than it has bytes for. */
const brokenLists: readonly Asked[] = ODD_INTS.filter((count) => count > 0).map((count) => ({
  type: OpCode.create,
  body: Buffer.concat([text('/list'), text(''), int(count, 31), text('world')]),
}))

let ensemble: Ensemble | undefined

afterEach(async () => {
  await ensemble?.end()
  ensemble = undefined
})

async function begin(options: EnsembleOptions): Promise<Ensemble> {
  return (ensemble = await Ensemble.start(options))
}

const isRefused = ({ header, body }: Reply): boolean =>
  body.kind === 'multi'
    ? body.results.some(({ body: part }) => part?.codec === ErrorResponse && (part.record as ErrorResponse).err !== Code.OK)
    : header.err < 0

/** Each is answered with a refusal, and what is behind it as if it had not been. */
async function refuses(member: Member, all: readonly Asked[]): Promise<void> {
  const session = await member.session(SESSION_MS)
  const replies = await session.askAll(all)
  const accepted = all.filter((_asked, index) => !isRefused(replies[index]))
  expect(accepted).toEqual([])
  await session.close()
}

/** What is known of them is true of every member: refused with this code, or the end of the connection. */
async function answersMarked(member: Member, rows: readonly MarkedRequest[]): Promise<void> {
  for (const { name, request, answer } of rows) {
    const session = await member.session(SESSION_MS)
    const replies = await session.askUntilEnd([request, { type: OpCode.exists, body: Buffer.concat([text('/'), Buffer.from([0])]) }])
    const [first] = replies
    if (answer.kind === 'refused') expect([name, replies.length, first !== undefined && isRefused(first)]).toEqual([name, 2, true])
    else if (answer.kind === 'closed') expect([name, replies.length]).toEqual([name, 0])
    session.drop()
  }
}

/** The last zxid of all, when all have applied the same: what one member has answered another may not have committed yet. */
async function settled({ members }: Ensemble): Promise<bigint> {
  return await eventually('all have applied the same', SETTLING_LIMIT_MS, async () => {
    const [first, ...others] = await Promise.all(members.map((member) => member.zxid()))
    return first !== undefined && others.every((zxid) => zxid === first) ? BigInt(first) : undefined
  })
}

/** A session comes and goes. */
async function writeNothing(member: Member): Promise<void> {
  const session = await member.session(SESSION_MS)
  await session.close()
}

let stage = 0

/** All serve, write, and hold the same. */
async function allGoOn({ running, members }: Ensemble, roles: readonly string[]): Promise<void> {
  expect(running.length).toBe(members.length)
  stage++
  await Promise.all(running.map((member) => writeThrough(member, `/stage-${stage}-${member.place.id}`)))
  await ensemble!.agree()
  // A busy server may leave one question for its mode unanswered.
  expect(await Promise.all(members.map((member) => member.serves()))).toEqual(roles)
}

describe('an ensemble of ours', () => {
  it('refuses through leader, follower and observer what cannot be decoded and what ends a Java server', async () => {
    const members = await begin({
      voters: ['ours', 'ours', 'ours'],
      observer: 'ours',
      config: { 'zookeeper.extendedTypesEnabled': 'true', extendedTypesEnabled: 'true' },
    })
    const roles = ['follower', 'follower', 'leader', 'observer']
    const deadly = markedRequests.filter(
      ({ answer, before, extendedTypes }) => before === undefined && extendedTypes !== false && answer.kind !== 'good' && answer.kind !== 'last',
    )
    expect(deadly.length).toBeGreaterThan(30)
    const asked = [3, 1, 4].map((id) => members.member(id))
    // Before the first txn of an epoch a learner may still say that it has none.
    await writeNothing(members.member(1))
    for (const member of asked) {
      const before = await settled(members)
      await refuses(member, [...undecodable, ...brokenMultis, ...brokenLists])
      // None of them became a write: their session came and went, and a multi that can be decoded is logged with its refusal.
      expect((await settled(members)) - before).toBeLessThanOrEqual(3n)
    }
    await Promise.all(asked.map((member) => answersMarked(member, deadly)))
    await allGoOn(members, roles)
  })
})

describe.skipIf(java === undefined)('beside Java servers', () => {
  it('a learner of ours never sends its leader what cannot be decoded: in a Java ensemble it would end all writes', async () => {
    const members = await begin({ voters: ['ours', 'java', 'java'], observer: 'ours' })
    for (const id of [1, 4]) await refuses(members.member(id), [...undecodable, ...brokenMultis, ...brokenLists])
    await allGoOn(members, ['follower', 'follower', 'leader', 'observer'])
  })

  it('a leader of ours refuses what a Java learner forwards, and everybody goes on', async () => {
    const members = await begin({ voters: ['java', 'ours', 'ours'], observer: 'java' })
    for (const id of [1, 4]) {
      for (const asked of [...undecodable, ...brokenMultis, ...brokenLists]) {
        const session = await members.member(id).session(SESSION_MS)
        // A Java server closes some of these connections, and waits for an answer to the others.
        const [reply] = await session.askUntilEnd([asked])
        if (reply !== undefined) expect([asked.type, isRefused(reply)]).toEqual([asked.type, true])
        session.drop()
      }
    }
    await allGoOn(members, ['follower', 'follower', 'leader', 'observer'])
  })
})

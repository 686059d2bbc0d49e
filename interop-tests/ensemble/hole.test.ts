// A Java leader that once was sent a snapshot has no txns of before it, and does not know: what it sends out of its log lacks them. A learner of ours
// that was away since then sees the hole and asks for everything. With TSK_ENSEMBLE_LONG=1 a Java learner in its place, for comparison: it goes on
// without those nodes, and says nothing.
import { afterEach, describe, expect, it } from 'vitest'
import { GetChildrenRequest } from '../../src/jute/generated/proto.ts'
import type { GetChildrenResponse } from '../../src/jute/generated/proto.ts'
import { OpCode } from '../../src/protocol/codes.ts'
import { needPeer } from '../peers/peers.ts'
import { create } from '../storage/requests.ts'
import { recordOf } from '../wire/messages.ts'
import { asked } from '../wire/raw-session.ts'
import { Ensemble } from './ensemble.ts'
import type { Kind, Member } from './member.ts'

const isLong = process.env['TSK_ENSEMBLE_LONG'] === '1'
const java = await needPeer('java')

const SESSION_MS = 20_000
/** Some megabytes: then a log of small txns is light beside a snapshot, and is sent in its place. */
const LARGE_NODES = 40
const LARGE_BYTES = 50_000
/** The committed log keeps 500. */
const MISSED = 600
const MORE = 20

let ensemble: Ensemble | undefined

afterEach(async () => {
  await ensemble?.end()
  ensemble = undefined
})

async function fill(member: Member, name: string, count: number, bytes: number): Promise<void> {
  const session = await member.session(SESSION_MS)
  const requests = Array.from({ length: count }, (_none, index) => create(`/f/${name}${index}`, Buffer.alloc(bytes, 120)))
  for (let at = 0; at < count; at += 50) await session.askAll(requests.slice(at, at + 50))
  await session.close()
}

async function childCount(member: Member): Promise<number> {
  const session = await member.session(SESSION_MS)
  const reply = await session.ask(asked(OpCode.getChildren, GetChildrenRequest, { path: '/f', watch: false }))
  await session.close()
  return recordOf<GetChildrenResponse>(reply).children!.length
}

/** Leads when everybody who knows more is away: 2 sends 3 a snapshot in the place of the 600 txns, and 3 leads then. */
async function leadWithHole(learner: Kind, isSeenInZxids: boolean): Promise<Ensemble> {
  const config = ({ id }: { id: number }): Record<string, string> => ({ snapCount: '100000', ...(id < 3 && { forceSnapshotSync: 'true' }) })
  const members = await Ensemble.start({ voters: ['java', 'java', 'java'], observer: learner, config })
  ensemble = members
  const [, second, third, fourth] = members.members as [Member, Member, Member, Member]
  const session = await third.session(SESSION_MS)
  await session.ask(create('/f'))
  await session.close()
  await fill(third, 'a', LARGE_NODES, LARGE_BYTES)
  await members.agree()
  await fourth.kill()
  await third.kill()
  expect((await members.leader()).place.id).toBe(2)
  await fill(second, 'b', MISSED, 100)
  await third.startBehind(second, 'snap')
  if (isSeenInZxids) await fill(second, 'c', MORE, 100)
  await second.kill()
  expect((await members.leader()).place.id).toBe(3)
  if (!isSeenInZxids) await fill(third, 'c', MORE, 100)
  return members
}

describe.skipIf(java === undefined)('behind a Java leader whose log has a hole', () => {
  it.each([
    ['within an epoch', true],
    ['where one epoch follows another, so that no zxid shows it', false],
  ])('%s our learner gets everything', async (_where, isSeenInZxids) => {
    const members = await leadWithHole('ours', isSeenInZxids)
    const learner = members.member(4)
    await learner.start()
    expect(await learner.serves()).toBe('observer')
    expect(await childCount(learner)).toBe(LARGE_NODES + MISSED + MORE)
    expect(learner.log().match(/Getting a snapshot from the leader/g)).toHaveLength(1)
    expect(learner.log().match(/Getting a diff from the leader/g)).toHaveLength(1)
  })

  it.runIf(isLong)('a Java learner lacks the nodes for ever', async () => {
    const members = await leadWithHole('java', true)
    const learner = members.member(4)
    await learner.start()
    expect(await learner.serves()).toBe('observer')
    expect(await childCount(learner)).toBeLessThan(LARGE_NODES + MISSED + MORE)
  })
})

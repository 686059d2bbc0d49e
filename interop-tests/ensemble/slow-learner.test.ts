// A learner behind a slow network that has lost its disk: its tree takes longer than initLimit to come, and comes all the same, whichever of the two
// is ours. With TSK_ENSEMBLE_LONG=1 the same with Java servers alone, for comparison.
import { afterEach, describe, expect, it } from 'vitest'
import { GetDataRequest } from '../../src/jute/generated/proto.ts'
import type { GetDataResponse } from '../../src/jute/generated/proto.ts'
import { OpCode } from '../../src/protocol/codes.ts'
import { needPeer } from '../peers/peers.ts'
import { eventually } from '../peers/processes.ts'
import { SlowRelays } from '../peers/slow-relay.ts'
import { create, setData } from '../storage/requests.ts'
import { recordOf } from '../wire/messages.ts'
import { asked } from '../wire/raw-session.ts'
import { Ensemble } from './ensemble.ts'
import type { Kind, Member, Place } from './member.ts'

const isLong = process.env['TSK_ENSEMBLE_LONG'] === '1'
const java = await needPeer('java')

const SESSION_MS = 20_000
const TICK_MS = 500
const INIT_TICKS = 10
const NODES = 34
const NODE_BYTES = 700_000
/** So that the tree takes nearly twice initLimit, and the three MB or so in the buffers of the system a quarter of it. */
const BYTES_PER_SECOND = 2_600_000
/** Written while the tree is under way: more than a leader of ours holds for one learner. */
const MEANWHILE = 60
const MEANWHILE_BYTES = 100_000

let ensemble: Ensemble | undefined
let relays: SlowRelays | undefined

afterEach(async () => {
  await ensemble?.end()
  relays?.close()
  ensemble = relays = undefined
})

/** Member 1 reaches the quorum ports of the others through slow relays. */
async function startBehindSlowRelays(voters: readonly Kind[], observer?: Kind): Promise<Ensemble> {
  const slow = (relays = new SlowRelays())
  const slowId = observer === undefined ? 1 : voters.length + 1
  const wire = async (places: readonly Place[]) => {
    const ports = new Map<Place, number>()
    for (const place of places) ports.set(place, await slow.open(place.ports.quorum, BYTES_PER_SECOND))
    return (from: Place, to: Place) => (from.id === slowId ? { quorum: ports.get(to)!, election: to.ports.election } : to.ports)
  }
  const config = { tickTime: String(TICK_MS), initLimit: String(INIT_TICKS), syncLimit: '10', 'tskeeper.learnerCloseBytes': '4000000' }
  return await Ensemble.start({ voters, ...(observer !== undefined && { observer }), wire, config })
}

async function isSentTree(leaderKind: Kind, learnerKind: Kind, role: 'follower' | 'observer'): Promise<void> {
  const members = (ensemble =
    role === 'follower'
      ? await startBehindSlowRelays([learnerKind, leaderKind, leaderKind])
      : await startBehindSlowRelays([leaderKind, leaderKind], learnerKind))
  const leader = await members.leader()
  const learner = members.member(role === 'follower' ? 1 : 3)
  await learner.kill()
  await learner.forgetData()
  const session = await leader.session(SESSION_MS)
  await session.ask(create('/large'))
  for (let index = 0; index < NODES; index++) await session.ask(create(`/large/${index}`, Buffer.alloc(NODE_BYTES, index)))
  const startedAt = Date.now()
  const synced = learner.startBehind(leader, 'snap')
  for (let index = 0; index < MEANWHILE; index++) await session.ask(setData('/large/0', Buffer.alloc(MEANWHILE_BYTES, index)))
  await session.close()
  await synced
  expect(Date.now() - startedAt).toBeGreaterThan(INIT_TICKS * TICK_MS)
  expect(await learner.mode()).toBe(role)
  expect(learner.log().match(/Getting a snapshot from (the )?leader/g)).toHaveLength(1)
  const { zxid } = await lastWrite(leader)
  await eventually('the learner has applied the last write', SESSION_MS, async () => (await lastWrite(learner)).zxid === zxid || undefined)
  expect((await lastWrite(learner)).data[0]).toBe(MEANWHILE - 1)
  expect(await learner.digestMismatches()).toBe(0)
}

/** As the member itself knows it. */
async function lastWrite(member: Member): Promise<{ zxid: bigint; data: Uint8Array }> {
  const session = await member.session(SESSION_MS)
  const { stat, data } = recordOf<GetDataResponse>(await session.ask(asked(OpCode.getData, GetDataRequest, { path: '/large/0', watch: false })))
  session.drop()
  return { zxid: stat.mzxid, data: data! }
}

describe.skipIf(java === undefined)('a tree that takes longer than initLimit', () => {
  it.each([
    ['our leader to a Java follower', 'ours', 'java', 'follower'],
    ['our leader to an observer of ours', 'ours', 'ours', 'observer'],
    ['a Java leader to our follower', 'java', 'ours', 'follower'],
    ...(isLong ? ([['a Java leader to a Java follower', 'java', 'java', 'follower']] as const) : []),
  ] as const)('comes from %s at the first try', async (_name, leader, learner, role) => {
    await isSentTree(leader, learner, role)
  })
})

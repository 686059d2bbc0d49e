/** What an ensemble that is well has to stand besides: each a single blow to a world in which nothing else happens. */
import { JuteWriter } from '../jute/writer.ts'
import { Leading } from '../quorum/member/leading.ts'
import { leaderOf } from './ensemble-end.ts'
import type { HealedEnsemble, Member } from './ensemble-end.ts'
import { Violation } from './world.ts'

/** Of the time in which learners give up a leader that says nothing. */
const STALLED_SHARE = 0.8
/** Longer than any session lasts without its client. */
const LONGEST_SESSION_MS = 4500
const BRIEF_TICKS = 2
/** Of a session's timeout: so old may the last sign of its client be. */
const PING_SHARE = 1 / 3
const SHORTEST_TICK_MS = 100
/** How much longer than initLimit the tree is on its way. */
const LONGEST_SNAP = 2.5
/** Besides what the tree takes: the member starts, elects, and perhaps is sent it once more. */
const RECOVERY_MS = 15_000

export const TRIALS = ['stalled leader', 'stalled follower', 'long snapshot', 'deposed leader'] as const

export type Trial = (typeof TRIALS)[number]

export function tryEnsemble(trial: Trial, ensemble: HealedEnsemble): void {
  const leader = leaderOf(ensemble)
  const followers = ensemble.members.filter((member) => member !== leader)
  if (leader === undefined) return
  const { world, clients } = ensemble
  const follower = world.random.pick(followers)
  world.journal.note(`trial: ${trial}`)
  if (trial === 'deposed leader') return depose(ensemble, leader)
  if (trial === 'long snapshot') sendLongSnapshot(ensemble, leader, follower)
  else if (trial === 'stalled leader') stall(ensemble, leader, true)
  else stall(ensemble, follower, false)
  clients.rest(false)
}

/** No session ends while its client lives and is heard of: of a follower's clients the leader hears nothing while that follower stands still. */
function stall({ world, clients, checks }: HealedEnsemble, { life, settings }: Member, isLeader: boolean): void {
  const { process: owner } = life!
  // Its session is shorter than the leader stands still. With shorter ticks the stall is below what an expiry timer takes for one.
  if (isLeader && settings.tickTime >= SHORTEST_TICK_MS) clients.add('brief', { timeoutMs: BRIEF_TICKS * settings.tickTime })
  clients.rest(true)
  world.run(LONGEST_SESSION_MS)
  const stallMs = STALLED_SHARE * settings.syncLimit * settings.tickTime
  const shortestMs = isLeader ? 0 : (stallMs + settings.tickTime) / (1 - PING_SHARE)
  checks.onExpired = (session) => clients.onExpired(session, shortestMs)
  owner.deliver(() => owner.stall(stallMs))
  world.run(LONGEST_SESSION_MS)
  checks.onExpired = () => undefined
}

/**
 * The others lose the leader, know that at once and elect another. The former one hears nothing of it until it misses them, and meanwhile its clients
 * must not take what it has for the latest.
 */
function depose({ world, network, members }: HealedEnsemble, leader: Member): void {
  const { address } = leader.machine
  for (const { life, machine } of members) {
    if (machine === leader.machine) continue
    network.cutOff(address, machine.address, LONGEST_SESSION_MS)
    network.cutOff(machine.address, address, LONGEST_SESSION_MS)
    for (const socket of network.socketsOf(life!.process)) if (socket.remoteAddress === address) socket.cutHere()
  }
  world.run(LONGEST_SESSION_MS)
}

/** The leader's tree is under way for longer than a learner may be silent. */
function sendLongSnapshot(ensemble: HealedEnsemble, leader: Member, member: Member): void {
  const { world, network, clients, restart } = ensemble
  clients.rest(true)
  const { role } = leader.server!
  if (!(role instanceof Leading)) return
  const history = role.history.bind(role)
  role.history = (logReaches) => ({ ...history(logReaches), isSnapshotForced: true })
  const { initLimit, tickTime } = leader.settings
  const snapMs = world.random.between(1.2, LONGEST_SNAP) * initLimit * tickTime
  const tree = new JuteWriter()
  leader.server!.encodeSnapshot().fill(tree, Infinity)
  const limitMs = 3 * snapMs + RECOVERY_MS
  network.slowDown(leader.machine.address, member.machine.address, Math.ceil((tree.position / snapMs) * 1000), limitMs)
  restart(member)
  const isBack = world.runUntil(() => member.server?.role?.phase === 'broadcast', limitMs)
  network.heal()
  role.history = history
  if (!isBack) throw new Violation(`server ${member.id} is sent ${tree.position} bytes in ${Math.round(snapMs)} ms, and has not come back after ${limitMs} ms`)
}

/**
 * A member that speaks as Java does where Java speaks otherwise than ours: it is ours all the same, and a script stands between it and its
 * connections. So others meet what they would meet in an ensemble of both, with everything else that happens to them here.
 */
import { counterOf, epochZxid } from '../protocol/zxid.ts'
import type { EnsembleServer } from '../quorum/member/ensemble-server.ts'
import { Leading } from '../quorum/member/leading.ts'
import type { SocketLink } from '../quorum/wire/packet-link.ts'
import type { CommittedTxn } from '../quorum/zab/committed-log.ts'
import type { Leader } from '../quorum/zab/leader.ts'
import type { LearnerHandler } from '../quorum/zab/learner-handler.ts'
import { PacketType } from '../quorum/zab/packets.ts'
import { activateByPacket, adoptAsLeader, proposeSameMembers } from './java-reconfig.ts'
import type { SeededRandom } from './seeded-random.ts'

export const JAVA_TRAITS = [
  /** As a leader it sends what is proposed and committed at once, to those that it still syncs as well: COMMIT may come before UPTODATE. */
  'forwards early',
  /** Its history has a hole, and it sends a DIFF over that. */
  'leaves holes',
  /** As a follower it acknowledges txns of the history before it acknowledges the history. */
  'acks early',
  /** As a leader it changes the version of the configuration now and then, by a txn of its own that packets of its own commit. */
  'reconfigures',
] as const

export type JavaTrait = (typeof JAVA_TRAITS)[number]

/** How often a member is such a one. */
const JAVA_CHANCE = 0.2
const TRAIT_CHANCE = 0.5
/** Of an epoch that such a member leads. */
const RECONFIG_CHANCE = 0.5
/** A hole for so many txns, about. */
const HOLE_EVERY = 7n

/** None for a member that speaks as ours do. */
export function drawJavaTraits(random: SeededRandom): ReadonlySet<JavaTrait> {
  const isJava = random.chance(JAVA_CHANCE)
  return new Set(JAVA_TRAITS.filter(() => isJava && random.chance(TRAIT_CHANCE)))
}

/** Behind all others who listen to the server. */
export function dressAsJava(server: EnsembleServer, traits: ReadonlySet<JavaTrait>, random: SeededRandom): void {
  if (traits.has('acks early')) {
    const told = server.onLink
    server.onLink = (link) => {
      told(link)
      ackEarly(link, random)
    }
  }
  if (traits.has('reconfigures')) adoptAsLeader(server)
  const dressed = new WeakSet<Leader>()
  const told = server.onRoleChange
  server.onRoleChange = (role) => {
    told(role)
    if (!(role instanceof Leading)) return
    if (role.phase === 'broadcast' && traits.has('reconfigures') && random.chance(RECONFIG_CHANCE)) proposeSameMembers(server)
    if (dressed.has(role.leader)) return
    dressed.add(role.leader)
    dressLeader(server, role.leader, traits)
    if (traits.has('leaves holes')) leaveHoles(role)
  }
}

// As a leader ------------------------------------------------------------------------------------------------

function dressLeader(server: EnsembleServer, leader: Leader, traits: ReadonlySet<JavaTrait>): void {
  const accept = leader.accept.bind(leader)
  leader.accept = (link) => {
    const learner = accept(link)
    if (traits.has('forwards early')) forwardEarly(server, leader, learner)
    if (traits.has('reconfigures')) activateByPacket(server, learner)
    return learner
  }
}

/** What is outstanding when the history is fixed goes before NEWLEADER, what comes later goes when it comes. */
function forwardEarly({ host }: EnsembleServer, leader: Leader, learner: LearnerHandler): void {
  const { link } = learner
  const isEarly = (): boolean => learner.phase === 'syncing' || learner.phase === 'synced'
  const [propose, commit] = [learner.propose.bind(learner), learner.commit.bind(learner)]
  learner.sendNewLeader = (_epoch, config) => {
    learner.phase = 'syncing'
    host.clock.endOfTurn(() => link.send(PacketType.NEWLEADER, epochZxid(leader.epoch), config))
  }
  learner.propose = (txn, now) => {
    if (!isEarly()) propose(txn, now)
    else if (learner.kind === 'follower') link.send(PacketType.PROPOSAL, txn.header.zxid, txn.payload)
  }
  learner.commit = (txn, now) => {
    if (!isEarly()) commit(txn, now)
    else if (learner.kind === 'follower') link.send(PacketType.COMMIT, txn.header.zxid)
    else link.send(PacketType.INFORM, txn.header.zxid, txn.payload)
  }
}

/** In what memory holds, where the next txn of the same epoch follows, so that the hole can be seen. Who has nothing is sent everything. */
function leaveHoles(role: Leading): void {
  const txns = role.txns.bind(role)
  role.txns = (run, telling) => {
    const isWhole = run.after === 0n || run.mayLag || telling.as !== 'proposals'
    const isHole = ({ zxid }: CommittedTxn, index: number): boolean => index > 0 && zxid % HOLE_EVERY === 0n && run.txns[index + 1]?.zxid === zxid + 1n
    return txns(isWhole ? run : { ...run, txns: run.txns.filter((txn, index) => !isHole(txn, index)) }, telling)
  }
}

// As a follower ----------------------------------------------------------------------------------------------

/** Some of it at once, the rest right before the ACK of NEWLEADER. */
function ackEarly(link: SocketLink, random: SeededRandom): void {
  const send = link.send.bind(link)
  const { handlers } = link
  let history: bigint[] | undefined = []
  link.handlers = {
    onPacket(packet) {
      if (packet.type === PacketType.NEWLEADER || packet.type === PacketType.UPTODATE) history = undefined
      if (packet.type === PacketType.PROPOSAL && history !== undefined) {
        if (random.chance(0.5)) send(PacketType.ACK, packet.zxid)
        else history.push(packet.zxid)
      }
      handlers.onPacket(packet)
    },
    onClose: (reason) => handlers.onClose(reason),
  }
  const owed = history
  link.send = (type, zxid, data, authinfo) => {
    if (type === PacketType.ACK && counterOf(zxid) === 0n) for (const logged of owed.splice(0)) send(PacketType.ACK, logged)
    send(type, zxid, data, authinfo)
  }
}

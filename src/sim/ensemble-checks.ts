/**
 * What must hold of an ensemble after every event, whatever has happened to it: one leader an epoch, one history that all
 * apply, nothing that is committed ever missing from a quorum's disks. The ledger is that one history; what is proposed
 * and not committed is known here, and may come to be part of it or not.
 */
import { hex } from '../base/hex.ts'
import { OpCode } from '../protocol/codes.ts'
import { counterOf, epochOf, epochZxid, follows } from '../protocol/zxid.ts'
import type { EnsembleServer } from '../quorum/member/ensemble-server.ts'
import { Following } from '../quorum/member/following.ts'
import { Leading } from '../quorum/member/leading.ts'
import type { Role } from '../quorum/member/role.ts'
import { PacketType } from '../quorum/zab/packets.ts'
import type { LoggedTxn } from '../server/txn/logged-txn.ts'
import { canDecide } from './electorate.ts'
import type { Electorate } from './electorate.ts'
import type { Inspector } from './inspector.ts'
import type { JavaTrait } from './java-dress.ts'
import { isSameTxn } from './ledger.ts'
import type { Ledger } from './ledger.ts'
import { SeededRandom } from './seeded-random.ts'
import { SYSTEM_NODES } from './server-checks.ts'
import type { SimProcess } from './sim-process.ts'
import { StreamChecks } from './stream-checks.ts'
import { compareWithLedger } from './tree-text.ts'
import { Violation } from './world.ts'
import type { World } from './world.ts'

/** What is known of a member through all of its lives. */
export interface MemberRecord {
  readonly id: number
  readonly isVoter: boolean
  /** Empty for one that speaks as ours do. */
  readonly javaTraits: ReadonlySet<JavaTrait>
  readonly inspector: Inspector
  /** Undefined while it does not run. */
  server: EnsembleServer | undefined
  process: SimProcess | undefined
  /** Of its process, when it was looked at last. */
  turns: number
  accepted: bigint
  current: bigint
  /** It has had all that is committed up to here on its disk, and no leader was about to take it back. */
  held: bigint
  /** Not on its way into a leader's epoch: until it is there it may lose what was not committed when the leader chose its history. */
  isSettled: boolean
  /** The last committed txn that this life has applied. */
  applied: bigint
}

export interface EnsembleCheckOptions {
  readonly world: World
  readonly ledger: Ledger
  readonly members: readonly MemberRecord[]
  readonly electorate: Electorate
  readonly seed: number
  readonly hasDigests: boolean
}

/** How often the disks are looked at when a txn is committed: an epoch's first, and all others. */
const FIRST_LOOK_CHANCE = 0.3
const LOOK_CHANCE = 0.01
const FIRST_TXNS = 4n

export class EnsembleChecks {
  /** Who has led an epoch. */
  readonly leaders = new Map<bigint, number>()
  /** Where the history ended with which an epoch began. */
  readonly #initial = new Map<bigint, bigint>()
  /** Who has been about to lead an epoch. */
  readonly #candidates = new Map<bigint, Set<number>>()
  /** Told of each session that a leader has ended by itself, when that is committed. */
  onExpired: (session: bigint) => void = () => undefined
  /** How often it was looked at what a loss of power would leave on all disks. */
  looks = 0
  readonly #options: EnsembleCheckOptions
  /** Of its own, so that a history is the same however often the disks are looked at. */
  readonly #random: SeededRandom
  readonly #proposed = new Map<bigint, LoggedTxn>()
  /** The epoch whose leader has sent a member a history with a hole, by the id of that member; until that serves. */
  readonly #holes = new Map<number, bigint>()
  readonly #listened = new WeakSet<Following>()
  /** The tree's digest after a committed txn. */
  readonly #digests = new Map<bigint, bigint>()

  constructor(options: EnsembleCheckOptions) {
    this.#options = options
    this.#random = new SeededRandom(~options.seed)
  }

  /** A member has begun a life: from here on it is listened to. */
  watch(member: MemberRecord, server: EnsembleServer, owner: SimProcess): void {
    member.server = server
    member.process = owner
    member.turns = -1
    member.applied = 0n
    member.isSettled = true
    this.#holes.delete(member.id)
    const append = server.append.bind(server)
    server.append = (txn) => {
      this.#guard(() => this.#onProposed(member, txn))
      append(txn)
    }
    const applyNext = server.applyNext.bind(server)
    server.applyNext = (txn) => {
      // Before it has proved itself to a leader, a learner's history is the leader's and no more.
      const { role } = server
      if (role?.phase === 'broadcast') this.#guard(() => this.#onCommitted(member, role, txn))
      applyNext(txn)
    }
    const { epochs } = server
    const setCurrent = epochs.setCurrent.bind(epochs)
    epochs.setCurrent = (epoch, done) => {
      const { role } = server
      if (role instanceof Leading) this.#noteCandidate(epoch, member.id)
      setCurrent(epoch, (error) => {
        if (error === undefined && role instanceof Leading && role === server.role) this.#guard(() => this.#onLeading(member, server, epoch))
        done(error)
      })
    }
    const enterEpoch = server.replica.enterEpoch.bind(server.replica)
    server.replica.enterEpoch = (zxid) => {
      this.#guard(() => this.#onEstablished(member, server, zxid))
      enterEpoch(zxid)
    }
    const { members } = this.#options
    const isJava = (sid: bigint): boolean => (members[Number(sid) - 1]?.javaTraits.size ?? 0) > 0
    const streams = new StreamChecks(server, (check) => this.#guard(check), { isJava })
    server.onRoleChange = (role) => {
      member.isSettled = !(role instanceof Following) || role.phase === 'broadcast'
      if (role === undefined) {
        // What a role leaves behind is applied without a word, and what a leader sends before UPTODATE, too.
        member.applied = 0n
        this.#guard(() => this.#onLooking(member, server))
      }
      if (role instanceof Leading) streams.watch(role.leader)
      this.#watchHoles(member, role)
    }
    this.#watchActivations(member, server, owner)
    const serve = server.serve.bind(server)
    server.serve = (epoch) => {
      this.#guard(() => this.#onServing(member, server, epoch))
      this.#holes.delete(member.id)
      serve(epoch)
    }
  }

  /** Who has found a hole in a leader's history asks that leader for everything, in which there is none. */
  #watchHoles(member: MemberRecord, role: Role | undefined): void {
    if (!(role instanceof Following) || this.#listened.has(role)) return
    this.#listened.add(role)
    const onHole = role.onHole.bind(role)
    role.onHole = (epoch) => {
      this.#guard(() => {
        if (this.#holes.get(member.id) === epoch) throw new Violation(`server ${member.id} is sent the history of epoch ${epoch} with a hole once more`)
      })
      this.#holes.set(member.id, epoch)
      onHole(epoch)
    }
  }

  /** A learner that serves and is told that a configuration is committed goes on with that leader, and has that version at once. */
  #watchActivations(member: MemberRecord, server: EnsembleServer, owner: SimProcess): void {
    const told = server.onLink
    server.onLink = (link) => {
      told(link)
      const { handlers } = link
      link.handlers = {
        onPacket: (packet) => {
          const { role } = server
          handlers.onPacket(packet)
          if (packet.type !== PacketType.COMMITANDACTIVATE && packet.type !== PacketType.INFORMANDACTIVATE) return
          if (role?.phase === 'broadcast' && owner.isAlive) this.#guard(() => this.#onActivated(member, server, role, packet.zxid))
        },
        onClose: (reason) => handlers.onClose(reason),
      }
    }
  }

  #onActivated({ id }: MemberRecord, server: EnsembleServer, role: Role, version: bigint): void {
    const what = `server ${id} is told that the configuration of version 0x${hex(version)} is committed`
    if (server.role !== role) throw new Violation(`${what}, and leaves its leader`)
    const { isDynamic, newest, inForce } = server.current
    const last = isDynamic ? inForce.version : newest.version
    if (last < version) throw new Violation(`${what}, and has 0x${hex(last)}`)
  }

  /** After every event: nothing of a member changes but in a turn of its process. */
  checkNow(): void {
    for (const member of this.#options.members) {
      const { server, process: owner } = member
      if (server === undefined || owner!.turns === member.turns) continue
      member.turns = owner!.turns
      this.#checkMember(member, server)
    }
  }

  /** All is quiet: every member holds the one history. */
  checkEqual(): void {
    const { members, ledger } = this.#options
    for (const { server } of members) compareWithLedger(server!.replica, ledger)
    this.#look()
  }

  /** Has applied all that is committed. */
  isUpToDate({ server }: MemberRecord): boolean {
    const { ledger } = this.#options
    return server?.role?.phase === 'broadcast' && server.replica.lastProcessedZxid >= ledger.lastApplied
  }

  /** What goes wrong within a server must not be its to catch. */
  #guard(check: () => void): void {
    try {
      check()
    } catch (error) {
      if (!(error instanceof Violation)) throw error
      this.#options.world.fail(error)
    }
  }

  #checkMember(member: MemberRecord, server: EnsembleServer): void {
    const { accepted, current } = server.epochs
    if (accepted < member.accepted) throw new Violation(`server ${member.id} has accepted epoch ${member.accepted} and now says ${accepted}`)
    if (current < member.current) throw new Violation(`server ${member.id} was in epoch ${member.current} and now says ${current}`)
    if (current > accepted) throw new Violation(`server ${member.id} is in epoch ${current} and has accepted ${accepted}`)
    member.accepted = accepted
    const { role, metrics } = server
    if (role !== undefined && server.service.isReadOnly) throw new Violation(`server ${member.id} has a role, and serves as if there were no quorum`)
    if (metrics.digestMismatchesCount.value > 0) throw new Violation(`server ${member.id}: a digest did not match`)
    if (current > member.current) this.#onNewEpoch(member, current)
    member.current = current
    if (role?.phase === 'broadcast') this.#checkReplica(member, server)
  }

  #noteCandidate(epoch: bigint, id: number): void {
    const candidates = this.#candidates.get(epoch)
    if (candidates === undefined) this.#candidates.set(epoch, new Set([id]))
    else candidates.add(id)
  }

  /** A quorum has accepted the epoch from it, and it has stored that. */
  #onLeading(member: MemberRecord, server: EnsembleServer, epoch: bigint): void {
    const known = this.leaders.get(epoch)
    if (known === undefined) {
      this.leaders.set(epoch, member.id)
      this.#initial.set(epoch, server.lastZxid)
    } else if (known !== member.id) throw new Violation(`epoch ${epoch} has two leaders, ${known} and ${member.id}`)
  }

  /** It votes by what it holds, if it votes at all: its last txn is on its disk, and nothing is there that it does not know of. */
  #onLooking(member: MemberRecord, { lastZxid }: EnsembleServer): void {
    const durable = member.inspector.durableZxid()
    if (lastZxid === durable || (counterOf(lastZxid) === 0n && durable < lastZxid) || lastZxid < 0n) return
    throw new Violation(`server ${member.id} votes by zxid 0x${hex(lastZxid)}, and its disk ends at 0x${hex(durable)}`)
  }

  /** It says that it is in the epoch: all that the epoch began with is on its disk, and nothing that its leader does not have. */
  #onNewEpoch(member: MemberRecord, epoch: bigint): void {
    const initial = this.#initial.get(epoch)
    // A leader may end between storing its epoch and leading it.
    if (initial === undefined && this.#candidates.get(epoch)?.has(member.id) === true) return
    if (initial === undefined) throw new Violation(`server ${member.id} is in epoch ${epoch}, which nobody leads yet`)
    const durable = member.inspector.durableZxid()
    if (durable < initial && counterOf(initial) !== 0n) {
      throw new Violation(`server ${member.id} is in epoch ${epoch}, which began with zxid 0x${hex(initial)}, and its disk ends at 0x${hex(durable)}`)
    }
    if (durable > initial && epochOf(durable) < epoch) {
      throw new Violation(`server ${member.id} is in epoch ${epoch}, which began with zxid 0x${hex(initial)}, and still has 0x${hex(durable)}`)
    }
  }

  #checkReplica(member: MemberRecord, server: EnsembleServer): void {
    const { replica, sessions } = server
    const { ledger } = this.#options
    const zxid = replica.lastProcessedZxid
    if (zxid === ledger.lastApplied) {
      const { nodeCount, ephemeralCount } = replica.tree
      const [nodes, ephemerals] = [ledger.nodeCount + SYSTEM_NODES, ledger.ephemeralCount]
      if (nodeCount !== nodes) {
        compareWithLedger(replica, ledger)
        throw new Violation(`server ${member.id} has ${nodeCount} nodes, not ${nodes}`)
      }
      if (ephemeralCount !== ephemerals) throw new Violation(`server ${member.id} has ${ephemeralCount} ephemerals, not ${ephemerals}`)
      if (sessions.size !== ledger.sessionCount) throw new Violation(`server ${member.id} has ${sessions.size} sessions, not ${ledger.sessionCount}`)
    }
    // A tree that came from a leader shows traces of what came later, as far as `isFuzzyAt` says.
    if (!this.#options.hasDigests || counterOf(zxid) === 0n || replica.isFuzzyAt(zxid)) return
    const { digest } = replica.tree
    const known = this.#digests.get(zxid)
    if (known === undefined) this.#digests.set(zxid, digest)
    else if (known !== digest) throw new Violation(`server ${member.id} has another tree at zxid 0x${hex(zxid)} than others had`)
  }

  /** One zxid is one txn for ever, committed or not. */
  #onProposed(member: MemberRecord, txn: LoggedTxn): void {
    const { zxid } = txn.header
    const known = this.#proposed.get(zxid)
    if (known === undefined) this.#proposed.set(zxid, { ...txn, payload: new Uint8Array(txn.payload), request: undefined })
    else if (!isSameTxn(known, txn)) throw new Violation(`server ${member.id} logs another txn as zxid 0x${hex(zxid)}`)
  }

  #onCommitted(member: MemberRecord, role: Role, txn: LoggedTxn): void {
    const { ledger } = this.#options
    const { zxid } = txn.header
    if (!follows(member.applied, zxid) && member.applied !== 0n) {
      throw new Violation(`server ${member.id} applies zxid 0x${hex(zxid)} after 0x${hex(member.applied)}`)
    }
    member.applied = zxid
    const isFirst = zxid > ledger.lastApplied
    if (isFirst && role.kind !== 'leading') throw new Violation(`server ${member.id} applies zxid 0x${hex(zxid)}, which its leader has not committed`)
    ledger.onTxn(txn)
    if (isFirst && txn.header.type === OpCode.closeSession && txn.header.cxid === 0) this.onExpired(txn.header.clientId)
    if (isFirst && this.#random.chance(counterOf(zxid) <= FIRST_TXNS ? FIRST_LOOK_CHANCE : LOOK_CHANCE)) this.#look()
  }

  /** A quorum holds the leader's history: all of it is committed now, and nothing that was may be missing. */
  #onEstablished(member: MemberRecord, server: EnsembleServer, name: bigint): void {
    const { ledger } = this.#options
    const { lastProcessedZxid: own } = server.replica
    const committed = ledger.lastBefore(name)
    if (own < committed) {
      throw new Violation(`server ${member.id} leads epoch ${epochOf(name)} with a history up to 0x${hex(own)}; 0x${hex(committed)} was committed`)
    }
    // A leader that was away while others came after it learns late that a quorum holds its history: they hold it, too.
    if (ledger.lastApplied > name || ledger.epochZxid > name) {
      if (counterOf(own) !== 0n && !ledger.has(own)) throw new Violation(`zxid 0x${hex(own)} is lost, which a quorum has held`)
      return
    }
    // It has led before and logged nothing since.
    const last = counterOf(own) === 0n ? ledger.lastApplied : own
    this.#take(member, last)
    ledger.epochZxid = name
    this.#look()
  }

  /** What an epoch's leader has proposed follows its own history, which was committed then: all that is new is of one epoch. */
  #take(member: MemberRecord, last: bigint): void {
    const { ledger } = this.#options
    if (epochOf(last) > epochOf(ledger.lastApplied)) this.#takeNext(member, epochZxid(epochOf(last)) + 1n)
    while (ledger.lastApplied < last) this.#takeNext(member, ledger.lastApplied + 1n)
  }

  #takeNext(member: MemberRecord, zxid: bigint): void {
    const txn = this.#proposed.get(zxid)
    if (txn === undefined) throw new Violation(`server ${member.id} leads with zxid 0x${hex(zxid)}, which nobody has proposed`)
    this.#options.ledger.onTxn(txn)
  }

  #onServing(member: MemberRecord, server: EnsembleServer, epoch: bigint): void {
    const { ledger } = this.#options
    const { lastProcessedZxid } = server.replica
    if (epoch < member.current) throw new Violation(`server ${member.id} serves epoch ${epoch} in epoch ${member.current}`)
    if (counterOf(lastProcessedZxid) === 0n) {
      if (server.role instanceof Leading && ledger.epochZxid === epochZxid(epoch)) compareWithLedger(server.replica, ledger)
      return
    }
    member.applied = lastProcessedZxid
    if (lastProcessedZxid > ledger.lastApplied || (lastProcessedZxid > 0n && !ledger.has(lastProcessedZxid))) {
      throw new Violation(`server ${member.id} serves from zxid 0x${hex(lastProcessedZxid)}, which is not committed`)
    }
    if (lastProcessedZxid === ledger.lastApplied) compareWithLedger(server.replica, ledger)
  }

  /** Had the power gone everywhere now: what is committed is on the disks of a quorum, and nobody has lost any of it. */
  #look(): void {
    const { members, ledger, electorate } = this.#options
    this.looks++
    const holders = new Set<number>()
    for (const member of members) {
      const durable = member.inspector.durableZxid()
      if (durable < member.held) {
        throw new Violation(`server ${member.id} had zxid 0x${hex(member.held)}, which was committed, on its disk, and now ends at 0x${hex(durable)}`)
      }
      const isSettled = member.isSettled || member.server === undefined
      if (isSettled && durable >= ledger.lastApplied) member.held = ledger.lastApplied
      if (member.isVoter && durable >= ledger.lastApplied) holders.add(member.id)
    }
    if (!canDecide(electorate, holders)) {
      throw new Violation(`zxid 0x${hex(ledger.lastApplied)} is committed and on the disks of ${holders.size} of ${electorate.voters} voters`)
    }
  }
}

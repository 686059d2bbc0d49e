/**
 * What a leader and its learners say to each other, looked at from the leader's end: every stream has its packets in the
 * only order that no release of ZooKeeper trips over, and nothing is committed that a quorum has not acknowledged.
 */
import { hex } from '../base/hex.ts'
import { counterOf, epochZxid, follows } from '../protocol/zxid.ts'
import type { EnsembleServer } from '../quorum/member/ensemble-server.ts'
import { PacketDecoder } from '../quorum/wire/packet-decoder.ts'
import type { Leader } from '../quorum/zab/leader.ts'
import type { LearnerHandler } from '../quorum/zab/learner-handler.ts'
import { NO_ECHO, PacketType } from '../quorum/zab/packets.ts'
import type { ByteSource, PacketLink } from '../quorum/zab/packets.ts'
import { Violation } from './world.ts'

/** One learner's stream. What is sent before NEWLEADER is the history, and behind UPTODATE comes all that is new. */
interface Stream {
  /** Its leader speaks as Java does: history may have holes, and what is new goes out when it comes. */
  readonly isJava: boolean
  phase: 'history' | 'new leader' | 'up to date'
  /** The last PROPOSAL or INFORM, or where the learner's history ends before the first; 0 = it has none. */
  last: bigint
  /** Proposed and not committed, oldest first. */
  readonly open: bigint[]
  /** How often it has acknowledged the epoch: its history, then UPTODATE. */
  epochAcks: number
  /** The last txn that it has acknowledged. */
  acked: bigint
  /** The newest round of pings that it was to be sent, and those of the pings that it owes an echo of, oldest first. */
  round: number
  readonly pinged: number[]
}

/** Who speaks as Java does. */
export interface Makes {
  isJava(sid: bigint): boolean
}

/** What a leader may commit. */
interface Votes {
  /** Up to where each voter has acknowledged. */
  readonly acked: Map<bigint, bigint>
  /** The last txn that a quorum had acknowledged when it was decided. */
  committed: bigint
}

export class StreamChecks {
  readonly #server: EnsembleServer
  readonly #guard: (check: () => void) => void
  readonly #watched = new WeakSet<Leader>()
  readonly #makes: Makes

  constructor(server: EnsembleServer, guard: (check: () => void) => void, makes: Makes) {
    this.#server = server
    this.#guard = guard
    this.#makes = makes
  }

  /** Called as often as one likes, before the first learner comes. */
  watch(leader: Leader): void {
    if (this.#watched.has(leader)) return
    this.#watched.add(leader)
    const votes: Votes = { acked: new Map(), committed: 0n }
    const onLogged = leader.onLogged.bind(leader)
    leader.onLogged = (zxid) => {
      votes.acked.set(this.#server.self, zxid)
      onLogged(zxid)
    }
    const accept = leader.accept.bind(leader)
    leader.accept = (link) => {
      const stream: Stream = {
        isJava: this.#makes.isJava(this.#server.self),
        phase: 'history',
        last: 0n,
        open: [],
        epochAcks: 0,
        acked: 0n,
        round: 0,
        pinged: [],
      }
      // Nearest to the wire: whatever the leader does to its link is seen.
      this.#watchSent(link, () => learner, stream, votes)
      const learner: LearnerHandler = accept(link)
      this.#watchDecided(learner, votes)
      this.#watchHeard(leader, learner, stream, votes)
      return learner
    }
  }

  /**
   * Of what the leader has proposed itself. What came before it is the history, and held by a quorum. A learner that still
   * syncs is sent the COMMIT later: by then others may have come back, and what they said before counts no more.
   */
  #watchDecided(learner: LearnerHandler, votes: Votes): void {
    const commit = learner.commit.bind(learner)
    learner.commit = (txn, now) => {
      this.#guard(() => this.#onDecided(txn.header.zxid, votes))
      commit(txn, now)
    }
  }

  #onDecided(zxid: bigint, votes: Votes): void {
    // For another learner, in the same turn.
    if (zxid <= votes.committed) return
    const holders = new Set<bigint>()
    for (const [sid, last] of votes.acked) if (last >= zxid) holders.add(sid)
    if (!this.#server.config.containsQuorum(holders)) throw new Violation(`${this.#name} commits 0x${hex(zxid)}: only ${holders.size} have acknowledged it`)
    votes.committed = zxid
  }

  #watchSent(link: PacketLink, learner: () => LearnerHandler, stream: Stream, votes: Votes): void {
    const send = link.send.bind(link)
    const check = (type: number, zxid: bigint): void =>
      this.#guard(() => {
        const fault = onSent(stream, type, zxid) ?? uncommitted(stream, type, zxid, votes)
        // Who still syncs ignores pings.
        if (type === PacketType.PING && learner().phase === 'active') stream.pinged.push(stream.round)
        if (fault !== undefined) throw new Violation(`${this.#name} sends ${learner().name} ${typeName(type)} 0x${hex(zxid)}: ${fault}`)
      })
    /** Sent behind a source: looked at in its place. */
    let behind: (() => void)[] | undefined
    link.send = (type, zxid, data, authinfo) => {
      // What it has beyond the history that it is sent, it loses.
      if (type === PacketType.TRUNC || type === PacketType.SNAP) votes.acked.delete(learner().sid!)
      if (behind === undefined) check(type, zxid)
      else behind.push(() => check(type, zxid))
      send(type, zxid, data, authinfo)
    }
    const sendSource = link.sendSource.bind(link)
    link.sendSource = (source) => {
      if (source.kind === 'tree') return sendSource(source)
      behind = []
      sendSource(
        toldOf(source, check, () => {
          const late = behind ?? []
          behind = undefined
          for (const look of late) look()
        }),
      )
    }
  }

  #watchHeard(leader: Leader, learner: LearnerHandler, stream: Stream, { acked }: Votes): void {
    const ping = learner.ping.bind(learner)
    learner.ping = (zxid, round) => {
      stream.round = round
      ping(zxid, round)
    }
    const onPacket = learner.onPacket.bind(learner)
    learner.onPacket = (packet) => {
      // From there on it wants the history.
      if (packet.type === PacketType.ACKEPOCH) stream.last = packet.zxid
      const isEarly = stream.epochAcks === 0 && counterOf(packet.zxid) !== 0n && this.#makes.isJava(learner.sid!)
      if (packet.type === PacketType.ACK && !isEarly) {
        this.#guard(() => {
          const fault = onAck(stream, packet.zxid, leader.epoch)
          if (fault !== undefined) throw new Violation(`${this.#name} hears from ${learner.name} ACK 0x${hex(packet.zxid)}: ${fault}`)
        })
        // A stream that its learner has given up may still be read, until the leader gives it up, too.
        if (!learner.isClosing && packet.zxid > (acked.get(learner.sid!) ?? 0n)) acked.set(learner.sid!, packet.zxid)
      }
      onPacket(packet)
      if (packet.type === PacketType.PING && packet.zxid !== NO_ECHO) this.#guard(() => this.#onEcho(learner, stream))
    }
  }

  /** A learner echoes pings in order: an echo shows that it was there when the oldest was sent, and no later. */
  #onEcho({ name, echoed }: LearnerHandler, { pinged }: Stream): void {
    const round = pinged.shift()
    if (round !== undefined && echoed > round) throw new Violation(`${this.#name} takes the echo of round ${round} from ${name} for that of ${echoed}`)
  }

  get #name(): string {
    return `server ${this.#server.self}`
  }
}

/** Tells of each packet that the source makes, and of its end. */
function toldOf(source: ByteSource, onPacket: (type: number, zxid: bigint) => void, onEnd: () => void): ByteSource {
  const decoder = new PacketDecoder(Number.MAX_SAFE_INTEGER)
  return {
    kind: source.kind,
    fetch: (done) => (source.fetch === undefined ? done(undefined) : source.fetch(done)),
    fill: (w, limit) => {
      const before = w.position
      const isDone = source.fill(w, limit)
      decoder.feed(w.bytes.slice(before, w.position))
      for (let packet = decoder.next(); packet !== undefined; packet = decoder.next()) onPacket(packet.type, packet.zxid)
      if (isDone) onEnd()
      return isDone
    },
    close: () => source.close(),
  }
}

/** What is wrong with it. */
function onSent(stream: Stream, type: number, zxid: bigint): string | undefined {
  switch (type) {
    case PacketType.TRUNC:
    case PacketType.SNAP:
      stream.last = zxid
      return undefined
    case PacketType.NEWLEADER:
      if (stream.phase !== 'history') return 'it has come before'
      stream.phase = 'new leader'
      return undefined
    case PacketType.UPTODATE:
      if (stream.phase !== 'new leader') return 'there is no NEWLEADER before it, or another UPTODATE'
      stream.phase = 'up to date'
      return undefined
    case PacketType.PROPOSAL:
    case PacketType.INFORM:
    case PacketType.INFORMANDACTIVATE:
      return onTxn(stream, type, zxid)
    case PacketType.COMMIT:
    case PacketType.COMMITANDACTIVATE:
      if (stream.phase === 'new leader' && !stream.isJava) return BETWEEN
      return stream.open.shift() === zxid ? undefined : 'another one is next'
    default:
      return undefined
  }
}

function uncommitted({ phase }: Stream, type: number, zxid: bigint, { committed }: Votes): string | undefined {
  if (phase !== 'up to date' || !COMMITS.has(type)) return undefined
  return zxid <= committed ? undefined : 'it is not committed'
}

const COMMITS: ReadonlySet<number> = new Set([PacketType.COMMIT, PacketType.INFORM, PacketType.COMMITANDACTIVATE, PacketType.INFORMANDACTIVATE])

const BETWEEN = 'nothing goes out between NEWLEADER and UPTODATE'

function onTxn(stream: Stream, type: number, zxid: bigint): string | undefined {
  if (stream.phase === 'new leader' && !stream.isJava) return BETWEEN
  const { last } = stream
  stream.last = zxid
  if (last !== 0n && !follows(last, zxid) && !(stream.isJava && stream.phase === 'history')) return `it does not follow 0x${hex(last)}`
  if (type === PacketType.PROPOSAL) stream.open.push(zxid)
  return undefined
}

function onAck(stream: Stream, zxid: bigint, epoch: bigint): string | undefined {
  if (counterOf(zxid) === 0n) {
    if (zxid !== epochZxid(epoch)) return 'that is another epoch'
    return ++stream.epochAcks > 2 ? 'the epoch was acknowledged twice before' : undefined
  }
  const before = stream.acked
  stream.acked = zxid
  if (stream.epochAcks === 0) return 'it has not acknowledged NEWLEADER'
  return zxid > before ? undefined : `0x${hex(before)} was acknowledged before`
}

function typeName(type: number): string {
  return Object.entries(PacketType).find(([, value]) => value === type)?.[0] ?? String(type)
}

/** The leader's view of one learner: how far it has come, and what it is told (LearnerHandler). */
import { assert } from '../../base/assert.ts'
import { LearnerInfo, QuorumPacket } from '../../jute/generated/quorum.ts'
import { MalformedFrame } from '../../jute/malformed-frame.ts'
import { JuteReader } from '../../jute/reader.ts'
import { JuteWriter } from '../../jute/writer.ts'
import { counterOf, epochOf, epochZxid } from '../../protocol/zxid.ts'
import type { Clock } from '../../server/host/host.ts'
import type { LoggedTxn } from '../../server/txn/logged-txn.ts'
import { withoutDigest } from '../../server/txn/txn-codec.ts'
import { Owed } from './owed.ts'
import { LAST_EPOCH, NO_BYTES, NO_ECHO, PacketType, PROTOCOL_VERSION } from './packets.ts'
import type { ByteSource, PacketLink, SnapshotSource, Telling } from './packets.ts'

/** Above all zxids. */
const LAST_ZXID = 2n ** 63n
/** What is held for a learner takes no more than such a part of what may wait for it: there is room left when it is sent. */
const HELD_PART = 4
/** What a held packet takes besides its data, about. */
const HELD_BYTES = 32
/** Rounds of pings that a learner may leave without an echo, whatever else it says. */
const MOST_PINGS_OWED = 100_000

/**
 * 'greeting': nothing heard yet. 'greeted': has told its acceptedEpoch, waits for LEADERINFO. 'epoch': owes the ACKEPOCH.
 * 'acked epoch': waits for the others' ACKEPOCHs. 'syncing': gets its history and owes the ACK of NEWLEADER.
 * 'synced': holds the history, waits until the leader serves. 'active': everything after.
 */
export type LearnerPhase = 'greeting' | 'greeted' | 'epoch' | 'acked epoch' | 'syncing' | 'synced' | 'active' | 'closed'

/** What it is sent of the history: the whole tree, or txns. */
export type SyncWay = 'snap' | 'diff'

export interface Greeting {
  readonly acceptedEpoch: bigint
  readonly configVersion: bigint
}

/** What a learner says, in the order of a learner's life. */
export interface LearnerEvents {
  onGreeting(learner: LearnerHandler, greeting: Greeting): void
  /** `epoch` undefined: it has accepted this leader's epoch before, and says no more of its own. */
  onEpochAck(learner: LearnerHandler, epoch: bigint | undefined, zxid: bigint): void
  onHistoryAck(learner: LearnerHandler): void
  onAck(learner: LearnerHandler, zxid: bigint): void
  onPingEcho(learner: LearnerHandler, touched: readonly Touch[]): void
  onRequest(learner: LearnerHandler, packet: QuorumPacket): void
  onRevalidate(learner: LearnerHandler, session: bigint, timeoutMs: number): void
  /** It lacks what was committed behind the txn, which was not held for it. `catchUp` or `goLive` answers it, later. */
  onBehind(learner: LearnerHandler, after: bigint): void
  onClosed(learner: LearnerHandler, reason: string): void
}

export interface Touch {
  readonly session: bigint
  readonly timeoutMs: number
}

interface HeldPacket {
  readonly type: number
  readonly zxid: bigint
  readonly data: Uint8Array | null
  /** Undefined for what is no txn. */
  readonly txn: LoggedTxn | undefined
}

/**
 * What is not sent at once. 'none': everything is. 'held': the learner gets its history first, then this. 'dropped': there was too much of it; what is
 * committed behind `after` is read from the log when the learner is ready, and then comes the rest.
 */
type Backlog =
  | { readonly kind: 'none' }
  | { readonly kind: 'held'; readonly packets: HeldPacket[]; bytes: number }
  | { readonly kind: 'dropped'; readonly after: bigint; readonly rest: HeldPacket[] }

export class LearnerHandler {
  readonly link: PacketLink
  readonly #events: LearnerEvents
  readonly #reader = new JuteReader()
  readonly #writer = new JuteWriter()
  phase: LearnerPhase = 'greeting'
  /** The connection is about to go; it is 'closed' when it has. */
  isClosing = false
  /** Undefined until it has greeted. */
  sid: bigint | undefined
  /** By its greeting, which decides what it is sent, not what its ACKs count. */
  kind: 'follower' | 'observer' = 'follower'
  /** What it said at ACKEPOCH. */
  zxid = 0n
  /** Set while it gets its history. */
  syncing: SyncWay | undefined
  #epoch = 0n
  /** Proposed and committed since its history was fixed; sent behind UPTODATE, so that no release of Java trips over it. */
  #backlog: Backlog = { kind: 'none' }
  /** The last txn of the history that it was sent. */
  #toldUpTo = 0n
  #snapshot: SnapshotSource | undefined
  /** Txns from the log are on their way to it. */
  #isCatchingUp = false
  /** A ping to go between them. */
  #nextPing: { readonly zxid: bigint; readonly round: number } | undefined
  /** Proposals sent and not acknowledged: since when the oldest of them is owed says whether it still keeps up. */
  readonly #unacked: Owed<bigint>
  /** Numbers of the rounds of pings that it owes an echo of. */
  readonly #pings: Owed<number>
  /** The last round it has echoed. */
  echoed = 0
  #activatedAt = 0
  /** Where more waits for it, it is cut: it will come back and be synced. */
  readonly #closeBytes: number
  /** Of what waits, so much was proposed before it came, and has to wait. */
  #allowedBytes = 0
  readonly #clock: Clock

  constructor(link: PacketLink, events: LearnerEvents, clock: Clock, closeBytes: number) {
    this.link = link
    this.#events = events
    this.#clock = clock
    this.#closeBytes = closeBytes
    this.#unacked = new Owed(link)
    this.#pings = new Owed(link)
  }

  get name(): string {
    return this.sid === undefined ? this.link.peer : `${this.kind} ${this.sid} at ${this.link.peer}`
  }

  /** Whether it gets what is proposed and committed. */
  get isForwarded(): boolean {
    return !this.isClosing && (this.phase === 'syncing' || this.phase === 'synced' || this.phase === 'active')
  }

  // Telling ---------------------------------------------------------------------------------------------------

  sendLeaderInfo(epoch: bigint): void {
    this.#epoch = epoch
    this.phase = 'epoch'
    this.link.send(
      PacketType.LEADERINFO,
      epochZxid(epoch),
      this.#encode((w) => w.int(PROTOCOL_VERSION)),
    )
  }

  sendSnapshot(zxid: bigint, source: SnapshotSource): void {
    this.#snapshot = source
    this.#toldUpTo = zxid
    this.link.send(PacketType.SNAP, zxid)
    this.link.sendSource(source)
  }

  /** `keeps`: up to there it keeps what it has; `source` brings what follows, up to `last`. */
  sendTxns(type: number, keeps: bigint, source: ByteSource, last: bigint): void {
    this.#toldUpTo = last
    this.link.send(type, keeps)
    this.link.sendSource(source)
  }

  /** The history is on its way: `config` is the text of the configuration seen last. */
  sendNewLeader(epoch: bigint, config: Uint8Array): void {
    this.phase = 'syncing'
    this.#backlog = { kind: 'held', packets: [], bytes: 0 }
    this.link.send(PacketType.NEWLEADER, epochZxid(epoch), config)
  }

  /** What waits for it here and need not. Of a history no more is made than it takes. */
  get queuedBytes(): number {
    if (this.phase !== 'active' || this.#isCatchingUp) return this.heldBytes
    const waiting = this.link.queuedBytes
    if (waiting < this.#allowedBytes) this.#allowedBytes = waiting
    return waiting - this.#allowedBytes + this.heldBytes
  }

  get heldBytes(): number {
    return this.#backlog.kind === 'held' ? this.#backlog.bytes : 0
  }

  /**
   * When it last gave a sign of life, or began to owe some. While it gets its history it has nothing to say, and what it takes is the sign; so are
   * the bytes before a ping that it cannot have seen yet.
   */
  get seenAt(): number {
    const { heardAt, takenAt } = this.link
    if (this.phase === 'syncing' || this.#isCatchingUp) return Math.max(heardAt, takenAt, this.#activatedAt)
    const owedSince = this.#pings.since() ?? 0
    return Math.max(heardAt, this.#activatedAt, this.#pings.isLate ? owedSince : 0)
  }

  activate(now: number): void {
    this.phase = 'active'
    this.#activatedAt = now
    this.link.send(PacketType.UPTODATE, -1n)
    this.#goOn(now)
  }

  /** It has what it was sent: what was held meanwhile follows. */
  #goOn(now: number): void {
    const backlog = this.#backlog
    if (backlog.kind === 'dropped') return this.#events.onBehind(this, backlog.after)
    this.#backlog = { kind: 'none' }
    if (backlog.kind === 'held') this.#sendHeld(backlog.packets, now)
    this.#snapshot = undefined
  }

  #sendHeld(packets: readonly HeldPacket[], now: number): void {
    for (const packet of packets) this.#sendNow(packet.txn === undefined ? packet : this.#fitting(packet, packet.txn), now)
  }

  #fitting(packet: HeldPacket, txn: LoggedTxn): HeldPacket {
    return packet.data !== null && txn.header.zxid < this.#digestsFrom ? { ...packet, data: withoutDigest(txn).payload } : packet
  }

  /**
   * The tree that it was sent shows some of what earlier txns did, and nothing tells it so: a Java learner would compare their digests and count
   * mismatches.
   */
  get #digestsFrom(): bigint {
    return this.#snapshot === undefined ? 0n : (this.#snapshot.endZxid ?? LAST_ZXID)
  }

  /** How committed txns are told to it now. */
  get telling(): Telling {
    return { as: this.phase === 'active' && this.kind === 'observer' ? 'informs' : 'proposals', digestsFrom: this.#digestsFrom }
  }

  /** `source` brings all that is committed behind `after`, up to `last`; from here on the rest is held again until that is out. */
  catchUp(source: ByteSource, last: bigint): void {
    const { rest } = this.#takeDropped()
    this.#toldUpTo = last
    this.#isCatchingUp = true
    this.#backlog = { kind: 'held', packets: rest, bytes: 0 }
    this.link.sendSource(this.#withPings(source))
  }

  /** Nothing more was committed: what is proposed, and waits for it perhaps, goes out whatever its length. */
  goLive(outstanding: readonly LoggedTxn[], now: number): void {
    const { rest } = this.#takeDropped()
    this.#backlog = { kind: 'none' }
    this.#allowedBytes += outstanding.reduce((sum, { payload }) => sum + HELD_BYTES + payload.length, 0)
    for (const txn of outstanding) this.propose(txn, now)
    this.#sendHeld(rest, now)
    this.#snapshot = undefined
  }

  #takeDropped(): Extract<Backlog, { kind: 'dropped' }> {
    const backlog = this.#backlog
    assert(backlog.kind === 'dropped', 'only who lacks something is caught up')
    return backlog
  }

  /** Pings do not wait for the end of the source: in their echoes it tells whose sessions live. */
  #withPings(source: ByteSource): ByteSource {
    return {
      kind: 'packets',
      fetch: (done) => (source.fetch === undefined ? done(undefined) : source.fetch(done)),
      fill: (w, limit) => {
        const ping = this.#nextPing
        this.#nextPing = undefined
        if (ping !== undefined) {
          QuorumPacket.write(w, { type: PacketType.PING, zxid: ping.zxid, data: null, authinfo: null })
          this.#pings.push(ping.round, this.#clock.now(), w.position)
        }
        return source.fill(w, limit)
      },
      close: () => {
        source.close()
        this.#clock.endOfTurn(() => this.#onCaughtUp())
      },
    }
  }

  #onCaughtUp(): void {
    if (this.isClosing) return
    this.#isCatchingUp = false
    this.#goOn(this.#clock.now())
  }

  propose(txn: LoggedTxn, now: number): void {
    if (this.kind === 'follower') this.#forward(PacketType.PROPOSAL, txn, now)
  }

  commit(txn: LoggedTxn, now: number): void {
    this.#forward(this.kind === 'follower' ? PacketType.COMMIT : PacketType.INFORM, txn, now)
  }

  /** Echoes are owed by active learners only: one that syncs ignores pings. */
  ping(zxid: bigint, round: number): void {
    if (this.#isCatchingUp) {
      this.#nextPing = { zxid, round }
      return
    }
    this.link.send(PacketType.PING, zxid, null)
    if (this.phase === 'active') this.#pings.push(round, this.#clock.now())
    if (this.#pings.size > MOST_PINGS_OWED) return this.close('it echoes no pings')
    this.#checkQueue()
  }

  /** Since when it owes the acknowledgement of the oldest proposal that it has been told; undefined when there is none. */
  get waitingSince(): number | undefined {
    return this.#unacked.since()
  }

  answerRevalidate(session: bigint, isValid: boolean): void {
    const data = this.#encode((w) => {
      w.long(session)
      w.bool(isValid)
    })
    this.#send(PacketType.REVALIDATE, -1n, data)
  }

  /** The oldest sync of its clients. */
  answerSync(): void {
    this.#send(PacketType.SYNC, 0n, null)
  }

  close(reason: string): void {
    if (this.phase === 'closed') return
    this.isClosing = true
    this.link.close(reason)
  }

  /** Nothing that waits for it is kept any longer. */
  abort(reason: string): void {
    if (this.phase === 'closed') return
    this.isClosing = true
    this.#forget()
    this.link.abort(reason)
  }

  /** Its link is gone: nobody is told what is held. */
  #forget(): void {
    this.#backlog = { kind: 'none' }
  }

  /** What is held is not kept any longer: the log has it. */
  dropHeld(): void {
    if (this.#backlog.kind !== 'held') return
    this.#backlog = { kind: 'dropped', after: this.#toldUpTo, rest: this.#backlog.packets.filter(({ txn }) => txn === undefined) }
  }

  /** In its place among the txns. */
  #send(type: number, zxid: bigint, data: Uint8Array | null): void {
    const packet = { type, zxid, data, txn: undefined }
    if (this.#backlog.kind === 'held') this.#backlog.packets.push(packet)
    else if (this.#backlog.kind === 'dropped') this.#backlog.rest.push(packet)
    else this.#sendNow(packet, this.#clock.now())
  }

  #checkQueue(): void {
    if (this.queuedBytes > this.#closeBytes) this.abort('it is too far behind')
  }

  #forward(type: number, txn: LoggedTxn, now: number): void {
    const packet = { type, zxid: txn.header.zxid, data: type === PacketType.COMMIT ? null : txn.payload, txn }
    const backlog = this.#backlog
    if (backlog.kind === 'none') return this.#sendNow(packet, now)
    if (backlog.kind === 'dropped') return
    backlog.packets.push(packet)
    backlog.bytes += HELD_BYTES + (packet.data?.length ?? 0)
    if (backlog.bytes > this.#closeBytes / HELD_PART) this.dropHeld()
  }

  #sendNow({ type, zxid, data }: HeldPacket, now: number): void {
    if (this.isClosing) return
    this.link.send(type, zxid, data)
    if (type === PacketType.PROPOSAL) this.#unacked.push(zxid, now)
    this.#checkQueue()
  }

  // Hearing ---------------------------------------------------------------------------------------------------

  onPacket(packet: QuorumPacket): void {
    if (this.isClosing) return
    try {
      const fault = this.#hear(packet)
      if (fault !== undefined) this.close(fault)
    } catch (error) {
      if (!(error instanceof MalformedFrame)) throw error
      this.close(`its packet of type ${packet.type} is malformed: ${error.message}`)
    }
  }

  onClosed(reason: string): void {
    this.isClosing = true
    this.phase = 'closed'
    this.#forget()
    this.#events.onClosed(this, reason)
  }

  #hear(packet: QuorumPacket): string | undefined {
    switch (this.phase) {
      case 'greeting':
        return this.#hearGreeting(packet)
      case 'epoch':
        return this.#hearEpochAck(packet)
      case 'greeted':
      case 'acked epoch':
        return `it sent a packet of type ${packet.type} while it has to wait`
      case 'syncing':
        return this.#hearHistoryAck(packet)
      default:
        this.#hearActive(packet)
        return undefined
    }
  }

  #hearGreeting({ type, zxid, data }: QuorumPacket): string | undefined {
    if (type !== PacketType.FOLLOWERINFO && type !== PacketType.OBSERVERINFO) return 'First packet is not FOLLOWERINFO or OBSERVERINFO!'
    if (data === null || data.length < 20) return 'it speaks a protocol older than ZooKeeper 3.5'
    const { serverid, protocolVersion, configVersion } = LearnerInfo.read(this.#read(data))
    if (protocolVersion < PROTOCOL_VERSION) return `protocol version ${protocolVersion} is not spoken here`
    const acceptedEpoch = epochOf(zxid)
    if (acceptedEpoch < 0n || acceptedEpoch >= LAST_EPOCH) return `it has accepted an epoch that cannot be, ${acceptedEpoch}`
    this.sid = serverid
    this.kind = type === PacketType.OBSERVERINFO ? 'observer' : 'follower'
    this.phase = 'greeted'
    this.#events.onGreeting(this, { acceptedEpoch, configVersion })
    return undefined
  }

  #hearEpochAck({ type, zxid, data }: QuorumPacket): string | undefined {
    if (type !== PacketType.ACKEPOCH || data === null) return 'it does not acknowledge the epoch'
    const epoch = this.#read(data).int()
    this.zxid = zxid
    this.phase = 'acked epoch'
    this.#events.onEpochAck(this, epoch === -1 ? undefined : BigInt(epoch), zxid)
    return undefined
  }

  #hearHistoryAck({ type, zxid }: QuorumPacket): string | undefined {
    if (type !== PacketType.ACK) return 'Next packet was supposed to be an ACK'
    // Some releases acknowledge txns of their history before they acknowledge the whole of it.
    if (zxid !== epochZxid(this.#epoch)) return undefined
    this.phase = 'synced'
    this.#events.onHistoryAck(this)
    return undefined
  }

  #hearActive(packet: QuorumPacket): void {
    const { type, zxid, data } = packet
    if (type === PacketType.ACK) {
      // Counter 0: it acknowledges UPTODATE.
      if (counterOf(zxid) !== 0n) this.#onAck(zxid)
    } else if (type === PacketType.PING) {
      const round = zxid === NO_ECHO ? undefined : this.#pings.shift()
      if (round !== undefined) this.echoed = round
      this.#events.onPingEcho(this, this.#touches(data))
    } else if (type === PacketType.REVALIDATE) {
      const reader = this.#read(data)
      this.#events.onRevalidate(this, reader.long(), reader.int())
    } else if (type === PacketType.REQUEST) {
      this.#events.onRequest(this, packet)
    }
    // As Java: whatever else it sends means nothing.
  }

  #onAck(zxid: bigint): void {
    while (this.#unacked.first !== undefined && this.#unacked.first <= zxid) this.#unacked.shift()
    this.#events.onAck(this, zxid)
  }

  #touches(data: Uint8Array | null): Touch[] {
    const reader = this.#read(data)
    const touched: Touch[] = []
    while (reader.remaining > 0) touched.push({ session: reader.long(), timeoutMs: reader.int() })
    return touched
  }

  #encode(write: (w: JuteWriter) => void): Uint8Array {
    this.#writer.reset()
    write(this.#writer)
    return this.#writer.copy()
  }

  #read(data: Uint8Array | null): JuteReader {
    this.#reader.reset(data ?? NO_BYTES)
    return this.#reader
  }
}

/** The leader's view of one learner: how far it has come, and what it is told (LearnerHandler). */
import { LearnerInfo } from '../../jute/generated/quorum.ts'
import type { QuorumPacket } from '../../jute/generated/quorum.ts'
import { JuteReader } from '../../jute/reader.ts'
import { JuteWriter } from '../../jute/writer.ts'
import { MalformedFrame } from '../../jute/malformed-frame.ts'
import type { LoggedTxn } from '../../server/request/request.ts'
import { withoutDigest } from '../../server/request/txn-codec.ts'
import { counterOf, epochOf, epochZxid, LAST_EPOCH, NO_BYTES, NO_ECHO, PacketType, PROTOCOL_VERSION } from './packets.ts'
import type { PacketLink, SnapshotSource } from './packets.ts'

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
  onClosed(learner: LearnerHandler, reason: string): void
}

export interface Touch {
  readonly session: bigint
  readonly timeoutMs: number
}

interface HeldPacket {
  readonly type: number
  readonly txn: LoggedTxn
}

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
  #held: HeldPacket[] = []
  #heldBytes = 0
  #snapshot: SnapshotSource | undefined
  /** Proposals sent and not acknowledged: when the oldest of them was sent says whether it still keeps up. */
  readonly #unacked: { readonly zxid: bigint; readonly sentAt: number }[] = []
  /** Numbers of the rounds of pings that it owes an echo of. */
  readonly #pings: number[] = []
  /** The last round it has echoed. */
  echoed = 0
  #activatedAt = 0
  /** Where more waits for it, it is cut: it will come back and be synced. */
  readonly #closeBytes: number

  constructor(link: PacketLink, events: LearnerEvents, closeBytes: number) {
    this.link = link
    this.#events = events
    this.#closeBytes = closeBytes
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
    this.link.send(PacketType.SNAP, zxid)
    this.link.sendSource(source)
  }

  /** The history is on its way: `config` is the text of the configuration seen last. */
  sendNewLeader(epoch: bigint, config: Uint8Array): void {
    this.phase = 'syncing'
    this.link.send(PacketType.NEWLEADER, epochZxid(epoch), config)
  }

  /** What waits for it here. */
  get queuedBytes(): number {
    return this.link.queuedBytes + this.#heldBytes
  }

  /** When it last gave a sign of life, or began to owe some. */
  get seenAt(): number {
    return Math.max(this.link.heardAt, this.#activatedAt)
  }

  activate(now: number): void {
    this.phase = 'active'
    this.#activatedAt = now
    this.link.send(PacketType.UPTODATE, -1n)
    const held = this.#held
    this.#held = []
    this.#heldBytes = 0
    for (const { type, txn } of held) this.#forwardNow(type, this.#isFuzzyBefore(txn) ? withoutDigest(txn) : txn, now)
    this.#snapshot = undefined
  }

  /**
   * The tree that it was sent shows some of what this txn and later ones did, and nothing tells it so: a Java learner would compare the digest
   * and count a mismatch.
   */
  #isFuzzyBefore({ header }: LoggedTxn): boolean {
    if (this.#snapshot === undefined) return false
    const { endZxid } = this.#snapshot
    return endZxid === undefined || header.zxid < endZxid
  }

  propose(txn: LoggedTxn, now: number): void {
    if (this.kind === 'follower') this.#forward(PacketType.PROPOSAL, txn, now)
  }

  commit(txn: LoggedTxn, now: number): void {
    this.#forward(this.kind === 'follower' ? PacketType.COMMIT : PacketType.INFORM, txn, now)
  }

  /** Echoes are owed by active learners only: one that syncs ignores pings. */
  ping(zxid: bigint, round: number): void {
    if (this.phase === 'active') this.#pings.push(round)
    if (this.#pings.length > MOST_PINGS_OWED) return this.close('it echoes no pings')
    this.#send(PacketType.PING, zxid, null)
  }

  /** Sent when the oldest proposal that it has not acknowledged was; undefined when there is none. */
  get waitingSince(): number | undefined {
    return this.#unacked[0]?.sentAt
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
    this.#dropHeld()
    this.link.abort(reason)
  }

  #dropHeld(): void {
    this.#held = []
    this.#heldBytes = 0
  }

  #send(type: number, zxid: bigint, data: Uint8Array | null): void {
    this.link.send(type, zxid, data)
    this.#checkQueue()
  }

  #checkQueue(): void {
    if (this.queuedBytes > this.#closeBytes) this.abort('it is too far behind')
  }

  #forward(type: number, txn: LoggedTxn, now: number): void {
    if (this.phase === 'active') return this.#forwardNow(type, txn, now)
    this.#held.push({ type, txn })
    this.#heldBytes += 32 + (type === PacketType.COMMIT ? 0 : txn.payload.length)
    this.#checkQueue()
  }

  #forwardNow(type: number, { header: { zxid }, payload }: LoggedTxn, now: number): void {
    if (type === PacketType.PROPOSAL) this.#unacked.push({ zxid, sentAt: now })
    this.#send(type, zxid, type === PacketType.COMMIT ? null : payload)
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
    this.#dropHeld()
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
    while (this.#unacked.length > 0 && this.#unacked[0]!.zxid <= zxid) this.#unacked.shift()
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

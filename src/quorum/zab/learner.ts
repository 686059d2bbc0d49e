/**
 * The learner's side: it takes over a leader's history, each step durable before the next, then logs, acknowledges and
 * commits what the leader says (Learner, Follower, Observer).
 */
import type { Id } from '../../jute/generated/data.ts'
import { LearnerInfo } from '../../jute/generated/quorum.ts'
import type { QuorumPacket } from '../../jute/generated/quorum.ts'
import type { SetDataTxn } from '../../jute/generated/txn.ts'
import { MalformedFrame } from '../../jute/malformed-frame.ts'
import { JuteReader } from '../../jute/reader.ts'
import { JuteWriter } from '../../jute/writer.ts'
import { OpCode } from '../../protocol/codes.ts'
import { counterOf, epochOf, epochZxid, follows } from '../../protocol/zxid.ts'
import type { Clock, Timer } from '../../server/host/host.ts'
import type { LoggedTxn } from '../../server/txn/logged-txn.ts'
import type { LetDown } from './absentees.ts'
import type { Epochs } from './epochs.ts'
import type { QuorumLimits } from './leader.ts'
import type { Touch } from './learner-handler.ts'
import { NO_BYTES, NO_ECHO, PacketType, PROTOCOL_VERSION } from './packets.ts'
import type { PacketLink } from './packets.ts'

/** As a Java server ends on a history that cannot be cut back. */
export const EXIT_ON_SYNC = 13

/** What a leader takes for granted is not there: it has to send everything. */
export class HistoryNotHeld extends Error {}
/** A server that was away may be that far behind; beyond that a leader is none, and would take the last epochs there are. */
const MOST_EPOCHS_BEHIND = 1n << 30n

/** In the place of an epoch in ACKEPOCH: the epoch was accepted before. */
const NO_ACK = -1

export type StepDone = (error: Error | undefined) => void

/** What the learner needs of the server it runs on. */
export interface LearnerServer {
  /** Of the last txn in the log. */
  readonly lastZxid: bigint
  /** Takes a copy. Throws MalformedFrame for what is no txn. */
  decode(payload: Uint8Array): LoggedTxn
  append(txn: LoggedTxn): void
  /** Calls back once everything appended is durable. */
  whenDurable(done: () => void): void
  /** In the order of the zxids; the client that asked for it, if it is here, is answered. */
  commit(txn: LoggedTxn): void
  /** The memory no longer is what the log says: it must be read again if the role ends before `persist`. */
  beginReplacement(done: () => void): void
  /** The tree is empty and takes what comes; then `adopt` names its zxid. */
  receiveSnapshot(done: () => void): void
  adopt(zxid: bigint): void
  /** The leader had proposed no more when it sent the ping; what it sent before came before. */
  onPing(lastProposed: bigint): void
  /** Cuts log and tree back to the zxid; HistoryNotHeld, and nothing is cut, where that is not to be had. */
  truncate(zxid: bigint, done: StepDone): void
  /** The tree as it is now stands in a snapshot, durably, and nothing newer beside it. */
  persist(done: StepDone): void
  /** The leader's epoch is established; clients may come. */
  serve(epoch: bigint): void
  /** The history that the leader of this epoch has sent is not whole. */
  onHole(epoch: bigint): void
  /** Whether it was not: from that leader everything is wanted. */
  hasHole(epoch: bigint): boolean
  /** This learner has stopped, and memory and disk are as they were: another one is to ask the same leader. */
  askAnew(reason: string): void
  /** The tree and the log lack txns that were committed: nobody may take them for the history until a leader has sent everything. */
  onSpoilt(): void
  /** Txns after which the tree was another than they had promised. */
  readonly digestMismatches: number
  /**
   * Configurations that the leader has, or is about to have; the newest of them counts. False where its members are not those of this server:
   * then nothing of it may be acknowledged. `isChange`: a txn has made one of them.
   */
  acceptsConfig(texts: readonly string[], isChange: boolean): boolean
  /** The newest of those accepted is in force. */
  adoptConfig(): void
  /** Sessions that had a sign of life since the last call. */
  takeTouched(): readonly Touch[]
  onRevalidated(session: bigint, isValid: boolean): void
  /** The oldest sync that was forwarded and not answered. */
  onSync(): void
  /** It follows no more, and how the leader has let it down, if it has. Called once, unless `stop` was. */
  leave(reason: string, how?: LetDown): void
  /** What is not to be survived. */
  fail(reason: string, exitCode: number): void
}

export interface LearnerParts {
  readonly self: bigint
  readonly kind: 'follower' | 'observer'
  readonly configVersion: bigint
  readonly epochs: Epochs
  readonly server: LearnerServer
  readonly clock: Clock
  readonly limits: QuorumLimits
  /** Sessions that one packet may tell of. */
  readonly mostTouches: number
  readonly log: { info(line: string): void; warn(line: string): void }
}

/**
 * 'greeting': has sent its info. 'proving': has acknowledged the epoch. 'syncing': gets the history. 'synced': holds it,
 * waits for UPTODATE. 'active': everything after.
 */
type Phase = 'greeting' | 'proving' | 'syncing' | 'synced' | 'active' | 'ended'

export class Learner {
  readonly #parts: LearnerParts
  readonly #link: PacketLink
  readonly #reader = new JuteReader()
  readonly #writer = new JuteWriter()
  #phase: Phase = 'greeting'
  #epoch = 0n
  /** SNAP or TRUNC: the tree runs ahead of the log until NEWLEADER. */
  #isReplacing = false
  /** Proposed and not committed, oldest first. */
  #proposed: LoggedTxn[] = []
  /** Committed while it synced, and not applied yet. */
  #committed: LoggedTxn[] = []
  /** Configurations among the txns of the leader's history. They are looked at with that of NEWLEADER, which is newer as a rule. */
  #configs: string[] = []
  #lastHeard = 0n
  /** Where the DIFF is to end; 0 where nothing is said of that. */
  #promisedEnd = 0n
  /** The history goes from one epoch to another, where zxids do not show what may be missing. */
  #crossesEpochs = false
  #mismatchesBefore = 0
  /** Logged, or about to be, and not acknowledged yet. */
  readonly #unacked: bigint[] = []
  #isBusy = false
  #timer: Timer | undefined

  constructor(parts: LearnerParts, link: PacketLink) {
    this.#parts = parts
    this.#link = link
  }

  get epoch(): bigint {
    return this.#epoch
  }

  /** As operators know them (QuorumPeer.ZabState). */
  get phase(): 'discovery' | 'synchronization' | 'broadcast' {
    if (this.#phase === 'active') return 'broadcast'
    return this.#phase === 'syncing' || this.#phase === 'synced' ? 'synchronization' : 'discovery'
  }

  /** The connection to the leader stands. */
  start(): void {
    const { self, kind, configVersion, epochs } = this.#parts
    const info = this.#encode((w) => LearnerInfo.write(w, { serverid: self, protocolVersion: PROTOCOL_VERSION, configVersion }))
    this.#link.send(kind === 'follower' ? PacketType.FOLLOWERINFO : PacketType.OBSERVERINFO, epochZxid(epochs.accepted), info)
    this.#watchLeader()
  }

  /** The leader may take its time for the history; afterwards it has to show that it lives. */
  #watchLeader(): void {
    const { clock, limits } = this.#parts
    this.#timer = clock.after(limits.tickTimeMs / 2, () => {
      const holdsHistory = this.#phase === 'synced' || this.#phase === 'active'
      const limitMs = limits.tickTimeMs * (holdsHistory ? limits.syncLimit : limits.initLimit)
      const silence = clock.now() - this.#link.heardAt
      // What the leader has said meanwhile waits in the socket: it is read before it is missed.
      if (silence > limitMs && !this.#isBusy) clock.endOfTurn(() => this.#leaveIfSilent(limitMs))
      this.#watchLeader()
    })
  }

  #leaveIfSilent(limitMs: number): void {
    if (this.#parts.clock.now() - this.#link.heardAt > limitMs) this.#leave(`the leader has been silent for ${limitMs} ms`, 'silent')
  }

  stop(reason: string): void {
    if (this.#phase === 'ended') return
    this.#phase = 'ended'
    this.#timer?.cancel()
    this.#link.close(reason)
  }

  onClosed(reason: string): void {
    this.#leave(reason, 'closed')
  }

  #leave(reason: string, how?: LetDown): void {
    if (this.#phase === 'ended') return
    this.stop(reason)
    this.#parts.server.leave(reason, how)
  }

  #fail(reason: string, exitCode: number): void {
    this.stop(reason)
    this.#parts.server.fail(reason, exitCode)
  }

  /** One step at a time: nothing more is heard until it has succeeded. */
  #step(work: (done: StepDone) => void, then: () => void, otherwise = (error: Error): void => this.#leave(error.message)): void {
    this.#isBusy = true
    this.#link.hold()
    work((error) => {
      if (this.#phase === 'ended') return
      if (error !== undefined) return otherwise(error)
      this.#isBusy = false
      this.#link.resume()
      then()
    })
  }

  onPacket(packet: QuorumPacket): void {
    try {
      this.#hear(packet)
    } catch (error) {
      if (!(error instanceof MalformedFrame)) throw error
      this.#leave(`the leader's packet of type ${packet.type} is malformed: ${error.message}`)
    }
  }

  #hear(packet: QuorumPacket): void {
    switch (this.#phase) {
      case 'greeting':
        return this.#hearEpoch(packet)
      case 'proving':
        return this.#hearPlan(packet)
      case 'syncing':
      case 'synced':
        return this.#hearHistory(packet)
      case 'active':
        return this.#hearActive(packet)
      case 'ended':
    }
  }

  // Discovery -------------------------------------------------------------------------------------------------

  #hearEpoch({ type, zxid, data }: QuorumPacket): void {
    const { epochs, server, log } = this.#parts
    if (type !== PacketType.LEADERINFO) return this.#leave(`First packet should have been LEADERINFO, it is of type ${type}`)
    if (this.#read(data).int() < PROTOCOL_VERSION) return this.#leave('the leader speaks a protocol older than ZooKeeper 3.4')
    this.#epoch = epochOf(zxid)
    this.#phase = 'proving'
    if (this.#epoch < epochs.accepted) {
      const what = `Leaders epoch, ${this.#epoch} is less than accepted epoch, ${epochs.accepted}`
      return this.#leave(`${what}: this server can follow a leader that is elected later; a restart of the leader brings one`)
    }
    if (this.#epoch - epochs.accepted > MOST_EPOCHS_BEHIND) return this.#leave(`the leader's epoch cannot be, ${this.#epoch}`)
    if (this.#epoch === epochs.accepted) return this.#ackEpoch(NO_ACK)
    const current = Number(epochs.current)
    log.info(`The leader's epoch is ${this.#epoch}, ours was ${current}, with 0x${server.lastZxid.toString(16)} as the last zxid`)
    this.#step(
      (done) => epochs.setAccepted(this.#epoch, done),
      () => this.#ackEpoch(current),
    )
  }

  /**
   * Who has accepted the epoch before acknowledges nothing with this, and only tells from where on it wants the history. So it may say then that it
   * has nothing: it is sent a snapshot, and its vote does not suffer.
   */
  #ackEpoch(current: number): void {
    const { lastZxid } = this.#parts.server
    const wantsAll = current === NO_ACK && lastZxid > 0n && this.#parts.server.hasHole(this.#epoch)
    this.#link.send(
      PacketType.ACKEPOCH,
      wantsAll ? 0n : lastZxid,
      this.#encode((w) => w.int(current)),
    )
  }

  // Synchronization -------------------------------------------------------------------------------------------

  #hearPlan({ type, zxid }: QuorumPacket): void {
    const { server, log } = this.#parts
    this.#phase = 'syncing'
    this.#lastHeard = server.lastZxid
    this.#mismatchesBefore = server.digestMismatches
    if (type === PacketType.DIFF) {
      if (counterOf(zxid) !== 0n) this.#promisedEnd = zxid
      log.info(`Getting a diff from the leader, up to 0x${zxid.toString(16)}`)
    } else if (type === PacketType.SNAP) {
      log.info(`Getting a snapshot from the leader, 0x${zxid.toString(16)}`)
      this.#isReplacing = true
      this.#lastHeard = zxid
      this.#step(
        (done) => server.beginReplacement(() => done(undefined)),
        () => server.receiveSnapshot(() => server.adopt(zxid)),
      )
    } else if (type === PacketType.TRUNC) {
      log.warn(`Truncating log to get in sync with the leader 0x${zxid.toString(16)}`)
      this.#isReplacing = true
      this.#lastHeard = zxid
      this.#step(
        (done) => server.beginReplacement(() => done(undefined)),
        () => this.#truncate(zxid),
      )
    } else {
      this.#leave(`Got unexpected packet from leader: ${type}`)
    }
  }

  #truncate(zxid: bigint): void {
    this.#step(
      (done) => this.#parts.server.truncate(zxid, done),
      () => {},
      (error) => {
        const reason = `Not able to truncate the log to 0x${zxid.toString(16)}: ${error.message}`
        // Java ends, and again at each start; who has nothing is sent a snapshot.
        if (error instanceof HistoryNotHeld) this.#leave(reason)
        else this.#fail(reason, EXIT_ON_SYNC)
      },
    )
  }

  #hearHistory({ type, zxid, data }: QuorumPacket): void {
    switch (type) {
      case PacketType.PROPOSAL:
        return this.#keepProposal(zxid, data)
      case PacketType.COMMIT:
      case PacketType.COMMITANDACTIVATE:
        return this.#keepCommit(zxid)
      case PacketType.INFORM:
        return this.#keepInform(zxid, data)
      case PacketType.INFORMANDACTIVATE:
        return this.#keepInform(zxid, this.#withoutDesignated(data))
      case PacketType.NEWLEADER:
        return this.#hearNewLeader(data)
      case PacketType.UPTODATE:
        return this.#hearUpToDate()
      default:
      // Pings mean nothing yet.
    }
  }

  #keepProposal(zxid: bigint, data: Uint8Array | null): void {
    const txn = this.#decode(zxid, data)
    if (txn !== undefined) this.#proposed.push(txn)
  }

  #keepInform(zxid: bigint, data: Uint8Array | null): void {
    if (this.#parts.kind !== 'observer') return
    const txn = this.#decode(zxid, data)
    if (txn !== undefined) this.#takeCommitted(txn)
  }

  #keepCommit(zxid: bigint): void {
    const head = this.#proposed[0]
    // Behind a snapshot come commits of txns that are in it already.
    if (head === undefined || zxid < head.header.zxid) return
    if (head.header.zxid !== zxid) return this.#leave(`Committing 0x${zxid.toString(16)}, but 0x${head.header.zxid.toString(16)} is next`)
    this.#proposed.shift()
    this.#takeCommitted(head)
  }

  #takeCommitted(txn: LoggedTxn): void {
    if (this.#isReplacing && this.#phase === 'syncing') this.#parts.server.commit(txn)
    else this.#committed.push(txn)
  }

  /** Undefined for what is in the snapshot already, and once this learner has left. */
  #decode(zxid: bigint, data: Uint8Array | null): LoggedTxn | undefined {
    const txn = this.#parts.server.decode(data ?? NO_BYTES)
    if (txn.header.zxid !== zxid) {
      this.#leave(`a proposal of 0x${zxid.toString(16)} holds the txn 0x${txn.header.zxid.toString(16)}`)
      return undefined
    }
    if (zxid <= this.#lastHeard) return undefined
    if (!follows(this.#lastHeard, zxid)) {
      this.#leaveForHole(`Got zxid 0x${zxid.toString(16)} expected 0x${(this.#lastHeard + 1n).toString(16)}`)
      return undefined
    }
    if (epochOf(zxid) !== epochOf(this.#lastHeard)) this.#crossesEpochs = true
    if (!this.#isConfigAccepted(txn)) return undefined
    this.#lastHeard = zxid
    return txn
  }

  /**
   * Another DIFF of this leader's would have the same hole: this learner asks for everything, at once, since with less than initLimit left a
   * leader may need its vote. What has cut the tree back, or asked for everything before, goes by way of the election.
   */
  #leaveForHole(reason: string): void {
    const { server } = this.#parts
    const isNews = this.#phase === 'syncing' && !this.#isReplacing && !server.hasHole(this.#epoch)
    server.onHole(this.#epoch)
    if (!isNews) return this.#leave(reason)
    this.stop(reason)
    server.askAnew(reason)
  }

  /** The members that a reconfiguration makes are those that this server has, or it goes no further. */
  #isConfigAccepted({ kind, record }: LoggedTxn): boolean {
    if (kind.type !== OpCode.reconfig) return true
    const { data } = record as SetDataTxn
    const text = Buffer.from(data ?? NO_BYTES).toString('utf8')
    if (this.#phase !== 'syncing') return this.#acceptsConfig([text], true)
    this.#configs.push(text)
    return true
  }

  #acceptsConfig(texts: readonly string[], isChange: boolean): boolean {
    const isAccepted = this.#parts.server.acceptsConfig(texts, isChange)
    if (!isAccepted) this.stop('the members are others than those of this server')
    return isAccepted
  }

  /** Both kinds of ACTIVATE begin with the sid of the leader from then on. With the same members it is the same leader. */
  #withoutDesignated(data: Uint8Array | null): Uint8Array {
    this.#read(data).long()
    return data!.subarray(8)
  }

  /** History first, then the epoch, then the ACK: whoever votes by the epoch has the history. */
  #hearNewLeader(config: Uint8Array | null): void {
    if (this.#phase !== 'syncing') return
    const { epochs } = this.#parts
    const texts = this.#configs
    const isChange = texts.length > 0
    this.#configs = []
    // As Java: a leader that has none to tell sends a byte at most.
    if (config !== null && config.length > 1) texts.push(Buffer.from(config).toString('utf8'))
    if (!this.#acceptsConfig(texts, isChange)) return
    if (this.#lastHeard < this.#promisedEnd) {
      return this.#leaveForHole(
        `The history ends with 0x${this.#lastHeard.toString(16)}, and the leader said that it ends with 0x${this.#promisedEnd.toString(16)}`,
      )
    }
    this.#step(
      (done) => this.#storeHistory(done),
      () =>
        this.#step(
          (done) => epochs.setCurrent(this.#epoch, done),
          () => {
            this.#phase = 'synced'
            this.#link.send(PacketType.ACK, epochZxid(this.#epoch))
          },
        ),
    )
  }

  #storeHistory(done: StepDone): void {
    const { server } = this.#parts
    if (this.#isReplacing) return this.#lacksTxns ? this.#leaveSpoilt() : server.persist(done)
    const committed = this.#committed
    this.#committed = []
    for (const txn of committed) server.append(txn)
    server.whenDurable(() => {
      if (this.#phase === 'ended') return
      for (const txn of committed) server.commit(txn)
      if (this.#lacksTxns) this.#leaveSpoilt()
      else done(undefined)
    })
  }

  /** A leader that was sent a snapshot has no txns of before it, and if the epoch changes there the zxids look whole. The digests do not. */
  get #lacksTxns(): boolean {
    return this.#crossesEpochs && this.#parts.server.digestMismatches > this.#mismatchesBefore
  }

  #leaveSpoilt(): void {
    this.#parts.server.onSpoilt()
    this.#leave('The history of the leader goes from one epoch to the next, and the tree is not the one that it promises: txns are missing')
  }

  #hearUpToDate(): void {
    if (this.#phase !== 'synced') return this.#leave('UPTODATE came before NEWLEADER')
    const { server, kind } = this.#parts
    if (kind === 'observer' && this.#proposed.length > 0) return this.#leave('an observer was sent what is not committed')
    this.#phase = 'active'
    this.#link.send(PacketType.ACK, epochZxid(this.#epoch))
    const committed = this.#committed
    this.#committed = []
    // Acknowledged one and all: a Java leader cuts off who leaves a proposal unanswered, be it committed meanwhile.
    for (const txn of committed) this.#log(txn)
    for (const txn of this.#proposed) this.#log(txn)
    // A quorum holds them already: they need not wait for this log.
    for (const txn of committed) server.commit(txn)
    server.serve(this.#epoch)
  }

  // Broadcast -------------------------------------------------------------------------------------------------

  #hearActive({ type, zxid, data }: QuorumPacket): void {
    const { server, kind } = this.#parts
    switch (type) {
      case PacketType.PROPOSAL:
        if (kind === 'follower') this.#onProposal(zxid, data)
        return
      case PacketType.COMMIT:
        if (kind === 'follower') this.#onCommit(zxid)
        return
      case PacketType.COMMITANDACTIVATE:
        if (kind !== 'follower') return
        server.adoptConfig()
        return this.#onCommit(zxid)
      case PacketType.INFORM:
        if (kind === 'observer') this.#onInform(zxid, data)
        return
      case PacketType.INFORMANDACTIVATE:
        if (kind !== 'observer') return
        this.#onInform(zxid, this.#withoutDesignated(data))
        return server.adoptConfig()
      case PacketType.PING:
        return this.#onPing(zxid)
      case PacketType.REVALIDATE: {
        const reader = this.#read(data)
        return server.onRevalidated(reader.long(), reader.bool())
      }
      case PacketType.SYNC:
        return server.onSync()
      default:
        this.#parts.log.warn(`Unknown packet type ${type} from the leader is ignored`)
    }
  }

  #onPing(zxid: bigint): void {
    const { server, mostTouches } = this.#parts
    server.onPing(zxid)
    const touched = server.takeTouched()
    let sent = 0
    // A leader cuts off whose packet is too long. More than one packet is nothing to Java's; only the last is the echo.
    for (; touched.length - sent > mostTouches; sent += mostTouches) this.#sendTouched(NO_ECHO, touched.slice(sent, sent + mostTouches))
    this.#sendTouched(zxid, touched.slice(sent))
  }

  #onProposal(zxid: bigint, data: Uint8Array | null): void {
    const txn = this.#decode(zxid, data)
    if (txn === undefined) return
    this.#proposed.push(txn)
    this.#log(txn)
  }

  #log(txn: LoggedTxn): void {
    if (this.#parts.kind === 'follower') this.#unacked.push(txn.header.zxid)
    this.#parts.server.append(txn)
  }

  #onCommit(zxid: bigint): void {
    const head = this.#proposed[0]
    if (head === undefined) return this.#parts.log.warn(`Committing 0x${zxid.toString(16)} without seeing txn`)
    if (head.header.zxid !== zxid) {
      return this.#leave(`Committing zxid 0x${zxid.toString(16)} but next pending txn 0x${head.header.zxid.toString(16)}`)
    }
    this.#proposed.shift()
    this.#parts.server.commit(head)
  }

  #onInform(zxid: bigint, data: Uint8Array | null): void {
    const txn = this.#decode(zxid, data)
    if (txn === undefined) return
    this.#parts.server.append(txn)
    this.#parts.server.commit(txn)
  }

  /** Everything up to the zxid is durable here: each proposal among it is acknowledged, in order. */
  onLogged(zxid: bigint): void {
    if (this.#phase !== 'active') return
    while (this.#unacked.length > 0 && this.#unacked[0] <= zxid) this.#link.send(PacketType.ACK, this.#unacked.shift()!)
  }

  // What the leader is asked ----------------------------------------------------------------------------------

  forward(session: bigint, cxid: number, type: number, body: Uint8Array, ids: readonly Id[] | null): void {
    const data = this.#encode((w) => {
      w.long(session)
      w.int(cxid)
      w.int(type)
      w.raw(body)
    })
    this.#link.send(PacketType.REQUEST, -1n, data, ids)
  }

  revalidate(session: bigint, timeoutMs: number): void {
    const data = this.#encode((w) => {
      w.long(session)
      w.int(timeoutMs)
    })
    this.#link.send(PacketType.REVALIDATE, -1n, data)
  }

  #sendTouched(zxid: bigint, touched: readonly Touch[]): void {
    const data = this.#encode((w) => {
      for (const { session, timeoutMs } of touched) {
        w.long(session)
        w.int(timeoutMs)
      }
    })
    this.#link.send(PacketType.PING, zxid, data)
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

/** A server as leader: the quorum port, the writes of its own clients and of its learners', and what it commits. */
import type { QuorumPacket } from '../../jute/generated/quorum.ts'
import { MalformedFrame } from '../../jute/malformed-frame.ts'
import { JuteReader } from '../../jute/reader.ts'
import { Code, OpCode } from '../../protocol/codes.ts'
import { counterOf, epochOf } from '../../protocol/zxid.ts'
import { maxRecordLength } from '../../server/config/settings.ts'
import type { Socket } from '../../server/host/host.ts'
import { OPS } from '../../server/ops/index.ts'
import { decodeBody } from '../../server/ops/op.ts'
import { closeSessionOp, createSessionOp } from '../../server/ops/session.ts'
import type { LoggedTxn } from '../../server/txn/logged-txn.ts'
import { frameless } from '../../server/txn/request.ts'
import type { Request } from '../../server/txn/request.ts'
import { OpenPorts } from '../wire/open-ports.ts'
import { SocketLink } from '../wire/packet-link.ts'
import { SnapshotStream } from '../wire/snapshot-stream.ts'
import { Leader } from '../zab/leader.ts'
import type { LeaderServer } from '../zab/leader.ts'
import type { LearnerHandler, SyncWay, Touch } from '../zab/learner-handler.ts'
import { NO_BYTES } from '../zab/packets.ts'
import type { ByteSource, SnapshotSource, Telling } from '../zab/packets.ts'
import type { LeaderHistory, TxnRun } from '../zab/sync-plan.ts'
import type { EnsembleServer } from './ensemble-server.ts'
import { CommittedTxns, LoggedTxns } from './logged-txns.ts'
import type { Role } from './role.ts'

/** The counter of the last zxid that an epoch may have. */
const LAST_COUNTER = 0xffff_fffen
/** Of the first packet on the quorum port, in which a learner says who it is. */
const GREETING_BYTES = 1024
/** What a request that waits takes besides its own bytes, about. */
const WAITING_BYTES = 1024
/** What only the leader itself may ask for, and what no learner could decode. */
const NEVER_FORWARDED: ReadonlySet<number> = new Set([OpCode.deleteContainer, OpCode.check])

/** Between two tries to bind the quorum port. */
const BIND_PAUSE_MS = 100

/** Whose requests keep their order: a session of this server, on whatever connection, or a learner with all of its clients. */
type Source = bigint | object

/** What waits until a sync of the same source is answered: writes, other syncs, and the session that comes back. */
interface Waiting {
  readonly isSync: boolean
  readonly go: () => void
  /** A write. */
  readonly request: Request | undefined
  /** Of this server's own: it is given up with the role. */
  readonly isOwn: boolean
}

export class Leading implements Role, LeaderServer {
  readonly kind = 'leading'
  readonly leader: Leader
  readonly #server: EnsembleServer
  readonly #reader: JuteReader
  #ports: OpenPorts | undefined
  #isStopped = false
  /** Sources with a sync that is not answered yet, and what waits for that. */
  readonly #behindSync = new Map<Source, Waiting[]>()
  #waitingBytes = 0
  /** Those of this server's clients. */
  readonly #syncs = new Set<Request>()

  /** `electors`: whose votes have made it the leader. */
  constructor(server: EnsembleServer, electors: ReadonlySet<bigint>) {
    this.#server = server
    const { host, settings } = server
    this.#reader = new JuteReader({ maxLength: maxRecordLength(settings) })
    this.leader = new Leader({
      self: server.self,
      config: server.config,
      electors,
      current: server.current,
      clock: host.clock,
      epochs: server.epochs,
      server: this,
      limits: server.limits,
      settings,
      log: host.log,
    })
  }

  get phase(): Role['phase'] {
    return this.leader.phase
  }

  /** The port is open before anything else: learners dial at once, and give up soon. */
  start(): void {
    const { host, settings, config, self } = this.#server
    const { addresses } = config.members.get(self)!
    this.#ports = new OpenPorts({
      host,
      name: 'quorum',
      endpoints: addresses.map(({ host: address, quorumPort }) => ({ host: settings.quorumListenOnAllIPs ? undefined : address, port: quorumPort })),
      pauseMs: BIND_PAUSE_MS,
      // Those that have elected it dial for a second or so, and its time as a leader is over when they look again.
      tries: 0,
      onSocket: (socket) => this.#accept(socket),
      onUnable: () => {},
    })
    this.leader.start()
  }

  #accept(socket: Socket): void {
    if (this.#isStopped) return socket.destroy()
    const { host, settings } = this.#server
    const maxLength = maxRecordLength(settings)
    const link = new SocketLink(
      host.clock,
      socket,
      { maxLength, firstMaxLength: GREETING_BYTES, turns: settings.turns },
      {
        onPacket: (packet) => learner.onPacket(packet),
        onClose: (reason) => learner.onClosed(reason),
        onFlushed: (packets, waitedMs) => this.#countFlushed(learner, packets, waitedMs),
      },
    )
    const learner = this.leader.accept(link)
  }

  #countFlushed({ sid }: LearnerHandler, packets: number, waitedMs: number): void {
    if (sid === undefined) return
    const { metrics } = this.#server
    metrics.learnerHandlerQpSize.add(String(sid), packets)
    metrics.learnerHandlerQpTime.add(String(sid), waitedMs)
  }

  stop(reason: string): void {
    this.#isStopped = true
    this.leader.stop(reason)
    this.#ports?.stop(() => {})
    const { processor } = this.#server
    for (const request of this.#syncs) processor.abandon(request)
    for (const waiting of this.#behindSync.values()) {
      for (const { request, isOwn } of waiting) if (isOwn) processor.abandon(request!)
    }
    this.#syncs.clear()
    this.#behindSync.clear()
    this.#waitingBytes = 0
  }

  abdicate(reason: string, missing: readonly bigint[] = []): void {
    // Where nobody can come it is nobody's fault.
    if (this.#ports !== undefined && this.#ports.bound.length > 0) for (const sid of missing) this.#server.onLetDown(sid, 'silent')
    this.#server.leave(this, reason)
  }

  // Writes ----------------------------------------------------------------------------------------------------

  submit(request: Request): void {
    this.#proposeInOrder(request.client === undefined ? this : request.session, request, this)
  }

  /** `owner`: this, or the learner that forwards it. */
  #propose(request: Request, owner: object): void {
    const { preparer, processor } = this.#server
    const isRolledOver = counterOf(preparer.lastZxid) >= LAST_COUNTER
    if (!this.leader.isServing || isRolledOver) {
      if (owner === this) processor.abandon(request)
      if (isRolledOver) this.abdicate('zxid lower 32 bits have rolled over, forcing re-election')
      return
    }
    const prepared = preparer.prepare(request, this.#hasMoved(request, owner) ? Code.SESSIONMOVED : request.fault)
    // Only this server's own requests are answered here.
    const txn = owner === this ? prepared : { ...prepared, request: undefined }
    this.#server.metrics.proposalCount.add(1)
    // To the learners first: what this server makes durable, they make durable meanwhile.
    this.leader.propose(txn)
    this.#server.append(txn)
  }

  /** A session belongs to the server where its client was seen last. Its end is asked for by anybody, as in Java. */
  #hasMoved({ session: id, client, op }: Request, owner: object): boolean {
    if (op === createSessionOp || op === closeSessionOp) return false
    const session = this.#server.sessions.get(id)
    if (session === undefined || (owner === this && client === undefined)) return false
    session.owner ??= owner
    return session.owner !== owner
  }

  onLogged(zxid: bigint): void {
    this.leader.onLogged(zxid)
  }

  commit(txn: LoggedTxn): void {
    const { metrics } = this.#server
    metrics.commitCount.add(1)
    metrics.quorumAckLatency.add(this.#server.sinceMade(txn))
    this.#server.applyNext(txn)
  }

  onAcked(sid: bigint, txn: LoggedTxn): void {
    this.#server.metrics.ackLatency.add(String(sid), this.#server.sinceMade(txn))
  }

  onSyncing(way: SyncWay, underWay: number, isMore: boolean): void {
    const { metrics } = this.#server
    ;(way === 'snap' ? metrics.inflightSnapCount : metrics.inflightDiffCount).add(underWay)
    if (isMore) (way === 'snap' ? metrics.snapCount : metrics.diffCount).add(1)
  }

  // What learners forward -------------------------------------------------------------------------------------

  onRequest(learner: LearnerHandler, packet: QuorumPacket): void {
    const underWay = this.leader.outstandingBytes + this.#waitingBytes
    if (underWay > this.#server.settings.learnersAskedBytes) return learner.close('it asks for more than can be under way')
    const reader = this.#reader
    reader.reset(packet.data ?? NO_BYTES)
    const [session, xid, type] = [reader.long(), reader.int(), reader.int()]
    if (type === OpCode.sync) {
      return this.#syncInOrder(learner, () => learner.answerSync())
    }
    const request = this.#decode(type, { session, xid, ids: packet.authinfo ?? [], bytes: packet.data!.length })
    if (request === undefined) return learner.close(`it forwards requests of type ${type}`)
    this.#proposeInOrder(learner, request, learner)
  }

  /** Every request gets a txn, if only one that says no: a learner's client waits for it. Undefined = no write at all. */
  #decode(type: number, who: Pick<Request, 'session' | 'xid' | 'ids' | 'bytes'>): Request | undefined {
    const base = { ...who, client: undefined, receivedAt: this.#server.host.clock.now() }
    const op = type === OpCode.createSession ? createSessionOp : OPS.get(type)
    if (NEVER_FORWARDED.has(type)) return frameless({ ...base, op: OPS.get(OpCode.delete)!, fault: Code.UNIMPLEMENTED })
    if (op?.kind !== 'write') return undefined
    try {
      const record = op === createSessionOp ? { timeOut: this.#reader.int() } : decodeBody(op.request, this.#reader)
      return frameless({ ...base, op, record })
    } catch (error) {
      if (!(error instanceof MalformedFrame)) throw error
      return frameless({ ...base, op, fault: Code.MARSHALLINGERROR })
    }
  }

  // Sync ------------------------------------------------------------------------------------------------------

  /** Answered once a quorum has shown that it still follows: nobody else has committed anything meanwhile. */
  sync(request: Request): void {
    this.#syncs.add(request)
    this.#syncInOrder(request.session, () => {
      this.#syncs.delete(request)
      this.#server.processor.onSynced(request)
    })
  }

  #syncInOrder(source: Source, answer: () => void): void {
    if (!this.#mustWait(source, { isSync: true, go: answer, request: undefined, isOwn: false })) this.#confirm(source, answer)
  }

  #proposeInOrder(source: Source, request: Request, owner: object): void {
    // Nothing is made for the many that wait for nothing.
    if (!this.#behindSync.has(source)) this.#propose(request, owner)
    else this.#mustWait(source, { isSync: false, go: () => this.#propose(request, owner), request, isOwn: owner === this })
  }

  #claimInOrder(source: Source, claim: () => void): void {
    if (!this.#mustWait(source, { isSync: false, go: claim, request: undefined, isOwn: false })) claim()
  }

  #confirm(source: Source, answer: () => void): void {
    this.#behindSync.set(source, [])
    this.leader.confirm(() => {
      answer()
      for (const next of this.#takeWaiting(source)) {
        // Another sync among them holds up the rest again.
        if (this.#mustWait(source, next)) continue
        if (next.isSync) this.#confirm(source, next.go)
        else next.go()
      }
    })
  }

  /** Whether it waits for a sync of the same source, and then goes on by itself. */
  #mustWait(source: Source, next: Waiting): boolean {
    const waiting = this.#behindSync.get(source)
    if (waiting === undefined) return false
    waiting.push(next)
    this.#waitingBytes += bytesOf(next.request)
    return true
  }

  #takeWaiting(source: Source): readonly Waiting[] {
    const waiting = this.#behindSync.get(source) ?? []
    this.#behindSync.delete(source)
    for (const { request } of waiting) this.#waitingBytes -= bytesOf(request)
    return waiting
  }

  // Sessions --------------------------------------------------------------------------------------------------

  revalidate(id: bigint, timeoutMs: number, answer: (isAlive: boolean) => void): void {
    this.#claimInOrder(id, () => answer(this.#claim(this, id, timeoutMs)))
  }

  claim(learner: LearnerHandler, id: bigint, timeoutMs: number, answer: (isAlive: boolean) => void): void {
    this.#claimInOrder(learner, () => answer(this.#claim(learner, id, timeoutMs)))
  }

  /** What its client has asked of this owner before counts as asked elsewhere if it was elsewhere meanwhile: all of it, not some. */
  #claim(owner: object, id: bigint, timeoutMs: number): boolean {
    const { sessions, host } = this.#server
    const session = sessions.get(id)
    if (session === undefined || session.closing) return false
    session.owner = owner
    sessions.reattach(session, timeoutMs, host.clock.now())
    return true
  }

  /** Its own table has been told already. */
  onTouched(): void {}

  touch(touched: readonly Touch[]): void {
    const { sessions, host } = this.#server
    const now = host.clock.now()
    for (const { session: id } of touched) {
      const session = sessions.get(id)
      if (session !== undefined) sessions.touch(session, now)
    }
  }

  onLearnerGone(learner: LearnerHandler): void {
    this.#takeWaiting(learner)
  }

  // Its history -----------------------------------------------------------------------------------------------

  history(logReaches: boolean | undefined): LeaderHistory {
    const { lastZxid, committed, settings } = this.#server
    // What a quorum has committed while this disk was slow may be in memory alone, and have fallen out of it.
    const isWhole = committed.min === undefined || this.#server.isDurable(committed.min - 1n)
    return {
      lastZxid,
      committed: committed.txns(),
      isSnapshotForced: settings.forceSnapshotSync,
      logReaches: logReaches === undefined ? undefined : logReaches && isWhole,
    }
  }

  lookIntoLog(zxid: bigint, done: (reaches: boolean) => void): void {
    this.#server.logReaches(zxid, done)
  }

  snapshot(): { zxid: bigint; source: SnapshotSource } {
    const encoder = this.#server.encodeSnapshot()
    return { zxid: encoder.zxid, source: new SnapshotStream(encoder) }
  }

  txns({ after, txns, last, mayLag }: TxnRun, telling: Telling): ByteSource {
    if (after === undefined) return new CommittedTxns(txns, telling)
    const { logWholeFrom: wholeFrom } = this.#server
    // Nobody can be helped across a hole; but what is not in the log yet will be.
    const onGap = (next: bigint): void => (mayLag ? undefined : this.#server.onLogGap(next))
    const span = { ...telling, clock: this.#server.host.clock, after, until: txns[0]?.zxid, last, wholeFrom, onGap }
    return new CommittedTxns(txns, telling, new LoggedTxns(this.#server.readLog(this.#server.host.disk.aside, after + 1n), span))
  }

  whenDurable(done: () => void): void {
    this.#server.whenDurable(done)
  }

  activate(zxid: bigint): void {
    const server = this.#server
    server.replica.enterEpoch(zxid)
    server.startDeciding()
    server.serve(epochOf(zxid))
  }
}

function bytesOf(request: Request | undefined): number {
  return WAITING_BYTES + (request?.bytes ?? 0)
}

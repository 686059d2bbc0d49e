/** A server as follower or observer: the way to the leader, its clients' writes over there, and what comes back committed. */
import type { Codec } from '../../jute/codec.ts'
import { SyncRequest } from '../../jute/generated/proto.ts'
import { CreateSessionTxn } from '../../jute/generated/txn.ts'
import { JuteReader } from '../../jute/reader.ts'
import { JuteWriter } from '../../jute/writer.ts'
import { OpCode } from '../../protocol/codes.ts'
import { maxRecordLength } from '../../server/config/settings.ts'
import type { Socket, Timer } from '../../server/host/host.ts'
import type { LoggedTxn } from '../../server/txn/logged-txn.ts'
import type { Request } from '../../server/txn/request.ts'
import { decodeTxn, withoutDigest } from '../../server/txn/txn-codec.ts'
import { Dial } from '../wire/dial.ts'
import { SocketLink } from '../wire/packet-link.ts'
import type { LetDown } from '../zab/absentees.ts'
import type { Touch } from '../zab/learner-handler.ts'
import { Learner } from '../zab/learner.ts'
import type { LearnerServer, StepDone } from '../zab/learner.ts'
import type { EnsembleServer } from './ensemble-server.ts'
import type { Role } from './role.ts'

/**
 * Pauses between dials: a leader opens its port when it learns that it is one, which is some moments before or after its
 * voters learn it. A Java leader has at least as long as Java gives it.
 */
const FIRST_PAUSE_MS = 5
const MOST_DIALS = 12
/** A session and its timeout in the reply to a ping. */
const TOUCH_BYTES = 12

export class Following implements Role, LearnerServer {
  readonly kind: 'following' | 'observing'
  readonly #server: EnsembleServer
  readonly leaderId: bigint
  readonly #reader: JuteReader
  readonly #writer = new JuteWriter()
  #learner: Learner | undefined
  #link: SocketLink | undefined
  #dial: Dial | undefined
  #timer: Timer | undefined
  #dials = 0
  #isStopped = false
  #isServing = false
  /** Clock milliseconds at which the connection to the leader stood. */
  #reachedAt = 0
  /** For reaching the leader, counted anew when a connection is lost on which nothing was heard. */
  readonly #reachLimitMs: number
  /** Writes on their way to the leader, in the order in which they will come back. */
  readonly #forwarded: Request[] = []
  readonly #syncs: Request[] = []
  readonly #revalidating = new Map<bigint, ((isAlive: boolean) => void)[]>()
  #touched = new Map<bigint, number>()

  constructor(server: EnsembleServer, kind: 'following' | 'observing', leader: bigint) {
    this.kind = kind
    this.#server = server
    this.leaderId = leader
    const { settings, limits } = server
    const ticks = settings.connectToLearnerMasterLimit > 0 ? settings.connectToLearnerMasterLimit : limits.initLimit
    this.#reachLimitMs = ticks * limits.tickTimeMs
    this.#reader = new JuteReader({ maxLength: maxRecordLength(settings) })
  }

  get phase(): Role['phase'] {
    return this.#learner?.phase ?? 'discovery'
  }

  // The way to the leader -------------------------------------------------------------------------------------

  start(): void {
    this.#limitDials()
    this.#connect()
  }

  #limitDials(): void {
    const limitMs = this.#reachLimitMs
    this.#timer = this.#server.host.clock.after(limitMs, () => this.leave(`the leader ${this.leaderId} is not reached within ${limitMs} ms`, 'unreached'))
  }

  #connect(): void {
    const { host, config } = this.#server
    const leader = config.members.get(this.leaderId)
    if (leader === undefined) return host.clock.endOfTurn(() => this.leave(`the leader ${this.leaderId} is not in the configuration`))
    this.#dials++
    this.#dial = new Dial({
      clock: host.clock,
      network: host.network,
      endpoints: leader.addresses.map(({ host: address, quorumPort }) => ({ host: address, port: quorumPort })),
      timeoutMs: this.#reachLimitMs,
      deadAddresses: this.#server.deadAddresses,
      onConnect: (socket) => this.#onConnect(socket),
      onError: (error) => this.#onRefused(error),
    })
  }

  #onRefused(error: Error): void {
    const { clock } = this.#server.host
    if (this.#isStopped) return
    if (this.#dials >= MOST_DIALS) return this.leave(`the leader ${this.leaderId} cannot be reached: ${error.message}`, 'unreached')
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** (this.#dials - 1), this.#server.settings.leaderConnectDelayDuringRetryMs)
    clock.after(pauseMs, () => {
      if (!this.#isStopped) this.#connect()
    })
  }

  #onConnect(socket: Socket): void {
    const { host, self, current, epochs, limits, settings } = this.#server
    if (this.#isStopped) return socket.destroy()
    this.#timer?.cancel()
    const maxLength = maxRecordLength(settings)
    const link: SocketLink = new SocketLink(
      host.clock,
      socket,
      { maxLength },
      {
        onPacket: (packet) => learner.onPacket(packet),
        onClose: (reason) => (link.hasHeard ? learner.onClosed(reason) : this.#onUnheard(learner, reason)),
      },
    )
    const learner = new Learner(
      {
        self,
        kind: this.kind === 'following' ? 'follower' : 'observer',
        configVersion: current.inForce.version,
        epochs,
        server: this,
        clock: host.clock,
        limits,
        mostTouches: Math.max(1, Math.floor(settings.juteMaxBuffer / TOUCH_BYTES)),
        log: host.log,
      },
      link,
    )
    this.#link = link
    this.#learner = learner
    this.#reachedAt = host.clock.now()
    this.#server.onLink(link)
    learner.start()
  }

  /** As a dial that has failed: whoever passes connections on takes them before it knows that nobody listens. */
  #onUnheard(learner: Learner, reason: string): void {
    if (this.#isStopped) return
    learner.stop(reason)
    this.#limitDials()
    this.#onRefused(new Error(reason))
  }

  stop(reason: string): void {
    this.#isStopped = true
    this.#timer?.cancel()
    this.#dial?.cancel()
    this.#learner?.stop(reason)
    const { processor } = this.#server
    for (const request of this.#forwarded) processor.abandon(request)
    for (const request of this.#syncs) processor.abandon(request)
    this.#forwarded.length = 0
    this.#syncs.length = 0
    this.#revalidating.clear()
  }

  leave(reason: string, how?: LetDown): void {
    if (how !== undefined && (how !== 'closed' || (this.kind === 'following' && !this.#isServing))) this.#server.onLetDown(this.leaderId, how)
    this.#server.leave(this, reason)
  }

  /** The leader is none any more, by its own word or that of who has told of it. Who has heard it finds out, and who has not must not wait. */
  onLeaderLooks(): void {
    if (this.#link?.hasHeard !== true) this.leave(`the leader ${this.leaderId} was not reached, and it or who follows it looks for a leader`, 'unreached')
  }

  fail(reason: string, exitCode: number): void {
    this.#server.fail(new Error(reason), exitCode)
  }

  // Its clients' requests -------------------------------------------------------------------------------------

  submit(request: Request): void {
    this.#forwarded.push(request)
    const { op } = request
    const codec = op.type === OpCode.createSession ? (CreateSessionTxn as unknown as Codec<never>) : op.request
    // A session's first request speaks for nobody yet.
    const ids = op.type === OpCode.createSession ? null : request.ids
    this.#forward(request, codec, request.record, ids)
  }

  sync(request: Request): void {
    this.#syncs.push(request)
    this.#forward(request, SyncRequest as unknown as Codec<never>, request.record, request.ids)
  }

  #forward(request: Request, codec: Codec<never> | undefined, record: unknown, ids: Request['ids'] | null): void {
    this.#writer.reset()
    codec?.write(this.#writer, record as never)
    this.#learner!.forward(request.session, request.xid, request.op.type, this.#writer.copy(), ids)
  }

  onSync(): void {
    const request = this.#syncs.shift()
    if (request === undefined) return this.#server.host.log.warn('the leader answers a sync that nobody asked for')
    this.#server.processor.onSynced(request)
  }

  // Txns ------------------------------------------------------------------------------------------------------

  get lastZxid(): bigint {
    return this.#server.lastZxid
  }

  /** The payload is kept beyond the chunk of the stream that it came in. */
  decode(payload: Uint8Array): LoggedTxn {
    return decodeTxn(Buffer.from(payload), this.#reader)
  }

  /** Who replays the log behind a snapshot of a fuzzy tree cannot compare digests either. */
  append(txn: LoggedTxn): void {
    if (this.#isServing && this.kind === 'following') {
      this.#server.metrics.learnerProposalReceivedCount.add(1)
      this.#server.metrics.proposalLatency.add(this.#server.sinceMade(txn))
    }
    this.#server.append(this.#server.replica.isFuzzyAt(txn.header.zxid) ? withoutDigest(txn) : txn)
  }

  whenDurable(done: () => void): void {
    this.#server.whenDurable(done)
  }

  onLogged(zxid: bigint): void {
    this.#learner?.onLogged(zxid)
  }

  commit(txn: LoggedTxn): void {
    if (this.#isServing) {
      this.#server.metrics.learnerCommitReceivedCount.add(1)
      this.#server.metrics.commitPropagationLatency.add(this.#server.sinceMade(txn))
    }
    const [first] = this.#forwarded
    const isOurs = first !== undefined && answers(txn, first)
    if (isOurs) this.#forwarded.shift()
    this.#server.applyNext(isOurs ? { ...txn, request: first } : txn)
  }

  // The leader's history --------------------------------------------------------------------------------------

  beginReplacement(done: () => void): void {
    this.#server.beginReplacement(done)
  }

  receiveSnapshot(done: () => void): void {
    this.#server.image.clear()
    this.#link!.receiveSnapshot(this.#server.image, done)
  }

  adopt(zxid: bigint): void {
    this.#server.image.adopt(zxid)
  }

  /** A tree that a leader has sent was out when pings began: it shows no traces of what was proposed later. */
  onPing(lastProposed: bigint): void {
    this.#server.replica.endFuzziness(lastProposed)
  }

  truncate(zxid: bigint, done: StepDone): void {
    this.#server.truncate(zxid, done)
  }

  persist(done: StepDone): void {
    this.#server.persist(done)
  }

  serve(epoch: bigint): void {
    this.#isServing = true
    const { metrics, host } = this.#server
    ;(this.kind === 'following' ? metrics.followerSyncTime : metrics.observerSyncTime).add(host.clock.now() - this.#reachedAt)
    this.#server.serve(epoch)
  }

  onHole(epoch: bigint): void {
    this.#server.holeOf = epoch
  }

  hasHole(epoch: bigint): boolean {
    return this.#server.holeOf === epoch
  }

  askAnew(reason: string): void {
    this.#server.host.log.warn(`${reason}: this server asks the leader ${this.leaderId} for everything`)
    this.#dials = 0
    // A leader that looks meanwhile must not be waited for.
    this.#link = undefined
    this.start()
  }

  onSpoilt(): void {
    this.#server.loseHistory()
  }

  get digestMismatches(): number {
    return this.#server.metrics.digestMismatchesCount.value
  }

  // The configuration -----------------------------------------------------------------------------------------

  acceptsConfig(texts: readonly string[], isChange: boolean): boolean {
    return this.#server.acceptsConfig(texts, isChange)
  }

  adoptConfig(): void {
    this.#server.adoptConfig()
  }

  // Sessions --------------------------------------------------------------------------------------------------

  revalidate(id: bigint, timeoutMs: number, answer: (isAlive: boolean) => void): void {
    const waiting = this.#revalidating.get(id)
    if (waiting !== undefined) return void waiting.push(answer)
    this.#revalidating.set(id, [answer])
    this.#server.metrics.revalidateCount.add(1)
    this.#learner!.revalidate(id, timeoutMs)
  }

  onRevalidated(session: bigint, isValid: boolean): void {
    const waiting = this.#revalidating.get(session) ?? []
    this.#revalidating.delete(session)
    for (const answer of waiting) answer(isValid)
  }

  onTouched(id: bigint, timeoutMs: number): void {
    this.#touched.set(id, timeoutMs)
  }

  takeTouched(): readonly Touch[] {
    const touched = Array.from(this.#touched, ([session, timeoutMs]) => ({ session, timeoutMs }))
    this.#touched = new Map()
    return touched
  }
}

/** Whether it is what the leader made of the request. The end of a session that the leader itself asks for has cxid 0, as a client's request may. */
function answers({ header }: LoggedTxn, { session, xid, op }: Request): boolean {
  if (session !== header.clientId || xid !== header.cxid) return false
  return header.type === op.type || header.type === OpCode.error
}

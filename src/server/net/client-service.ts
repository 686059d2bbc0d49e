/**
 * Everything that connections of one server share: the listener and its limits, handshakes and sessions, and the way
 * of a request into the server (ServerCnxnFactory and the client's half of ZooKeeperServer).
 */
import { hex } from '../../base/hex.ts'
import { LargeMap } from '../../base/large-map.ts'
import type { Slices } from '../../base/slices.ts'
import type { ACL, Id } from '../../jute/generated/data.ts'
import type { ConnectRequestV33 } from '../../jute/generated/legacy.ts'
import { JuteReader } from '../../jute/reader.ts'
import { Slabs } from '../../protocol/byte-queue.ts'
import { Code, OpCode, Perms } from '../../protocol/codes.ts'
import type { ServerMetrics } from '../admin/metrics.ts'
import type { ServerStats } from '../admin/server-stats.ts'
import type { AccessControl } from '../auth/check-acl.ts'
import type { AuthSchemes } from '../auth/schemes.ts'
import { maxRecordLength } from '../config/settings.ts'
import type { Settings } from '../config/settings.ts'
import type { Clock, Host, Listener, Socket } from '../host/host.ts'
import type { AnyOp } from '../ops/op.ts'
import { createSessionOp } from '../ops/session.ts'
import type { Replica } from '../replica/replica.ts'
import type { RequestProcessor } from '../request/request-processor.ts'
import { RequestThrottler } from '../request/request-throttler.ts'
import { ExpiryQueue } from '../session/expiry-queue.ts'
import type { SessionAuthority } from '../session/session-authority.ts'
import { isSessionPassword } from '../session/session-password.ts'
import { SessionTable } from '../session/session-table.ts'
import type { Session } from '../session/session-table.ts'
import { frameless } from '../txn/request.ts'
import type { Request } from '../txn/request.ts'
import { ClientConnection } from './client-connection.ts'
import { ConnectionThrottle } from './connection-throttle.ts'
import { OutgoingScratch } from './outgoing.ts'
import { ReadOnlyMode } from './read-only-mode.ts'
import { Words } from './words.ts'
import type { WordAnswerer } from './words.ts'

const WORD_PIECE_LENGTH = 2049

export interface ClientServiceParts {
  readonly host: Host
  readonly settings: Settings
  readonly replica: Replica
  readonly sessions: SessionTable
  readonly authority: SessionAuthority
  readonly processor: RequestProcessor
  readonly access: AccessControl
  readonly schemes: AuthSchemes
  readonly stats: ServerStats
  readonly metrics: ServerMetrics
  readonly words: WordAnswerer
}

export class ClientService {
  readonly clock: Clock
  readonly settings: Settings
  /** One for all connections: a frame is read to its end before another is looked at. */
  readonly reader: JuteReader
  readonly scratch: OutgoingScratch
  readonly slabs = new Slabs()
  readonly connections = new Set<ClientConnection>()
  readonly throttle: ConnectionThrottle
  readonly throttler: RequestThrottler
  readonly words: Words
  readonly #parts: ClientServiceParts
  /** As NIOServerCnxnFactory: the timeout of a connection without a session is the grid of all deadlines. */
  readonly #idle: ExpiryQueue<ClientConnection>
  readonly #bySession = new LargeMap<bigint, ClientConnection>()
  readonly #byAddress = new Map<string, number>()
  readonly #requiredSchemes: ReadonlySet<string> | undefined
  #listener: Listener | undefined
  #isServing = false
  /** Undefined while a quorum stands behind what is said here. */
  #readOnly: ReadOnlyMode | undefined
  #largeBytes = 0
  /** Of requests received and not answered yet. */
  #outstandingBytes = 0
  /** Unread answers, of connections with more than a few. */
  #backlogBytes = 0
  #paused = false
  /** Grows with whatever comes in: expiry waits until it stands still. */
  #activity = 0

  constructor(parts: ClientServiceParts) {
    const { host, settings, processor, metrics, words } = parts
    this.#parts = parts
    this.clock = host.clock
    this.settings = settings
    this.#idle = new ExpiryQueue(settings.sessionlessCnxnTimeoutMs)
    this.reader = new JuteReader({ maxLength: maxRecordLength(settings) })
    this.scratch = new OutgoingScratch(host.clock, this.slabs, settings.turns)
    this.words = new Words(words, settings, host.log)
    this.throttle = new ConnectionThrottle(host, settings)
    this.throttler = new RequestThrottler(host.clock, settings, processor, {
      onStall: () => metrics.requestThrottleWaitCount.add(1),
      onThrottled: () => metrics.throttledOps.add(1),
      onStale: () => metrics.staleRequests.add(1),
      onStaleDropped: (request) => {
        metrics.staleRequestsDropped.add(1)
        ;(request.client as ClientConnection | undefined)?.close('its request went stale')
        this.onDone(request)
      },
    })
    this.#requiredSchemes = requiredSchemes(settings)
  }

  get slices(): Slices {
    return this.#parts.processor.slices
  }

  get isServing(): boolean {
    return this.#isServing
  }

  get activity(): number {
    return this.#activity
  }

  get listener(): Listener | undefined {
    return this.#listener
  }

  // Listening -------------------------------------------------------------------------------------------------

  listen(host: string | undefined, port: number, done: (error: Error | undefined) => void): void {
    const { network, log } = this.#parts.host
    log.info(`binding to port ${host === undefined ? '0.0.0.0/0.0.0.0' : `/${host}`}:${port}`)
    network.listen(
      { host, port, backlog: this.settings.clientPortListenBacklog },
      (socket) => this.#accept(socket),
      (error, listener) => {
        this.#listener = listener
        done(error)
      },
    )
  }

  setServing(serving: boolean): void {
    this.#isServing = serving
  }

  get isReadOnly(): boolean {
    return this.#readOnly !== undefined
  }

  /** Until `stopServing`: reads, for clients that ask for no more. */
  serveReadOnly(): void {
    this.#readOnly = new ReadOnlyMode(new SessionTable(this.settings.tickTime, 0, 0))
    this.#isServing = true
  }

  /** The end of all connections; new ones are told that nobody is served here. */
  stopServing(reason: string): void {
    this.#isServing = false
    for (const connection of [...this.connections]) connection.close(reason)
    this.#readOnly = undefined
  }

  /** No new connections, and the end of all there are. */
  close(done: () => void): void {
    this.#isServing = false
    for (const connection of [...this.connections]) connection.close('the server is shutting down')
    this.throttler.stop()
    if (this.#listener === undefined) this.clock.endOfTurn(done)
    else this.#listener.close(done)
  }

  #accept(socket: Socket): void {
    this.#activity++
    const connection = new ClientConnection(this, socket)
    const { maxClientCnxns, maxCnxns } = this.settings
    const fromThere = this.#byAddress.get(connection.remoteAddress) ?? 0
    const isTooMany = maxClientCnxns > 0 && fromThere >= maxClientCnxns
    if (isTooMany || (maxCnxns > 0 && this.connections.size >= maxCnxns)) {
      const limit = isTooMany ? maxClientCnxns : maxCnxns
      this.#parts.host.log.warn(`Too many connections from /${connection.remoteAddress} - max is ${limit}`)
      this.#parts.metrics.connectionRejected.add(1)
      connection.reject()
      return
    }
    this.connections.add(connection)
    // As Java, whose other factory does not count them.
    if (this.settings.serverCnxnFactory?.endsWith('NettyServerCnxnFactory') === true) {
      if (isLoopback(connection.remoteAddress)) this.#parts.stats.localConnections++
      else this.#parts.stats.remoteConnections++
    }
    this.#byAddress.set(connection.remoteAddress, fromThere + 1)
    this.#idle.touch(connection, this.clock.now(), this.settings.sessionlessCnxnTimeoutMs)
  }

  /** What is done now and then, whatever the settings say. */
  keepHouse(now: number): void {
    this.slabs.trim()
    for (const { id } of this.#readOnly?.sessions.takeExpired(now) ?? []) this.endReadOnlySession(id, undefined)
  }

  expireIdle(now: number): void {
    for (const connection of this.#idle.takeExpired(now)) {
      this.#parts.metrics.sessionlessConnectionsExpired.add(1)
      connection.close('it has been silent for too long')
    }
  }

  idleBuckets(): [number, Iterable<ClientConnection>][] {
    return this.#idle.buckets()
  }

  get idleIntervalMs(): number {
    return this.#idle.intervalMs
  }

  onClosing(connection: ClientConnection, reason: string): void {
    this.#parts.host.log.debug({ session: `0x${hex(connection.sessionId)}` }, `closing /${connection.remoteAddress}: ${reason}`)
  }

  onClosed(connection: ClientConnection): void {
    if (!this.connections.delete(connection)) return
    this.#idle.remove(connection)
    this.noteBacklog(connection, 0)
    const left = this.#byAddress.get(connection.remoteAddress)! - 1
    if (left === 0) this.#byAddress.delete(connection.remoteAddress)
    else this.#byAddress.set(connection.remoteAddress, left)
    if (this.#bySession.get(connection.sessionId) === connection) this.#bySession.delete(connection.sessionId)
    const forgetWatches = this.#parts.replica.watches.removeWatcher(connection)
    if (forgetWatches()) this.slices.add(forgetWatches)
    this.#parts.processor.drop(connection)
    this.#parts.metrics.connectionDropCount.add(1)
  }

  // Handshake and sessions ------------------------------------------------------------------------------------

  onConnectRequest(connection: ClientConnection, request: ConnectRequestV33, readOnly: boolean): void {
    const { log } = this.#parts.host
    const { replica, sessions, metrics } = this.#parts
    metrics.connectionRequestCount.add(1)
    const { sessionId } = request
    metrics.connectionTokenDeficit.add(this.throttle.deficit)
    if (!this.throttle.admits(sessionId === 0n)) return connection.close('too many handshakes')
    if (this.isReadOnly && !readOnly) {
      log.info(`Refusing session request for not-read-only client /${connection.remoteAddress}:${connection.socket.remotePort}`)
      return connection.close('the client wants more than reads')
    }
    if (request.lastZxidSeen > replica.lastProcessedZxid) {
      log.info(
        `Refusing session(0x${hex(sessionId)}) request for client /${connection.remoteAddress}:${connection.socket.remotePort} as it has ` +
          `seen zxid 0x${hex(request.lastZxidSeen)} our last zxid is 0x${hex(replica.lastProcessedZxid)} client must try another server`,
      )
      return connection.close('the client has seen what this server has not')
    }
    log.debug({ session: `0x${hex(sessionId)}`, readOnly }, 'handshake')
    const { minSessionTimeout, maxSessionTimeout } = this.settings
    connection.sessionTimeoutMs = Math.min(Math.max(request.timeOut, minSessionTimeout), maxSessionTimeout)
    if (sessionId === 0n) this.#createSession(connection, sessions.nextId())
    else this.#reattach(connection, sessionId, request.passwd)
  }

  #createSession(connection: ClientConnection, id: bigint): void {
    connection.sessionId = id
    this.#readOnly?.sessions.track(id, connection.sessionTimeoutMs, this.clock.now())
    const record = { timeOut: connection.sessionTimeoutMs }
    this.submit(frameless({ client: connection, session: id, op: createSessionOp, record, receivedAt: this.clock.now() }))
  }

  onSessionCreated(connection: ClientConnection, id: bigint): void {
    const session = (this.#readOnly ?? this.#parts).sessions.get(id)
    if (session === undefined) connection.refuse()
    else this.#attach(connection, session)
  }

  #reattach(connection: ClientConnection, id: bigint, password: Uint8Array | null): void {
    this.#parts.metrics.connectionRevalidateCount.add(1)
    // Only a quorum could say that it still lives.
    if (this.isReadOnly && this.#parts.sessions.get(id) !== undefined) return connection.close('its session is known to others')
    // Before the password is looked at, as in Java: whoever comes with the id ends the connection that has it.
    this.#bySession.get(id)?.close('the session moved to another connection')
    if (!isSessionPassword(id, password)) return this.#refuse(connection, id)
    if (this.#readOnly !== undefined) return this.#resume(connection, this.#readOnly.sessions, id)
    const { authority } = this.#parts
    authority.revalidate(id, connection.sessionTimeoutMs, (isAlive) => {
      if (!connection.isOpen) return
      const { sessions } = this.#parts
      if (isAlive && authority.isElsewhere && sessions.get(id) === undefined) return connection.close('its session has not come here yet')
      if (isAlive) this.#resume(connection, sessions, id)
      else this.#refuse(connection, id)
    })
  }

  #resume(connection: ClientConnection, sessions: SessionTable, id: bigint): void {
    const session = sessions.get(id)
    if (session === undefined || session.closing) return this.#refuse(connection, id)
    sessions.reattach(session, connection.sessionTimeoutMs, this.clock.now())
    this.#attach(connection, session)
  }

  #refuse(connection: ClientConnection, id: bigint): void {
    this.#parts.host.log.info(`Invalid session 0x${hex(id)} for client /${connection.remoteAddress}, probably expired`)
    connection.refuse()
  }

  #attach(connection: ClientConnection, session: Session): void {
    connection.sessionId = session.id
    this.#bySession.set(session.id, connection)
    this.#idle.touch(connection, this.clock.now(), connection.sessionTimeoutMs)
    connection.attach(session)
  }

  /** A session is over; the connection that asked for it, if one did, says so to its client itself. */
  onSessionClosed(id: bigint, asking: unknown): void {
    const connection = this.#bySession.get(id)
    if (connection !== undefined && connection !== asking) connection.close('its session is over')
  }

  /** Nobody but this server knows of it. `asking` as above. */
  endReadOnlySession(id: bigint, asking: unknown): void {
    this.#readOnly?.sessions.remove(id)
    this.onSessionClosed(id, asking)
  }

  get readOnlySessions(): number {
    return this.#readOnly?.sessions.size ?? 0
  }

  connectionOf(session: bigint): ClientConnection | undefined {
    return this.#bySession.get(session)
  }

  // Requests --------------------------------------------------------------------------------------------------

  /** False when the session is over: what its connection still asks is not answered. */
  touch(connection: ClientConnection, session: Session, now: number): boolean {
    if (session.closing) return false
    if (this.#readOnly === undefined) {
      this.#parts.sessions.touch(session, now)
      this.#parts.authority.onTouched(session.id, session.attachedTimeoutMs)
    } else {
      this.#readOnly.sessions.touch(session, now)
    }
    this.#idle.touch(connection, now, connection.sessionTimeoutMs)
    return true
  }

  /** Takes a client's request; `onDone` tells of its end. */
  submit(request: Request): void {
    request.client!.outstanding++
    this.#outstandingBytes += request.bytes
    if (this.#isLarge(request)) this.#largeBytes += request.bytes
    const fault = this.#faultOf(request.op)
    this.throttler.submit(fault === Code.OK ? request : { ...request, fault, takesZxid: false })
  }

  /** What this server would not have done, whatever the request says. */
  #faultOf(op: AnyOp): Code {
    if (this.#readOnly?.refuses(op) === true) return Code.NOTREADONLY
    // A Java leader would do it, and this server would have to end.
    return op.type === OpCode.reconfig && this.#parts.authority.isElsewhere ? Code.RECONFIGDISABLED : Code.OK
  }

  lacksRequiredAuth(ids: readonly Id[]): boolean {
    const required = this.#requiredSchemes
    return required !== undefined && !ids.some(({ scheme }) => required.has(scheme!))
  }

  authenticate(connection: ClientConnection, scheme: string | null, data: Uint8Array | null): Id[] | 'failed' | 'close' {
    const known = scheme === null ? undefined : this.#parts.schemes.get(scheme)
    const proved = known === undefined ? 'failed' : known.authenticate(data)
    if (proved === 'failed') {
      this.#parts.stats.authFailed++
      this.#parts.host.log.warn(`Authentication failed for scheme: ${scheme} from /${connection.remoteAddress}`)
    }
    return proved
  }

  mayRead(acl: ACL[], ids: readonly Id[]): boolean {
    return this.#parts.access.allows(acl, Perms.READ, ids)
  }

  onDeleteContainer(connection: ClientConnection): void {
    this.#parts.host.log.warn(`Received deleteContainer opcode from client session 0x${hex(connection.sessionId)}, rejecting.`)
  }

  onUnknownType(connection: ClientConnection, type: number): void {
    this.#parts.host.log.warn(`Received packet at server of unknown type ${type} from session 0x${hex(connection.sessionId)}`)
  }

  onOversizedFrame(connection: ClientConnection, length: number): void {
    const { juteMaxBuffer } = this.settings
    this.#parts.host.log.warn(
      `Len error. A message from /${connection.remoteAddress}:${connection.socket.remotePort} with advertised length of ${length} ` +
        `is either a malformed message or too large to process (length is greater than jute.maxbuffer=${juteMaxBuffer})`,
    )
  }

  // Limits ----------------------------------------------------------------------------------------------------

  /** More is under way or held than `globalOutstandingLimit` or `outstandingPauseBytes`: connections wait after their next request. */
  get isCongested(): boolean {
    const { globalOutstandingLimit, outstandingPauseBytes } = this.settings
    return this.#parts.processor.inFlight + this.throttler.held > globalOutstandingLimit || this.#outstandingBytes > outstandingPauseBytes
  }

  /** Notes how much of its answers a connection has not read; gives the sum over all. */
  noteBacklog(connection: ClientConnection, bytes: number): number {
    this.#backlogBytes += bytes - connection.backlogBytes
    connection.backlogBytes = bytes
    return this.#backlogBytes
  }

  shouldPause(connection: ClientConnection, outgoingBytes: number): boolean {
    const { outgoingPauseBytes, waitingPauseBytes } = this.settings
    if (outgoingBytes > outgoingPauseBytes || connection.waitingBytes > waitingPauseBytes) return true
    const waits = this.isCongested && connection.outstanding > 0
    this.#paused ||= waits
    return waits
  }

  admitLargeRequest(connection: ClientConnection, length: number): boolean {
    const { largeRequestThreshold, largeRequestMaxBytes } = this.settings
    if (largeRequestThreshold < 0 || length <= largeRequestThreshold || !connection.isEstablished) return true
    if (this.#largeBytes + length <= largeRequestMaxBytes) return true
    this.#parts.host.log.warn('Rejecting large request')
    this.#parts.metrics.largeRequestsRejected.add(1)
    return false
  }

  /** A request, of a client or of the server's own, has been answered or dropped. */
  onDone(request: Request): void {
    if (request.client !== undefined) request.client.outstanding--
    this.#outstandingBytes -= request.bytes
    if (this.#isLarge(request)) this.#largeBytes -= request.bytes
    this.throttler.onRoom()
    if (!this.#paused || this.isCongested) return
    this.#paused = false
    this.clock.endOfTurn(() => {
      for (const connection of this.connections) connection.reconsider()
    })
  }

  #isLarge({ bytes }: Request): boolean {
    return this.settings.largeRequestThreshold >= 0 && bytes > this.settings.largeRequestThreshold
  }

  // Counting --------------------------------------------------------------------------------------------------

  onBytesReceived(bytes: number): void {
    this.#activity++
    this.#parts.metrics.bytesReceivedCount.add(bytes)
  }

  /** Java sends an answer in pieces of this many characters, and counts them. */
  onWordAnswered(length: number): void {
    this.#parts.stats.packetsSent += 1 + Math.floor(length / WORD_PIECE_LENGTH)
  }

  onPacketReceived(): void {
    this.#parts.stats.packetsReceived++
  }

  onReply(bytes: number): void {
    const { stats, metrics } = this.#parts
    stats.packetsSent++
    stats.onResponse(bytes)
    metrics.responseBytes.add(bytes)
  }

  onNotification(bytes: number): void {
    this.#parts.stats.packetsSent++
    this.#parts.metrics.watchBytes.add(bytes)
  }
}

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '0:0:0:0:0:0:0:1'
}

function requiredSchemes(settings: Settings): ReadonlySet<string> | undefined {
  if (settings.sessionRequireClientSaslAuth) return new Set(['sasl'])
  return settings.enforceAuthEnabled ? new Set(settings.enforceAuthSchemes) : undefined
}

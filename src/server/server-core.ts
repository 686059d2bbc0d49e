/**
 * What every server is made of, whoever decides the order of its writes: the replica, its log and snapshots, the clients
 * and what the server asks of itself. Standalone servers and members of an ensemble are built on it (ZooKeeperServer).
 */
import { assert, unreachable } from '../base/assert.ts'
import { hex } from '../base/hex.ts'
import { OpCode } from '../protocol/codes.ts'
import { EventType } from '../protocol/events.ts'
import { namespaceOf } from '../protocol/paths.ts'
import { ServerMetrics } from './admin/metrics.ts'
import { ServerStats } from './admin/server-stats.ts'
import { AccessControl } from './auth/check-acl.ts'
import { createAuthSchemes } from './auth/schemes.ts'
import { maxRecordLength } from './config/settings.ts'
import type { Settings } from './config/settings.ts'
import { run, wait } from './host/disk-work.ts'
import type { DiskWork } from './host/disk-work.ts'
import type { DirectoryLock, DiskAnswer, DiskDone, Files, Host } from './host/host.ts'
import { ClientService } from './net/client-service.ts'
import { deleteContainerOp } from './ops/delete.ts'
import type { AnyOp } from './ops/op.ts'
import { closeSessionOp } from './ops/session.ts'
import { ReplicaImage } from './replica/replica-image.ts'
import { Replica } from './replica/replica.ts'
import { ContainerReaper } from './request/container-reaper.ts'
import { Preparer } from './request/preparer.ts'
import { RequestProcessor } from './request/request-processor.ts'
import type { Proposer, RequestObserver } from './request/request-processor.ts'
import { ServerAdmin } from './server-admin.ts'
import type { EnsembleView } from './server-admin.ts'
import { ExpiryTimer } from './session/expiry-timer.ts'
import type { SessionAuthority } from './session/session-authority.ts'
import { SessionTable } from './session/session-table.ts'
import type { Session } from './session/session-table.ts'
import { AutoPurge } from './storage/auto-purge.ts'
import { CommitSchedule } from './storage/commit-schedule.ts'
import { openDataDirs } from './storage/data-dirs.ts'
import type { DataDirs } from './storage/data-dirs.ts'
import { storedFiles } from './storage/file-names.ts'
import { recover } from './storage/recovery.ts'
import type { Recovery } from './storage/recovery.ts'
import { SnapshotEncoder } from './storage/snapshot-encoder.ts'
import { SnapshotSchedule } from './storage/snapshot-schedule.ts'
import { SnapshotWriter } from './storage/snapshot-writer.ts'
import type { SnapshotDone } from './storage/snapshot-writer.ts'
import { ExitCode, StartupRefused } from './storage/storage-errors.ts'
import { syncRecovered } from './storage/sync-recovered.ts'
import { TxnLogReader } from './storage/txn-log-reader.ts'
import { truncateHistory } from './storage/txn-log-truncate.ts'
import { TxnLog } from './storage/txn-log.ts'
import type { LoggedTxn } from './txn/logged-txn.ts'
import { frameless } from './txn/request.ts'
import type { Request } from './txn/request.ts'

/** What Java adds for the stat to the bytes of a read. */
const STAT_BYTES = 68
/** Between looks at what is there to be used again, and at the sessions of a read-only member. */
const HOUSEKEEPING_INTERVAL_MS = 10_000

export type ServerStarted<S extends ServerCore> = (error: Error | undefined, server: S | undefined) => void

/** Opens and locks the data directory and starts the server that is made for it. Errors: StartupRefused, DirectoryInUse, or of the network. */
export function startServer<S extends ServerCore>(
  host: Host,
  settings: Settings,
  create: (dirs: DataDirs, lock: DirectoryLock | undefined) => S,
  started: ServerStarted<S>,
): void {
  const { dataDir, dataLogDir, dataDirAutocreate: autocreate } = settings
  run(openDataDirs(host.disk, { dataDir, dataLogDir, autocreate }), (openError, dirs) => {
    if (openError !== undefined) return started(openError, undefined)
    host.disk.lock(dirs.dataDir, (error, lock) => {
      if (error !== undefined) return started(error, undefined)
      const server = create(dirs, lock)
      server.start((startError) => started(startError, startError === undefined ? server : undefined))
    })
  })
}

export interface CoreParts {
  /** Marks the session ids given out here. */
  readonly serverId: number
  readonly sessionAuthority: SessionAuthority
  /** Undefined = a standalone server. */
  readonly ensemble: EnsembleView | undefined
  /** Told of each txn as it is applied, before its client is. */
  readonly onApplied?: (txn: LoggedTxn) => void
  /** The same for those of the log, when it is read. The payload is a view. */
  readonly onReplayed?: (zxid: bigint, payload: Uint8Array) => void
}

export abstract class ServerCore implements Proposer {
  readonly settings: Settings
  readonly metrics: ServerMetrics
  readonly stats = new ServerStats()
  readonly sessions: SessionTable
  readonly replica: Replica
  readonly service: ClientService
  readonly processor: RequestProcessor
  readonly dirs: DataDirs
  readonly startedAt: number
  /** What cannot be survived and is in the log: the process should end with the code. */
  onFatal: (error: Error, exitCode: number) => void = () => {}

  readonly host: Host
  readonly preparer: Preparer
  readonly image: ReplicaImage
  readonly #onApplied: CoreParts['onApplied']
  #log: TxnLog
  readonly #commits: CommitSchedule
  readonly #snapshots: SnapshotWriter
  readonly #schedule: SnapshotSchedule
  readonly #expiry: ExpiryTimer
  readonly #idleExpiry: ExpiryTimer
  readonly #housekeeping: ExpiryTimer
  readonly #reaper: ContainerReaper
  readonly #purge: AutoPurge
  readonly #lock: DirectoryLock | undefined
  /** Logged, not applied yet; those before #applied are done with. */
  #pending: LoggedTxn[] = []
  #lastAppended = 0n
  #applied = 0
  #durable = 0n
  /** The next turn goes on with what may be applied. */
  #isApplying = false
  /** Another one from each `startDeciding` to the next `stopDeciding`: what was decided before the last one counts no more. */
  #term: object | undefined
  /** Who wants to know when a session's end has been applied. */
  readonly #onClosed = new Map<bigint, (() => void)[]>()
  #isStopping = false
  /** Set while the server starts: what it cannot survive is then a reason not to start. */
  protected onBegun: ((error: Error | undefined) => void) | undefined

  constructor(host: Host, settings: Settings, dirs: DataDirs, lock: DirectoryLock | undefined, parts: CoreParts) {
    this.host = host
    this.#onApplied = parts.onApplied
    this.settings = settings
    this.dirs = dirs
    this.#lock = lock
    const { clock, log } = host
    this.startedAt = clock.now()
    this.metrics = new ServerMetrics(host)
    this.sessions = new SessionTable(settings.tickTime, parts.serverId, clock.wallTime())
    this.replica = new Replica(host, settings, this.sessions, {
      onDigestMismatch: (zxid) => {
        this.metrics.digestMismatchesCount.add(1)
        log.warn(`Digests are not matching. Value is Zxid. 0x${hex(zxid)}`)
      },
    })
    this.replica.tree.meter = {
      onRead: (path, bytes) => this.#meter(this.metrics.readPerNamespace, path, bytes + STAT_BYTES),
      onWritten: (path, bytes) => this.#meter(this.metrics.writePerNamespace, path, bytes),
    }
    this.replica.watches.onFired = (type, count) => this.#watchMetric(type).add(count)
    this.image = new ReplicaImage(this.replica, parts.onReplayed)
    const schemes = createAuthSchemes(settings, (message) => log.warn(message))
    const access = new AccessControl(schemes, settings.skipAcl)
    this.preparer = new Preparer({
      clock,
      settings,
      tree: this.replica.tree,
      sessions: this.sessions,
      access,
      onQuotaExceeded: (quotaPath, path, what, usage, limit, isHard) => {
        const kind = isHard ? 'hard' : 'soft'
        log.warn(`Quota exceeded: ${quotaPath} [current ${what}=${usage}, ${kind}${what === 'count' ? 'Count' : 'Byte'}Limit=${limit}]`)
        if (isHard) this.metrics.quotaExceededErrorPerNamespace.add(path.split('/')[1] ?? '', 1)
      },
    })
    const observer: RequestObserver = {
      onAnswered: (request, latencyMs) => {
        this.stats.onLatency(Math.floor(latencyMs))
        ;(request.op.kind === 'read' ? this.metrics.readLatency : this.metrics.updateLatency).add(latencyMs)
      },
      onDone: (request) => this.service.onDone(request),
    }
    this.processor = new RequestProcessor({ clock, settings, replica: this.replica, access, proposer: this, observer })
    const admin = new ServerAdmin(host, this, parts.ensemble)
    this.service = new ClientService({
      host,
      settings,
      replica: this.replica,
      sessions: this.sessions,
      authority: parts.sessionAuthority,
      processor: this.processor,
      access,
      schemes,
      stats: this.stats,
      metrics: this.metrics,
      words: admin,
    })
    this.#log = this.#createLog()
    this.#commits = new CommitSchedule(clock, settings, () => this.#commit())
    this.#snapshots = new SnapshotWriter(
      host,
      {
        directory: dirs.snapshotDirectory,
        compression: settings.snapshotCompression,
        digestEnabled: settings.digestEnabled,
        serializeLastProcessedZxid: settings.serializeLastProcessedZxidEnabled,
        turns: settings.turns,
      },
      (zxid, done) => this.#log.whenDurable(zxid, done),
    )
    this.#schedule = new SnapshotSchedule(host.random, settings)
    this.#purge = new AutoPurge(host, settings, dirs)
    this.#expiry = new ExpiryTimer(
      clock,
      settings.tickTime,
      () => this.service.activity,
      (now) => this.#expireSessions(now),
      (done) => this.hearOthers(done),
    )
    this.#idleExpiry = new ExpiryTimer(
      clock,
      this.service.idleIntervalMs,
      () => this.service.activity,
      (now) => this.service.expireIdle(now),
    )
    this.#housekeeping = new ExpiryTimer(
      clock,
      HOUSEKEEPING_INTERVAL_MS,
      () => this.service.activity,
      (now) => this.service.keepHouse(now),
    )
    this.#reaper = new ContainerReaper(clock, settings, this.replica.tree, (path) => this.#submitOwn(deleteContainerOp, 0n, { path }))
  }

  get clientPort(): number {
    return this.service.listener?.port ?? 0
  }

  #meter(set: ServerMetrics['readPerNamespace'], path: string, bytes: number): void {
    const namespace = namespaceOf(path)
    if (namespace !== undefined) set.add(namespace, path.length + bytes)
  }

  #watchMetric(type: EventType): ServerMetrics['nodeCreatedWatcher'] {
    switch (type) {
      case EventType.NodeCreated:
        return this.metrics.nodeCreatedWatcher
      case EventType.NodeDeleted:
        return this.metrics.nodeDeletedWatcher
      case EventType.NodeDataChanged:
        return this.metrics.nodeChangedWatcher
      case EventType.NodeChildrenChanged:
        return this.metrics.nodeChildrenWatcher
      default:
        return unreachable(type)
    }
  }

  #createLog(): TxnLog {
    const { settings } = this
    const txnLog = new TxnLog(this.host, {
      directory: this.dirs.logDirectory,
      preAllocSizeBytes: settings.preAllocSizeKb * 1024,
      forceSync: settings.forceSync,
      txnLogSizeLimitBytes: settings.txnLogSizeLimitKb * 1024,
      fsyncWarningThresholdMs: settings.fsyncWarningThresholdMs,
    })
    txnLog.onFailure = (error) => this.fail(error, ExitCode.UNEXPECTED_ERROR)
    txnLog.onSync = (elapsedMs, isSlow) => {
      this.metrics.fsyncTime.add(elapsedMs)
      if (isSlow) this.stats.fsyncThresholdExceeded++
    }
    return txnLog
  }

  // Start and stop --------------------------------------------------------------------------------------------

  abstract start(done: (error: Error | undefined) => void): void

  /** A start that fails ends all that it has begun before it gives the directory to others: sessions that expire write to the log, and purges remove files. */
  protected begin(done: (error: Error | undefined) => void): void {
    this.onBegun = (error) => {
      this.onBegun = undefined
      if (error === undefined) done(undefined)
      else this.stop(() => done(error))
    }
  }

  /** Reads what the data directory holds; StartupRefused where it cannot. Nothing may be being written. */
  protected load(done: DiskAnswer<Recovery>): void {
    const { settings } = this
    const options = {
      dirs: this.dirs,
      maxLength: maxRecordLength(this.settings),
      trustEmptySnapshot: settings.snapshotTrustEmpty,
      autocreateDb: settings.dbAutocreate,
      hasLeader: settings.distributed && settings.servers.length > 1,
    }
    run(recover(this.host, options, this.image), (error, recovery) => {
      if (error === undefined) this.#onLoaded(recovery)
      done(error, recovery)
    })
  }

  #onLoaded(recovery: Recovery): void {
    this.metrics.startupSnapLoadTime.add(recovery.snapshotMs)
    if (recovery.kind !== 'created' && recovery.kind !== 'suspicious') {
      this.metrics.startupTxnsLoadTime.add(recovery.txnsMs)
      this.metrics.startupTxnsLoaded.add(recovery.txns)
    }
    this.metrics.dbInitTime.add(recovery.snapshotMs + recovery.txnsMs)
    const digest = BigInt.asUintN(64, this.replica.tree.digest)
    this.host.log.info(
      `Snapshot loaded in ${Math.round(recovery.snapshotMs + recovery.txnsMs)} ms, ` +
        `highest zxid is 0x${hex(this.replica.lastProcessedZxid)}, digest is ${digest}`,
    )
  }

  /** What was found is durable before anybody builds on it; before the first log there is a snapshot. */
  protected secure(recovery: Recovery, done: (error: Error | undefined) => void): void {
    const goOn = (error: Error | undefined): void => {
      if (error !== undefined) return done(error)
      // A Java server does not start over logs alone.
      if (recovery.snapshot === undefined) return this.writeSnapshot(() => done(undefined))
      // As Java, each start takes one; nobody has to wait for it.
      this.writeSnapshot()
      done(undefined)
    }
    if (this.settings.forceSync) run(syncRecovered(this.host.disk, this.dirs, recovery, maxRecordLength(this.settings)), goOn)
    else goOn(undefined)
  }

  /** Opens the client port, if there is one; nobody is served before `startServing`. */
  protected listen(done: (error: Error | undefined) => void): void {
    const { settings } = this
    this.#idleExpiry.start()
    this.#housekeeping.start()
    this.#purge.start()
    if (settings.clientPort === undefined) done(undefined)
    else this.service.listen(settings.clientPortAddress, settings.clientPort, done)
  }

  startServing(): void {
    this.replica.startServing()
    this.service.setServing(true)
  }

  /** Sessions expire and containers are reaped by this server from now on; every session has its full time. */
  startDeciding(): void {
    this.#term = {}
    // Nothing is newer than what this server holds.
    this.replica.endFuzziness(this.replica.lastProcessedZxid)
    this.replica.dropOrphans()
    this.preparer.startAfter(this.replica.lastProcessedZxid < 0n ? 0n : this.replica.lastProcessedZxid)
    this.sessions.restartExpiry(this.host.clock.now())
    this.#expiry.start()
    this.#reaper.start()
  }

  /** Calls back once this server knows of every session what others know of it. */
  protected hearOthers(done: () => void): void {
    done()
  }

  protected stopDeciding(): void {
    this.#term = undefined
    this.#expiry.stop()
    this.#reaper.stop()
  }

  get isStopping(): boolean {
    return this.#isStopping
  }

  /** Ends all connections; what was acknowledged is on disk already, what was not may or may not be. */
  stop(done: () => void): void {
    if (this.#isStopping) return
    this.#isStopping = true
    this.stopDeciding()
    this.#idleExpiry.stop()
    this.#housekeeping.stop()
    this.#commits.stop()
    const end = (): void => {
      // Whoever waits for the end of a session has seen the last of it here.
      for (const callbacks of this.#onClosed.values()) for (const callback of callbacks) callback()
      this.#onClosed.clear()
      done()
    }
    this.service.close(() => this.#snapshots.stop(() => this.#purge.stop(() => this.#log.close(() => this.#releaseDirectory(end)))))
  }

  protected stopSnapshots(done: () => void): void {
    this.#snapshots.stop(done)
  }

  /** Files are about to be removed, or the memory to be read again: no purge may come between. */
  protected pausePurge(done: () => void): void {
    this.#purge.pause(done)
  }

  protected resumePurge(): void {
    this.#purge.resume()
  }

  #releaseDirectory(done: () => void): void {
    if (this.#lock === undefined) done()
    else this.#lock.release(done)
  }

  fail(error: Error, exitCode: number): void {
    // What an operator can mend needs no stack.
    if (error instanceof StartupRefused) this.host.log.error(`Severe unrecoverable error, exiting: ${error.message}`)
    else this.host.log.error(error, 'Severe unrecoverable error, exiting')
    this.end(error, exitCode)
  }

  /** As `fail`, by somebody who has said why. */
  protected end(error: Error, exitCode: number): void {
    this.service.setServing(false)
    // A snapshot whose sync failed may have taken along what the log is about to find synced.
    this.#log.abandon()
    this.#durable = 0n
    // Nobody can have set onFatal yet.
    if (this.onBegun !== undefined) this.onBegun(new StartupRefused(error.message, exitCode, error))
    else this.onFatal(error, exitCode)
  }

  // The write path --------------------------------------------------------------------------------------------

  abstract submit(request: Request): void

  /** Everything up to the zxid is durable here. */
  protected abstract onLogged(zxid: bigint): void

  /** The next txn of this server's log, to be applied in its turn. */
  append(txn: LoggedTxn): void {
    this.#log.append(txn.header.zxid, txn.payload)
    this.#lastAppended = txn.header.zxid
    this.#pending.push(txn)
    if (this.#schedule.isDue(this.#log.txnsSinceRoll, this.#log.bytesSinceRoll)) this.#takeSnapshot()
    this.#commits.onAppended()
  }

  #commit(): void {
    const upTo = this.#lastAppended
    this.#log.commit(() => {
      if (!this.#isStopping) this.onLogged(upTo)
    })
  }

  /** Applies what is logged, up to the zxid, in order; what a turn has no time for follows in the next. */
  protected applyUpTo(zxid: bigint): void {
    this.#durable = zxid
    if (!this.#isApplying) this.#applyDurable()
  }

  #applyDurable(): void {
    this.#isApplying = false
    if (this.#isStopping) return
    const pending = this.#pending
    for (let left = this.settings.turns.txns; left > 0 && this.#isNextDurable; left--) this.#apply(pending[this.#applied++])
    this.#pending = pending.slice(this.#applied)
    this.#applied = 0
    this.#isApplying = this.#isNextDurable
    if (this.#isApplying) this.host.clock.endOfTurn(() => this.#applyDurable())
  }

  get #isNextDurable(): boolean {
    return this.#applied < this.#pending.length && this.#pending[this.#applied].header.zxid <= this.#durable
  }

  /** Applies the next txn, which may not stand in the log: it was in the history that a leader sent. */
  applyNext(txn: LoggedTxn): void {
    if (this.#pending[this.#applied] === undefined) return this.#apply(txn)
    assert(this.#pending[this.#applied].header.zxid === txn.header.zxid, 'what is logged is applied in order')
    this.#applied++
    this.#apply(txn)
    if (this.#applied < 1024 && this.#applied < this.#pending.length) return
    this.#pending = this.#pending.slice(this.#applied)
    this.#applied = 0
  }

  #apply(txn: LoggedTxn): void {
    const { header, request, kind } = txn
    assert(header.zxid > this.replica.lastProcessedZxid, 'txns are applied in ascending order of zxid')
    const result = this.replica.apply(txn)
    this.preparer.onApplied(header.zxid)
    this.#onApplied?.(txn)
    this.processor.onApplied(txn, result)
    if (kind.type === OpCode.closeSession) this.#onSessionClosed(header.clientId, request?.client)
  }

  /** Calls back once everything that was appended is durable. */
  whenDurable(done: () => void): void {
    this.#log.commit(done)
  }

  /** What is logged is history, committed or not: it is applied, and nobody is answered. */
  protected fastForward(): void {
    const pending = this.#pending.slice(this.#applied)
    this.#pending = []
    this.#applied = 0
    for (const txn of pending) {
      if (txn.request !== undefined) this.processor.abandon(txn.request)
      this.#apply({ ...txn, request: undefined })
    }
  }

  /** The next txn begins a new log file. */
  protected beginLogFile(): void {
    this.#log.roll()
  }

  /** Whether all that was appended up to the zxid is durable. */
  isDurable(zxid: bigint): boolean {
    return this.#log.isDurable(zxid)
  }

  /** Removes every txn and snapshot above the zxid from the disk, durably; nothing may be on its way to it. */
  protected cutHistory(zxid: bigint, done: DiskDone): void {
    this.#log.close(() => {
      this.#log = this.#createLog()
      this.#lastAppended = 0n
      run(truncateHistory(this.host.disk, this.dirs, zxid, maxRecordLength(this.settings)), done)
    })
  }

  /** As `cutHistory` where there is anything above the zxid. */
  protected removeAbove(zxid: bigint, done: DiskDone): void {
    run(this.#goesBeyond(zxid), (error, isLonger) => {
      if (error === undefined && isLonger) this.cutHistory(zxid, done)
      else done(error)
    })
  }

  *#goesBeyond(zxid: bigint): DiskWork<boolean> {
    const { disk } = this.host
    const { logDirectory, snapshotDirectory } = this.dirs
    const snapshots = storedFiles(yield* wait.list(disk, snapshotDirectory), 'snapshot')
    const logs = storedFiles(yield* wait.list(disk, logDirectory), 'log')
    if ([...snapshots, ...logs].some((file) => file.zxid > zxid)) return true
    const reader = this.readLog(disk, zxid + 1n)
    try {
      return yield* reader.next()
    } finally {
      yield* reader.close()
    }
  }

  /** Logged txns from the zxid on. */
  readLog(files: Files, from: bigint): TxnLogReader {
    return new TxnLogReader(files, this.dirs.logDirectory, from, { maxLength: maxRecordLength(this.settings) })
  }

  /** The tree as it is now, to be streamed. */
  encodeSnapshot(): SnapshotEncoder {
    return new SnapshotEncoder(this.image)
  }

  #takeSnapshot(): void {
    this.#log.roll()
    if (this.#snapshots.busy) {
      this.host.log.warn('Too busy to snap, skipping')
      return
    }
    this.writeSnapshot()
  }

  /** Quickly when somebody waits for it. */
  writeSnapshot(done?: () => void): void {
    const written: SnapshotDone = (error, snapshot) => {
      if (error !== undefined) return this.fail(error, ExitCode.ERROR_TAKING_SNAPSHOT)
      if (snapshot !== undefined) this.metrics.snapshotTime.add(snapshot.elapsedMs)
      done?.()
    }
    this.#snapshots.write(this.image, written, done !== undefined)
  }

  // What the server asks of itself ----------------------------------------------------------------------------

  /**
   * All of them are over at once; their txns are made some in a turn. A server that no longer decides makes no more of them: a later leader
   * may have heard of those clients.
   */
  #expireSessions(now: number): void {
    const term = this.#term
    const expired = this.sessions.takeExpired(now)
    for (const session of expired) this.sessions.setClosing(session)
    if (expired.length === 0) return
    let done = 0
    this.processor.slices.add(() => {
      if (this.#term !== term) return false
      for (const end = Math.min(done + this.settings.turns.expiries, expired.length); done < end; done++) this.#expire(expired[done])
      return done < expired.length
    })
  }

  #expire(session: Session): void {
    this.host.log.info(`Expiring session 0x${hex(session.id)}, timeout of ${session.attachedTimeoutMs}ms exceeded`)
    this.metrics.staleSessionsExpired.add(1)
    this.#submitOwn(closeSessionOp, session.id, undefined)
  }

  /** Ends the session as if its time were over; `done` when its ephemerals are gone, or at once with false if there is no such session. */
  expireSession(id: bigint, done: (wasThere: boolean) => void = () => {}): void {
    const session = this.sessions.get(id)
    if (session === undefined) {
      this.host.clock.endOfTurn(() => done(false))
      return
    }
    this.#onClosed.set(id, [...(this.#onClosed.get(id) ?? []), () => done(true)])
    if (session.closing) return
    this.sessions.setClosing(session)
    this.#submitOwn(closeSessionOp, id, undefined)
  }

  #onSessionClosed(id: bigint, asking: unknown): void {
    this.service.onSessionClosed(id, asking)
    const callbacks = this.#onClosed.get(id)
    if (callbacks === undefined) return
    this.#onClosed.delete(id)
    for (const callback of callbacks) callback()
  }

  #submitOwn(op: AnyOp, session: bigint, record: unknown): void {
    this.processor.submit(frameless({ client: undefined, session, op, record, receivedAt: this.host.clock.now() }))
  }
}

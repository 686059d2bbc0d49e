/**
 * One server on its own: recovery, the write path from request to durable txn to answer, sessions' expiry, snapshots
 * (ZooKeeperServerMain and the processor chain of a standalone ZooKeeperServer).
 */
import { assert, unreachable } from '../assert.ts'
import { ServerMetrics } from './admin/metrics.ts'
import { AccessControl } from './auth/check-acl.ts'
import { createAuthSchemes } from './auth/schemes.ts'
import type { Settings } from './config/settings.ts'
import { hex } from './hex.ts'
import type { DirectoryLock, Host } from './host/host.ts'
import { ClientService } from './net/client-service.ts'
import { deleteContainerOp } from './ops/delete.ts'
import { closeSessionOp } from './ops/session.ts'
import type { AnyOp } from './ops/op.ts'
import { Preparer } from './request/preparer.ts'
import { RequestProcessor } from './request/request-processor.ts'
import type { Proposer } from './request/request-processor.ts'
import { frameless } from './request/request.ts'
import type { LoggedTxn, Request } from './request/request.ts'
import { Replica } from './replica.ts'
import { ReplicaImage } from './replica-image.ts'
import { ServerStats } from './server-stats.ts'
import { StandaloneAdmin } from './standalone-admin.ts'
import { ContainerReaper } from './session/container-reaper.ts'
import { ExpiryTimer } from './session/expiry-timer.ts'
import { SessionTable } from './session/session-table.ts'
import { AutoPurge } from './storage/auto-purge.ts'
import { CommitSchedule } from './storage/commit-schedule.ts'
import { openDataDirs } from './storage/data-dirs.ts'
import type { DataDirs } from './storage/data-dirs.ts'
import { recover } from './storage/recovery.ts'
import type { Recovery } from './storage/recovery.ts'
import { SnapshotSchedule } from './storage/snapshot-schedule.ts'
import { SnapshotWriter } from './storage/snapshot-writer.ts'
import { ExitCode, StartupRefused } from './storage/storage-errors.ts'
import { syncRecovered } from './storage/sync-recovered.ts'
import { TxnLog } from './storage/txn-log.ts'
import { namespaceOf } from './tree/paths.ts'
import { EventType } from './watch/watch-table.ts'

/** A standalone server gives out session ids as server 1, whatever `conf` says its id is. */
const SERVER_ID = 1
/** What Java adds for the stat to the bytes of a read or write. */
const STAT_BYTES = 68

export type Started = (error: Error | undefined, server: StandaloneServer | undefined) => void

/** Loads the data directory, then opens the client port. Errors: StartupRefused, DirectoryInUse, or of the network. */
export function startStandalone(host: Host, settings: Settings, started: Started): void {
  let dirs: DataDirs
  try {
    dirs = openDataDirs(host.disk, { dataDir: settings.dataDir, dataLogDir: settings.dataLogDir, autocreate: settings.dataDirAutocreate })
  } catch (error) {
    host.clock.endOfTurn(() => started(error as Error, undefined))
    return
  }
  host.disk.lock(dirs.dataDir, (error, lock) => {
    if (error !== undefined) return started(error, undefined)
    const server = new StandaloneServer(host, settings, dirs, lock)
    server.start((startError) => started(startError, startError === undefined ? server : undefined))
  })
}

export class StandaloneServer implements Proposer {
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

  readonly #host: Host
  readonly #preparer: Preparer
  readonly #image: ReplicaImage
  readonly #log: TxnLog
  readonly #commits: CommitSchedule
  readonly #snapshots: SnapshotWriter
  readonly #schedule: SnapshotSchedule
  readonly #expiry: ExpiryTimer
  readonly #idleExpiry: ExpiryTimer
  readonly #reaper: ContainerReaper
  readonly #purge: AutoPurge
  readonly #lock: DirectoryLock | undefined
  /** Logged, not applied yet; those before #applied are done with. */
  #pending: LoggedTxn[] = []
  #applied = 0
  /** Who wants to know when a session's end has been applied. */
  readonly #onClosed = new Map<bigint, (() => void)[]>()
  #isStopping = false
  /** Set while the server starts: what it cannot survive is then a reason not to start. */
  #onBegun: ((error: Error | undefined) => void) | undefined

  constructor(host: Host, settings: Settings, dirs: DataDirs, lock: DirectoryLock | undefined) {
    this.#host = host
    this.settings = settings
    this.dirs = dirs
    this.#lock = lock
    const { clock, log } = host
    this.startedAt = clock.now()
    this.metrics = new ServerMetrics(host)
    this.sessions = new SessionTable(settings.tickTime, SERVER_ID, clock.wallTime())
    this.replica = new Replica(host, settings, this.sessions, {
      onDigestMismatch: (zxid) => {
        this.metrics.digestMismatchesCount.add(1)
        log.warn(`Digests are not matching. Value is Zxid. 0x${hex(zxid)}`)
      },
    })
    this.replica.tree.meter = {
      onRead: (path, bytes) => this.#meter(this.metrics.readPerNamespace, path, bytes),
      onWritten: (path, bytes) => this.#meter(this.metrics.writePerNamespace, path, bytes),
    }
    this.replica.watches.onFired = (type, count) => this.#watchMetric(type).add(count)
    this.#image = new ReplicaImage(this.replica)
    const schemes = createAuthSchemes(settings, (message) => log.warn(message))
    const access = new AccessControl(schemes, settings.skipAcl)
    this.#preparer = new Preparer({
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
    this.processor = new RequestProcessor(clock, this.replica, access, this, {
      onAnswered: (request, latencyMs) => {
        this.stats.onLatency(Math.floor(latencyMs))
        ;(request.op.kind === 'read' ? this.metrics.readLatency : this.metrics.updateLatency).add(latencyMs)
      },
      onDone: (request) => this.service.onDone(request),
    })
    const admin = new StandaloneAdmin(host, this)
    const parts = { host, settings, replica: this.replica, sessions: this.sessions, processor: this.processor, access, schemes }
    this.service = new ClientService({ ...parts, stats: this.stats, metrics: this.metrics, words: admin })
    this.#log = this.#createLog()
    this.#commits = new CommitSchedule(clock, settings, () => this.#commit())
    this.#snapshots = new SnapshotWriter(
      host,
      {
        directory: dirs.snapshotDirectory,
        compression: settings.snapshotCompression,
        digestEnabled: settings.digestEnabled,
        serializeLastProcessedZxid: settings.serializeLastProcessedZxidEnabled,
      },
      (zxid, done) => this.#log.whenDurable(zxid, done),
    )
    this.#schedule = new SnapshotSchedule(host.random, settings)
    this.#purge = new AutoPurge(host, settings, dirs)
    this.#expiry = new ExpiryTimer(clock, settings.tickTime, () => this.service.activity, (now) => this.#expireSessions(now))
    this.#idleExpiry = new ExpiryTimer(clock, this.service.idleIntervalMs, () => this.service.activity, (now) => this.service.expireIdle(now))
    this.#reaper = new ContainerReaper(clock, settings, this.replica.tree, (path) => this.#submitOwn(deleteContainerOp, 0n, { path }))
  }

  /** Of a txn, header and digest included. */
  get #maxRecordLength(): number {
    return this.settings.juteMaxBuffer + this.settings.juteMaxBufferExtraSize
  }

  get clientPort(): number {
    return this.service.listener?.port ?? 0
  }

  #meter(set: ServerMetrics['readPerNamespace'], path: string, bytes: number): void {
    const namespace = namespaceOf(path)
    if (namespace !== undefined) set.add(namespace, path.length + bytes + STAT_BYTES)
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
    const txnLog = new TxnLog(this.#host, {
      directory: this.dirs.logDirectory,
      preAllocSizeBytes: settings.preAllocSizeKb * 1024,
      forceSync: settings.forceSync,
      txnLogSizeLimitBytes: settings.txnLogSizeLimitKb * 1024,
      fsyncWarningThresholdMs: settings.fsyncWarningThresholdMs,
    })
    txnLog.onFailure = (error) => this.#fail(error, ExitCode.UNEXPECTED_ERROR)
    txnLog.onSync = (elapsedMs, isSlow) => {
      this.metrics.fsyncTime.add(elapsedMs)
      if (isSlow) this.stats.fsyncThresholdExceeded++
    }
    return txnLog
  }

  // Start and stop --------------------------------------------------------------------------------------------

  start(done: (error: Error | undefined) => void): void {
    this.#onBegun = (error) => {
      this.#onBegun = undefined
      if (error !== undefined) this.#lock?.release()
      done(error)
    }
    try {
      const recovery = this.#load()
      const goOn = (error: Error | undefined): void => (error === undefined ? this.#startFrom(recovery) : this.#onBegun?.(error))
      if (this.settings.forceSync) syncRecovered(this.#host.disk, this.dirs, recovery, this.#maxRecordLength, goOn)
      else goOn(undefined)
    } catch (error) {
      this.#host.clock.endOfTurn(() => this.#onBegun?.(error as Error))
    }
  }

  #startFrom(recovery: Recovery): void {
    const serve = (): void => this.#serve((error) => this.#onBegun?.(error))
    if (recovery.snapshot === undefined) {
      // Before the first log there must be a snapshot: a Java server does not start over logs alone.
      this.#writeSnapshot(serve)
    } else {
      // As Java, each start takes one; nobody has to wait for it.
      this.#writeSnapshot()
      serve()
    }
  }

  #load(): Recovery {
    const { settings } = this
    const recovery = recover(
      this.#host,
      { dirs: this.dirs, maxLength: this.#maxRecordLength, trustEmptySnapshot: settings.snapshotTrustEmpty, autocreateDb: settings.dbAutocreate },
      this.#image,
    )
    this.replica.dropOrphans()
    this.#preparer.startAfter(recovery.lastZxid < 0n ? 0n : recovery.lastZxid)
    this.metrics.startupSnapLoadTime.add(recovery.snapshotMs)
    this.metrics.startupTxnsLoadTime.add(recovery.txnsMs)
    this.metrics.startupTxnsLoaded.add(recovery.txns)
    this.metrics.dbInitTime.add(recovery.snapshotMs + recovery.txnsMs)
    const digest = BigInt.asUintN(64, this.replica.tree.digest)
    this.#host.log.info(
      `Snapshot loaded in ${Math.round(recovery.snapshotMs + recovery.txnsMs)} ms, ` +
        `highest zxid is 0x${hex(this.replica.lastProcessedZxid)}, digest is ${digest}`,
    )
    return recovery
  }

  #serve(done: (error: Error | undefined) => void): void {
    const { settings } = this
    this.replica.startServing()
    this.sessions.restartExpiry(this.#host.clock.now())
    const begin = (error: Error | undefined): void => {
      if (error !== undefined) return this.#snapshots.stop(() => done(error))
      if (this.#onBegun === undefined) return this.service.close(() => {})
      this.service.setServing(true)
      this.#expiry.start()
      this.#idleExpiry.start()
      this.#reaper.start()
      this.#purge.start()
      done(undefined)
    }
    if (settings.clientPort === undefined) begin(undefined)
    else this.service.listen(settings.clientPortAddress, settings.clientPort, begin)
  }

  /** Ends all connections; what was acknowledged is on disk already, what was not may or may not be. */
  stop(done: () => void): void {
    if (this.#isStopping) return
    this.#isStopping = true
    this.#expiry.stop()
    this.#idleExpiry.stop()
    this.#reaper.stop()
    this.#purge.stop()
    this.#commits.stop()
    this.service.close(() =>
      this.#snapshots.stop(() =>
        this.#log.close(() => {
          this.#lock?.release()
          // Whoever waits for the end of a session has seen the last of it here.
          for (const callbacks of this.#onClosed.values()) for (const callback of callbacks) callback()
          this.#onClosed.clear()
          done()
        }),
      ),
    )
  }

  #fail(error: Error, exitCode: number): void {
    this.#host.log.error(error, 'Severe unrecoverable error, exiting')
    this.service.setServing(false)
    // A snapshot whose sync failed may have taken along what the log is about to find synced.
    this.#log.abandon()
    // Nobody can have set onFatal yet.
    if (this.#onBegun !== undefined) this.#onBegun(new StartupRefused(error.message, exitCode, error))
    else this.onFatal(error, exitCode)
  }

  // The write path --------------------------------------------------------------------------------------------

  submit(request: Request): void {
    if (this.#isStopping) return
    const txn = this.#preparer.prepare(request)
    this.#log.append(txn.header.zxid, txn.payload)
    this.#pending.push(txn)
    if (this.#schedule.isDue(this.#log.txnsSinceRoll, this.#log.bytesSinceRoll)) this.#takeSnapshot()
    this.#commits.onAppended()
  }

  #commit(): void {
    const upTo = this.#preparer.lastZxid
    this.#log.commit(() => this.#onLogged(upTo))
  }

  /** Everything up to the zxid is durable: it is applied and answered, in order. */
  #onLogged(zxid: bigint): void {
    if (this.#isStopping) return
    const pending = this.#pending
    while (this.#applied < pending.length && pending[this.#applied]!.header.zxid <= zxid) this.#apply(pending[this.#applied++]!)
    this.#pending = pending.slice(this.#applied)
    this.#applied = 0
  }

  #apply(txn: LoggedTxn): void {
    const { header, request } = txn
    assert(header.zxid > this.replica.lastProcessedZxid, 'txns are applied in ascending order of zxid')
    const result = this.replica.apply(txn)
    this.#preparer.onApplied(header.zxid)
    this.processor.onApplied(txn, result)
    if (request?.op === closeSessionOp) this.#onSessionClosed(header.clientId, request.client)
  }

  #takeSnapshot(): void {
    this.#log.roll()
    if (this.#snapshots.busy) {
      this.#host.log.warn('Too busy to snap, skipping')
      return
    }
    this.#writeSnapshot()
  }

  #writeSnapshot(done: () => void = () => {}): void {
    this.#snapshots.write(this.#image, (error, snapshot) => {
      if (error !== undefined) return this.#fail(error, ExitCode.ERROR_TAKING_SNAPSHOT)
      if (snapshot !== undefined) this.metrics.snapshotTime.add(snapshot.elapsedMs)
      done()
    })
  }

  // What the server asks of itself ----------------------------------------------------------------------------

  #expireSessions(now: number): void {
    for (const session of this.sessions.takeExpired(now)) {
      this.#host.log.info(`Expiring session 0x${hex(session.id)}, timeout of ${session.attachedTimeoutMs}ms exceeded`)
      this.metrics.staleSessionsExpired.add(1)
      this.expireSession(session.id)
    }
  }

  /** Ends the session as if its time were over; `done` when its ephemerals are gone, or at once if there is none. */
  expireSession(id: bigint, done: () => void = () => {}): void {
    const session = this.sessions.get(id)
    if (session === undefined) {
      this.#host.clock.endOfTurn(done)
      return
    }
    this.#onClosed.set(id, [...(this.#onClosed.get(id) ?? []), done])
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
    this.processor.submit(frameless({ client: undefined, session, op, record, receivedAt: this.#host.clock.now() }))
  }
}

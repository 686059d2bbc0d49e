/** What the admin words see of a server, and the answers to the four-letter words of its client port. */
import { namespaceOf } from '../protocol/paths.ts'
import type {
  AdminView,
  ConfView,
  ConnectionView,
  DeadlinesView,
  EnsembleGauges,
  GaugesView,
  Items,
  ProposalSizes,
  QuorumConfView,
  QuotaView,
  ServerState,
  SessionsView,
  StatsView,
} from './admin/admin-view.ts'
import { environmentEntries } from './admin/environment.ts'
import { answerWord, argumentBytes, isAllowedWord, whitelistNotices } from './admin/four-letter.ts'
import type { ServerMetrics } from './admin/metrics.ts'
import { run } from './host/disk-work.ts'
import type { DiskWork } from './host/disk-work.ts'
import type { Files, Host } from './host/host.ts'
import type { ClientConnection } from './net/client-connection.ts'
import type { WordAnswerer } from './net/words.ts'
import type { ServerCore } from './server-core.ts'
import { directorySize } from './storage/data-dirs.ts'
import type { DataDirs } from './storage/data-dirs.ts'
import { NO_NODE } from './tree/node-store.ts'
import { limitsPath, parseQuota, statsPath } from './tree/quota.ts'

/** CLIENT_DATA_PACKET, SESSION, and what else ZooTrace shows by default. */
const DEFAULT_TRACE_MASK = 306n
const SIZE_WORDS: ReadonlySet<string> = new Set(['conf', 'dirs'])

/** What is different in a member of an ensemble. */
export interface EnsembleView {
  readonly serverState: ServerState
  readonly peerState: string | undefined
  readonly serverId: number
  /** Whether this server's own table decides about sessions. */
  readonly isDeciding: boolean
  quorum(): QuorumConfView
  proposalSizes(): ProposalSizes | undefined
  gauges(): EnsembleGauges | undefined
}

export class ServerAdmin implements AdminView, WordAnswerer {
  readonly #ensemble: EnsembleView | undefined
  readonly #host: Host
  readonly #server: ServerCore
  #traceMask = DEFAULT_TRACE_MASK
  #hasAnswered = false
  /** As they were found last. */
  #sizes: Sizes = { data: 0, log: 0 }
  readonly #measured: (() => void)[] = []

  constructor(host: Host, server: ServerCore, ensemble: EnsembleView | undefined) {
    this.#host = host
    this.#ensemble = ensemble
    this.#server = server
  }

  // Words -----------------------------------------------------------------------------------------------------

  argumentBytes(word: string): number | undefined {
    return argumentBytes(word, this.#server.settings.fourLetterWords)
  }

  /** `conf` and `dirs` tell of the sizes of directories. */
  prepare(word: string): ((done: () => void) => void) | undefined {
    const { fourLetterWords } = this.#server.settings
    if (!SIZE_WORDS.has(word) || !this.isServing || !isAllowedWord(word, fourLetterWords)) return undefined
    return (done) => this.#measure(done)
  }

  /** Whoever asks while the disk is at it gets what it finds: one that hangs is asked once. */
  #measure(done: () => void): void {
    if (this.#measured.push(done) > 1) return
    const { dirs } = this.#server
    run(measure(this.#host.disk.aside, dirs), (error, sizes) => {
      if (error === undefined) this.#sizes = sizes
      else this.#host.log.warn(error, 'the sizes of the directories cannot be had')
      for (const waiting of this.#measured.splice(0)) waiting()
    })
  }

  answer(word: string, argument: Uint8Array): Iterable<string> {
    const { fourLetterWords } = this.#server.settings
    if (!this.#hasAnswered) {
      this.#hasAnswered = true
      for (const line of whitelistNotices(fourLetterWords)) this.#host.log.info(line)
    }
    return answerWord(word, this, fourLetterWords, argument)
  }

  // The view --------------------------------------------------------------------------------------------------

  get isServing(): boolean {
    return this.#server.service.isServing
  }

  get serverState(): ServerState {
    return this.#ensemble?.serverState ?? 'standalone'
  }

  get peerState(): string | undefined {
    return this.#ensemble?.peerState
  }

  get lastProcessedZxid(): bigint {
    return this.#server.replica.lastProcessedZxid
  }

  get metrics(): ServerMetrics {
    return this.#server.metrics
  }

  get traceMask(): bigint {
    return this.#traceMask
  }

  stats(): StatsView {
    const { stats, service, processor, replica } = this.#server
    return {
      minLatency: stats.minLatency,
      averageLatency: stats.averageLatency,
      maxLatency: stats.maxLatency,
      packetsReceived: stats.packetsReceived,
      packetsSent: stats.packetsSent,
      aliveConnections: service.connections.size,
      outstandingRequests: processor.inFlight,
      // The root stands in Java's map under two names.
      nodeCount: replica.tree.nodeCount + 1,
    }
  }

  gauges(): GaugesView {
    const { stats, service, replica, sessions, startedAt } = this.#server
    const { process: facts, clock } = this.#host
    return {
      uptimeMs: clock.now() - startedAt,
      watchCount: replica.watches.watchCount,
      ephemeralsCount: replica.tree.ephemeralCount,
      approximateDataSize: replica.tree.approximateDataSize,
      globalSessions: sessions.size,
      localSessions: service.readOnlySessions,
      openFileDescriptors: facts.openFileDescriptors(),
      maxFileDescriptors: facts.maxFileDescriptors(),
      connectionDropProbability: service.throttle.dropChance,
      lastResponseSize: stats.lastResponseSize,
      minResponseSize: stats.minResponseSize,
      maxResponseSize: stats.maxResponseSize,
      outstandingTlsHandshakes: 0,
      authFailed: stats.authFailed,
      nonMtlsRemoteConnections: stats.remoteConnections,
      nonMtlsLocalConnections: stats.localConnections,
    }
  }

  *quotas(): IterableIterator<QuotaView> {
    const { store, quotas } = this.#server.replica.tree
    for (const path of quotas.paths()) {
      const limitsId = store.find(limitsPath(path))
      const usageId = store.find(statsPath(path))
      const limits = limitsId === NO_NODE ? undefined : parseQuota(store.data(limitsId))
      const usage = usageId === NO_NODE ? undefined : parseQuota(store.data(usageId))
      yield {
        namespace: namespaceOf(path) ?? '',
        limits:
          limits === undefined
            ? undefined
            : {
                count: limits.countHardLimit > -1 ? limits.countHardLimit : limits.count,
                bytes: limits.byteHardLimit > -1 ? limits.byteHardLimit : limits.bytes,
              },
        usage: usage === undefined ? undefined : { count: usage.count, bytes: usage.bytes },
      }
    }
  }

  conf(): ConfView {
    const { settings, dirs, clientPort } = this.#server
    return {
      clientPort,
      secureClientPort: -1,
      dataDir: dirs.snapshotDirectory,
      dataDirSize: this.#sizes.data,
      dataLogDir: dirs.logDirectory,
      dataLogSize: this.#sizes.log,
      tickTime: settings.tickTime,
      maxClientCnxns: settings.maxClientCnxns,
      minSessionTimeout: settings.minSessionTimeout,
      maxSessionTimeout: settings.maxSessionTimeout,
      clientPortListenBacklog: settings.clientPortListenBacklog,
      serverId: this.#ensemble?.serverId ?? 0,
      quorum: this.#ensemble?.quorum(),
    }
  }

  *connections(): IterableIterator<ConnectionView> {
    for (const connection of this.#server.service.connections) yield connectionView(connection)
  }

  sessions(): SessionsView {
    const { sessions } = this.#server
    if (this.#ensemble?.isDeciding === false) {
      const global = Array.from(sessions.all(), ({ id, timeoutMs }) => [id, timeoutMs] as const).sort(([a], [b]) => (a < b ? -1 : 1))
      return { kind: 'learner', local: undefined, global: new Map(global) }
    }
    const buckets = sessions.expiryBuckets().map(([at, items]) => ({ expiresAt: this.#wallTimeAt(at), items: Array.from(items, ({ id }) => id) }))
    return { kind: 'tracker', deadlines: { tracked: sessions.size, buckets } }
  }

  connectionDeadlines(): DeadlinesView<ConnectionView> {
    const { service } = this.#server
    const buckets = service.idleBuckets().map(([at, items]) => ({ expiresAt: this.#wallTimeAt(at), items: mapped([...items], connectionView) }))
    return { tracked: service.connections.size, buckets }
  }

  ephemerals(): { sessions: number; paths: Iterable<readonly [bigint, Iterable<string>]> } {
    const paths = [...this.#server.replica.tree.owners.sessions()]
    return { sessions: paths.length, paths }
  }

  watchSummary(): { connections: number; paths: number; watches: number } {
    return this.#server.replica.watches.summary()
  }

  *watchesBySession(): IterableIterator<readonly [bigint, Iterable<string>]> {
    for (const [watcher, paths] of this.#server.replica.watches.byWatcher()) {
      yield [(watcher as ClientConnection).sessionId, mapped(paths, String)]
    }
  }

  *watchesByPath(): IterableIterator<readonly [string, Iterable<bigint>]> {
    for (const [path, watchers] of this.#server.replica.watches.byPath()) {
      // An array each: of the generators that a million paths would need, the collector keeps most for long.
      yield [String(path), Array.from(watchers, (watcher) => (watcher as ClientConnection).sessionId)]
    }
  }

  *digestLog(): IterableIterator<{ zxid: bigint; digest: bigint }> {
    for (const { zxid, value } of this.#server.replica.digestLog()) yield { zxid, digest: BigInt.asIntN(64, value) }
  }

  environment(): Iterable<readonly [string, string]> {
    return environmentEntries(this.#host.process)
  }

  proposalSizes(): ProposalSizes | undefined {
    return this.#ensemble?.proposalSizes()
  }

  ensemble(): EnsembleGauges | undefined {
    return this.#ensemble?.gauges()
  }

  setTraceMask(mask: bigint): void {
    this.#traceMask = mask
  }

  resetConnectionStats(): void {
    for (const connection of this.#server.service.connections) connection.stats.reset()
  }

  resetServerStats(): void {
    this.#server.stats.reset()
  }

  /** The wall-clock time at which the monotonic clock will show this. */
  #wallTimeAt(clockMs: number): number {
    const { clock } = this.#host
    return Math.round(clock.wallTime() + clockMs - clock.now())
  }
}

/** Bytes of the snapshots' directory and of the logs'. */
interface Sizes {
  readonly data: number
  readonly log: number
}

function* measure(files: Files, { snapshotDirectory, logDirectory }: DataDirs): DiskWork<Sizes> {
  return { data: yield* directorySize(files, snapshotDirectory), log: yield* directorySize(files, logDirectory) }
}

/** Made as they are asked for: nobody waits for all of them. */
function mapped<T, U>(items: readonly T[], map: (item: T) => U): Items<U>
function mapped<T, U>(items: Iterable<T>, map: (item: T) => U): Iterable<U>
function mapped<T, U>(items: Iterable<T> & { readonly length?: number }, map: (item: T) => U): Items<U> {
  return {
    length: items.length ?? NaN,
    *[Symbol.iterator]() {
      for (const item of items) yield map(item)
    },
  }
}

function connectionView(connection: ClientConnection): ConnectionView {
  const { stats, socket } = connection
  return {
    remoteAddress: connection.remoteAddress,
    remotePort: socket.remotePort,
    interestOps: connection.interestOps,
    outstandingRequests: connection.outstanding,
    packetsReceived: stats.received,
    packetsSent: stats.sent,
    sessionId: connection.isEstablished ? connection.sessionId : 0n,
    lastOperation: stats.lastOp,
    established: stats.established,
    sessionTimeoutMs: connection.sessionTimeoutMs,
    lastCxid: stats.lastCxid,
    lastZxid: stats.lastZxid,
    lastResponseTime: stats.lastResponseAt,
    lastLatency: stats.lastLatency,
    minLatency: stats.minLatency,
    averageLatency: stats.averageLatency,
    maxLatency: stats.maxLatency,
  }
}

/**
 * What the admin words need to know of a server. The server implements it; nothing here changes anything but the four
 * verbs at the end. Tables are iterated once, in the order in which they are shown (Java's order is that of hashes), and perhaps over many
 * turns, in which they change.
 */
import type { ServerMetrics } from './metrics.ts'

export type ServerState = 'standalone' | 'leader' | 'follower' | 'observer' | 'read-only'

export interface AdminView {
  /** Requests are being served; else most words say that they are not. */
  readonly isServing: boolean
  readonly serverState: ServerState
  /** `leading - broadcast` and the like; undefined = standalone or read-only. */
  readonly peerState: string | undefined
  readonly lastProcessedZxid: bigint
  readonly metrics: ServerMetrics
  stats(): StatsView
  gauges(): GaugesView
  /** Every node with a quota. */
  quotas(): Iterable<QuotaView>
  conf(): ConfView
  connections(): Iterable<ConnectionView>
  sessions(): SessionsView
  /** Deadlines of connections; undefined = they are not kept in this way, and `dump` says nothing of them. */
  connectionDeadlines(): DeadlinesView<ConnectionView> | undefined
  /** Session ids with the paths of their ephemeral nodes, only sessions that have one; and how many such sessions. */
  ephemerals(): { readonly sessions: number; readonly paths: Iterable<readonly [bigint, Iterable<string>]> }
  /** Watches on data, not those on children, as in Java. */
  watchSummary(): { readonly connections: number; readonly paths: number; readonly watches: number }
  watchesBySession(): Iterable<readonly [bigint, Iterable<string>]>
  watchesByPath(): Iterable<readonly [string, Iterable<bigint>]>
  /** The digests kept for one zxid in 128, oldest first; signed, as Java's long. */
  digestLog(): Iterable<{ readonly zxid: bigint; readonly digest: bigint }>
  /** Pairs of `envi`, see process-facts.ts. */
  environment(): Iterable<readonly [string, string]>
  /** Of a leader. */
  proposalSizes(): ProposalSizes | undefined
  /** Undefined = a server of no ensemble, or read-only. */
  ensemble(): EnsembleGauges | undefined
  readonly traceMask: bigint

  setTraceMask(mask: bigint): void
  resetConnectionStats(): void
  /** Latencies, packets and response sizes; the metrics are reset by the word. */
  resetServerStats(): void
}

/** Bytes; -1 before the first. */
export interface ProposalSizes {
  readonly last: number
  readonly min: number
  readonly max: number
}

export interface EnsembleGauges {
  /** How many servers vote. */
  readonly quorumSize: number
  /** Undefined = it does not lead. */
  readonly leader: LeaderGauges | undefined
  /** The server that an observer follows; undefined = it is none. */
  readonly observerMasterId: bigint | undefined
}

export interface LeaderGauges {
  /** All that are connected, whether they are in step or not. */
  readonly learners: number
  readonly syncedFollowers: number
  readonly syncedNonVotingFollowers: number
  readonly syncedObservers: number
  readonly pendingSyncs: number
  readonly uptimeMs: number
}

/** The part of ServerStats that `srvr`, `stat` and `mntr` show. */
export interface StatsView {
  readonly minLatency: number
  /** May have any number of decimals; four are shown. */
  readonly averageLatency: number
  readonly maxLatency: number
  readonly packetsReceived: number
  readonly packetsSent: number
  readonly aliveConnections: number
  readonly outstandingRequests: number
  readonly nodeCount: number
}

export interface GaugesView {
  readonly uptimeMs: number
  readonly watchCount: number
  readonly ephemeralsCount: number
  /** Bytes of paths and data. */
  readonly approximateDataSize: number
  readonly globalSessions: number
  readonly localSessions: number
  readonly openFileDescriptors: number
  readonly maxFileDescriptors: number
  /** 0 to 1. */
  readonly connectionDropProbability: number
  /** -1 before the first response, as the next two. */
  readonly lastResponseSize: number
  readonly minResponseSize: number
  readonly maxResponseSize: number
  readonly outstandingTlsHandshakes: number
  readonly authFailed: number
  readonly nonMtlsRemoteConnections: number
  readonly nonMtlsLocalConnections: number
}

/** One node with a quota; several in one namespace are added up. */
export interface QuotaView {
  /** First element of its path. */
  readonly namespace: string
  /** The hard limit where there is one (above -1), else the soft one; undefined = no node zookeeper_limits. */
  readonly limits: { readonly count: number; readonly bytes: number } | undefined
  /** Undefined = no node zookeeper_stats. */
  readonly usage: { readonly count: number; readonly bytes: number } | undefined
}

export interface ConfView {
  readonly clientPort: number
  /** -1 = none. */
  readonly secureClientPort: number
  /** With version-2. */
  readonly dataDir: string
  readonly dataDirSize: number
  readonly dataLogDir: string
  readonly dataLogSize: number
  readonly tickTime: number
  readonly maxClientCnxns: number
  readonly minSessionTimeout: number
  readonly maxSessionTimeout: number
  readonly clientPortListenBacklog: number
  /** 0 standalone, though session ids carry 1. */
  readonly serverId: number
  readonly quorum: QuorumConfView | undefined
}

export interface QuorumConfView {
  readonly initLimit: number
  readonly syncLimit: number
  readonly electionAlg: number
  readonly electionPort: string
  readonly quorumPort: string
  /** 0 participant, 1 observer. */
  readonly peerType: number
  /** The membership lines with the version, without a line end behind the last; undefined = read-only. */
  readonly membership: string | undefined
}

export interface ConnectionView {
  /** IPv6 written out in full, as Java does. */
  readonly remoteAddress: string
  readonly remotePort: number
  /** 0 closing or being answered a word, 1 reading, 5 reading and writing. */
  readonly interestOps: number
  readonly outstandingRequests: number
  readonly packetsReceived: number
  readonly packetsSent: number
  /** 0 = no session yet. */
  readonly sessionId: bigint
  /** Four letters at most, `NA` before the first. */
  readonly lastOperation: string
  /** Milliseconds since 1970. */
  readonly established: number
  readonly sessionTimeoutMs: number
  /** Negative = no request with a cxid yet. */
  readonly lastCxid: number
  readonly lastZxid: bigint
  /** Milliseconds of the monotonic clock. */
  readonly lastResponseTime: number
  readonly lastLatency: number
  readonly minLatency: number
  readonly averageLatency: number
  readonly maxLatency: number
}

export interface Items<T> extends Iterable<T> {
  readonly length: number
}

/** Things by the time at which they expire, soonest first. */
export interface DeadlinesView<T> {
  /** How many there are in all. */
  readonly tracked: number
  /** `expiresAt` in milliseconds since 1970. */
  readonly buckets: readonly { readonly expiresAt: number; readonly items: Items<T> }[]
}

export type SessionsView =
  | { readonly kind: 'tracker'; readonly deadlines: DeadlinesView<bigint> }
  | {
      readonly kind: 'learner'
      /** Undefined = local sessions are off. */
      readonly local: DeadlinesView<bigint> | undefined
      /** Ids in ascending order with their timeouts in ms. */
      readonly global: ReadonlyMap<bigint, number>
    }

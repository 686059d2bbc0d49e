/**
 * Every metric of Apache's default provider, under the names of the constants in ServerMetrics.java, so that `mntr` and
 * what reads it find the same list. Those that a standalone server never touches stay at zero, as there.
 */
import type { Random } from '../host/host.ts'
import { Counter, MetricSet, PercentileSummary, SampleRandom, Summary } from './metric-kinds.ts'
import type { Metric, MetricSink } from './metric-kinds.ts'

export class ServerMetrics {
  readonly #all: Metric[] = []
  readonly #random = new SampleRandom()

  // Requests on their way through the server
  /** Read seen until answered, ms. */
  readonly readLatency = this.#percentiles('readlatency')
  /** Write of a client of this server seen until answered, ms. */
  readonly updateLatency = this.#percentiles('updatelatency')
  /** Txn created until applied here, ms of wall clock. */
  readonly propagationLatency = this.#percentiles('propagation_latency')
  /** Requests that entered the preparation. */
  readonly prepProcessorQueued = this.#counter('prep_processor_request_queued')
  readonly prepProcessorQueueSize = this.#summary('prep_processor_queue_size')
  readonly prepProcessorQueueTime = this.#percentiles('prep_processor_queue_time_ms')
  /** Preparation of one request, ms. */
  readonly prepProcessTime = this.#summary('prep_process_time')
  /** Preparation of one closeSession, ms. */
  readonly closeSessionPrepTime = this.#percentiles('close_session_prep_time')
  /** Changes prepared and not applied yet, as they come. */
  readonly outstandingChangesQueued = this.#counter('outstanding_changes_queued')
  /** … and as they go. */
  readonly outstandingChangesRemoved = this.#counter('outstanding_changes_removed')
  /** Proposals sent by a leader. */
  readonly proposalCount = this.#counter('proposal_count')
  /** From the preparation to the log, ms. */
  readonly proposalProcessTime = this.#summary('proposal_process_time')
  /** Requests that entered the log stage. */
  readonly syncProcessorQueued = this.#counter('sync_processor_request_queued')
  readonly syncProcessorQueueSize = this.#summary('sync_processor_queue_size')
  readonly syncProcessorQueueTime = this.#percentiles('sync_processor_queue_time_ms')
  /** Flush of a batch until its last request is passed on, ms. */
  readonly syncProcessorFlushTime = this.#percentiles('sync_processor_queue_flush_time_ms')
  readonly syncProcessorQueueAndFlushTime = this.#percentiles('sync_processor_queue_and_flush_time_ms')
  /** One request in the log stage, ms. */
  readonly syncProcessTime = this.#summary('sync_process_time')
  /** Txns of one flush. */
  readonly batchSize = this.#summary('sync_processor_batch_size')
  /** A read in the last stage, ms. */
  readonly readFinalProcTime = this.#percentiles('read_final_proc_time_ms')
  /** A write in the last stage, ms. */
  readonly writeFinalProcTime = this.#percentiles('write_final_proc_time_ms')
  /** Requests whose client was gone. */
  readonly staleRequests = this.#counter('stale_requests')
  readonly staleRequestsDropped = this.#counter('stale_requests_dropped')
  /** Replies to clients that were gone. */
  readonly staleReplies = this.#counter('stale_replies')
  /** Requests answered -127. */
  readonly throttledOps = this.#counter('throttled_ops')
  readonly requestThrottleQueueTime = this.#percentiles('request_throttle_queue_time_ms')
  /** Stalls of the throttler. */
  readonly requestThrottleWaitCount = this.#counter('request_throttle_wait_count')
  readonly largeRequestsRejected = this.#counter('large_requests_rejected')
  readonly unrecoverableErrorCount = this.#counter('unrecoverable_error_count')
  /** The digest of the tree differs from that of the txn: alert! */
  readonly digestMismatchesCount = this.#counter('digest_mismatches_count')
  /** Bytes by first path element. */
  readonly writePerNamespace = this.#summarySet('write_per_namespace')
  /** Bytes by first path element. */
  readonly readPerNamespace = this.#summarySet('read_per_namespace')
  /** By first path element. */
  readonly quotaExceededErrorPerNamespace = this.#counterSet('quota_exceeded_error_per_namespace')

  // Connections and sessions
  /** Session requests. */
  readonly connectionRequestCount = this.#counter('connection_request_count')
  /** Refused for a limit. */
  readonly connectionRejected = this.#counter('connection_rejected')
  /** Closed. */
  readonly connectionDropCount = this.#counter('connection_drop_count')
  /** Sessions that came back. */
  readonly connectionRevalidateCount = this.#counter('connection_revalidate_count')
  /** Tokens missing in the bucket at each session request. */
  readonly connectionTokenDeficit = this.#summary('connection_token_deficit')
  readonly sessionlessConnectionsExpired = this.#counter('sessionless_connections_expired')
  readonly staleSessionsExpired = this.#counter('stale_sessions_expired')
  readonly cnxnClosedWithoutZkServerRunning = this.#counter('cnxn_closed_without_zk_server_running')
  readonly bytesReceivedCount = this.#counter('bytes_received_count')
  /** Bytes of replies. */
  readonly responseBytes = this.#counter('response_bytes')
  /** Bytes of notifications. */
  readonly watchBytes = this.#counter('watch_bytes')
  readonly nettyQueuedBuffer = this.#summary('netty_queued_buffer_capacity')
  readonly responsePacketCacheHits = this.#counter('response_packet_cache_hits')
  readonly responsePacketCacheMissing = this.#counter('response_packet_cache_misses')
  readonly responsePacketGetChildrenCacheHits = this.#counter('response_packet_get_children_cache_hits')
  readonly responsePacketGetChildrenCacheMissing = this.#counter('response_packet_get_children_cache_misses')
  readonly ensembleAuthSuccess = this.#counter('ensemble_auth_success')
  readonly ensembleAuthFail = this.#counter('ensemble_auth_fail')
  readonly ensembleAuthSkip = this.#counter('ensemble_auth_skip')
  /** TLS handshakes. */
  readonly unsuccessfulHandshake = this.#counter('unsuccessful_handshake')
  /** TLS handshakes refused for the limit. */
  readonly tlsHandshakeExceeded = this.#counter('tls_handshake_exceeded')
  /** Plain connections on a unified admin port. */
  readonly insecureAdmin = this.#counter('insecure_admin_count')

  // Watches: how many each event reached
  readonly nodeCreatedWatcher = this.#summary('node_created_watch_count')
  readonly nodeDeletedWatcher = this.#summary('node_deleted_watch_count')
  readonly nodeChangedWatcher = this.#summary('node_changed_watch_count')
  readonly nodeChildrenWatcher = this.#summary('node_children_watch_count')
  /** Of the optimised watch table of Java, as the next three. */
  readonly addDeadWatcherStallTime = this.#counter('add_dead_watcher_stall_time')
  readonly deadWatchersQueued = this.#counter('dead_watchers_queued')
  readonly deadWatchersCleared = this.#counter('dead_watchers_cleared')
  readonly deadWatchersCleanerLatency = this.#percentiles('dead_watchers_cleaner_latency')

  // Disk
  /** Sync of the transaction log, ms. */
  readonly fsyncTime = this.#summary('fsynctime')
  /** Writing a snapshot, ms. */
  readonly snapshotTime = this.#summary('snapshottime')
  readonly snapshotErrorCount = this.#counter('snapshot_error_count')
  readonly snapshotRateLimitedCount = this.#counter('snapshot_rate_limited_count')
  readonly restoreTime = this.#summary('restore_time')
  readonly restoreErrorCount = this.#counter('restore_error_count')
  readonly restoreRateLimitedCount = this.#counter('restore_rate_limited_count')
  /** Loading and replaying at start, ms. */
  readonly dbInitTime = this.#summary('dbinittime')
  readonly startupSnapLoadTime = this.#summary('startup_snap_load_time')
  readonly startupTxnsLoadTime = this.#summary('startup_txns_load_time')
  readonly startupTxnsLoaded = this.#summary('startup_txns_loaded')
  /** Stalls of the event loop, ms. */
  readonly jvmPauseTime = this.#percentiles('jvm_pause_time_ms')

  // Election and sync
  readonly electionTime = this.#summary('election_time')
  readonly unavailableTime = this.#summary('unavailable_time')
  readonly leaderUnavailableTime = this.#summary('leader_unavailable_time')
  readonly lookingCount = this.#counter('looking_count')
  readonly diffCount = this.#counter('diff_count')
  readonly snapCount = this.#counter('snap_count')
  readonly inflightSnapCount = this.#summary('inflight_snap_count')
  readonly inflightDiffCount = this.#summary('inflight_diff_count')
  readonly followerSyncTime = this.#summary('follower_sync_time')
  readonly observerSyncTime = this.#summary('observer_sync_time')
  readonly socketClosingTime = this.#summary('socket_closing_time')
  readonly quitLeadingDueToDisloyalVoter = this.#counter('quit_leading_due_to_disloyal_voter')
  readonly revalidateCount = this.#counter('revalidate_count')

  // Proposals between servers
  readonly proposalLatency = this.#percentiles('proposal_latency')
  readonly proposalAckCreationLatency = this.#percentiles('proposal_ack_creation_latency')
  readonly commitPropagationLatency = this.#percentiles('commit_propagation_latency')
  readonly quorumAckLatency = this.#percentiles('quorum_ack_latency')
  readonly learnerProposalReceivedCount = this.#counter('learner_proposal_received_count')
  readonly learnerCommitReceivedCount = this.#counter('learner_commit_received_count')
  readonly omProposalProcessTime = this.#percentiles('om_proposal_process_time_ms')
  readonly omCommitProcessTime = this.#percentiles('om_commit_process_time_ms')
  readonly learnerRequestProcessorQueueSize = this.#summary('learner_request_processor_queue_size')
  readonly skipLearnerRequestToNextProcessorCount = this.#counter('skip_learner_request_to_next_processor_count')
  readonly requestsNotForwardedToCommitProcessor = this.#counter('requests_not_forwarded_to_commit_processor')
  readonly learnerHandlerQpSize = this.#summarySet('learner_handler_qp_size')
  readonly learnerHandlerQpTime = this.#percentilesSet('learner_handler_qp_time_ms')
  readonly ackLatency = this.#percentilesSet('ack_latency')

  // The commit stage of an ensemble member
  readonly commitCount = this.#counter('commit_count')
  readonly commitsQueued = this.#counter('request_commit_queued')
  readonly commitProcessTime = this.#summary('commit_process_time')
  readonly requestsInSessionQueue = this.#summary('requests_in_session_queue')
  readonly pendingSessionQueueSize = this.#summary('pending_session_queue_size')
  readonly readsAfterWriteInSessionQueue = this.#summary('reads_after_write_in_session_queue')
  readonly readIssuedFromSessionQueue = this.#summary('reads_issued_from_session_queue')
  readonly sessionQueuesDrained = this.#summary('session_queues_drained')
  readonly timeWaitingEmptyPoolInCommitProcessorRead = this.#summary('time_waiting_empty_pool_in_commit_processor_read_ms')
  readonly writeBatchTimeInCommitProcessor = this.#summary('write_batch_time_in_commit_processor')
  readonly concurrentRequestProcessingInCommitProcessor = this.#summary('concurrent_request_processing_in_commit_processor')
  readonly readsQueuedInCommitProcessor = this.#summary('read_commit_proc_req_queued')
  readonly writesQueuedInCommitProcessor = this.#summary('write_commit_proc_req_queued')
  readonly commitsQueuedInCommitProcessor = this.#summary('commit_commit_proc_req_queued')
  readonly readsIssuedInCommitProc = this.#summary('read_commit_proc_issued')
  readonly writesIssuedInCommitProc = this.#summary('write_commit_proc_issued')
  readonly readCommitprocTime = this.#percentiles('read_commitproc_time_ms')
  readonly writeCommitprocTime = this.#percentiles('write_commitproc_time_ms')
  readonly localWriteCommittedTime = this.#percentiles('local_write_committed_time_ms')
  readonly serverWriteCommittedTime = this.#percentiles('server_write_committed_time_ms')

  /** The random numbers pick the samples for percentiles. */
  constructor({ random }: { readonly random: Random }) {
    this.#random.seed(random.below(0x7fff_ffff))
  }

  /** All of them, in the order above. */
  get all(): readonly Metric[] {
    return this.#all
  }

  dump(sink: MetricSink): void {
    for (const metric of this.#all) metric.dump(sink)
  }

  /** What `srst` does. */
  reset(): void {
    for (const metric of this.#all) metric.reset()
  }

  #counter(name: string): Counter {
    return this.#register(new Counter(name))
  }

  #summary(name: string): Summary {
    return this.#register(new Summary(name))
  }

  #percentiles(name: string): PercentileSummary {
    return this.#register(new PercentileSummary(name, this.#random))
  }

  #counterSet(name: string): MetricSet<Counter> {
    return this.#register(new MetricSet(name, (each) => new Counter(each)))
  }

  #summarySet(name: string): MetricSet<Summary> {
    return this.#register(new MetricSet(name, (each) => new Summary(each)))
  }

  #percentilesSet(name: string): MetricSet<PercentileSummary> {
    return this.#register(new MetricSet(name, (each) => new PercentileSummary(each, this.#random)))
  }

  #register<M extends Metric>(metric: M): M {
    this.#all.push(metric)
    return metric
  }
}

/** The values of `mntr`: text values, gauges of the moment, then all metrics (MonitorCommand and registerMetrics). */
import { FULL_VERSION } from '../../base/version.ts'
import type { AdminView, EnsembleGauges, ProposalSizes, QuotaView } from './admin-view.ts'
import { fourDecimals } from './java-text.ts'
import type { MetricSink } from './metric-kinds.ts'

export interface MonitorSink extends MetricSink {
  text(name: string, value: string): void
}

export function dumpMonitor(view: AdminView, sink: MonitorSink): void {
  sink.text('version', FULL_VERSION)
  sink.text('server_state', view.serverState)
  if (view.peerState !== undefined) sink.text('peer_state', view.peerState)
  const ensemble = view.ensemble()
  if (ensemble?.observerMasterId !== undefined) sink.text('observer_master_id', String(ensemble.observerMasterId))
  dumpGauges(view, sink)
  if (ensemble !== undefined) dumpEnsemble(ensemble, view.proposalSizes(), sink)
  dumpQuotas(view.quotas(), sink)
  view.metrics.dump(sink)
}

function dumpGauges(view: AdminView, sink: MetricSink): void {
  const stats = view.stats()
  const gauges = view.gauges()
  sink.double('avg_latency', fourDecimals(stats.averageLatency))
  sink.integer('max_latency', stats.maxLatency)
  sink.integer('min_latency', stats.minLatency)
  sink.integer('packets_received', stats.packetsReceived)
  sink.integer('packets_sent', stats.packetsSent)
  sink.integer('num_alive_connections', stats.aliveConnections)
  sink.integer('outstanding_requests', stats.outstandingRequests)
  sink.integer('uptime', Math.floor(gauges.uptimeMs))
  sink.integer('znode_count', stats.nodeCount)
  sink.integer('watch_count', gauges.watchCount)
  sink.integer('ephemerals_count', gauges.ephemeralsCount)
  sink.integer('approximate_data_size', gauges.approximateDataSize)
  sink.integer('global_sessions', gauges.globalSessions)
  sink.integer('local_sessions', gauges.localSessions)
  sink.integer('open_file_descriptor_count', gauges.openFileDescriptors)
  sink.integer('max_file_descriptor_count', gauges.maxFileDescriptors)
  sink.double('connection_drop_probability', gauges.connectionDropProbability)
  sink.integer('last_client_response_size', gauges.lastResponseSize)
  sink.integer('max_client_response_size', gauges.maxResponseSize)
  sink.integer('min_client_response_size', gauges.minResponseSize)
  sink.integer('outstanding_tls_handshake', gauges.outstandingTlsHandshakes)
  sink.integer('auth_failed_count', gauges.authFailed)
  sink.integer('non_mtls_remote_conn_count', gauges.nonMtlsRemoteConnections)
  sink.integer('non_mtls_local_conn_count', gauges.nonMtlsLocalConnections)
}

/** As QuorumZooKeeperServer and LeaderZooKeeperServer register them. */
function dumpEnsemble({ quorumSize, leader }: EnsembleGauges, sizes: ProposalSizes | undefined, sink: MetricSink): void {
  sink.integer('quorum_size', quorumSize)
  if (leader !== undefined) {
    sink.integer('learners', leader.learners)
    sink.integer('synced_followers', leader.syncedFollowers)
    sink.integer('synced_non_voting_followers', leader.syncedNonVotingFollowers)
    sink.integer('synced_observers', leader.syncedObservers)
    sink.integer('pending_syncs', leader.pendingSyncs)
    sink.integer('leader_uptime', Math.floor(leader.uptimeMs))
  }
  if (sizes !== undefined) {
    sink.integer('last_proposal_size', sizes.last)
    sink.integer('max_proposal_size', sizes.max)
    sink.integer('min_proposal_size', sizes.min)
  }
}

/** As QuotaMetricsUtils: sums by namespace, limits and usage each where the node that holds them exists. */
function dumpQuotas(quotas: Iterable<QuotaView>, sink: MetricSink): void {
  const sums = new Map<string, number>()
  const add = (name: string, value: number): void => {
    sums.set(name, (sums.get(name) ?? 0) + value)
  }
  for (const { namespace, limits, usage } of quotas) {
    if (limits !== undefined) {
      add(`${namespace}_quota_count_limit_per_namespace`, limits.count)
      add(`${namespace}_quota_bytes_limit_per_namespace`, limits.bytes)
    }
    if (usage !== undefined) {
      add(`${namespace}_quota_count_usage_per_namespace`, usage.count)
      add(`${namespace}_quota_bytes_usage_per_namespace`, usage.bytes)
    }
  }
  for (const [name, value] of sums) sink.integer(name, value)
}

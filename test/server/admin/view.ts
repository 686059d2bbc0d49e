/** A server seen through AdminView, with the values that the Java server had when the golden texts were taken. */
import type { AdminView, ConnectionView, StatsView } from '../../../src/server/admin/admin-view.ts'
import { environmentEntries } from '../../../src/server/admin/environment.ts'
import { ServerMetrics } from '../../../src/server/admin/metrics.ts'
import { unknownProcess } from '../../../src/server/host/process-facts.ts'

export const first = 0x100000d82fa0000n
export const second = 0x100000d82fa0001n

export function metrics(): ServerMetrics {
  return new ServerMetrics({ random: { below: (limit) => limit - 1, bytes: (count) => new Uint8Array(count) } })
}

export function connection(overrides: Partial<ConnectionView>): ConnectionView {
  return {
    remoteAddress: '127.0.0.1',
    remotePort: 0,
    interestOps: 1,
    outstandingRequests: 0,
    packetsReceived: 0,
    packetsSent: 0,
    sessionId: 0n,
    lastOperation: 'NA',
    established: 0,
    sessionTimeoutMs: 0,
    lastCxid: -1,
    lastZxid: -1n,
    lastResponseTime: 0,
    lastLatency: 0,
    minLatency: 0,
    averageLatency: 0,
    maxLatency: 0,
    ...overrides,
  }
}

export function stats(overrides: Partial<StatsView> = {}): StatsView {
  return {
    minLatency: 0,
    averageLatency: 0,
    maxLatency: 0,
    packetsReceived: 0,
    packetsSent: 0,
    aliveConnections: 0,
    outstandingRequests: 0,
    nodeCount: 5,
    ...overrides,
  }
}

/** A server on which nothing has happened yet. */
export function freshView(overrides: Partial<AdminView> = {}): AdminView {
  const view: AdminView = {
    isServing: true,
    serverState: 'standalone',
    peerState: undefined,
    lastProcessedZxid: 0n,
    metrics: metrics(),
    stats: () => stats(),
    gauges: () => ({
      uptimeMs: 1234.5,
      watchCount: 0,
      ephemeralsCount: 0,
      approximateDataSize: 44,
      globalSessions: 0,
      localSessions: 0,
      openFileDescriptors: 47,
      maxFileDescriptors: 20_000,
      connectionDropProbability: 0,
      lastResponseSize: -1,
      minResponseSize: -1,
      maxResponseSize: -1,
      outstandingTlsHandshakes: 0,
      authFailed: 0,
      nonMtlsRemoteConnections: 0,
      nonMtlsLocalConnections: 0,
    }),
    quotas: () => [],
    conf: () => ({
      serverId: 0,
      clientPort: 24_181,
      secureClientPort: -1,
      dataDir: '/var/lib/zookeeper/version-2',
      dataDirSize: 66_030,
      dataLogDir: '/var/lib/zookeeper/version-2',
      dataLogSize: 66_030,
      tickTime: 2000,
      maxClientCnxns: 0,
      minSessionTimeout: 4000,
      maxSessionTimeout: 40_000,
      clientPortListenBacklog: -1,
      quorum: undefined,
    }),
    connections: () => [],
    sessions: () => ({ kind: 'tracker', deadlines: { tracked: 0, buckets: [] } }),
    connectionDeadlines: () => ({ tracked: 0, buckets: [] }),
    ephemerals: () => ({ sessions: 0, paths: [] }),
    watchSummary: () => ({ connections: 0, paths: 0, watches: 0 }),
    watchesBySession: () => [],
    watchesByPath: () => [],
    digestLog: () => [],
    environment: () => environmentEntries(unknownProcess),
    proposalSizes: () => undefined,
    ensemble: () => undefined,
    traceMask: 306n,
    setTraceMask: () => {},
    resetConnectionStats: () => {},
    resetServerStats: () => {},
  }
  return Object.assign(view, overrides)
}

/** Two sessions with nodes and watches. */
export function busyView(overrides: Partial<AdminView> = {}): AdminView {
  const at = (time: string): number => Date.parse(`2026-11-22T${time}Z`)
  return freshView({
    lastProcessedZxid: 0x1en,
    sessions: () => ({
      kind: 'tracker',
      deadlines: {
        tracked: 2,
        buckets: [
          { expiresAt: at('02:30:29.999'), items: [second] },
          { expiresAt: at('02:30:39'), items: [first] },
        ],
      },
    }),
    connectionDeadlines: () => ({
      tracked: 3,
      buckets: [
        { expiresAt: at('02:30:31'), items: [connection({ remotePort: 59_694 }), connection({ remotePort: 59_670, sessionId: second })] },
        { expiresAt: at('02:30:41'), items: [connection({ remotePort: 59_662, sessionId: first })] },
      ],
    }),
    ephemerals: () => ({
      sessions: 2,
      paths: [
        [second, ['/other/e']],
        [first, ['/app/eph2', '/app/locks/e-0000000000']],
      ],
    }),
    watchSummary: () => ({ connections: 2, paths: 2, watches: 3 }),
    watchesBySession: () => [
      [first, ['/app']],
      [second, ['/app', '/nope']],
    ],
    watchesByPath: () => [
      ['/app', [first, second]],
      ['/nope', [second]],
    ],
    ...overrides,
  })
}

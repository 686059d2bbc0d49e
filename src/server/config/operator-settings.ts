/** Settings of what operators look at: the admin HTTP server, the audit log, metrics. */
import { booleanProperty, derived, intProperty, numeric, property, textProperty, typedBoolean, typedLong, typedText } from './key-table.ts'
import type { KeyTable } from './key-table.ts'
import { isTrue, plainInt32 } from './java-values.ts'

export interface OperatorSettings {
  /** The admin HTTP server runs; only the value `false` turns it off. `admin.enableServer` */
  readonly adminEnableServer: boolean
  /** Address of the admin HTTP server. `admin.serverAddress` */
  readonly adminServerAddress: string
  /** Port of the admin HTTP server. `admin.serverPort` */
  readonly adminServerPort: number
  /** Path in front of the commands. `admin.commandURL` */
  readonly adminCommandUrl: string
  /** An idle HTTP connection is closed after so long, ms. `admin.idleTimeout` */
  readonly adminIdleTimeoutMs: number
  /** Number of the HTTP version in Jetty's count, 11 = HTTP/1.1. `admin.httpVersion` */
  readonly adminHttpVersion: number
  /** HTTP and HTTPS on one port. `admin.portUnification` */
  readonly adminPortUnification: boolean
  /** HTTPS only. `admin.forceHttps` */
  readonly adminForceHttps: boolean
  /** HTTPS clients must show a certificate. `admin.needClientAuth` */
  readonly adminNeedClientAuth: boolean
  /** Milliseconds between two snapshots or restores by command. `admin.rateLimiterIntervalInMS` */
  readonly adminRateLimiterIntervalMs: number
  /** The command snapshot is offered. `admin.snapshot.enabled` */
  readonly adminSnapshotEnabled: boolean
  /** The command restore is offered. `admin.restore.enabled` */
  readonly adminRestoreEnabled: boolean
  /** Writes are logged with who did them. `audit.enable` */
  readonly auditEnable: boolean
  /** Class name of another audit logger. `audit.impl.class` */
  readonly auditImplClass: string | undefined
  /** Class name of the metrics provider. `metricsProvider.className` */
  readonly metricsProviderClassName: string
  /** The provider's own keys, without the prefix. `metricsProvider.<key>` */
  readonly metricsProviderConfiguration: ReadonlyMap<string, string>
  /** Pauses of the event loop are watched and logged. `jvm.pause.monitor` */
  readonly jvmPauseMonitor: boolean
  /** Pauses that are warned about, ms. `jvm.pause.warn-threshold.ms` */
  readonly jvmPauseWarnThresholdMs: number
  /** Pauses that are noted, ms. `jvm.pause.info-threshold.ms` */
  readonly jvmPauseInfoThresholdMs: number
  /** Milliseconds between looks. `jvm.pause.sleep.time.ms` */
  readonly jvmPauseSleepTimeMs: number
}

export const metricsProviders = {
  default: 'org.apache.zookeeper.metrics.impl.DefaultMetricsProvider',
  none: 'org.apache.zookeeper.metrics.impl.NullMetricsProvider',
  prometheus: 'org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider',
} as const

export const operatorDefaults: OperatorSettings = {
  adminEnableServer: true,
  adminServerAddress: '0.0.0.0',
  adminServerPort: 8080,
  adminCommandUrl: '/commands',
  adminIdleTimeoutMs: 30_000,
  adminHttpVersion: 11,
  adminPortUnification: false,
  adminForceHttps: false,
  adminNeedClientAuth: false,
  adminRateLimiterIntervalMs: 300_000,
  adminSnapshotEnabled: true,
  adminRestoreEnabled: true,
  auditEnable: false,
  auditImplClass: undefined,
  metricsProviderClassName: metricsProviders.default,
  metricsProviderConfiguration: new Map(),
  jvmPauseMonitor: false,
  jvmPauseWarnThresholdMs: 10_000,
  jvmPauseInfoThresholdMs: 1000,
  jvmPauseSleepTimeMs: 500,
}

export const operatorKeys: KeyTable<OperatorSettings> = {
  adminEnableServer: property('admin.enableServer', (value) => value !== 'false'),
  adminServerAddress: textProperty('admin.serverAddress'),
  adminServerPort: intProperty('admin.serverPort'),
  adminCommandUrl: textProperty('admin.commandURL'),
  adminIdleTimeoutMs: intProperty('admin.idleTimeout'),
  adminHttpVersion: intProperty('admin.httpVersion'),
  adminPortUnification: booleanProperty('admin.portUnification'),
  adminForceHttps: booleanProperty('admin.forceHttps'),
  adminNeedClientAuth: booleanProperty('admin.needClientAuth'),
  adminRateLimiterIntervalMs: numeric(property('admin.rateLimiterIntervalInMS', plainInt32)),
  adminSnapshotEnabled: property('admin.snapshot.enabled', isTrue),
  adminRestoreEnabled: property('admin.restore.enabled', isTrue),
  auditEnable: booleanProperty('audit.enable'),
  auditImplClass: textProperty('audit.impl.class'),
  metricsProviderClassName: typedText('metricsProvider.className'),
  metricsProviderConfiguration: derived,
  jvmPauseMonitor: typedBoolean('jvm.pause.monitor'),
  jvmPauseWarnThresholdMs: typedLong('jvm.pause.warn-threshold.ms'),
  jvmPauseInfoThresholdMs: typedLong('jvm.pause.info-threshold.ms'),
  jvmPauseSleepTimeMs: typedLong('jvm.pause.sleep.time.ms'),
}

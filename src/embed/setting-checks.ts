/**
 * Checks each field of the settings that a program passes. The loader checks a file and complains in Java's words; this module checks types and
 * ranges. It accepts every number that Java accepts in zoo.cfg, except those with which no server can run.
 */
import { isSet } from 'node:util/types'
import { nodeHashName } from '../server/config/digest-algorithm.ts'
import type { Row } from '../server/config/key-table.ts'
import { metricsProviders } from '../server/config/operator-settings.ts'
import { defaultSettings, settingKeys } from '../server/config/settings.ts'
import type { Settings } from '../server/config/settings.ts'
import type { TurnLimits } from '../server/config/turn-limits.ts'
import { boolean, both, fields, finite, firstComplaint, judge, judgeOptions, listOf, map, name, oneOf, optional, shown, text, whole } from './arguments.ts'
import type { Check } from './arguments.ts'

const MOST_INT = 2 ** 31 - 1
const MOST_SID = Number.MAX_SAFE_INTEGER

/** A Java int, negative values included; the field in `Settings` says what they mean. */
const int = whole(-(2 ** 31), MOST_INT)
const long = whole(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
const natural = whole(0, MOST_INT)
const ticks = natural
const limit = whole(1, Number.MAX_SAFE_INTEGER)
const port = whole(0, 65_535)
const sid = whole(0, MOST_SID)

const textSet: Check = (value) => {
  if (!isSet(value)) return { kind: 'type', wanted: 'a Set of texts' }
  return firstComplaint([...value].map((each, index) => [`[${index}]`, each, text]))
}
const wordSet: Check = (value) => {
  if (value === 'all') return undefined
  return isSet(value) ? textSet(value) : { kind: 'type', wanted: "a Set of four-letter words or 'all'" }
}
const textMap = mapOf(text, text)
/** A zxid. */
const version: Check = (value) => {
  if (typeof value !== 'bigint') return { kind: 'type', wanted: 'a bigint' }
  return BigInt.asIntN(64, value) === value ? undefined : { kind: 'range', wanted: 'a bigint of 64 bits' }
}

const server = fields({
  sid,
  addresses: both(listOf(fields({ host: name, quorumPort: port, electionPort: port })), (value) =>
    (value as unknown[]).length > 0 ? undefined : { kind: 'range', wanted: 'a list of at least one address' },
  ),
  learnerType: oneOf('participant', 'observer'),
  clientAddress: optional(fields({ host: name, port })),
})

const turnChecks: Readonly<Record<keyof TurnLimits, Check>> = {
  txns: limit,
  expiries: limit,
  sockets: limit,
  bytes: limit,
  shareBytes: limit,
  snapshotBytes: limit,
  snapshotPace: limit,
  streamBytes: limit,
  committedTxns: limit,
}

const settingChecks: Readonly<Record<keyof Settings, Check>> = {
  // Client ports, connections and sessions.
  tickTime: whole(1, MOST_INT),
  clientPort: port,
  clientPortAddress: name,
  secureClientPort: port,
  secureClientPortAddress: name,
  clientPortListenBacklog: int,
  maxClientCnxns: int,
  maxCnxns: natural,
  minSessionTimeout: whole(-1, MOST_INT),
  maxSessionTimeout: whole(-1, MOST_INT),
  localSessionsEnabled: boolean,
  localSessionsUpgradingEnabled: boolean,
  sessionlessCnxnTimeoutMs: int,
  clientTcpKeepAlive: boolean,
  juteMaxBuffer: natural,
  juteMaxBufferExtraSize: int,
  serverCnxnFactory: oneOf('org.apache.zookeeper.server.NIOServerCnxnFactory', 'org.apache.zookeeper.server.NettyServerCnxnFactory'),
  clientPortUnification: boolean,
  clientCertReload: boolean,
  outstandingHandshakeLimit: int,
  earlyDropSecureConnectionHandshakes: boolean,
  fourLetterWords: wordSet,
  readOnlyModeEnabled: boolean,
  outgoingPauseBytes: limit,
  outgoingCloseBytes: limit,
  outgoingTotalBytes: limit,
  waitingPauseBytes: limit,
  multiReadMaxBytes: limit,
  outstandingPauseBytes: limit,
  identitiesMaxBytes: limit,
  watchesCloseBytes: limit,
  turnMaxRequests: limit,
  turnMaxBytes: limit,
  // Data directories, log and snapshots.
  dataDir: name,
  dataLogDir: text,
  dataDirAutocreate: boolean,
  dbAutocreate: boolean,
  preAllocSizeKb: long,
  snapCount: whole(2, MOST_INT),
  snapSizeLimitKb: long,
  txnLogSizeLimitKb: long,
  snapshotCompression: oneOf('', 'gz', 'snappy'),
  snapshotTrustEmpty: boolean,
  serializeLastProcessedZxidEnabled: boolean,
  digestEnabled: boolean,
  extendedTypesEnabled: boolean,
  emulate353TtlNodes: boolean,
  forceSync: boolean,
  fsyncWarningThresholdMs: long,
  maxBatchSize: int,
  flushDelayMs: long,
  maxWriteQueuePollTimeMs: long,
  commitLogCount: whole(1, MOST_INT),
  snapshotSizeFactor: finite(1),
  closeSessionTxnEnabled: boolean,
  containerCheckIntervalMs: int,
  containerMaxPerMinute: int,
  containerMaxNeverUsedIntervalMs: long,
  autopurgeSnapRetainCount: int,
  autopurgePurgeIntervalHours: int,
  watchManagerName: text,
  // Authentication, access and quotas.
  skipAcl: boolean,
  enableEagerAclCheck: boolean,
  enforceQuota: boolean,
  superDigest: text,
  digestAuthEnabled: boolean,
  digestAlgorithm: both(text, (value) =>
    nodeHashName(value as string) === undefined ? { kind: 'range', wanted: 'the name of a hash that Java knows' } : undefined,
  ),
  letAnySaslUserDoX: text,
  enforceAuthEnabled: boolean,
  enforceAuthSchemes: listOf(text),
  sessionRequireClientSaslAuth: boolean,
  allowSaslFailedClients: boolean,
  ensembleAuthName: textSet,
  authProviders: listOf(text),
  useXForwardedFor: boolean,
  superUsers: listOf(text),
  x509SuperUser: text,
  // Throttles.
  globalOutstandingLimit: int,
  requestThrottleMaxRequests: int,
  requestThrottleStallTimeMs: int,
  requestThrottleDropStale: boolean,
  requestStaleLatencyCheck: boolean,
  requestStaleConnectionCheck: boolean,
  requestThrottlerShutdownTimeoutMs: int,
  throttledOpWaitTimeMs: int,
  connectionThrottleTokens: int,
  connectionThrottleFillTimeMs: int,
  connectionThrottleFillCount: int,
  connectionThrottleFreezeTimeMs: int,
  connectionThrottleDropIncrease: finite(),
  connectionThrottleDropDecrease: finite(),
  connectionThrottleDecreaseRatio: finite(),
  connectionThrottleWeightEnabled: boolean,
  connectionThrottleGlobalSessionWeight: int,
  connectionThrottleLocalSessionWeight: int,
  connectionThrottleRenewSessionWeight: int,
  largeRequestThreshold: int,
  largeRequestMaxBytes: int,
  maxResponseCacheSize: int,
  maxGetChildrenResponseCacheSize: int,
  // What operators look at.
  adminEnableServer: boolean,
  adminServerAddress: text,
  adminServerPort: port,
  adminCommandUrl: text,
  adminIdleTimeoutMs: int,
  adminHttpVersion: int,
  adminPortUnification: boolean,
  adminForceHttps: boolean,
  adminNeedClientAuth: boolean,
  adminRateLimiterIntervalMs: int,
  adminSnapshotEnabled: boolean,
  adminRestoreEnabled: boolean,
  auditEnable: boolean,
  auditImplClass: text,
  metricsProviderClassName: oneOf(...Object.values(metricsProviders)),
  metricsProviderConfiguration: textMap,
  jvmPauseMonitor: boolean,
  jvmPauseWarnThresholdMs: long,
  jvmPauseInfoThresholdMs: long,
  jvmPauseSleepTimeMs: long,
  // Ensembles.
  distributed: boolean,
  serverId: sid,
  servers: listOf(server),
  groups: mapOf(long, listOf(sid)),
  weights: mapOf(sid, natural),
  configVersion: version,
  dynamicConfigFile: name,
  standaloneEnabled: boolean,
  reconfigEnabled: boolean,
  initLimit: ticks,
  syncLimit: ticks,
  connectToLearnerMasterLimit: ticks,
  electionAlg: whole(3, 3),
  quorumListenOnAllIPs: boolean,
  peerType: oneOf('participant', 'observer'),
  syncEnabled: boolean,
  observerMasterPort: port,
  sslQuorum: boolean,
  portUnification: boolean,
  sslQuorumReloadCertFiles: boolean,
  quorumAuthEnableSasl: boolean,
  quorumAuthLearnerRequireSasl: boolean,
  quorumAuthServerRequireSasl: boolean,
  quorumAuthLearnerLoginContext: text,
  quorumAuthServerLoginContext: text,
  quorumAuthServicePrincipal: text,
  quorumCnxnThreadsSize: int,
  multiAddressEnabled: boolean,
  multiAddressReachabilityCheckTimeoutMs: int,
  multiAddressReachabilityCheckEnabled: boolean,
  oraclePath: text,
  cnxTimeoutMs: int,
  quorumCnxnTimeoutMs: int,
  electionPortBindRetry: int,
  minNotificationIntervalMs: int,
  maxNotificationIntervalMs: int,
  leaderServes: boolean,
  leaderConnectDelayDuringRetryMs: int,
  maxTimeToWaitForEpochMs: int,
  maxConcurrentSnapSyncs: int,
  maxConcurrentDiffSyncs: int,
  ackLoggingFrequency: int,
  forceSnapshotSync: boolean,
  observerReconnectDelayMs: long,
  observerElectionDelayMs: long,
  observerMasterSizeLimit: int,
  tcpKeepAlive: boolean,
  learnerCloseBytes: limit,
  learnersCloseBytes: limit,
  learnersAskedBytes: limit,
  // Where the settings come from.
  properties: textMap,
  configText: text,
  // What no file sets.
  turns: fields(turnChecks),
}

/** Completes the settings with defaults; a field that is undefined counts as left out. Throws TypeError or RangeError. */
export function completeSettings(given: unknown): Settings {
  judgeSettings(given)
  const settings = defaultSettings(Object.fromEntries(Object.entries(given as object).filter(([, value]) => value !== undefined)))
  judgeTogether(settings)
  return settings
}

/** `reserved`: settings that the calling function sets itself, each with advice for the user. Throws TypeError or RangeError. */
export function judgeSettings(given: unknown, reserved: Readonly<Record<string, string>> = {}): void {
  judgeOptions('settings', given, settingChecks, nameOfKey)
  for (const [key, advice] of Object.entries(reserved)) {
    const value = (given as Record<string, unknown>)[key]
    if (value !== undefined) throw new TypeError(`settings.${key} cannot be set here, got ${shown(value)}: ${advice}`)
  }
}

/** Checks settings that may be right alone and wrong beside another. */
function judgeTogether(settings: Settings): void {
  const { minSessionTimeout, maxSessionTimeout, tickTime, distributed } = settings
  if (maxSessionTimeout > MOST_INT) {
    throw new RangeError(`settings.tickTime must leave room for a maxSessionTimeout of 20 ticks below ${MOST_INT} ms, got ${tickTime}`)
  }
  if (minSessionTimeout > maxSessionTimeout) {
    throw new RangeError(`settings.minSessionTimeout must not be larger than maxSessionTimeout, which is ${maxSessionTimeout}, got ${minSessionTimeout}`)
  }
  judgeServers(settings)
  if (distributed) judgeMember(settings)
}

function judgeServers({ servers, multiAddressEnabled }: Settings): void {
  const seen = new Set<number>()
  for (const [index, { sid, addresses }] of servers.entries()) {
    if (seen.has(sid)) throw new RangeError(`settings.servers[${index}].sid must be that of one server only, got ${sid} again`)
    seen.add(sid)
    if (addresses.length > 1 && !multiAddressEnabled) {
      throw new RangeError(`settings.servers[${index}].addresses must be one, unless multiAddressEnabled is true, got ${addresses.length}`)
    }
    const shared = addresses.find(({ quorumPort, electionPort }) => quorumPort === electionPort)
    if (shared !== undefined) throw new RangeError(`settings.servers[${index}] must have two ports that differ, got ${shared.quorumPort} for both`)
  }
}

/** What a member of an ensemble cannot do without. */
function judgeMember({ serverId, servers, initLimit, syncLimit }: Settings): void {
  if (serverId === undefined) throw new TypeError('settings.serverId is not set: a member of an ensemble needs it, got undefined')
  if (!servers.some(({ sid }) => sid === serverId)) {
    throw new RangeError(`settings.serverId must be the sid of one of settings.servers (${servers.map(({ sid }) => sid).join(', ')}), got ${serverId}`)
  }
  if (!servers.some(({ learnerType }) => learnerType === 'participant')) throw new RangeError('settings.servers must have a participant, got observers only')
  const atLeastOne = whole(1, MOST_INT)
  judge('settings.initLimit', initLimit, atLeastOne)
  judge('settings.syncLimit', syncLimit, atLeastOne)
}

/** Advice for a user who writes a key of zoo.cfg, or a property, in place of the field's name. */
function nameOfKey(key: string): string | undefined {
  const rows = Object.entries(settingKeys) as [string, Row<unknown>][]
  const [field] = rows.find(([, row]) => keysOf(row).includes(key)) ?? []
  return field === undefined ? undefined : `its name here is ${field}`
}

/** The row's keys in zoo.cfg, or behind `-D` where a file cannot hold it; none where the loader computes the field. */
export function keysOf(row: Row<unknown>): readonly string[] {
  switch (row.kind) {
    case 'derived':
      return []
    case 'typed':
      return [row.key]
    case 'property':
      return row.names.map((full) => full.replace(/^zookeeper\./, ''))
  }
}

function mapOf(key: Check, value: Check): Check {
  return both(map, (given) =>
    firstComplaint(
      [...(given as ReadonlyMap<unknown, unknown>)].flatMap(([each, its]) => [[' key', each, key] as const, [`.get(${shown(each)})`, its, value] as const]),
    ),
  )
}

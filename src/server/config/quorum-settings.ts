/** Settings that only a server of an ensemble needs; they are read, checked and kept in any case. */
import { atLeast, booleanProperty, derived, intProperty, longProperty, ownLimit, property, typed, typedBoolean, typedInt, typedText } from './key-table.ts'
import type { KeyTable } from './key-table.ts'
import { ConfigRefused } from './config-refused.ts'
import { isTrue, parseInt32 } from './java-values.ts'
import type { LearnerType, ServerLine } from './membership.ts'

export interface QuorumSettings {
  /** More than one voter, or one and `standaloneEnabled` off: this server belongs to an ensemble. */
  readonly distributed: boolean
  /** The number in the file myid; undefined = there is no such file or nobody asked for it. */
  readonly serverId: number | undefined
  /** The `server.N` lines in the order of their numbers. */
  readonly servers: readonly ServerLine[]
  /** Members by group number; empty = no groups. `group.N` */
  readonly groups: ReadonlyMap<number, readonly number[]>
  /** Votes by server number, 1 where not given. `weight.N` */
  readonly weights: ReadonlyMap<number, number>
  /** Of the membership above; 0 = none was given. `version` beside the lines of zoo.cfg, or the suffix of `dynamicConfigFile` */
  readonly configVersion: bigint
  /** File with the membership lines. `dynamicConfigFile` */
  readonly dynamicConfigFile: string | undefined
  /** One voter runs without an ensemble. `standaloneEnabled` */
  readonly standaloneEnabled: boolean
  /** The membership may be changed by clients. `reconfigEnabled` */
  readonly reconfigEnabled: boolean
  /** Ticks a learner may take to connect and sync. `initLimit` */
  readonly initLimit: number
  /** Ticks a learner may lag behind. `syncLimit` */
  readonly syncLimit: number
  /** Ticks for the dial to the leader; 0 = `initLimit`. `connectToLearnerMasterLimit` */
  readonly connectToLearnerMasterLimit: number
  /** 3 is the only election there is. `electionAlg` */
  readonly electionAlg: number
  /** Quorum ports listen on every address. `quorumListenOnAllIPs` */
  readonly quorumListenOnAllIPs: boolean
  /** Role of this server. `peerType` */
  readonly peerType: LearnerType
  /** Observers write log and snapshots. `syncEnabled`, `-Dzookeeper.observer.syncEnabled` */
  readonly syncEnabled: boolean
  /** Port where a follower serves observers; 0 = none. `observerMasterPort` */
  readonly observerMasterPort: number
  /** TLS between servers. `sslQuorum` */
  readonly sslQuorum: boolean
  /** Quorum ports accept plain and TLS. `portUnification` */
  readonly portUnification: boolean
  /** Stores of quorum TLS are read again when the files change. `sslQuorumReloadCertFiles` */
  readonly sslQuorumReloadCertFiles: boolean
  /** SASL between servers. `quorum.auth.enableSasl` */
  readonly quorumAuthEnableSasl: boolean
  /** `quorum.auth.learnerRequireSasl` */
  readonly quorumAuthLearnerRequireSasl: boolean
  /** `quorum.auth.serverRequireSasl` */
  readonly quorumAuthServerRequireSasl: boolean
  /** `quorum.auth.learner.saslLoginContext` */
  readonly quorumAuthLearnerLoginContext: string
  /** `quorum.auth.server.saslLoginContext` */
  readonly quorumAuthServerLoginContext: string
  /** `quorum.auth.kerberos.servicePrincipal` */
  readonly quorumAuthServicePrincipal: string
  /** Threads in Java; without effect here. `quorum.cnxn.threads.size` */
  readonly quorumCnxnThreadsSize: number
  /** Several addresses per server line. `multiAddress.enabled` */
  readonly multiAddressEnabled: boolean
  /** `multiAddress.reachabilityCheckTimeoutMs` */
  readonly multiAddressReachabilityCheckTimeoutMs: number
  /** `multiAddress.reachabilityCheckEnabled` */
  readonly multiAddressReachabilityCheckEnabled: boolean
  /** File that decides between two servers. `oraclePath` */
  readonly oraclePath: string | undefined
  /** Dial timeout of election connections, ms. `cnxTimeout` */
  readonly cnxTimeoutMs: number
  /** Read timeout of election connections, ms; 0 or less = `syncLimit` ticks. `quorumCnxnTimeoutMs` */
  readonly quorumCnxnTimeoutMs: number
  /** Tries to open the election port; 0 = for ever. `electionPortBindRetry` */
  readonly electionPortBindRetry: number
  /** First wait for notifications, ms. `fastleader.minNotificationInterval` */
  readonly minNotificationIntervalMs: number
  /** Longest wait for notifications, ms. `fastleader.maxNotificationInterval` */
  readonly maxNotificationIntervalMs: number
  /** The leader accepts clients; only the value `no` turns it off. `leaderServes` */
  readonly leaderServes: boolean
  /** Wait between dials to the leader, ms. `leaderConnectDelayDuringRetryMs` */
  readonly leaderConnectDelayDuringRetryMs: number
  /** A leader gives up waiting for an epoch after so long, ms; -1 = never. `leader.maxTimeToWaitForEpoch` */
  readonly maxTimeToWaitForEpochMs: number
  /** Learners synced by snapshot at once. `leader.maxConcurrentSnapSyncs` */
  readonly maxConcurrentSnapSyncs: number
  /** Learners synced by txns at once. `leader.maxConcurrentDiffSyncs` */
  readonly maxConcurrentDiffSyncs: number
  /** Every n-th zxid is measured for `ack_latency`. `leader.ackLoggingFrequency` */
  readonly ackLoggingFrequency: number
  /** Learners are always synced by snapshot. `forceSnapshotSync` */
  readonly forceSnapshotSync: boolean
  /** Wait of an observer before it connects again, ms. `observer.reconnectDelayMs` */
  readonly observerReconnectDelayMs: number
  /** Wait of an observer before it looks for the leader, ms. `observer.election.DelayMs` */
  readonly observerElectionDelayMs: number
  /** Bytes an observer master keeps for one observer. `observerMaster.sizeLimit` */
  readonly observerMasterSizeLimit: number
  /** SO_KEEPALIVE between servers. `tcpKeepAlive` */
  readonly tcpKeepAlive: boolean
  /** What waits at the leader for one learner, bytes, above which it is cut. `tskeeper.learnerCloseBytes` */
  readonly learnerCloseBytes: number
  /** What waits for all learners together, bytes, above which the one with the most is cut. `tskeeper.learnersCloseBytes` */
  readonly learnersCloseBytes: number
  /** What is under way at the leader, bytes, above which a learner that asks for more is cut. `tskeeper.learnersAskedBytes` */
  readonly learnersAskedBytes: number
}

export const quorumDefaults: QuorumSettings = {
  distributed: false,
  serverId: undefined,
  servers: [],
  groups: new Map(),
  weights: new Map(),
  configVersion: 0n,
  dynamicConfigFile: undefined,
  standaloneEnabled: true,
  reconfigEnabled: false,
  initLimit: 0,
  syncLimit: 0,
  connectToLearnerMasterLimit: 0,
  electionAlg: 3,
  quorumListenOnAllIPs: false,
  peerType: 'participant',
  syncEnabled: true,
  observerMasterPort: 0,
  sslQuorum: false,
  portUnification: false,
  sslQuorumReloadCertFiles: false,
  quorumAuthEnableSasl: false,
  quorumAuthLearnerRequireSasl: false,
  quorumAuthServerRequireSasl: false,
  quorumAuthLearnerLoginContext: 'QuorumLearner',
  quorumAuthServerLoginContext: 'QuorumServer',
  quorumAuthServicePrincipal: 'zkquorum/localhost',
  quorumCnxnThreadsSize: 20,
  multiAddressEnabled: false,
  multiAddressReachabilityCheckTimeoutMs: 1000,
  multiAddressReachabilityCheckEnabled: true,
  oraclePath: undefined,
  cnxTimeoutMs: 5000,
  quorumCnxnTimeoutMs: -1,
  electionPortBindRetry: 3,
  minNotificationIntervalMs: 200,
  maxNotificationIntervalMs: 60_000,
  leaderServes: true,
  leaderConnectDelayDuringRetryMs: 100,
  maxTimeToWaitForEpochMs: -1,
  maxConcurrentSnapSyncs: 10,
  maxConcurrentDiffSyncs: 100,
  ackLoggingFrequency: 1000,
  forceSnapshotSync: false,
  observerReconnectDelayMs: 0,
  observerElectionDelayMs: 200,
  observerMasterSizeLimit: 33_554_432,
  tcpKeepAlive: false,
  learnerCloseBytes: 128 * 1024 * 1024,
  learnersCloseBytes: 512 * 1024 * 1024,
  learnersAskedBytes: 512 * 1024 * 1024,
}

export const quorumKeys: KeyTable<QuorumSettings> = {
  distributed: derived,
  serverId: derived,
  servers: derived,
  groups: derived,
  weights: derived,
  configVersion: derived,
  dynamicConfigFile: typedText('dynamicConfigFile'),
  standaloneEnabled: typedBoolean('standaloneEnabled'),
  reconfigEnabled: typedBoolean('reconfigEnabled'),
  initLimit: typedInt('initLimit'),
  syncLimit: typedInt('syncLimit'),
  connectToLearnerMasterLimit: typedInt('connectToLearnerMasterLimit'),
  electionAlg: typed('electionAlg', 'be 3', (value) => {
    const number = parseInt32(value)
    if (number !== 3) throw new ConfigRefused('config', 'Invalid electionAlg value. Only 3 is supported.')
    return number
  }),
  quorumListenOnAllIPs: typedBoolean('quorumListenOnAllIPs'),
  peerType: typed('peerType', 'be participant or observer', (value) => {
    const lower = value.toLowerCase()
    if (lower === 'observer' || lower === 'participant') return lower
    throw new ConfigRefused('config', `Unrecognised peertype: ${value}`)
  }),
  syncEnabled: typedBoolean('syncEnabled', booleanProperty('observer.syncEnabled')),
  observerMasterPort: typedInt('observerMasterPort'),
  sslQuorum: typedBoolean('sslQuorum'),
  portUnification: typedBoolean('portUnification'),
  sslQuorumReloadCertFiles: typedBoolean('sslQuorumReloadCertFiles'),
  quorumAuthEnableSasl: typedBoolean('quorum.auth.enableSasl'),
  quorumAuthLearnerRequireSasl: typedBoolean('quorum.auth.learnerRequireSasl'),
  quorumAuthServerRequireSasl: typedBoolean('quorum.auth.serverRequireSasl'),
  quorumAuthLearnerLoginContext: typedText('quorum.auth.learner.saslLoginContext'),
  quorumAuthServerLoginContext: typedText('quorum.auth.server.saslLoginContext'),
  quorumAuthServicePrincipal: typedText('quorum.auth.kerberos.servicePrincipal'),
  quorumCnxnThreadsSize: typedInt('quorum.cnxn.threads.size'),
  multiAddressEnabled: typedBoolean('multiAddress.enabled', booleanProperty('multiAddress.enabled')),
  multiAddressReachabilityCheckTimeoutMs: typedInt('multiAddress.reachabilityCheckTimeoutMs', intProperty('multiAddress.reachabilityCheckTimeoutMs')),
  multiAddressReachabilityCheckEnabled: typedBoolean('multiAddress.reachabilityCheckEnabled', booleanProperty('multiAddress.reachabilityCheckEnabled')),
  oraclePath: typedText('oraclePath'),
  cnxTimeoutMs: atLeast(1, intProperty('cnxTimeout')),
  quorumCnxnTimeoutMs: intProperty('quorumCnxnTimeoutMs'),
  electionPortBindRetry: intProperty('electionPortBindRetry'),
  minNotificationIntervalMs: atLeast(1, intProperty('fastleader.minNotificationInterval')),
  maxNotificationIntervalMs: atLeast(1, intProperty('fastleader.maxNotificationInterval')),
  leaderServes: property('leaderServes', (value) => value !== 'no'),
  leaderConnectDelayDuringRetryMs: intProperty('leaderConnectDelayDuringRetryMs'),
  maxTimeToWaitForEpochMs: intProperty('leader.maxTimeToWaitForEpoch'),
  maxConcurrentSnapSyncs: intProperty('leader.maxConcurrentSnapSyncs'),
  maxConcurrentDiffSyncs: intProperty('leader.maxConcurrentDiffSyncs'),
  ackLoggingFrequency: intProperty('leader.ackLoggingFrequency'),
  forceSnapshotSync: booleanProperty('forceSnapshotSync'),
  observerReconnectDelayMs: longProperty('observer.reconnectDelayMs'),
  observerElectionDelayMs: longProperty('observer.election.DelayMs'),
  observerMasterSizeLimit: intProperty('observerMaster.sizeLimit'),
  tcpKeepAlive: property('tcpKeepAlive', isTrue),
  learnerCloseBytes: ownLimit('learnerCloseBytes'),
  learnersCloseBytes: ownLimit('learnersCloseBytes'),
  learnersAskedBytes: ownLimit('learnersAskedBytes'),
}

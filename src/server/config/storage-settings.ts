/** Settings of the data directories, the transaction log, snapshots and the tree. */
import { atLeast, bareProperty, booleanProperty, intProperty, longProperty, numeric, property, textProperty, typedInt, typedText } from './key-table.ts'
import type { KeyTable } from './key-table.ts'
import { ConfigRefused } from './config-refused.ts'
import { decodeInt32, decodeInt64, parseDouble, plainInt32, plainInt64 } from './java-values.ts'

export interface StorageSettings {
  /** Parent of version-2 with the snapshots, and of myid. `dataDir` */
  readonly dataDir: string
  /** Parent of version-2 with the transaction logs. `dataLogDir`, by default `dataDir` */
  readonly dataLogDir: string
  /** Creates missing data directories. `datadir.autocreate` */
  readonly dataDirAutocreate: boolean
  /** An empty database may vote without the file `initialize`. `db.autocreate` */
  readonly dbAutocreate: boolean
  /** The transaction log grows in steps of so many KiB. `preAllocSize` */
  readonly preAllocSizeKb: number
  /** Txns between snapshots (a random half is taken off), at least 2. `snapCount` */
  readonly snapCount: number
  /** KiB of log between snapshots (a random half is taken off); 0 or less = off. `snapSizeLimitInKb` */
  readonly snapSizeLimitKb: number
  /** KiB at which a new log file is begun; 0 or less = off. `txnLogSizeLimitInKb` */
  readonly txnLogSizeLimitKb: number
  /** How snapshots are written. `snapshot.compression.method` */
  readonly snapshotCompression: '' | 'gz' | 'snappy'
  /** Logs without a snapshot are accepted. `snapshot.trust.empty` */
  readonly snapshotTrustEmpty: boolean
  /** Snapshots end with the last zxid. `serializeLastProcessedZxid.enabled` */
  readonly serializeLastProcessedZxidEnabled: boolean
  /** The digest of the tree is kept and written. `digest.enabled` */
  readonly digestEnabled: boolean
  /** TTL nodes. `extendedTypesEnabled` */
  readonly extendedTypesEnabled: boolean
  /** TTL nodes in the bit layout of 3.5.3. `emulate353TTLNodes` */
  readonly emulate353TtlNodes: boolean
  /** Txns are on disk before they are acknowledged; only the value `no` turns it off. `forceSync` */
  readonly forceSync: boolean
  /** A slower sync of the log is warned about, ms. `fsync.warningthresholdms` */
  readonly fsyncWarningThresholdMs: number
  /** A batch that waits is synced once it is so long; 0 or less = any length. `maxBatchSize` */
  readonly maxBatchSize: number
  /** A batch waits so long for more, ms; 0 = not at all. `flushDelay` */
  readonly flushDelayMs: number
  /** Longest wait for the next request while a batch is open, ms. `maxWriteQueuePollTime`, by default a third of `flushDelay` */
  readonly maxWriteQueuePollTimeMs: number
  /** Committed proposals kept in memory for learners, at least 500. `commitLogCount` */
  readonly commitLogCount: number
  /** Largest share of the snapshot's size that is sent from the logs; below 0 = never. `snapshotSizeFactor` */
  readonly snapshotSizeFactor: number
  /** closeSession txns list the ephemeral nodes. `closeSessionTxn.enabled` */
  readonly closeSessionTxnEnabled: boolean
  /** Milliseconds between the reaper's runs. `-Dznode.container.checkIntervalMs` */
  readonly containerCheckIntervalMs: number
  /** Containers and TTL nodes removed in a minute at most. `-Dznode.container.maxPerMinute` */
  readonly containerMaxPerMinute: number
  /** A container that never had a child goes after so long, ms; 0 = never. `-Dznode.container.maxNeverUsedIntervalMs` */
  readonly containerMaxNeverUsedIntervalMs: number
  /** Snapshots the purge keeps, at least 3. `autopurge.snapRetainCount` */
  readonly autopurgeSnapRetainCount: number
  /** Hours between purges; 0 = off. `autopurge.purgeInterval` */
  readonly autopurgePurgeIntervalHours: number
  /** Class name of the watch table; any gives the same results here. `watchManagerName` */
  readonly watchManagerName: string | undefined
}

export const storageDefaults: StorageSettings = {
  dataDir: './data',
  dataLogDir: '',
  dataDirAutocreate: true,
  dbAutocreate: true,
  preAllocSizeKb: 65_536,
  snapCount: 100_000,
  snapSizeLimitKb: 4_194_304,
  txnLogSizeLimitKb: -1,
  snapshotCompression: '',
  snapshotTrustEmpty: false,
  serializeLastProcessedZxidEnabled: true,
  digestEnabled: true,
  extendedTypesEnabled: false,
  emulate353TtlNodes: false,
  forceSync: true,
  fsyncWarningThresholdMs: 1000,
  maxBatchSize: 1000,
  flushDelayMs: 0,
  maxWriteQueuePollTimeMs: -1,
  commitLogCount: 500,
  snapshotSizeFactor: 0.33,
  closeSessionTxnEnabled: true,
  containerCheckIntervalMs: 60_000,
  containerMaxPerMinute: 10_000,
  containerMaxNeverUsedIntervalMs: 0,
  autopurgeSnapRetainCount: 3,
  autopurgePurgeIntervalHours: 0,
  watchManagerName: undefined,
}

/** 1 TiB, in KiB: no log grows in larger steps, and file systems refuse them. */
const MAX_PREALLOC_KB = 2 ** 30

export const storageKeys: KeyTable<StorageSettings> = {
  dataDir: typedText('dataDir'),
  dataLogDir: typedText('dataLogDir'),
  dataDirAutocreate: booleanProperty('datadir.autocreate'),
  dbAutocreate: booleanProperty('db.autocreate'),
  preAllocSizeKb: property('preAllocSize', (value, remarks) => {
    const number = plainInt64(value)
    if (number === undefined) remarks.warnings.push(`${value} is not a valid value for preAllocSize`)
    if (number === undefined || number <= MAX_PREALLOC_KB) return number
    remarks.warnings.push(`preAllocSize must be ${MAX_PREALLOC_KB} or less, got ${value}; using the default`)
    return undefined
  }),
  snapCount: numeric(
    property('snapCount', (value, remarks) => {
      const number = decodeInt32(value)
      if (number === undefined || number >= 2) return number
      remarks.warnings.push('SnapCount should be 2 or more. Now, snapCount is reset to 2')
      return 2
    }),
  ),
  snapSizeLimitKb: numeric(
    property('snapSizeLimitInKb', (value, remarks) => {
      const number = decodeInt64(value)
      if (number !== undefined && number <= 0) {
        remarks.notices.push(`zookeeper.snapSizeLimitInKb set to a non-positive value ${number}; disabling feature`)
      }
      return number
    }),
  ),
  txnLogSizeLimitKb: longProperty('txnLogSizeLimitInKb'),
  snapshotCompression: property('snapshot.compression.method', (value) => {
    const lower = value.toLowerCase()
    return lower === 'gz' || lower === 'snappy' ? lower : ''
  }),
  snapshotTrustEmpty: booleanProperty('snapshot.trust.empty'),
  serializeLastProcessedZxidEnabled: booleanProperty('serializeLastProcessedZxid.enabled'),
  digestEnabled: booleanProperty('digest.enabled'),
  extendedTypesEnabled: booleanProperty('extendedTypesEnabled'),
  emulate353TtlNodes: booleanProperty('emulate353TTLNodes'),
  forceSync: property('forceSync', (value) => value !== 'no'),
  fsyncWarningThresholdMs: longProperty('fsync.warningthresholdms', ['fsync.warningthresholdms']),
  maxBatchSize: intProperty('maxBatchSize'),
  flushDelayMs: longProperty('flushDelay'),
  maxWriteQueuePollTimeMs: longProperty('maxWriteQueuePollTime'),
  commitLogCount: property('commitLogCount', (value, remarks) => {
    const number = plainInt32(value)
    if (number === undefined) remarks.errors.push('Error parsing zookeeper.commitLogCount - use default value 500')
    if (number === undefined || number >= 500) return number
    remarks.warnings.push('The configured commitLogCount zookeeper.commitLogCount is less than the recommended 500, going to use the recommended one')
    return undefined
  }),
  snapshotSizeFactor: property('snapshotSizeFactor', (value, remarks) => {
    const number = parseDouble(value)
    if (number === undefined) remarks.errors.push('Error parsing zookeeper.snapshotSizeFactor, using default value 0.33')
    if (number === undefined || number <= 1) return number
    remarks.warnings.push('The configured zookeeper.snapshotSizeFactor is invalid, going to use the default 0.33')
    return undefined
  }),
  closeSessionTxnEnabled: booleanProperty('closeSessionTxn.enabled'),
  containerCheckIntervalMs: bareProperty('znode.container.checkIntervalMs', (value) => {
    const number = decodeInt32(value)
    if (number !== undefined && number <= 0) throw new ConfigRefused('arguments', number === 0 ? 'Non-positive period.' : 'Negative delay.')
    return number
  }),
  containerMaxPerMinute: atLeast(1, bareProperty('znode.container.maxPerMinute', decodeInt32)),
  containerMaxNeverUsedIntervalMs: numeric(bareProperty('znode.container.maxNeverUsedIntervalMs', decodeInt64)),
  autopurgeSnapRetainCount: typedInt('autopurge.snapRetainCount'),
  autopurgePurgeIntervalHours: typedInt('autopurge.purgeInterval'),
  watchManagerName: textProperty('watchManagerName'),
}

/**
 * From what lies on disk to the last durable state: the newest snapshot that can be read, then the log's tail
 * (FileTxnSnapLog.restore). Starts where Java starts, and refuses where Java refuses, with its words and exit codes.
 */

import { hex } from '../../base/hex.ts'
import { MalformedFrame } from '../../jute/malformed-frame.ts'
import { wait } from '../host/disk-work.ts'
import type { DiskWork } from '../host/disk-work.ts'
import type { Files, Host } from '../host/host.ts'
import type { DataDirs } from './data-dirs.ts'
import { removeUnfinished, type StoredFile, storedFiles, zxidFromName } from './file-names.ts'
import type { RecoveryTarget, SnapshotInfo } from './image.ts'
import { validSnapshots } from './snapshot-files.ts'
import { loadSnapshot } from './snapshot-loader.ts'
import { CorruptStorage, ExitCode, StartupRefused } from './storage-errors.ts'
import { TxnLogReader } from './txn-log-reader.ts'

export interface RecoveryOptions {
  readonly dirs: DataDirs
  /** The longest record: jute.maxbuffer + jute.maxbuffer.extrasize. */
  readonly maxLength: number
  /** zookeeper.snapshot.trust.empty: logs without any snapshot are replayed from the empty tree. */
  readonly trustEmptySnapshot: boolean
  /** zookeeper.db.autocreate: an empty directory is a new server, not one that lost its data. */
  readonly autocreateDb: boolean
  /** A leader will bring this server to its history, whatever it has lost. Default: nobody will. */
  readonly hasLeader?: boolean
}

export interface RecoveredSnapshot {
  readonly zxid: bigint
  readonly path: string
  /** Wall-clock ms of the file's last change. */
  readonly modifiedAt: number
}

export interface LogEnd {
  readonly path: string
  readonly position: number
}

export interface Recovery {
  /**
   * `restored`: from a snapshot, or from logs alone. `created`: there was nothing, and the server begins at zxid 0; a
   * snapshot must be written before the first log. `suspicious`: there was nothing where something is expected, zxid -1.
   * `cut short`: this server had more once; what was restored is the beginning of it.
   */
  readonly kind: 'restored' | 'created' | 'suspicious' | 'cut short'
  readonly lastZxid: bigint
  /** What was loaded, if anything was. */
  readonly snapshot: RecoveredSnapshot | undefined
  /** Where the last entry ends that was read from a log, if any was. */
  readonly logEnd: LogEnd | undefined
  readonly txns: number
  readonly snapshotMs: number
  readonly txnsMs: number
}

/** Java tries so many before it gives up. */
const MOST_CANDIDATES = 100
const EMPTY_SNAPSHOT_WARNING = 'No snapshot found, but there are log entries. '

export interface RecoveryHost extends Pick<Host, 'clock' | 'log'> {
  readonly disk: Files
}

/** Rebuilds the target from disk. Nothing may be being written. Throws StartupRefused. */
export function* recover(host: RecoveryHost, options: RecoveryOptions, target: RecoveryTarget): DiskWork<Recovery> {
  const { disk, clock, log } = host
  const { dirs } = options
  yield* removeUnfinished(disk, dirs.snapshotDirectory)
  yield* removeUnfinished(disk, dirs.logDirectory)
  const startedAt = clock.now()
  const loaded = yield* loadNewest(host, options, target)
  const loadedAt = clock.now()
  const trusted = (yield* takeInitializeFile(host, dirs)) || options.autocreateDb
  if (loaded === undefined) {
    if (storedFiles(yield* wait.list(disk, dirs.logDirectory), 'log').length === 0) return startEmpty(host, trusted)
    if (!options.trustEmptySnapshot) {
      throw new StartupRefused(`${EMPTY_SNAPSHOT_WARNING}Something is broken!`, ExitCode.UNEXPECTED_ERROR)
    }
    log.warn(`${EMPTY_SNAPSHOT_WARNING}This should only be allowed during upgrading.`)
  }
  const { lastZxid, txns, logEnd, isCutShort } = yield* replay(host, options, loaded?.info.zxid ?? 0n, loaded?.unread ?? [], target)
  warnOfUncovered(host, loaded?.info, lastZxid)
  const txnsMs = clock.now() - loadedAt
  log.info(`${txns} txns loaded in ${Math.round(txnsMs)} ms`)
  return { kind: isCutShort ? 'cut short' : 'restored', lastZxid, snapshot: loaded?.snapshot, logEnd, txns, snapshotMs: loadedAt - startedAt, txnsMs }
}

interface Loaded {
  readonly info: SnapshotInfo
  readonly snapshot: RecoveredSnapshot
  /** Newer than the snapshot, the oldest first. */
  readonly unread: readonly UnreadSnapshot[]
}

/** A snapshot that holds more than what was loaded, and cannot be read. */
interface UnreadSnapshot {
  readonly zxid: bigint
  /** It was never complete, so that nobody has been told that its txns are held here. */
  readonly isTorn: boolean
}

function* loadNewest(host: RecoveryHost, options: RecoveryOptions, target: RecoveryTarget): DiskWork<Loaded | undefined> {
  const { disk, log } = host
  const directory = options.dirs.snapshotDirectory
  const failed: UnreadSnapshot[] = []
  const candidates = yield* validSnapshots(disk, directory, MOST_CANDIDATES, (name, sizeBytes) => {
    failed.push({ zxid: zxidFromName(name, 'snapshot'), isTorn: true })
    log.info(`Invalid snapshot ${name}. len = ${sizeBytes}`)
  })
  for (const file of candidates) {
    // Java keeps sessions and ephemerals of a candidate that failed halfway; ours starts clean.
    target.clear()
    const info = yield* tryCandidate(host, options, file, target)
    if (info === undefined) {
      failed.push({ zxid: file.zxid, isTorn: false })
      continue
    }
    const path = `${directory}/${file.name}`
    target.loaded(info)
    const unread = failed.filter(({ zxid }) => zxid > info.zxid).sort((a, b) => (a.zxid < b.zxid ? -1 : 1))
    return { info, snapshot: { zxid: info.zxid, path, modifiedAt: (yield* wait.stat(disk, path))?.modifiedAt ?? 0 }, unread }
  }
  if (candidates.length > 0) {
    throw new StartupRefused(`Not able to find valid snapshots in ${directory}`, ExitCode.UNEXPECTED_ERROR)
  }
  target.startEmpty()
  return undefined
}

function* tryCandidate({ disk, log }: RecoveryHost, options: RecoveryOptions, file: StoredFile, target: RecoveryTarget): DiskWork<SnapshotInfo | undefined> {
  const path = `${options.dirs.snapshotDirectory}/${file.name}`
  log.info(`Reading snapshot ${path}`)
  try {
    return yield* loadSnapshot(disk, path, file.zxid, target, { maxLength: options.maxLength })
  } catch (error) {
    if (!isUnreadable(error)) throw error
    log.warn(error, `problem reading snap file ${path}`)
    return undefined
  }
}

// The file is bad, or the disk below it; an older one may be good. Anything else is a bug and no reason to go back in time.
function isUnreadable(error: unknown): boolean {
  return error instanceof CorruptStorage || (error instanceof Error && 'code' in error)
}

function* takeInitializeFile({ disk, log }: RecoveryHost, dirs: DataDirs): DiskWork<boolean> {
  // As Java: beside the logs, not beside the snapshots.
  const path = `${dirs.dataLogDir}/initialize`
  if ((yield* wait.stat(disk, path)) === undefined) return false
  yield* wait.remove(disk, path)
  log.info('Initialize file found, an empty database will not block voting participation')
  return true
}

function startEmpty({ log }: RecoveryHost, trusted: boolean): Recovery {
  const nothing = { snapshot: undefined, logEnd: undefined, txns: 0, snapshotMs: 0, txnsMs: 0 }
  if (trusted) return { kind: 'created', lastZxid: 0n, ...nothing }
  log.warn('Unexpected empty data tree, setting zxid to -1')
  return { kind: 'suspicious', lastZxid: -1n, ...nothing }
}

interface Replayed {
  readonly lastZxid: bigint
  readonly logEnd: LogEnd | undefined
  readonly txns: number
  readonly isCutShort: boolean
}

/**
 * A snapshot that a leader sent stands in the place of txns that this log has never held. Where such a one cannot be read, what is logged behind it
 * must not be taken for what comes next. (Java goes on where the epoch changes meanwhile.)
 */
function* replay(
  host: RecoveryHost,
  options: RecoveryOptions,
  snapshotZxid: bigint,
  unread: readonly UnreadSnapshot[],
  target: RecoveryTarget,
): DiskWork<Replayed> {
  const { disk, log } = host
  const uncovered = [...unread]
  const reader = new TxnLogReader(disk, options.dirs.logDirectory, snapshotZxid + 1n, {
    maxLength: options.maxLength,
    onDeleted: (name) => log.warn(`Delete empty tail log file to recover from corruption file: ${name}`),
    *onTorn(path, position) {
      log.warn(`${path} ends at ${position} with a write that was cut short by a loss of power: what is left of it is cut off`)
      yield* cutOff(disk, path, position)
    },
  })
  let last: bigint | undefined
  let isCutShort = false
  let txns = 0
  let repeated = 0
  try {
    while (yield* reader.next()) {
      const { zxid } = reader
      if (last !== undefined && zxid <= last) {
        // Java applies it once more; but from a forgotten copy of a log that would turn the tree back.
        if (++repeated === 1) log.error(`${last}(highestZxid) >= ${zxid}(next log) for type ${reader.header().type}`)
        continue
      }
      const hole = holeBefore(zxid, uncovered)
      if (hole !== undefined) {
        const what = `The log goes on with 0x${hex(zxid)} behind the snapshot 0x${hex(hole)}, which cannot be read`
        if (options.hasLeader !== true) throw new CorruptStorage(`${what}: what came before it is lost`)
        log.warn(`${what}: what came after 0x${hex(last ?? snapshotZxid)} is to come from a leader`)
        isCutShort = true
        break
      }
      checkGap(last, zxid)
      if (!replayWhole(host, reader, target)) {
        yield* reader.skipFile()
        continue
      }
      last = zxid
      txns++
    }
  } catch (error) {
    if (!(error instanceof CorruptStorage || error instanceof MalformedFrame)) throw error
    throw new StartupRefused(error.message, ExitCode.UNEXPECTED_ERROR, error)
  } finally {
    yield* reader.close()
  }
  if (repeated > 0) log.warn(`${repeated} txns of the logs are not newer than those before them and were left out`)
  const logEnd = last === undefined ? undefined : { path: reader.endPath, position: reader.end }
  const lastZxid = last ?? snapshotZxid
  if (!isCutShort && options.hasLeader === true && uncovered.some(({ zxid, isTorn }) => !isTorn && zxid > lastZxid)) {
    log.warn(`The log ends with 0x${hex(lastZxid)}, and a newer snapshot cannot be read: what it held is to come from a leader`)
    isCutShort = true
  }
  return { lastZxid, logEnd, txns, isCutShort }
}

/** The zxid of a snapshot whose last txn the log has left out; forgets those that it shows to be covered. */
function holeBefore(zxid: bigint, uncovered: UnreadSnapshot[]): bigint | undefined {
  while (uncovered[0]?.zxid === zxid) uncovered.shift()
  const [oldest] = uncovered
  return oldest !== undefined && oldest.zxid < zxid ? oldest.zxid : undefined
}

/** As FileTxnIterator.next, for which a record that is cut short within a whole entry is the end of its file. */
function replayWhole({ log }: RecoveryHost, reader: TxnLogReader, target: RecoveryTarget): boolean {
  try {
    target.replay(reader.header(), reader.payload)
    return true
  } catch (error) {
    if (!(error instanceof MalformedFrame) || error.kind !== 'end') throw error
    log.warn(`The txn 0x${hex(reader.zxid)} is cut short, what follows it in its file is left out: ${error.message}`)
    return false
  }
}

// A Java server does not start over such an end, not even in a log that it only skips. Who syncs what was recovered syncs this.
function* cutOff(disk: Files, path: string, position: number): DiskWork<void> {
  const file = yield* wait.open(disk, path, 'update')
  try {
    yield* wait.truncate(file, position)
  } finally {
    yield* wait.close(file)
  }
}

// As the committed log of Java 3.9.4+: a server logs every zxid, so a missing one was lost. Between the snapshot and the
// first txn nothing is checked.
function checkGap(last: bigint | undefined, zxid: bigint): void {
  if (last === undefined || zxid === last + 1n || zxid >> 32n !== last >> 32n) return
  throw new StartupRefused(`Committed proposal cached out of order: 0x${hex(zxid)} is not the next proposal of 0x${hex(last)}`, ExitCode.UNEXPECTED_ERROR)
}

function warnOfUncovered({ log }: RecoveryHost, info: SnapshotInfo | undefined, lastZxid: bigint): void {
  if (info?.digest === undefined || info.digest.zxid <= lastZxid) return
  log.warn(
    `Highest txn zxid 0x${hex(lastZxid)} is not covering the snapshot digest zxid 0x${hex(info.digest.zxid)}, ` + 'which might lead to inconsistent state',
  )
}

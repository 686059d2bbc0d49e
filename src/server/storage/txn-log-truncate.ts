/**
 * Cuts a server's history back to a zxid, as a leader asks of a learner that logged more than the ensemble kept. Java
 * keeps the first record that is not below the zxid, be it the wrong one, and leaves newer snapshots; ours removes all
 * that lies above.
 */

import { assert } from '../../base/assert.ts'
import { hex } from '../../base/hex.ts'
import { wait } from '../host/disk-work.ts'
import type { DiskWork } from '../host/disk-work.ts'
import type { Files } from '../host/host.ts'
import type { DataDirs } from './data-dirs.ts'
import { logsFrom, type StoredFile, storedFiles } from './file-names.ts'
import { LogCursor } from './log-cursor.ts'
import { validSnapshots } from './snapshot-files.ts'
import { CorruptStorage } from './storage-errors.ts'
import { FILE_HEADER_SIZE, payloadZxid, TXN_HEADER_SIZE } from './txn-log-format.ts'

/**
 * Removes every logged txn and every snapshot above `zxid`, durably. Nothing may be open for writing. A crash or error in
 * between leaves a history that is whole, if still too long. Whoever recovers afterwards checks that it ends at `zxid`,
 * which the log may never have held.
 */
export function* truncateHistory(files: Files, dirs: DataDirs, zxid: bigint, maxLength: number): DiskWork<void> {
  const kept = yield* removeFiles(files, dirs, zxid)
  const length = kept === undefined ? undefined : yield* lengthUpTo(files, kept, zxid, maxLength)
  if (kept !== undefined && length !== undefined) yield* shorten(files, kept, length)
}

/** Removes what lies above the zxid as a whole, the newest first, and returns the log in which the cut falls, if any. */
function* removeFiles(files: Files, { snapshotDirectory, logDirectory }: DataDirs, zxid: bigint): DiskWork<string | undefined> {
  const logs = logsFrom(yield* wait.list(files, logDirectory), zxid + 1n)
  if (!(yield* validSnapshots(files, snapshotDirectory, Infinity)).some((file) => file.zxid <= zxid)) {
    throw new CorruptStorage(`No snapshot at or below 0x${hex(zxid)} to go back to`)
  }
  const above = (file: StoredFile) => file.zxid > zxid
  yield* removeNewestFirst(files, snapshotDirectory, storedFiles(yield* wait.list(files, snapshotDirectory), 'snapshot').filter(above))
  yield* removeNewestFirst(files, logDirectory, logs.filter(above))
  return logs.length === 0 || above(logs[0]) ? undefined : `${logDirectory}/${logs[0].name}`
}

function* removeNewestFirst(files: Files, directory: string, stored: StoredFile[]): DiskWork<void> {
  for (const { name } of stored.reverse()) yield* wait.remove(files, `${directory}/${name}`)
  yield* wait.syncDirectory(files, directory)
}

/** Where the first txn above the zxid begins; undefined when there is none. */
function* lengthUpTo(files: Files, path: string, zxid: bigint, maxLength: number): DiskWork<number | undefined> {
  const cursor = yield* LogCursor.open(files, path, maxLength)
  try {
    for (let item = yield* cursor.next(); item.kind === 'entry'; item = yield* cursor.next()) {
      if (!item.checksumRight) throw new CorruptStorage(`CRC check failed: ${path} at ${item.position}`)
      if (item.payload.length < TXN_HEADER_SIZE) return undefined
      if (payloadZxid(item.payload) > zxid) return item.position
    }
    return undefined
  } finally {
    yield* cursor.close()
  }
}

function* shorten(files: Files, path: string, length: number): DiskWork<void> {
  assert(length >= FILE_HEADER_SIZE, 'a log keeps its header')
  const file = yield* wait.open(files, path, 'update')
  try {
    yield* wait.truncate(file, length)
    yield* wait.sync(file)
  } finally {
    yield* wait.close(file)
  }
}

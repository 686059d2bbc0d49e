/**
 * Cuts a server's history back to a zxid, as a leader asks of a learner that logged more than the ensemble kept. Java
 * keeps the first record that is not below the zxid, be it the wrong one, and leaves newer snapshots; ours removes all
 * that lies above.
 */

import { assert } from '../../assert.ts'
import { hex } from '../hex.ts'
import type { Disk, DiskDone, Host } from '../host/host.ts'
import type { DataDirs } from './data-dirs.ts'
import { logsFrom, storedFiles, type StoredFile } from './file-names.ts'
import { LogCursor } from './log-cursor.ts'
import { validSnapshots } from './snapshot-files.ts'
import { CorruptStorage } from './storage-errors.ts'
import { FILE_HEADER_SIZE, payloadZxid, TXN_HEADER_SIZE } from './txn-log-format.ts'

/**
 * Removes every logged txn and every snapshot above `zxid`, durably before `done`. Nothing may be open for writing. A
 * crash or error in between leaves a history that is whole, if still too long. Whoever recovers afterwards checks that it
 * ends at `zxid`, which the log may never have held.
 */
export function truncateHistory(
  host: Pick<Host, 'disk' | 'clock'>,
  dirs: DataDirs,
  zxid: bigint,
  maxLength: number,
  done: DiskDone,
): void {
  const later = (error: Error | undefined) => host.clock.endOfTurn(() => done(error))
  try {
    const kept = removeFiles(host.disk, dirs, zxid)
    const length = kept === undefined ? undefined : lengthUpTo(host.disk, kept, zxid, maxLength)
    if (kept === undefined || length === undefined) later(undefined)
    else shorten(host.disk, kept, length, done)
  } catch (error) {
    later(error as Error)
  }
}

/** Removes what lies above the zxid as a whole, the newest first, and returns the log in which the cut falls, if any. */
function removeFiles(disk: Disk, { snapshotDirectory, logDirectory }: DataDirs, zxid: bigint): string | undefined {
  const logs = logsFrom(disk.list(logDirectory), zxid + 1n)
  if (!validSnapshots(disk, snapshotDirectory, Infinity).some((file) => file.zxid <= zxid)) {
    throw new CorruptStorage(`No snapshot at or below 0x${hex(zxid)} to go back to`)
  }
  const above = (file: StoredFile) => file.zxid > zxid
  removeNewestFirst(disk, snapshotDirectory, storedFiles(disk.list(snapshotDirectory), 'snapshot').filter(above))
  removeNewestFirst(disk, logDirectory, logs.filter(above))
  return logs.length === 0 || above(logs[0]) ? undefined : `${logDirectory}/${logs[0].name}`
}

function removeNewestFirst(disk: Disk, directory: string, files: StoredFile[]): void {
  for (const file of files.reverse()) disk.remove(`${directory}/${file.name}`)
  disk.syncDirectory(directory)
}

/** Where the first txn above the zxid begins; undefined when there is none. */
function lengthUpTo(disk: Disk, path: string, zxid: bigint, maxLength: number): number | undefined {
  const cursor = new LogCursor(disk, path, maxLength)
  try {
    for (let item = cursor.next(); item.kind === 'entry'; item = cursor.next()) {
      if (!item.checksumRight) throw new CorruptStorage(`CRC check failed: ${path} at ${item.position}`)
      if (item.payload.length < TXN_HEADER_SIZE) return undefined
      if (payloadZxid(item.payload) > zxid) return item.position
    }
    return undefined
  } finally {
    cursor.close()
  }
}

function shorten(disk: Disk, path: string, length: number, done: DiskDone): void {
  assert(length >= FILE_HEADER_SIZE, 'a log keeps its header')
  const file = disk.open(path, 'update')
  file.truncate(length)
  file.sync((error) => {
    file.close()
    done(error)
  })
}

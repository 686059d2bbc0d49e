/** Deletes snapshots and logs that the newest few snapshots do not need: PurgeTxnLog. */

import type { Disk } from '../host/host.ts'
import type { DataDirs } from './data-dirs.ts'
import { storedFiles, zxidFromName, type StoredFile, type StoredKind } from './file-names.ts'
import { validSnapshots } from './snapshot-files.ts'

export interface PurgeObserver {
  /** Before the file is removed; `modifiedAt` is wall-clock ms. */
  onRemoving(path: string, modifiedAt: number): void
  onFailed(path: string, error: Error): void
}

/**
 * Keeps the newest `count` snapshots that look complete and the logs that lead on from the oldest of them, and removes
 * all older files. Without any snapshot that looks complete nothing is removed.
 */
export function purge(disk: Disk, dirs: DataDirs, count: number, observer: PurgeObserver): void {
  const oldestKept = validSnapshots(disk, dirs.snapshotDirectory, count).at(-1)
  if (oldestKept === undefined) return
  removeAll(disk, dirs.logDirectory, oldLogs(disk.list(dirs.logDirectory), oldestKept.zxid), observer)
  removeAll(disk, dirs.snapshotDirectory, oldSnapshots(disk.list(dirs.snapshotDirectory), oldestKept.zxid), observer)
}

/** Made with the first file that goes: the locale data behind it take 9 MB, and most servers never purge. */
let timeOfDay: Intl.DateTimeFormat | undefined

/** What is said before a file goes, in the words and with the date of PurgeTxnLog on an American machine. */
export function removalLine(path: string, modifiedAt: number): string {
  timeOfDay ??= new Intl.DateTimeFormat('en-US', { dateStyle: 'medium', timeStyle: 'medium' })
  // Younger editions of the locale data than Java 17's put another kind of blank before AM and PM.
  return `Removing file: ${timeOfDay.format(modifiedAt).replaceAll('\u202f', ' ')}\t${path}`
}

/** The logs that no snapshot from `zxid` on needs. The newest that begins at or below it may hold what follows it. */
export function oldLogs(names: string[], zxid: bigint): string[] {
  const newestBelow = storedFiles(names, 'log').reduce<StoredFile | undefined>((best, file) => (file.zxid <= zxid ? file : best), undefined)
  return older(names, 'log', zxid).filter((name) => zxidFromName(name, 'log') !== newestBelow?.zxid)
}

export function oldSnapshots(names: string[], zxid: bigint): string[] {
  return older(names, 'snapshot', zxid)
}

// As Java, names that begin like a log's or snapshot's but hold no zxid are old.
function older(names: string[], kind: StoredKind, zxid: bigint): string[] {
  return names.filter((name) => name.startsWith(`${kind}.`) && zxidFromName(name, kind) < zxid)
}

function removeAll(disk: Disk, directory: string, names: string[], observer: PurgeObserver): void {
  for (const name of names) {
    const path = `${directory}/${name}`
    try {
      observer.onRemoving(path, disk.stat(path).modifiedAt)
      disk.remove(path)
    } catch (error) {
      observer.onFailed(path, error as Error)
    }
  }
}

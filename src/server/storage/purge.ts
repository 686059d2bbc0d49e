/** Deletes snapshots and logs that the newest few snapshots do not need: PurgeTxnLog. */

import { wait } from '../host/disk-work.ts'
import type { DiskWork } from '../host/disk-work.ts'
import type { Files } from '../host/host.ts'
import type { DataDirs } from './data-dirs.ts'
import { type StoredFile, storedFiles, type StoredKind, zxidFromName } from './file-names.ts'
import { validSnapshots } from './snapshot-files.ts'

export interface PurgeObserver {
  /** Before the file is removed; `modifiedAt` is wall-clock ms. */
  onRemoving(path: string, modifiedAt: number): void
  onFailed(path: string, error: Error): void
  /** Asked before each file: true leaves the rest for another time. */
  isGivenUp?(): boolean
}

/**
 * Keeps the newest `count` snapshots that look complete and the logs that lead on from the oldest of them, and removes
 * all older files. Without any snapshot that looks complete nothing is removed.
 */
export function* purge(files: Files, dirs: DataDirs, count: number, observer: PurgeObserver): DiskWork<void> {
  const oldestKept = (yield* validSnapshots(files, dirs.snapshotDirectory, count)).at(-1)
  if (oldestKept === undefined) return
  yield* removeAll(files, dirs.logDirectory, oldLogs(yield* wait.list(files, dirs.logDirectory), oldestKept.zxid), observer)
  yield* removeAll(files, dirs.snapshotDirectory, oldSnapshots(yield* wait.list(files, dirs.snapshotDirectory), oldestKept.zxid), observer)
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

function* removeAll(files: Files, directory: string, names: string[], observer: PurgeObserver): DiskWork<void> {
  for (const name of names) {
    const path = `${directory}/${name}`
    try {
      const status = yield* wait.stat(files, path)
      if (observer.isGivenUp?.() === true) return
      if (status === undefined) continue
      observer.onRemoving(path, status.modifiedAt)
      yield* wait.remove(files, path)
    } catch (error) {
      observer.onFailed(path, error as Error)
    }
  }
}

/**
 * Makes durable what a start has found. A process that was killed leaves written and unsynced txns in the system's memory:
 * they are read and served like all others, new ones follow them, and a loss of power must not take them away any more.
 */

import type { Disk, DiskDone } from '../host/host.ts'
import type { DataDirs } from './data-dirs.ts'
import { logsFrom } from './file-names.ts'
import { FULL_BATCH_BYTES } from './log-file.ts'
import type { LogEnd, Recovery } from './recovery.ts'
import { ENTRY_HEAD_SIZE, ENTRY_TRAILER_SIZE } from './txn-log-format.ts'

/**
 * Syncs the snapshot, if there was one, the logs behind it, their names and those of the directories they lie in, which
 * the killed process may just have made. Throws, or hands `done`, what went wrong.
 * @param maxLength the longest txn, as recovery had it
 */
export function syncRecovered(
  disk: Disk,
  dirs: DataDirs,
  { snapshot, logEnd }: Pick<Recovery, 'snapshot' | 'logEnd'>,
  maxLength: number,
  done: DiskDone,
): void {
  const logs = logsFrom(disk.list(dirs.logDirectory), (snapshot?.zxid ?? 0n) + 1n).map(({ name }) => `${dirs.logDirectory}/${name}`)
  const { dataDir, dataLogDir, snapshotDirectory, logDirectory } = dirs
  for (const directory of new Set([dataDir, dataLogDir, snapshotDirectory, logDirectory])) disk.syncDirectory(directory)
  for (const path of logs) cutAgain(disk, path)
  syncEach(disk, snapshot === undefined ? logs : [snapshot.path, ...logs], (error) => {
    if (error !== undefined || logEnd === undefined) done(error)
    else rewriteEnd(disk, logEnd, FULL_BATCH_BYTES + ENTRY_HEAD_SIZE + maxLength + ENTRY_TRAILER_SIZE, done)
  })
}

/**
 * The process before may have cut the log back as its leader asked, and been told that the sync of that had failed: the
 * system shows the shorter log without having its length to write. What was cut off must not come back behind new txns.
 */
function cutAgain(disk: Disk, path: string): void {
  const file = disk.open(path, 'update')
  file.truncate(file.size)
  file.close()
}

function syncEach(disk: Disk, paths: readonly string[], done: DiskDone): void {
  const [path, ...others] = paths
  if (path === undefined) {
    done(undefined)
    return
  }
  const file = disk.open(path, 'update')
  file.sync((error) => {
    file.close()
    if (error !== undefined) done(error)
    else syncEach(disk, others, done)
  })
}

/**
 * The process before may have been told that its last sync had failed, and was killed before it could cut the log back.
 * The system shows those bytes without having them to write: a sync does nothing for them, but writing them again does.
 * More than one batch cannot be in doubt, for the next is written after its sync.
 */
function rewriteEnd(disk: Disk, { path, position }: LogEnd, longestBytes: number, done: DiskDone): void {
  const from = Math.max(0, position - longestBytes)
  const file = disk.open(path, 'update')
  file.writeAndSync(from, file.read(from, position - from), (error) => {
    file.close()
    done(error)
  })
}

/**
 * Makes durable what a start has found. A process that was killed leaves written and unsynced txns in the system's memory:
 * they are read and served like all others, new ones follow them, and a loss of power must not take them away any more.
 */

import type { Disk, DiskDone } from '../host/host.ts'
import type { DataDirs } from './data-dirs.ts'
import { logsFrom } from './file-names.ts'
import type { RecoveredSnapshot } from './recovery.ts'

/**
 * Syncs the snapshot, if there was one, the logs behind it, their names and those of the directories they lie in, which
 * the killed process may just have made. Throws, or hands `done`, what went wrong.
 */
export function syncRecovered(disk: Disk, dirs: DataDirs, snapshot: RecoveredSnapshot | undefined, done: DiskDone): void {
  const logs = logsFrom(disk.list(dirs.logDirectory), (snapshot?.zxid ?? 0n) + 1n).map(({ name }) => `${dirs.logDirectory}/${name}`)
  const { dataDir, dataLogDir, snapshotDirectory, logDirectory } = dirs
  for (const directory of new Set([dataDir, dataLogDir, snapshotDirectory, logDirectory])) disk.syncDirectory(directory)
  syncEach(disk, snapshot === undefined ? logs : [snapshot.path, ...logs], done)
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

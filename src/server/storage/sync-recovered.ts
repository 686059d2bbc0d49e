/**
 * Makes durable what a start has found. A process that was killed leaves written and unsynced txns in the system's memory:
 * they are read and served like all others, new ones follow them, and a loss of power must not take them away any more.
 */

import { wait } from '../host/disk-work.ts'
import type { DiskWork } from '../host/disk-work.ts'
import type { Files } from '../host/host.ts'
import type { DataDirs } from './data-dirs.ts'
import { logsFrom } from './file-names.ts'
import { FULL_BATCH_BYTES } from './log-file.ts'
import type { LogEnd, Recovery } from './recovery.ts'
import { ENTRY_HEAD_SIZE, ENTRY_TRAILER_SIZE } from './txn-log-format.ts'

/**
 * Syncs the snapshot, if there was one, the logs behind it, their names and those of the directories they lie in, which
 * the killed process may just have made.
 * @param maxLength the longest txn, as recovery had it
 */
export function* syncRecovered(files: Files, dirs: DataDirs, { snapshot, logEnd }: Pick<Recovery, 'snapshot' | 'logEnd'>, maxLength: number): DiskWork<void> {
  const { dataDir, dataLogDir, snapshotDirectory, logDirectory } = dirs
  const logs = logsFrom(yield* wait.list(files, logDirectory), (snapshot?.zxid ?? 0n) + 1n).map(({ name }) => `${logDirectory}/${name}`)
  for (const directory of new Set([dataDir, dataLogDir, snapshotDirectory, logDirectory])) yield* wait.syncDirectory(files, directory)
  for (const path of logs) yield* cutAgain(files, path)
  for (const path of snapshot === undefined ? logs : [snapshot.path, ...logs]) yield* syncFile(files, path)
  if (logEnd !== undefined) yield* rewriteEnd(files, logEnd, FULL_BATCH_BYTES + ENTRY_HEAD_SIZE + maxLength + ENTRY_TRAILER_SIZE)
}

/**
 * The process before may have cut the log back as its leader asked, and been told that the sync of that had failed: the
 * system shows the shorter log without having its length to write. What was cut off must not come back behind new txns.
 */
function* cutAgain(files: Files, path: string): DiskWork<void> {
  const file = yield* wait.open(files, path, 'update')
  try {
    yield* wait.truncate(file, yield* wait.size(file))
  } finally {
    yield* wait.close(file)
  }
}

function* syncFile(files: Files, path: string): DiskWork<void> {
  const file = yield* wait.open(files, path, 'update')
  try {
    yield* wait.sync(file)
  } finally {
    yield* wait.close(file)
  }
}

/**
 * The process before may have been told that its last sync had failed, and was killed before it could cut the log back.
 * The system shows those bytes without having them to write: a sync does nothing for them, but writing them again does.
 * More than one batch cannot be in doubt, for the next is written after its sync.
 */
function* rewriteEnd(files: Files, { path, position }: LogEnd, longestBytes: number): DiskWork<void> {
  const from = Math.max(0, position - longestBytes)
  const file = yield* wait.open(files, path, 'update')
  try {
    yield* wait.writeAndSync(file, from, yield* wait.read(file, from, position - from))
  } finally {
    yield* wait.close(file)
  }
}

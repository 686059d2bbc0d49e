/**
 * The two directories of a server: snapshots under dataDir, transaction logs under dataLogDir, each in `version-2`.
 * What FileTxnSnapLog's constructor checks before anything is read.
 */

import { wait } from '../host/disk-work.ts'
import type { DiskWork } from '../host/disk-work.ts'
import type { Files } from '../host/host.ts'
import { ExitCode, StartupRefused } from './storage-errors.ts'

export interface DataDirs {
  /** As configured; `myid` and the lock lie here. */
  readonly dataDir: string
  /** As configured; `initialize` lies here. */
  readonly dataLogDir: string
  readonly snapshotDirectory: string
  readonly logDirectory: string
}

export interface DataDirOptions {
  readonly dataDir: string
  /** Undefined = dataDir. */
  readonly dataLogDir?: string | undefined
  /** zookeeper.datadir.autocreate: whether missing directories are made. */
  readonly autocreate: boolean
}

const VERSION_DIRECTORY = 'version-2'

/** Where things lie; looks at nothing. */
export function dataDirs(dataDir: string, dataLogDir: string = dataDir): DataDirs {
  const data = normalize(dataDir)
  const log = normalize(dataLogDir)
  return {
    dataDir: data,
    dataLogDir: log,
    snapshotDirectory: `${data}/${VERSION_DIRECTORY}`,
    logDirectory: `${log}/${VERSION_DIRECTORY}`,
  }
}

/** Makes or checks both directories. Throws StartupRefused with exit code 3. */
export function* openDataDirs(files: Files, options: DataDirOptions): DiskWork<DataDirs> {
  const dirs = dataDirs(options.dataDir, options.dataLogDir)
  yield* openDirectory(files, dirs.logDirectory, 'data', options.autocreate)
  yield* openDirectory(files, dirs.snapshotDirectory, 'snap', options.autocreate)
  // As Java: the spelling decides, so two spellings of one directory are taken for a mix-up.
  if (dirs.logDirectory !== dirs.snapshotDirectory) yield* checkContents(files, dirs)
  return dirs
}

/** Bytes of all files below the directory, as ZooKeeperServer.getDirSize counts them; 0 when it is absent. */
export function* directorySize(files: Files, directory: string): DiskWork<number> {
  if ((yield* wait.stat(files, directory)) === undefined) return 0
  let size = 0
  for (const name of yield* wait.list(files, directory)) {
    const path = `${directory}/${name}`
    const status = yield* wait.stat(files, path)
    // A file may go, by a purge or a rename, between being listed and being looked at.
    if (status === undefined) continue
    size += status.isDirectory ? yield* directorySize(files, path) : status.sizeBytes
  }
  return size
}

function* openDirectory(files: Files, directory: string, what: 'data' | 'snap', autocreate: boolean): DiskWork<void> {
  if ((yield* wait.stat(files, directory)) === undefined) {
    if (!autocreate) {
      throw refused(
        `Missing ${what} directory ${directory}, automatic data directory creation is disabled ` +
          `(zookeeper.datadir.autocreate is false). Please create this directory manually.`,
      )
    }
    try {
      yield* wait.makeDirectory(files, directory)
    } catch (error) {
      throw refused(`Unable to create ${what} directory ${directory}`, error)
    }
  }
  if (!(yield* wait.canWrite(files, directory))) throw refused(`Cannot write to ${what} directory ${directory}`)
}

function* checkContents(files: Files, dirs: DataDirs): DiskWork<void> {
  const advice = 'Check if dataLogDir and dataDir configuration is correct.'
  if ((yield* wait.list(files, dirs.logDirectory)).some((name) => name.startsWith('snapshot.'))) {
    throw refused(`Log directory has snapshot files. ${advice}`)
  }
  if ((yield* wait.list(files, dirs.snapshotDirectory)).some((name) => name.startsWith('log.'))) {
    throw refused(`Snapshot directory has log files. ${advice}`)
  }
}

function refused(message: string, cause?: unknown): StartupRefused {
  return new StartupRefused(message, ExitCode.UNABLE_TO_ACCESS_DATADIR, cause)
}

// As java.io.File spells a path.
function normalize(path: string): string {
  const single = path.replace(/\/+/g, '/')
  return single.length > 1 && single.endsWith('/') ? single.slice(0, -1) : single
}

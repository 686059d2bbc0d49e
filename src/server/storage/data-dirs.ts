/**
 * The two directories of a server: snapshots under dataDir, transaction logs under dataLogDir, each in `version-2`.
 * What FileTxnSnapLog's constructor checks before anything is read.
 */

import type { Disk } from '../host/host.ts'
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
export function openDataDirs(disk: Disk, options: DataDirOptions): DataDirs {
  const dirs = dataDirs(options.dataDir, options.dataLogDir)
  openDirectory(disk, dirs.logDirectory, 'data', options.autocreate)
  openDirectory(disk, dirs.snapshotDirectory, 'snap', options.autocreate)
  // As Java: the spelling decides, so two spellings of one directory are taken for a mix-up.
  if (dirs.logDirectory !== dirs.snapshotDirectory) checkContents(disk, dirs)
  return dirs
}

/** Bytes of all files below the directory, as ZooKeeperServer.getDirSize counts them; 0 when it is absent. */
export function directorySize(disk: Disk, directory: string): number {
  if (!disk.exists(directory)) return 0
  let size = 0
  for (const name of disk.list(directory)) {
    const path = `${directory}/${name}`
    // A file may go, by a purge or a rename, between being listed and being looked at.
    if (!disk.exists(path)) continue
    const status = disk.stat(path)
    size += status.isDirectory ? directorySize(disk, path) : status.sizeBytes
  }
  return size
}

function openDirectory(disk: Disk, directory: string, what: 'data' | 'snap', autocreate: boolean): void {
  if (!disk.exists(directory)) {
    if (!autocreate) {
      throw refused(
        `Missing ${what} directory ${directory}, automatic data directory creation is disabled ` +
          `(zookeeper.datadir.autocreate is false). Please create this directory manually.`,
      )
    }
    try {
      disk.makeDirectory(directory)
    } catch (error) {
      throw refused(`Unable to create ${what} directory ${directory}`, error)
    }
  }
  if (!disk.canWrite(directory)) throw refused(`Cannot write to ${what} directory ${directory}`)
}

function checkContents(disk: Disk, dirs: DataDirs): void {
  const advice = 'Check if dataLogDir and dataDir configuration is correct.'
  if (disk.list(dirs.logDirectory).some((name) => name.startsWith('snapshot.'))) {
    throw refused(`Log directory has snapshot files. ${advice}`)
  }
  if (disk.list(dirs.snapshotDirectory).some((name) => name.startsWith('log.'))) {
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

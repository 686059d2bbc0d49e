/**
 * What a crash has left must be good in itself, before any server looks at it: a file under its final name is whole, so
 * that no older one is given up for it, and no Java server finds a log that is shorter than its header.
 */
import { finish } from '../server/host/disk-work.ts'
import type { DiskWork } from '../server/host/disk-work.ts'
import { immediateFiles } from '../server/host/files-over.ts'
import type { BlockingFiles, Files } from '../server/host/host.ts'
import type { DataDirs } from '../server/storage/data-dirs.ts'
import { storedFiles } from '../server/storage/file-names.ts'
import type { SnapshotTarget } from '../server/storage/image.ts'
import { LogCursor } from '../server/storage/log-cursor.ts'
import { loadSnapshot } from '../server/storage/snapshot-loader.ts'
import { Violation } from './world.ts'

const NOWHERE: SnapshotTarget = { session: () => undefined, acl: () => undefined, node: () => undefined }
const MAX_LENGTH = 8 << 20

/** Without those snapshots that are known to be good. */
export function checkSurvivingFiles(disk: BlockingFiles, dirs: DataDirs, isKnown: (path: string) => boolean): void {
  const files = immediateFiles(disk)
  for (const { name, zxid } of stored(disk, dirs.snapshotDirectory, 'snapshot')) {
    const path = `${dirs.snapshotDirectory}/${name}`
    if (!isKnown(path)) wholeOrViolation(name, () => finish(loadSnapshot(files, path, zxid, NOWHERE, { maxLength: MAX_LENGTH })))
  }
  for (const { name } of stored(disk, dirs.logDirectory, 'log')) {
    wholeOrViolation(name, () => finish(openLog(files, `${dirs.logDirectory}/${name}`)))
  }
}

function* openLog(files: Files, path: string): DiskWork<void> {
  yield* (yield* LogCursor.open(files, path, MAX_LENGTH)).close()
}

function stored(disk: BlockingFiles, directory: string, kind: 'log' | 'snapshot') {
  return disk.stat(directory) !== undefined ? storedFiles(disk.list(directory), kind) : []
}

function wholeOrViolation(name: string, load: () => void): void {
  try {
    load()
  } catch (error) {
    throw new Violation(`${name} is there and not whole: ${(error as Error).message}`)
  }
}

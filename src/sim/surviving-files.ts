/**
 * What a crash has left must be good in itself, before any server looks at it: a file under its final name is whole, so
 * that no older one is given up for it, and no Java server finds a log that is shorter than its header.
 */
import type { Disk } from '../server/host/host.ts'
import type { DataDirs } from '../server/storage/data-dirs.ts'
import { storedFiles } from '../server/storage/file-names.ts'
import type { SnapshotTarget } from '../server/storage/image.ts'
import { LogCursor } from '../server/storage/log-cursor.ts'
import { loadSnapshot } from '../server/storage/snapshot-loader.ts'
import { Violation } from './world.ts'

const NOWHERE: SnapshotTarget = { session: () => undefined, acl: () => undefined, node: () => undefined }
const MAX_LENGTH = 8 << 20

/** Without those snapshots that are known to be good. */
export function checkSurvivingFiles(disk: Disk, dirs: DataDirs, isKnown: (path: string) => boolean): void {
  for (const { name, zxid } of stored(disk, dirs.snapshotDirectory, 'snapshot')) {
    const path = `${dirs.snapshotDirectory}/${name}`
    if (!isKnown(path)) wholeOrViolation(name, () => loadSnapshot(disk, path, zxid, NOWHERE, { maxLength: MAX_LENGTH }))
  }
  for (const { name } of stored(disk, dirs.logDirectory, 'log')) {
    wholeOrViolation(name, () => new LogCursor(disk, `${dirs.logDirectory}/${name}`, MAX_LENGTH).close())
  }
}

function stored(disk: Disk, directory: string, kind: 'log' | 'snapshot') {
  return disk.exists(directory) ? storedFiles(disk.list(directory), kind) : []
}

function wholeOrViolation(name: string, load: () => void): void {
  try {
    load()
  } catch (error) {
    throw new Violation(`${name} is there and not whole: ${(error as Error).message}`)
  }
}

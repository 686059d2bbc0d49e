/**
 * Servers made wrong on purpose, by something that stands between them and their disk. A simulation that does not find
 * each of them soon is no proof of anything.
 */
import type { Disk, DiskDone, DiskFile } from '../server/host/host.ts'
import { isUnfinished } from '../server/storage/file-names.ts'
import { areaOf } from './crash-points.ts'
import type { Area } from './plan.ts'
import type { Mutation } from './server-life.ts'
import type { SimFile, SimMount } from './sim-disk.ts'
import { baseName, directoryOf } from './sim-names.ts'

export interface Mutant {
  readonly name: string
  readonly mutate: Mutation
  /** It is found within so many seeds, whichever one begins with. */
  readonly foundWithin: number
}

export const MUTANTS: readonly Mutant[] = [
  { name: 'acknowledges before the sync', mutate: acknowledgeBeforeSync, foundWithin: 10 },
  { name: 'does not sync the directory after a log is made', mutate: (mount) => noDirectorySync(mount, 'log'), foundWithin: 10 },
  { name: 'does not sync the directory after a snapshot is made', mutate: (mount) => noDirectorySync(mount, 'snapshot'), foundWithin: 80 },
  { name: 'rolls the log without a sync of the old file', mutate: rollWithoutSync, foundWithin: 20 },
  { name: 'writes a snapshot under its final name', mutate: snapshotInPlace, foundWithin: 20 },
  { name: 'renames a snapshot that is not synced', mutate: snapshotNotSynced, foundWithin: 10 },
  { name: 'serves what it has found without a sync', mutate: recoveredNotSynced, foundWithin: 80 },
  { name: 'keeps in the log what could not be synced', mutate: keepUnsynced, foundWithin: 300 },
  { name: 'tries a failed sync again', mutate: retrySync, foundWithin: 120 },
  { name: 'takes a failed write for done', mutate: ignoreWriteErrors, foundWithin: 120 },
]

/** Every method of the disk, some of them replaced. */
function wrap(mount: SimMount, changes: Partial<Disk>): Disk {
  return {
    list: (directory) => mount.list(directory),
    exists: (path) => mount.exists(path),
    size: (path) => mount.size(path),
    stat: (path) => mount.stat(path),
    canWrite: (directory) => mount.canWrite(directory),
    makeDirectory: (path) => mount.makeDirectory(path),
    readFile: (path) => mount.readFile(path),
    open: (path, mode) => mount.open(path, mode),
    rename: (from, to) => mount.rename(from, to),
    renameAndSync: (from, to, done) => mount.renameAndSync(from, to, done),
    remove: (path) => mount.remove(path),
    syncDirectory: (directory) => mount.syncDirectory(directory),
    lock: (directory, done) => mount.lock(directory, done),
    ...changes,
  }
}

/** As `wrap`, for files of one area that are made. */
function wrapFiles(mount: SimMount, area: Area, changes: (file: SimFile, path: string) => Partial<DiskFile>): Disk {
  return wrap(mount, {
    open(path, mode) {
      const file = mount.open(path, mode)
      return mode === 'create' && areaOf(path) === area ? wrapFile(file, changes(file, path)) : file
    },
  })
}

function wrapFile(file: SimFile, changes: Partial<DiskFile>): DiskFile {
  return {
    get size() {
      return file.size
    },
    read: (position, length) => file.read(position, length),
    write: (position, bytes, done) => file.write(position, bytes, done),
    writeAndSync: (position, bytes, done) => file.writeAndSync(position, bytes, done),
    sync: (done) => file.sync(done),
    truncate: (length) => file.truncate(length),
    close: () => file.close(),
    ...changes,
  }
}

export function acknowledgeBeforeSync(mount: SimMount): Disk {
  return wrapFiles(mount, 'log', (file) => ({
    writeAndSync: (position, bytes, done) =>
      file.write(position, bytes, (error) => {
        if (error === undefined) file.sync(() => undefined)
        done(error)
      }),
  }))
}

export function noDirectorySync(mount: SimMount, area: Area): Disk {
  return wrap(mount, {
    renameAndSync: (from, to, done) => (areaOf(to) === area ? mount.renameUnsynced(from, to, done) : mount.renameAndSync(from, to, done)),
  })
}

/** Syncs a commit that stays in one file; where one goes on into the next file, only that is synced. */
function rollWithoutSync(mount: SimMount): Disk {
  let made = 0
  return wrapFiles(mount, 'log', (file) => {
    made++
    return {
      writeAndSync: (position, bytes, done) =>
        file.write(position, bytes, (error) => {
          const before = made
          done(error)
          // The rest of the commit begins from within `done`.
          if (made === before) file.makeDurable()
        }),
    }
  })
}

function snapshotInPlace(mount: SimMount): Disk {
  const final = (path: string): string =>
    areaOf(path) === 'snapshot' && isUnfinished(baseName(path)) ? path.replace('.unfinished-', '') : path
  return wrap(mount, {
    exists: (path) => mount.exists(final(path)),
    open: (path, mode) => mount.open(final(path), mode),
    remove: (path) => mount.remove(final(path)),
    renameAndSync(from, to, done: DiskDone) {
      if (final(from) !== to) return mount.renameAndSync(from, to, done)
      mount.syncDirectory(directoryOf(to))
      mount.process.deliver(() => done(undefined))
    },
  })
}

function snapshotNotSynced(mount: SimMount): Disk {
  return wrapFiles(mount, 'snapshot', () => ({ sync: (done) => mount.process.deliver(() => done(undefined)) }))
}

function recoveredNotSynced(mount: SimMount): Disk {
  const skip = (done: DiskDone): void => mount.process.deliver(() => done(undefined))
  return wrap(mount, {
    open(path, mode) {
      const file = mount.open(path, mode)
      return mode === 'update' ? wrapFile(file, { sync: skip, writeAndSync: (_position, _bytes, done) => skip(done) }) : file
    },
    syncDirectory: () => undefined,
  })
}

/** Does not cut it off, and at the next start syncs what it finds without writing it again. */
function keepUnsynced(mount: SimMount): Disk {
  return wrap(mount, {
    open(path, mode) {
      const file = mount.open(path, mode)
      if (mode === 'update') return wrapFile(file, { writeAndSync: (_position, _bytes, done) => file.sync(done) })
      return areaOf(path) === 'log' ? wrapFile(file, notCutBack(file)) : file
    },
  })
}

function notCutBack(file: SimFile): Partial<DiskFile> {
  let hasFailed = false
  return {
    writeAndSync: (position, bytes, done) =>
      file.writeAndSync(position, bytes, (error) => {
        hasFailed ||= error !== undefined
        done(error)
      }),
    truncate: (length) => void (hasFailed || file.truncate(length)),
  }
}

function retrySync(mount: SimMount): Disk {
  return wrapFiles(mount, 'log', (file) => ({
    writeAndSync: (position, bytes, done) =>
      file.writeAndSync(position, bytes, (error) => {
        if (error === undefined) done(undefined)
        else file.sync(done)
      }),
  }))
}

function ignoreWriteErrors(mount: SimMount): Disk {
  return wrapFiles(mount, 'log', (file) => ({
    writeAndSync: (position, bytes, done) => file.writeAndSync(position, bytes, () => done(undefined)),
  }))
}

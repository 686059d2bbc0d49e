/**
 * Servers made wrong on purpose, by something that stands between them and their disk. A simulation that does not find
 * each of them soon is no proof of anything.
 */
import type { Disk, DiskDone, DiskFile, Files, OpenMode } from '../server/host/host.ts'
import { filesInTurn } from '../server/host/turns-at-disk.ts'
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
function wrap(mount: SimMount, changes: Partial<Files>): Disk {
  const files: Files = {
    list: (directory, done) => mount.list(directory, done),
    stat: (path, done) => mount.stat(path, done),
    canWrite: (directory, done) => mount.canWrite(directory, done),
    makeDirectory: (path, done) => mount.makeDirectory(path, done),
    open: (path, mode, done) => mount.open(path, mode, done),
    rename: (from, to, done) => mount.rename(from, to, done),
    renameAndSync: (from, to, done) => mount.renameAndSync(from, to, done),
    remove: (path, done) => mount.remove(path, done),
    syncDirectory: (directory, done) => mount.syncDirectory(directory, done),
    ...changes,
  }
  return { ...files, aside: filesInTurn(files), lock: (directory, done) => mount.lock(directory, done) }
}

/** As `wrap`, for files that are opened: `change` says how one is different, undefined = not at all. */
function wrapFiles(mount: SimMount, change: (file: SimFile, path: string, mode: OpenMode) => Partial<DiskFile> | undefined): Disk {
  return wrap(mount, openChanged(mount, change))
}

function openChanged(mount: SimMount, change: (file: SimFile, path: string, mode: OpenMode) => Partial<DiskFile> | undefined): Pick<Files, 'open'> {
  return {
    open(path, mode, done) {
      mount.open(path, mode, (error, file) => {
        const changes = error === undefined ? change(file, path, mode) : undefined
        done(error, changes === undefined ? file : wrapFile(file, changes))
      })
    },
  }
}

/** Those of an area that are made. */
function wrapMade(mount: SimMount, area: Area, change: (file: SimFile) => Partial<DiskFile>): Disk {
  return wrapFiles(mount, (file, path, mode) => (mode === 'create' && areaOf(path) === area ? change(file) : undefined))
}

function wrapFile(file: SimFile, changes: Partial<DiskFile>): DiskFile {
  return {
    size: (done) => file.size(done),
    read: (position, length, done) => file.read(position, length, done),
    write: (position, bytes, done) => file.write(position, bytes, done),
    writeAndSync: (position, bytes, done) => file.writeAndSync(position, bytes, done),
    sync: (done) => file.sync(done),
    truncate: (length, done) => file.truncate(length, done),
    close: (done) => file.close(done),
    ...changes,
  }
}

export function acknowledgeBeforeSync(mount: SimMount): Disk {
  return wrapMade(mount, 'log', (file) => ({
    writeAndSync: (position, bytes, done) =>
      file.write(position, bytes, (error) => {
        if (error === undefined) file.sync(() => undefined)
        done(error)
      }),
  }))
}

export function noDirectorySync(mount: SimMount, area: Area): Disk {
  return wrap(mount, {
    renameAndSync: (from, to, done) => (areaOf(to) === area ? mount.rename(from, to, done) : mount.renameAndSync(from, to, done)),
  })
}

/** Syncs a commit that stays in one file; where one goes on into the next file, only that is synced. */
function rollWithoutSync(mount: SimMount): Disk {
  return wrapMade(mount, 'log', (file) => {
    let isLeft = false
    return {
      writeAndSync: (position, bytes, done) =>
        file.write(position, bytes, (error) => {
          done(error)
          // The rest of the commit begins from within `done`, with the end of this file.
          if (!isLeft) file.makeDurable()
        }),
      close(done) {
        isLeft = true
        file.close(done)
      },
    }
  })
}

function snapshotInPlace(mount: SimMount): Disk {
  const final = (path: string): string => (areaOf(path) === 'snapshot' && isUnfinished(baseName(path)) ? path.replace('.unfinished-', '') : path)
  return wrap(mount, {
    stat: (path, done) => mount.stat(final(path), done),
    open: (path, mode, done) => mount.open(final(path), mode, done),
    remove: (path, done) => mount.remove(final(path), done),
    renameAndSync: (from, to, done) => (final(from) === to ? mount.syncDirectory(directoryOf(to), done) : mount.renameAndSync(from, to, done)),
  })
}

function snapshotNotSynced(mount: SimMount): Disk {
  return wrapMade(mount, 'snapshot', () => ({ sync: (done) => skip(mount, done) }))
}

function skip(mount: SimMount, done: DiskDone): void {
  mount.process.deliver(() => done(undefined))
}

function recoveredNotSynced(mount: SimMount): Disk {
  const change = (): Partial<DiskFile> => ({ sync: (done) => skip(mount, done), writeAndSync: (_position, _bytes, done) => skip(mount, done) })
  return wrap(mount, {
    ...openChanged(mount, (_file, _path, mode) => (mode === 'update' ? change() : undefined)),
    syncDirectory: (_directory, done) => skip(mount, done),
  })
}

/** Does not cut it off, and at the next start syncs what it finds without writing it again. */
function keepUnsynced(mount: SimMount): Disk {
  return wrapFiles(mount, (file, path, mode) => {
    if (mode === 'update') return { writeAndSync: (_position, _bytes, done) => file.sync(done) }
    return areaOf(path) === 'log' ? notCutBack(mount, file) : undefined
  })
}

function notCutBack(mount: SimMount, file: SimFile): Partial<DiskFile> {
  let hasFailed = false
  return {
    writeAndSync: (position, bytes, done) =>
      file.writeAndSync(position, bytes, (error) => {
        hasFailed ||= error !== undefined
        done(error)
      }),
    truncate: (length, done) => (hasFailed ? skip(mount, done) : file.truncate(length, done)),
  }
}

function retrySync(mount: SimMount): Disk {
  return wrapMade(mount, 'log', (file) => ({
    writeAndSync: (position, bytes, done) =>
      file.writeAndSync(position, bytes, (error) => {
        if (error === undefined) done(undefined)
        else file.sync(done)
      }),
  }))
}

function ignoreWriteErrors(mount: SimMount): Disk {
  return wrapMade(mount, 'log', (file) => ({
    writeAndSync: (position, bytes, done) => file.writeAndSync(position, bytes, () => done(undefined)),
  }))
}

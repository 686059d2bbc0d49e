// A disk of which some calls are others.
import { filesThrough } from '../../src/server/host/files-over.ts'
import type { Disk, DiskFile, Files, OpenMode } from '../../src/server/host/host.ts'

/** With these calls in the place of the disk's own. */
export function changedDisk(disk: Disk, changes: Partial<Files>): Disk {
  const files = { ...filesThrough(disk, (done, work) => work(done)), ...changes }
  return { ...files, aside: files, lock: (directory, done) => disk.lock(directory, done) }
}

/** With files that are different when they are opened from now on. */
export function changedFiles(disk: Disk, change: (file: DiskFile, path: string, mode: OpenMode) => Partial<DiskFile>): Disk {
  return changedDisk(disk, { open: changedOpen(disk, change) })
}

export function changedOpen(disk: Disk, change: (file: DiskFile, path: string, mode: OpenMode) => Partial<DiskFile>): Files['open'] {
  const { open } = filesThrough(disk, (done, work) => work(done))
  return (path, mode, done) => open(path, mode, (error, file) => done(error, error === undefined ? { ...file, ...change(file, path, mode) } : file))
}

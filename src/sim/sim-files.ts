/** The files of a machine as they are now, at once and without steps: what the calls of a disk come to, and what is seen from outside. */
import type { BlockingFile, BlockingFiles, FileStatus, OpenMode } from '../server/host/host.ts'
import { SimInode } from './sim-inode.ts'
import { directoryOf } from './sim-names.ts'
import type { SimNames } from './sim-names.ts'

export class SimFiles implements BlockingFiles {
  readonly #names: SimNames

  constructor(names: SimNames) {
    this.#names = names
  }

  list(directory: string): string[] {
    if (!this.#names.directories.has(directory)) throw missing(directory)
    return this.#names.list(directory)
  }

  stat(path: string): FileStatus | undefined {
    if (this.#names.directories.has(path)) return { sizeBytes: 0, modifiedAt: 0, isDirectory: true }
    const inode = this.#names.get(path)
    return inode && { sizeBytes: inode.length, modifiedAt: inode.modifiedAt, isDirectory: false }
  }

  canWrite(directory: string): boolean {
    return this.#names.directories.has(directory)
  }

  makeDirectory(path: string): void {
    this.#names.makeDirectory(path)
  }

  open(path: string, mode: OpenMode): BlockingFile {
    if (mode === 'create') this.create(path, 0)
    const inode = this.inode(path)
    return {
      size: () => inode.length,
      read: (position, length) => inode.read(position, length),
      write: (position, bytes) => void inode.write(position, bytes),
      sync: () => inode.beginSync().succeed(),
      truncate: (length) => inode.truncate(length),
      close: () => undefined,
    }
  }

  rename(from: string, to: string): void {
    this.inode(from)
    this.#names.rename(from, to)
  }

  remove(path: string): void {
    this.inode(path)
    this.#names.remove(path)
  }

  syncDirectory(directory: string): void {
    this.#names.sync(directory)
  }

  create(path: string, modifiedAt: number): void {
    if (!this.#names.directories.has(directoryOf(path))) throw missing(path)
    if (this.#names.get(path) === undefined) this.#names.add(path, new SimInode())
    else this.inode(path).truncate(0)
    this.inode(path).modifiedAt = modifiedAt
  }

  inode(path: string): SimInode {
    const inode = this.#names.get(path)
    if (inode === undefined) throw missing(path)
    return inode
  }
}

function missing(path: string): Error {
  return Object.assign(new Error(`ENOENT: no such file or directory, '${path}'`), { code: 'ENOENT' })
}

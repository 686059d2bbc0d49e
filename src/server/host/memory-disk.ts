/**
 * A disk in memory, for servers that need to survive a restart of themselves but not of the process: tests, and the
 * in-memory test server. Everything written is durable at once. Zeros that were never written take no room, so that a
 * log padded by 64 MiB costs what is in it.
 */

import { FileContent } from './file-content.ts'
import { filesOver } from './files-over.ts'
import { DirectoryInUse } from './host.ts'
import type { BlockingFile, BlockingFiles, DirectoryLock, Disk, Files, FileStatus, OpenMode } from './host.ts'

export interface MemoryDiskOptions {
  /** Runs a callback once the caller has returned, as Clock.endOfTurn does. */
  readonly later: (callback: () => void) => void
  /** Stamps files. */
  readonly wallTime: () => number
}

export class MemoryDisk implements Disk {
  /** What lies there, for who looks at it from outside. */
  readonly now: BlockingFiles
  list: Files['list']
  stat: Files['stat']
  canWrite: Files['canWrite']
  makeDirectory: Files['makeDirectory']
  open: Files['open']
  rename: Files['rename']
  renameAndSync: Files['renameAndSync']
  remove: Files['remove']
  syncDirectory: Files['syncDirectory']
  readonly #locks = new Set<string>()
  readonly #later: (callback: () => void) => void

  constructor({ later, wallTime }: MemoryDiskOptions) {
    this.#later = later
    this.now = new MemoryFiles(wallTime)
    const files = filesOver(this.now, later)
    this.list = files.list
    this.stat = files.stat
    this.canWrite = files.canWrite
    this.makeDirectory = files.makeDirectory
    this.open = files.open
    this.rename = files.rename
    this.renameAndSync = files.renameAndSync
    this.remove = files.remove
    this.syncDirectory = files.syncDirectory
  }

  get aside(): Files {
    return this
  }

  lock(directory: string, done: (error: Error | undefined, lock: DirectoryLock | undefined) => void): void {
    const taken = this.#locks.has(directory)
    this.#locks.add(directory)
    this.#later(() => {
      if (taken) done(new DirectoryInUse(directory, 'in this process'), undefined)
      else done(undefined, { release: (released) => this.#release(directory, released) })
    })
  }

  #release(directory: string, done: () => void): void {
    this.#locks.delete(directory)
    this.#later(done)
  }
}

class MemoryFiles implements BlockingFiles {
  readonly #files = new Map<string, Content>()
  readonly #directories = new Set<string>(['/'])
  readonly #wallTime: () => number

  constructor(wallTime: () => number) {
    this.#wallTime = wallTime
  }

  list(directory: string): string[] {
    if (!this.#directories.has(directory)) throw missing(directory)
    const names: string[] = []
    for (const paths of [this.#files.keys(), this.#directories]) {
      for (const path of paths) {
        if (path !== '/' && parentOf(path) === directory) names.push(path.slice(path.lastIndexOf('/') + 1))
      }
    }
    return names.sort()
  }

  stat(path: string): FileStatus | undefined {
    if (this.#directories.has(path)) return { sizeBytes: 0, modifiedAt: 0, isDirectory: true }
    const content = this.#files.get(path)
    return content && { sizeBytes: content.bytes.length, modifiedAt: content.modifiedAt, isDirectory: false }
  }

  canWrite(directory: string): boolean {
    return this.#directories.has(directory)
  }

  makeDirectory(directory: string): void {
    for (let path = directory; path !== '/' && path !== ''; path = parentOf(path)) this.#directories.add(path)
  }

  open(path: string, mode: OpenMode): BlockingFile {
    if (mode === 'create') {
      if (!this.#directories.has(parentOf(path))) throw missing(path)
      const content = this.#files.get(path) ?? { bytes: new FileContent(), modifiedAt: 0 }
      this.#files.set(path, content)
      content.bytes.truncate(0)
      content.modifiedAt = this.#wallTime()
    }
    return new MemoryFile(this.#content(path), this.#wallTime)
  }

  rename(from: string, to: string): void {
    const content = this.#content(from)
    if (!this.#directories.has(parentOf(to))) throw missing(to)
    this.#files.delete(from)
    this.#files.set(to, content)
  }

  remove(path: string): void {
    this.#content(path)
    this.#files.delete(path)
  }

  syncDirectory(directory: string): void {
    if (!this.#directories.has(directory)) throw missing(directory)
  }

  #content(path: string): Content {
    const content = this.#files.get(path)
    if (content === undefined) throw missing(path)
    return content
  }
}

class MemoryFile implements BlockingFile {
  readonly #content: Content
  readonly #wallTime: () => number

  constructor(content: Content, wallTime: () => number) {
    this.#content = content
    this.#wallTime = wallTime
  }

  size(): number {
    return this.#content.bytes.length
  }

  read(position: number, length: number): Uint8Array {
    return this.#content.bytes.read(position, length)
  }

  write(position: number, bytes: Uint8Array): void {
    this.#content.bytes.write(position, bytes)
    this.#content.modifiedAt = this.#wallTime()
  }

  sync(): void {
    // All is durable.
  }

  truncate(length: number): void {
    this.#content.bytes.truncate(length)
    this.#content.modifiedAt = this.#wallTime()
  }

  close(): void {
    // Nothing is held open.
  }
}

interface Content {
  readonly bytes: FileContent
  modifiedAt: number
}

function parentOf(path: string): string {
  const slash = path.lastIndexOf('/')
  return slash <= 0 ? '/' : path.slice(0, slash)
}

function missing(path: string): Error {
  return Object.assign(new Error(`ENOENT: no such file or directory, '${path}'`), { code: 'ENOENT' })
}

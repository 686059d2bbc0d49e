/**
 * A disk in memory, for servers that need to survive a restart of themselves but not of the process: tests, and the
 * in-memory test server. Everything written is durable at once. Zeros that were never written take no room, so that a
 * log padded by 64 MiB costs what is in it.
 */

import { DirectoryInUse, type Disk, type DiskDone, type DiskFile, type DirectoryLock, type FileStatus } from './host.ts'

export interface MemoryDiskOptions {
  /** Runs a callback once the caller has returned, as Clock.endOfTurn does. */
  readonly later: (callback: () => void) => void
  /** Stamps files. */
  readonly wallTime: () => number
}

export class MemoryDisk implements Disk {
  private readonly files = new Map<string, Content>()
  private readonly directories = new Set<string>(['/'])
  private readonly locks = new Set<string>()
  private readonly later: (callback: () => void) => void
  private readonly wallTime: () => number

  constructor(options: MemoryDiskOptions) {
    this.later = options.later
    this.wallTime = options.wallTime
  }

  list(directory: string): string[] {
    if (!this.directories.has(directory)) throw missing(directory)
    const names: string[] = []
    for (const paths of [this.files.keys(), this.directories]) {
      for (const path of paths) {
        if (path !== '/' && parentOf(path) === directory) names.push(path.slice(path.lastIndexOf('/') + 1))
      }
    }
    return names.sort()
  }

  exists(path: string): boolean {
    return this.files.has(path) || this.directories.has(path)
  }

  size(path: string): number {
    return this.content(path).length
  }

  stat(path: string): FileStatus {
    if (this.directories.has(path)) return { sizeBytes: 0, modifiedAt: 0, isDirectory: true }
    const content = this.content(path)
    return { sizeBytes: content.length, modifiedAt: content.modifiedAt, isDirectory: false }
  }

  canWrite(directory: string): boolean {
    return this.directories.has(directory)
  }

  makeDirectory(directory: string): void {
    for (let path = directory; path !== '/' && path !== ''; path = parentOf(path)) this.directories.add(path)
  }

  readFile(path: string): Uint8Array {
    const content = this.content(path)
    return content.read(0, content.length)
  }

  open(path: string, mode: 'read' | 'create' | 'update'): DiskFile {
    if (mode === 'create') {
      if (!this.directories.has(parentOf(path))) throw missing(path)
      const content = this.files.get(path) ?? new Content()
      this.files.set(path, content)
      content.truncate(0)
      content.modifiedAt = this.wallTime()
    }
    return new MemoryFile(this.content(path), this.later, this.wallTime)
  }

  rename(from: string, to: string): void {
    const content = this.content(from)
    if (!this.directories.has(parentOf(to))) throw missing(to)
    this.files.delete(from)
    this.files.set(to, content)
  }

  renameAndSync(from: string, to: string, done: DiskDone): void {
    this.complete(() => this.rename(from, to), done)
  }

  remove(path: string): void {
    this.content(path)
    this.files.delete(path)
  }

  syncDirectory(directory: string): void {
    if (!this.directories.has(directory)) throw missing(directory)
  }

  lock(directory: string, done: (error: Error | undefined, lock: DirectoryLock | undefined) => void): void {
    const taken = this.locks.has(directory)
    this.locks.add(directory)
    this.later(() => {
      if (taken) done(new DirectoryInUse(directory, 'in this process'), undefined)
      else done(undefined, { release: () => this.locks.delete(directory) })
    })
  }

  private content(path: string): Content {
    const content = this.files.get(path)
    if (content === undefined) throw missing(path)
    return content
  }

  private complete(work: () => void, done: DiskDone): void {
    completeLater(this.later, work, done)
  }
}

class MemoryFile implements DiskFile {
  private readonly content: Content
  private readonly later: (callback: () => void) => void
  private readonly wallTime: () => number

  constructor(content: Content, later: (callback: () => void) => void, wallTime: () => number) {
    this.content = content
    this.later = later
    this.wallTime = wallTime
  }

  get size(): number {
    return this.content.length
  }

  read(position: number, length: number): Uint8Array {
    return this.content.read(position, length)
  }

  write(position: number, bytes: Uint8Array, done: DiskDone): void {
    completeLater(this.later, () => this.writeNow(position, bytes), done)
  }

  writeAndSync(position: number, bytes: Uint8Array, done: DiskDone): void {
    this.write(position, bytes, done)
  }

  sync(done: DiskDone): void {
    completeLater(this.later, () => undefined, done)
  }

  truncate(length: number): void {
    this.content.truncate(length)
    this.content.modifiedAt = this.wallTime()
  }

  close(): void {
    // Nothing is held open.
  }

  private writeNow(position: number, bytes: Uint8Array): void {
    this.content.write(position, bytes)
    this.content.modifiedAt = this.wallTime()
  }
}

/** The bytes of a file, zeros behind the last one written left out. */
class Content {
  length = 0
  modifiedAt = 0
  private bytes = new Uint8Array(0)
  private written = 0

  read(position: number, length: number): Uint8Array {
    const end = Math.min(position + length, this.length)
    const copy = new Uint8Array(Math.max(0, end - position))
    if (position < this.written) copy.set(this.bytes.subarray(position, Math.min(end, this.written)))
    return copy
  }

  write(position: number, bytes: Uint8Array): void {
    const end = position + bytes.length
    if (end > this.bytes.length) {
      const grown = new Uint8Array(Math.max(end, 2 * this.bytes.length))
      grown.set(this.bytes.subarray(0, this.written))
      this.bytes = grown
    }
    this.bytes.set(bytes, position)
    this.written = Math.max(this.written, end)
    this.length = Math.max(this.length, end)
  }

  truncate(length: number): void {
    // What is cut off must read as zeros when the file grows again.
    if (length < this.written) this.bytes.fill(0, length, this.written)
    this.written = Math.min(this.written, length)
    this.length = length
  }
}

function completeLater(later: (callback: () => void) => void, work: () => void, done: DiskDone): void {
  later(() => {
    try {
      work()
    } catch (error) {
      done(error as Error)
      return
    }
    done(undefined)
  })
}

function parentOf(path: string): string {
  const slash = path.lastIndexOf('/')
  return slash <= 0 ? '/' : path.slice(0, slash)
}

function missing(path: string): Error {
  return Object.assign(new Error(`ENOENT: no such file or directory, '${path}'`), { code: 'ENOENT' })
}

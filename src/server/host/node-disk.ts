/** Files through node:fs. What is small and on the way to an answer runs here; what may take long goes to libuv's threads. */

import fs from 'node:fs'
import path from 'node:path'
import { performance } from 'node:perf_hooks'
import type { Disk, DiskDone, DiskFile, DirectoryLock, FileStatus } from './host.ts'
import { lockDirectory } from './node-directory-lock.ts'
import { SyncPace } from './sync-pace.ts'

/**
 * Up to here a write to the page cache is quicker than a hop to the thread pool and back, so that writing and syncing
 * cost one hop instead of two.
 */
const WRITE_HERE_BYTES = 256 << 10

/** Going on would be going on for ever. */
const NOTHING_TAKEN = 'the system has written nothing and not said why'

const OPEN_FLAGS = { read: 'r', create: 'w+', update: 'r+' } as const

export const nodeDisk: Disk = {
  list(directory: string): string[] {
    return fs.readdirSync(directory).sort()
  },
  exists(file: string): boolean {
    return fs.existsSync(file)
  },
  size(file: string): number {
    return fs.statSync(file).size
  },
  stat(file: string): FileStatus {
    const status = fs.statSync(file)
    return { sizeBytes: status.size, modifiedAt: Math.floor(status.mtimeMs), isDirectory: status.isDirectory() }
  },
  canWrite(directory: string): boolean {
    try {
      fs.accessSync(directory, fs.constants.W_OK)
      return true
    } catch {
      // The error says nothing beyond the answer.
      return false
    }
  },
  makeDirectory(directory: string): void {
    // Level by level: node's own recursion never comes back from places like /proc.
    const missing: string[] = []
    for (let level = path.resolve(directory); !fs.existsSync(level); level = path.dirname(level)) missing.push(level)
    for (const level of missing.reverse()) {
      fs.mkdirSync(level)
      syncDirectory(path.dirname(level))
    }
  },
  readFile(file: string): Uint8Array {
    return fs.readFileSync(file)
  },
  open(file: string, mode: 'read' | 'create' | 'update'): DiskFile {
    return new NodeFile(fs.openSync(file, OPEN_FLAGS[mode]))
  },
  rename(from: string, to: string): void {
    fs.renameSync(from, to)
  },
  renameAndSync(from: string, to: string, done: DiskDone): void {
    fs.rename(from, to, (error) => {
      if (error !== null) done(error)
      else syncDirectoryThen(path.dirname(to), done)
    })
  },
  remove(file: string): void {
    fs.unlinkSync(file)
  },
  syncDirectory,
  lock(directory: string, done: (error: Error | undefined, lock: DirectoryLock | undefined) => void): void {
    lockDirectory(directory, done)
  },
}

class NodeFile implements DiskFile {
  private readonly fd: number
  private readonly pace = new SyncPace()

  constructor(fd: number) {
    this.fd = fd
  }

  get size(): number {
    return fs.fstatSync(this.fd).size
  }

  read(position: number, length: number): Uint8Array {
    const bytes = Buffer.allocUnsafeSlow(length)
    let got = 0
    while (got < length) {
      const count = fs.readSync(this.fd, bytes, got, length - got, position + got)
      if (count === 0) break
      got += count
    }
    return bytes.subarray(0, got)
  }

  write(position: number, bytes: Uint8Array, done: DiskDone): void {
    this.writeFrom(0, position, bytes, done)
  }

  writeAndSync(position: number, bytes: Uint8Array, done: DiskDone, isAlone = false): void {
    if (bytes.length > WRITE_HERE_BYTES) {
      this.write(position, bytes, (error) => (error === undefined ? this.sync(done) : done(error)))
      return
    }
    try {
      let written = 0
      while (written < bytes.length) {
        const count = fs.writeSync(this.fd, bytes, written, bytes.length - written, position + written)
        if (count === 0) throw new Error(NOTHING_TAKEN)
        written += count
      }
    } catch (error) {
      setImmediate(done, error as Error)
      return
    }
    const startedAt = performance.now()
    const onSynced = (error: Error | null): void => {
      this.pace.onSynced(performance.now() - startedAt)
      done(error ?? undefined)
    }
    if (isAlone && this.pace.isShort) this.syncHere(onSynced)
    else fs.fdatasync(this.fd, onSynced)
  }

  sync(done: DiskDone): void {
    fs.fdatasync(this.fd, (error) => done(error ?? undefined))
  }

  private syncHere(done: (error: Error | null) => void): void {
    let failure: Error | null = null
    try {
      fs.fdatasyncSync(this.fd)
    } catch (error) {
      failure = error as Error
    }
    queueMicrotask(() => done(failure))
  }

  truncate(length: number): void {
    fs.ftruncateSync(this.fd, length)
  }

  close(): void {
    fs.closeSync(this.fd)
  }

  /** The operating system may take less than it is given: go on until all is taken. */
  private writeFrom(written: number, position: number, bytes: Uint8Array, done: DiskDone): void {
    fs.write(this.fd, bytes, written, bytes.length - written, position + written, (error, count) => {
      if (error !== null) done(error)
      else if (written + count === bytes.length) done(undefined)
      else if (count === 0) done(new Error(NOTHING_TAKEN))
      else this.writeFrom(written + count, position, bytes, done)
    })
  }
}

function syncDirectory(directory: string): void {
  // Windows opens no directories, and keeps names without being asked.
  if (process.platform === 'win32') return
  const fd = fs.openSync(directory, 'r')
  try {
    fs.fsyncSync(fd)
  } finally {
    fs.closeSync(fd)
  }
}

function syncDirectoryThen(directory: string, done: DiskDone): void {
  if (process.platform === 'win32') {
    setImmediate(done, undefined)
    return
  }
  fs.open(directory, 'r', (openError, fd) => {
    if (openError !== null) {
      done(openError)
      return
    }
    fs.fsync(fd, (syncError) => fs.close(fd, (closeError) => done(syncError ?? closeError ?? undefined)))
  })
}

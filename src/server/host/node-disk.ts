/**
 * Files through node:fs. All that the server asks goes to libuv's threads, of which there are four and which names are looked up
 * by as well (node-lookup.ts): the log holds one at the most, or a role that is not serving yet, and all `aside` another one.
 */

import fs from 'node:fs'
import path from 'node:path'
import type { Disk, DiskAnswer, DiskDone, DiskFile, Files, FileStatus } from './host.ts'
import { lockDirectory } from './node-directory-lock.ts'
import { filesInTurn } from './turns-at-disk.ts'

/** Going on would be going on for ever. */
const NOTHING_TAKEN = 'the system has written nothing and not said why'

export const OPEN_FLAGS = { read: 'r', create: 'w+', update: 'r+' } as const

const files: Files = {
  list(directory, done) {
    fs.readdir(directory, (error, names) => (error === null ? done(undefined, names.sort()) : fail(error, done)))
  },
  stat(file, done) {
    fs.stat(file, (error, status) => {
      if (error === null) done(undefined, statusOf(status))
      else if (isMissing(error)) done(undefined, undefined)
      else fail(error, done)
    })
  },
  canWrite(directory, done) {
    // The error says nothing beyond the answer.
    fs.access(directory, fs.constants.W_OK, (error) => done(undefined, error === null))
  },
  makeDirectory(directory, done) {
    makeLevels(path.resolve(directory), [], done)
  },
  open(file, mode, done) {
    fs.open(file, OPEN_FLAGS[mode], (error, fd) => (error === null ? done(undefined, new NodeFile(fd)) : fail(error, done)))
  },
  rename(from, to, done) {
    fs.rename(from, to, told(done))
  },
  renameAndSync(from, to, done) {
    fs.rename(from, to, (error) => {
      if (error !== null) done(error)
      else syncDirectory(path.dirname(to), done)
    })
  },
  remove(file, done) {
    fs.unlink(file, told(done))
  },
  syncDirectory,
}

export const nodeDisk: Disk = {
  ...files,
  aside: filesInTurn(files),
  lock: (directory, done) => lockDirectory(directory, done),
}

class NodeFile implements DiskFile {
  readonly #fd: number

  constructor(fd: number) {
    this.#fd = fd
  }

  size(done: DiskAnswer<number>): void {
    fs.fstat(this.#fd, (error, status) => (error === null ? done(undefined, status.size) : fail(error, done)))
  }

  read(position: number, length: number, done: DiskAnswer<Uint8Array>): void {
    this.#readInto(Buffer.allocUnsafeSlow(length), 0, position, done)
  }

  write(position: number, bytes: Uint8Array, done: DiskDone): void {
    this.#writeFrom(0, position, bytes, done)
  }

  writeAndSync(position: number, bytes: Uint8Array, done: DiskDone): void {
    this.write(position, bytes, (error) => (error === undefined ? this.sync(done) : done(error)))
  }

  sync(done: DiskDone): void {
    fs.fdatasync(this.#fd, told(done))
  }

  truncate(length: number, done: DiskDone): void {
    fs.ftruncate(this.#fd, length, told(done))
  }

  close(done: () => void): void {
    fs.close(this.#fd, () => done())
  }

  /** The operating system may give less than it is asked for: go on until the file ends. */
  #readInto(bytes: Buffer, got: number, position: number, done: DiskAnswer<Uint8Array>): void {
    fs.read(this.#fd, bytes, got, bytes.length - got, position + got, (error, count) => {
      if (error !== null) fail(error, done)
      else if (count === 0 || got + count === bytes.length) done(undefined, bytes.subarray(0, got + count))
      else this.#readInto(bytes, got + count, position, done)
    })
  }

  /** Nor need it take all that it is given. */
  #writeFrom(written: number, position: number, bytes: Uint8Array, done: DiskDone): void {
    fs.write(this.#fd, bytes, written, bytes.length - written, position + written, (error, count) => {
      if (error !== null) done(error)
      else if (written + count === bytes.length) done(undefined)
      else if (count === 0) done(new Error(NOTHING_TAKEN))
      else this.#writeFrom(written + count, position, bytes, done)
    })
  }
}

/** Level by level: node's own recursion never comes back from places like /proc. */
function makeLevels(level: string, missing: readonly string[], done: DiskDone): void {
  fs.access(level, (error) => {
    if (error !== null && path.dirname(level) !== level) makeLevels(path.dirname(level), [level, ...missing], done)
    else makeEach(missing, done)
  })
}

function makeEach([level, ...below]: readonly string[], done: DiskDone): void {
  if (level === undefined) return done(undefined)
  fs.mkdir(level, (error) => {
    if (error !== null) return done(error)
    syncDirectory(path.dirname(level), (syncError) => (syncError === undefined ? makeEach(below, done) : done(syncError)))
  })
}

function syncDirectory(directory: string, done: DiskDone): void {
  // Windows opens no directories, and keeps names without being asked.
  if (process.platform === 'win32') {
    setImmediate(done, undefined)
    return
  }
  fs.open(directory, 'r', (openError, fd) => {
    if (openError !== null) return done(openError)
    fs.fsync(fd, (syncError) => fs.close(fd, (closeError) => done(syncError ?? closeError ?? undefined)))
  })
}

function told(done: DiskDone): (error: Error | null) => void {
  return (error) => done(error ?? undefined)
}

function fail(error: Error, done: DiskAnswer<never>): void {
  done(error, undefined as never)
}

function isMissing(error: NodeJS.ErrnoException): boolean {
  return error.code === 'ENOENT' || error.code === 'ENOTDIR'
}

export function statusOf(status: fs.Stats): FileStatus {
  return { sizeBytes: status.size, modifiedAt: Math.floor(status.mtimeMs), isDirectory: status.isDirectory() }
}

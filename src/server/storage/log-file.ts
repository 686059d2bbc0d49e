/**
 * One transaction log file being written, and the batches of entries that go into it. The file appears under its name
 * complete with header and first entries, because a Java server refuses to start over a log shorter than its header.
 */

import { assert } from '../../base/assert.ts'
import { JuteWriter } from '../../jute/writer.ts'
import { run, wait } from '../host/disk-work.ts'
import type { DiskWork } from '../host/disk-work.ts'
import type { DiskDone, DiskFile, Files } from '../host/host.ts'
import { adler32 } from './adler32.ts'
import { logName, unfinishedName } from './file-names.ts'
import { LogCursor } from './log-cursor.ts'
import { ENTRY_HEAD_SIZE, ENTRY_TRAILER, ENTRY_TRAILER_SIZE, FILE_HEADER_SIZE, paddedSize, TXN_HEADER_SIZE, writeLogHeader } from './txn-log-format.ts'

/**
 * A batch this long takes no more entries: what is written and not known to be durable stays small enough to be written
 * once more at a start (sync-recovered).
 */
export const FULL_BATCH_BYTES = 4 << 20
/** A batch that one entry made larger than this does not keep its room. */
const KEPT_BATCH_SIZE = 8 << 20

export interface LogFileOptions {
  readonly directory: string
  readonly preAllocSizeBytes: number
  /** Whether written means durable, or synced does. */
  readonly forceSync: boolean
}

export class LogFile {
  readonly #disk: Files
  readonly #options: LogFileOptions
  #file: DiskFile | undefined
  /** Bytes written for good: durable, unless nothing is synced at all. */
  #position = 0
  /** The length the file was made by padding. */
  #padded = FILE_HEADER_SIZE

  constructor(disk: Files, options: LogFileOptions) {
    this.#disk = disk
    this.#options = options
  }

  /** Bytes on disk: padding included, or what was written when that is more. */
  get size(): number {
    return Math.max(this.#position, this.#padded)
  }

  /** Writes the batch behind what there is and makes it durable. */
  write(batch: EntryBatch, done: DiskDone): void {
    if (this.#file === undefined) run(this.#create(batch), done)
    else if (this.#sizeFor(batch) !== this.#padded) run(this.#padAndWrite(this.#file, batch), done)
    else this.#writeTo(this.#file, batch, done)
  }

  /** Nothing may be under way. */
  close(done: () => void): void {
    const file = this.#file
    this.#file = undefined
    if (file === undefined) done()
    else file.close(done)
  }

  /** Forgets what was written and not made durable; not durable itself. */
  cutBack(done: DiskDone): void {
    if (this.#position > 0 && this.#file !== undefined) this.#file.truncate(this.#position, done)
    else done(undefined)
  }

  *#create(batch: EntryBatch): DiskWork<void> {
    assert(batch.startsFile, 'a file begins with its header')
    const { directory, forceSync } = this.#options
    const name = yield* this.#freeName(batch.firstZxid)
    const unfinished = `${directory}/${unfinishedName(name)}`
    const file = yield* wait.open(this.#disk, unfinished, 'create')
    this.#file = file
    yield* this.#padAndWrite(file, batch)
    // Nothing in it is acknowledged before the name is as durable as the bytes.
    if (forceSync) yield* wait.renameAndSync(this.#disk, unfinished, `${directory}/${name}`)
    else yield* wait.rename(this.#disk, unfinished, `${directory}/${name}`)
  }

  *#padAndWrite(file: DiskFile, batch: EntryBatch): DiskWork<void> {
    const size = this.#sizeFor(batch)
    if (size !== this.#padded) yield* wait.truncate(file, size)
    this.#padded = size
    if (this.#options.forceSync) yield* wait.writeAndSync(file, this.#position, batch.bytes)
    else yield* wait.write(file, this.#position, batch.bytes)
    this.#position += batch.sizeBytes
  }

  #writeTo(file: DiskFile, batch: EntryBatch, done: DiskDone): void {
    const { bytes } = batch
    const written = (error: Error | undefined) => {
      if (error === undefined) this.#position += bytes.length
      done(error)
    }
    if (this.#options.forceSync) file.writeAndSync(this.#position, bytes, written)
    else file.write(this.#position, bytes, written)
  }

  /** How long the file must be made. Java looks at the padding before each entry, and at a new file once its header is written. */
  #sizeFor(batch: EntryBatch): number {
    const position = Math.max(this.#position, FILE_HEADER_SIZE)
    let size = this.#padded
    for (let entry = 0; entry < batch.entries; entry++) size = paddedSize(position, size, this.#options.preAllocSizeBytes)
    return size
  }

  /**
   * A file of the name is there already when its first entry was torn, and is replaced as Java replaces it. But a zxid
   * that is logged twice must not cost what it was first logged with: readers ask nothing of a name but its order.
   */
  *#freeName(zxid: bigint): DiskWork<string> {
    let name = logName(zxid)
    for (let next = zxid + 1n; yield* this.#holdsTxns(name); next++) name = logName(next)
    return name
  }

  *#holdsTxns(name: string): DiskWork<boolean> {
    const path = `${this.#options.directory}/${name}`
    const status = yield* wait.stat(this.#disk, path)
    if (status === undefined || status.sizeBytes < FILE_HEADER_SIZE) return false
    const cursor = yield* LogCursor.open(this.#disk, path)
    try {
      return (yield* cursor.next()).kind === 'entry'
    } finally {
      yield* cursor.close()
    }
  }
}

/** Entries that go to one file in one write. Used again and again, so that a commit allocates nothing. */
export class EntryBatch {
  target: LogFile
  /** The bytes begin with the file header. */
  startsFile: boolean
  entries = 0
  firstZxid = -1n
  lastZxid = -1n
  #writer = new JuteWriter()

  constructor(target: LogFile, startsFile: boolean) {
    this.target = target
    this.startsFile = startsFile
    this.begin(target, startsFile)
  }

  get sizeBytes(): number {
    return this.#writer.position
  }

  get bytes(): Uint8Array {
    return this.#writer.bytes.subarray(0, this.#writer.position)
  }

  begin(target: LogFile, startsFile: boolean): void {
    this.target = target
    this.startsFile = startsFile
    this.entries = 0
    if (this.#writer.bytes.length > KEPT_BATCH_SIZE) this.#writer = new JuteWriter()
    // Not `reset`, which would give back what a busy server needs again at once.
    this.#writer.position = 0
    if (startsFile) writeLogHeader(this.#writer)
  }

  add(zxid: bigint, payload: Uint8Array): void {
    assert(payload.length >= TXN_HEADER_SIZE, 'a logged txn has a header')
    if (this.entries === 0) this.firstZxid = zxid
    this.lastZxid = zxid
    this.entries++
    const w = this.#writer
    const at = w.reserve(ENTRY_HEAD_SIZE + payload.length + ENTRY_TRAILER_SIZE)
    // The checksum covers the payload alone and stands in the low half of a long.
    w.view.setUint32(at, 0)
    w.view.setUint32(at + 4, adler32(payload))
    w.view.setInt32(at + 8, payload.length)
    w.bytes.set(payload, at + ENTRY_HEAD_SIZE)
    w.bytes[at + ENTRY_HEAD_SIZE + payload.length] = ENTRY_TRAILER
  }
}

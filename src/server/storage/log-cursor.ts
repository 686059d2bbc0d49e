/**
 * Steps through the entries of one log file and says what each is, leaving it to the caller what damage means: recovery
 * refuses to start over a wrong checksum, a toolkit prints it.
 */

import type { FileHeader } from '../../jute/generated/persistence.ts'
import { wait } from '../host/disk-work.ts'
import type { DiskWork } from '../host/disk-work.ts'
import type { DiskFile, Files } from '../host/host.ts'
import { adler32 } from './adler32.ts'
import { CorruptStorage } from './storage-errors.ts'
import { ENTRY_HEAD_SIZE, ENTRY_TRAILER, ENTRY_TRAILER_SIZE, FILE_HEADER_SIZE, LOG_MAGIC, readFileHeader } from './txn-log-format.ts'

export interface LogEntry {
  readonly kind: 'entry'
  /** Where the entry begins in the file. */
  readonly position: number
  /** Header, record and digest. A view into memory that the cursor does not use again, but shares between entries. */
  readonly payload: Uint8Array
  /** As stored, all 64 bits. */
  readonly checksum: bigint
  readonly checksumRight: boolean
}

/** How disks write: a sector of it is there or is not. */
const SECTOR_SIZE = 512
/** The upper half of the checksum is zeros in every entry. */
const LEADING_ZEROS = 4

export interface LogEnd {
  readonly kind: 'end'
  /** Where the last entry ends. */
  readonly position: number
  /**
   * `eof`: the file ends, perhaps within an entry; `padding`: no payload; `trailer`: an entry was not written out; `torn`:
   * the power failed during a write, of which the trailer came to the disk and a sector before it did not.
   */
  readonly why: 'eof' | 'padding' | 'trailer' | 'torn'
}

/** Whoever reads a long log while others are served does what a window holds in one turn. */
const WINDOW_SIZE = 256 << 10
const NOTHING = new Uint8Array(0)

export class LogCursor {
  readonly version: number
  readonly dbid: bigint
  readonly #file: DiskFile
  readonly #path: string
  readonly #maxLength: number
  /** Where the next entry begins. */
  #position = FILE_HEADER_SIZE
  #window: Uint8Array = NOTHING
  #view: DataView = new DataView(NOTHING.buffer)
  /** Where the window begins in the file. */
  #windowStart = 0

  private constructor(file: DiskFile, path: string, { version, dbid }: FileHeader, maxLength: number) {
    this.#file = file
    this.#path = path
    this.version = version
    this.dbid = dbid
    this.#maxLength = maxLength
  }

  /**
   * @param maxLength the longest payload that is taken for one: jute.maxbuffer + jute.maxbuffer.extrasize
   * @throws CorruptStorage when the file does not begin as a log does
   */
  static *open(files: Files, path: string, maxLength = Infinity): DiskWork<LogCursor> {
    const file = yield* wait.open(files, path, 'read')
    try {
      return new LogCursor(file, path, yield* readHeader(file, path), maxLength)
    } catch (error) {
      yield* wait.close(file)
      throw error
    }
  }

  /** The next entry, or the end of the file, again and again. Throws CorruptStorage over a length that cannot be. */
  *next(): DiskWork<LogEntry | LogEnd> {
    for (;;) {
      const item = this.nextInMemory()
      if (typeof item !== 'number') return item
      if (!(yield* this.#load(item))) return { kind: 'end', position: this.#position, why: 'eof' }
    }
  }

  /** As `next`, without a wait for who reads many; how many bytes have to be in memory first, when those that are do not hold the next entry. */
  nextInMemory(): LogEntry | LogEnd | number {
    const position = this.#position
    if (!this.#holds(ENTRY_HEAD_SIZE)) return ENTRY_HEAD_SIZE
    const at = position - this.#windowStart
    const checksum = this.#view.getBigUint64(at)
    const length = this.#view.getInt32(at + 8)
    if (length === 0 || length === -1) return { kind: 'end', position, why: 'padding' }
    if (length < 0 || length > this.#maxLength) throw new CorruptStorage(`Unreasonable length = ${length}: ${this.#path}`)
    const size = ENTRY_HEAD_SIZE + length + ENTRY_TRAILER_SIZE
    if (!this.#holds(size)) return size
    const from = position - this.#windowStart + ENTRY_HEAD_SIZE
    // The trailer is looked at before the checksum: an entry without it was never acknowledged.
    if (this.#window[from + length] !== ENTRY_TRAILER) return { kind: 'end', position, why: 'trailer' }
    const payload = this.#window.subarray(from, from + length)
    const checksumRight = checksum === BigInt(adler32(payload))
    if (!checksumRight && this.#lacksSector(position, position + size)) return { kind: 'end', position, why: 'torn' }
    this.#position += size
    return { kind: 'entry', position, payload, checksum, checksumRight }
  }

  close(): DiskWork<void> {
    return wait.close(this.#file)
  }

  /**
   * Whether a sector that the entry has bytes in, from its beginning or the sector's on, is still the zeros that stood
   * there before it was written. The last one is not asked: it holds the trailer.
   */
  #lacksSector(start: number, end: number): boolean {
    for (let from = start + LEADING_ZEROS; from < end;) {
      const to = from + SECTOR_SIZE - (from % SECTOR_SIZE)
      if (to >= end) return false
      if (this.#window.subarray(from - this.#windowStart, to - this.#windowStart).every((byte) => byte === 0)) return true
      from = to
    }
    return false
  }

  #holds(size: number): boolean {
    return this.#position + size <= this.#windowStart + this.#window.length
  }

  /** Has `size` bytes from the position on in the window, unless the file ends before. */
  *#load(size: number): DiskWork<boolean> {
    // A length that is nonsense takes no memory.
    if (size > WINDOW_SIZE && this.#position + size > (yield* wait.size(this.#file))) return false
    this.#window = yield* wait.read(this.#file, this.#position, Math.max(size, WINDOW_SIZE))
    this.#view = new DataView(this.#window.buffer, this.#window.byteOffset, this.#window.length)
    this.#windowStart = this.#position
    return this.#window.length >= size
  }
}

function* readHeader(file: DiskFile, path: string): DiskWork<FileHeader> {
  const head = yield* wait.read(file, 0, FILE_HEADER_SIZE)
  if (head.length < FILE_HEADER_SIZE) throw new CorruptStorage(`Transaction log: ${path} ends within its header`)
  const header = readFileHeader(head)
  // As FileTxnLog: nothing else of the header is looked at.
  if (header.magic !== LOG_MAGIC) {
    throw new CorruptStorage(`Transaction log: ${path} has invalid magic number ${header.magic} != ${LOG_MAGIC}`)
  }
  return header
}

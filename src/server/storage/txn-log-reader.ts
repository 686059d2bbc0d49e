/**
 * Reads logged txns in order, from a zxid on and from file to file: FileTxnLog.FileTxnIterator. What is damaged where
 * decides: an entry that was not written out ends its file, anything else is an error. Java knows such an entry by its
 * trailer alone, and does not start when sectors of a write reached the disk in another order than they stand in: ours
 * does, when nothing was written since.
 */

import { TxnHeader } from '../../jute/generated/txn.ts'
import { JuteReader } from '../../jute/reader.ts'
import { wait } from '../host/disk-work.ts'
import type { DiskWork } from '../host/disk-work.ts'
import type { Files } from '../host/host.ts'
import { logsFrom, type StoredFile } from './file-names.ts'
import { LogCursor } from './log-cursor.ts'
import type { LogEnd, LogEntry } from './log-cursor.ts'
import { CorruptStorage } from './storage-errors.ts'
import { ENTRY_HEAD_SIZE, ENTRY_TRAILER_SIZE, payloadZxid, TXN_HEADER_SIZE } from './txn-log-format.ts'

export interface TxnLogReaderOptions {
  /** The longest payload that is taken for one: jute.maxbuffer + jute.maxbuffer.extrasize. */
  readonly maxLength: number
  /** Told of an empty newest log, which a crash of an older Java server leaves, once it was deleted. */
  readonly onDeleted?: ((name: string) => void) | undefined
  /**
   * Told of a newest file that ends with a write which a loss of power has cut through: nothing from `position` on was
   * acknowledged. Without it, and in any other file, that is a wrong checksum like any other.
   */
  readonly onTorn?: ((path: string, position: number) => DiskWork<void>) | undefined
}

const NOTHING = new Uint8Array(0)

export class TxnLogReader {
  /** The header, record and digest of the txn that `next` found: a view, to be copied by who keeps it. */
  payload: Uint8Array = NOTHING
  /** The zxid of the txn that `next` found. */
  zxid = -1n
  /** Where it ends, and in which file. */
  end = 0
  endPath = ''

  readonly #disk: Files
  readonly #directory: string
  readonly #from: bigint
  readonly #options: TxnLogReaderOptions
  /** Not opened yet; undefined until the directory is looked at. */
  #files: StoredFile[] | undefined
  readonly #reader = new JuteReader()
  #cursor: LogCursor | undefined
  #path = ''

  /** Reads txns with zxids of `from` and above from the logs in the directory. */
  constructor(disk: Files, directory: string, from: bigint, options: TxnLogReaderOptions) {
    this.#disk = disk
    this.#directory = directory
    this.#from = from
    this.#options = options
  }

  /** Steps to the next txn; false at the end. Throws CorruptStorage, also over damage in what it skips. */
  *next(): DiskWork<boolean> {
    while (this.#cursor !== undefined || (yield* this.#openNext())) {
      const found = this.#cursor!.nextInMemory()
      const item = typeof found === 'number' ? yield* this.#cursor!.next() : found
      if (!this.#take(item)) {
        if (item.kind === 'end' && item.why === 'torn') yield* this.#endTorn(item.position)
        yield* this.close()
      } else if (this.zxid >= this.#from) {
        return true
      }
    }
    return false
  }

  /** What is left of the file is left out; `next` goes on with the file behind it. */
  skipFile(): DiskWork<void> {
    return this.close()
  }

  /** The header of the txn that `next` found. */
  header(): TxnHeader {
    this.#reader.reset(this.payload)
    return TxnHeader.read(this.#reader)
  }

  /** Needed only by who does not read to the end. */
  *close(): DiskWork<void> {
    const cursor = this.#cursor
    this.#cursor = undefined
    if (cursor !== undefined) yield* cursor.close()
  }

  /** Whether the item is a txn, which is then the one that was found; anything else is the end of its file. */
  #take(item: LogEntry | LogEnd): boolean {
    // As Java, for which a payload that ends before its header does is the end of the file.
    if (item.kind === 'end' || item.payload.length < TXN_HEADER_SIZE) return false
    if (!item.checksumRight) throw new CorruptStorage(`CRC check failed: ${this.#path} at ${item.position}`)
    this.payload = item.payload
    this.end = item.position + ENTRY_HEAD_SIZE + item.payload.length + ENTRY_TRAILER_SIZE
    this.endPath = this.#path
    this.zxid = payloadZxid(item.payload)
    return true
  }

  // Only the newest file can have been written to when the power failed: the one before it was synced by then, and
  // recovery cuts off what it finds torn before anything new is written.
  *#endTorn(position: number): DiskWork<void> {
    const { onTorn } = this.#options
    if (onTorn === undefined || this.#files!.length > 0) throw new CorruptStorage(`CRC check failed: ${this.#path} at ${position}`)
    yield* onTorn(this.#path, position)
  }

  *#openNext(): DiskWork<boolean> {
    this.#files ??= logsFrom(yield* wait.list(this.#disk, this.#directory), this.#from)
    const file = this.#files.shift()
    if (file === undefined) return false
    this.#path = `${this.#directory}/${file.name}`
    // As Java 3.9.3+: older servers died between making a log and writing its header.
    if (this.#files.length === 0 && (yield* wait.stat(this.#disk, this.#path))?.sizeBytes === 0) {
      yield* wait.remove(this.#disk, this.#path)
      this.#options.onDeleted?.(file.name)
      return false
    }
    this.#cursor = yield* LogCursor.open(this.#disk, this.#path, this.#options.maxLength)
    return true
  }
}

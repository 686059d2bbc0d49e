/** Reads snapshot files, in pieces: a large tree needs no more memory here than its largest node. */

import { MalformedFrame } from '../../jute/malformed-frame.ts'
import { wait } from '../host/disk-work.ts'
import type { DiskWork } from '../host/disk-work.ts'
import type { Files } from '../host/host.ts'
import { adler32, ADLER32_START } from './adler32.ts'
import type { SnapshotInfo, SnapshotTarget } from './image.ts'
import { SnapshotDecoder } from './snapshot-decoder.ts'
import { compressionOf, decompressor } from './snapshot-compression.ts'
import { checkSnapshotHeader, readTrailer, type SnapshotTrailer } from './snapshot-format.ts'
import { CorruptStorage } from './storage-errors.ts'
import { FILE_HEADER_SIZE, readFileHeader } from './txn-log-format.ts'

export interface SnapshotLoadOptions {
  /** The longest string or buffer: jute.maxbuffer + jute.maxbuffer.extrasize. */
  readonly maxLength: number
  /** 'ignore' for who wants to look at a damaged file. Default 'check'. */
  readonly seals?: 'check' | 'ignore'
}

const NOTHING = new Uint8Array(0)
/** Large enough for few calls, small enough for the allocator to hand out the same room again. */
const READ_SIZE = 256 << 10
/** A compressed piece may become a thousand times as long. */
const COMPRESSED_READ_SIZE = 64 << 10
/** All blocks and seals are 67 bytes; what Java would read past is not kept whatever its length. */
const LONGEST_TRAILER = 4096

/** The uncompressed stream of a snapshot file, as it comes: from a file, or the body of the admin server's restore. */
export class SnapshotFileDecoder {
  readonly #decoder: SnapshotDecoder
  readonly #checkSeals: boolean
  /** What was fed and not read: an unfinished item, then the trailer. */
  #rest: Uint8Array = NOTHING
  #headerRead = false
  #checksum = ADLER32_START

  constructor(target: SnapshotTarget, options: SnapshotLoadOptions) {
    this.#decoder = new SnapshotDecoder(target, options.maxLength)
    this.#checkSeals = options.seals !== 'ignore'
  }

  /** Takes the next piece; nothing of it is kept but a copy of what could not be read yet. Throws CorruptStorage. */
  feed(piece: Uint8Array): void {
    const bytes = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece])
    let read = 0
    if (!this.#headerRead) {
      if (bytes.length < FILE_HEADER_SIZE) {
        this.#rest = new Uint8Array(bytes)
        return
      }
      checkSnapshotHeader(readFileHeader(bytes.subarray(0, FILE_HEADER_SIZE)))
      this.#headerRead = true
      read = FILE_HEADER_SIZE
    }
    if (!this.#decoder.done) read = refuseMalformed(() => this.#decoder.decode(bytes, read))
    if (this.#checkSeals) this.#checksum = adler32(bytes, 0, read, this.#checksum)
    this.#rest = new Uint8Array(bytes.subarray(read, this.#decoder.done ? read + LONGEST_TRAILER : undefined))
  }

  /** To be called once everything was fed: checks the seals. Throws CorruptStorage. */
  finish(): SnapshotTrailer {
    if (!this.#decoder.done) throw new CorruptStorage('the snapshot ends before its last node')
    return refuseMalformed(() => readTrailer(this.#rest, this.#checkSeals ? this.#checksum : undefined))
  }
}

function refuseMalformed<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw error instanceof MalformedFrame ? new CorruptStorage(error.message) : error
  }
}

/** Loads the snapshot file into the target, which gets no `loaded` from here. Throws CorruptStorage, or what the disk throws. */
export function* loadSnapshot(files: Files, path: string, zxid: bigint, target: SnapshotTarget, options: SnapshotLoadOptions): DiskWork<SnapshotInfo> {
  const decoder = new SnapshotFileDecoder(target, options)
  const compression = compressionOf(path)
  const decompress = compression === '' ? undefined : decompressor(compression)
  const size = decompress === undefined ? READ_SIZE : COMPRESSED_READ_SIZE
  const file = yield* wait.open(files, path, 'read')
  try {
    for (let position = 0, piece; (piece = yield* wait.read(file, position, size)).length > 0; position += piece.length) {
      const plain = decompress === undefined ? piece : decompress(piece)
      if (plain.length > 0) decoder.feed(plain)
    }
  } finally {
    yield* wait.close(file)
  }
  return snapshotInfo(zxid, decoder.finish())
}

function snapshotInfo(zxid: bigint, { digest, lastZxid }: SnapshotTrailer): SnapshotInfo {
  return { zxid, digest: digest !== undefined && digest.zxid > 0n ? digest : undefined, lastZxid }
}

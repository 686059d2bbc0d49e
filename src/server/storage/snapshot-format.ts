/**
 * The frame of a snapshot file around sessions, ACLs and nodes: header, seals, and the two optional blocks behind the
 * first seal. FileSnap and SnapStream. All sums run over the uncompressed stream.
 */

import { FileHeader } from '../../jute/generated/persistence.ts'
import { JuteReader } from '../../jute/reader.ts'
import { JuteWriter } from '../../jute/writer.ts'
import { adler32, ADLER32_START } from './adler32.ts'
import type { ZxidDigest } from './image.ts'
import { CorruptStorage } from './storage-errors.ts'

/** "ZKSN" */
export const SNAPSHOT_MAGIC = 0x5a4b534e
/** Stands behind the last node, and in every seal. */
export const END_MARK = '/'

const FORMAT_VERSION = 2
/** A checksum and the end mark. */
const SEAL_SIZE = 13
const DIGEST_BLOCK_SIZE = 20
const LAST_ZXID_BLOCK_SIZE = 8
const CHECKSUM_MASK = 0xffffffffn

/** Writes a snapshot stream piece by piece and keeps its running checksum. */
export class SealedWriter {
  readonly writer = new JuteWriter()
  #checksum = ADLER32_START
  /** How much of what the writer holds is in the checksum. */
  #summed = 0

  header(): void {
    FileHeader.write(this.writer, { magic: SNAPSHOT_MAGIC, version: FORMAT_VERSION, dbid: -1n })
  }

  seal(): void {
    this.#sum()
    this.writer.long(BigInt(this.#checksum))
    this.writer.ustring(END_MARK)
  }

  /** What follows the first seal. The last zxid never stands alone: readers would take it for a digest. */
  trailer(digest: ZxidDigest | undefined, lastZxid: bigint | undefined): void {
    if (digest === undefined) return
    this.writer.long(digest.zxid)
    this.writer.int(digest.version)
    this.writer.long(digest.value)
    this.seal()
    if (lastZxid === undefined) return
    this.writer.long(lastZxid)
    this.seal()
  }

  /** What was written since the last call: a view that the next write spoils. */
  take(): Uint8Array {
    this.#sum()
    const piece = this.writer.bytes.subarray(0, this.writer.position)
    this.writer.position = 0
    this.#summed = 0
    return piece
  }

  #sum(): void {
    this.#checksum = adler32(this.writer.bytes, this.#summed, this.writer.position, this.#checksum)
    this.#summed = this.writer.position
  }
}

export interface SnapshotTrailer {
  /** As stored: `zxid` is 0 when no txn was applied between load and snapshot. */
  readonly digest: ZxidDigest | undefined
  readonly lastZxid: bigint | undefined
}

export function checkSnapshotHeader(header: FileHeader): void {
  if (header.magic !== SNAPSHOT_MAGIC) throw new CorruptStorage(`mismatching magic headers ${header.magic} != ${SNAPSHOT_MAGIC}`)
}

/**
 * Reads everything behind the last node. No block says what it is, and Java goes by its own settings; the length alone
 * tells all that any server has written. `checksum` is that of the stream so far; undefined leaves the seals unchecked.
 */
export function readTrailer(bytes: Uint8Array, checksum: number | undefined): SnapshotTrailer {
  const reader = new JuteReader()
  reader.reset(bytes)
  const seals = new SealChecker(reader, checksum)
  seals.check()
  if (reader.remaining === LAST_ZXID_BLOCK_SIZE + SEAL_SIZE) {
    return { digest: undefined, lastZxid: readLastZxid(reader, seals) }
  }
  // As Java: a block of which not even the content is there is none, for older servers write none.
  if (reader.remaining < DIGEST_BLOCK_SIZE) return { digest: undefined, lastZxid: undefined }
  const digest = { zxid: reader.long(), version: reader.int(), value: reader.long() }
  seals.check()
  if (reader.remaining < LAST_ZXID_BLOCK_SIZE) return { digest, lastZxid: undefined }
  return { digest, lastZxid: readLastZxid(reader, seals) }
}

function readLastZxid(reader: JuteReader, seals: SealChecker): bigint {
  const zxid = reader.long()
  seals.check()
  return zxid
}

class SealChecker {
  readonly #reader: JuteReader
  #checksum: number | undefined
  #summed: number

  constructor(reader: JuteReader, checksum: number | undefined) {
    this.#reader = reader
    this.#checksum = checksum
    this.#summed = reader.position
  }

  check(): void {
    const reader = this.#reader
    if (reader.remaining < SEAL_SIZE) throw new CorruptStorage('the snapshot ends within a seal')
    if (this.#checksum !== undefined) {
      this.#checksum = adler32(reader.bytes, this.#summed, reader.position, this.#checksum)
      this.#summed = reader.position
    }
    const sealed = reader.long()
    // As SnapStream.checkSealIntegrity: what the seal says behind its sum is not looked at.
    reader.ustring()
    if (this.#checksum === undefined) return
    if ((sealed & CHECKSUM_MASK) !== sealed || Number(sealed) !== this.#checksum) throw new CorruptStorage('CRC corruption')
  }
}

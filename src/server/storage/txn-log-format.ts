/**
 * The bytes of a transaction log: a file header, then entries of checksum, length, payload and the trailer 'B', then
 * perhaps zeros. FileTxnLog and FilePadding.
 */

import { FileHeader } from '../../jute/generated/persistence.ts'
import { JuteReader } from '../../jute/reader.ts'
import type { JuteWriter } from '../../jute/writer.ts'

/** "ZKLG" */
export const LOG_MAGIC = 0x5a4b4c47
export const FILE_HEADER_SIZE = 16
/** What every payload begins with: clientId, cxid, zxid, time, type. */
export const TXN_HEADER_SIZE = 32
/** Checksum and length in front of a payload. */
export const ENTRY_HEAD_SIZE = 12
/** 'B', behind every payload. */
export const ENTRY_TRAILER = 0x42
export const ENTRY_TRAILER_SIZE = 1

const FORMAT_VERSION = 2
/** Padding is added while less than this is left of it. */
const PADDING_MARGIN = 4096
const ZXID_OFFSET = 12

/** The zxid of a payload as the log takes and gives it. */
export function payloadZxid(payload: Uint8Array): bigint {
  return new DataView(payload.buffer, payload.byteOffset, payload.length).getBigInt64(ZXID_OFFSET)
}

export function writeLogHeader(w: JuteWriter): void {
  FileHeader.write(w, { magic: LOG_MAGIC, version: FORMAT_VERSION, dbid: 0n })
}

export function readFileHeader(bytes: Uint8Array): FileHeader {
  const reader = new JuteReader()
  reader.reset(bytes)
  return FileHeader.read(reader)
}

/**
 * How long a log must be made before one more entry is appended to it, as FilePadding.calculateFileSizeWithPadding.
 * `position`: bytes written for good, `size`: the length it was made so far, `preAllocSize`: 0 for no padding at all.
 */
export function paddedSize(position: number, size: number, preAllocSize: number): number {
  if (preAllocSize <= 0 || position + PADDING_MARGIN < size) return size
  if (position <= size) return size + preAllocSize
  const grown = position + preAllocSize
  return grown - (grown % preAllocSize)
}

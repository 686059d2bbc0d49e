/**
 * CRC-32 as digests need it: over a path of twenty bytes, a hundred of data, fifteen numbers. Up to some hundred bytes that is
 * cheaper here than a call into zlib (bench/crc32.mjs), and numbers need not be laid out as bytes first.
 */
import { crc32 as zlibCrc32 } from 'node:zlib'

/** From here on the call into zlib is cheaper. */
const LONG_BYTES = 192

/** Eight tables of 256: what a byte adds when it stands so many bytes before the end of a step. */
const TABLES = makeTables()

/** The checksum of `bytes[start, end)`, going on from the checksum of what stood before them. An unsigned 32-bit integer. */
export function crc32(bytes: Uint8Array, start: number, end: number, checksum: number): number {
  if (end - start > LONG_BYTES) return zlibCrc32(bytes.subarray(start, end), checksum)
  let crc = ~checksum
  let at = start
  for (; at + 8 <= end; at += 8) {
    crc ^= bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)
    crc =
      TABLES[1792 + (crc & 0xff)] ^
      TABLES[1536 + ((crc >>> 8) & 0xff)] ^
      TABLES[1280 + ((crc >>> 16) & 0xff)] ^
      TABLES[1024 + (crc >>> 24)] ^
      TABLES[768 + bytes[at + 4]] ^
      TABLES[512 + bytes[at + 5]] ^
      TABLES[256 + bytes[at + 6]] ^
      TABLES[bytes[at + 7]]
  }
  for (; at < end; at++) crc = TABLES[(crc ^ bytes[at]) & 0xff] ^ (crc >>> 8)
  return ~crc >>> 0
}

/** The checksum going on with the four bytes of an int, the highest first. A signed integer: one that needs no room of its own. */
export function crc32OfInt(value: number, checksum: number): number {
  const crc = ~checksum
  return ~(
    TABLES[768 + ((crc ^ (value >>> 24)) & 0xff)] ^
    TABLES[512 + (((crc >>> 8) ^ (value >>> 16)) & 0xff)] ^
    TABLES[256 + (((crc >>> 16) ^ (value >>> 8)) & 0xff)] ^
    TABLES[((crc >>> 24) ^ value) & 0xff]
  )
}

function makeTables(): Int32Array {
  const tables = new Int32Array(8 * 256)
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 0 ? crc >>> 1 : (crc >>> 1) ^ 0xedb88320
    tables[byte] = crc
  }
  for (let at = 256; at < tables.length; at++) {
    const before = tables[at - 256]
    tables[at] = (before >>> 8) ^ tables[before & 0xff]
  }
  return tables
}

/**
 * Node digests, version 2 (DigestCalculator): CRC-32 of path, data and eight fields of the stat, in that order.
 * The tree's digest is their sum modulo 2^64, so a change of one node is one subtraction and one addition.
 */
import { Buffer } from 'node:buffer'
import { encodeUtf8 } from '../../jute/utf8.ts'
import { crc32, crc32OfInt } from './crc32.ts'
import { AVERSION, CONTENT_CRC, CTIME, CVERSION, CZXID, MTIME, MZXID, PZXID, VERSION } from './node-rows.ts'
import type { NodeRows } from './node-rows.ts'

export const DIGEST_VERSION = 2

/** The longs of a stat in the order of the digest; versions and owner follow them. */
const LONGS = [CZXID, MZXID, PZXID, CTIME, MTIME] as const

const TWO_32 = 0x1_0000_0000

const halves = new DataView(new ArrayBuffer(8))

let scratch = Buffer.allocUnsafeSlow(1024)

/** Nodes below /zookeeper do not count; /zookeeper itself does. */
export function isDigested(path: string): boolean {
  return !path.startsWith('/zookeeper/')
}

/** CRC-32 of the path's UTF-8 bytes and the data: the part of a digest that only setData changes. */
export function contentCrc(path: string, data: Uint8Array | null): number {
  let crc = 0
  if (path !== '/' && path !== '') {
    if (scratch.length < path.length * 3) scratch = Buffer.allocUnsafeSlow(path.length * 4)
    crc = crc32(scratch, 0, encodeUtf8(scratch, 0, path, 'utf8'), 0)
  }
  return data === null || data.length === 0 ? crc : crc32(data, 0, data.length, crc)
}

/** The digest of the node in the row, an unsigned 32-bit number. */
export function nodeDigest(rows: NodeRows, row: number, ephemeralOwner: bigint): number {
  let crc = rows.int(row, CONTENT_CRC)
  for (let i = 0; i < LONGS.length; i++) crc = crc32OfInt(rows.low(row, LONGS[i]), crc32OfInt(rows.high(row, LONGS[i]), crc))
  crc = crc32OfInt(rows.int(row, VERSION), crc)
  crc = crc32OfInt(rows.int(row, CVERSION), crc)
  crc = crc32OfInt(rows.int(row, AVERSION), crc)
  if (ephemeralOwner === 0n) return crc32OfInt(0, crc32OfInt(0, crc)) >>> 0
  return crc32OfInt(Number(BigInt.asIntN(32, ephemeralOwner)), crc32OfInt(Number(ephemeralOwner >> 32n), crc)) >>> 0
}

/** A sum of node digests modulo 2^64, in two halves: it changes with every txn, and a bigint would be made anew each time. */
export class DigestSum {
  #high = 0
  #low = 0

  /** Unsigned. */
  get value(): bigint {
    halves.setUint32(0, this.#high)
    halves.setUint32(4, this.#low)
    return halves.getBigUint64(0)
  }

  /** The difference of two node digests. */
  add(change: number): void {
    const low = this.#low + change
    if (low < 0) {
      this.#low = low + TWO_32
      this.#high = (this.#high - 1) >>> 0
    } else if (low >= TWO_32) {
      this.#low = low - TWO_32
      this.#high = (this.#high + 1) >>> 0
    } else {
      this.#low = low
    }
  }

  set(other: DigestSum): void {
    this.#high = other.#high
    this.#low = other.#low
  }

  clear(): void {
    this.#high = 0
    this.#low = 0
  }
}

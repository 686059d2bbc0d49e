/** Adler-32 (RFC 1950), the checksum of log entries and snapshots. */

/** The checksum of no bytes, from which every other starts. */
export const ADLER32_START = 1

const MODULUS = 65521
/** RFC 1950's own bound: so many bytes of 255 can be summed before 32 bits overflow. */
const LONGEST_RUN = 5552

/** The checksum of `bytes[start, end)`, going on from the checksum of what stood before them. An unsigned 32-bit integer. */
export function adler32(bytes: Uint8Array, start = 0, end = bytes.length, checksum = ADLER32_START): number {
  let a = checksum & 0xffff
  let b = checksum >>> 16
  let at = start
  while (at < end) {
    const stop = Math.min(at + LONGEST_RUN, end)
    // Eight at a time: a third faster than one by one (bench/storage.mjs), and this is half of the cost of a snapshot.
    for (; at + 8 <= stop; at += 8) {
      a += bytes[at]
      b += a
      a += bytes[at + 1]
      b += a
      a += bytes[at + 2]
      b += a
      a += bytes[at + 3]
      b += a
      a += bytes[at + 4]
      b += a
      a += bytes[at + 5]
      b += a
      a += bytes[at + 6]
      b += a
      a += bytes[at + 7]
      b += a
    }
    for (; at < stop; at++) {
      a += bytes[at]
      b += a
    }
    a %= MODULUS
    b %= MODULUS
  }
  return ((b << 16) | a) >>> 0
}

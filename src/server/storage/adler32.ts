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
    for (; at < stop; at++) {
      a += bytes[at]
      b += a
    }
    a %= MODULUS
    b %= MODULUS
  }
  return ((b << 16) | a) >>> 0
}

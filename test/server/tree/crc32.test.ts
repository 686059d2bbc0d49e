// CRC-32 against zlib's, however it is cut up.
import fc from 'fast-check'
import { crc32 as zlibCrc32 } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { crc32, crc32OfInt } from '../../../src/server/tree/crc32.ts'

// Of no bytes at all zlib says 0, whatever stood before them.
const bytesAndChecksum = fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 400 }), fc.nat(0xffff_ffff))

describe('crc32', () => {
  it('is that of zlib', () => {
    fc.assert(
      fc.property(bytesAndChecksum, fc.nat(20), ([bytes, checksum], start) => {
        const from = Math.min(start, bytes.length - 1)
        expect(crc32(bytes, from, bytes.length, checksum)).toBe(zlibCrc32(bytes.subarray(from), checksum))
      }),
    )
  })

  it('takes an int as its four bytes', () => {
    fc.assert(
      fc.property(fc.integer(), fc.nat(0xffff_ffff), (value, checksum) => {
        const bytes = Buffer.alloc(4)
        bytes.writeInt32BE(value)
        expect(crc32OfInt(value, checksum) >>> 0).toBe(zlibCrc32(bytes, checksum))
      }),
    )
  })
})

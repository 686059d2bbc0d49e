import { deflateSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { adler32, ADLER32_START } from '../../../src/server/storage/adler32.ts'

/** zlib's own, from the end of a zlib stream. */
function reference(bytes: Uint8Array): number {
  return deflateSync(bytes, { level: 0 }).readUInt32BE(deflateSync(bytes, { level: 0 }).length - 4)
}

describe('adler32', () => {
  it('is RFC 1950’s', () => {
    expect(adler32(new Uint8Array(0))).toBe(1)
    expect(adler32(Buffer.from('Wikipedia'))).toBe(0x11e60398)
    const worst = new Uint8Array(200_003).fill(255)
    expect(adler32(worst)).toBe(reference(worst))
  })

  it('is zlib’s for any bytes, in one piece or two', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20_000, size: 'max' }), fc.double({ min: 0, max: 1, noNaN: true }), (bytes, where) => {
        const cut = Math.floor(bytes.length * where)
        const first = adler32(bytes, 0, cut, ADLER32_START)
        expect(adler32(bytes, cut, bytes.length, first)).toBe(reference(bytes))
        expect(adler32(bytes)).toBe(reference(bytes))
      }),
      { numRuns: 50 },
    )
  })
})

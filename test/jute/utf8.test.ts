/** Decoding as Java does: what `new String(bytes, UTF_8)` gives on Java 17, one case per branch of its decoder. */

import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeUtf8, encodeUtf8 } from '../../src/jute/utf8.ts'

function decode(bytes: Buffer): string {
  return decodeUtf8(bytes, 0, bytes.length)
}

describe('invalid bytes', () => {
  it.each([
    ['a continuation alone', '80', '\ufffd'],
    ['two of them', '8080', '\ufffd\ufffd'],
    ['a byte that begins nothing', '41ff', 'A\ufffd'],
    ['three of them', 'ffffff', '\ufffd\ufffd\ufffd'],
    ['an overlong form of two', 'c0af', '\ufffd\ufffd'],
    ['two bytes cut', 'c2', '\ufffd'],
    ['two bytes broken', 'c241', '\ufffdA'],
    ['an overlong form of three', 'e08041', '\ufffd\ufffdA'],
    ['three bytes cut after one', 'ed', '\ufffd'],
    ['three bytes cut after two', 'e180', '\ufffd'],
    ['three bytes broken', 'e19041', '\ufffdA'],
    ['a high surrogate', 'eda080', '\ufffd'],
    ['a low surrogate', 'edbfbf', '\ufffd'],
    ['a surrogate pair as Apache writes it', 'eda0bdedb880', '\ufffd\ufffd'],
    ['a surrogate cut', 'eda0', '\ufffd'],
    ['a surrogate broken', 'eda0a0edbf41', '\ufffd\ufffdA'],
    ['an overlong form of four', 'f0808080', '\ufffd\ufffd\ufffd\ufffd'],
    ['four bytes cut after two', 'f190', '\ufffd'],
    ['four bytes cut after three', 'f19090', '\ufffd'],
    ['four bytes broken after two', 'f19041', '\ufffdA'],
    ['four bytes broken after three', 'f1909041', '\ufffdA'],
    ['above U+10FFFF', 'f4908080', '\ufffd\ufffd\ufffd\ufffd'],
    ['a lead byte far above', 'f5808080', '\ufffd\ufffd\ufffd\ufffd'],
  ])('%s', (_what, hex, text) => {
    expect(decode(Buffer.from(hex, 'hex'))).toBe(text)
    // The same behind a text too long for the short way, and in front of one.
    const long = '/path/with/ünïcödé/😀/'
    expect(decode(Buffer.concat([Buffer.from(long), Buffer.from(hex, 'hex')]))).toBe(long + text)
    expect(decode(Buffer.concat([Buffer.from(`${hex}41`, 'hex'), Buffer.from(long)]))).toBe(decode(Buffer.from(`${hex}41`, 'hex')) + long)
  })

  it('leave U+FFFD itself alone', () => {
    expect(decode(Buffer.from('a\ufffdé€😀b'))).toBe('a\ufffdé€😀b')
  })

  it('become U+FFFD only where they are', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (before, after) => {
        expect(decode(Buffer.concat([Buffer.from(before), Buffer.of(0xff), Buffer.from(after)]))).toBe(`${before}\ufffd${after}`)
      }),
    )
  })
})

it('every text comes back', () => {
  const scratch = Buffer.alloc(4096)
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
      expect(decode(scratch.subarray(0, encodeUtf8(scratch, 0, text, 'utf8')))).toBe(text)
    }),
  )
})

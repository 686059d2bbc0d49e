/** JuteWriter by itself: primitives, growth and reuse of the scratch, and the two ways to write strings. */

import { Buffer } from 'node:buffer'
import { describe, expect, it } from 'vitest'
import { JuteReader } from '../../src/jute/reader.ts'
import { JuteWriter, type JuteWriterOptions } from '../../src/jute/writer.ts'

function hexOf(write: (writer: JuteWriter) => void, options?: JuteWriterOptions): string {
  const writer = new JuteWriter(options)
  write(writer)
  return Buffer.from(writer.copy()).toString('hex')
}

it('writes every primitive', () => {
  const hex = hexOf((writer) => {
    writer.byte(-128)
    writer.bool(true)
    writer.bool(false)
    writer.int(-2)
    writer.long(-(2n ** 63n) + 1n)
    writer.float(1.5)
    writer.double(-2.5)
    writer.buffer(null)
    writer.buffer(new Uint8Array(0))
    writer.buffer(new Uint8Array([7]))
    writer.ustring(null)
    writer.ustring('')
    writer.ustring('hi')
    writer.raw(new Uint8Array([1, 2]))
  })
  expect(hex).toBe(
    '80' +
      '01' +
      '00' +
      'fffffffe' +
      '8000000000000001' +
      '3fc00000' +
      'c004000000000000' +
      'ffffffff' +
      '00000000' +
      '0000000107' +
      'ffffffff' +
      '00000000' +
      '000000026869' +
      '0102',
  )
})

describe('the scratch', () => {
  it('grows under every kind of value and keeps what was written', () => {
    const writer = new JuteWriter()
    const text = 'é'.repeat(3000)
    const bytes = new Uint8Array(10_000).fill(7)
    for (let index = 0; index < 3000; index++) writer.long(BigInt(index))
    writer.ustring(text)
    writer.buffer(bytes)
    writer.raw(bytes)
    const reader = new JuteReader()
    reader.reset(writer.copy())
    for (let index = 0; index < 3000; index++) expect(reader.long()).toBe(BigInt(index))
    expect(reader.ustring()).toBe(text)
    expect(reader.buffer()).toEqual(bytes)
    expect(reader.remaining).toBe(bytes.length)
  })

  it('is used again after reset, and let go after something huge', () => {
    const writer = new JuteWriter()
    const first = writer.bytes
    writer.int(1)
    writer.reset()
    expect(writer.position).toBe(0)
    expect(writer.bytes).toBe(first)
    writer.raw(new Uint8Array(5 << 20))
    writer.reset()
    expect(writer.bytes.length).toBe(first.length)
    writer.int(2)
    expect([...writer.copy()]).toEqual([0, 0, 0, 2])
  })

  it('is copied from any index on, and the copy stays', () => {
    const writer = new JuteWriter()
    writer.int(1)
    writer.int(2)
    const tail = writer.copy(4)
    writer.reset()
    writer.long(-1n)
    expect([...tail]).toEqual([0, 0, 0, 2])
    expect(writer.copy(8)).toHaveLength(0)
  })

  it('leaves long buffers where they are, if that is asked for, and gives all in order', () => {
    const writer = new JuteWriter({ apartFrom: 3 })
    const [first, second] = [new Uint8Array([1, 2, 3]), new Uint8Array([4, 5, 6, 7])]
    writer.byte(9)
    writer.buffer(first)
    writer.buffer(new Uint8Array([8, 8]))
    writer.buffer(second)
    expect(writer.apartBytes).toBe(7)
    const pieces = writer.pieces()
    expect(pieces).toContain(first)
    expect(pieces).toContain(second)
    expect(Buffer.concat(pieces).toString('hex')).toBe('09' + '00000003010203' + '000000020808' + '0000000404050607')
    writer.int(-1)
    expect(Buffer.concat(writer.pieces()).toString('hex').slice(-16)).toBe('04050607ffffffff')
    writer.reset()
    expect(writer.apartBytes).toBe(0)
    writer.byte(1)
    expect(writer.pieces()).toEqual([Buffer.from([1])])
  })

  it('takes a length for four bytes reserved before', () => {
    const writer = new JuteWriter()
    const at = writer.reserve(4)
    writer.raw(new Uint8Array(5000))
    writer.patchInt(at, writer.position - at - 4)
    expect([...writer.copy().subarray(0, 4)]).toEqual([0, 0, 0x13, 0x88])
  })
})

describe('strings', () => {
  const long = 'x'.repeat(100)

  it.each([
    ['ASCII', 'hi', '6869', '6869'],
    ['U+007F to U+0800', '\x7f\x80\u07ff\u0800', '7fc280dfbfe0a080', '7fc280dfbfe0a080'],
    ['a surrogate pair', '/\u{1f600}', '2ff09f9880', '2feda0bdedb880'],
    ['the highest character', '\u{10ffff}', 'f48fbfbf', 'edafbfedbfbf'],
    ['half a pair', 'a\ud83d', '61efbfbd', '61eda0bd'],
    ['the other half', '\ude00', 'efbfbd', 'edb880'],
    ['a long text', `${long}\u{1f600}`, `${'78'.repeat(100)}f09f9880`, `${'78'.repeat(100)}eda0bdedb880`],
  ])('hold %s', (_what, text, utf8, cesu8) => {
    const sized = (hex: string): string => (hex.length / 2).toString(16).padStart(8, '0') + hex
    expect(hexOf((writer) => writer.ustring(text))).toBe(sized(utf8))
    expect(hexOf((writer) => writer.ustring(text), { supplementary: 'cesu8' })).toBe(sized(cesu8))
  })

  it('of any length come back', () => {
    const writer = new JuteWriter()
    const reader = new JuteReader()
    for (let length = 0; length < 70; length++) {
      for (const text of ['/'.repeat(length), 'é'.repeat(length), 'x'.repeat(length) + '€', '\u{1f600}'.repeat(length)]) {
        writer.reset()
        writer.ustring(text)
        reader.reset(writer.copy())
        expect(reader.ustring()).toBe(text)
        expect(reader.remaining).toBe(0)
      }
    }
  })
})

/** JuteReader by itself: frames in chunks, primitives, and the length rules of strings, buffers and vectors. */

import { Buffer } from 'node:buffer'
import { describe, expect, it } from 'vitest'
import { ACL } from '../../src/jute/generated/data.ts'
import { CreateRequest, SetACLRequest, SetWatches } from '../../src/jute/generated/proto.ts'
import { CloseSessionTxn } from '../../src/jute/generated/txn.ts'
import { MalformedFrame } from '../../src/jute/malformed-frame.ts'
import { JuteReader, type JuteReaderOptions } from '../../src/jute/reader.ts'

function readerOf(hex: string, options?: JuteReaderOptions): JuteReader {
  const reader = new JuteReader(options)
  reader.reset(Buffer.from(hex.replaceAll(' ', ''), 'hex'))
  return reader
}

describe('primitives', () => {
  it('are big-endian two’s complement and IEEE 754', () => {
    const reader = readerOf('80 01 fffffffe 8000000000000001 3fc00000 c004000000000000')
    expect(reader.byte()).toBe(-128)
    expect(reader.bool()).toBe(true)
    expect(reader.int()).toBe(-2)
    expect(reader.long()).toBe(-(2n ** 63n) + 1n)
    expect(reader.float()).toBe(1.5)
    expect(reader.double()).toBe(-2.5)
    expect(reader.remaining).toBe(0)
  })

  it('take any byte but 0 for true, alone and in a run', () => {
    const reader = readerOf('00 01 02 ff')
    expect([reader.bool(), reader.bool(), reader.bool(), reader.bool()]).toEqual([false, true, true, true])
  })

  it.each(['byte', 'bool', 'int', 'long', 'float', 'double', 'buffer', 'ustring'] as const)('%s misses its bytes', (method) => {
    expect(() => readerOf('')[method]()).toThrow(MalformedFrame)
    const short = readerOf('0000002a00')
    short.reset(short.bytes, 0, method === 'byte' || method === 'bool' ? 0 : 3)
    expect(() => short[method]()).toThrow(expect.objectContaining({ kind: 'end' }))
  })
})

describe('a chunk', () => {
  const chunk = Buffer.from('....\0\0\0\x02hi....').subarray(4, 10)

  it('is read between start and end, wherever it lies in memory', () => {
    const reader = new JuteReader()
    for (const bytes of [chunk, new Uint8Array(chunk), new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length)]) {
      reader.reset(bytes)
      expect(reader.ustring()).toBe('hi')
      reader.reset(bytes, 4)
      expect([reader.byte(), reader.byte(), reader.remaining]).toEqual([0x68, 0x69, 0])
      reader.reset(bytes, 0, 5)
      expect(reader.remaining).toBe(5)
      expect(() => reader.ustring()).toThrow(MalformedFrame)
    }
  })

  it('is not read past the frame by advance, whose failure moves nothing', () => {
    const reader = new JuteReader()
    reader.reset(chunk, 1, 4)
    expect(() => reader.advance(4)).toThrow('the frame ends 1 bytes early')
    expect(reader.position).toBe(1)
    expect(reader.advance(3)).toBe(1)
    expect(reader.position).toBe(reader.end)
  })

  it('shares its memory with the buffers read from it', () => {
    const bytes = Buffer.from(chunk)
    const reader = new JuteReader()
    reader.reset(bytes)
    const view = reader.buffer()!
    bytes[4] = 0x48
    expect(Buffer.from(view).toString()).toBe('Hi')
    expect(view.constructor).toBe(Uint8Array)
  })
})

describe('lengths', () => {
  it('tell null from empty', () => {
    expect(readerOf('ffffffff').buffer()).toBeNull()
    expect(readerOf('ffffffff').ustring()).toBeNull()
    expect(readerOf('00000000').buffer()).toEqual(new Uint8Array(0))
    expect(readerOf('00000000').ustring()).toBe('')
  })

  it('are unreasonable below -1 and above the limit, before they are too long for the frame', () => {
    for (const method of ['buffer', 'ustring'] as const) {
      expect(() => readerOf('fffffffe')[method]()).toThrow('Unreasonable length = -2')
      expect(() => readerOf('001fffff')[method]()).toThrow('Unreasonable length = 2097151')
      expect(() => readerOf('001ffffe')[method]()).toThrow(expect.objectContaining({ kind: 'end' }))
      expect(() => readerOf('00000003 616263', { maxLength: 2 })[method]()).toThrow('Unreasonable length = 3')
      expect(readerOf('00000002 6162', { maxLength: 2 })[method]()).toHaveLength(2)
    }
  })

  it('of vectors are empty for any negative count but -1', () => {
    expect(CloseSessionTxn.read(readerOf('ffffffff')).paths2Delete).toBeNull()
    for (const count of ['00000000', 'fffffffe', 'fffffffb', '80000000']) {
      expect(CloseSessionTxn.read(readerOf(count)).paths2Delete).toEqual([])
    }
    expect(SetWatches.read(readerOf('0000000000000000 fffffff9 fffffffb 00000001 00000001 2f'))).toEqual({
      relativeZxid: 0n,
      dataWatches: [],
      existWatches: [],
      childWatches: ['/'],
    })
    expect(SetACLRequest.read(readerOf('00000001 2f fffffffb ffffffff'))).toEqual({ path: '/', acl: [], version: -1 })
  })

  it('of vectors are believed only as far as the frame goes', () => {
    expect(() => CloseSessionTxn.read(readerOf('7fffffff 00000001 61'))).toThrow(expect.objectContaining({ kind: 'end' }))
    expect(() => CreateRequest.read(readerOf('00000001 2f ffffffff 7fffffff'))).toThrow(expect.objectContaining({ kind: 'end' }))
  })

  it('inside records count the same', () => {
    expect(ACL.read(readerOf('0000001f 00000005 776f726c64 ffffffff'))).toEqual({ perms: 31, id: { scheme: 'world', id: null } })
    expect(() => ACL.read(readerOf('0000001f fffffffd'))).toThrow('Unreasonable length = -3')
  })
})

// Frames out of chunks that are cut anywhere, and words before there are frames.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { JuteReader } from '../../src/jute/reader.ts'
import { Slabs } from '../../src/protocol/byte-queue.ts'
import { FrameDecoder, LONG_BYTES } from '../../src/protocol/frame-decoder.ts'
import { frame } from '../support/raw-session.ts'

/** Takes every frame that is there. */
function takeAll(decoder: FrameDecoder): Buffer[] {
  const reader = new JuteReader()
  const frames: Buffer[] = []
  for (let length = decoder.peekLength(); length !== undefined; length = decoder.peekLength()) {
    if (!decoder.take(length, reader)) break
    frames.push(Buffer.from(reader.bytes.subarray(reader.position, reader.end)))
  }
  return frames
}

describe('the frame decoder', () => {
  it('gives the frames that were sent, however they were cut, and however late they are taken', () => {
    const payloads = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 12 })
    const cuts = fc.array(fc.record({ size: fc.integer({ min: 1, max: 30 }), takes: fc.boolean() }), { minLength: 1, maxLength: 40 })
    fc.assert(
      fc.property(payloads, cuts, (sent, steps) => {
        const decoder = new FrameDecoder(new Slabs())
        const stream = Buffer.concat(sent.map(frame))
        const got: Buffer[] = []
        for (let at = 0, step = 0; at < stream.length; step++) {
          const { size, takes } = steps[step % steps.length]
          decoder.push(stream.subarray(at, at + size))
          at += size
          if (takes) got.push(...takeAll(decoder))
        }
        got.push(...takeAll(decoder))
        expect(got).toEqual(sent.map((payload) => Buffer.from(payload)))
        expect(decoder.buffered).toBe(0)
      }),
    )
  })

  it('reads a frame where it lies when it lies in one chunk', () => {
    const decoder = new FrameDecoder(new Slabs())
    const chunk = Buffer.concat([frame(Buffer.from('one')), frame(Buffer.from('two'))])
    decoder.push(chunk)
    const reader = new JuteReader()
    expect(decoder.take(3, reader)).toBe(true)
    expect(reader.bytes.buffer).toBe(chunk.buffer)
  })

  it('gives long frames as they were sent, with what is behind them', () => {
    const sizes = fc.array(fc.constantFrom(0, 5, LONG_BYTES - 1, LONG_BYTES, LONG_BYTES + 1, 2 * LONG_BYTES, 70_000), { minLength: 1, maxLength: 6 })
    const cuts = fc.array(fc.constantFrom(1, 3, 4, 1000, LONG_BYTES, LONG_BYTES + 1, 65_536), { minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(sizes, cuts, fc.boolean(), (lengths, steps, takesAtOnce) => {
        const slabs = new Slabs()
        const decoder = new FrameDecoder(slabs)
        const sent = lengths.map((length, i) => Buffer.from(Uint8Array.from({ length }, (_, at) => at * 31 + i)))
        const stream = Buffer.concat(sent.map(frame))
        const got: Buffer[] = []
        for (let at = 0, step = 0; at < stream.length; step++) {
          // A byte at a time only now and then: the rest of a long frame would take for ever.
          const size = step % 50 < 40 ? steps[step % steps.length] : 65_536
          decoder.push(stream.subarray(at, at + size))
          at += size
          if (takesAtOnce || step % 3 === 0) got.push(...takeAll(decoder))
        }
        got.push(...takeAll(decoder))
        expect(got.map(({ length }) => length)).toEqual(lengths)
        expect(Buffer.concat(got).equals(Buffer.concat(sent))).toBe(true)
        expect([decoder.buffered, slabs.cellsInUse]).toEqual([0, 0])
      }),
      { numRuns: 50 },
    )
  })

  it('gives the room of long frames back, whole or not', () => {
    const slabs = new Slabs()
    const half = Buffer.concat([frame(new Uint8Array(1_000_000)).subarray(0, 4), new Uint8Array(500_000)])
    const decoders = Array.from({ length: 100 }, () => new FrameDecoder(slabs))
    const reader = new JuteReader()
    for (const decoder of decoders) {
      decoder.push(half)
      expect(decoder.take(decoder.peekLength()!, reader)).toBe(false)
      expect(decoder.buffered).toBe(half.length)
    }
    expect(slabs.reservedBytes).toBeGreaterThanOrEqual(50_000_000)
    expect(slabs.reservedBytes).toBeLessThan(100_000_000)
    for (const decoder of decoders.slice(1)) decoder.clear()
    decoders[0].push(new Uint8Array(500_000))
    expect(decoders[0].take(1_000_000, reader)).toBe(true)
    expect(slabs.cellsInUse).toBe(0)
    expect(slabs.reservedBytes).toBeLessThan(40_000_000)
    slabs.trim()
    expect(slabs.reservedBytes).toBe(0)
  })

  it('gives lengths with their sign, before the frame is there', () => {
    const decoder = new FrameDecoder(new Slabs())
    decoder.push(Buffer.from('ffff', 'hex'))
    expect(decoder.peekLength()).toBeUndefined()
    decoder.push(Buffer.from('fffe', 'hex'))
    expect(decoder.peekLength()).toBe(-2)
  })

  it('does not hold on to the block that half a frame came in', () => {
    const decoder = new FrameDecoder(new Slabs())
    const block = Buffer.concat([frame(Buffer.from('whole')), Buffer.from('00000004aa', 'hex'), Buffer.alloc(100)])
    decoder.push(block.subarray(0, 14))
    expect(decoder.take(decoder.peekLength()!, new JuteReader())).toBe(true)
    expect(decoder.take(decoder.peekLength()!, new JuteReader())).toBe(false)
    decoder.push(block.subarray(14, 15))
    block.fill(0)
    expect(decoder.buffered).toBe(6)
    decoder.push(Buffer.from('bbcc', 'hex'))
    expect(takeAll(decoder)).toEqual([Buffer.from('aa00bbcc', 'hex')])
  })

  it('gives bytes without a length, and forgets on demand', () => {
    const decoder = new FrameDecoder(new Slabs())
    decoder.push(Buffer.from('ru'))
    expect(decoder.takeBytes(4)).toBeUndefined()
    decoder.push(Buffer.from('okay'))
    expect(Buffer.from(decoder.takeBytes(4)!).toString()).toBe('ruok')
    expect(decoder.buffered).toBe(2)
    decoder.clear()
    expect(decoder.buffered).toBe(0)
  })
})

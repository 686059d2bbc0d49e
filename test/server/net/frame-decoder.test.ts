// Frames out of chunks that are cut anywhere, and words before there are frames.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { JuteReader } from '../../../src/jute/reader.ts'
import { FrameDecoder } from '../../../src/server/net/frame-decoder.ts'
import { frame } from '../../support/raw-session.ts'

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
        const decoder = new FrameDecoder()
        const stream = Buffer.concat(sent.map(frame))
        const got: Buffer[] = []
        for (let at = 0, step = 0; at < stream.length; step++) {
          const { size, takes } = steps[step % steps.length]!
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
    const decoder = new FrameDecoder()
    const chunk = Buffer.concat([frame(Buffer.from('one')), frame(Buffer.from('two'))])
    decoder.push(chunk)
    const reader = new JuteReader()
    expect(decoder.take(3, reader)).toBe(true)
    expect(reader.bytes.buffer).toBe(chunk.buffer)
  })

  it('gives lengths with their sign, before the frame is there', () => {
    const decoder = new FrameDecoder()
    decoder.push(Buffer.from('ffff', 'hex'))
    expect(decoder.peekLength()).toBeUndefined()
    decoder.push(Buffer.from('fffe', 'hex'))
    expect(decoder.peekLength()).toBe(-2)
  })

  it('does not hold on to the block that half a frame came in', () => {
    const decoder = new FrameDecoder()
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
    const decoder = new FrameDecoder()
    decoder.push(Buffer.from('ru'))
    expect(decoder.takeBytes(4)).toBeUndefined()
    decoder.push(Buffer.from('okay'))
    expect(Buffer.from(decoder.takeBytes(4)!).toString()).toBe('ruok')
    expect(decoder.buffered).toBe(2)
    decoder.clear()
    expect(decoder.buffered).toBe(0)
  })
})

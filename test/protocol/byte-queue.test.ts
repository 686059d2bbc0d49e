// Bytes that wait in slabs come out as they went in, and their room goes back.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteQueue, Slabs } from '../../src/protocol/byte-queue.ts'

describe('a queue of bytes', () => {
  it('gives what it was given, however it came and goes, beside others', () => {
    const sizes = fc.constantFrom(0, 1, 7, 16_383, 16_384, 16_385, 40_000)
    const steps = fc.array(fc.record({ queue: fc.nat(2), adds: fc.boolean(), size: sizes }), { maxLength: 40 })
    fc.assert(
      fc.property(steps, (moves) => {
        const slabs = new Slabs()
        const queues = Array.from({ length: 3 }, () => ({ queue: new ByteQueue(slabs), due: Buffer.alloc(0) }))
        for (const [at, { queue: which, adds, size }] of moves.entries()) {
          const one = queues[which]
          if (adds) {
            const bytes = Buffer.alloc(size, at + 1)
            one.queue.add(bytes)
            one.due = Buffer.concat([one.due, bytes])
          } else {
            expect(Buffer.compare(one.queue.take(size), one.due.subarray(0, size))).toBe(0)
            one.due = one.due.subarray(size)
          }
          expect(one.queue.length).toBe(one.due.length)
        }
        for (const { queue, due } of queues) {
          expect(Buffer.compare(queue.take(Infinity), due)).toBe(0)
          queue.drop()
        }
        expect(slabs.cellsInUse).toBe(0)
      }),
      { numRuns: 100 },
    )
  })

  it('leaves nothing behind when it is dropped', () => {
    const slabs = new Slabs()
    const queues = Array.from({ length: 40 }, () => new ByteQueue(slabs))
    for (const queue of queues) queue.add(new Uint8Array(2_000_000))
    expect(slabs.reservedBytes).toBeGreaterThanOrEqual(80_000_000)
    for (const queue of queues) queue.drop()
    expect([slabs.cellsInUse, slabs.reservedBytes < 40_000_000]).toEqual([0, true])
    slabs.trim()
    expect(slabs.reservedBytes).toBe(0)
  })
})

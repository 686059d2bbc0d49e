// Deadlines in buckets: a model of the simplest kind against the queue.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ExpiryQueue } from '../../../src/server/session/expiry-queue.ts'

describe('the expiry queue', () => {
  it('gives back everything whose grid time has come, once, and nothing else', () => {
    const step = fc.record({ item: fc.nat(5), kind: fc.constantFrom('touch', 'remove', 'pass'), ms: fc.integer({ min: 1, max: 5000 }) })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3000 }), fc.array(step, { maxLength: 60 }), (interval, steps) => {
        const queue = new ExpiryQueue<{ expiresAt: number }>(interval)
        const items = Array.from({ length: 6 }, () => ({ expiresAt: 0 }))
        const model = new Map<number, number>()
        let now = 0.5
        for (const { item, kind, ms } of steps) {
          if (kind === 'touch') {
            queue.touch(items[item], now, ms)
            model.set(item, (Math.floor((now + ms) / interval) + 1) * interval)
          } else if (kind === 'remove') {
            queue.remove(items[item])
            model.delete(item)
          } else {
            now += ms
            const due = [...model].filter(([, at]) => at <= now).map(([index]) => index)
            for (const index of due) model.delete(index)
            expect(
              queue
                .takeExpired(now)
                .map((each) => items.indexOf(each))
                .sort(),
            ).toEqual(due.sort())
          }
          expect(queue.size).toBe(model.size)
        }
        expect(queue.buckets().flatMap(([, bucket]) => [...bucket]).length).toBe(model.size)
      }),
    )
  })

  it('gives everybody the full time again', () => {
    const queue = new ExpiryQueue<{ expiresAt: number }>(10)
    const [a, b] = [{ expiresAt: 0 }, { expiresAt: 0 }]
    queue.touch(a, 0, 5)
    queue.touch(b, 0, 25)
    queue.restart(1000, (item) => (item === a ? 5 : 25))
    expect([queue.takeExpired(1009), queue.takeExpired(1010), queue.takeExpired(1029), queue.takeExpired(1030)]).toEqual([[], [a], [], [b]])
  })

  it('takes a timeout below 0 for none, and the item stands in one place all the same', () => {
    const queue = new ExpiryQueue<{ expiresAt: number }>(1000)
    const item = { expiresAt: 0 }
    queue.touch(item, 500, -1000)
    expect(queue.size).toBe(1)
    queue.touch(item, 500, 5000)
    expect([queue.size, queue.takeExpired(2000)]).toEqual([1, []])
  })
})

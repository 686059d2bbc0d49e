// Timers that are longer than Node's own can be: 2^31 - 1 ms, 24.8 days.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { nodeClock } from '../../../src/server/host/node-clock.ts'

const MAX_TIMER_MS = 2 ** 31 - 1
const DAY_MS = 86_400_000
const LONGEST_LONG = 2 ** 63

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
})

afterEach(() => {
  vi.useRealTimers()
})

describe('a timer of the system', () => {
  it.each([0, 1, 1000, MAX_TIMER_MS, MAX_TIMER_MS + 1, 597 * 3_600_000, 3 * MAX_TIMER_MS + 5])('of %d ms fires then and not before', (delayMs) => {
    let fired = 0
    nodeClock.after(delayMs, () => fired++)
    if (delayMs > 0) vi.advanceTimersByTime(delayMs - 1)
    expect(fired).toBe(0)
    vi.advanceTimersByTime(1)
    expect(fired).toBe(1)
    vi.advanceTimersByTime(2 * MAX_TIMER_MS)
    expect(fired).toBe(1)
  })

  it.each([LONGEST_LONG, Infinity])('of %d ms does not fire within 100 days', (delayMs) => {
    let fired = 0
    nodeClock.after(delayMs, () => fired++)
    vi.advanceTimersByTime(100 * DAY_MS)
    expect(fired).toBe(0)
  })

  it('can be cancelled in each of its parts', () => {
    let fired = 0
    for (const beforeMs of [0, MAX_TIMER_MS + 1]) {
      const timer = nodeClock.after(2 * MAX_TIMER_MS, () => fired++)
      vi.advanceTimersByTime(beforeMs)
      timer.cancel()
    }
    vi.advanceTimersByTime(4 * MAX_TIMER_MS)
    expect(fired).toBe(0)
  })
})

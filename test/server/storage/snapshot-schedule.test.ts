import { describe, expect, it } from 'vitest'
import type { Random } from '../../../src/server/host/host.ts'
import { SnapshotSchedule } from '../../../src/server/storage/snapshot-schedule.ts'

/** Draws the given parts of its limits, in turn. */
function drawing(...parts: number[]): Random & { limits: number[] } {
  const limits: number[] = []
  let next = 0
  return {
    limits,
    below: (limit) => {
      limits.push(limit)
      return Math.floor(parts[next++ % parts.length] * limit)
    },
    bytes: (count) => new Uint8Array(count),
  }
}

/** How many txns it takes. */
function txnsUntilDue(schedule: SnapshotSchedule): number {
  for (let count = 1; count < 1000; count++) if (schedule.isDue(count, 0)) return count
  return Infinity
}

describe('the snapshot schedule', () => {
  it('is due after half to all of snapCount, drawn anew each time', () => {
    const lowest = new SnapshotSchedule(drawing(0), { snapCount: 20, snapSizeLimitKb: 0 })
    expect([txnsUntilDue(lowest), txnsUntilDue(lowest)]).toEqual([11, 11])
    const highest = new SnapshotSchedule(drawing(0.999), { snapCount: 20, snapSizeLimitKb: 0 })
    expect(txnsUntilDue(highest)).toBe(20)
    const changing = new SnapshotSchedule(drawing(0, 0.5, 0.999), { snapCount: 20, snapSizeLimitKb: 0 })
    expect([txnsUntilDue(changing), txnsUntilDue(changing), txnsUntilDue(changing)]).toEqual([11, 16, 20])
  })

  it('takes fewer than two for two', () => {
    expect(txnsUntilDue(new SnapshotSchedule(drawing(0), { snapCount: 0, snapSizeLimitKb: 0 }))).toBe(2)
    expect(txnsUntilDue(new SnapshotSchedule(drawing(0), { snapCount: 3, snapSizeLimitKb: 0 }))).toBe(2)
  })

  it('is due after half to all of the size limit too', () => {
    const schedule = new SnapshotSchedule(drawing(0, 0, 0, 0.5), { snapCount: 1000, snapSizeLimitKb: 8 })
    expect(schedule.isDue(1, 4096)).toBe(false)
    expect(schedule.isDue(1, 4097)).toBe(true)
    expect(schedule.isDue(1, 6144)).toBe(false)
    expect(schedule.isDue(1, 6145)).toBe(true)
  })

  it.each([0, -1, 1])('has no size limit at %i', (snapSizeLimitKb) => {
    const random = drawing(0)
    const schedule = new SnapshotSchedule(random, { snapCount: 1000, snapSizeLimitKb })
    expect(schedule.isDue(1, Number.MAX_SAFE_INTEGER)).toBe(snapSizeLimitKb === 1)
    expect(random.limits.every((limit) => limit > 0)).toBe(true)
  })
})

// How long a voter that has let this server down is done without.
import { expect, test } from 'vitest'
import { Absentees } from '../../../src/quorum/zab/absentees.ts'
import { FakeClock } from '../../support/fake-clock.ts'

const LENGTH_MS = 20_000

test('a leader that was out of reach twice is tried again in half the time for which its vote is done without', () => {
  const clock = new FakeClock()
  const absentees = new Absentees(clock, LENGTH_MS)
  absentees.add(3n, 'unreached')
  expect(absentees.isOutOfReach(3n)).toBe(false)
  absentees.add(3n, 'unreached')
  expect(absentees.isOutOfReach(3n)).toBe(true)
  expect(absentees.nextEnd).toBe(clock.now() + LENGTH_MS / 2)
  clock.nowMs += LENGTH_MS / 2
  expect(absentees.isOutOfReach(3n)).toBe(false)
  expect(absentees.has(3n)).toBe(true)
  expect(absentees.nextEnd).toBe(clock.now() + LENGTH_MS / 2)
  clock.nowMs += LENGTH_MS / 2
  expect(absentees.has(3n)).toBe(false)
  expect(absentees.nextEnd).toBeUndefined()
})

// When a sync is waited for where it is asked for.
import { expect, it } from 'vitest'
import { SyncPace } from '../../../src/server/host/sync-pace.ts'

function after(...durationsMs: number[]): boolean {
  const pace = new SyncPace()
  for (const duration of durationsMs) pace.onSynced(duration)
  return pace.isShort
}

const short = Array<number>(16).fill(0.3)

it('is short once sixteen in a row were', () => {
  expect(after()).toBe(false)
  expect(after(...short.slice(1))).toBe(false)
  expect(after(...short)).toBe(true)
})

it('has to prove it again after a long one', () => {
  expect(after(...short, 1.5)).toBe(false)
  expect(after(...short, 1.5, ...short.slice(1))).toBe(false)
  expect(after(...short, 1.5, ...short)).toBe(true)
})

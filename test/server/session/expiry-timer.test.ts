// When sessions are looked at: never with less known than there is to know.
import { expect, test } from 'vitest'
import { ExpiryTimer } from '../../../src/server/session/expiry-timer.ts'
import { FakeHost } from '../../support/fake-host.ts'

const INTERVAL_MS = 2000
const STALL_MS = 5000

test('a stall between the timer and the end of its turn ends nobody whose time came meanwhile before others were asked', () => {
  const host = new FakeHost()
  const told: string[] = []
  const expire = (now: number): void => void told.push(`expire ${now}`)
  const timer = new ExpiryTimer(
    host.clock,
    INTERVAL_MS,
    () => 0,
    expire,
    (done) => {
      told.push('ask others')
      done()
    },
  )
  const begin = host.clock.now()
  timer.start()
  const dueAt = (Math.floor(begin / INTERVAL_MS) + 1) * INTERVAL_MS
  // Due at the same time, and behind it: the end of the turn comes after the stall.
  host.clock.after(dueAt - begin, () => host.stall(STALL_MS))
  host.advance(dueAt - begin)
  expect(told).toEqual([`expire ${dueAt}`, 'ask others', `expire ${dueAt + STALL_MS}`])
  timer.stop()
})

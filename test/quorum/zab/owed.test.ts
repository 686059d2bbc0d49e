// Since when a peer owes an answer: what waits in front of the network is not owed yet.
import { expect, test } from 'vitest'
import { Owed } from '../../../src/quorum/zab/owed.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { FakeLink } from '../../support/zab-script.ts'

function stage(): { link: FakeLink; owed: Owed<string>; send(what: string, now: number): void } {
  const link = new FakeLink(new FakeClock(), () => {})
  const owed = new Owed<string>(link)
  return {
    link,
    owed,
    send(what, now) {
      link.sentBytes += 10
      owed.push(what, now)
    },
  }
}

test('what goes out at once is owed since it was sent, in order', () => {
  const { link, owed, send } = stage()
  expect(owed.since()).toBeUndefined()
  send('a', 100)
  send('b', 200)
  link.takenBytes = 20
  expect([owed.first, owed.since(), owed.isLate]).toEqual(['a', 100, false])
  expect(owed.shift()).toBe('a')
  expect([owed.first, owed.since(), owed.size]).toEqual(['b', 200, 1])
  owed.shift()
  expect([owed.first, owed.since(), owed.isLate]).toEqual([undefined, undefined, false])
})

test('what waits is owed since the peer last took anything, and then since it was taken', () => {
  const { link, owed, send } = stage()
  send('a', 100)
  send('b', 100)
  expect([owed.since(), owed.isLate]).toEqual([100, true])
  link.takenAt = 300
  link.takenBytes = 5
  expect(owed.since()).toBe(300)
  link.takenAt = 400
  link.takenBytes = 10
  expect(owed.since()).toBe(400)
  // Nothing is waited for in front of it any more, be others taken or not.
  link.takenAt = 500
  link.takenBytes = 15
  expect(owed.since()).toBe(400)
  owed.shift()
  expect([owed.since(), owed.isLate]).toEqual([500, true])
})

test('what is sent behind what waits goes by its own time', () => {
  const { link, owed, send } = stage()
  send('a', 100)
  expect(owed.since()).toBe(100)
  link.takenBytes = 10
  link.takenAt = 200
  expect(owed.since()).toBe(200)
  send('b', 300)
  link.takenBytes = 20
  owed.shift()
  expect([owed.since(), owed.isLate]).toEqual([300, false])
})

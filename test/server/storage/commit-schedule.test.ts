// operations 1.7: flushDelay, maxWriteQueuePollTime and maxBatchSize, seen by a client that waits for its answers.
import { describe, expect, it } from 'vitest'
import { FakeServer } from '../../support/fake-server.ts'
import { create } from '../../support/requests.ts'

/** The handshake's commit is the last one before a test's requests, in the same millisecond. */
function delayed(settings: object) {
  const fake = new FakeServer({ flushDelayMs: 90, ...settings })
  const session = fake.session()
  const ask = (count: number): void => {
    for (let i = 0; i < count; i++) session.send(create('/n-', { flags: 2 }))
    fake.host.settle()
  }
  const answered = (ms: number): number => {
    fake.host.advance(ms)
    return session.replies().length
  }
  return { ask, answered }
}

describe('a batch with flushDelay', () => {
  it('goes to disk when nothing more has come for a third of it', () => {
    const { ask, answered } = delayed({})
    ask(2)
    expect([answered(0), answered(29), answered(1)]).toEqual([0, 0, 2])
  })

  it('waits for more, but not beyond the delay', () => {
    const { ask, answered } = delayed({})
    const seen: number[] = []
    for (let i = 0; i < 5; i++) {
      ask(1)
      seen.push(answered(20))
    }
    expect(seen).toEqual([0, 0, 0, 0, 5])
  })

  it('pauses for as long as it is told to', () => {
    const { ask, answered } = delayed({ maxWriteQueuePollTimeMs: 50 })
    ask(1)
    expect([answered(49), answered(1)]).toEqual([0, 1])
  })

  it('does not wait after a time without writes', () => {
    const { ask, answered } = delayed({})
    answered(90)
    ask(1)
    expect(answered(0)).toBe(1)
  })

  it('does not wait once it is maxBatchSize long', () => {
    const { ask, answered } = delayed({ maxBatchSize: 5 })
    ask(4)
    expect(answered(0)).toBe(0)
    ask(1)
    expect(answered(0)).toBe(5)
  })
})

it('without flushDelay every turn ends with a commit', () => {
  const { ask, answered } = delayed({ flushDelayMs: 0 })
  ask(1)
  expect(answered(0)).toBe(1)
})

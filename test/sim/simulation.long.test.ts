// A few seeds of `make simulate`, the same in every run; servers made wrong on purpose, which must be found.
import { beforeAll, describe, expect, it } from 'vitest'
import { MUTANTS } from '../../src/sim/mutants.ts'
import { simulate } from '../../src/sim/simulation.ts'
import type { Outcome } from '../../src/sim/outcome.ts'

const SEEDS = 40
const LONGEST_MS = 120_000
/** Before and after each of these the power is lost in some seed: a log is made, rolled, extended, a snapshot put in place. */
const LOOKED_AT = [
  ...['create', 'write', 'sync', 'extend', 'rename', 'syncDirectory'].map((step) => `${step} of a log`),
  ...['create', 'write', 'sync', 'rename', 'syncDirectory'].map((step) => `${step} of a snapshot`),
]
  .flatMap((step) => [`before ${step}`, `after ${step}`])
  // A log is written and synced in one go: behind the write comes the sync.
  .filter((place) => place !== 'after write of a log')

function failures(outcomes: readonly Outcome[]): string[] {
  return outcomes.flatMap(({ seed, failure, events }) => (failure === undefined ? [] : [`seed ${seed}: ${failure.stack}\n${events.slice(-30).join('\n')}`]))
}

describe('a server in a faulty world', () => {
  let outcomes: Outcome[] = []

  beforeAll(() => {
    outcomes = Array.from({ length: SEEDS }, (_, index) => simulate(index + 1))
  }, LONGEST_MS)

  it('keeps what it has acknowledged, and serves again once all is healed', () => {
    expect(failures(outcomes)).toEqual([])
  })

  it('is really put to the test', () => {
    const ends = new Set(outcomes.flatMap((outcome) => outcome.ends.map(({ by, where }) => `${by} ${where}`)))
    const looks = new Set(outcomes.flatMap((outcome) => outcome.looks))
    const faults = new Set(outcomes.flatMap((outcome) => outcome.faults))
    expect(ends.size).toBeGreaterThan(15)
    for (const place of LOOKED_AT) expect(looks).toContain(place)
    expect(faults.size).toBeGreaterThan(5)
    expect(outcomes.reduce((sum, { acknowledged }) => sum + acknowledged, 0)).toBeGreaterThan(SEEDS * 300)
  })

  it(
    'has one history for one seed',
    () => {
      const again = outcomes.slice(0, 5).map(({ seed }) => simulate(seed).hash)
      expect(again).toEqual(outcomes.slice(0, 5).map(({ hash }) => hash))
      expect(new Set(outcomes.map(({ hash }) => hash)).size).toBe(SEEDS)
    },
    LONGEST_MS,
  )

  it('has the same history when it is watched', () => {
    const lines: string[] = []
    const { hash } = simulate(3, { onLine: (line) => lines.push(line) })
    expect(hash).toBe(outcomes[2].hash)
    expect(lines.some((line) => line.includes('server0 logs:'))).toBe(true)
  })
})

describe('a server that', () => {
  it.each(MUTANTS)(
    '$name is found within $foundWithin seeds',
    ({ mutate, foundWithin }) => {
      for (let seed = 1; seed <= foundWithin; seed++) {
        const { failure } = simulate(seed, { mutation: mutate })
        if (failure === undefined) continue
        // Found by what it does to its clients or its files, not by an exception of the simulation's own.
        expect(failure.name).toBe('Violation')
        return
      }
      expect.unreachable(`not found within ${foundWithin} seeds`)
    },
    LONGEST_MS,
  )
})

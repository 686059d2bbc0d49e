// A few seeds of `make simulate ENSEMBLE=1`, the same in every run. `make test` has more of them in a suite of their own.
import { beforeAll, describe, expect, it } from 'vitest'
import { OPERATIONS } from '../../src/sim/ensemble-plan.ts'
import { simulateEnsemble } from '../../src/sim/ensemble-simulation.ts'
import type { Outcome } from '../../src/sim/outcome.ts'

const SEEDS = [1, 2, 3, 4]
const LONGEST_MS = 180_000

describe('an ensemble in a faulty world', () => {
  let outcomes: Outcome[] = []

  beforeAll(() => {
    outcomes = SEEDS.map((seed) => simulateEnsemble(seed))
  }, LONGEST_MS)

  it('keeps what is committed, one leader an epoch, and serves again once all is healed', () => {
    const failures = outcomes.flatMap(({ seed, failure, events }) =>
      failure === undefined ? [] : [`seed ${seed}: ${failure.stack}\n${events.slice(-30).join('\n')}`],
    )
    expect(failures).toEqual([])
  })

  it('is really put to the test', () => {
    const sum = (of: (outcome: Outcome) => number): number => outcomes.reduce((total, outcome) => total + of(outcome), 0)
    for (const { operations } of outcomes) expect(operations).toBeGreaterThanOrEqual(OPERATIONS)
    expect(sum(({ acknowledged }) => acknowledged)).toBeGreaterThan((SEEDS.length * OPERATIONS) / 4)
    expect(sum(({ epochs }) => epochs!)).toBeGreaterThan(SEEDS.length * 2)
    expect(sum(({ ends }) => ends.length)).toBeGreaterThan(SEEDS.length * 3)
    expect(sum(({ looks }) => looks.length)).toBeGreaterThan(SEEDS.length * 3)
  })

  it(
    'has one history for one seed',
    () => {
      const { seed, hash } = outcomes[0]
      expect(simulateEnsemble(seed).hash).toBe(hash)
    },
    LONGEST_MS,
  )
})

// Ensembles made wrong on purpose must be found by the simulation.
import { describe, expect, it } from 'vitest'
import { ENSEMBLE_MUTANTS } from '../../src/sim/ensemble-mutants.ts'
import { simulateEnsemble } from '../../src/sim/ensemble-simulation.ts'

const LONGEST_MS = 180_000
/** The quickest to be found; `make simulate ENSEMBLE=1 MUTANTS=1` looks for all of them. */
const SOON_FOUND = 60

describe('an ensemble that', () => {
  it.each(ENSEMBLE_MUTANTS.filter(({ foundWithin }) => foundWithin <= SOON_FOUND))(
    '$name is found within $foundWithin seeds',
    ({ defect, foundWithin }) => {
      for (let seed = 1; seed <= foundWithin; seed++) {
        const { failure } = simulateEnsemble(seed, { defect })
        if (failure !== undefined) return
      }
      expect.unreachable(`not found within ${foundWithin} seeds`)
    },
    LONGEST_MS,
  )
})

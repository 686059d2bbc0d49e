// A member that stays broken in each single way, one seed each: the others serve. `make simulate ENSEMBLE=1` draws them for a third of its seeds.
import { describe, expect, it } from 'vitest'
import { BREAKAGES } from '../../src/sim/broken-member.ts'
import { simulateEnsemble } from '../../src/sim/ensemble-simulation.ts'

const LONGEST_MS = 60_000
const FIRST_SEED = 40

describe('while one member', () => {
  it.each(BREAKAGES.map((breakage, index) => [breakage, FIRST_SEED + index] as const))(
    '%s, the others serve',
    (breakage, seed) => {
      const { failure, events } = simulateEnsemble(seed, { breakage })
      expect(failure === undefined ? [] : [failure.message, ...events.slice(-30)]).toEqual([])
      expect(events.length).toBeGreaterThan(0)
    },
    LONGEST_MS,
  )
})

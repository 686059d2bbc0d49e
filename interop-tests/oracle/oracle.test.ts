// Our server against the real one: every operation from a seeded generator, several sessions, every reply and event compared. With
// TSK_SERVER=java the real server is compared with itself, which shows that only what may differ is masked.
//
//   SEEDS=20 STEPS=5000   how much         SEED=7   that run alone         SHRINK=0   report a difference as it was found
import { describe, expect, test } from 'vitest'
import { needPeer } from '../peers/peers.ts'
import { testedKind } from '../peers/server-under-test.ts'
import { runCampaign } from './campaign.ts'
import { configurations } from './configurations.ts'
import { runLockstep } from './lockstep.ts'
import { mutants } from './mutant-list.ts'
import { buildMutant } from './mutants.ts'
import { startPair } from './servers.ts'

const java = await needPeer('java')

const single = process.env['SEED']
const seedCount = Number(process.env['SEEDS'] ?? 20)
const stepCount = Number(process.env['STEPS'] ?? 5000)
const shrinkMs = process.env['SHRINK'] === '0' ? 0 : 120_000
const EXPIRY_EVERY = 5
/** What a second brings on a machine that is busy with other things. */
const SLOWEST_STEPS_PER_SECOND = 150
const START_MS = 20_000

describe.skipIf(java === undefined)('the oracle', () => {
  const seeds = single !== undefined ? [Number(single)] : Array.from({ length: seedCount }, (_, at) => at)
  const limitMs = seeds.length * (START_MS + (stepCount * 1000) / SLOWEST_STEPS_PER_SECOND) + 2 * shrinkMs

  test(`${seeds.length} seeds of ${stepCount} steps without a difference`, { timeout: limitMs }, async () => {
    const { matrix, stepCount: done, seconds, differences } = await runCampaign({ seeds, stepCount, shrinkMs, expiryEvery: EXPIRY_EVERY, say: console.log })
    console.log(`${done} steps in ${Math.round(seconds)} s; how often each operation was answered with each code:\n${matrix.toString()}`)
    expect(differences.join('\n\n')).toBe('')
    expect(matrix.unexpected()).toEqual([])
    // A single run is too short to see everything.
    if (single === undefined) expect(matrix.missing()).toEqual([])
  })
})

describe.skipIf(java === undefined || testedKind === 'java')('a server made wrong on purpose', () => {
  test.each(mutants)('is found: $name', { timeout: 180_000 }, async (mutant) => {
    const startMutant = await buildMutant(mutant)
    const configuration = configurations.find(({ name }) => name === (mutant.configuration ?? 'default'))!
    const pair = await startPair(configuration, startMutant)
    try {
      const { difference } = await runLockstep(pair.ports, { seed: 1, configuration, expiries: 0, stepCount: mutant.within })
      expect(difference?.stepNumber ?? Infinity).toBeLessThanOrEqual(mutant.within)
      console.log(`${mutant.name}: found at step ${difference!.stepNumber}`)
    } finally {
      await pair.end()
    }
  })
})

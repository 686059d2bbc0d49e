// Runs seeds against a pair of fresh servers each and says what came of them. A seed replays a run exactly: SEED=7 STEPS=1234 in front of the test's
// command line plays that run alone, up to that step.
import { configurationOf } from './configurations.ts'
import { describeDifference, describeOutcomes, runLockstep } from './lockstep.ts'
import type { RunResult } from './lockstep.ts'
import { Matrix } from './matrix.ts'
import { startPair } from './servers.ts'
import { shrink } from './shrink.ts'
import { describeStep } from './steps.ts'

export interface CampaignOptions {
  readonly seeds: readonly number[]
  readonly stepCount: number
  /** Milliseconds to spend on making a difference smaller; 0 for not at all. */
  readonly shrinkMs: number
  /** Every so many seeds one session is left to expire, which takes some seconds. */
  readonly expiryEvery: number
  readonly say: (line: string) => void
}

export interface CampaignResult {
  readonly matrix: Matrix
  readonly stepCount: number
  readonly seconds: number
  /** A description of each difference. */
  readonly differences: readonly string[]
}

/** Runs all seeds, one after the other. */
export async function runCampaign({ seeds, stepCount, shrinkMs, expiryEvery, say }: CampaignOptions): Promise<CampaignResult> {
  const matrix = new Matrix()
  const differences: string[] = []
  const begin = performance.now()
  let steps = 0
  for (const seed of seeds) {
    const configuration = configurationOf(seed)
    const result = await runSeed(seed, stepCount, seed % expiryEvery === 0 ? 1 : 0, matrix)
    steps += result.stepCount
    const pace = `${result.stepCount} steps in ${result.seconds.toFixed(1)} s, ${Math.round(result.stepCount / result.seconds)} a second`
    say(`seed ${seed}, ${configuration.name}: ${pace}${result.difference === undefined ? '' : ', DIFFERENT'}`)
    if (result.difference === undefined) continue
    differences.push(describeDifference(result.difference))
    if (shrinkMs > 0) {
      const smaller = await shrink(result.difference, () => startPair(configuration), shrinkMs)
      const lines = smaller.steps.flatMap(describeStep)
      differences.push([`Enough to see it:`, ...lines.map((line) => `  ${line}`), ...describeOutcomes(smaller.reference, smaller.subject)].join('\n'))
    }
  }
  return { matrix, stepCount: steps, seconds: (performance.now() - begin) / 1000, differences }
}

async function runSeed(seed: number, stepCount: number, expiries: number, matrix: Matrix): Promise<RunResult> {
  const configuration = configurationOf(seed)
  const pair = await startPair(configuration)
  try {
    return await runLockstep(pair.ports, { seed, configuration, expiries, stepCount, matrix })
  } finally {
    await pair.end()
  }
}

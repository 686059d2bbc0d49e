/** What came of one seed, whether one server or an ensemble was simulated. */
import type { Ledger } from './ledger.ts'
import type { World } from './world.ts'

export interface Outcome {
  readonly seed: number
  readonly failure: Error | undefined
  /** The last events, oldest first. */
  readonly events: readonly string[]
  /** Equal for two runs of one seed. */
  readonly hash: string
  /** Requests of clients that were answered. */
  readonly operations: number
  readonly txns: number
  readonly acknowledged: number
  readonly virtualMs: number
  readonly ends: readonly LifeEnd[]
  /** Which faults the disk has had. */
  readonly faults: readonly string[]
  /** Where it was looked at what a loss of power would leave. */
  readonly looks: readonly string[]
  /** That an ensemble has had. */
  readonly epochs?: number
}

/** How and where a life of a server ended. */
export interface LifeEnd {
  readonly by: 'power' | 'process' | 'stop'
  readonly where: string
}

/** What a simulation writes down by itself, at its end or where it was broken off. */
export interface Account extends Pick<Outcome, 'seed' | 'ends' | 'faults' | 'looks'> {
  readonly world: World
  readonly ledger: Ledger
  readonly epochs?: number
}

interface Simulated {
  /** Throws what is found. */
  run(): void
  account(): Account
}

export function outcomeOf(simulation: Simulated): Outcome {
  let failure: Error | undefined
  try {
    simulation.run()
  } catch (error) {
    failure = error as Error
  }
  const { world, ledger, ...rest } = simulation.account()
  return {
    ...rest,
    failure,
    events: world.journal.last(),
    hash: world.journal.hash,
    operations: ledger.answers,
    txns: ledger.txnCount,
    acknowledged: ledger.acknowledged,
    virtualMs: world.now,
  }
}

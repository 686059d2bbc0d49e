/**
 * What a seed stands for when the servers are an ensemble: who belongs to it, how they are set, how fast and how faulty
 * the world is, for how long, and how each life of a member ends.
 */
import { drawElectorate } from './electorate.ts'
import type { Electorate } from './electorate.ts'
import { drawSettings } from './ensemble-settings.ts'
import type { SettingsOf } from './ensemble-settings.ts'
import { ENSEMBLE_TROUBLES } from './ensemble-troubles.ts'
import type { EnsembleTrouble } from './ensemble-troubles.ts'
import { TRIALS } from './ensemble-trials.ts'
import type { Trial } from './ensemble-trials.ts'
import { drawLife } from './plan.ts'
import type { LifePlan, StepTrigger, Trigger, WorldPlan } from './plan.ts'
import type { SeededRandom } from './seeded-random.ts'

export interface EnsemblePlan extends WorldPlan {
  readonly electorate: Electorate
  readonly observers: number
  readonly troubles: readonly EnsembleTrouble[]
  /** What comes once all is healed. */
  readonly trial: Trial | undefined
  /** From one trouble to the next at most. */
  readonly troubleIntervalMs: number
  /** How long all this goes on until the world is healed; longer when the clients have got too little done by then. */
  readonly troubledMs: number
  /** Members die and start again, now and then. */
  readonly areMortal: boolean
  readonly settingsOf: SettingsOf
  /** From the end of a member's turn to the next at most, where there is more to do. */
  readonly turnMs: number
}

/** Answers that clients have got before a seed is over. */
export const OPERATIONS = 2000
/** Of the troubled time, by and large; the rest is elections. */
const SERVED_SHARE = 0.25

/** Members die of these. */
const MORTAL: ReadonlySet<EnsembleTrouble> = new Set(['outage', 'blackout', 'spoil disk'])

const EPOCH_STEPS: readonly StepTrigger['step'][] = ['create', 'write', 'sync', 'rename', 'syncDirectory']

export function drawEnsemblePlan(random: SeededRandom): EnsemblePlan {
  const electorate = drawElectorate(random)
  const isBig = random.chance(0.08)
  const clients = 2 + random.below(4)
  const depth = random.pick([2, 6, 20])
  const troubledMs = random.between(2000, 12_000)
  const areMortal = random.chance(0.85)
  return {
    electorate,
    observers: random.pick([0, 0, 1]),
    clients,
    depth,
    pauseMs: (troubledMs * SERVED_SHARE * clients * (1 + depth)) / OPERATIONS,
    sessionTimeoutMs: [600, 3000],
    dataBytes: isBig ? 15_000 : random.pick([0, 0, 300]),
    speed: {
      writeMs: 0.2,
      syncMs: random.pick([0.5, 3, 12]),
      slowSyncChance: random.pick([0, 0, 0.02]),
      slowSyncMs: random.pick([40, 800]),
      stallChance: random.pick([0, 0, 0.002]),
      // Beyond syncLimit, which is a second at the most.
      stallMs: random.pick([300, 3000]),
    },
    quality: {
      latencyMs: random.pick([0.3, 2, 10]),
      stallChance: random.pick([0, 0, 0.005]),
      stallMs: random.pick([20, 600]),
      splitChance: random.pick([0, 0.2]),
      windowBytes: random.pick([2000, 65_536]),
    },
    troubles: ENSEMBLE_TROUBLES.filter((kind) => random.chance(0.35) && (areMortal || !MORTAL.has(kind))),
    trial: random.chance(0.4) ? random.pick(TRIALS) : undefined,
    troubleIntervalMs: random.pick([200, 600, 1500]),
    troubledMs,
    areMortal,
    settingsOf: drawSettings(random, electorate),
    turnMs: random.pick([0, 0.2, 1]),
  }
}

/** One life of a member. Epoch files are written seldom, and matter more than anything else. */
export function drawMemberLife(random: SeededRandom): LifePlan {
  const drawn = drawLife(random, true)
  const life = { ...drawn, trigger: later(drawn.trigger, random), longestMs: random.chance(0.2) ? random.between(2, 300) : random.between(300, 8000) }
  if (!random.chance(0.25)) return life
  const trigger: StepTrigger = {
    kind: 'step',
    step: random.pick(EPOCH_STEPS),
    phase: random.pick(['before', 'after']),
    area: 'epoch',
    nth: 1 + random.below(5),
  }
  return { ...life, trigger, longestMs: 5000 }
}

/** Often after more steps than a server that stands alone has in its life: what a member missed meanwhile is much, then. */
function later(trigger: Trigger, random: SeededRandom): Trigger {
  const factor = random.pick([1, 5, 25])
  return 'nth' in trigger ? { ...trigger, nth: trigger.nth * factor } : trigger
}

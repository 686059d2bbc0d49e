/**
 * What a seed stands for when the servers are an ensemble: who belongs to it, how they are set, how fast and how faulty
 * the world is, for how long, and how each life of a member ends.
 */
import { defaultSettings } from '../server/config/settings.ts'
import type { Settings } from '../server/config/settings.ts'
import { ENSEMBLE_TROUBLES } from './ensemble-troubles.ts'
import type { EnsembleTrouble } from './ensemble-troubles.ts'
import { drawLife, PURGE_HOURS } from './plan.ts'
import type { LifePlan, StepTrigger, Trigger, WorldPlan } from './plan.ts'
import type { SeededRandom } from './seeded-random.ts'

export interface EnsemblePlan extends WorldPlan {
  readonly voters: number
  readonly observers: number
  readonly troubles: readonly EnsembleTrouble[]
  /** From one trouble to the next at most. */
  readonly troubleIntervalMs: number
  /** How long all this goes on until the world is healed; longer when the clients have got too little done by then. */
  readonly troubledMs: number
  /** Members die and start again, now and then. */
  readonly areMortal: boolean
  /** For one of them: its address and its data directory are the same on every machine. */
  settingsOf(serverId: number, servers: Settings['servers']): Settings
}

/** Answers that clients have got before a seed is over. */
export const OPERATIONS = 2000
/** Of the troubled time, by and large; the rest is elections. */
const SERVED_SHARE = 0.25

const EPOCH_STEPS: readonly StepTrigger['step'][] = ['create', 'write', 'sync', 'rename', 'syncDirectory']

export function drawEnsemblePlan(random: SeededRandom): EnsemblePlan {
  const shared = drawSettings(random)
  const isBig = random.chance(0.08)
  const clients = 2 + random.below(4)
  const depth = random.pick([2, 6, 20])
  const troubledMs = random.between(2000, 12_000)
  const areMortal = random.chance(0.85)
  return {
    voters: random.pick([3, 3, 3, 5]),
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
    },
    quality: {
      latencyMs: random.pick([0.3, 2, 10]),
      stallChance: random.pick([0, 0, 0.005]),
      stallMs: random.pick([20, 600]),
      splitChance: random.pick([0, 0.2]),
      windowBytes: random.pick([2000, 65_536]),
    },
    troubles: ENSEMBLE_TROUBLES.filter((kind) => random.chance(0.35) && (areMortal || kind !== 'outage')),
    troubleIntervalMs: random.pick([200, 600, 1500]),
    troubledMs,
    areMortal,
    settingsOf: (serverId, servers) => defaultSettings({ ...shared, ...drawOwnSettings(random), serverId, servers }),
  }
}

function drawSettings(random: SeededRandom): Partial<Settings> {
  return {
    distributed: true,
    dataDir: '/data',
    dataLogDir: random.chance(0.25) ? '/logs' : '/data',
    clientPort: 2181,
    maxClientCnxns: 0,
    tickTime: random.pick([50, 100, 200]),
    initLimit: random.pick([5, 10, 20]),
    syncLimit: random.pick([3, 5]),
    leaderServes: random.chance(0.9),
    preAllocSizeKb: random.pick([0, 4, 64]),
    txnLogSizeLimitKb: random.pick([-1, -1, 6, 80]),
    digestEnabled: random.chance(0.85),
    serializeLastProcessedZxidEnabled: random.chance(0.8),
    closeSessionTxnEnabled: random.chance(0.8),
    flushDelayMs: random.pick([0, 0, 0, 8]),
    maxBatchSize: random.pick([1000, 5]),
    maxNotificationIntervalMs: random.pick([500, 2000]),
    observerElectionDelayMs: 20,
  }
}

/** Those in which members may differ: one leader sends a log where another sends a snapshot. */
function drawOwnSettings(random: SeededRandom): Partial<Settings> {
  return {
    snapCount: random.pick([4, 12, 40, 150, 600]),
    autopurgePurgeIntervalHours: random.chance(0.5) ? PURGE_HOURS : 0,
    snapshotSizeFactor: random.pick([0.33, 0, 0, -1, 10]),
    forceSnapshotSync: random.chance(0.25),
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

/**
 * What a seed stands for when the servers are an ensemble: who belongs to it, how they are set, how fast and how faulty
 * the world is, for how long, and how each life of a member ends.
 */
import { defaultSettings } from '../server/config/settings.ts'
import type { Settings } from '../server/config/settings.ts'
import { ENSEMBLE_TROUBLES } from './ensemble-troubles.ts'
import type { EnsembleTrouble } from './ensemble-troubles.ts'
import { drawLife } from './plan.ts'
import type { LifePlan, StepTrigger } from './plan.ts'
import type { SeededRandom } from './seeded-random.ts'
import type { DiskSpeed } from './sim-disk.ts'
import type { WireQuality } from './sim-network.ts'

export interface EnsemblePlan {
  readonly voters: number
  readonly observers: number
  readonly clients: number
  /** Requests that a client sends before it waits for answers. */
  readonly depth: number
  /** The longest pause between two bursts of a client, ms. */
  readonly pauseMs: number
  readonly sessionTimeoutMs: readonly [shortest: number, longest: number]
  readonly dataBytes: number
  readonly speed: DiskSpeed
  readonly quality: WireQuality
  readonly troubles: readonly EnsembleTrouble[]
  /** From one trouble to the next at most. */
  readonly troubleIntervalMs: number
  /** How long all this goes on until the world is healed. */
  readonly troubledMs: number
  /** Members die and start again, now and then. */
  readonly areMortal: boolean
  /** For one of them: its address and its data directory are the same on every machine. */
  settingsOf(serverId: number, servers: Settings['servers']): Settings
}

const EPOCH_STEPS: readonly StepTrigger['step'][] = ['create', 'write', 'sync', 'rename', 'syncDirectory']

export function drawEnsemblePlan(random: SeededRandom): EnsemblePlan {
  const shared = drawSettings(random)
  const isBig = random.chance(0.08)
  return {
    voters: random.pick([3, 3, 3, 5]),
    observers: random.pick([0, 0, 1]),
    clients: 2 + random.below(4),
    depth: random.pick([1, 4, 10]),
    pauseMs: random.pick([30, 60, 150]),
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
    troubles: ENSEMBLE_TROUBLES.filter(() => random.chance(0.35)),
    troubleIntervalMs: random.pick([200, 600, 1500]),
    troubledMs: random.between(2000, 12_000),
    areMortal: random.chance(0.85),
    settingsOf: (serverId, servers) => defaultSettings({ ...shared, serverId, servers }),
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
    snapCount: random.pick([4, 12, 40, 150]),
    txnLogSizeLimitKb: random.pick([-1, -1, 6, 80]),
    digestEnabled: random.chance(0.85),
    serializeLastProcessedZxidEnabled: random.chance(0.8),
    closeSessionTxnEnabled: random.chance(0.8),
    snapshotSizeFactor: random.pick([0.33, 0.33, 0, -1, 10]),
    forceSnapshotSync: random.chance(0.15),
    flushDelayMs: random.pick([0, 0, 0, 8]),
    maxBatchSize: random.pick([1000, 5]),
    maxNotificationIntervalMs: random.pick([500, 2000]),
    observerElectionDelayMs: 20,
  }
}

/** One life of a member. Epoch files are written seldom, and matter more than anything else. */
export function drawMemberLife(random: SeededRandom): LifePlan {
  const life = { ...drawLife(random, true), longestMs: random.chance(0.2) ? random.between(2, 300) : random.between(300, 5000) }
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

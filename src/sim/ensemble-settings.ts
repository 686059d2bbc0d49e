/** How the members of an ensemble are set: what all have in common, and what each has for itself. */
import { defaultSettings } from '../server/config/settings.ts'
import type { Settings } from '../server/config/settings.ts'
import { defaultTurnLimits } from '../server/config/turn-limits.ts'
import type { Electorate } from './electorate.ts'
import { PURGE_HOURS } from './plan.ts'
import type { SeededRandom } from './seeded-random.ts'
import { drawTurnLimits } from './turn-plan.ts'

/** For one of the members: its address and its data directory are the same on every machine. */
export type SettingsOf = (serverId: number, servers: Settings['servers']) => Settings

export function drawSettings(random: SeededRandom, { groups, weights }: Electorate): SettingsOf {
  const shared = drawShared(random)
  const areTurnsSmall = random.chance(0.5)
  return (serverId, servers) => {
    const own = drawOwn(random)
    const turns = areTurnsSmall ? drawTurnLimits(random) : { ...defaultTurnLimits, committedTxns: own.commitLogCount! }
    return defaultSettings({ ...shared, ...own, turns, groups, weights, serverId, servers })
  }
}

function drawShared(random: SeededRandom): Partial<Settings> {
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
    readOnlyModeEnabled: random.chance(0.3),
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
function drawOwn(random: SeededRandom): Partial<Settings> {
  const isTight = random.chance(0.15)
  return {
    snapCount: random.pick([4, 12, 40, 150, 600]),
    autopurgePurgeIntervalHours: random.chance(0.5) ? PURGE_HOURS : 0,
    snapshotSizeFactor: random.pick([0.33, 0, 0, -1, 10]),
    forceSnapshotSync: random.chance(0.25),
    // Members may differ in it in an ensemble of several makes.
    reconfigEnabled: random.chance(0.25),
    commitLogCount: random.pick([500, 500, 100, 20, 5]),
    ...(isTight ? { learnerCloseBytes: random.pick([20_000, 60_000]), learnersCloseBytes: random.pick([30_000, 100_000]) } : {}),
  }
}

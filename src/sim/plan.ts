/**
 * What a seed stands for: the server's settings, how fast and how faulty the world around it is, how many clients there
 * are, and how each life of the server ends. Each kind of trouble is in some seeds and not in others, so that none
 * hides behind another.
 */
import { defaultSettings } from '../server/config/settings.ts'
import type { Settings } from '../server/config/settings.ts'
import type { SeededRandom } from './seeded-random.ts'
import type { DiskFault, DiskSpeed, StepKind } from './sim-disk.ts'
import type { Survival } from './sim-inode.ts'
import type { WireQuality } from './sim-socket.ts'
import { TROUBLES } from './troubles.ts'
import type { TroubleKind } from './troubles.ts'

/** 'epoch': the two files in which a member of an ensemble keeps its epochs. */
export type Area = 'log' | 'snapshot' | 'epoch'

/** At the nth step of the kind, on files of the area. */
export interface StepTrigger {
  readonly kind: 'step'
  readonly step: StepKind
  readonly phase: 'before' | 'after'
  readonly area: Area
  readonly nth: number
}

/** When a life ends. */
export type Trigger =
  | { readonly kind: 'time' }
  | StepTrigger
  /** Right after the server has sent something for the nth time. */
  | { readonly kind: 'sent'; readonly nth: number }
  /** The server is told to stop and does. */
  | { readonly kind: 'stop' }

/** A disk that fails at the nth step of the kind, on files of the area. */
export interface FaultPlan {
  readonly step: StepKind
  readonly area: Area
  readonly nth: number
  readonly fault: DiskFault
  /** It goes on failing until the server is started again. */
  readonly isLasting: boolean
}

export interface LifePlan {
  readonly trigger: Trigger
  readonly longestMs: number
  readonly crash: 'power' | 'process'
  readonly survival: Survival
  readonly fault: FaultPlan | undefined
  readonly downMs: number
}

/** Clients, disks and network, whatever servers there are. */
export interface WorldPlan {
  readonly clients: number
  /** Requests that a client sends before it waits for answers. */
  readonly depth: number
  /** The longest pause between two bursts of a client, ms. */
  readonly pauseMs: number
  readonly sessionTimeoutMs: readonly [shortest: number, longest: number]
  readonly dataBytes: number
  readonly speed: DiskSpeed
  readonly quality: WireQuality
}

/** Once nothing bad happens any more. */
export const HEALED: Pick<WorldPlan, 'speed' | 'quality'> = {
  speed: { writeMs: 0.2, syncMs: 1, slowSyncChance: 0, slowSyncMs: 0, stallChance: 0, stallMs: 0 },
  quality: { latencyMs: 0.5, stallChance: 0, stallMs: 0, splitChance: 0, windowBytes: 65_536 },
}

export interface Plan extends WorldPlan {
  readonly settings: Settings
  readonly lives: readonly LifePlan[]
  readonly troubles: readonly TroubleKind[]
}

const STEPS: readonly StepKind[] = ['create', 'write', 'sync', 'extend', 'rename', 'syncDirectory', 'remove']
/** Syncs above all: what a system does after one has failed is the least expected. */
const FAULTY_STEPS: readonly StepKind[] = ['create', 'write', 'sync', 'sync', 'sync', 'extend', 'rename', 'syncDirectory']
/** As short as it has a meaning here. */
export const PURGE_HOURS = 1.5 / 3600

export function drawPlan(random: SeededRandom): Plan {
  const forceSync = !random.chance(0.05)
  const isBig = random.chance(0.08)
  return {
    settings: drawSettings(random, forceSync),
    lives: drawLives(random, forceSync),
    clients: 2 + random.below(4),
    depth: random.pick([1, 4, 16]),
    pauseMs: random.pick([10, 30, 80]),
    sessionTimeoutMs: [400, 2500],
    dataBytes: isBig ? 25_000 : random.pick([0, 0, 300, 3000]),
    speed: {
      writeMs: 0.2,
      syncMs: random.pick([0.5, 3, 12]),
      slowSyncChance: random.pick([0, 0, 0.02]),
      slowSyncMs: random.pick([40, 800]),
      stallChance: random.pick([0, 0, 0.002]),
      stallMs: random.pick([100, 1500]),
    },
    quality: {
      latencyMs: random.pick([0.3, 2]),
      stallChance: random.pick([0, 0, 0.01]),
      stallMs: random.pick([20, 600]),
      splitChance: random.pick([0, 0.2]),
      windowBytes: random.pick([2000, 65_536]),
    },
    troubles: TROUBLES.filter(() => random.chance(0.3)),
  }
}

function drawSettings(random: SeededRandom, forceSync: boolean): Settings {
  const dataDir = '/data'
  return defaultSettings({
    dataDir,
    dataLogDir: random.chance(0.25) ? '/logs' : dataDir,
    clientPort: 2181,
    maxClientCnxns: 0,
    tickTime: random.pick([100, 200, 400]),
    preAllocSizeKb: random.pick([0, 4, 64]),
    snapCount: random.pick([4, 12, 40, 150]),
    snapSizeLimitKb: random.pick([0, 0, 96]),
    txnLogSizeLimitKb: random.pick([-1, -1, 6, 80]),
    snapshotCompression: random.pick(['', '', '', 'gz', 'snappy'] as const),
    digestEnabled: random.chance(0.8),
    serializeLastProcessedZxidEnabled: random.chance(0.8),
    closeSessionTxnEnabled: random.chance(0.8),
    autopurgePurgeIntervalHours: random.chance(0.4) ? PURGE_HOURS : 0,
    forceSync,
    flushDelayMs: random.pick([0, 0, 0, 8]),
    maxBatchSize: random.pick([1000, 5]),
    // Small enough that a client that reads slowly is paused, sometimes closed.
    outgoingPauseBytes: random.pick([4096, 1 << 20]),
  })
}

function drawLives(random: SeededRandom, forceSync: boolean): LifePlan[] {
  const lives: LifePlan[] = []
  for (let left = 2 + random.below(4); left > 0; left--) {
    const life = drawLife(random, forceSync)
    // What a process leaves in the system's memory is lost only by a loss of power that follows soon.
    const before = lives.at(-1)
    const isSecondBlow = forceSync && before?.crash === 'process' && random.chance(before.fault === undefined ? 0.4 : 0.8)
    lives.push(isSecondBlow ? { ...life, ...drawSecondBlow(random) } : life)
  }
  return lives
}

/** One life of a server. */
export function drawLife(random: SeededRandom, forceSync: boolean): LifePlan {
  const fault = random.chance(0.35) ? drawFault(random) : undefined
  // Without forceSync nothing is promised for a loss of power.
  const byPower = forceSync && random.chance(fault === undefined ? 0.7 : 0.2)
  // A log is cut back after a failure, and at no other time.
  const atCutBack: Trigger = { kind: 'step', step: 'truncate', phase: random.pick(['before', 'after']), area: 'log', nth: 1 }
  return {
    trigger: fault !== undefined && random.chance(0.15) ? atCutBack : drawTrigger(random),
    longestMs: random.chance(0.1) ? random.between(2, 100) : random.between(200, 2500),
    crash: byPower ? 'power' : 'process',
    survival: random.pick(['everything', 'nothing', 'some', 'some']),
    fault,
    downMs: random.chance(0.15) ? random.between(1000, 6000) : random.between(1, 200),
  }
}

function drawSecondBlow(random: SeededRandom): Partial<LifePlan> {
  const trigger: Trigger = random.chance(0.5) ? { kind: 'time' } : { kind: 'sent', nth: 1 + random.below(6) }
  return { trigger, longestMs: random.between(1, 60), crash: 'power', survival: random.pick(['nothing', 'some']), fault: undefined }
}

function drawTrigger(random: SeededRandom): Trigger {
  const kind = random.pick(['time', 'step', 'step', 'step', 'step', 'sent', 'stop'] as const)
  switch (kind) {
    case 'time':
    case 'stop':
      return { kind }
    case 'sent':
      return { kind, nth: drawNth(random) * 3 }
    case 'step':
      return { kind, step: random.pick(STEPS), phase: random.pick(['before', 'after']), area: random.pick(['log', 'snapshot']), nth: drawNth(random) }
  }
}

function drawFault(random: SeededRandom): FaultPlan {
  const step = random.pick(FAULTY_STEPS)
  const isOfLog = random.chance(step === 'sync' ? 0.8 : 0.5)
  const code = random.pick(['ENOSPC', 'EIO'] as const)
  const isShort = step === 'write' && random.chance(0.5)
  return {
    step,
    area: isOfLog ? 'log' : 'snapshot',
    nth: drawNth(random),
    fault: { code, isShort },
    isLasting: random.chance(0.5),
  }
}

/** Often the first few, so that starts and first files have their share. */
function drawNth(random: SeededRandom): number {
  return 1 + random.below(random.pick([2, 6, 40]))
}

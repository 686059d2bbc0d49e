/** How little a server of the simulation does at once, so that a small tree meets what a large one meets. */
import type { TurnLimits } from '../server/config/turn-limits.ts'
import type { SeededRandom } from './seeded-random.ts'

/** Each portion is drawn when it is asked for, so that slices are of all sizes and end anywhere. */
export function drawTurnLimits(random: SeededRandom): TurnLimits {
  const snapshotSizes = random.pick([[64], [64, 700, 5000], [20_000]])
  const streamSizes = random.pick([[100, 2000], [700, 5000], [20_000]])
  const snapshotPace = random.pick([20_000, 200_000, 32 << 20])
  const txns = random.pick([1, 3, 256])
  return {
    txns,
    expiries: random.pick([1, 2, 64]),
    sockets: random.pick([1, 2, 256]),
    bytes: random.pick([500, 2 << 20]),
    shareBytes: random.pick([100, 3000]),
    get snapshotBytes() {
      return 1 + random.below(random.pick(snapshotSizes))
    },
    snapshotPace,
    get streamBytes() {
      return 1 + random.below(random.pick(streamSizes))
    },
    committedTxns: 1,
  }
}

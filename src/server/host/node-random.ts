/** The system's randomness. */
import { randomBytes, randomInt } from 'node:crypto'
import type { Random } from './host.ts'

export const nodeRandom: Random = {
  below: (limit) => randomInt(limit),
  bytes: (count) => randomBytes(count),
}

/**
 * When a snapshot is due: after between half and all of the set number of txns or bytes of log, drawn anew each time so
 * that the servers of an ensemble do not all write at once (SyncRequestProcessor.shouldSnapshot).
 */

import type { Random } from '../host/host.ts'

export interface SnapshotScheduleOptions {
  /** zookeeper.snapCount, at least 2. */
  readonly snapCount: number
  /** zookeeper.snapSizeLimitInKb; 0 or less = off (Java dies of 0). */
  readonly snapSizeLimitKb: number
}

export class SnapshotSchedule {
  readonly #random: Random
  readonly #options: SnapshotScheduleOptions
  #txnLimit = 0
  #byteLimit = 0

  constructor(random: Random, options: SnapshotScheduleOptions) {
    this.#random = random
    this.#options = options
    this.#draw()
  }

  /**
   * To be asked after each logged txn, with the counts since the log was last rolled for a snapshot. True means: roll the
   * log, and write a snapshot unless one is being written.
   */
  isDue(txnsSinceRoll: number, bytesSinceRoll: number): boolean {
    const { snapSizeLimitKb } = this.#options
    if (txnsSinceRoll <= this.#txnLimit && (snapSizeLimitKb <= 0 || bytesSinceRoll <= this.#byteLimit)) return false
    this.#draw()
    return true
  }

  #draw(): void {
    const halfCount = Math.floor(Math.max(2, this.#options.snapCount) / 2)
    this.#txnLimit = halfCount + this.#random.below(halfCount)
    const halfKb = Math.floor(this.#options.snapSizeLimitKb / 2)
    if (halfKb > 0) this.#byteLimit = (halfKb + this.#random.below(halfKb)) * 1024
  }
}

/**
 * When the log's txns are made durable: at the end of the turn that brought them. `flushDelay` makes a batch wait for more,
 * until nothing has come for `maxWriteQueuePollTime`, the last commit is so long ago, or the batch is `maxBatchSize` long
 * (SyncRequestProcessor.shouldFlush).
 */

import type { Clock, Timer } from '../host/host.ts'

export interface CommitScheduleOptions {
  readonly flushDelayMs: number
  readonly maxWriteQueuePollTimeMs: number
  /** 0 or less = any number. */
  readonly maxBatchSize: number
}

export class CommitSchedule {
  readonly #clock: Clock
  readonly #options: CommitScheduleOptions
  readonly #commit: () => void
  /** Txns since the last commit. */
  #waiting = 0
  #committedAt = -Infinity
  #isTurnEndAwaited = false
  #isStopped = false
  #pause: Timer | undefined

  constructor(clock: Clock, options: CommitScheduleOptions, commit: () => void) {
    this.#clock = clock
    this.#options = options
    this.#commit = commit
  }

  /** To be told of each txn. */
  onAppended(): void {
    this.#waiting++
    if (this.#isTurnEndAwaited) return
    this.#isTurnEndAwaited = true
    this.#clock.endOfTurn(() => this.#onTurnEnd())
  }

  stop(): void {
    this.#isStopped = true
    this.#pause?.cancel()
  }

  #onTurnEnd(): void {
    this.#isTurnEndAwaited = false
    if (this.#isStopped) return
    this.#pause?.cancel()
    const waitMs = this.#waitMs()
    if (waitMs > 0) this.#pause = this.#clock.after(waitMs, () => this.#begin())
    else this.#begin()
  }

  /** How long the batch may still wait if nothing more comes. */
  #waitMs(): number {
    const { flushDelayMs, maxWriteQueuePollTimeMs, maxBatchSize } = this.#options
    if (flushDelayMs <= 0 || (maxBatchSize > 0 && this.#waiting >= maxBatchSize)) return 0
    return Math.min(maxWriteQueuePollTimeMs, this.#committedAt + flushDelayMs - this.#clock.now())
  }

  #begin(): void {
    // Timers come first in a turn: the end of a pause may have taken along what another timer brought.
    if (this.#isStopped || this.#waiting === 0) return
    this.#waiting = 0
    this.#committedAt = this.#clock.now()
    this.#commit()
  }
}

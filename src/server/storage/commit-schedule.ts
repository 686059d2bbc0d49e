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
  readonly #isQuiet: () => boolean
  readonly #commit: (isAlone: boolean) => void
  /** Txns since the last commit. */
  #waiting = 0
  #committedAt = -Infinity
  #isTurnEndAwaited = false
  #isStopped = false
  #pause: Timer | undefined

  /** @param isQuiet Nobody has asked for anything but the last txn since the last commit. */
  constructor(clock: Clock, options: CommitScheduleOptions, isQuiet: () => boolean, commit: (isAlone: boolean) => void) {
    this.#clock = clock
    this.#options = options
    this.#isQuiet = isQuiet
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
    // A commit of one alone may hold up everything: what this turn has to say leaves first.
    else if (this.#isAlone) this.#clock.endOfTurn(() => this.#begin())
    else this.#begin()
  }

  get #isAlone(): boolean {
    return this.#waiting === 1 && this.#isQuiet()
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
    const isAlone = this.#isAlone
    this.#waiting = 0
    this.#committedAt = this.#clock.now()
    this.#commit(isAlone)
  }
}

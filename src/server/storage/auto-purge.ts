/** Purges at start and then every so many hours (DatadirCleanupManager). Off unless `autopurge.purgeInterval` is set. */
import { run } from '../host/disk-work.ts'
import type { Host, Timer } from '../host/host.ts'
import type { DataDirs } from './data-dirs.ts'
import { purge, removalLine } from './purge.ts'

const HOUR_MS = 3_600_000

export interface AutoPurgeOptions {
  /** autopurge.snapRetainCount, at least 3. */
  readonly autopurgeSnapRetainCount: number
  /** autopurge.purgeInterval; 0 or less = off. */
  readonly autopurgePurgeIntervalHours: number
}

type State =
  | { readonly kind: 'off' }
  | { readonly kind: 'waiting' }
  | { readonly kind: 'purging' }
  /** What is under way is given up; who waits for its end. */
  | { readonly kind: 'giving up'; readonly then: () => void }
  /** `isOwed`: one was given up, or its time has come meanwhile. */
  | { readonly kind: 'paused'; readonly isOwed: boolean }

export class AutoPurge {
  readonly #host: Pick<Host, 'disk' | 'clock' | 'log'>
  readonly #options: AutoPurgeOptions
  readonly #dirs: DataDirs
  #state: State = { kind: 'off' }
  #timer: Timer | undefined

  constructor(host: Pick<Host, 'disk' | 'clock' | 'log'>, options: AutoPurgeOptions, dirs: DataDirs) {
    this.#host = host
    this.#options = options
    this.#dirs = dirs
  }

  start(): void {
    if (this.#options.autopurgePurgeIntervalHours > 0) this.#begin()
  }

  /** Calls back once no file is touched any more. */
  stop(done: () => void): void {
    this.#timer?.cancel()
    this.#leave({ kind: 'off' }, done)
  }

  /** As `stop`, until `resume`: others are about to remove files, and what is old must be decided anew behind them. */
  pause(done: () => void): void {
    if (this.#state.kind === 'off') this.#host.clock.endOfTurn(done)
    else this.#leave({ kind: 'paused', isOwed: this.#isOwed }, done)
  }

  resume(): void {
    if (this.#state.kind !== 'paused') return
    if (this.#state.isOwed) this.#begin()
    else this.#state = { kind: 'waiting' }
  }

  /** Nothing but the end of a purge sets the timer for the next one. */
  get #isOwed(): boolean {
    const state = this.#state
    return state.kind === 'purging' || state.kind === 'giving up' || (state.kind === 'paused' && state.isOwed)
  }

  #leave(next: State, done: () => void): void {
    const before = this.#state
    const then = (): void => {
      this.#state = next
      done()
    }
    if (before.kind === 'purging') {
      this.#state = { kind: 'giving up', then }
    } else if (before.kind === 'giving up') {
      this.#state = { kind: 'giving up', then: () => (before.then(), then()) }
    } else {
      this.#state = next
      this.#host.clock.endOfTurn(done)
    }
  }

  #begin(): void {
    const { disk, log } = this.#host
    this.#state = { kind: 'purging' }
    log.info('Purge task started.')
    const work = purge(disk.aside, this.#dirs, this.#options.autopurgeSnapRetainCount, {
      onRemoving: (path, modifiedAt) => log.info(removalLine(path, modifiedAt)),
      onFailed: (path, error) => log.error(error, `Failed to remove ${path}`),
      isGivenUp: () => this.#state.kind === 'giving up',
    })
    run(work, (error) => this.#onEnd(error))
  }

  #onEnd(error: Error | undefined): void {
    const { clock, log } = this.#host
    if (error !== undefined) log.error(error, 'Error occurred while purging.')
    if (this.#state.kind === 'giving up') return this.#state.then()
    log.info('Purge task completed.')
    this.#state = { kind: 'waiting' }
    this.#timer = clock.after(this.#options.autopurgePurgeIntervalHours * HOUR_MS, () => this.#onDue())
  }

  #onDue(): void {
    if (this.#state.kind === 'waiting') this.#begin()
    else if (this.#state.kind === 'paused') this.#state = { kind: 'paused', isOwed: true }
  }
}

/** Purges at start and then every so many hours (DatadirCleanupManager). Off unless `autopurge.purgeInterval` is set. */
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

export class AutoPurge {
  readonly #host: Pick<Host, 'disk' | 'clock' | 'log'>
  readonly #options: AutoPurgeOptions
  readonly #dirs: DataDirs
  #timer: Timer | undefined

  constructor(host: Pick<Host, 'disk' | 'clock' | 'log'>, options: AutoPurgeOptions, dirs: DataDirs) {
    this.#host = host
    this.#options = options
    this.#dirs = dirs
  }

  start(): void {
    if (this.#options.autopurgePurgeIntervalHours > 0) this.#run()
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #run(): void {
    const { disk, clock, log } = this.#host
    log.info('Purge task started.')
    try {
      purge(disk, this.#dirs, this.#options.autopurgeSnapRetainCount, {
        onRemoving: (path, modifiedAt) => log.info(removalLine(path, modifiedAt)),
        onFailed: (path, error) => log.error(error, `Failed to remove ${path}`),
      })
    } catch (error) {
      log.error(error, 'Error occurred while purging.')
    }
    log.info('Purge task completed.')
    this.#timer = clock.after(this.#options.autopurgePurgeIntervalHours * HOUR_MS, () => this.#run())
  }
}

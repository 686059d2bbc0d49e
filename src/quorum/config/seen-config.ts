/**
 * The newest configuration that this server has heard of, kept where its history is (`configuration.seen` below version-2): what a restart must
 * find again, and what it must not forget when it ends because the members have changed. Java keeps such a file beside zoo.cfg.
 */
import { ConfigRefused } from '../../server/config/config-refused.ts'
import { readWhole, replaceWhole, run, wait } from '../../server/host/disk-work.ts'
import type { DiskWork } from '../../server/host/disk-work.ts'
import type { DiskDone, Host } from '../../server/host/host.ts'
import { parseQuorumConfig } from './quorum-config.ts'
import type { QuorumConfig } from './quorum-config.ts'

const NAME = 'configuration.seen'
/** The first line, a comment to whoever reads the rest. */
const IN_FORCE = '# in force\n'
const NOT_IN_FORCE = '# not in force here\n'

export interface Seen {
  readonly config: QuorumConfig
  /** It was adopted, or this server goes by it without a vote; else a leader had it, or was about to, and this server ended over it. */
  readonly isInForce: boolean
}

export class SeenConfig {
  readonly path: string
  readonly #host: Pick<Host, 'disk' | 'clock' | 'log'>
  #isWriting = false
  /** What is to be written next. */
  #next: { readonly seen: Seen; readonly done: DiskDone } | undefined
  readonly #idle: (() => void)[] = []

  /** `directory`: `version-2` below dataDir. */
  constructor(host: Pick<Host, 'disk' | 'clock' | 'log'>, directory: string) {
    this.#host = host
    this.path = `${directory}/${NAME}`
  }

  /** Undefined where there is none that can be read. */
  *read(): DiskWork<Seen | undefined> {
    const { disk, log } = this.#host
    if ((yield* wait.stat(disk, this.path)) === undefined) return undefined
    const text = Buffer.from(yield* readWhole(disk, this.path)).toString('utf8')
    try {
      return { config: parseQuorumConfig(text), isInForce: text.startsWith(IN_FORCE) }
    } catch (error) {
      if (!(error instanceof ConfigRefused)) throw error
      log.warn(`${this.path} holds no configuration and is left out: ${error.message}`)
      return undefined
    }
  }

  /** Durable before `done`. Only the newest of those that wait is written; the others are done with it. */
  write(seen: Seen, done: DiskDone): void {
    const waiting = this.#next?.done
    this.#next = {
      seen,
      done: (error) => {
        waiting?.(error)
        done(error)
      },
    }
    if (!this.#isWriting) this.#writeNext()
  }

  /** Calls back, later, once nothing is being written. */
  whenIdle(done: () => void): void {
    if (this.#isWriting) this.#idle.push(done)
    else this.#host.clock.endOfTurn(done)
  }

  #writeNext(): void {
    const next = this.#next
    this.#next = undefined
    this.#isWriting = next !== undefined
    if (next === undefined) {
      for (const idle of this.#idle.splice(0)) idle()
      return
    }
    run(replaceWhole(this.#host.disk, this.path, bytesOf(next.seen)), (error) => {
      next.done(error)
      this.#writeNext()
    })
  }
}

function bytesOf({ config, isInForce }: Seen): Uint8Array {
  return Buffer.from((isInForce ? IN_FORCE : NOT_IN_FORCE) + config.text, 'utf8')
}

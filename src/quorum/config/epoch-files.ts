/**
 * The two numbers that a server must never forget: the newest epoch it has accepted and the epoch whose history it holds
 * (acceptedEpoch and currentEpoch below version-2, decimal digits).
 */
import { epochOf } from '../../protocol/zxid.ts'
import { readWhole, replaceWhole, run, wait } from '../../server/host/disk-work.ts'
import type { DiskWork } from '../../server/host/disk-work.ts'
import type { DiskDone, Host } from '../../server/host/host.ts'
import { ExitCode, StartupRefused } from '../../server/storage/storage-errors.ts'

export type EpochName = 'acceptedEpoch' | 'currentEpoch'

export class EpochFiles {
  readonly #host: Pick<Host, 'disk' | 'clock' | 'log'>
  readonly #directory: string
  #accepted = 0n
  #current = 0n
  /** The first is under way; each is begun when the one before has ended. */
  readonly #writes: (() => void)[] = []
  readonly #idle: (() => void)[] = []
  #hasFailed = false

  /** `directory`: `version-2` below dataDir. */
  constructor(host: Pick<Host, 'disk' | 'clock' | 'log'>, directory: string) {
    this.#host = host
    this.#directory = directory
  }

  get accepted(): bigint {
    return this.#accepted
  }

  get current(): bigint {
    return this.#current
  }

  /**
   * Reads both; what is missing is made from the epoch of the last zxid. Throws StartupRefused where they cannot be true.
   * A history newer than currentEpoch is none of those: its server died between storing a leader's history and saying so,
   * and votes with the older epoch, which claims less than it has (a Java server does not start).
   */
  *load(lastZxid: bigint): DiskWork<void> {
    const epoch = lastZxid < 0n ? 0n : epochOf(lastZxid)
    const { log } = this.#host
    const current = yield* this.#read('currentEpoch')
    const accepted = yield* this.#read('acceptedEpoch')
    this.#current = current ?? this.#make('currentEpoch', epoch)
    if (epoch > this.#current) {
      log.warn(`The history is of epoch ${epoch}, currentEpoch says ${this.#current}: this server stopped while it was syncing`)
    }
    this.#accepted = accepted ?? this.#make('acceptedEpoch', epoch > this.#current ? epoch : this.#current)
    if (this.#accepted < this.#current) {
      throw new StartupRefused(
        `The accepted epoch, ${this.#accepted.toString(16)} is less than the current epoch, ${this.#current.toString(16)}`,
        ExitCode.UNEXPECTED_ERROR,
      )
    }
  }

  /** Durable before `done`. */
  setAccepted(epoch: bigint, done: DiskDone): void {
    this.#write('acceptedEpoch', epoch, (error) => {
      if (error === undefined) this.#accepted = epoch
      done(error)
    })
  }

  /** Durable before `done`. */
  setCurrent(epoch: bigint, done: DiskDone): void {
    this.#write('currentEpoch', epoch, (error) => {
      if (error === undefined) this.#current = epoch
      done(error)
    })
  }

  /** The last write has failed, and so may the next. */
  get hasFailed(): boolean {
    return this.#hasFailed
  }

  /** Stores what is stored already. */
  probe(done: DiskDone): void {
    this.#write('acceptedEpoch', this.#accepted, done)
  }

  /** Calls back, later, once nothing is being written. */
  whenIdle(done: () => void): void {
    if (this.#writes.length === 0) this.#host.clock.endOfTurn(done)
    else this.#idle.push(done)
  }

  *#read(name: EpochName): DiskWork<bigint | undefined> {
    const { disk } = this.#host
    const path = `${this.#directory}/${name}`
    if ((yield* wait.stat(disk, path)) === undefined) return undefined
    const text = Buffer.from(yield* readWhole(disk, path))
      .toString('latin1')
      .split(/\r\n|\r|\n/, 1)[0]
    if (!/^[+-]?\d{1,18}$/.test(text)) throw new StartupRefused(`Found ${text} in ${path}`, ExitCode.UNEXPECTED_ERROR)
    return BigInt(text)
  }

  /** Not synced: it says no more than the log does, and is made again if it is lost. */
  #make(name: EpochName, epoch: bigint): bigint {
    const { log } = this.#host
    log.info(`${name} not found! Creating with a reasonable default of ${epoch}. This should only happen when you are upgrading your installation`)
    this.#write(name, epoch, (error) => {
      if (error !== undefined) log.warn(error, `${name} is not written`)
    })
    return epoch
  }

  /** A role may end while its file is written, and the next have one of its own to write. */
  #write(name: EpochName, epoch: bigint, done: DiskDone): void {
    const ended: DiskDone = (error) => {
      this.#hasFailed = error !== undefined
      this.#writes.shift()
      this.#writes[0]?.()
      done(error)
      if (this.#writes.length === 0) for (const idle of this.#idle.splice(0)) idle()
    }
    this.#writes.push(() => run(replaceWhole(this.#host.disk, `${this.#directory}/${name}`, Buffer.from(epoch.toString(), 'latin1')), ended))
    if (this.#writes.length === 1) this.#writes[0]()
  }
}

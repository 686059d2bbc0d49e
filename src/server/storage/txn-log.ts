/**
 * The log being written: collects txns, makes them durable in batches, starts new files. Answers to FileTxnLog and to
 * the commit part of SyncRequestProcessor.
 */

import { assert } from '../../base/assert.ts'
import type { Host } from '../host/host.ts'
import { EntryBatch, FULL_BATCH_BYTES, LogFile, type LogFileOptions } from './log-file.ts'

export interface TxnLogOptions extends LogFileOptions {
  /** `version-2` below dataLogDir. */
  readonly directory: string
  /** zookeeper.preAllocSize in bytes; 0 = no padding. */
  readonly preAllocSizeBytes: number
  /** zookeeper.forceSync; without it what is written counts as durable. */
  readonly forceSync: boolean
  /** A new file is begun once one is longer than this, padding included; 0 or less = never. */
  readonly txnLogSizeLimitBytes: number
  /** A commit that takes longer is warned of. */
  readonly fsyncWarningThresholdMs: number
}

/** What a process that is to end waits for its disk. */
const CUT_BACK_MS = 1000

type State = 'open' | 'closed' | 'failed'

export class TxnLog {
  /** A write or sync has failed. The log writes nothing from here on and calls nobody back: the process should end. */
  onFailure: (error: Error) => void = () => undefined
  /** With the time that a write and sync took; `slow` when that was above the threshold. */
  onSync: (elapsedMs: number, slow: boolean) => void = () => undefined

  readonly #host: Pick<Host, 'disk' | 'clock' | 'log'>
  readonly #options: TxnLogOptions
  #state: State = 'open'

  /** Appended and not yet on the way to the disk; more than one batch when a roll lies between, or one was full. */
  #collecting: EntryBatch[] = []
  /** Callbacks of `commit` for what is collected. */
  #committing: (() => void)[] = []
  readonly #waiting: { readonly zxid: bigint; readonly done: () => void }[] = []
  /** Callbacks of `close`. */
  readonly #closing: (() => void)[] = []
  /** What has become of the last file once nothing more is written. */
  #end: 'not begun' | 'under way' | 'over' = 'not begun'
  readonly #idleBatches: EntryBatch[] = []
  #writing = false

  /** Where the next txn goes; undefined when it begins a new file. */
  #current: LogFile | undefined
  /** The last one written to. */
  #open: LogFile | undefined
  /** Length of the files finished since the last `roll`. */
  #finishedBytes = 0
  #txns = 0
  #lastAppended = -1n
  #lastDurable = -1n

  constructor(host: Pick<Host, 'disk' | 'clock' | 'log'>, options: TxnLogOptions) {
    this.#host = host
    this.#options = options
  }

  /** Whether a commit is under way: what is appended meanwhile goes into the next. */
  get busy(): boolean {
    return this.#writing
  }

  /** The highest zxid made durable by this log, -1 before the first. */
  get lastDurableZxid(): bigint {
    return this.#lastDurable
  }

  /** Txns appended since the start or the last `roll`. */
  get txnsSinceRoll(): number {
    return this.#txns
  }

  /** Bytes on disk, padding included, written to since the start or the last `roll`. */
  get bytesSinceRoll(): number {
    return this.#finishedBytes + (this.#current?.size ?? 0)
  }

  /** Takes a txn: header, record and digest as they shall stand in the log. The bytes are copied. */
  append(zxid: bigint, payload: Uint8Array): void {
    assert(this.#state !== 'closed', 'nothing is appended to a closed log')
    if (this.#state === 'failed') return
    if (zxid <= this.#lastAppended) this.#host.log.warn(`Current zxid ${zxid} is <= ${this.#lastAppended}`)
    else this.#lastAppended = zxid
    this.#batchFor().add(zxid, payload)
    this.#txns++
  }

  /**
   * Makes durable what was appended, then calls back. One write is under way at a time: a call that finds one is served
   * together with all that have come when it ends. Calls are answered in order, never from inside this one.
   */
  commit(onDurable: () => void): void {
    assert(this.#state !== 'closed', 'nothing is committed to a closed log')
    if (this.#state === 'failed') return
    this.#committing.push(onDurable)
    if (!this.#writing) this.#flush()
  }

  /** Calls back once all that was appended up to the zxid is durable; at the end of the turn when it is already. */
  whenDurable(zxid: bigint, done: () => void): void {
    if (this.isDurable(zxid)) this.#host.clock.endOfTurn(done)
    else this.#waiting.push({ zxid, done })
  }

  /** The next txn begins a new file, and the counts start again: a snapshot is about to be taken. */
  roll(): void {
    this.#current = undefined
    this.#finishedBytes = 0
    this.#txns = 0
  }

  /** Commits what was appended, unless that fails or has failed, and lets go of the file. Calls back once no call of the disk is under way. */
  close(done: () => void): void {
    if (this.#end === 'over') return this.#host.clock.endOfTurn(done)
    this.#closing.push(done)
    if (this.#state === 'failed') return
    this.commit(() => this.#rest())
    this.#state = 'closed'
  }

  /** Writes nothing more and calls back none of those who wait for a txn: the process is about to end for another reason. */
  abandon(): void {
    if (this.#state === 'failed') return
    this.#state = 'failed'
    this.#collecting = []
    this.#committing = []
    this.#waiting.length = 0
    if (!this.#writing) this.#rest()
  }

  #batchFor(): EntryBatch {
    const last = this.#collecting.at(-1)
    if (last !== undefined && last.target === this.#current && last.sizeBytes < FULL_BATCH_BYTES) return last
    const startsFile = this.#current === undefined
    this.#current ??= new LogFile(this.#host.disk, this.#options)
    const batch = this.#idleBatches.pop()
    if (batch === undefined) return this.#collect(new EntryBatch(this.#current, startsFile))
    batch.begin(this.#current, startsFile)
    return this.#collect(batch)
  }

  #collect(batch: EntryBatch): EntryBatch {
    this.#collecting.push(batch)
    return batch
  }

  #flush(): void {
    const batches = this.#collecting
    const callbacks = this.#committing
    this.#collecting = []
    this.#committing = []
    this.#writing = true
    if (batches.length === 0) this.#host.clock.endOfTurn(() => this.#flushed(batches, callbacks))
    else this.#writeBatches(batches, 0, () => this.#flushed(batches, callbacks))
  }

  #writeBatches(batches: EntryBatch[], index: number, done: () => void): void {
    const batch = batches[index]
    if (batch === undefined) return done()
    const write = (): void => this.#writeBatch(batch, () => this.#writeBatches(batches, index + 1, done))
    const before = this.#open
    this.#open = batch.target
    // Everything in the one before was made durable by earlier commits.
    if (before === undefined || before === batch.target) write()
    else before.close(write)
  }

  #writeBatch(batch: EntryBatch, done: () => void): void {
    if (this.#state === 'failed') return this.#rest()
    const startedAt = this.#host.clock.now()
    batch.target.write(batch, (error) => {
      if (error !== undefined) return this.#fail(error)
      if (this.#state === 'failed') return this.#rest()
      this.#measure(this.#host.clock.now() - startedAt, batch.target.size)
      this.#rollWhenLong(batch.target)
      done()
    })
  }

  #flushed(batches: EntryBatch[], callbacks: (() => void)[]): void {
    if (this.#state === 'failed') return this.#rest()
    this.#writing = false
    for (const batch of batches) {
      if (batch.lastZxid > this.#lastDurable) this.#lastDurable = batch.lastZxid
      this.#idleBatches.push(batch)
    }
    // First what the disk can do meanwhile: applying and answering a batch takes as long as a sync.
    if (this.#committing.length > 0) this.#flush()
    for (const callback of callbacks) callback()
    this.#answerWaiting()
  }

  /** A zxid that the log never got, as one recovered from a snapshot, is not waited for once nothing is on its way. */
  isDurable(zxid: bigint): boolean {
    return zxid <= this.#lastDurable || (this.#collecting.length === 0 && !this.#writing)
  }

  #answerWaiting(): void {
    for (let index = 0; index < this.#waiting.length;) {
      if (this.isDurable(this.#waiting[index].zxid)) this.#waiting.splice(index, 1)[0].done()
      else index++
    }
  }

  #rollWhenLong(file: LogFile): void {
    const limit = this.#options.txnLogSizeLimitBytes
    if (limit <= 0 || file !== this.#current || file.size <= limit) return
    this.#finishedBytes += file.size
    this.#current = undefined
  }

  #measure(elapsedMs: number, fileSize: number): void {
    if (!this.#options.forceSync) return
    const slow = elapsedMs > this.#options.fsyncWarningThresholdMs
    if (slow) {
      // The words that operators' log filters look for, the missing blank included.
      this.#host.log.warn(
        `fsync-ing the write ahead log in SyncThread took ${Math.floor(elapsedMs)}ms which will adversely effect operation ` +
          `latency.File size is ${fileSize} bytes. See the ZooKeeper troubleshooting guide`,
      )
    }
    this.onSync(elapsedMs, slow)
  }

  #fail(error: Error): void {
    const tell = this.#state === 'failed' ? () => undefined : () => this.onFailure(error)
    this.abandon()
    this.#cutBack(tell)
  }

  /**
   * After a failed sync the system shows what it has not written and never will, and the next sync finds nothing wrong.
   * Nobody was told of those txns: a restart that does not see them cannot serve what is not there. A disk that hangs must
   * not keep the process from ending: the next start writes the end of the log once more.
   */
  #cutBack(tell: () => void): void {
    let isTold = false
    const tellOnce = (): void => {
      timer.cancel()
      if (!isTold) this.#host.clock.endOfTurn(tell)
      isTold = true
    }
    const timer = this.#host.clock.after(CUT_BACK_MS, tellOnce)
    this.#open!.cutBack((error) => {
      if (error !== undefined) this.#host.log.warn(error, 'cannot cut the log back to what is durable')
      tellOnce()
      this.#host.clock.endOfTurn(() => this.#rest())
    })
  }

  /** Lets go of the file: no call of the disk is under way, and no other will be. */
  #rest(): void {
    if (this.#end !== 'not begun') return
    this.#end = 'under way'
    const open = this.#open
    const rested = (): void => {
      this.#end = 'over'
      for (const done of this.#closing.splice(0)) done()
    }
    if (open === undefined) this.#host.clock.endOfTurn(rested)
    else open.close(rested)
  }
}

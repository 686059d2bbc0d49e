/** Committed txns on their way to a learner: those of the log on disk, where it lacks more than memory holds, then those in memory. */
import { hex } from '../../base/hex.ts'
import { QuorumPacket } from '../../jute/generated/quorum.ts'
import { JuteReader } from '../../jute/reader.ts'
import { JuteWriter } from '../../jute/writer.ts'
import { counterOf, follows } from '../../protocol/zxid.ts'
import { run } from '../../server/host/disk-work.ts'
import type { DiskWork } from '../../server/host/disk-work.ts'
import type { Clock } from '../../server/host/host.ts'
import { CorruptStorage } from '../../server/storage/storage-errors.ts'
import type { TxnLogReader } from '../../server/storage/txn-log-reader.ts'
import { decodeTxn, withoutDigest } from '../../server/txn/txn-codec.ts'
import type { CommittedTxn } from '../zab/committed-log.ts'
import { PacketType } from '../zab/packets.ts'
import type { ByteSource, LogSpan, Telling } from '../zab/packets.ts'

/** At once, if they are there soon. */
const FETCHED_BYTES = 256 * 1024
/** A log of many small files, or a slow disk, gives less: what is there goes out, for a learner that hears nothing goes away. */
const LONGEST_FETCH_MS = 50

export interface LoggedTxnsOptions extends LogSpan {
  readonly clock: Pick<Clock, 'now'>
  /**
   * From this zxid on the log is known to hold the whole history. Before it, a snapshot that a leader sent may stand in
   * the place of txns, and where the epoch changes there the log itself does not show what is missing.
   */
  readonly wholeFrom: bigint
  /** What comes next is not in the log, though `next` is: who has nothing newer than that cannot be helped from here. */
  onGap(next: bigint): void
}

/** Nothing goes out behind a hole: the learner would never learn of it. */
export class LoggedTxns implements ByteSource {
  readonly kind = 'packets'
  readonly #reader: TxnLogReader
  readonly #options: LoggedTxnsOptions
  /** Fetched, and not handed on. */
  readonly #fetched = new JuteWriter()
  #last: bigint
  #isDone = false
  #isFetching = false
  #isClosed = false

  /** `reader`: of the txns above `after`. */
  constructor(reader: TxnLogReader, options: LoggedTxnsOptions) {
    this.#reader = reader
    this.#options = options
    this.#last = options.after
  }

  fetch(done: (error: Error | undefined) => void): void {
    this.#isFetching = true
    run(this.#fetch(), (error) => {
      this.#isFetching = false
      if (this.#isClosed) this.#closeReader()
      done(error)
    })
  }

  fill(w: JuteWriter): boolean {
    w.raw(this.#fetched.copy())
    this.#fetched.reset()
    return this.#isDone
  }

  close(): void {
    this.#isClosed = true
    if (!this.#isFetching) this.#closeReader()
  }

  #closeReader(): void {
    run(this.#reader.close(), () => {})
  }

  *#fetch(): DiskWork<void> {
    const { clock } = this.#options
    const begunAt = clock.now()
    while (!this.#isDone && !this.#isClosed && this.#fetched.position < FETCHED_BYTES) {
      this.#isDone = yield* this.#fetchNext()
      if (this.#fetched.position > 0 && clock.now() - begunAt >= LONGEST_FETCH_MS) return
    }
  }

  *#fetchNext(): DiskWork<boolean> {
    const { until, last } = this.#options
    // Behind the last one stands what is not committed, or is just being written.
    if (this.#last === last) return true
    if (!(yield* this.#reader.next())) return this.#end()
    const { zxid, payload } = this.#reader
    if (zxid > last || (until !== undefined && zxid >= until)) return this.#end()
    this.#stepTo(zxid)
    tell(this.#fetched, zxid, payload, this.#options)
    return false
  }

  #end(): true {
    const { until, last } = this.#options
    if (until !== undefined) this.#stepTo(until)
    // A leader without a txn of its own stands at the zxid of its epoch.
    else if (counterOf(last) !== 0n || !this.#isWhole()) this.#refuse(last)
    return true
  }

  #stepTo(zxid: bigint): void {
    if (zxid !== this.#last + 1n && !(follows(this.#last, zxid) && this.#isWhole())) this.#refuse(zxid)
    this.#last = zxid
  }

  #isWhole(): boolean {
    return this.#last >= this.#options.wholeFrom
  }

  #refuse(next: bigint): never {
    this.#options.onGap(next)
    throw new CorruptStorage(`the log does not show what comes after 0x${hex(this.#last)}`)
  }
}

/** Txns in memory: nothing of them is copied before the peer takes it. `first` goes before them. */
export class CommittedTxns implements ByteSource {
  readonly kind = 'packets'
  readonly #txns: readonly CommittedTxn[]
  readonly #telling: Telling
  #first: ByteSource | undefined
  #next = 0

  constructor(txns: readonly CommittedTxn[], telling: Telling, first?: ByteSource) {
    this.#txns = txns
    this.#telling = telling
    this.#first = first
  }

  fetch(done: (error: Error | undefined) => void): void {
    if (this.#first?.fetch === undefined) done(undefined)
    else this.#first.fetch(done)
  }

  fill(w: JuteWriter, limit: number): boolean {
    if (this.#first !== undefined) {
      if (!this.#first.fill(w, limit)) return false
      this.#closeFirst()
    }
    while (w.position < limit) {
      const txn = this.#txns[this.#next]
      if (txn === undefined) return true
      this.#next++
      tell(w, txn.zxid, txn.payload, this.#telling)
    }
    return false
  }

  close(): void {
    this.#closeFirst()
  }

  #closeFirst(): void {
    this.#first?.close()
    this.#first = undefined
  }
}

const reader = new JuteReader()

function tell(w: JuteWriter, zxid: bigint, payload: Uint8Array, { as, digestsFrom }: Telling): void {
  const data = zxid < digestsFrom ? withoutDigest(decodeTxn(payload, reader)).payload : payload
  if (as === 'informs') return QuorumPacket.write(w, { type: PacketType.INFORM, zxid, data, authinfo: null })
  QuorumPacket.write(w, { type: PacketType.PROPOSAL, zxid, data, authinfo: null })
  QuorumPacket.write(w, { type: PacketType.COMMIT, zxid, data: null, authinfo: null })
}

/**
 * The latest committed txns, kept in memory so that a learner that was away for a moment gets only what it missed
 * (ZKDatabase.committedLog).
 */

export interface CommittedTxn {
  readonly zxid: bigint
  /** Header, record and digest, as logged and proposed. */
  readonly payload: Uint8Array
}

/** Beyond this the oldest go, even if fewer than the limit are kept. */
const MOST_BYTES = 64 << 20

export class CommittedLog {
  readonly #limit: number
  #txns: CommittedTxn[] = []
  /** Those before it are forgotten. */
  #head = 0
  #bytes = 0

  /** `limit`: commitLogCount. */
  constructor(limit: number) {
    this.#limit = limit
  }

  get isEmpty(): boolean {
    return this.#head === this.#txns.length
  }

  /** The oldest zxid kept; undefined when there is none. */
  get min(): bigint | undefined {
    return this.#txns[this.#head]?.zxid
  }

  get max(): bigint | undefined {
    return this.isEmpty ? undefined : this.#txns.at(-1)!.zxid
  }

  /** Takes the next committed txn; the payload is kept as it is. */
  add(zxid: bigint, payload: Uint8Array): void {
    this.#txns.push({ zxid, payload })
    this.#bytes += payload.length
    while (this.#txns.length - this.#head > this.#limit || this.#bytes > MOST_BYTES) this.#forgetOldest()
  }

  /** From the oldest on. */
  txns(): readonly CommittedTxn[] {
    return this.#txns.slice(this.#head)
  }

  clear(): void {
    this.#txns = []
    this.#head = 0
    this.#bytes = 0
  }

  #forgetOldest(): void {
    this.#bytes -= this.#txns[this.#head++].payload.length
    if (this.#head <= this.#limit) return
    this.#txns = this.#txns.slice(this.#head)
    this.#head = 0
  }
}

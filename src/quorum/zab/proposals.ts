/** What the leader has proposed and not committed yet, and who holds it (Leader.outstandingProposals). */
import { assert } from '../../base/assert.ts'
import { counterOf } from '../../protocol/zxid.ts'
import type { LoggedTxn } from '../../server/txn/logged-txn.ts'
import type { QuorumConfig } from '../config/quorum-config.ts'

/** What a proposal takes in memory besides its payload, about. */
const PROPOSAL_BYTES = 1024

interface Proposal {
  readonly txn: LoggedTxn
  readonly acks: Set<bigint>
}

export class Proposals {
  readonly #config: QuorumConfig
  /** In the order of their zxids; those before #head are committed. */
  #proposals: Proposal[] = []
  #head = 0
  #bytes = 0
  #lastCommitted: bigint

  /** `after`: the zxid of the epoch; the first proposal is the next one. */
  constructor(config: QuorumConfig, after: bigint) {
    this.#config = config
    this.#lastCommitted = after
  }

  get lastCommitted(): bigint {
    return this.#lastCommitted
  }

  /** Zxid of the last proposal, committed or not. */
  get lastProposed(): bigint {
    return this.#proposals.at(-1)?.txn.header.zxid ?? this.#lastCommitted
  }

  get size(): number {
    return this.#proposals.length - this.#head
  }

  /** In memory, about. */
  get bytes(): number {
    return this.#bytes
  }

  /** Not committed yet, oldest first. */
  outstanding(): readonly LoggedTxn[] {
    return this.#proposals.slice(this.#head).map(({ txn }) => txn)
  }

  add(txn: LoggedTxn): void {
    assert(txn.header.zxid === this.lastProposed + 1n, 'an epoch proposes without gaps')
    this.#proposals.push({ txn, acks: new Set() })
    this.#bytes += PROPOSAL_BYTES + txn.payload.length
  }

  /** Undefined for what is committed, or was never proposed. */
  get(zxid: bigint): LoggedTxn | undefined {
    return zxid > this.#lastCommitted ? this.#proposals[this.#head + Number(zxid - this.#lastCommitted) - 1]?.txn : undefined
  }

  /**
   * The voter holds the proposal and all before it. Returns what may be committed now, in order. Zxids of epochs, of what
   * is committed and of what was never proposed say nothing.
   */
  ack(voter: bigint, zxid: bigint): readonly LoggedTxn[] {
    const offset = Number(zxid - this.#lastCommitted) - 1
    if (counterOf(zxid) === 0n || offset < 0 || offset >= this.size) return []
    this.#proposals[this.#head + offset].acks.add(voter)
    return offset === 0 ? this.#takeCommitted() : []
  }

  /** What the voter has acknowledged and is not committed counts no more: it may be about to lose it. */
  forget(voter: bigint): void {
    for (let index = this.#head; index < this.#proposals.length; index++) this.#proposals[index].acks.delete(voter)
  }

  #takeCommitted(): LoggedTxn[] {
    const committed: LoggedTxn[] = []
    while (this.#head < this.#proposals.length && this.#config.containsQuorum(this.#proposals[this.#head].acks)) {
      const { txn } = this.#proposals[this.#head++]
      this.#lastCommitted = txn.header.zxid
      this.#bytes -= PROPOSAL_BYTES + txn.payload.length
      committed.push(txn)
    }
    if (this.#head > 1024 || this.#head === this.#proposals.length) {
      this.#proposals = this.#proposals.slice(this.#head)
      this.#head = 0
    }
    return committed
  }
}

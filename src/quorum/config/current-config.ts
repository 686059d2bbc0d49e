/**
 * What a member knows of its ensemble's configuration beside its own lines: the version that is in force and the newest that it has heard of
 * (QuorumPeer's quorumVerifier and lastSeenQuorumVerifier). The members are always those of its own lines, for this server cannot change them
 * while it runs: another set of members is told apart here, and the server ends over it. One is no other set: that of an ensemble to which this
 * server has not been added yet, and all of whose members it knows. It belongs there without a vote.
 */
import { counterOf } from '../../protocol/zxid.ts'
import { differencesOf } from './config-differences.ts'
import type { OwnClientPort } from './config-differences.ts'
import type { QuorumConfig } from './quorum-config.ts'

/**
 * What is heard is no newer than what is known; newer, with the same members; newer, with the same members but for this server, which was a member by
 * all that it knew; or newer, with `changes`.
 */
export type Heard = { readonly kind: 'known' | 'newer' | 'unlisted' } | { readonly kind: 'other'; readonly changes: readonly string[] }

export interface CurrentConfigParts {
  readonly self: bigint
  readonly own: QuorumConfig
  readonly client: OwnClientPort
  /** `reconfigEnabled`: others may tell this server the version, and as a leader it gives the first one. */
  readonly isDynamic: boolean
}

export class CurrentConfig {
  readonly #parts: CurrentConfigParts
  #inForce: QuorumConfig
  #newest: QuorumConfig

  constructor(parts: CurrentConfigParts) {
    this.#parts = parts
    this.#inForce = parts.own
    this.#newest = parts.own
  }

  get isDynamic(): boolean {
    return this.#parts.isDynamic
  }

  /** What this server tells others that it has, and what `/zookeeper/config` holds. */
  get inForce(): QuorumConfig {
    return this.#inForce
  }

  /** What this server sends its learners as a leader. Without `reconfigEnabled` it may be newer than what is in force here. */
  get newest(): QuorumConfig {
    return this.#newest
  }

  /** Whether this server is one of the ensemble, by the newest that it knows. */
  get isListed(): boolean {
    return this.#newest.members.has(this.#parts.self)
  }

  /** Who elects. The own lines name this server, and their quorums mean nothing to an ensemble that does not. */
  get electorate(): QuorumConfig {
    return this.isListed ? this.#parts.own : this.#newest
  }

  /** Takes the newer version of the same members for the newest, not yet in force. `mayUnlist`: this server itself may be missing there. */
  hear(heard: QuorumConfig, mayUnlist: boolean): Heard {
    if (heard.version <= this.#newest.version) return { kind: 'known' }
    const wasListed = this.isListed
    const isListed = heard.members.has(this.#parts.self)
    const changes = this.#changesOf(heard, isListed || (wasListed && !mayUnlist))
    if (changes.length > 0) return { kind: 'other', changes }
    this.#newest = heard
    return { kind: wasListed && !isListed ? 'unlisted' : 'newer' }
  }

  /** The newest comes into force. Returns whether that changes anything. */
  adopt(): boolean {
    if (!this.isDynamic || this.#newest.version <= this.#inForce.version) return false
    this.#inForce = this.#newest
    return true
  }

  /** As Leader.lead: a configuration without a version gets that of the first epoch that is led with it. */
  establish(version: bigint): void {
    if (this.isDynamic && this.#newest.version === 0n) this.#newest = this.#newest.withVersion(version)
  }

  /**
   * A version whose counter is 0 was given by a leader to the lines that it was started with. Those may name the same machines in another way
   * than ours, so only ids, roles and weights count. A changed membership has the zxid of its txn, and there the addresses count as well.
   */
  #changesOf(heard: QuorumConfig, isSelfNeeded: boolean): readonly string[] {
    const { self, own, client } = this.#parts
    const addresses = counterOf(heard.version) === 0n ? undefined : { self, client }
    return differencesOf({ heard, known: [own, this.#newest], mayLack: isSelfNeeded ? undefined : self, addresses })
  }
}

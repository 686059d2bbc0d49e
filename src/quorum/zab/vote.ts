/**
 * Votes: whom a server wants as leader, or has, and why. What fast leader election compares (Vote and
 * FastLeaderElection.totalOrderPredicate) and what servers tell each other of it.
 */
import type { QuorumConfig } from '../config/quorum-config.ts'

/** Stands for the sid, the zxid and the epoch of a server that cannot be elected, in its own ballot (Long.MIN_VALUE). */
export const NOT_ELECTABLE = -(2n ** 63n)

/** Why a server should lead: whose history is the newest. */
export interface Ballot {
  readonly leader: bigint
  /** The last txn in the leader's log. */
  readonly zxid: bigint
  /** The leader's currentEpoch. */
  readonly peerEpoch: bigint
}

export interface Vote extends Ballot {
  /** The round of the election in which it was cast (logicalclock). */
  readonly electionEpoch: bigint
}

/** What a server is doing (QuorumPeer.ServerState). */
export type ServerState = 'looking' | 'following' | 'leading' | 'observing'

/** What servers tell each other about the election. The sender is known from the connection. */
export interface Notification extends Vote {
  readonly state: ServerState
  /** 2 of 3.5 and later, 0 of a form that says none. */
  readonly version: number
  /** The sender's configuration, if the form has one. */
  readonly configText: string | undefined
}

export const NOTIFICATION_VERSION = 2

/** Whether `a` is the better choice: by epoch, then zxid, then sid; one without weight never is. */
export function beats(config: QuorumConfig, a: Ballot, b: Ballot): boolean {
  if (config.weight(a.leader) === 0) return false
  if (a.peerEpoch !== b.peerEpoch) return a.peerEpoch > b.peerEpoch
  if (a.zxid !== b.zxid) return a.zxid > b.zxid
  return a.leader > b.leader
}

export function isSameVote(a: Vote, b: Vote): boolean {
  return a.leader === b.leader && a.zxid === b.zxid && a.electionEpoch === b.electionEpoch && a.peerEpoch === b.peerEpoch
}

/** For logs: `leader 3, zxid 0x100000002, round 1, epoch 1`. */
export function voteText({ leader, zxid, electionEpoch, peerEpoch }: Vote): string {
  return `leader ${leader}, zxid 0x${BigInt.asUintN(64, zxid).toString(16)}, round ${electionEpoch}, epoch ${peerEpoch}`
}

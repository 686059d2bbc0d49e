/**
 * How a learner is brought to the leader's history: what it lacks, what it has too much, or all of it
 * (LearnerHandler.syncFollower). Pure: the caller fixes plan and forwarding in one turn.
 */
import { counterOf, epochOf, follows } from '../../protocol/zxid.ts'
import type { CommittedTxn } from './committed-log.ts'

export type SyncPlan =
  /** The learner keeps what it has up to `zxid`, and gets `txns`. */
  | { readonly kind: 'diff' | 'trunc'; readonly zxid: bigint; readonly txns: readonly CommittedTxn[] }
  /** As `diff`, but the txns above `after` and up to those in memory are read from the log. */
  | { readonly kind: 'log'; readonly zxid: bigint; readonly after: bigint; readonly txns: readonly CommittedTxn[] }
  | { readonly kind: 'snap' }
  /** Nobody has looked yet whether the log reaches as far back as `zxid`. */
  | { readonly kind: 'look'; readonly zxid: bigint }

/** Committed txns in a row. */
export interface TxnRun {
  /** Those above it and below the first of `txns`, or up to `last`, are read from the log; undefined = none are. */
  readonly after: bigint | undefined
  readonly txns: readonly CommittedTxn[]
  readonly last: bigint
  /** The last of them may not be in the log yet. */
  readonly mayLag: boolean
}

export interface LeaderHistory {
  /** lastProcessedZxid. */
  readonly lastZxid: bigint
  /** The latest committed txns, oldest first and without gaps. */
  readonly committed: readonly CommittedTxn[]
  /** forceSnapshotSync. */
  readonly isSnapshotForced: boolean
  /** Whether the log on disk holds the learner's txn and all behind it, and is not too long to be sent; undefined = not known. */
  readonly logReaches: boolean | undefined
}

export function planSync(peerZxid: bigint, history: LeaderHistory): SyncPlan {
  const { lastZxid, committed } = history
  const min = committed[0]?.zxid ?? lastZxid
  const max = committed.at(-1)?.zxid ?? lastZxid
  if (history.isSnapshotForced) return { kind: 'snap' }
  if (peerZxid === lastZxid) return { kind: 'diff', zxid: peerZxid, txns: [] }
  // Only a txn can be cut back to: where nothing is in memory the history may end at an epoch's zxid.
  if (peerZxid > max && counterOf(peerZxid) !== 0n && counterOf(max) !== 0n) return { kind: 'trunc', zxid: max, txns: [] }
  if (min <= peerZxid && peerZxid <= max) return walk(peerZxid, committed, max)
  if (peerZxid >= min) return { kind: 'snap' }
  if (history.logReaches === undefined) return { kind: 'look', zxid: peerZxid }
  return history.logReaches ? { kind: 'log', zxid: max, after: peerZxid, txns: committed } : { kind: 'snap' }
}

function walk(peerZxid: bigint, committed: readonly CommittedTxn[], max: bigint): SyncPlan {
  const index = committed.findIndex(({ zxid }) => zxid >= peerZxid)
  const found = committed[index]
  // Only an empty log has nothing at or above a zxid that is not above its end.
  if (found === undefined) return counterOf(peerZxid) === 0n ? { kind: 'diff', zxid: max, txns: [] } : { kind: 'snap' }
  if (found.zxid === peerZxid) return { kind: 'diff', zxid: max, txns: committed.slice(index + 1) }
  // An epoch's first zxid is no txn: its holder has all that came before it.
  if (counterOf(peerZxid) === 0n) return { kind: 'diff', zxid: max, txns: committed.slice(index) }
  if (index === 0 || epochOf(found.zxid) !== epochOf(peerZxid)) return { kind: 'snap' }
  return { kind: 'trunc', zxid: committed[index - 1].zxid, txns: committed.slice(index) }
}

/** Everything committed behind a txn that was the last one committed some time ago. */
export function runBehind(after: bigint, last: bigint, committed: readonly CommittedTxn[]): TxnRun {
  const txns = committed.filter(({ zxid }) => zxid > after)
  const [first] = txns
  const isInMemory = first !== undefined && (txns.length < committed.length || follows(after, first.zxid))
  return { after: isInMemory ? undefined : after, txns, last, mayLag: true }
}

/**
 * What storage and the tree know of each other: recovery pours a snapshot and the log's tail into a RecoveryTarget,
 * and a snapshot is drawn from a SnapshotSource. Storage deals in payload bytes and zxids and knows no more of the tree.
 */

import type { ACL, StatPersisted } from '../../jute/generated/data.ts'
import type { TxnHeader } from '../../jute/generated/txn.ts'

/** The digest of the tree once the txn `zxid` was applied. */
export interface ZxidDigest {
  readonly zxid: bigint
  /** 2 wherever the feature exists. */
  readonly version: number
  readonly value: bigint
}

export interface SnapshotInfo {
  /** From the file's name: everything up to it is in the snapshot, and perhaps some of what came later. */
  readonly zxid: bigint
  /**
   * Where the snapshot stops being fuzzy: digests are comparable again once replay has reached its zxid. It may be that of a txn below the
   * snapshot's zxid, where the digests of those behind it were not compared or the zxid names an epoch. Undefined when the file has none, or one
   * of no txn at all.
   */
  readonly digest: ZxidDigest | undefined
  /** lastProcessedZxid at the end of the write; the file's name outranks it except in the admin restore. */
  readonly lastZxid: bigint | undefined
}

/** Takes what a snapshot holds: the part of RecoveryTarget that a learner's snapshot stream needs too. */
export interface SnapshotTarget {
  session(id: bigint, timeoutMs: number): void
  acl(key: bigint, acl: ACL[]): void
  /**
   * Parents come before their children, the root first under the path ''. `data` is a view, valid during the call.
   * Throws CorruptStorage when the node cannot be, for instance for want of a parent: the snapshot is then refused.
   */
  node(path: string, data: Uint8Array | null, aclKey: bigint, stat: StatPersisted): void
}

export interface RecoveryTarget extends SnapshotTarget {
  /** Forgets everything: a first or next candidate follows. */
  clear(): void
  /** There is no snapshot: takes the state of a server that has never run. Txns may follow all the same. */
  startEmpty(): void
  /** The seals were right: what was given since `clear` is the state to start from. */
  loaded(info: SnapshotInfo): void
  /**
   * One logged txn, in ascending order of zxid. `payload` is the whole entry as TxnLog.append took it: header, record
   * and, perhaps, digest; a view to be copied by who keeps it. May throw MalformedFrame, before anything of it is done:
   * for want of bytes, which ends the log, or for another reason, which refuses the start.
   */
  replay(header: TxnHeader, payload: Uint8Array): void
}

export interface SnapshotNode {
  /** '' or '/' for the root. */
  path: string
  /** May be a view that the next write to the tree spoils. */
  data: Uint8Array | null
  aclKey: bigint
  stat: StatPersisted
}

/** Pre-order; fuzzy when the tree changes between two calls, but never a child before its parent. */
export interface NodeWalk {
  /** Fills `into` with the next node; false, leaving `into` alone, when there is none. */
  next(into: SnapshotNode): boolean
  /** Needed only by who does not walk to the end. */
  close(): void
}

export interface SnapshotSource {
  /** The last txn applied. */
  lastZxid(): bigint
  sessions(): Iterable<{ id: bigint; timeoutMs: number }>
  /** Every live key; keys only grow while the server runs. */
  acls(): Iterable<{ key: bigint; acl: ACL[] }>
  walk(): NodeWalk
  /** Of the last txn applied since the tree was loaded, `{ zxid: 0n, version: 2, value: 0n }` when there was none. */
  digest(): ZxidDigest
}

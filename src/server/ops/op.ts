/**
 * What an operation is: one row that says how its request is decoded, how it is prepared and applied or run, and
 * how it is answered. Everything that differs between operations stands in its row; index.ts holds the table.
 */
import type { Codec } from '../../jute/codec.ts'
import type { ACL, Id, Stat } from '../../jute/generated/data.ts'
import type { TxnHeader } from '../../jute/generated/txn.ts'
import type { JuteReader } from '../../jute/reader.ts'
import { JuteWriter } from '../../jute/writer.ts'
import { writeBody } from '../../protocol/body.ts'
import type { Body } from '../../protocol/body.ts'
import type { Code } from '../../protocol/codes.ts'
import type { AccessControl } from '../auth/check-acl.ts'
import type { Settings } from '../config/settings.ts'
import type { DataTree } from '../tree/data-tree.ts'
import type { NodeState } from '../tree/node-state.ts'
import type { WatchTable } from '../watch/watch-table.ts'
import type { Watcher } from '../watch/watcher.ts'

/**
 * An answer that takes more than one turn. They are made one after the other, for each may take much memory, and until it is told, its connection
 * is given no other answer. None of its methods is called while an answer is being written.
 */
export interface LongAnswer {
  readonly codec: undefined
  /** The moment of which the answer is: what its connection is notified of from now on follows behind it. */
  begin(): void
  /** Does a slice of the work; false when that was the last, and `err` and `pieces` are the answer. */
  advance(): boolean
  readonly err: Code
  /** The body, piece by piece. */
  readonly pieces: readonly Uint8Array[]
  /** Nobody wants the answer any more, begun or not. */
  drop(): void
}

/** What a write asks to be logged: the type and body of its txn. */
export interface TxnBody extends Body {
  readonly type: number
}

export function txn<T>(type: number, codec: Codec<T>, record: T): TxnBody {
  return { type, codec: codec as unknown as Codec<never>, record }
}

/** The body as it is now, whatever changes in the tree. */
export function frozen(given: Body): Body {
  const w = new JuteWriter({ supplementary: 'cesu8' })
  writeBody(w, given)
  return { codec: Frozen as unknown as Codec<never>, record: w.copy() }
}

const Frozen = { name: 'bytes', write: (w: JuteWriter, bytes: Uint8Array) => w.raw(bytes) }

/** The tree as it will be once all that was prepared before is applied. */
export interface PendingTree {
  get(path: string): NodeState | undefined
  /** For changes, to be put back. */
  copy(node: NodeState): NodeState
  create(path: string, ephemeralOwner: bigint, acl: ACL[]): NodeState
  put(zxid: bigint, node: NodeState): void
  remove(zxid: bigint, node: NodeState): void
  /** Paths of the session's ephemerals. */
  ephemeralsOf(session: bigint): string[]
  begin(): void
  keep(): void
  rollback(): void
}

/** Who asks and what preparing may look at. */
export interface PrepareContext {
  readonly session: bigint
  readonly ids: readonly Id[]
  readonly zxid: bigint
  readonly time: bigint
  readonly view: PendingTree
  /** The committed tree: quotas are judged by it. */
  readonly tree: DataTree
  readonly access: AccessControl
  readonly settings: Settings
  /** SESSIONEXPIRED when the asking session is closing or gone. */
  checkSession(): Code
  /** Marks the asking session as closing. */
  closeSession(): void
  /** The soft and hard quotas above the path, against what would be added to their usage. */
  checkQuota(path: string, countChange: number, bytesChange: number): Code
}

/** What applying a txn did: what replies are made of. */
export interface TxnResult {
  type: number
  err: number
  path: string | null
  stat: Stat | undefined
  multi: TxnResult[] | undefined
}

/** What a txn may change. */
export interface ApplyContext {
  readonly tree: DataTree
  trackSession(id: bigint, timeoutMs: number): void
  removeSession(id: bigint): void
}

/** One type of txn, wherever it comes from: this server, a leader, the log. */
export interface TxnKind<T> {
  readonly type: number
  readonly name: string
  readonly codec: Codec<T>
  apply(context: ApplyContext, header: TxnHeader, record: T, result: TxnResult): void
}

export interface ReadContext {
  readonly session: bigint
  readonly ids: readonly Id[]
  readonly tree: DataTree
  readonly watches: WatchTable
  readonly access: AccessControl
  readonly settings: Settings
  /** The asking connection, as the owner of watches. */
  readonly watcher: Watcher
}

interface Operation {
  readonly type: number
  /** As ZooDefs.OpCode and Request.op2String name it. */
  readonly name: string
  /** Four letters or so, as `cons` shows the last operation of a connection. */
  readonly shortName: string
}

export interface ReadOp<Q> extends Operation {
  readonly kind: 'read'
  /** Undefined where the body is empty and whatever stands there is ignored. */
  readonly request: Codec<Q> | undefined
  /** A body for a good answer; a code for a refusal, or OK for an answer without a body. */
  run(context: ReadContext, request: Q): Body | LongAnswer | Code
  /** About what the answer would take now; undefined where that is next to nothing. */
  answerBytes?(tree: DataTree, request: Q): number
}

export interface WriteOp<Q> extends Operation {
  readonly kind: 'write'
  readonly request: Codec<Q> | undefined
  prepare(context: PrepareContext, request: Q): TxnBody | Code
  reply(result: TxnResult): Body | undefined
  /** A request that cannot be decoded takes a zxid all the same: multi alone does that. */
  readonly undecodableTakesZxid?: boolean
}

export type AnyReadOp = ReadOp<never>
export type AnyWriteOp = WriteOp<never>
export type AnyOp = AnyReadOp | AnyWriteOp
export type AnyTxnKind = TxnKind<never>

/** Forgets the record's type, so that rows of different operations fit one table. */
export function readOp<Q>(op: ReadOp<Q>): AnyReadOp {
  return op as unknown as AnyReadOp
}

export function writeOp<Q>(op: WriteOp<Q>): AnyWriteOp {
  return op as unknown as AnyWriteOp
}

export function txnKind<T>(kind: TxnKind<T>): AnyTxnKind {
  return kind as unknown as AnyTxnKind
}

export function decodeBody(codec: Codec<never> | undefined, r: JuteReader): unknown {
  return codec === undefined ? undefined : codec.read(r)
}

export function emptyResult(type: number): TxnResult {
  return { type, err: 0, path: null, stat: undefined, multi: undefined }
}

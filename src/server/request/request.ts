/** One request of a client, or of the server itself, on its way to an answer. */
import type { Id } from '../../jute/generated/data.ts'
import type { TxnHeader } from '../../jute/generated/txn.ts'
import type { Code } from '../codes.ts'
import type { AnyOp, AnyTxnKind, Body } from '../ops/op.ts'
import type { Watcher } from '../watch/watch-table.ts'

export interface Request {
  /** Undefined when nobody waits: expiry and the reaper ask for the server. */
  readonly client: Client | undefined
  /** 0 for the server itself. */
  readonly session: bigint
  readonly xid: number
  readonly op: AnyOp
  /** The decoded body; views in it stay good. Undefined where `fault` says why. */
  readonly record: unknown
  /** A refusal that was plain before the request was looked at: undecodable, throttled. */
  readonly fault: Code
  /** Whether the fault becomes a txn of its own: a multi that cannot be decoded does. */
  readonly takesZxid: boolean
  /** The identities at receipt; a later auth packet does not change them. */
  readonly ids: readonly Id[]
  /** Of the frame, 0 for what came in none. */
  readonly bytes: number
  /** Clock milliseconds. */
  readonly receivedAt: number
}

/** The connection a request came from, as far as answering goes. */
export interface Client extends Watcher {
  /** Requests whose answers are still owed, in order; a write stands in it until it is applied. */
  readonly waiting: Request[]
  readonly isOpen: boolean
  readonly sessionTimeoutMs: number
  reply(request: Request, zxid: bigint, err: number, body: Body | undefined): void
}

/** A txn with its bytes, as the log and the learners get them. */
export interface LoggedTxn {
  readonly header: TxnHeader
  readonly kind: AnyTxnKind
  readonly record: unknown
  /** The tree's digest after this txn, where it carries one. */
  readonly digest: bigint | undefined
  readonly payload: Uint8Array
  /** Set on the server whose client waits. */
  readonly request: Request | undefined
}

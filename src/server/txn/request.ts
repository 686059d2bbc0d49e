/** One request of a client, or of the server itself, on its way to an answer. */
import type { Id } from '../../jute/generated/data.ts'
import type { Body } from '../../protocol/body.ts'
import { Code } from '../../protocol/codes.ts'
import type { AnyOp, LongAnswer } from '../ops/op.ts'
import type { Watcher } from '../watch/watcher.ts'

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
  /** Of the frame, or of what a learner forwards; 0 without either. */
  readonly bytes: number
  /** Clock milliseconds. */
  readonly receivedAt: number
}

/** A request that came in no frame of its own, or in one that holds no operation. */
export function frameless(given: Pick<Request, 'client' | 'session' | 'op' | 'receivedAt'> & Partial<Request>): Request {
  return {
    client: given.client,
    session: given.session,
    xid: given.xid ?? 0,
    op: given.op,
    record: given.record,
    fault: given.fault ?? Code.OK,
    takesZxid: false,
    ids: given.ids ?? [],
    bytes: given.bytes ?? 0,
    receivedAt: given.receivedAt,
  }
}

/** The connection a request came from, as far as answering goes. */
export interface Client extends Watcher {
  /** Requests whose answers are still owed, in order; a write stands in it until it is applied. */
  readonly waiting: Request[]
  /** Requests received and not answered yet: those that wait, and those that the throttler holds. */
  outstanding: number
  /** What the reads in `waiting` may be answered with, bytes, as far as can be told; grows until the line is empty. */
  waitingBytes: number
  /** The largest write since the line was empty: what a read behind it may find. */
  waitingWriteBytes: number
  /** The long answer that is being made; nothing else is answered until it is told. */
  telling: Telling | undefined
  readonly isOpen: boolean
  readonly sessionTimeoutMs: number
  /** What is said from here on follows behind a long answer. */
  beginLong(): void
  /** It is complete. */
  replyLong(request: Request, zxid: bigint, answer: LongAnswer, now: number): void
  /** `now`: clock milliseconds. */
  reply(request: Request, zxid: bigint, err: number, body: Body | undefined, now: number): void
}

export interface Telling {
  readonly request: Request
  readonly answer: LongAnswer
  /** The last txn that it shows; undefined until it is begun. */
  zxid: bigint | undefined
  /** To writes of the same connection that were applied meanwhile, in order. */
  readonly behind: Answer[]
}

export interface Answer {
  readonly request: Request
  readonly zxid: bigint
  readonly err: number
  readonly body: Body | undefined
}

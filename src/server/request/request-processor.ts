/**
 * From a connection's request to its answer. Reads run at once unless the connection still waits for a write of its
 * own; writes go to the proposer and come back applied. So answers leave in the order of the requests, a read sees
 * the writes before it, and nothing waits for strangers (CommitProcessor, FinalRequestProcessor).
 */
import { assert } from '../../assert.ts'
import type { AccessControl } from '../auth/check-acl.ts'
import { Code, OpCode } from '../codes.ts'
import type { Clock } from '../host/host.ts'
import type { Body, ReadContext, TxnResult } from '../ops/op.ts'
import type { Replica } from '../replica.ts'
import type { LoggedTxn, Request } from './request.ts'

/** Where writes go: a lone server logs them, a leader proposes them, a learner forwards them. */
export interface Proposer {
  submit(request: Request): void
}

export interface RequestObserver {
  /** A request has been answered: `latencyMs` after its receipt. */
  onAnswered(request: Request, latencyMs: number): void
  /** It is no longer under way: answered, or its connection is gone. */
  onDone(request: Request): void
}

export class RequestProcessor {
  readonly #clock: Clock
  readonly #replica: Replica
  readonly #access: AccessControl
  readonly #observer: RequestObserver
  readonly #proposer: Proposer
  #inFlight = 0

  constructor(clock: Clock, replica: Replica, access: AccessControl, proposer: Proposer, observer: RequestObserver) {
    this.#clock = clock
    this.#replica = replica
    this.#access = access
    this.#proposer = proposer
    this.#observer = observer
  }

  /** Requests received and not answered yet. */
  get inFlight(): number {
    return this.#inFlight
  }

  submit(request: Request): void {
    this.#inFlight++
    const waiting = request.client?.waiting
    if (isWrite(request)) {
      waiting?.push(request)
      this.#proposer.submit(request)
    } else if (waiting !== undefined && waiting.length > 0) {
      waiting.push(request)
    } else {
      this.#answerRead(request)
    }
  }

  /** A txn has been applied: its client is answered, and after it the reads that waited behind it. */
  onApplied(txn: LoggedTxn, result: TxnResult): void {
    const { request } = txn
    if (request === undefined) return
    const { client } = request
    if (client === undefined) {
      this.#finish(request)
      return
    }
    if (client.isOpen) {
      assert(client.waiting[0] === request, 'writes of a connection are applied in the order of its requests')
      client.waiting.shift()
    }
    this.#answerWrite(request, txn, result)
    while (client.isOpen && client.waiting.length > 0 && !isWrite(client.waiting[0]!)) this.#answerRead(client.waiting.shift()!)
  }

  /** The connection is gone: reads that waited are not run any more; its writes are on their way and will be applied. */
  drop(waiting: Request[]): void {
    for (const request of waiting) if (!isWrite(request)) this.#finish(request)
    waiting.length = 0
  }

  #answerWrite(request: Request, txn: LoggedTxn, result: TxnResult): void {
    assert(request.op.kind === 'write', 'txns come of writes')
    const isRefused = txn.header.type === OpCode.error
    // A multi reports its failure in its parts, its header says OK.
    const err = request.op.type === OpCode.multi && !isRefused ? Code.OK : result.err
    this.#reply(request, txn.header.zxid, err, err === Code.OK ? request.op.reply(result) : undefined)
  }

  #answerRead(request: Request): void {
    const zxid = this.#replica.lastProcessedZxid
    if (request.fault !== Code.OK || request.op.kind !== 'read') {
      this.#reply(request, zxid, request.fault, undefined)
      return
    }
    const context: ReadContext = {
      session: request.session,
      ids: request.ids,
      tree: this.#replica.tree,
      watches: this.#replica.watches,
      access: this.#access,
      watcher: request.client!,
    }
    const answer = request.op.run(context, request.record as never)
    if (typeof answer === 'number') this.#reply(request, zxid, answer, undefined)
    else this.#reply(request, zxid, answer.err ?? Code.OK, answer)
  }

  #reply(request: Request, zxid: bigint, err: number, body: Body | undefined): void {
    const now = this.#clock.now()
    request.client!.reply(request, zxid, err, body, now)
    this.#observer.onAnswered(request, now - request.receivedAt)
    this.#finish(request)
  }

  #finish(request: Request): void {
    this.#inFlight--
    this.#observer.onDone(request)
  }
}

/** Whether the request becomes a txn. What could not be decoded does so only where that takes a zxid (multi). */
function isWrite(request: Request): boolean {
  return request.op.kind === 'write' && (request.fault === Code.OK || request.takesZxid)
}

/**
 * From a connection's request to its answer. Reads run at once unless the connection still waits for a write of its
 * own; writes go to the proposer and come back applied. So answers leave in the order of the requests, a read sees
 * the writes before it, and nothing waits for strangers (CommitProcessor, FinalRequestProcessor).
 */
import { assert } from '../../base/assert.ts'
import { Slices } from '../../base/slices.ts'
import { SyncResponse } from '../../jute/generated/proto.ts'
import { body } from '../../protocol/body.ts'
import type { Body } from '../../protocol/body.ts'
import { Code, OpCode } from '../../protocol/codes.ts'
import type { AccessControl } from '../auth/check-acl.ts'
import type { Settings } from '../config/settings.ts'
import type { Clock } from '../host/host.ts'
import { frozen } from '../ops/op.ts'
import type { LongAnswer, ReadContext, TxnResult } from '../ops/op.ts'
import type { Replica } from '../replica/replica.ts'
import type { LoggedTxn } from '../txn/logged-txn.ts'
import type { Answer, Client, Request, Telling } from '../txn/request.ts'

/** Where writes go: a lone server logs them, a leader proposes them, a learner forwards them. */
export interface Proposer {
  submit(request: Request): void
  /** Where a sync has to go a way of its own before it is answered (`onSynced`); undefined = it is a read like others. */
  sync?(request: Request): void
}

export interface RequestObserver {
  /** A request has been answered: `latencyMs` after its receipt. */
  onAnswered(request: Request, latencyMs: number): void
  /** It is no longer under way: answered, or its connection is gone. */
  onDone(request: Request): void
}

export interface RequestProcessorParts {
  readonly clock: Clock
  readonly settings: Settings
  readonly replica: Replica
  readonly access: AccessControl
  readonly proposer: Proposer
  readonly observer: RequestObserver
}

export class RequestProcessor {
  readonly #clock: Clock
  readonly #settings: Settings
  readonly #replica: Replica
  readonly #access: AccessControl
  readonly #observer: RequestObserver
  readonly #proposer: Proposer
  /** For whatever of the server takes long, so that a turn does a slice of one thing. */
  readonly slices: Slices
  #inFlight = 0
  /** Long answers, the oldest being made; those that nobody wants any more are passed over. */
  readonly #long: Telling[] = []
  #isTelling = false

  constructor({ clock, settings, replica, access, proposer, observer }: RequestProcessorParts) {
    this.#clock = clock
    this.#settings = settings
    this.#replica = replica
    this.#access = access
    this.#proposer = proposer
    this.slices = new Slices(clock)
    this.#observer = observer
  }

  /** Requests received and not answered yet. */
  get inFlight(): number {
    return this.#inFlight
  }

  submit(request: Request): void {
    this.#inFlight++
    const { client } = request
    if (client?.isOpen === false) return this.#submitForNobody(request)
    if (this.#isProposed(request)) {
      if (client !== undefined) {
        // It must not show what its own client writes behind it.
        if (client.telling !== undefined) this.#begin(client.telling)
        client.waiting.push(request)
        if (request.bytes > client.waitingWriteBytes) client.waitingWriteBytes = request.bytes
      }
      this.#propose(request)
    } else if (client !== undefined && (client.waiting.length > 0 || client.telling !== undefined)) {
      client.waiting.push(request)
      this.#weigh(request, client)
    } else {
      this.#answerRead(request)
    }
  }

  /** It was held back, and its client is gone meanwhile: what it was to change is changed all the same. */
  #submitForNobody(request: Request): void {
    if (this.#isProposed(request)) this.#propose(request)
    else this.#finish(request)
  }

  #propose(request: Request): void {
    if (request.op.kind === 'write') this.#proposer.submit(request)
    else this.#proposer.sync!(request)
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
    const answer = answerTo(request, txn, result)
    if (client.telling === undefined) this.#answerProposed(client, answer)
    // The tree may have changed by the time when it is told.
    else client.telling.behind.push({ ...answer, body: answer.body && frozen(answer.body) })
  }

  /** What the proposer's `sync` waited for has come about. */
  onSynced(request: Request): void {
    this.onSettled(request, body(SyncResponse, request.record as SyncResponse))
  }

  /** It went to the proposer and needed no txn. */
  onSettled(request: Request, body?: Body): void {
    const client = request.client!
    const answer = { request, zxid: this.#replica.lastProcessedZxid, err: Code.OK, body }
    if (client.telling === undefined) this.#answerProposed(client, answer)
    else client.telling.behind.push(answer)
  }

  /** It went to the proposer and will not come back; its client is gone. */
  abandon(request: Request): void {
    this.#finish(request)
  }

  /** And the reads that waited behind it. */
  #answerProposed(client: Client, { request, zxid, err, body }: Answer): void {
    if (client.isOpen) {
      assert(client.waiting[0] === request, 'what was proposed for a connection comes back in the order of its requests')
      client.waiting.shift()
    }
    this.#reply(request, zxid, err, body)
    this.#answerReads(client)
  }

  /** Those at the head of the line, up to one that takes long. */
  #answerReads(client: Client): void {
    while (client.isOpen && client.telling === undefined && client.waiting.length > 0 && !this.#isProposed(client.waiting[0])) {
      this.#answerRead(client.waiting.shift()!)
    }
    if (client.waiting.length > 0) return
    client.waitingBytes = 0
    client.waitingWriteBytes = 0
  }

  /** All that waits behind a write is answered in one turn, so there must not be more of it than a connection may hold. */
  #weigh({ op, fault, record }: Request, client: Client): void {
    if (op.kind !== 'read' || op.answerBytes === undefined || fault !== Code.OK) return
    client.waitingBytes += Math.max(op.answerBytes(this.#replica.tree, record as never), client.waitingWriteBytes)
  }

  /** The connection is gone: reads that waited are not run any more; its writes are on their way and will be applied. */
  drop(client: Client): void {
    const { waiting, telling } = client
    for (const request of waiting) if (!this.#isProposed(request)) this.#finish(request)
    waiting.length = 0
    if (telling === undefined) return
    client.telling = undefined
    telling.answer.drop()
    this.#finish(telling.request)
    for (const { request } of telling.behind) this.#finish(request)
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
      settings: this.#settings,
      watcher: request.client!,
    }
    const answer = request.op.run(context, request.record as never)
    if (typeof answer === 'number') this.#reply(request, zxid, answer, undefined)
    else if (answer.codec === undefined) this.#answerLong(request, answer)
    else this.#reply(request, zxid, answer.err ?? Code.OK, answer)
  }

  #answerLong(request: Request, answer: LongAnswer): void {
    const telling: Telling = { request, answer, zxid: undefined, behind: [] }
    request.client!.telling = telling
    this.#long.push(telling)
    if (this.#isTelling) return
    this.#isTelling = true
    this.slices.add(() => (this.#isTelling = this.#tellNext()))
  }

  /** A slice of the oldest long answer; false when there is none left. */
  #tellNext(): boolean {
    const telling = this.#long[0]
    if (telling === undefined) return false
    const { request, answer } = telling
    const client = request.client!
    if (client.telling !== telling) {
      this.#long.shift()
      return true
    }
    const zxid = this.#begin(telling)
    if (answer.advance()) return true
    this.#long.shift()
    client.telling = undefined
    const now = this.#clock.now()
    client.replyLong(request, zxid, answer, now)
    this.#onAnswered(request, now)
    this.#goOn(client, telling.behind)
    return true
  }

  /** The zxid of the moment of which the answer is: this one if it was not begun. */
  #begin(telling: Telling): bigint {
    if (telling.zxid !== undefined) return telling.zxid
    telling.zxid = this.#replica.lastProcessedZxid
    telling.request.client!.beginLong()
    telling.answer.begin()
    return telling.zxid
  }

  /** What came up behind a long answer. */
  #goOn(client: Client, behind: readonly Answer[]): void {
    this.#answerReads(client)
    for (const [i, answer] of behind.entries()) {
      if (client.telling !== undefined) {
        client.telling.behind.push(...behind.slice(i))
        return
      }
      this.#answerProposed(client, answer)
    }
  }

  #reply(request: Request, zxid: bigint, err: number, body: Body | undefined): void {
    const now = this.#clock.now()
    request.client!.reply(request, zxid, err, body, now)
    this.#onAnswered(request, now)
  }

  #onAnswered(request: Request, now: number): void {
    this.#observer.onAnswered(request, now - request.receivedAt)
    this.#finish(request)
  }

  #finish(request: Request): void {
    this.#inFlight--
    this.#observer.onDone(request)
  }

  /**
   * Whether it comes back from the proposer before it is answered. What could not be decoded does so only where that takes
   * a zxid (multi), and never in an ensemble: who forwards it to a Java leader ends all writes.
   */
  #isProposed({ op, fault, takesZxid }: Request): boolean {
    const hasOwnSync = this.#proposer.sync !== undefined
    if (op.kind === 'write') return fault === Code.OK || (takesZxid && !hasOwnSync)
    return op.type === OpCode.sync && fault === Code.OK && hasOwnSync
  }
}

function answerTo(request: Request, { header }: LoggedTxn, result: TxnResult): Answer {
  assert(request.op.kind === 'write', 'txns come of writes')
  const isRefused = header.type === OpCode.error
  // A multi reports its failure in its parts, its header says OK.
  const err = request.op.type === OpCode.multi && !isRefused ? Code.OK : result.err
  return { request, zxid: header.zxid, err, body: err === Code.OK ? request.op.reply(result) : undefined }
}

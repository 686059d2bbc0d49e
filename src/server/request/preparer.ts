/**
 * Turns writes into txns (PrepRequestProcessor): gives each its zxid, judges it by the tree as it will be, and
 * encodes it once. A refused write is a txn too, and has its zxid.
 */
import { assert } from '../../base/assert.ts'
import type { Id } from '../../jute/generated/data.ts'
import type { TxnHeader } from '../../jute/generated/txn.ts'
import { Code, OpCode } from '../../protocol/codes.ts'
import type { AccessControl } from '../auth/check-acl.ts'
import { maxRecordLength } from '../config/settings.ts'
import type { Settings } from '../config/settings.ts'
import type { Clock } from '../host/host.ts'
import { TXN_KINDS } from '../ops/index.ts'
import type { AnyTxnKind, AnyWriteOp, PrepareContext } from '../ops/op.ts'
import type { SessionTable } from '../session/session-table.ts'
import type { DataTree } from '../tree/data-tree.ts'
import type { LoggedTxn } from '../txn/logged-txn.ts'
import type { Request } from '../txn/request.ts'
import { encodeTxn } from '../txn/txn-codec.ts'
import { PendingView } from './pending-view.ts'
import { quotaFault } from './quota-check.ts'
import type { QuotaExceeded } from './quota-check.ts'

const ERROR_KIND = TXN_KINDS.get(OpCode.error)!

export interface PreparerParts {
  readonly clock: Clock
  readonly settings: Settings
  readonly tree: DataTree
  readonly sessions: SessionTable
  readonly access: AccessControl
  readonly onQuotaExceeded: QuotaExceeded
}

export class Preparer implements PrepareContext {
  readonly view: PendingView
  readonly tree: DataTree
  readonly access: AccessControl
  readonly settings: Settings
  readonly #parts: PreparerParts
  /** Longer txns could not be read back: by the log's readers, ours and Java's. */
  readonly #maxTxnBytes: number
  #lastZxid = 0n

  // The request at hand.
  session = 0n
  ids: readonly Id[] = []
  zxid = 0n
  time = 0n

  constructor(parts: PreparerParts) {
    this.#parts = parts
    this.tree = parts.tree
    this.access = parts.access
    this.settings = parts.settings
    this.view = new PendingView(parts.tree)
    this.#maxTxnBytes = maxRecordLength(parts.settings)
  }

  /** The last zxid given out. */
  get lastZxid(): bigint {
    return this.#lastZxid
  }

  /** Nothing is pending and the next zxid is the one after this. */
  startAfter(zxid: bigint): void {
    this.#lastZxid = zxid
    this.view.clear()
  }

  /** `fault`: a refusal that is plain before the request is looked at. */
  prepare(request: Request, fault: Code = request.fault): LoggedTxn {
    assert(request.op.kind === 'write', 'only writes are prepared')
    const op: AnyWriteOp = request.op
    this.session = request.session
    this.ids = request.ids
    this.zxid = ++this.#lastZxid
    this.time = BigInt(this.#parts.clock.wallTime())
    if (fault !== Code.OK) return this.#refuse(request, fault)
    this.view.begin()
    const prepared = op.prepare(this, request.record as never)
    if (typeof prepared === 'number') {
      this.view.rollback()
      return this.#refuse(request, prepared)
    }
    let txn = this.#encode(request, TXN_KINDS.get(prepared.type)!, prepared.record)
    if (txn.payload.length > this.#maxTxnBytes) {
      if (op.type !== OpCode.closeSession) {
        this.view.rollback()
        return this.#refuse(request, Code.MARSHALLINGERROR)
      }
      // Without the list the session's index says what goes.
      txn = this.#encode(request, txn.kind, { paths2Delete: [] })
    }
    this.view.keep()
    return txn
  }

  /** The txn has been applied: the tree says from here on what the view said. */
  onApplied(zxid: bigint): void {
    this.view.release(zxid)
  }

  checkSession(): Code {
    if (this.session === 0n) return Code.OK
    const session = this.#parts.sessions.get(this.session)
    return session === undefined || session.closing ? Code.SESSIONEXPIRED : Code.OK
  }

  closeSession(): void {
    const session = this.#parts.sessions.get(this.session)
    if (session !== undefined) this.#parts.sessions.setClosing(session)
  }

  checkQuota(path: string, countChange: number, bytesChange: number): Code {
    if (!this.settings.enforceQuota) return Code.OK
    return quotaFault(this.tree, path, countChange, bytesChange, this.#parts.onQuotaExceeded)
  }

  #refuse(request: Request, err: Code): LoggedTxn {
    return encodeTxn(this.#header(request, OpCode.error), ERROR_KIND, { err }, undefined, request)
  }

  #encode(request: Request, kind: AnyTxnKind, record: unknown): LoggedTxn {
    const digest = this.settings.digestEnabled ? this.view.digest : undefined
    return encodeTxn(this.#header(request, kind.type), kind, record, digest, request)
  }

  #header(request: Request, type: number): TxnHeader {
    return { clientId: request.session, cxid: request.xid, zxid: this.zxid, time: this.time, type }
  }
}

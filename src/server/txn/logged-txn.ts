/** A txn as it is logged, proposed and applied. */
import type { TxnHeader } from '../../jute/generated/txn.ts'
import type { AnyTxnKind } from '../ops/op.ts'
import type { Request } from './request.ts'

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

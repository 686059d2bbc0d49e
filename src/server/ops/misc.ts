/** sync, whoAmI, and the txn of a refused write. */
import { SyncRequest, SyncResponse, WhoAmIResponse } from '../../jute/generated/proto.ts'
import { ErrorTxn } from '../../jute/generated/txn.ts'
import { body } from '../../protocol/body.ts'
import { Code, OpCode } from '../../protocol/codes.ts'
import { readOp, txnKind } from './op.ts'

/** A lone server is always in step with itself: the answer is the path as it came. */
export const syncOp = readOp<SyncRequest>({
  kind: 'read',
  type: OpCode.sync,
  name: 'sync',
  shortName: 'SYNC',
  request: SyncRequest,
  run: (_context, { path }) => body(SyncResponse, { path }),
})

export const whoAmIOp = readOp<undefined>({
  kind: 'read',
  type: OpCode.whoAmI,
  name: 'whoAmI',
  shortName: 'HOMI',
  request: undefined,
  run({ ids }) {
    const clientInfo = ids.map(({ scheme, id }) => ({
      authScheme: scheme,
      user: scheme === 'digest' ? id!.split(':', 1)[0] : id,
    }))
    return body(WhoAmIResponse, { clientInfo })
  },
})

/** Refused writes are logged too: they have taken a zxid. */
export const errorTxn = txnKind<ErrorTxn>({
  type: OpCode.error,
  name: 'error',
  codec: ErrorTxn,
  apply(_context, _header, { err }, result) {
    result.err = err === 0 ? Code.OK : err
  },
})

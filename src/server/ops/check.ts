/** check: a version test that only a multi can hold. Its txn changes nothing. */
import { CheckVersionRequest } from '../../jute/generated/proto.ts'
import { CheckVersionTxn } from '../../jute/generated/txn.ts'
import { Code, OpCode, Perms } from '../../protocol/codes.ts'
import { pathFault } from '../../protocol/paths.ts'
import { txn, txnKind, writeOp } from './op.ts'

export const checkOp = writeOp<CheckVersionRequest>({
  kind: 'write',
  type: OpCode.check,
  name: 'check',
  shortName: 'CHEC',
  request: CheckVersionRequest,
  prepare(context, { path, version }) {
    const sessionFault = context.checkSession()
    if (sessionFault !== Code.OK) return sessionFault
    if (path === null || pathFault(path) !== undefined) return Code.BADARGUMENTS
    const node = context.view.get(path)
    if (node === undefined) return Code.NONODE
    if (!context.access.allows(node.acl, Perms.READ, context.ids)) return Code.NOAUTH
    if (version !== -1 && version !== node.version) return Code.BADVERSION
    return txn(OpCode.check, CheckVersionTxn, { path, version: (node.version + 1) | 0 })
  },
  reply: () => undefined,
})

export const checkTxn = txnKind<CheckVersionTxn>({
  type: OpCode.check,
  name: 'check',
  codec: CheckVersionTxn,
  apply(_context, _header, { path }, result) {
    result.path = path
  },
})

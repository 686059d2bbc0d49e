/** setACL and getACL. */
import type { ACL } from '../../jute/generated/data.ts'
import { GetACLRequest, GetACLResponse, SetACLRequest, SetACLResponse } from '../../jute/generated/proto.ts'
import { SetACLTxn } from '../../jute/generated/txn.ts'
import { body } from '../../protocol/body.ts'
import { Code, OpCode, Perms } from '../../protocol/codes.ts'
import { pathFault } from '../../protocol/paths.ts'
import { NO_NODE } from '../tree/node-store.ts'
import { readOp, txn, txnKind, writeOp } from './op.ts'

export const setAclOp = writeOp<SetACLRequest>({
  kind: 'write',
  type: OpCode.setACL,
  name: 'setACL',
  shortName: 'SETA',
  request: SetACLRequest,
  prepare(context, request) {
    const sessionFault = context.checkSession()
    if (sessionFault !== Code.OK) return sessionFault
    const { path, version } = request
    if (path === null || pathFault(path) !== undefined) return Code.BADARGUMENTS
    const acl = context.access.resolve(request.acl, context.ids)
    if (typeof acl === 'number') return acl
    const { view, zxid } = context
    const node = view.get(path)
    if (node === undefined) return Code.NONODE
    if (!context.access.allows(node.acl, Perms.ADMIN, context.ids)) return Code.NOAUTH
    if (version !== -1 && version !== node.aversion) return Code.BADVERSION
    const changed = view.copy(node)
    changed.acl = acl
    changed.aversion = (node.aversion + 1) | 0
    view.put(zxid, changed)
    return txn(OpCode.setACL, SetACLTxn, { path, acl, version: changed.aversion })
  },
  reply: (result) => body(SetACLResponse, { stat: result.stat! }),
})

export const setAclTxn = txnKind<SetACLTxn>({
  type: OpCode.setACL,
  name: 'setACL',
  codec: SetACLTxn,
  apply({ tree }, _header, { path, acl, version }, result) {
    result.path = path
    const id = tree.setAcl(path ?? '', acl ?? [], version)
    if (id < 0) result.err = id
    else result.stat = tree.stat(id)
  },
})

export const getAclOp = readOp<GetACLRequest>({
  kind: 'read',
  type: OpCode.getACL,
  name: 'getACL',
  shortName: 'GETA',
  request: GetACLRequest,
  run({ tree, access, ids }, { path }) {
    if (path === null) return Code.MARSHALLINGERROR
    const id = tree.store.find(path)
    if (id === NO_NODE) return Code.NONODE
    const acl = tree.aclOf(id)
    if (!access.allows(acl, Perms.READ | Perms.ADMIN, ids)) return Code.NOAUTH
    const shown = access.allows(acl, Perms.ADMIN, ids) ? acl : acl.map(masked)
    return body(GetACLResponse, { acl: shown, stat: tree.stat(id) })
  },
})

/** Hashes are for administrators only. */
function masked(entry: ACL): ACL {
  if (entry.id.scheme !== 'digest' || entry.id.id === null) return entry
  return { perms: entry.perms, id: { scheme: 'digest', id: entry.id.id.replace(/:.*/g, ':x') } }
}

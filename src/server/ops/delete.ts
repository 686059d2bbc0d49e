/** delete, and deleteContainer, which only the server itself may ask for. */
import { DeleteRequest } from '../../jute/generated/proto.ts'
import { DeleteTxn } from '../../jute/generated/txn.ts'
import { Code, OpCode, Perms } from '../../protocol/codes.ts'
import { isSpecialPath, parentOf } from '../../protocol/paths.ts'
import type { NodeState } from '../tree/node-state.ts'
import { isPoisonousLimits } from '../tree/quota.ts'
import { txn, txnKind, writeOp } from './op.ts'
import type { PrepareContext, TxnBody } from './op.ts'

export const deleteOp = writeOp<DeleteRequest>({
  kind: 'write',
  type: OpCode.delete,
  name: 'delete',
  shortName: 'DELE',
  request: DeleteRequest,
  prepare(context, { path, version }) {
    const sessionFault = context.checkSession()
    if (sessionFault !== Code.OK) return sessionFault
    if (path === null) return Code.MARSHALLINGERROR
    if (!isDeletable(path) || isPoisonousLimits(path)) return Code.BADARGUMENTS
    const parent = context.view.get(parentOf(path))
    if (parent === undefined) return Code.NONODE
    if (!context.access.allows(parent.acl, Perms.DELETE, context.ids)) return Code.NOAUTH
    const node = context.view.get(path)
    if (node === undefined) return Code.NONODE
    if (version !== -1 && version !== node.version) return Code.BADVERSION
    if (node.childCount > 0) return Code.NOTEMPTY
    return remove(context, OpCode.delete, parent, node)
  },
  reply: () => undefined,
})

/** The reaper's request: it fails quietly when somebody came first (PrepRequestProcessor, deleteContainer). */
export const deleteContainerOp = writeOp<DeleteTxn>({
  kind: 'write',
  type: OpCode.deleteContainer,
  name: 'deleteContainer',
  shortName: 'DELE',
  request: undefined,
  prepare(context, { path }) {
    if (path === null || !isDeletable(path)) return Code.BADARGUMENTS
    const node = context.view.get(path)
    if (node === undefined) return Code.NONODE
    if (node.childCount > 0) return Code.NOTEMPTY
    const kind = context.tree.owners.kindOf(node.ephemeralOwner)
    if (kind === 'session' || kind === 'none') return Code.BADVERSION
    const parent = context.view.get(parentOf(path))
    return parent === undefined ? Code.NONODE : remove(context, OpCode.deleteContainer, parent, node)
  },
  reply: () => undefined,
})

function isDeletable(path: string): boolean {
  return path.includes('/') && !path.includes('\0') && !isSpecialPath(path)
}

function remove({ view, zxid }: PrepareContext, type: number, parent: NodeState, node: NodeState): TxnBody {
  const changedParent = view.copy(parent)
  changedParent.childCount--
  changedParent.pzxid = zxid
  view.put(zxid, changedParent)
  view.remove(zxid, node)
  return txn(type, DeleteTxn, { path: node.path })
}

function deleteKind(type: number, name: string) {
  return txnKind<DeleteTxn>({
    type,
    name,
    codec: DeleteTxn,
    apply({ tree }, header, { path }, result) {
      result.path = path
      result.err = tree.deleteNode(path ?? '', header.zxid)
    },
  })
}

export const deleteTxn = deleteKind(OpCode.delete, 'delete')
export const deleteContainerTxn = deleteKind(OpCode.deleteContainer, 'deleteContainer')

/** createSession, closeSession, ping: what keeps a session's life. */
import { CloseSessionTxn, CreateSessionTxn } from '../../jute/generated/txn.ts'
import { Code, OpCode } from '../../protocol/codes.ts'
import { parentOf } from '../../protocol/paths.ts'
import { readOp, txn, txnKind, writeOp } from './op.ts'

/** Asked for by the handshake only; its answer is the ConnectResponse. */
export const createSessionOp = writeOp<CreateSessionTxn>({
  kind: 'write',
  type: OpCode.createSession,
  name: 'createSession',
  shortName: 'SESS',
  request: undefined,
  prepare: (_context, { timeOut }) => txn(OpCode.createSession, CreateSessionTxn, { timeOut }),
  reply: () => undefined,
})

export const createSessionTxn = txnKind<CreateSessionTxn>({
  type: OpCode.createSession,
  name: 'createSession',
  codec: CreateSessionTxn,
  apply: (context, header, { timeOut }) => context.trackSession(header.clientId, timeOut),
})

/**
 * The txn names the ephemerals that go. Without `closeSessionTxn.enabled` it names none and the index decides: the
 * empty list stands there all the same, because Java misreads a txn that has a digest and no list.
 */
export const closeSessionOp = writeOp<undefined>({
  kind: 'write',
  type: OpCode.closeSession,
  name: 'closeSession',
  shortName: 'CLOS',
  request: undefined,
  prepare(context) {
    const { view, zxid, session } = context
    const paths = view.ephemeralsOf(session)
    const lost = new Map<string, number>()
    for (const path of paths) {
      const node = view.get(path)
      if (node === undefined) continue
      view.remove(zxid, node)
      const parentPath = parentOf(path)
      lost.set(parentPath, (lost.get(parentPath) ?? 0) + 1)
    }
    for (const [parentPath, count] of lost) {
      const parent = view.get(parentPath)
      if (parent === undefined) continue
      const changed = view.copy(parent)
      changed.childCount -= count
      changed.pzxid = zxid
      view.put(zxid, changed)
    }
    context.closeSession()
    return txn(OpCode.closeSession, CloseSessionTxn, { paths2Delete: context.settings.closeSessionTxnEnabled ? paths : [] })
  },
  reply: () => undefined,
})

export const closeSessionTxn = txnKind<CloseSessionTxn>({
  type: OpCode.closeSession,
  name: 'closeSession',
  codec: CloseSessionTxn,
  apply({ tree, removeSession }, header, { paths2Delete }) {
    removeSession(header.clientId)
    tree.closeSession(header.clientId, paths2Delete, header.zxid)
  },
})

export const pingOp = readOp<undefined>({
  kind: 'read',
  type: OpCode.ping,
  name: 'ping',
  shortName: 'PING',
  request: undefined,
  run: () => Code.OK,
})

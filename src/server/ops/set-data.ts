/** setData, and reconfig, whose txn sets the data of /zookeeper/config. */
import { ReconfigRequest, SetDataRequest, SetDataResponse } from '../../jute/generated/proto.ts'
import { SetDataTxn } from '../../jute/generated/txn.ts'
import { body } from '../../protocol/body.ts'
import { Code, OpCode, Perms } from '../../protocol/codes.ts'
import { nameOf, parentOf, pathFault } from '../../protocol/paths.ts'
import { isQuotaParent, parseQuota, STATS_NAME } from '../tree/quota.ts'
import { txn, txnKind, writeOp } from './op.ts'

export const setDataOp = writeOp<SetDataRequest>({
  kind: 'write',
  type: OpCode.setData,
  name: 'setData',
  shortName: 'SETD',
  request: SetDataRequest,
  prepare(context, { path, data, version }) {
    const sessionFault = context.checkSession()
    if (sessionFault !== Code.OK) return sessionFault
    if (path === null || pathFault(path) !== undefined) return Code.BADARGUMENTS
    const { view, zxid } = context
    const node = view.get(path)
    if (node === undefined) return Code.NONODE
    if (!context.access.allows(node.acl, Perms.WRITE, context.ids)) return Code.NOAUTH
    // Java logs unreadable usage and dies of it at the next write below that quota, and at every start after that.
    if (isQuotaStats(path) && parseQuota(data) === undefined) return Code.BADARGUMENTS
    const size = data === null ? 0 : data.length
    const quotaFault = context.checkQuota(path, 0, size - Math.max(node.dataLength, 0))
    if (quotaFault !== Code.OK) return quotaFault
    if (version !== -1 && version !== node.version) return Code.BADVERSION
    const changed = view.copy(node)
    changed.version = (node.version + 1) | 0
    changed.mtime = context.time
    changed.mzxid = zxid
    changed.dataLength = data === null ? -1 : size
    changed.contentCrc = context.tree.contentCrc(path, data)
    view.put(zxid, changed)
    return txn(OpCode.setData, SetDataTxn, { path, data, version: changed.version })
  },
  reply: (result) => body(SetDataResponse, { stat: result.stat! }),
})

function isQuotaStats(path: string): boolean {
  return path.endsWith(STATS_NAME) && nameOf(path) === STATS_NAME && isQuotaParent(parentOf(path))
}

/** A standalone server has no ensemble to reconfigure, and a member cannot yet: it answers as if that were switched off. */
export const reconfigOp = writeOp<ReconfigRequest>({
  kind: 'write',
  type: OpCode.reconfig,
  name: 'reconfig',
  shortName: 'RECO',
  request: ReconfigRequest,
  prepare(context) {
    if (!context.settings.reconfigEnabled || context.settings.distributed) return Code.RECONFIGDISABLED
    const sessionFault = context.checkSession()
    return sessionFault === Code.OK ? Code.UNIMPLEMENTED : sessionFault
  },
  reply: () => undefined,
})

function setDataKind(type: number, name: string) {
  return txnKind<SetDataTxn>({
    type,
    name,
    codec: SetDataTxn,
    apply({ tree }, header, { path, data, version }, result) {
      result.path = path
      const id = tree.setData(path ?? '', data, version, header.zxid, header.time)
      if (id < 0) result.err = id
      else result.stat = tree.stat(id)
    },
  })
}

export const setDataTxn = setDataKind(OpCode.setData, 'setData')
export const reconfigTxn = setDataKind(OpCode.reconfig, 'reconfig')

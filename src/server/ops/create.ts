/** create, create2, createContainer, createTTL: one preparation, four txns (PrepRequestProcessor.pRequest2TxnCreate). */
import type { ACL } from '../../jute/generated/data.ts'
import { Create2Response, CreateRequest, CreateResponse, CreateTTLRequest } from '../../jute/generated/proto.ts'
import { CreateContainerTxn, CreateTTLTxn, CreateTxn } from '../../jute/generated/txn.ts'
import type { TxnHeader } from '../../jute/generated/txn.ts'
import { body } from '../../protocol/body.ts'
import type { Body } from '../../protocol/body.ts'
import { Code, OpCode, Perms } from '../../protocol/codes.ts'
import { CREATE_MODES } from '../../protocol/create-modes.ts'
import type { CreateMode } from '../../protocol/create-modes.ts'
import { parentOf, pathFault } from '../../protocol/paths.ts'
import { CONTAINER_OWNER, isValidTtl, ttlOwner } from '../tree/ephemeral-owner.ts'
import { isPoisonousLimits } from '../tree/quota.ts'
import { txn, txnKind, writeOp } from './op.ts'
import type { ApplyContext, PrepareContext, TxnBody, TxnResult } from './op.ts'

function prepareCreate(
  context: PrepareContext,
  type: number,
  request: { path: string | null; data: Uint8Array | null; acl: ACL[] | null; flags: number },
  ttl: bigint,
): TxnBody | Code {
  const { view, zxid, time } = context
  const mode = CREATE_MODES[request.flags]
  if (mode === undefined) return Code.BADARGUMENTS
  if (mode.ttl && !context.settings.extendedTypesEnabled) return Code.UNIMPLEMENTED
  if (mode.ttl ? !isValidTtl(ttl) : ttl >= 0n) return Code.BADARGUMENTS
  // Java lets such a request through and dies when it applies it.
  if (type === OpCode.createTTL && !mode.ttl) return Code.BADARGUMENTS
  const sessionFault = context.checkSession()
  if (sessionFault !== Code.OK) return sessionFault

  if (request.path === null) return Code.MARSHALLINGERROR
  if (!request.path.includes('/') || request.path.includes('\0')) return Code.BADARGUMENTS
  const acl = context.access.resolve(request.acl, context.ids)
  if (typeof acl === 'number') return acl
  const parent = view.get(parentOf(request.path))
  if (parent === undefined) return Code.NONODE
  if (!context.access.allows(parent.acl, Perms.CREATE, context.ids)) return Code.NOAUTH

  const path = mode.sequential ? request.path + sequenceSuffix(parent.cversion) : request.path
  if (pathFault(path) !== undefined) return Code.BADARGUMENTS
  if (view.get(path) !== undefined) return Code.NODEEXISTS
  if (context.tree.owners.kindOf(parent.ephemeralOwner) === 'session') return Code.NOCHILDRENFOREPHEMERALS
  if (isPoisonousLimits(path)) return Code.BADARGUMENTS
  const size = request.data === null ? 0 : request.data.length
  const quotaFault = context.checkQuota(path, 1, size)
  if (quotaFault !== Code.OK) return quotaFault

  const cversion = (parent.cversion + 1) | 0
  const changedParent = view.copy(parent)
  changedParent.childCount++
  changedParent.cversion = cversion
  changedParent.pzxid = zxid
  view.put(zxid, changedParent)
  const created = view.create(path, ownerOf(mode, type, context.session, ttl), acl)
  created.czxid = zxid
  created.mzxid = zxid
  created.pzxid = zxid
  created.ctime = time
  created.mtime = time
  created.dataLength = request.data === null ? -1 : size
  created.contentCrc = context.tree.contentCrc(path, request.data)
  view.put(zxid, created)
  switch (type) {
    case OpCode.createContainer:
      return txn(type, CreateContainerTxn, { path, data: request.data, acl, parentCVersion: cversion })
    case OpCode.createTTL:
      return txn(type, CreateTTLTxn, { path, data: request.data, acl, parentCVersion: cversion, ttl })
    default:
      return txn(type, CreateTxn, { path, data: request.data, acl, ephemeral: mode.ephemeral, parentCVersion: cversion })
  }
}

/** The opcode decides first: create with the container flag makes a plain node, createContainer always a container. */
function ownerOf(mode: CreateMode, type: number, session: bigint, ttl: bigint): bigint {
  if (type === OpCode.createContainer) return CONTAINER_OWNER
  if (type === OpCode.createTTL) return ttlOwner(ttl)
  return mode.ephemeral ? session : 0n
}

/** `%010d`: ten characters, a sign among them. */
export function sequenceSuffix(counter: number): string {
  return counter < 0 ? `-${String(-counter).padStart(9, '0')}` : String(counter).padStart(10, '0')
}

function pathReply(result: TxnResult): Body {
  return body(CreateResponse, { path: result.path })
}

function statReply(result: TxnResult): Body {
  return body(Create2Response, { path: result.path, stat: result.stat! })
}

function createRow(type: number, name: string, reply: (result: TxnResult) => Body) {
  return writeOp<CreateRequest>({
    kind: 'write',
    type,
    name,
    shortName: 'CREA',
    request: CreateRequest,
    prepare: (context, request) => prepareCreate(context, type, request, -1n),
    reply,
  })
}

export const createOp = createRow(OpCode.create, 'create', pathReply)
export const create2Op = createRow(OpCode.create2, 'create2', statReply)
export const createContainerOp = createRow(OpCode.createContainer, 'createContainer', statReply)
export const createTtlOp = writeOp<CreateTTLRequest>({
  kind: 'write',
  type: OpCode.createTTL,
  name: 'createTTL',
  shortName: 'CREA',
  request: CreateTTLRequest,
  prepare: (context, request) => prepareCreate(context, OpCode.createTTL, request, request.ttl),
  reply: statReply,
})

interface Created {
  path: string | null
  data: Uint8Array | null
  acl: ACL[] | null
  parentCVersion: number
}

function applyCreate(context: ApplyContext, header: TxnHeader, record: Created, owner: bigint, result: TxnResult): void {
  const { tree } = context
  const path = record.path ?? ''
  result.path = path
  result.err = tree.createNode(path, record.data, record.acl ?? [], owner, record.parentCVersion, header.zxid, header.time)
  if (result.err !== Code.OK || result.type === OpCode.create) return
  const stat = tree.stat(tree.store.find(path))
  // As DataTree.createNode: the answer is drawn up before usage is counted into a quota's stats node.
  stat.dataLength = record.data === null ? 0 : record.data.length
  result.stat = stat
}

function plainKind(type: number, name: string) {
  return txnKind<CreateTxn>({
    type,
    name,
    codec: CreateTxn,
    apply: (context, header, record, result) => applyCreate(context, header, record, record.ephemeral ? header.clientId : 0n, result),
  })
}

export const createTxn = plainKind(OpCode.create, 'create')
export const create2Txn = plainKind(OpCode.create2, 'create2')
export const createContainerTxn = txnKind<CreateContainerTxn>({
  type: OpCode.createContainer,
  name: 'createContainer',
  codec: CreateContainerTxn,
  apply: (context, header, record, result) => applyCreate(context, header, record, CONTAINER_OWNER, result),
})
export const createTtlTxn = txnKind<CreateTTLTxn>({
  type: OpCode.createTTL,
  name: 'createTTL',
  codec: CreateTTLTxn,
  apply(context, header, record, result) {
    // A log that Java wrote may hold a time to live that Java itself cannot apply: the effect is skipped, the zxid kept.
    if (isValidTtl(record.ttl)) applyCreate(context, header, record, ttlOwner(record.ttl), result)
  },
})

/** multi: several writes under one zxid, all or none; multiRead: several reads in one step. */
import { GetDataResponse } from '../../jute/generated/proto.ts'
import type { GetChildrenRequest, GetDataRequest } from '../../jute/generated/proto.ts'
import { ErrorTxn, MultiTxn } from '../../jute/generated/txn.ts'
import type { Txn, TxnHeader } from '../../jute/generated/txn.ts'
import { MalformedFrame } from '../../jute/malformed-frame.ts'
import { JuteReader } from '../../jute/reader.ts'
import { JuteWriter } from '../../jute/writer.ts'
import { body, writeBody } from '../../protocol/body.ts'
import type { Body } from '../../protocol/body.ts'
import { Code, OpCode } from '../../protocol/codes.ts'
import { MultiRequest, MultiResponse } from '../../protocol/multi-record.ts'
import type { SubResult } from '../../protocol/multi-record.ts'
import { copyOf } from '../tree/node-stat.ts'
import { checkOp, checkTxn } from './check.ts'
import { ChildNames, namesBytes } from './child-names.ts'
import { create2Op, create2Txn, createContainerOp, createContainerTxn, createOp, createTtlOp, createTtlTxn, createTxn } from './create.ts'
import { deleteContainerTxn, deleteOp, deleteTxn } from './delete.ts'
import { emptyResult, readOp, txn, txnKind, writeOp } from './op.ts'
import type { AnyTxnKind, AnyWriteOp, ApplyContext, PrepareContext, TxnResult } from './op.ts'
import { childrenBytes, dataBytes, readChildren, readData } from './read.ts'
import { setDataOp, setDataTxn } from './set-data.ts'

const SUB_OPS: ReadonlyMap<number, AnyWriteOp> = new Map(
  [createOp, create2Op, createContainerOp, createTtlOp, deleteOp, setDataOp, checkOp].map((op) => [op.type, op]),
)
const SUB_TXNS: ReadonlyMap<number, AnyTxnKind> = new Map(
  [createTxn, create2Txn, createContainerTxn, createTtlTxn, deleteTxn, deleteContainerTxn, setDataTxn, checkTxn].map((kind) => [kind.type, kind]),
)

const scratch = new JuteWriter()

/** To one of the reads of a multiRead. */
type Answer = ReturnType<typeof readData> | ReturnType<typeof readChildren>

export const multiOp = writeOp<MultiRequest>({
  kind: 'write',
  type: OpCode.multi,
  name: 'multi',
  shortName: 'MULT',
  request: MultiRequest,
  undecodableTakesZxid: true,
  prepare: prepareMulti,
  reply: (result) => body(MultiResponse, result.multi!.map(subResult)),
})

/** Each operation sees what the earlier ones did; the first refusal takes everything back. */
function prepareMulti(context: PrepareContext, request: MultiRequest) {
  if (request.kind === 'read' || request.ops.some(({ record }) => (record as { path: string | null }).path === null)) return Code.MARSHALLINGERROR
  const txns: Txn[] = []
  let failed = false
  for (const { type, record } of request.ops) {
    if (failed) {
      txns.push(errorTxn(Code.RUNTIMEINCONSISTENCY))
      continue
    }
    const prepared = SUB_OPS.get(type)!.prepare(context, record as never)
    if (typeof prepared !== 'number') {
      txns.push({ type: prepared.type, data: encoded(prepared) })
      continue
    }
    // As in Java, what is not a refusal but a fault spoils the whole request.
    if (prepared === Code.MARSHALLINGERROR) return prepared
    context.view.rollback()
    failed = true
    txns.push(errorTxn(prepared))
  }
  return txn(OpCode.multi, MultiTxn, { txns })
}

function errorTxn(err: number): Txn {
  return { type: OpCode.error, data: encoded(body(ErrorTxn, { err })) }
}

function encoded(part: Body): Uint8Array {
  scratch.reset()
  writeBody(scratch, part)
  return scratch.copy()
}

function subResult(result: TxnResult): SubResult {
  if (result.type === OpCode.error) return { type: OpCode.error, err: result.err, body: undefined }
  // Creates that answer with a stat all answer as create2.
  const type = result.type === OpCode.createContainer || result.type === OpCode.createTTL ? OpCode.create2 : result.type
  return { type, err: result.err, body: SUB_OPS.get(result.type)?.reply(result) }
}

export const multiTxn = txnKind<MultiTxn>({
  type: OpCode.multi,
  name: 'multi',
  codec: MultiTxn,
  apply: applyMulti,
})

/** A multi with an error in it changes nothing: operations before the error report 0, those after it -2. */
function applyMulti(context: ApplyContext, header: TxnHeader, { txns }: MultiTxn, result: TxnResult): void {
  const parts = txns ?? []
  const failedAt = parts.findIndex((part) => part.type === OpCode.error)
  result.multi = []
  for (const [i, part] of parts.entries()) {
    if (failedAt !== -1) {
      const sub = emptyResult(OpCode.error)
      sub.err = i < failedAt ? Code.OK : i === failedAt ? readError(part) : Code.RUNTIMEINCONSISTENCY
      result.multi.push(sub)
      if (i === failedAt) result.err = sub.err
      continue
    }
    // As DataTree.processTxn: a sub-txn it cannot read ends the multi, what came before stays.
    const kind = SUB_TXNS.get(part.type)
    if (kind === undefined || part.data === null) return
    const sub = emptyResult(part.type)
    const reader = new JuteReader()
    reader.reset(part.data)
    let record: unknown
    try {
      record = kind.codec.read(reader)
    } catch (error) {
      if (error instanceof MalformedFrame) return
      throw error
    }
    kind.apply(context, header, record as never, sub)
    // What comes behind it may change the node again.
    if (sub.stat !== undefined) sub.stat = copyOf(sub.stat)
    result.multi.push(sub)
    if (sub.err !== Code.OK && result.err === Code.OK) result.err = sub.err
  }
}

/** The error's number; whatever may follow it in the record is left alone. */
function readError(part: Txn): number {
  if (part.data === null || part.data.length < 4) return Code.RUNTIMEINCONSISTENCY
  const reader = new JuteReader()
  reader.reset(part.data)
  return ErrorTxn.read(reader).err
}

export const multiReadOp = readOp<MultiRequest>({
  kind: 'read',
  type: OpCode.multiRead,
  name: 'multiRead',
  shortName: 'MLTR',
  request: MultiRequest,
  run(context, request) {
    const results: SubResult[] = []
    const spoiled = { ...body(MultiResponse, results), err: Code.MARSHALLINGERROR }
    if (request.kind === 'write') return spoiled
    let bytes = 0
    for (const { type, record } of request.ops) {
      const answer = type === OpCode.getData ? readData(context, (record as GetDataRequest).path) : readChildren(context, (record as GetChildrenRequest).path)
      // What was read before goes out with the refusal.
      if (answer === Code.MARSHALLINGERROR) return spoiled
      // One frame has room for fifty thousand reads of the largest node there is.
      bytes += typeof answer === 'number' ? 0 : sizeOf(answer)
      if (bytes > context.settings.multiReadMaxBytes) return Code.MARSHALLINGERROR
      results.push(subRead(type, answer))
    }
    return body(MultiResponse, results)
  },
  answerBytes(tree, { ops }) {
    let bytes = 0
    for (const { type, record } of ops) {
      const { path } = record as GetDataRequest | GetChildrenRequest
      bytes += type === OpCode.getData ? dataBytes(tree, path) : childrenBytes(tree, path)
    }
    return bytes
  },
})

function sizeOf(answer: Exclude<Answer, Code>): number {
  if ('data' in answer) return answer.data === null ? 0 : answer.data.length
  return namesBytes(answer)
}

function subRead(type: number, answer: Answer): SubResult {
  if (typeof answer === 'number') return { type: OpCode.error, err: answer, body: undefined }
  return { type, err: Code.OK, body: 'data' in answer ? body(GetDataResponse, answer) : body(ChildNames, answer) }
}

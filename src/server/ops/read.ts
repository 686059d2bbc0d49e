/** exists, getData, getChildren, getChildren2, getAllChildrenNumber, getEphemerals. */
import type { Stat } from '../../jute/generated/data.ts'
import {
  ExistsRequest,
  ExistsResponse,
  GetAllChildrenNumberRequest,
  GetAllChildrenNumberResponse,
  GetChildren2Request,
  GetChildrenRequest,
  GetDataRequest,
  GetDataResponse,
  GetEphemeralsRequest,
  GetEphemeralsResponse,
} from '../../jute/generated/proto.ts'
import { body } from '../../protocol/body.ts'
import type { Body } from '../../protocol/body.ts'
import { Code, OpCode, Perms } from '../../protocol/codes.ts'
import type { DataTree } from '../tree/data-tree.ts'
import { NO_NODE } from '../tree/node-store.ts'
import { areMany, ChildNames, ManyChildren } from './child-names.ts'
import type { Children } from './child-names.ts'
import { readOp } from './op.ts'
import type { LongAnswer, ReadContext } from './op.ts'

/** A guess: the names are not added up for it. */
const CHILD_BYTES = 32

/** What a node's data take in an answer. */
export function dataBytes({ store }: DataTree, path: string | null): number {
  const id = path === null ? NO_NODE : store.find(path)
  return id === NO_NODE ? 0 : store.dataLength(id)
}

/** About what the names of a node's children take in an answer. */
export function childrenBytes({ store }: DataTree, path: string | null): number {
  const id = path === null ? NO_NODE : store.find(path)
  return id === NO_NODE ? 0 : store.childCount(id) * CHILD_BYTES
}

/** The node's number when it is there and may be read. Node numbers are not negative, refusals are. */
function readable({ tree, access, ids }: ReadContext, path: string | null): number {
  if (path === null) return Code.MARSHALLINGERROR
  const id = tree.store.find(path)
  if (id === NO_NODE) return Code.NONODE
  return access.allows(tree.aclOf(id), Perms.READ, ids) ? id : Code.NOAUTH
}

/** Data is a view into the tree: good until the next write, and for good if it is long (NodeStore.lend). */
export function readData(context: ReadContext, path: string | null): { data: Uint8Array | null; stat: Stat } | Code {
  const id = readable(context, path)
  if (id < 0) return id as Code
  const { tree } = context
  const stat = tree.stat(id)
  tree.meter.onRead(path!, stat.dataLength)
  return { data: tree.store.lend(id), stat }
}

export function readChildren(context: ReadContext, path: string | null): Children | Code {
  const id = readable(context, path)
  return id < 0 ? (id as Code) : { tree: context.tree, id, path: path!, stat: undefined }
}

/** Of very many children the answer is asked for when it can be made, and all of it is of that moment. */
function tellChildren(context: ReadContext, path: string | null, watch: boolean, withStat: boolean): Body | LongAnswer | Code {
  const id = readable(context, path)
  if (id < 0) return id as Code
  if (!areMany(context.tree.store.childCount(id))) return body(ChildNames, watchedChildren(context, id, path!, watch, withStat))
  return new ManyChildren(() => {
    const then = readable(context, path)
    return then < 0 ? (then as Code) : watchedChildren(context, then, path!, watch, withStat)
  })
}

function watchedChildren({ tree, watches, watcher }: ReadContext, id: number, path: string, watch: boolean, withStat: boolean): Children {
  if (watch) watches.addChild(path, watcher)
  return { tree, id, path, stat: withStat ? tree.stat(id) : undefined }
}

/** A missing node may be watched for; an existing one only by those who may read it. */
export const existsOp = readOp<ExistsRequest>({
  kind: 'read',
  type: OpCode.exists,
  name: 'exists',
  shortName: 'EXIS',
  request: ExistsRequest,
  run(context, { path, watch }) {
    if (path === null) return Code.MARSHALLINGERROR
    if (path.includes('\0')) return Code.BADARGUMENTS
    const id = readable(context, path)
    if (id === Code.NOAUTH) return Code.NOAUTH
    if (watch) context.watches.addData(path, context.watcher)
    if (id < 0) return id as Code
    context.tree.meter.onRead(path, 0)
    return body(ExistsResponse, { stat: context.tree.stat(id) })
  },
})

export const getDataOp = readOp<GetDataRequest>({
  kind: 'read',
  type: OpCode.getData,
  name: 'getData',
  shortName: 'GETD',
  request: GetDataRequest,
  run(context, { path, watch }) {
    const answer = readData(context, path)
    if (typeof answer === 'number') return answer
    if (watch) context.watches.addData(path!, context.watcher)
    return body(GetDataResponse, answer)
  },
  answerBytes: (tree, { path }) => dataBytes(tree, path),
})

export const getChildrenOp = readOp<GetChildrenRequest>({
  kind: 'read',
  type: OpCode.getChildren,
  name: 'getChildren',
  shortName: 'GETC',
  request: GetChildrenRequest,
  run: (context, { path, watch }) => tellChildren(context, path, watch, false),
  answerBytes: (tree, { path }) => childrenBytes(tree, path),
})

export const getChildren2Op = readOp<GetChildren2Request>({
  kind: 'read',
  type: OpCode.getChildren2,
  name: 'getChildren2',
  shortName: 'GETC',
  request: GetChildren2Request,
  run: (context, { path, watch }) => tellChildren(context, path, watch, true),
  answerBytes: (tree, { path }) => childrenBytes(tree, path),
})

export const getAllChildrenNumberOp = readOp<GetAllChildrenNumberRequest>({
  kind: 'read',
  type: OpCode.getAllChildrenNumber,
  name: 'getAllChildrenNumber',
  shortName: 'GETACN',
  request: GetAllChildrenNumberRequest,
  run(context, { path }) {
    const id = readable(context, path)
    if (id < 0) return id as Code
    // As DataTree.getAllChildrenNumber: under its other name the root counts itself.
    const self = path === '' ? 1 : 0
    return body(GetAllChildrenNumberResponse, { totalNumber: context.tree.descendantCount(id) + self })
  },
})

export const getEphemeralsOp = readOp<GetEphemeralsRequest>({
  kind: 'read',
  type: OpCode.getEphemerals,
  name: 'getEphemerals',
  shortName: 'GETE',
  request: GetEphemeralsRequest,
  run({ tree, session }, { prefixPath }) {
    const all = [...tree.owners.ephemeralsOf(session)]
    const prefix = prefixPath === null ? '' : prefixPath
    const isEverything = javaTrim(prefix) === '' || javaTrim(prefix) === '/'
    return body(GetEphemeralsResponse, { ephemerals: isEverything ? all : all.filter((path) => path.startsWith(prefix)) })
  },
})

/** String.trim: everything up to and including the blank goes. No expression, which could take quadratic time. */
function javaTrim(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && text.charCodeAt(start) <= BLANK) start++
  while (end > start && text.charCodeAt(end - 1) <= BLANK) end--
  return text.slice(start, end)
}

const BLANK = 0x20

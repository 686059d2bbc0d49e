/** What clients ask for, as data; and the way from there to the frames of the protocol and back. */
import type { Codec } from '../jute/codec.ts'
import type { ACL, Stat } from '../jute/generated/data.ts'
import {
  CheckVersionRequest,
  CreateRequest,
  CreateResponse,
  DeleteRequest,
  ErrorResponse,
  ExistsRequest,
  ExistsResponse,
  GetChildren2Request,
  GetChildren2Response,
  GetDataRequest,
  GetDataResponse,
  MultiHeader,
  SetDataRequest,
  SetDataResponse,
  SyncRequest,
  SyncResponse,
} from '../jute/generated/proto.ts'
import type { JuteReader } from '../jute/reader.ts'
import type { JuteWriter } from '../jute/writer.ts'
import { OpCode } from '../protocol/codes.ts'

export type CreateMode = 'persistent' | 'ephemeral' | 'sequential'

export type Write =
  | { readonly kind: 'create'; readonly path: string; readonly data: string; readonly mode: CreateMode }
  | { readonly kind: 'set'; readonly path: string; readonly data: string; readonly version: number }
  | { readonly kind: 'delete'; readonly path: string; readonly version: number }
  | { readonly kind: 'check'; readonly path: string; readonly version: number }

export type Action =
  | Write
  | { readonly kind: 'multi'; readonly parts: readonly Write[] }
  | { readonly kind: 'get'; readonly path: string; readonly watch: boolean }
  | { readonly kind: 'exists'; readonly path: string; readonly watch: boolean }
  | { readonly kind: 'children'; readonly path: string; readonly watch: boolean }
  /** The data of several nodes at one moment. */
  | { readonly kind: 'getAll'; readonly paths: readonly string[] }
  | { readonly kind: 'sync'; readonly path: string }
  | { readonly kind: 'close' }

/** What an answer holds, as far as the action asks for it. */
export interface Answer {
  readonly err: number
  readonly path?: string
  readonly data?: string
  readonly stat?: Stat
  readonly children?: readonly string[]
  /** Of the parts of a multi, or of the nodes of a getAll. */
  readonly parts?: readonly Answer[]
}

const OPEN: ACL[] = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }]
const MODE_FLAGS: Record<CreateMode, number> = { persistent: 0, ephemeral: 1, sequential: 2 }

const TYPES: Record<Action['kind'], number> = {
  create: OpCode.create,
  set: OpCode.setData,
  delete: OpCode.delete,
  check: OpCode.check,
  multi: OpCode.multi,
  get: OpCode.getData,
  exists: OpCode.exists,
  children: OpCode.getChildren2,
  getAll: OpCode.multiRead,
  sync: OpCode.sync,
  close: OpCode.closeSession,
}

export function opCodeOf(action: Action): number {
  return TYPES[action.kind]
}

export function isWrite(action: Action): boolean {
  return ['create', 'set', 'delete', 'multi', 'close'].includes(action.kind)
}

/** The writes that an action consists of. */
export function writesOf(action: Action): readonly Write[] {
  if (action.kind === 'multi') return action.parts
  return action.kind === 'create' || action.kind === 'set' || action.kind === 'delete' ? [action] : []
}

export function encodeAction(w: JuteWriter, action: Action): void {
  switch (action.kind) {
    case 'create':
      return CreateRequest.write(w, { path: action.path, data: Buffer.from(action.data), acl: OPEN, flags: MODE_FLAGS[action.mode] })
    case 'set':
      return SetDataRequest.write(w, { path: action.path, data: Buffer.from(action.data), version: action.version })
    case 'delete':
      return DeleteRequest.write(w, { path: action.path, version: action.version })
    case 'check':
      return CheckVersionRequest.write(w, { path: action.path, version: action.version })
    case 'multi':
      return encodeParts(w, action.parts)
    case 'get':
      return GetDataRequest.write(w, { path: action.path, watch: action.watch })
    case 'exists':
      return ExistsRequest.write(w, { path: action.path, watch: action.watch })
    case 'children':
      return GetChildren2Request.write(w, { path: action.path, watch: action.watch })
    case 'getAll':
      return encodeParts(
        w,
        action.paths.map((path) => ({ kind: 'get', path, watch: false })),
      )
    case 'sync':
      return SyncRequest.write(w, { path: action.path })
    case 'close':
      return undefined
  }
}

function encodeParts(w: JuteWriter, parts: readonly Action[]): void {
  for (const part of parts) {
    MultiHeader.write(w, { type: TYPES[part.kind], done: false, err: -1 })
    encodeAction(w, part)
  }
  MultiHeader.write(w, { type: -1, done: true, err: -1 })
}

/** The answer behind a reply header with this error. */
export function decodeAnswer(r: JuteReader, action: Action, err: number): Answer {
  if (err !== 0) return { err }
  switch (action.kind) {
    case 'create':
      return { err, path: CreateResponse.read(r).path! }
    case 'set':
      return { err, stat: SetDataResponse.read(r).stat }
    case 'get': {
      const { data, stat } = GetDataResponse.read(r)
      return { err, data: textOf(data), stat }
    }
    case 'exists':
      return { err, stat: ExistsResponse.read(r).stat }
    case 'children': {
      const { children, stat } = GetChildren2Response.read(r)
      return { err, children: children!.map((name) => name!), stat }
    }
    case 'multi':
    case 'getAll':
      return { err, parts: decodeParts(r) }
    case 'sync':
      return { err, path: SyncResponse.read(r).path! }
    case 'delete':
    case 'check':
    case 'close':
      return { err }
  }
}

function decodeParts(r: JuteReader): Answer[] {
  const parts: Answer[] = []
  for (let header = MultiHeader.read(r); !header.done; header = MultiHeader.read(r)) {
    if (header.type === OpCode.error) parts.push({ err: (ErrorResponse as Codec<ErrorResponse>).read(r).err })
    else if (header.type === OpCode.create) parts.push({ err: 0, path: CreateResponse.read(r).path! })
    else if (header.type === OpCode.setData) parts.push({ err: 0, stat: SetDataResponse.read(r).stat })
    else if (header.type === OpCode.getData) {
      const { data, stat } = GetDataResponse.read(r)
      parts.push({ err: 0, data: textOf(data), stat })
    } else parts.push({ err: 0 })
  }
  return parts
}

/** Bytes of data as text to compare. */
export function textOf(data: Uint8Array | null): string {
  return data === null ? '' : Buffer.from(data).toString('latin1')
}

/** An action in a line. */
export function describe(action: Action): string {
  switch (action.kind) {
    case 'create':
    case 'set':
      return `${action.kind} ${action.path} "${action.data.slice(0, 16)}"`
    case 'delete':
    case 'check':
      return `${action.kind} ${action.path} v${action.version}`
    case 'multi':
      return `multi [${action.parts.map(describe).join(', ')}]`
    case 'get':
    case 'exists':
    case 'children':
      return `${action.kind} ${action.path}${action.watch ? ' and watch' : ''}`
    case 'getAll':
      return `getAll ${action.paths.join(' ')}`
    case 'sync':
      return `sync ${action.path}`
    case 'close':
      return 'close'
  }
}

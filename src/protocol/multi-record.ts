/**
 * The list of a multi or multiRead on the wire (MultiOperationRecord, MultiResponse): headers and records taking
 * turns, ended by a header that says done. Written as codecs over the generated records.
 */
import type { Codec } from '../jute/codec.ts'
import {
  CheckVersionRequest,
  CreateRequest,
  CreateTTLRequest,
  DeleteRequest,
  ErrorResponse,
  GetChildrenRequest,
  GetDataRequest,
  MultiHeader,
  SetDataRequest,
} from '../jute/generated/proto.ts'
import { MalformedFrame } from '../jute/malformed-frame.ts'
import type { JuteReader } from '../jute/reader.ts'
import type { JuteWriter } from '../jute/writer.ts'
import { writeBody } from './body.ts'
import type { Body } from './body.ts'
import { OpCode } from './codes.ts'
import { CONTAINER_FLAG, isCreateFlag, TTL_FLAG } from './create-modes.ts'

/** One operation of the list: `type` after the rewriting that decoding does. */
export interface SubRequest {
  readonly type: number
  readonly record: unknown
}

export interface MultiRequest {
  /** Undefined for an empty list. */
  readonly kind: 'read' | 'write' | undefined
  readonly ops: readonly SubRequest[]
}

export interface SubResult {
  readonly type: number
  readonly err: number
  readonly body: Body | undefined
}

const SUB_RECORDS: ReadonlyMap<number, Codec<unknown>> = new Map<number, Codec<unknown>>([
  [OpCode.create, CreateRequest],
  [OpCode.create2, CreateRequest],
  [OpCode.createContainer, CreateRequest],
  [OpCode.createTTL, CreateTTLRequest],
  [OpCode.delete, DeleteRequest],
  [OpCode.setData, SetDataRequest],
  [OpCode.check, CheckVersionRequest],
  [OpCode.getData, GetDataRequest],
  [OpCode.getChildren, GetChildrenRequest],
])

const END: MultiHeader = { type: -1, done: true, err: -1 }

export const MultiRequest: Codec<MultiRequest> = {
  name: 'MultiOperationRecord',
  read(r: JuteReader): MultiRequest {
    const ops: SubRequest[] = []
    let kind: MultiRequest['kind']
    for (let header = MultiHeader.read(r); !header.done; header = MultiHeader.read(r)) {
      const codec = SUB_RECORDS.get(header.type)
      if (codec === undefined) throw new MalformedFrame('value', `a multi cannot hold operations of type ${header.type}`)
      const opKind = isRead(header.type) ? 'read' : 'write'
      if (kind !== undefined && kind !== opKind) throw new MalformedFrame('value', 'a multi holds either reads or writes')
      kind = opKind
      const record = codec.read(r)
      ops.push({ type: subType(header.type, record), record })
    }
    return { kind, ops }
  },
  write(w: JuteWriter, { ops }: MultiRequest): void {
    for (const { type, record } of ops) {
      MultiHeader.write(w, { type, done: false, err: -1 })
      SUB_RECORDS.get(type)!.write(w, record)
    }
    MultiHeader.write(w, END)
  },
}

function isRead(type: number): boolean {
  return type === OpCode.getData || type === OpCode.getChildren
}

/** What kind of create it really is: unlike on its own, the flag decides inside a multi. */
function subType(type: number, record: unknown): number {
  switch (type) {
    case OpCode.create:
    case OpCode.create2:
    case OpCode.createContainer: {
      const { flags, acl } = record as CreateRequest
      if (!isCreateFlag(flags)) throw new MalformedFrame('value', `a multi holds a create with flags ${flags}`)
      if (acl === null) throw new MalformedFrame('null', 'a create of a multi has a null ACL')
      if (flags >= TTL_FLAG) throw new MalformedFrame('value', 'a create of a multi has TTL flags but no time to live')
      return flags === CONTAINER_FLAG ? OpCode.createContainer : type
    }
    case OpCode.createTTL: {
      const { flags } = record as CreateTTLRequest
      if (flags === CONTAINER_FLAG) return OpCode.createContainer
      return isCreateFlag(flags) && flags >= TTL_FLAG ? OpCode.createTTL : OpCode.create
    }
    default:
      return type
  }
}

export const MultiResponse: Codec<readonly SubResult[]> = {
  name: 'MultiResponse',
  write(w: JuteWriter, results: readonly SubResult[]): void {
    for (const { type, err, body } of results) {
      MultiHeader.write(w, { type, done: false, err })
      if (type === OpCode.error) ErrorResponse.write(w, { err })
      else if (body !== undefined) writeBody(w, body)
    }
    MultiHeader.write(w, END)
  },
  read(): never {
    throw new MalformedFrame('value', 'a server does not read the answer to a multi')
  },
}

// Requests read back from their bytes, so that everything a run wants to know of a request (its effect, its name in a report, whether it may be
// sent at all) is worked out from what is really sent, damaged or not.
import type { Codec } from '../../src/jute/codec.ts'
import type { ACL } from '../../src/jute/generated/data.ts'
import {
  AddWatchRequest,
  AuthPacket,
  CheckVersionRequest,
  CheckWatchesRequest,
  CreateRequest,
  CreateTTLRequest,
  DeleteRequest,
  ExistsRequest,
  GetACLRequest,
  GetAllChildrenNumberRequest,
  GetChildren2Request,
  GetChildrenRequest,
  GetDataRequest,
  GetEphemeralsRequest,
  MultiHeader,
  ReconfigRequest,
  RemoveWatchesRequest,
  RequestHeader,
  SetACLRequest,
  SetDataRequest,
  SetSASLRequest,
  SetWatches,
  SetWatches2,
  SyncRequest,
} from '../../src/jute/generated/proto.ts'
import { MalformedFrame } from '../../src/jute/malformed-frame.ts'
import { JuteReader } from '../../src/jute/reader.ts'
import { OpCode } from '../../src/protocol/codes.ts'

/** The body of every type that has one. */
export const requestCodecs: ReadonlyMap<number, Codec<unknown>> = new Map(
  Object.entries({
    [OpCode.create]: CreateRequest,
    [OpCode.create2]: CreateRequest,
    [OpCode.createContainer]: CreateRequest,
    [OpCode.createTTL]: CreateTTLRequest,
    [OpCode.delete]: DeleteRequest,
    [OpCode.exists]: ExistsRequest,
    [OpCode.getData]: GetDataRequest,
    [OpCode.setData]: SetDataRequest,
    [OpCode.getACL]: GetACLRequest,
    [OpCode.setACL]: SetACLRequest,
    [OpCode.getChildren]: GetChildrenRequest,
    [OpCode.getChildren2]: GetChildren2Request,
    [OpCode.getAllChildrenNumber]: GetAllChildrenNumberRequest,
    [OpCode.getEphemerals]: GetEphemeralsRequest,
    [OpCode.sync]: SyncRequest,
    [OpCode.check]: CheckVersionRequest,
    [OpCode.reconfig]: ReconfigRequest,
    [OpCode.checkWatches]: CheckWatchesRequest,
    [OpCode.removeWatches]: RemoveWatchesRequest,
    [OpCode.addWatch]: AddWatchRequest,
    [OpCode.setWatches]: SetWatches,
    [OpCode.setWatches2]: SetWatches2,
    [OpCode.auth]: AuthPacket,
    [OpCode.sasl]: SetSASLRequest,
  }).map(([type, codec]) => [Number(type), codec as Codec<unknown>]),
)

/** The fields that the bodies have in common; each is there only in the types that have it. */
export interface RequestBody {
  readonly path?: string | null
  readonly data?: Uint8Array | null
  readonly acl?: ACL[] | null
  readonly flags?: number
  readonly ttl?: bigint
  readonly version?: number
  readonly watch?: boolean
  readonly mode?: number
  readonly type?: number
  readonly scheme?: string | null
  readonly auth?: Uint8Array | null
}

export interface Operation {
  readonly type: number
  /** Undefined where the bytes do not hold it, or where the type has none. */
  readonly body: RequestBody | undefined
}

export interface DecodedRequest extends Operation {
  readonly xid: number
  /** The operations of a multi or multiRead, as far as they could be read. */
  readonly operations: readonly Operation[]
  /** The whole request could be read. */
  readonly sound: boolean
}

const typeNames = new Map<number, string>(Object.entries(OpCode).map(([name, type]) => [type, name]))
// Numbers that mean something elsewhere, but not as the type of a request.
typeNames.delete(OpCode.error)
typeNames.delete(OpCode.notification)

/** A type by the name of its operation, or its number. */
export function typeName(type: number): string {
  return typeNames.get(type) ?? `type ${type}`
}

const reader = new JuteReader()

/** Undefined when the payload has not even a header. */
export function decodeRequest(payload: Uint8Array): DecodedRequest | undefined {
  if (payload.length < 8) return undefined
  reader.reset(payload)
  const { xid, type } = RequestHeader.read(reader)
  if (type === OpCode.multi || type === OpCode.multiRead) return { xid, type, body: undefined, ...readOperations() }
  const codec = requestCodecs.get(type)
  if (codec === undefined) return { xid, type, body: undefined, operations: [], sound: true }
  const body = attempt(() => codec.read(reader) as RequestBody)
  return { xid, type, body, operations: [], sound: body !== undefined }
}

function readOperations(): Pick<DecodedRequest, 'operations' | 'sound'> {
  const operations: Operation[] = []
  for (;;) {
    const header = attempt(() => MultiHeader.read(reader))
    if (header === undefined) return { operations, sound: false }
    if (header.done) return { operations, sound: true }
    const codec = requestCodecs.get(header.type)
    if (codec === undefined) return { operations, sound: false }
    const body = attempt(() => codec.read(reader) as RequestBody)
    operations.push({ type: header.type, body })
    if (body === undefined) return { operations, sound: false }
  }
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof MalformedFrame) return undefined
    throw error
  }
}

/** Types that change the tree or the sessions. */
const writes = new Set<number>([
  OpCode.create,
  OpCode.create2,
  OpCode.createContainer,
  OpCode.createTTL,
  OpCode.delete,
  OpCode.setData,
  OpCode.setACL,
  OpCode.multi,
  OpCode.reconfig,
  OpCode.closeSession,
])

export function isWrite(type: number): boolean {
  return writes.has(type)
}

const creates = new Set<number>([OpCode.create, OpCode.create2, OpCode.createContainer, OpCode.createTTL])

export function isCreate(type: number): boolean {
  return creates.has(type)
}

/** A request in one line for people. */
export function describeRequest(payload: Uint8Array): string {
  const request = decodeRequest(payload)
  if (request === undefined) return `bytes ${hex(payload)}`
  const name = `${typeName(request.type)} xid=${request.xid}`
  if (request.type === OpCode.multi || request.type === OpCode.multiRead) {
    const parts = request.operations.map((operation) => `${typeName(operation.type)} ${describeBody(operation.body)}`)
    return `${name} [${parts.join('; ')}]${request.sound ? '' : ` unsound: ${hex(payload.subarray(8))}`}`
  }
  if (!request.sound) return `${name} unsound: ${hex(payload.subarray(8))}`
  return `${name} ${request.body === undefined ? hex(payload.subarray(8)) : describeBody(request.body)}`
}

function describeBody(body: RequestBody | undefined): string {
  if (body === undefined) return 'unsound'
  return Object.entries(body)
    .map(([field, value]) => `${field}=${describeValue(value)}`)
    .join(' ')
}

function describeValue(value: unknown): string {
  if (value instanceof Uint8Array) return value.length === 0 ? 'empty' : hex(value)
  if (typeof value === 'bigint') return `${value}`
  return JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? `${inner}` : inner))
}

const HEX_LIMIT = 160

function hex(bytes: Uint8Array): string {
  const shown = Buffer.from(bytes.subarray(0, HEX_LIMIT)).toString('hex')
  return bytes.length > HEX_LIMIT ? `${shown}… (${bytes.length} bytes)` : shown
}

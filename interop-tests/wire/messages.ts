// Requests into bytes and replies out of them, through the project's own Jute codecs. A reply says nothing about its kind, so it is decoded by
// the type of the request it answers; what cannot be decoded is kept as bytes.
import type { Codec } from '../../src/jute/codec.ts'
import { ConnectRequestV33, ConnectResponseV33 } from '../../src/jute/generated/legacy.ts'
import {
  ConnectRequest,
  ConnectResponse,
  Create2Response,
  CreateResponse,
  ErrorResponse,
  ExistsResponse,
  GetACLResponse,
  GetAllChildrenNumberResponse,
  GetChildren2Response,
  GetChildrenResponse,
  GetDataResponse,
  GetEphemeralsResponse,
  MultiHeader,
  ReplyHeader,
  RequestHeader,
  SetACLResponse,
  SetDataResponse,
  SetSASLResponse,
  SyncResponse,
  WatcherEvent,
  WhoAmIResponse,
} from '../../src/jute/generated/proto.ts'
import { MalformedFrame } from '../../src/jute/malformed-frame.ts'
import { JuteReader } from '../../src/jute/reader.ts'
import { JuteWriter } from '../../src/jute/writer.ts'
import { OpCode } from '../../src/protocol/codes.ts'

export const NOTIFICATION_XID = -1
export const PING_XID = -2

const writer = new JuteWriter({ supplementary: 'cesu8' })
const reader = new JuteReader({ maxLength: 0x7fffffff })

/** One record as bytes. */
export function encode<T>(codec: Codec<T>, record: T): Uint8Array {
  writer.reset()
  codec.write(writer, record)
  return Uint8Array.from(writer.copy())
}

/** One record from the beginning of `bytes`; undefined when they do not hold it. What follows it is ignored. */
export function decode<T>(codec: Codec<T>, bytes: Uint8Array): T | undefined {
  reader.reset(bytes)
  return tolerant(() => codec.read(reader))
}

/** A request's payload: the header and, for operations that have one, the body. */
export function request(xid: number, type: number): Uint8Array
export function request<T>(xid: number, type: number, codec: Codec<T>, body: T): Uint8Array
export function request<T>(xid: number, type: number, codec?: Codec<T>, body?: T): Uint8Array {
  writer.reset()
  RequestHeader.write(writer, { xid, type })
  if (codec !== undefined) codec.write(writer, body as T)
  return Uint8Array.from(writer.copy())
}

/** One operation within a multi. */
export interface MultiOperation {
  readonly type: number
  readonly body: Uint8Array
}

/** The body of a multi: its operations and the header that ends the list. */
export function multiBody(operations: readonly MultiOperation[]): Uint8Array {
  writer.reset()
  for (const { type, body } of operations) {
    MultiHeader.write(writer, { type, done: false, err: -1 })
    writer.raw(body)
  }
  MultiHeader.write(writer, { type: OpCode.error, done: true, err: -1 })
  return Uint8Array.from(writer.copy())
}

/** A request whose body is bytes already. */
export function requestWithBytes(xid: number, type: number, body: Uint8Array): Uint8Array {
  return Buffer.concat([request(xid, type), body])
}

/** A payload of the handshake; the old form lacks the readOnly byte. */
export function connectRequest(record: ConnectRequest, form: 'new' | 'old' = 'new'): Uint8Array {
  return form === 'new' ? encode(ConnectRequest, record) : encode(ConnectRequestV33, record)
}

/** The answer to a handshake of that form; undefined unless the payload is exactly one. */
export function connectResponse(payload: Uint8Array, form: 'new' | 'old' = 'new'): ConnectResponse | undefined {
  reader.reset(payload)
  return tolerant(() => {
    const record = form === 'new' ? ConnectResponse.read(reader) : { ...ConnectResponseV33.read(reader), readOnly: false }
    return reader.remaining === 0 ? record : undefined
  })
}

/** One result of a multi. `done` is set on the header behind the last. */
export interface MultiResult {
  readonly header: MultiHeader
  readonly body: Body | null
}

/** A record together with its codec, so that it can be encoded again. */
export interface Body {
  readonly codec: Codec<unknown>
  readonly record: unknown
}

export type ReplyBody = { readonly kind: 'none' } | ({ readonly kind: 'record' } & Body) | { readonly kind: 'multi'; readonly results: readonly MultiResult[] }

export interface Reply {
  readonly header: ReplyHeader
  readonly body: ReplyBody
  /** Bytes that belong to nothing known; empty for every sound reply. */
  readonly rest: Uint8Array
}

/** The record in a reply without error, by type of request. Types that are not listed are answered by the header alone. */
const replyCodecs = new Map<number, Codec<unknown>>(
  Object.entries({
    [OpCode.create]: CreateResponse,
    [OpCode.create2]: Create2Response,
    [OpCode.createContainer]: Create2Response,
    [OpCode.createTTL]: Create2Response,
    [OpCode.exists]: ExistsResponse,
    [OpCode.getData]: GetDataResponse,
    [OpCode.setData]: SetDataResponse,
    [OpCode.getACL]: GetACLResponse,
    [OpCode.setACL]: SetACLResponse,
    [OpCode.getChildren]: GetChildrenResponse,
    [OpCode.getChildren2]: GetChildren2Response,
    [OpCode.sync]: SyncResponse,
    [OpCode.reconfig]: GetDataResponse,
    [OpCode.sasl]: SetSASLResponse,
    [OpCode.getEphemerals]: GetEphemeralsResponse,
    [OpCode.getAllChildrenNumber]: GetAllChildrenNumberResponse,
    [OpCode.addWatch]: ErrorResponse,
    [OpCode.whoAmI]: WhoAmIResponse,
  }).map(([type, codec]) => [Number(type), codec as Codec<unknown>]),
)

/** The record of one result of a multi, by the type in its header; null where the header is all. */
const resultCodecs = new Map<number, Codec<unknown> | null>([
  [OpCode.create, CreateResponse],
  [OpCode.create2, Create2Response],
  [OpCode.delete, null],
  [OpCode.check, null],
  [OpCode.setData, SetDataResponse],
  [OpCode.getData, GetDataResponse],
  [OpCode.getChildren, GetChildrenResponse],
  [OpCode.error, ErrorResponse],
])

/** Decodes the reply to a request of that type; undefined when not even its header is there. */
export function decodeReply(type: number, payload: Uint8Array): Reply | undefined {
  reader.reset(payload)
  const header = tolerant(() => ReplyHeader.read(reader))
  if (header === undefined) return undefined
  const start = reader.position
  const body = reader.remaining === 0 ? undefined : tolerant(() => readBody(type))
  if (body === undefined) return { header, body: { kind: 'none' }, rest: payload.subarray(start) }
  return { header, body, rest: payload.subarray(reader.position) }
}

/** The record of an answer that has one. */
export function recordOf<T>({ header, body }: Reply): T {
  if (body.kind !== 'record') throw new Error(`an answer with ${header.err} and without a record`)
  return body.record as T
}

/** Encodes a decoded reply again, for a comparison with what had arrived. */
export function encodeReply(reply: Reply): Uint8Array {
  writer.reset()
  ReplyHeader.write(writer, reply.header)
  if (reply.body.kind === 'record') reply.body.codec.write(writer, reply.body.record)
  if (reply.body.kind === 'multi') {
    for (const { header, body } of reply.body.results) {
      MultiHeader.write(writer, header)
      if (body !== null) body.codec.write(writer, body.record)
    }
  }
  writer.raw(reply.rest)
  return writer.copy()
}

export interface Notification {
  readonly header: ReplyHeader
  readonly event: WatcherEvent
}

/** A watch event; undefined when the payload is anything else. */
export function decodeNotification(payload: Uint8Array): Notification | undefined {
  reader.reset(payload)
  return tolerant(() => {
    const header = ReplyHeader.read(reader)
    if (header.xid !== NOTIFICATION_XID || header.err !== 0) return undefined
    const event = WatcherEvent.read(reader)
    // A reply to a request that was sent with the xid of notifications could be taken for one: real ones have no other states and types.
    if (reader.remaining !== 0 || event.state !== 3 || event.type < 1 || event.type > 4) return undefined
    return { header, event }
  })
}

function readBody(type: number): ReplyBody | undefined {
  if (type === OpCode.multi || type === OpCode.multiRead) return { kind: 'multi', results: readResults() }
  const codec = replyCodecs.get(type)
  if (codec === undefined) return undefined
  return { kind: 'record', codec, record: codec.read(reader) }
}

function readResults(): MultiResult[] {
  const results: MultiResult[] = []
  for (;;) {
    const header = MultiHeader.read(reader)
    const codec = header.done ? null : resultCodecs.get(header.type)
    if (codec === undefined) throw new MalformedFrame('end', `a result of type ${header.type}`)
    results.push({ header, body: codec === null ? null : { codec, record: codec.read(reader) } })
    if (header.done) return results
  }
}

function tolerant<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof MalformedFrame) return undefined
    throw error
  }
}

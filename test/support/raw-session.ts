// A client of raw frames on a fake network: what it is told it keeps, in order, until a test looks at it.
import type { Codec } from '../../src/jute/codec.ts'
import { ConnectRequest, ConnectResponse, ReplyHeader, RequestHeader, WatcherEvent } from '../../src/jute/generated/proto.ts'
import { ConnectRequestV33, ConnectResponseV33 } from '../../src/jute/generated/legacy.ts'
import { JuteReader } from '../../src/jute/reader.ts'
import { JuteWriter } from '../../src/jute/writer.ts'
import type { FakeHost } from './fake-host.ts'
import type { FakeSocket } from './fake-network.ts'
import type { Asked } from './requests.ts'
import { encode } from './requests.ts'

export interface Reply<R = unknown> {
  readonly kind: 'reply'
  readonly xid: number
  readonly zxid: bigint
  readonly err: number
  /** Everything behind the header. */
  readonly bytes: Uint8Array
  /** Decoded where the error is 0 and the request says how. */
  readonly body: R
}

export interface Event {
  readonly kind: 'event'
  readonly zxid: bigint
  readonly type: number
  readonly state: number
  readonly path: string | null
}

/** A length and what follows it. */
export function frame(payload: Uint8Array): Uint8Array {
  const w = new JuteWriter()
  w.int(payload.length)
  w.raw(payload)
  return w.copy()
}

export function requestFrame(xid: number, type: number, body: Uint8Array): Uint8Array {
  return frame(Buffer.concat([encode(RequestHeader, { xid, type }), body]))
}

/** One TCP connection, with no idea of what the bytes mean. */
export class RawConnection {
  readonly socket: FakeSocket
  readonly host: FakeHost
  /** The server has sent FIN or is gone. */
  isEnded = false
  #received: Uint8Array = new Uint8Array(0)

  constructor(host: FakeHost, socket: FakeSocket) {
    this.host = host
    this.socket = socket
    socket.handlers = {
      onData: (bytes) => (this.#received = Buffer.concat([this.#received, bytes])),
      onDrain: () => {},
      onEnd: () => {
        this.isEnded = true
        socket.end()
      },
      onClose: () => (this.isEnded = true),
    }
  }

  send(...chunks: Uint8Array[]): void {
    for (const chunk of chunks) this.socket.write(chunk)
  }

  get receivedBytes(): number {
    return this.#received.length
  }

  /** Everything received and not taken yet. */
  takeBytes(): Uint8Array {
    const bytes = this.#received
    this.#received = new Uint8Array(0)
    return bytes
  }

  /** The next frame's payload; undefined when none is there whole. */
  takeFrame(): Uint8Array | undefined {
    if (this.#received.length < 4) return undefined
    const length = Buffer.from(this.#received).readInt32BE(0)
    if (this.#received.length < 4 + length) return undefined
    const payload = this.#received.subarray(4, 4 + length)
    this.#received = this.#received.subarray(4 + length)
    return payload
  }
}

export interface HandshakeOptions {
  readonly timeOut?: number
  readonly sessionId?: bigint
  readonly passwd?: Uint8Array | null
  readonly lastZxidSeen?: bigint
  readonly protocolVersion?: number
  /** Undefined: the old form without the byte. */
  readonly readOnly?: boolean | undefined
}

export function connectRequest(options: HandshakeOptions = {}): Uint8Array {
  const record = {
    protocolVersion: options.protocolVersion ?? 0,
    lastZxidSeen: options.lastZxidSeen ?? 0n,
    timeOut: options.timeOut ?? 10_000,
    sessionId: options.sessionId ?? 0n,
    passwd: options.passwd === undefined ? new Uint8Array(16) : options.passwd,
  }
  if ('readOnly' in options && options.readOnly === undefined) return frame(encode(ConnectRequestV33, record))
  return frame(encode(ConnectRequest, { ...record, readOnly: options.readOnly ?? false }))
}

/** Above the handshake: requests by their records, answers and events apart. */
export class RawSession {
  readonly connection: RawConnection
  /** Undefined when the server closed without a word. */
  readonly handshake: ConnectResponseV33 | undefined
  readonly events: Event[] = []
  #asked: { xid: number; response: Codec<unknown> | undefined }[] = []
  #nextXid = 1

  /** Shakes hands at once; `behind` goes out in the same segment. */
  constructor(connection: RawConnection, options: HandshakeOptions = {}, behind: Uint8Array[] = []) {
    this.connection = connection
    connection.send(Buffer.concat([connectRequest(options), ...behind]))
    connection.host.settle()
    const payload = connection.takeFrame()
    if (payload === undefined) return
    const reader = readerOf(payload)
    this.handshake = payload.length === 37 ? ConnectResponse.read(reader) : ConnectResponseV33.read(reader)
  }

  get id(): bigint {
    return this.handshake!.sessionId
  }

  get password(): Uint8Array {
    return this.handshake!.passwd!
  }

  get isEnded(): boolean {
    return this.connection.isEnded
  }

  /** Sends and does not wait; returns the xid. */
  send(asked: Asked, xid = this.#nextXid++): number {
    this.#asked.push({ xid, response: asked.response })
    this.connection.send(requestFrame(xid, asked.type, asked.body))
    return xid
  }

  /** Sends, lets the server come to rest and returns the answer; events before it are in `events`. */
  call<R>(asked: Asked<R>, xid?: number): Reply<R> {
    this.send(asked, xid)
    this.connection.host.settle()
    const reply = this.replies().at(-1)
    if (reply === undefined) throw new Error(`no answer to a request of type ${asked.type}`)
    return reply as Reply<R>
  }

  /** The error of the answer. */
  err(asked: Asked): number {
    return this.call(asked).err
  }

  /** The body of the answer, which must be good. */
  ok<R>(asked: Asked<R>): R {
    const reply = this.call(asked)
    if (reply.err !== 0) throw new Error(`a request of type ${asked.type} was answered ${reply.err}`)
    return reply.body
  }

  /** The answers that have come in, events set aside. */
  replies(): Reply[] {
    const replies: Reply[] = []
    for (const message of this.messages()) {
      if (message.kind === 'reply') replies.push(message)
      else this.events.push(message)
    }
    return replies
  }

  takeEvents(): Event[] {
    this.events.push(...this.messages().filter((message) => message.kind === 'event'))
    return this.events.splice(0)
  }

  /** Everything that has come in, in order. */
  messages(): (Reply | Event)[] {
    const messages: (Reply | Event)[] = []
    for (let payload = this.connection.takeFrame(); payload !== undefined; payload = this.connection.takeFrame()) {
      messages.push(this.#read(payload))
    }
    return messages
  }

  #read(payload: Uint8Array): Reply | Event {
    const reader = readerOf(payload)
    const { xid, zxid, err } = ReplyHeader.read(reader)
    if (xid === -1 && this.#asked[0]?.xid !== -1) {
      const { type, state, path } = WatcherEvent.read(reader)
      return { kind: 'event', zxid, type, state, path }
    }
    const response = this.#asked.shift()?.response
    const bytes = payload.subarray(reader.position)
    const body = err === 0 && response !== undefined ? response.read(reader) : undefined
    return { kind: 'reply', xid, zxid, err, bytes, body }
  }
}

function readerOf(payload: Uint8Array): JuteReader {
  const reader = new JuteReader({ maxLength: 0x7fff_ffff })
  reader.reset(payload)
  return reader
}

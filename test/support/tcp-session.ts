// A client of frames over TCP: what it asks is answered by a promise, so that a test can leave it open while the world changes.
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import type { Codec } from '../../src/jute/codec.ts'
import { ConnectResponse, ReplyHeader, WatcherEvent } from '../../src/jute/generated/proto.ts'
import { JuteReader } from '../../src/jute/reader.ts'
import { connectRequest, requestFrame } from './raw-session.ts'
import type { Event, HandshakeOptions, Reply } from './raw-session.ts'
import type { Asked } from './requests.ts'

const NOTIFICATION_XID = -1
const LIMIT_MS = 60_000

export class ConnectionLost extends Error {}

interface Waiting {
  readonly xid: number
  readonly response: Codec<unknown> | undefined
  readonly resolve: (reply: Reply) => void
  readonly reject: (error: Error) => void
}

export class TcpSession {
  readonly events: Event[] = []
  readonly handshake: ConnectResponse
  readonly #socket: Socket
  readonly #waiting: Waiting[] = []
  #nextXid = 1
  #onEvent: (() => void)[] = []
  /** Of the last answer. */
  zxid = 0n

  /** Shakes hands with a member that serves; throws ConnectionLost when it does not. */
  static async open(port: number, options: HandshakeOptions = {}): Promise<TcpSession> {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true })
    socket.on('error', () => {})
    const frames = new Frames()
    const first = new Promise<Uint8Array>((resolve, reject) => {
      frames.onFrame = resolve
      socket.once('close', () => reject(new ConnectionLost('no answer to the handshake')))
    })
    socket.on('data', (bytes) => frames.take(bytes))
    socket.write(connectRequest(options))
    const payload = await first
    return new TcpSession(socket, frames, ConnectResponse.read(readerOf(payload)))
  }

  private constructor(socket: Socket, frames: Frames, handshake: ConnectResponse) {
    this.#socket = socket
    this.handshake = handshake
    frames.onFrame = (payload) => this.#take(payload)
    socket.on('close', () => {
      for (const { reject } of this.#waiting.splice(0)) reject(new ConnectionLost('the connection is lost'))
    })
  }

  get id(): bigint {
    return this.handshake.sessionId
  }

  /** What it takes to come back. */
  get identity(): HandshakeOptions {
    return { sessionId: this.id, passwd: this.handshake.passwd, timeOut: this.handshake.timeOut, lastZxidSeen: this.zxid }
  }

  /** The answer; rejects with ConnectionLost when there will be none. */
  call<R>(asked: Asked<R>, xid = this.#nextXid++): Promise<Reply<R>> {
    const answered = new Promise<Reply>((resolve, reject) => {
      if (this.#socket.destroyed) reject(new ConnectionLost('the connection was lost'))
      else this.#waiting.push({ xid, response: asked.response, resolve, reject })
    })
    this.#socket.write(requestFrame(xid, asked.type, asked.body))
    return answered as Promise<Reply<R>>
  }

  /** The body of an answer that must be good. */
  async ok<R>(asked: Asked<R>): Promise<R> {
    const { err, body } = await this.call(asked)
    if (err !== 0) throw new Error(`a request of type ${asked.type} was answered ${err}`)
    return body
  }

  /** The next event, which may have come already. */
  async event(): Promise<Event> {
    if (this.events.length === 0) await new Promise<void>((resolve) => this.#onEvent.push(resolve))
    return this.events.shift()!
  }

  /** Breaks the connection; the session lives on. */
  async drop(): Promise<void> {
    if (this.#socket.closed) return
    const closed = once(this.#socket, 'close', { signal: AbortSignal.timeout(LIMIT_MS) })
    this.#socket.destroy()
    await closed
  }

  #take(payload: Uint8Array): void {
    const reader = readerOf(payload)
    const { xid, zxid, err } = ReplyHeader.read(reader)
    if (xid === NOTIFICATION_XID) {
      const { type, state, path } = WatcherEvent.read(reader)
      this.events.push({ kind: 'event', zxid, type, state, path })
      this.#onEvent.shift()?.()
      return
    }
    const waiting = this.#waiting.shift()!
    if (waiting.xid !== xid) throw new Error(`answer ${xid} where ${waiting.xid} is due`)
    if (zxid > this.zxid) this.zxid = zxid
    const bytes = payload.subarray(reader.position)
    const body = err === 0 ? waiting.response?.read(reader) : undefined
    waiting.resolve({ kind: 'reply', xid, zxid, err, bytes, body })
  }
}

class Frames {
  onFrame: (payload: Uint8Array) => void = () => {}
  #bytes = Buffer.alloc(0)

  take(bytes: Uint8Array): void {
    this.#bytes = Buffer.concat([this.#bytes, bytes])
    while (this.#bytes.length >= 4 && this.#bytes.length >= 4 + this.#bytes.readInt32BE(0)) {
      const end = 4 + this.#bytes.readInt32BE(0)
      const payload = this.#bytes.subarray(4, end)
      this.#bytes = this.#bytes.subarray(end)
      this.onFrame(payload)
    }
  }
}

function readerOf(payload: Uint8Array): JuteReader {
  const reader = new JuteReader({ maxLength: 0x7fff_ffff })
  reader.reset(payload)
  return reader
}

/**
 * A client in virtual time: one session at a time over the raw protocol, with pings, timeouts, reconnects and watches as
 * the stock clients have them. It does what it is asked and tells an observer what it sent and what it heard.
 */
import { ConnectRequest, ConnectResponse, ReplyHeader, RequestHeader, WatcherEvent } from '../jute/generated/proto.ts'
import { JuteReader } from '../jute/reader.ts'
import { JuteWriter } from '../jute/writer.ts'
import { OpCode } from '../protocol/codes.ts'
import type { Timer } from '../server/host/host.ts'
import { decodeAnswer, describe, encodeAction, opCodeOf } from './actions.ts'
import type { Action, Answer } from './actions.ts'
import type { SimProcess } from './sim-process.ts'
import type { SimSocket } from './sim-socket.ts'
import { WatchBook } from './watch-book.ts'
import { Violation } from './world.ts'

export interface Asked {
  readonly xid: number
  readonly action: Action
  /** Distinguishes the connections of a session. */
  readonly connection: number
}

export interface ClientObserver {
  onAsked(client: SimClient, asked: Asked): void
  onAnswered(client: SimClient, asked: Asked, zxid: bigint, answer: Answer): void
  onEvent(client: SimClient, zxid: bigint, type: number, path: string): void
  /** A new session, or an old one on a new connection. */
  onConnected(client: SimClient): void
  /** The connection is gone; what was asked on it and not answered may have happened or may not. */
  onDisconnected(client: SimClient): void
}

/** Where a server listens. */
export interface ServerAddress {
  readonly address: string
  readonly port: number
}

const NOTIFICATION_XID = -1
const PING_XID = -2
const SET_WATCHES_XID = -8
const NO_PASSWORD = new Uint8Array(16)
const LONGEST_BACKOFF_MS = 150

type Stage = 'idle' | 'connecting' | 'handshake' | 'connected' | 'gone'

export class SimClient {
  readonly process: SimProcess
  readonly name: string
  sessionId = 0n
  socket: SimSocket | undefined
  readonly #servers: readonly ServerAddress[]
  readonly #timeoutMs: number
  readonly #observer: ClientObserver
  /** Takes a server that only serves reads. */
  readonly #isOnlooker: boolean
  /** It is with a server without a quorum, which has a session of its own for it. */
  isReadOnly = false
  readonly #writer = new JuteWriter({ supplementary: 'cesu8' })
  readonly #reader = new JuteReader({ maxLength: 0x7fff_ffff })
  readonly #watches = new WatchBook()
  #stage: Stage = 'idle'
  #password: Uint8Array = NO_PASSWORD
  #lastZxidSeen = 0n
  #nextXid = 1
  #connection = 0
  #asked: Asked[] = []
  #received: Uint8Array = new Uint8Array(0)
  #negotiatedMs = 0
  #connectedAt = 0
  #heardAt = 0
  #timer: Timer | undefined

  /** Tries any of the servers at each connect. */
  constructor(owner: SimProcess, servers: readonly ServerAddress[], timeoutMs: number, observer: ClientObserver, isOnlooker = false) {
    this.process = owner
    this.name = owner.name
    this.#servers = servers
    this.#timeoutMs = timeoutMs
    this.#observer = observer
    this.#isOnlooker = isOnlooker
  }

  get isConnected(): boolean {
    return this.#stage === 'connected'
  }

  /** How long it has had this connection with its session. */
  get connectedMs(): number {
    return this.process.world.now - this.#connectedAt
  }

  get negotiatedMs(): number {
    return this.#negotiatedMs
  }

  /** Asked and not answered. */
  get outstanding(): number {
    return this.#asked.length
  }

  start(): void {
    this.#connect()
  }

  /** Goes without a word: its session is left to expire. */
  vanish(): void {
    this.#stage = 'gone'
    this.process.kill()
  }

  ask(action: Action): void {
    if (this.#stage !== 'connected') return
    const asked = { xid: this.#nextXid++, action, connection: this.#connection }
    this.#note(`asks ${asked.xid} ${describe(action)}`)
    this.#asked.push(asked)
    this.#observer.onAsked(this, asked)
    this.#send((w) => {
      RequestHeader.write(w, { xid: asked.xid, type: opCodeOf(action) })
      encodeAction(w, action)
    })
  }

  // The connection --------------------------------------------------------------------------------------------

  #connect(): void {
    if (this.#stage === 'gone') return
    this.#stage = 'connecting'
    const connection = ++this.#connection
    const isCurrent = (): boolean => this.#connection === connection && this.#stage !== 'gone'
    const { world, machine } = this.process
    const { address, port } = world.random.pick(this.#servers)
    machine.network.dial(
      this.process,
      address,
      port,
      (socket) => {
        if (!isCurrent()) return socket.destroy()
        this.#onConnected(socket, isCurrent)
      },
      () => {
        if (isCurrent()) this.#reconnectLater()
      },
    )
  }

  #onConnected(socket: SimSocket, isCurrent: () => boolean): void {
    this.#stage = 'handshake'
    this.socket = socket
    this.#received = new Uint8Array(0)
    socket.handlers = {
      onData: (bytes) => isCurrent() && this.#onData(bytes),
      onDrain: () => undefined,
      onEnd: () => isCurrent() && this.#drop(),
      onClose: () => isCurrent() && this.#onLost(),
    }
    this.#negotiatedMs = this.#timeoutMs
    this.#heardAt = this.process.clock.now()
    this.#tick()
    this.#send((w) =>
      ConnectRequest.write(w, {
        protocolVersion: 0,
        lastZxidSeen: this.#lastZxidSeen,
        timeOut: this.#timeoutMs,
        sessionId: this.sessionId,
        passwd: this.#password,
        readOnly: this.#isOnlooker,
      }),
    )
  }

  /** Pings, and gives up a server from which nothing is heard. */
  #tick(): void {
    const interval = this.#negotiatedMs / 3
    this.#timer?.cancel()
    this.#timer = this.process.clock.after(interval, () => {
      if (this.#stage !== 'handshake' && this.#stage !== 'connected') return
      if (this.process.clock.now() - this.#heardAt > 2 * interval) {
        this.#note('hears nothing any more')
        this.#drop()
        return
      }
      if (this.#stage === 'connected') this.#send((w) => RequestHeader.write(w, { xid: PING_XID, type: OpCode.ping }))
      this.#tick()
    })
  }

  #drop(): void {
    this.socket?.destroy()
    this.#onLost()
  }

  #onLost(): void {
    const wasConnected = this.#stage === 'connected'
    this.#note(`loses its connection, ${this.#asked.length} unanswered`)
    this.#asked = []
    this.socket = undefined
    if (this.isReadOnly) this.#endSession()
    if (wasConnected) this.#observer.onDisconnected(this)
    this.#reconnectLater()
  }

  #reconnectLater(): void {
    this.#stage = 'idle'
    this.#connection++
    this.#timer?.cancel()
    this.#timer = this.process.clock.after(this.process.world.random.between(1, LONGEST_BACKOFF_MS), () => this.#connect())
  }

  #endSession(): void {
    this.isReadOnly = false
    this.sessionId = 0n
    this.#password = NO_PASSWORD
    this.#lastZxidSeen = 0n
    this.#watches.clear()
  }

  // Bytes -----------------------------------------------------------------------------------------------------

  #send(encode: (w: JuteWriter) => void): void {
    const w = this.#writer
    w.reset()
    w.int(0)
    encode(w)
    w.patchInt(0, w.position - 4)
    this.socket!.write(w.copy())
  }

  #onData(bytes: Uint8Array): void {
    this.#heardAt = this.process.clock.now()
    this.#received = this.#received.length === 0 ? bytes : Buffer.concat([this.#received, bytes])
    const connection = this.#connection
    for (let at = 0; ;) {
      const { length } = this.#received
      const end = at + 4 <= length ? at + 4 + this.#lengthAt(at) : Infinity
      if (end > length) {
        this.#received = this.#received.subarray(at)
        return
      }
      this.#reader.reset(this.#received, at + 4, end)
      this.#onFrame(this.#reader)
      if (this.#connection !== connection) return
      at = end
    }
  }

  #lengthAt(at: number): number {
    this.#reader.reset(this.#received, at, at + 4)
    return this.#reader.int()
  }

  #onFrame(r: JuteReader): void {
    if (this.#stage === 'handshake') return this.#onHandshake(ConnectResponse.read(r))
    const { xid, zxid, err } = ReplyHeader.read(r)
    if (xid === PING_XID || xid === SET_WATCHES_XID) return
    if (xid === NOTIFICATION_XID) return this.#onEvent(zxid, WatcherEvent.read(r))
    const asked = this.#asked.shift()
    if (asked?.xid !== xid) throw new Violation(`${this.name} waits for an answer to ${asked?.xid} and gets one to ${xid}`)
    if (zxid < this.#lastZxidSeen) throw new Violation(`${this.name} has seen zxid ${this.#lastZxidSeen} and is answered with ${zxid}`)
    this.#lastZxidSeen = zxid
    const answer = decodeAnswer(r, asked.action, err)
    this.#note(`hears ${xid} zxid ${zxid} err ${err}`)
    this.#watches.onAnswer(asked.action, answer)
    this.#observer.onAnswered(this, asked, zxid, answer)
    if (asked.action.kind !== 'close' || err !== 0) return
    this.#endSession()
    this.#drop()
  }

  #onHandshake({ sessionId, passwd, timeOut, readOnly }: ConnectResponse): void {
    if (sessionId === 0n) {
      this.#note('has no session any more')
      this.#endSession()
      this.#drop()
      return
    }
    const isNew = this.sessionId === 0n
    if (!isNew && sessionId !== this.sessionId) throw new Violation(`${this.name} asks for its session and gets another`)
    if (readOnly && !this.#isOnlooker) throw new Violation(`${this.name} wants more than reads and gets a read-only session`)
    this.isReadOnly = readOnly
    this.#note(`${isNew ? 'begins' : 'goes on with'} ${readOnly ? 'read-only ' : ''}session ${sessionId.toString(16)}`)
    this.sessionId = sessionId
    this.#password = passwd!
    this.#negotiatedMs = timeOut
    this.#stage = 'connected'
    this.#connectedAt = this.process.world.now
    this.#tick()
    if (!this.#watches.isEmpty) {
      this.#send((w) => {
        RequestHeader.write(w, { xid: SET_WATCHES_XID, type: OpCode.setWatches })
        this.#watches.encode(w, this.#lastZxidSeen)
      })
    }
    this.#observer.onConnected(this)
  }

  #onEvent(zxid: bigint, { type, path }: WatcherEvent): void {
    this.#note(`hears of event ${type} ${path} zxid ${zxid}`)
    this.#watches.onEvent(type, path!)
    this.#observer.onEvent(this, zxid, type, path!)
  }

  #note(text: string): void {
    this.process.world.journal.note(`${this.name} ${text}`)
  }
}

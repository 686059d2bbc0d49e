// Sockets in memory that behave as those of node-network: bytes sit in the receiver's window until a turn polls them,
// what does not fit stays with the sender, and half-open streams are allowed. Nothing moves outside `poll`.
import type { Connecting, Listener, ListenOptions, Network, Socket, SocketHandlers } from '../../src/server/host/host.ts'

/** What the receiver's side holds before the sender has to buffer. */
const WINDOW_BYTES = 256 * 1024
/** The most that one poll hands over, as one read of a real socket would. */
const READ_BYTES = 64 * 1024

const NO_HANDLERS: SocketHandlers = { onData() {}, onDrain() {}, onEnd() {}, onClose() {} }

interface Endpoint {
  readonly address: string
  readonly port: number
}

export class FakeNetwork implements Network {
  readonly #listeners = new Map<number, (socket: Socket) => void>()
  readonly #sockets = new Set<FakeSocket>()
  /** Connects, accepts and completions that the next poll brings. */
  #events: (() => void)[] = []
  #nextPort = 40_000
  /** Hosts that never answer a dial, as behind a firewall or with a name that nobody looks up. */
  readonly blackHoles = new Set<string>()

  listen(options: ListenOptions, onSocket: (socket: Socket) => void, done: (error: Error | undefined, listener: Listener | undefined) => void): void {
    const port = options.port === 0 ? this.#nextPort++ : options.port
    if (this.#listeners.has(port)) {
      this.#events.push(() => done(new Error(`EADDRINUSE: port ${port}`), undefined))
      return
    }
    this.#listeners.set(port, onSocket)
    const close = (closed: () => void): void => {
      this.#listeners.delete(port)
      this.#events.push(closed)
    }
    this.#events.push(() => done(undefined, { host: options.host ?? '0.0.0.0', port, close }))
  }

  connect(host: string, port: number, onConnect: (socket: Socket) => void, onError: (error: Error) => void): Connecting {
    let isCancelled = false
    const connected = (socket: FakeSocket): void => (isCancelled ? socket.destroy() : onConnect(socket))
    const failed = (error: Error): void => (isCancelled ? undefined : onError(error))
    if (!this.blackHoles.has(host)) this.dial(port, '127.0.0.1', connected, failed)
    return { cancel: () => void (isCancelled = true) }
  }

  /** As `connect`, from an address of the caller's choice. */
  dial(port: number, from: string, onConnect: (socket: FakeSocket) => void, onError: (error: Error) => void): void {
    this.#events.push(() => {
      const accept = this.#listeners.get(port)
      if (accept === undefined) return onError(new Error(`ECONNREFUSED: port ${port}`))
      const there = { address: '127.0.0.1', port }
      const here = { address: from, port: this.#nextPort++ }
      const client = new FakeSocket(here, there)
      const server = new FakeSocket(there, here)
      client.pairWith(server)
      server.pairWith(client)
      this.#sockets.add(client).add(server)
      onConnect(client)
      accept(server)
    })
  }

  /** One round over everything that waits. False when nothing moved. */
  poll(): boolean {
    const events = this.#events
    // As on a real event loop, a connection is accepted in one round and read in the next.
    const known = [...this.#sockets]
    this.#events = []
    for (const event of events) event()
    let moved = events.length > 0
    for (const socket of known) {
      if (socket.poll()) moved = true
      if (socket.isGone) this.#sockets.delete(socket)
    }
    return moved
  }

  get socketCount(): number {
    return this.#sockets.size
  }
}

export class FakeSocket implements Socket {
  handlers: SocketHandlers = NO_HANDLERS
  readonly remoteAddress: string
  readonly remotePort: number
  readonly localAddress: string
  readonly localPort: number
  #peer: FakeSocket | undefined
  /** Arrived, not read. */
  #inbox: Uint8Array[] = []
  #inboxBytes = 0
  /** Written, not fitting into the peer's window. */
  #outbox: Uint8Array[] = []
  #outboxBytes = 0
  #isPaused = false
  #owesDrain = false
  /** `end` was called: nothing is written any more and what comes in is thrown away. */
  #isEnding = false
  #isFinSent = false
  #isFinReceived = false
  #isEndTold = false
  #isDestroyed = false
  #isCloseTold = false
  #error: Error | undefined

  constructor(here: Endpoint, there: Endpoint) {
    this.localAddress = here.address
    this.localPort = here.port
    this.remoteAddress = there.address
    this.remotePort = there.port
  }

  pairWith(peer: FakeSocket): void {
    this.#peer = peer
  }

  get bufferedBytes(): number {
    return this.#outboxBytes
  }

  get isPaused(): boolean {
    return this.#isPaused
  }

  /** `onClose` has been called. */
  get isGone(): boolean {
    return this.#isCloseTold
  }

  /** Arrived and not handed to anybody. */
  get unreadBytes(): number {
    return this.#inboxBytes
  }

  write(bytes: Uint8Array): void {
    if (this.#isEnding || this.#isDestroyed) return
    this.#outbox.push(bytes)
    this.#outboxBytes += bytes.length
    this.#flush()
    if (this.#outboxBytes > 0) this.#owesDrain = true
  }

  writeAll(pieces: readonly Uint8Array[]): void {
    for (const bytes of pieces) this.write(bytes)
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
  }

  end(): void {
    this.#isEnding = true
  }

  /** Sends FIN and goes on reading, as a client that has nothing more to say. */
  halfClose(): void {
    this.#isFinSent = true
    this.#flush()
  }

  destroy(): void {
    if (this.#isDestroyed) return
    this.#isDestroyed = true
    this.#peer!.#isFinReceived = true
  }

  /** As a crash of this side: the peer's stream breaks, bytes on their way are lost. */
  reset(): void {
    this.destroy()
    const peer = this.#peer!
    peer.#error = new Error('read ECONNRESET')
    peer.#inbox = []
    peer.#inboxBytes = 0
    peer.#isDestroyed = true
  }

  poll(): boolean {
    if (this.#isCloseTold) return false
    if (this.#isDestroyed) {
      this.#isCloseTold = true
      this.handlers.onClose(this.#error)
      return true
    }
    return [this.#pollOut(), this.#pollIn()].includes(true)
  }

  #pollOut(): boolean {
    const before = this.#outboxBytes
    this.#flush()
    if (this.#outboxBytes === 0 && this.#owesDrain) {
      this.#owesDrain = false
      if (!this.#isEnding) this.handlers.onDrain()
      return true
    }
    if (this.#isEnding && !this.#isFinSent && this.#outboxBytes === 0) {
      this.#isFinSent = true
      this.#peer!.#isFinReceived = true
      return true
    }
    return before !== this.#outboxBytes
  }

  #pollIn(): boolean {
    const isReading = !this.#isPaused || this.#isEnding
    if (!isReading) return false
    const chunk = this.#takeChunk()
    if (chunk !== undefined) {
      if (!this.#isEnding) this.handlers.onData(chunk)
      return true
    }
    if (!this.#isFinReceived) return false
    if (!this.#isEndTold) {
      this.#isEndTold = true
      if (!this.#isEnding) this.handlers.onEnd()
      return true
    }
    if (!this.#isFinSent) return false
    this.destroy()
    return true
  }

  /** Everything that one read of the socket would give. */
  #takeChunk(): Uint8Array | undefined {
    if (this.#inboxBytes === 0) return undefined
    const taken: Uint8Array[] = []
    let bytes = 0
    while (this.#inbox.length > 0 && bytes < READ_BYTES) {
      const next = this.#inbox.shift()!
      const room = READ_BYTES - bytes
      if (next.length > room) this.#inbox.unshift(next.subarray(room))
      taken.push(next.subarray(0, room))
      bytes += Math.min(room, next.length)
    }
    this.#inboxBytes -= bytes
    return Buffer.concat(taken)
  }

  #flush(): void {
    const peer = this.#peer!
    while (this.#outbox.length > 0 && (peer.#inboxBytes < WINDOW_BYTES || peer.#isDestroyed)) {
      const next = this.#outbox.shift()!
      const room = peer.#isDestroyed ? next.length : WINDOW_BYTES - peer.#inboxBytes
      if (next.length > room) this.#outbox.unshift(next.subarray(room))
      const sent = next.subarray(0, room)
      this.#outboxBytes -= sent.length
      if (peer.#isDestroyed) continue
      peer.#inbox.push(sent)
      peer.#inboxBytes += sent.length
    }
    if (this.#isFinSent && this.#outboxBytes === 0) peer.#isFinReceived = true
  }
}

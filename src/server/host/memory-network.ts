/**
 * Connections between servers of one process, with the faults that networks have: hosts that cannot reach each other, and
 * hosts that die. Whatever goes to a host of no other name goes through the network below.
 */
import type { Connecting, Listener, ListenOptions, Network, Socket, SocketHandlers } from './host.ts'

const NO_HANDLERS: SocketHandlers = { onData() {}, onDrain() {}, onEnd() {}, onClose() {} }
const FIRST_EPHEMERAL_PORT = 40_000

type Later = (callback: () => void) => void

interface Accepting {
  readonly owner: string
  readonly onSocket: (socket: Socket) => void
}

export class MemoryNetwork {
  readonly #later: Later
  readonly #accepting = new Map<string, Accepting>()
  readonly #sockets = new Set<MemorySocket>()
  #blocked: (from: string, to: string) => boolean = () => false
  #nextPort = FIRST_EPHEMERAL_PORT

  /** `later` runs what it is given in a later turn, in order. */
  constructor(later: Later) {
    this.#later = later
  }

  /** The network as the host of that name sees it; names begin alike, and only such are reached in memory. */
  hostNamed(name: string, isInMemory: (host: string) => boolean, below: Network): Network {
    return {
      listen: (options, onSocket, done) => {
        if (options.host !== undefined && isInMemory(options.host)) this.#listen(name, options, onSocket, done)
        else below.listen(options, onSocket, done)
      },
      connect: (host, port, onConnect, onError) =>
        isInMemory(host) ? this.#connect(name, host, port, onConnect, onError) : below.connect(host, port, onConnect, onError),
    }
  }

  /**
   * From now on bytes between two hosts arrive, and dials succeed, only where this says no. As TCP would, a connection that
   * outlives the fault delivers then what was sent meanwhile: a stream has no holes.
   */
  block(isBlocked: (from: string, to: string) => boolean): void {
    this.#blocked = isBlocked
    for (const socket of [...this.#sockets]) this.#later(() => this.#deliverHeld(socket))
  }

  /** The host is dead: its connections break and its ports are free. */
  kill(name: string): void {
    for (const [key, { owner }] of this.#accepting) if (owner === name) this.#accepting.delete(key)
    for (const socket of [...this.#sockets]) if (socket.owner === name) socket.breakOff()
  }

  #listen(
    owner: string,
    { host, port }: ListenOptions,
    onSocket: (socket: Socket) => void,
    done: (error: Error | undefined, listener: Listener | undefined) => void,
  ): void {
    const key = `${host}:${port}`
    const isTaken = this.#accepting.has(key)
    const accepting = { owner, onSocket }
    if (!isTaken) this.#accepting.set(key, accepting)
    const close = (closed: () => void): void => {
      if (this.#accepting.get(key) === accepting) this.#accepting.delete(key)
      this.#later(closed)
    }
    this.#later(() => {
      if (isTaken) done(Object.assign(new Error(`listen EADDRINUSE: address already in use ${key}`), { code: 'EADDRINUSE' }), undefined)
      else done(undefined, { host: host!, port, close })
    })
  }

  #connect(owner: string, host: string, port: number, onConnect: (socket: Socket) => void, onError: (error: Error) => void): Connecting {
    let isCancelled = false
    this.#later(() => {
      const accepting = this.#accepting.get(`${host}:${port}`)
      if (isCancelled) return
      // As behind a firewall: nobody answers, and who dials has to give up.
      if (accepting !== undefined && (this.#blocked(owner, accepting.owner) || this.#blocked(accepting.owner, owner))) return
      if (accepting === undefined) return onError(new Error(`connect ECONNREFUSED ${host}:${port}`))
      const here = { owner, address: owner, port: this.#nextPort++ }
      const there = { owner: accepting.owner, address: host, port }
      const near = new MemorySocket(this, here, there)
      const far = new MemorySocket(this, there, here)
      near.peer = far
      far.peer = near
      this.#sockets.add(near).add(far)
      accepting.onSocket(far)
      onConnect(near)
    })
    return { cancel: () => void (isCancelled = true) }
  }

  // For sockets ----------------------------------------------------------------------------------------------

  /** Hands over in order, once the way is free. */
  deliver(from: MemorySocket, work: (to: MemorySocket) => void): void {
    this.#later(() => {
      from.undelivered.push(work)
      this.#deliverHeld(from)
    })
  }

  #deliverHeld(from: MemorySocket): void {
    const to = from.peer
    if (to === undefined) return
    while (from.undelivered.length > 0 && !this.#blocked(from.owner, to.owner)) from.undelivered.shift()!(to)
  }

  later(work: () => void): void {
    this.#later(work)
  }

  /** Both ends are closed, and nothing is on its way between them. */
  forget(socket: MemorySocket): void {
    const { peer } = socket
    if (peer === undefined || !peer.isClosed) return
    this.#sockets.delete(socket)
    this.#sockets.delete(peer)
  }
}

interface End {
  readonly owner: string
  readonly address: string
  readonly port: number
}

export class MemorySocket implements Socket {
  handlers: SocketHandlers = NO_HANDLERS
  readonly owner: string
  readonly remoteAddress: string
  readonly remotePort: number
  readonly localAddress: string
  readonly localPort: number
  readonly bufferedBytes = 0
  peer: MemorySocket | undefined
  /** Sent, and not arrived as long as the way is blocked. */
  readonly undelivered: ((to: MemorySocket) => void)[] = []
  readonly #network: MemoryNetwork
  #waiting: Uint8Array[] = []
  #isPaused = false
  #isEnding = false
  #isClosed = false
  #hasPeerEnded = false

  constructor(network: MemoryNetwork, here: End, there: End) {
    this.#network = network
    this.owner = here.owner
    this.localAddress = here.address
    this.localPort = here.port
    this.remoteAddress = there.address
    this.remotePort = there.port
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  write(bytes: Uint8Array): void {
    if (!this.#isEnding && !this.#isClosed) this.#network.deliver(this, (to) => to.#receive(bytes))
  }

  writeAll(pieces: readonly Uint8Array[]): void {
    for (const bytes of pieces) this.write(bytes)
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    this.#network.later(() => this.#handOver())
  }

  end(): void {
    if (this.#isEnding || this.#isClosed) return
    this.#isEnding = true
    this.#network.deliver(this, (to) => to.#receiveEnd())
    // A peer that cannot be reached will not close its side.
    this.#network.later(() => this.#close(undefined))
  }

  destroy(): void {
    if (this.#isClosed) return
    this.#network.deliver(this, (to) => to.breakOff())
    this.#network.later(() => this.#close(undefined))
  }

  /** The connection is lost, without a last word from the other side. */
  breakOff(): void {
    const { peer } = this
    this.#close(new Error('read ECONNRESET'))
    if (peer !== undefined) this.#network.deliver(this, (to) => to.#close(new Error('read ECONNRESET')))
  }

  #receive(bytes: Uint8Array): void {
    if (this.#isClosed || this.#isEnding) return
    this.#waiting.push(bytes)
    this.#handOver()
  }

  #handOver(): void {
    while (!this.#isPaused && !this.#isClosed && this.#waiting.length > 0) this.handlers.onData(this.#waiting.shift()!)
    if (this.#hasPeerEnded && !this.#isPaused && !this.#isClosed && !this.#isEnding) {
      this.#hasPeerEnded = false
      this.handlers.onEnd()
    }
  }

  #receiveEnd(): void {
    this.#hasPeerEnded = true
    this.#handOver()
  }

  #close(error: Error | undefined): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#network.forget(this)
    this.handlers.onClose(error)
  }
}

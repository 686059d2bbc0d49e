// The network between the members of an ensemble, and between them and their clients, in the hands of a test: every connection goes through a
// relay, and for each two parties and each direction between them it can be said what becomes of the bytes.
import { connect, createServer } from 'node:net'
import type { Server, Socket } from 'node:net'

/** Members by their ids. */
export type Party = number
/** All clients as one. */
export const CLIENTS: Party = 0

export class Network {
  readonly #listeners: Server[] = []
  readonly #connections = new Set<Connection>()
  /** Directions in which nothing arrives: `from>to`. */
  readonly #held = new Set<string>()
  /** Ways on which connections are broken: both directions are in it. */
  readonly #cut = new Set<string>()

  /**
   * The way by which one party dials another, to a port of this machine; gives the port to dial. With `rewrite` the first bytes that the dialler
   * sends are changed.
   */
  async open(from: Party, to: Party, port: number, rewrite: (first: Buffer) => Buffer = (first) => first): Promise<number> {
    const listener = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (socket) => {
      if (this.#cut.has(wayOf(from, to))) return void socket.resetAndDestroy()
      const connection = new Connection(from, to, socket, port, rewrite)
      this.#connections.add(connection)
      connection.onClosed = () => this.#connections.delete(connection)
      connection.steer(this.#held)
    })
    this.#listeners.push(listener)
    await new Promise<void>((resolve, reject) => {
      listener.once('error', reject)
      listener.listen(0, '127.0.0.1', resolve)
    })
    const address = listener.address()
    if (address === null || typeof address === 'string') throw new Error('a relay has no port')
    return address.port
  }

  /** Resets all connections between the two, and every new one. */
  cut(a: Party, b: Party): void {
    for (const way of [wayOf(a, b), wayOf(b, a)]) this.#cut.add(way)
    this.#reset((connection) => connection.isBetween(a, b))
  }

  /** What goes from one to the other is held, be it the end of a connection; what comes back passes. */
  hold(from: Party, to: Party): void {
    this.#held.add(wayOf(from, to))
    this.#steer()
  }

  /** The connections that stand between the two never carry anything again, and neither side is told. New ones do. */
  forget(a: Party, b: Party): void {
    for (const connection of this.#connections) if (connection.isBetween(a, b)) connection.forget()
  }

  /** Everything passes again. What was held arrives now or, if it `isLost`, never: those connections are reset. */
  heal(isLost: boolean): void {
    if (isLost) this.#reset(({ isHeld }) => isHeld)
    this.#held.clear()
    this.#cut.clear()
    this.#steer()
  }

  close(): void {
    for (const listener of this.#listeners) listener.close()
    this.#reset(() => true)
  }

  #steer(): void {
    for (const connection of [...this.#connections]) connection.steer(this.#held)
  }

  #reset(which: (connection: Connection) => boolean): void {
    for (const connection of [...this.#connections]) if (which(connection)) connection.reset()
  }
}

function wayOf(from: Party, to: Party): string {
  return `${from}>${to}`
}

/** A connection that one party has dialled to the other. */
class Connection {
  onClosed: () => void = () => {}
  readonly #from: Party
  readonly #to: Party
  readonly #port: number
  readonly #dialler: Socket
  readonly #there: Flow
  #back: Flow | undefined
  #isForgotten = false
  #isBackHeld = false

  constructor(from: Party, to: Party, dialler: Socket, port: number, rewrite: (first: Buffer) => Buffer) {
    this.#from = from
    this.#to = to
    this.#port = port
    this.#dialler = dialler
    this.#there = this.#flow(dialler, rewrite)
  }

  isBetween(a: Party, b: Party): boolean {
    return (this.#from === a && this.#to === b) || (this.#from === b && this.#to === a)
  }

  get isHeld(): boolean {
    return this.#there.isHeld || this.#isBackHeld
  }

  forget(): void {
    this.#isForgotten = true
    this.steer(new Set())
  }

  /** Until the first byte can pass, nobody is dialled. */
  steer(held: ReadonlySet<string>): void {
    this.#there.isHeld = this.#isForgotten || held.has(wayOf(this.#from, this.#to))
    this.#isBackHeld = this.#isForgotten || held.has(wayOf(this.#to, this.#from))
    if (this.#back === undefined && !this.#there.isHeld) this.#dial()
    this.#there.steer()
    if (this.#back === undefined) return
    this.#back.isHeld = this.#isBackHeld
    this.#back.steer()
  }

  #dial(): void {
    const target = connect({ port: this.#port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
    this.#back = this.#flow(target, (first) => first)
    this.#there.target = target
    this.#back.target = this.#dialler
  }

  #flow(source: Socket, rewrite: (first: Buffer) => Buffer): Flow {
    return new Flow(source, rewrite, {
      onBroken: () => this.reset(),
      onClosed: () => {
        if (this.#dialler.closed && this.#there.target?.closed === true) this.onClosed()
      },
    })
  }

  reset(): void {
    this.#dialler.resetAndDestroy()
    this.#there.target?.resetAndDestroy()
    this.onClosed()
  }
}

interface FlowHandlers {
  onBroken(): void
  /** Whoever sends has closed its end in good order. */
  onClosed(): void
}

/** One direction of a connection. While it is held, what comes in waits with whoever sends it. */
class Flow {
  isHeld = false
  target: Socket | undefined
  readonly #source: Socket
  readonly #handlers: FlowHandlers
  #isBroken = false
  #isFull = false

  constructor(source: Socket, rewrite: (first: Buffer) => Buffer, handlers: FlowHandlers) {
    this.#source = source
    this.#handlers = handlers
    source.pause()
    let isFirst = true
    source.on('data', (bytes: Buffer) => {
      const target = this.target!
      this.#isFull = !target.write(isFirst ? rewrite(bytes) : bytes)
      isFirst = false
      if (!this.#isFull) return
      target.once('drain', () => {
        this.#isFull = false
        this.steer()
      })
      this.steer()
    })
    source.on('end', () => this.target!.end())
    source.on('error', () => this.#breaks())
    source.on('close', () => (source.readableEnded ? handlers.onClosed() : this.#breaks()))
  }

  /** Its end is told as its bytes are: not while it is held. */
  #breaks(): void {
    this.#isBroken = true
    this.steer()
  }

  steer(): void {
    if (this.isHeld || this.#isFull || this.target === undefined) this.#source.pause()
    else this.#source.resume()
    if (this.#isBroken && !this.isHeld) this.#handlers.onBroken()
  }
}

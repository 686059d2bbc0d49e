/**
 * One end of a stream. Bytes go in order from the sender's buffer over the wire into the receiver's, as far as the window
 * lets them, and from there into the receiver's turns. A stream can be held up, cut, cut on one side only, half closed.
 */
import { Buffer } from 'node:buffer'
import type { Socket, SocketHandlers } from '../server/host/host.ts'
import { Halted } from './mortal.ts'
import type { Mortal } from './mortal.ts'
import type { World } from './world.ts'

const NO_HANDLERS: SocketHandlers = { onData() {}, onDrain() {}, onEnd() {}, onClose() {} }
/** The most that one read of a socket gives. */
const READ_BYTES = 65_536
/** As node-network: how long a peer may take to close its side once ours is done. */
const LINGER_MS = 2000
/** What a slow wire carries in this time arrives at once. */
const SLOW_PIECE_MS = 40

interface Address {
  readonly address: string
  readonly port: number
}

/** What the wires do to everything on them. */
export interface WireQuality {
  /** Each piece is under way so long at most, ms. */
  readonly latencyMs: number
  /** How often a piece is held up, and everything behind it, and for how long at most. */
  readonly stallChance: number
  readonly stallMs: number
  /** How often a read gives only a part of what has arrived. */
  readonly splitChance: number
  /** What fits between a sender's write and the receiver's read. */
  readonly windowBytes: number
}

/** The network, as the two ends of a stream see it. */
export interface Cable {
  readonly world: World
  readonly quality: WireQuality
  /** What really goes out, where somebody spoils it. */
  readonly onWrite: ((owner: Mortal, peer: Address, bytes: Uint8Array) => Uint8Array) | undefined
  /** A process has handed bytes to a socket. */
  onSent(owner: Mortal): void
  /** Bytes a second from one address to the other; undefined where nothing holds them up. */
  pace(from: string, to: string): number | undefined
  /** True time until which nothing passes. */
  cutOffUntil(from: string, to: string): number
  isLost(socket: SimSocket): boolean
  forget(socket: SimSocket): void
}

export class SimSocket implements Socket {
  handlers: SocketHandlers = NO_HANDLERS
  readonly process: Mortal
  readonly remoteAddress: string
  readonly remotePort: number
  readonly localAddress: string
  readonly localPort: number
  /** Something was sent on a way that is blocked: nothing that is sent later may arrive. */
  hasLost = false
  readonly #network: Cable
  #peer!: SimSocket
  /** Written, not on the wire. */
  #outbox: Uint8Array[] = []
  #outboxBytes = 0
  #isFinOwed = false
  #isFinSent = false
  #owesDrain = false
  /** On the wire to the peer or in its buffer. */
  #unreadBytes = 0
  /** Nothing overtakes what is on the wire already. */
  #lastArrival = 0
  /** What is sent is lost, and nobody says so. */
  #isDeaf = false
  #inbox: Uint8Array[] = []
  #inboxBytes = 0
  #hasFin = false
  #isEndTold = false
  #isReadScheduled = false
  #isPaused = false
  /** `end` was called: what comes in is thrown away. */
  #isEnding = false
  #isClosed = false

  private constructor(network: Cable, owner: Mortal, here: Address, there: Address) {
    this.#network = network
    this.process = owner
    this.localAddress = here.address
    this.localPort = here.port
    this.remoteAddress = there.address
    this.remotePort = there.port
  }

  static pair(network: Cable, a: Mortal, b: Mortal, addressOfA: Address, addressOfB: Address): [SimSocket, SimSocket] {
    const ofA = new SimSocket(network, a, addressOfA, addressOfB)
    const ofB = new SimSocket(network, b, addressOfB, addressOfA)
    ofA.#peer = ofB
    ofB.#peer = ofA
    return [ofA, ofB]
  }

  get bufferedBytes(): number {
    return this.#outboxBytes
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  write(bytes: Uint8Array): void {
    if (this.#isEnding || this.#isFinOwed || this.#isClosed || !this.process.isAlive) return
    const { onWrite } = this.#network
    const sent = onWrite?.(this.process, { address: this.remoteAddress, port: Math.min(this.localPort, this.remotePort) }, bytes) ?? bytes
    this.#outbox.push(sent)
    this.#outboxBytes += sent.length
    this.#pump()
    if (this.#outboxBytes > 0) this.#owesDrain = true
    this.#network.onSent(this.process)
    if (!this.process.isAlive) throw new Halted()
  }

  writeAll(pieces: readonly Uint8Array[]): void {
    for (const bytes of pieces) this.write(bytes)
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    this.#scheduleRead()
  }

  end(): void {
    if (this.#isEnding || this.#isClosed) return
    this.#isEnding = true
    this.halfClose()
    this.#scheduleRead()
    this.#network.world.after(LINGER_MS, () => this.destroy())
  }

  /** Sends FIN and goes on reading, as a client that has nothing more to say. */
  halfClose(): void {
    this.#isFinOwed = true
    this.#pump()
  }

  destroy(): void {
    if (this.#isClosed || !this.process.isAlive) return
    this.#close(undefined)
    this.#tellPeer(0)
  }

  // Faults ----------------------------------------------------------------------------------------------------

  /** Both sides lose the stream and what was on the wire. */
  cut(): void {
    this.#isDeaf = true
    this.#peer.#isDeaf = true
    this.#close(RESET)
    this.#peer.#close(RESET)
  }

  /** This side loses the stream; the other goes on sending into nothing and hears nothing. */
  cutHere(): void {
    this.#isDeaf = true
    this.#peer.#isDeaf = true
    this.#close(RESET)
  }

  /** What this side sends does not arrive any more; what it is sent does. */
  goDeaf(): void {
    this.#isDeaf = true
  }

  /** Nothing that this side sends arrives before `ms` have passed. */
  stall(ms: number): void {
    this.#lastArrival = Math.max(this.#lastArrival, this.#network.world.now + ms)
  }

  /** The process has died: what it had not sent is lost, what it had is not, and the peer hears of it in the end. */
  die(silenceMs: number): void {
    this.#isClosed = true
    this.#outbox = []
    this.#tellPeer(silenceMs)
  }

  // Out -------------------------------------------------------------------------------------------------------

  #pump(): void {
    const { quality } = this.#network
    const pace = this.#network.pace(this.localAddress, this.remoteAddress)
    // A slow wire holds little, and its sender is told soon that it has enough.
    const window = pace === undefined ? quality.windowBytes : Math.min(quality.windowBytes, Math.ceil((pace * SLOW_PIECE_MS) / 1000))
    while (this.#outbox.length > 0 && (this.#unreadBytes < window || this.#peer.#isClosed)) {
      const next = this.#outbox.shift()!
      const room = Math.max(1, window - this.#unreadBytes)
      if (next.length > room) this.#outbox.unshift(next.subarray(room))
      const piece = next.subarray(0, room)
      this.#outboxBytes -= piece.length
      this.#unreadBytes += piece.length
      this.#send(() => this.#peer.#arrive(piece), pace === undefined ? 0 : (piece.length / pace) * 1000)
    }
    if (this.#outboxBytes === 0 && this.#isFinOwed && !this.#isFinSent) {
      this.#isFinSent = true
      this.#send(() => this.#peer.#arriveFin())
      if (this.#isEndTold) this.#close(undefined)
    }
    if (this.#outboxBytes > 0 || !this.#owesDrain) return
    this.#owesDrain = false
    this.#tell(() => this.#isEnding || this.handlers.onDrain())
  }

  /** `takesMs`: on a slow wire. */
  #send(arrive: () => void, takesMs = 0): void {
    const { world, quality } = this.#network
    const { process: sender } = this
    const held = world.random.chance(quality.stallChance) ? world.random.between(0, quality.stallMs) : 0
    const saidAt = sender.now
    const leaves = Math.max(saidAt, this.#network.cutOffUntil(this.localAddress, this.remoteAddress))
    this.#lastArrival = Math.max(this.#lastArrival, leaves + world.random.between(0, quality.latencyMs) + held) + takesMs
    world.at(this.#lastArrival, () => {
      if (this.#network.isLost(this)) this.#isDeaf = this.hasLost = true
      // One that died before it came so far has said nothing.
      if (!this.#isDeaf && sender.diedAt >= saidAt) arrive()
    })
  }

  /** A reset overtakes nothing that was sent before it. */
  #tellPeer(silenceMs: number): void {
    const { world } = this.#network
    this.#send(() => world.after(silenceMs, () => this.#peer.#onReset()))
  }

  // In --------------------------------------------------------------------------------------------------------

  #arrive(piece: Uint8Array): void {
    if (this.#isClosed) return
    this.#inbox.push(piece)
    this.#inboxBytes += piece.length
    this.#scheduleRead()
  }

  #arriveFin(): void {
    this.#hasFin = true
    this.#scheduleRead()
  }

  /** The peer is gone; what has arrived from it is read first. */
  #onReset(): void {
    if (this.#isClosed) return
    this.process.deliver(() => {
      while (this.#inboxBytes > 0 && !this.#isClosed && !this.#isPaused) this.#read()
      this.#close(RESET)
    })
  }

  #scheduleRead(): void {
    const isReading = !this.#isPaused || this.#isEnding
    if (this.#isReadScheduled || this.#isClosed || !isReading || (this.#inboxBytes === 0 && (!this.#hasFin || this.#isEndTold))) return
    this.#isReadScheduled = true
    this.process.deliver(() => {
      this.#isReadScheduled = false
      if (this.#isPaused && !this.#isEnding) return
      this.#read()
      this.#scheduleRead()
    })
  }

  #read(): void {
    if (this.#isClosed) return
    if (this.#inboxBytes > 0) {
      const bytes = this.#take()
      this.#peer.#unreadBytes -= bytes.length
      if (!this.#peer.#isClosed) this.#peer.#pump()
      if (!this.#isEnding) this.handlers.onData(bytes)
    } else if (this.#hasFin && !this.#isEndTold) {
      this.#isEndTold = true
      if (!this.#isEnding) this.handlers.onEnd()
      if (this.#isFinSent) this.#close(undefined)
    }
  }

  /** What one read of the socket gives: often all there is. */
  #take(): Uint8Array {
    const { world, quality } = this.#network
    const most = world.random.chance(quality.splitChance) ? 1 + world.random.below(Math.min(this.#inboxBytes, 64)) : READ_BYTES
    const taken: Uint8Array[] = []
    let bytes = 0
    while (this.#inbox.length > 0 && bytes < most) {
      const next = this.#inbox.shift()!
      const room = most - bytes
      if (next.length > room) this.#inbox.unshift(next.subarray(room))
      taken.push(next.subarray(0, room))
      bytes += Math.min(room, next.length)
    }
    this.#inboxBytes -= bytes
    return new Uint8Array(taken.length === 1 ? taken[0] : Buffer.concat(taken))
  }

  #close(error: Error | undefined): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#outbox = []
    this.#outboxBytes = 0
    this.#inbox = []
    this.#inboxBytes = 0
    this.#network.forget(this)
    this.process.deliver(() => this.handlers.onClose(error))
  }

  #tell(callback: () => void): void {
    this.process.deliver(() => {
      if (!this.#isClosed) callback()
    })
  }
}

const RESET = new Error('read ECONNRESET')

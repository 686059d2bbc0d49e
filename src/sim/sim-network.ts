/**
 * The network between the machines of a simulation: who listens where, who may dial, which ways are cut off, what becomes
 * of the streams of a process that dies. Faults of single connections are the sockets' own.
 */
import type { Connecting, Listener, ListenOptions, Network, Socket } from '../server/host/host.ts'
import type { Mortal } from './mortal.ts'
import { SimSocket } from './sim-socket.ts'
import type { WireQuality } from './sim-socket.ts'
import type { World } from './world.ts'

/** What becomes of dials, or of the bytes of connections that stand, on a way that is blocked: refused at once, or lost without a word. */
export type Blockade = 'refused' | 'lost' | 'bytes'

/** From one machine to another, for one port of either: a dial is of the port that is dialled, bytes are of the port that somebody listens on. */
export interface Block {
  readonly from: string
  readonly to: string
  readonly port: number
  readonly what: Blockade
}

const ACCEPT_MS = 1
/** As a peer that went away without a word is noticed. */
const LONGEST_SILENCE_MS = 3000
const FIRST_PORT = 40_000

interface Listening {
  readonly process: Mortal
  readonly onSocket: (socket: Socket) => void
}

export class SimNetwork {
  quality: WireQuality = { latencyMs: 0.5, stallChance: 0, stallMs: 0, splitChance: 0, windowBytes: 65_536 }
  /** Called when a process has handed bytes to a socket; may end the process. */
  onSent: (owner: Mortal) => void = () => undefined
  /** Puts other bytes in the place of those that a process sends on a connection to or from the port. */
  onWrite: ((owner: Mortal, peer: { readonly address: string; readonly port: number }, bytes: Uint8Array) => Uint8Array) | undefined
  readonly world: World
  /** By address and port. */
  readonly #listeners = new Map<string, Listening>()
  readonly #sockets = new Set<SimSocket>()
  /** By the two ends of a one-way path: until when nothing comes through. */
  readonly #cutOff = new Map<string, number>()
  /** By the two ends of a one-way path: bytes a second, and until when. */
  readonly #slow = new Map<string, { readonly pace: number; readonly until: number }>()
  /** By the two ends and the port. */
  readonly #blocks = new Map<string, Blockade>()
  #machines = 0
  #nextPort = FIRST_PORT

  constructor(world: World) {
    this.world = world
  }

  newAddress(): string {
    return `10.0.0.${++this.#machines}`
  }

  /** The network as one process sees it. */
  of(owner: Mortal): Network {
    owner.onDeath.push(() => this.#onDeath(owner))
    return {
      listen: (options, onSocket, done) => this.#listen(owner, options, onSocket, done),
      connect: (address, port, onConnect, onError) => this.dial(owner, address, port, onConnect, onError),
    }
  }

  dial(owner: Mortal, address: string, port: number, onConnect: (socket: SimSocket) => void, onError: (error: Error) => void): Connecting {
    let isCancelled = false
    const { random } = this.world
    const from = owner.machine.address
    const blockade = this.#blocks.get(`${from} ${address}:${port}`)
    if (blockade === 'refused') this.world.after(ACCEPT_MS, () => owner.deliver(() => isCancelled || onError(new Error(`ECONNREFUSED: ${address}:${port}`))))
    if (blockade === 'refused' || blockade === 'lost') return { cancel: () => void (isCancelled = true) }
    const arrival = Math.max(owner.now, this.cutOffUntil(from, address), this.cutOffUntil(address, from)) + random.between(0, ACCEPT_MS)
    this.world.at(arrival, () => {
      const listening = this.#listeners.get(`${address}:${port}`)
      if (!owner.isAlive || isCancelled) return
      if (listening?.process.isAlive !== true) {
        owner.deliver(() => isCancelled || onError(new Error(`ECONNREFUSED: ${address}:${port}`)))
        return
      }
      const [client, server] = SimSocket.pair(this, owner, listening.process, { address: from, port: this.#nextPort++ }, { address, port })
      this.#sockets.add(client).add(server)
      listening.process.deliver(() => listening.onSocket(server))
      owner.deliver(() => (isCancelled ? client.destroy() : onConnect(client)))
    })
    return { cancel: () => void (isCancelled = true) }
  }

  /** What one machine sends to another is held up for so long. The other way is a path of its own. */
  cutOff(from: string, to: string, ms: number): void {
    this.#cutOff.set(`${from} ${to}`, this.world.now + ms)
  }

  /** All paths are free from now on; what is held up already comes when it was to come. */
  heal(): void {
    this.#cutOff.clear()
    this.#slow.clear()
  }

  /** Each stream from one machine to another gets so many bytes a second through. */
  slowDown(from: string, to: string, pace: number, ms: number): void {
    this.#slow.set(`${from} ${to}`, { pace, until: this.world.now + ms })
  }

  /** Undefined where it is as fast as any. */
  pace(from: string, to: string): number | undefined {
    const slow = this.#slow.size === 0 ? undefined : this.#slow.get(`${from} ${to}`)
    return slow !== undefined && slow.until > this.world.now ? slow.pace : undefined
  }

  /** From now on until `unblock`. Connections of a way that cannot be dialled break. */
  block({ from, to, port, what }: Block): void {
    this.#blocks.set(`${from} ${to}:${port}`, what)
    if (what === 'bytes') return
    for (const socket of [...this.#sockets]) {
      if (socket.localAddress === from && socket.remoteAddress === to && socket.remotePort === port) socket.cut()
    }
  }

  /** All ways are free; connections from which bytes were lost break. */
  unblock(): void {
    this.#blocks.clear()
    for (const socket of [...this.#sockets]) if (socket.hasLost) socket.cut()
  }

  /** Whether what is sent on the connection is lost. */
  isLost({ localAddress, localPort, remoteAddress, remotePort }: SimSocket): boolean {
    return this.#blocks.size > 0 && this.#blocks.get(`${localAddress} ${remoteAddress}:${Math.min(localPort, remotePort)}`) === 'bytes'
  }

  /** In the past when the path is free. */
  cutOffUntil(from: string, to: string): number {
    return this.#cutOff.size === 0 ? -Infinity : (this.#cutOff.get(`${from} ${to}`) ?? -Infinity)
  }

  /** Open connections of a process. */
  socketsOf(owner: Mortal): SimSocket[] {
    return [...this.#sockets].filter((socket) => socket.process === owner)
  }

  forget(socket: SimSocket): void {
    this.#sockets.delete(socket)
  }

  #listen(
    owner: Mortal,
    options: ListenOptions,
    onSocket: (socket: Socket) => void,
    done: (error: Error | undefined, listener: Listener | undefined) => void,
  ): void {
    const { address } = owner.machine
    const port = options.port === 0 ? this.#nextPort++ : options.port
    const place = `${address}:${port}`
    if (this.#listeners.get(place)?.process.isAlive === true) {
      owner.deliver(() => done(new Error(`EADDRINUSE: ${place}`), undefined))
      return
    }
    this.#listeners.set(place, { process: owner, onSocket })
    const close = (closed: () => void): void => {
      this.#listeners.delete(place)
      owner.deliver(closed)
    }
    owner.deliver(() => done(undefined, { host: address, port, close }))
  }

  /** Bytes that were sent may still arrive; then the peers are told, or find out. */
  #onDeath(owner: Mortal): void {
    const { random } = this.world
    const silence = random.chance(0.5) ? 0 : random.between(0, LONGEST_SILENCE_MS)
    for (const socket of this.socketsOf(owner)) {
      this.forget(socket)
      socket.die(silence)
    }
  }
}

/**
 * The network between the processes of a simulation: who listens, who may dial, what becomes of the streams of a
 * process that dies, and the faults of single connections.
 */
import type { ListenOptions, Listener, Network, Socket } from '../server/host/host.ts'
import { SimSocket } from './sim-socket.ts'
import type { SimProcess } from './sim-process.ts'
import type { World } from './world.ts'

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

const ACCEPT_MS = 1
/** As a peer that went away without a word is noticed. */
const LONGEST_SILENCE_MS = 3000
const FIRST_PORT = 40_000

interface Listening {
  readonly process: SimProcess
  readonly onSocket: (socket: Socket) => void
}

export class SimNetwork {
  quality: WireQuality = { latencyMs: 0.5, stallChance: 0, stallMs: 0, splitChance: 0, windowBytes: 65_536 }
  /** Called when a process has handed bytes to a socket; may end the process. */
  onSent: (owner: SimProcess) => void = () => undefined
  readonly world: World
  readonly #listeners = new Map<number, Listening>()
  readonly #sockets = new Set<SimSocket>()
  #nextPort = FIRST_PORT

  constructor(world: World) {
    this.world = world
  }

  /** The network as one process sees it. */
  of(owner: SimProcess): Network {
    owner.onDeath.push(() => this.#onDeath(owner))
    return {
      listen: (options, onSocket, done) => this.#listen(owner, options, onSocket, done),
      connect: (_host, port, onConnect, onError) => this.dial(owner, port, onConnect, onError),
    }
  }

  dial(owner: SimProcess, port: number, onConnect: (socket: SimSocket) => void, onError: (error: Error) => void): void {
    this.world.after(this.world.random.between(0, ACCEPT_MS), () => {
      const listening = this.#listeners.get(port)
      if (!owner.isAlive) return
      if (listening?.process.isAlive !== true) {
        owner.deliver(() => onError(new Error(`ECONNREFUSED: port ${port}`)))
        return
      }
      const here = { address: '10.0.0.2', port: this.#nextPort++ }
      const there = { address: '10.0.0.1', port }
      const [client, server] = SimSocket.pair(this, owner, listening.process, here, there)
      this.#sockets.add(client).add(server)
      listening.process.deliver(() => listening.onSocket(server))
      owner.deliver(() => onConnect(client))
    })
  }

  /** Open connections of a process. */
  socketsOf(owner: SimProcess): SimSocket[] {
    return [...this.#sockets].filter((socket) => socket.process === owner)
  }

  forget(socket: SimSocket): void {
    this.#sockets.delete(socket)
  }

  #listen(
    owner: SimProcess,
    options: ListenOptions,
    onSocket: (socket: Socket) => void,
    done: (error: Error | undefined, listener: Listener | undefined) => void,
  ): void {
    const port = options.port === 0 ? this.#nextPort++ : options.port
    if (this.#listeners.get(port)?.process.isAlive === true) {
      owner.deliver(() => done(new Error(`EADDRINUSE: port ${port}`), undefined))
      return
    }
    this.#listeners.set(port, { process: owner, onSocket })
    const close = (closed: () => void): void => {
      this.#listeners.delete(port)
      owner.deliver(closed)
    }
    owner.deliver(() => done(undefined, { host: '10.0.0.1', port, close }))
  }

  /** Bytes that were sent may still arrive; then the peers are told, or find out. */
  #onDeath(owner: SimProcess): void {
    const { random } = this.world
    const silence = random.chance(0.5) ? 0 : random.between(0, LONGEST_SILENCE_MS)
    for (const socket of this.socketsOf(owner)) {
      this.forget(socket)
      socket.die(silence)
    }
  }
}

/**
 * A server that a test starts, stops, kills and starts again: the test server, or a member of a test ensemble. It carries out the test's calls one
 * after the other, in their order, and refuses every call after `close`.
 */
import type { ZooKeeperServer } from '../embed/zookeeper-server.ts'
import type { MortalHost } from './mortal-host.ts'

/** A server that is not started yet, and the host that it will live and die with. */
export interface Candidate {
  readonly server: ZooKeeperServer
  readonly host: MortalHost
}

interface Running extends Candidate {
  /** Called when the server was killed: a killed server cannot answer the calls that wait for it. */
  readonly onKilled: Set<() => void>
}

export class HeldServer {
  /** The server's name in messages. */
  readonly #name: string
  /** Makes the next server, on the port of the one before. */
  readonly #create: (port: number) => Candidate
  /** Called before the host dies. */
  readonly #onKill: () => void
  #running: Running | undefined
  #port: number
  /** Settles when the last call has ended. */
  #last: Promise<void> = Promise.resolve()
  #closed: Promise<void> | undefined

  constructor(name: string, port: number, create: (port: number) => Candidate, onKill: () => void = () => {}) {
    this.#name = name
    this.#port = port
    this.#create = create
    this.#onKill = onKill
  }

  get port(): number {
    return this.#port
  }

  /** Undefined while the server does not run. */
  get server(): ZooKeeperServer | undefined {
    return this.#running?.server
  }

  /** Whether the server runs and is not paused. */
  get isAwake(): boolean {
    return this.#running?.host.isPaused === false
  }

  get isClosed(): boolean {
    return this.#closed !== undefined
  }

  /** Does nothing when the server runs. */
  start(): Promise<void> {
    return this.#inTurn(() => this.#start())
  }

  /** Does nothing when the server does not run. */
  stop(): Promise<void> {
    return this.#inTurn(() => this.#stop())
  }

  /** Does nothing when the server does not run. */
  kill(): Promise<void> {
    return this.#inTurn(() => this.#kill())
  }

  restart(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#stop()
      await this.#start()
    })
  }

  /** Stops the server for good; later calls return the promise of the first. */
  close(): Promise<void> {
    this.#closed ??= this.#inTurn(() => this.#stop())
    return this.#closed
  }

  /** Does nothing when the server does not run. */
  pause(): void {
    this.checkOpen()
    this.#running?.host.pause()
  }

  /** Does nothing when the server is not paused. */
  resume(): void {
    this.checkOpen()
    this.#running?.host.resume()
  }

  /** Whether there was such a session. Rejects when the server does not run, or is killed before its answer. */
  async expireSession(id: bigint): Promise<boolean> {
    this.checkOpen()
    const running = this.#running
    if (running === undefined) throw new Error(`${this.#name} is stopped`)
    const expired = running.server.expireSession(id)
    let onKilled = (): void => {}
    const killed = new Promise<never>((_, reject) => {
      onKilled = () => reject(new Error(`${this.#name} was killed before it had ended the session`))
    })
    running.onKilled.add(onKilled)
    try {
      return await Promise.race([expired, killed])
    } finally {
      running.onKilled.delete(onKilled)
    }
  }

  /** Throws after `close`. */
  checkOpen(): void {
    if (this.isClosed) throw new Error(`${this.#name} is closed`)
  }

  async #inTurn(work: () => Promise<void>): Promise<void> {
    this.checkOpen()
    const turn = this.#last.then(work)
    // The next call runs whether or not this one succeeds.
    this.#last = turn.catch(() => undefined)
    await turn
  }

  async #start(): Promise<void> {
    if (this.#running !== undefined) return
    const candidate = this.#create(this.#port)
    await candidate.server.start()
    this.#running = { ...candidate, onKilled: new Set() }
    this.#port = candidate.server.ports.client!
  }

  async #stop(): Promise<void> {
    const running = this.#running
    if (running === undefined) return
    this.#running = undefined
    running.host.resume()
    await running.server.stop()
  }

  async #kill(): Promise<void> {
    const running = this.#running
    if (running === undefined) return
    this.#running = undefined
    this.#onKill()
    await new Promise<void>((resolve) => running.host.die(resolve))
    for (const tell of [...running.onKilled]) tell()
  }
}

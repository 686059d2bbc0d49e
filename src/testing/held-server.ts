/**
 * A server that a test starts, stops, kills and starts again, as the test server and the members of a test ensemble are: what is asked for is done
 * in that order, one after the other, and after `close` nothing more.
 */
import type { ZooKeeperServer } from '../embed/zookeeper-server.ts'
import type { MortalHost } from './mortal-host.ts'

/** A server that is not started yet, and the host that it will live and die with. */
export interface Candidate {
  readonly server: ZooKeeperServer
  readonly host: MortalHost
}

interface Running extends Candidate {
  /** Hears when the server was killed: it cannot tell anybody itself. */
  readonly onKilled: Set<() => void>
}

export class HeldServer {
  /** What it is called in messages. */
  readonly #name: string
  /** Makes the next one, on the port of the one before. */
  readonly #create: (port: number) => Candidate
  /** Called before the host dies. */
  readonly #onKill: () => void
  #running: Running | undefined
  #port: number
  /** Ends with the last that was asked for. */
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

  /** Undefined while it does not run. */
  get server(): ZooKeeperServer | undefined {
    return this.#running?.server
  }

  /** Whether it runs and is not paused. */
  get isAwake(): boolean {
    return this.#running?.host.isPaused === false
  }

  get isClosed(): boolean {
    return this.#closed !== undefined
  }

  /** Does nothing when it runs. */
  start(): Promise<void> {
    return this.#inTurn(() => this.#start())
  }

  /** Does nothing when it does not run. */
  stop(): Promise<void> {
    return this.#inTurn(() => this.#stop())
  }

  /** Does nothing when it does not run. */
  kill(): Promise<void> {
    return this.#inTurn(() => this.#kill())
  }

  restart(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#stop()
      await this.#start()
    })
  }

  /** Stops it for good, the first time; afterwards it is the same end. */
  close(): Promise<void> {
    this.#closed ??= this.#inTurn(() => this.#stop())
    return this.#closed
  }

  /** Does nothing when it does not run. */
  pause(): void {
    this.checkOpen()
    this.#running?.host.pause()
  }

  /** Does nothing when it is not paused. */
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
    // Who comes next does not care whether this one succeeds.
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

/** What one client does all day: bursts of requests on a few nodes that all clients share. */
import type { SeededRandom } from './seeded-random.ts'
import type { Action, Write } from './actions.ts'
import type { SimClient } from './sim-client.ts'

export interface WorkloadOptions {
  readonly depth: number
  readonly pauseMs: number
  /** Data is as long as this at most. */
  readonly dataBytes: number
  /** How often a sync and a read behind it take the place of something else; never when undefined. */
  readonly syncs?: number
  /** Does nothing but sync and read. */
  readonly isReader?: boolean
}

/** How often one that only reads asks on before it was answered. */
const IMPATIENCE = 0.05

const CALM_PAUSE_MS = 200

const REGISTERS = ['/r0', '/r1', '/r2', '/r3', '/r4']
const FLIPPERS = ['/f', '/f/a', '/f/b', '/f/b/c', '/g', '/g/a']
const QUEUE = '/q'

export class Workload {
  readonly #client: SimClient
  readonly #random: SeededRandom
  readonly #options: WorkloadOptions
  #pauseMs: number
  readonly #queued: string[] = []
  #serial = 0
  #hasBegun = false
  #isOver = false
  #isResting = false

  constructor(client: SimClient, options: WorkloadOptions) {
    this.#client = client
    this.#random = client.process.world.random
    this.#options = options
    this.#pauseMs = options.pauseMs
  }

  start(): void {
    this.#later()
  }

  stop(): void {
    this.#isOver = true
  }

  rest(isResting: boolean): void {
    this.#isResting = isResting
  }

  /** Asks for little from now on. */
  calm(pauseMs = CALM_PAUSE_MS): void {
    this.#pauseMs = Math.max(this.#pauseMs, pauseMs)
  }

  onQueued(path: string): void {
    this.#queued.push(path)
  }

  #later(): void {
    this.#client.process.clock.after(this.#random.between(0.5, this.#pauseMs), () => {
      if (this.#isOver) return
      const isAble = this.#client.isConnected && !this.#isResting
      if (isAble && this.#options.isReader === true) this.#lookOnce()
      else if (isAble) this.#burst()
      this.#later()
    })
  }

  /** Who has waited for long may be answered by a server that was away for long. */
  #lookOnce(): void {
    if (this.#client.outstanding === 0 || this.#random.chance(IMPATIENCE)) this.#syncAndRead()
  }

  #syncAndRead(): void {
    this.#client.ask({ kind: 'sync', path: '/' })
    this.#client.ask(this.#read())
  }

  #burst(): void {
    if (!this.#hasBegun) for (const path of [...REGISTERS, QUEUE]) this.#client.ask({ kind: 'create', path, data: this.#data(), mode: 'persistent' })
    this.#hasBegun = true
    const room = this.#options.depth - this.#client.outstanding
    const count = room > 0 ? 1 + this.#random.below(room) : 0
    const { syncs } = this.#options
    for (let i = 0; i < count && this.#client.isConnected; i++) {
      if (syncs !== undefined && this.#random.chance(syncs)) this.#client.ask({ kind: 'sync', path: '/' })
      this.#client.ask(this.#draw())
    }
    if (count === 0 && syncs !== undefined && this.#random.chance(IMPATIENCE)) this.#syncAndRead()
  }

  #draw(): Action {
    const random = this.#random
    switch (random.pick(['set', 'set', 'set', 'flip', 'flip', 'multi', 'ephemeral', 'queue', 'read', 'read', 'read', 'rare'] as const)) {
      case 'set':
        return this.#set()
      case 'flip':
        return this.#flip()
      case 'multi':
        return this.#multi()
      case 'ephemeral': {
        const path = `/e-${this.#client.name}-${random.below(3)}`
        return random.chance(0.7) ? { kind: 'create', path, data: this.#tag(), mode: 'ephemeral' } : { kind: 'delete', path, version: -1 }
      }
      case 'queue': {
        const oldest = this.#queued.length > 2 ? this.#queued.shift() : undefined
        if (oldest !== undefined) return { kind: 'delete', path: oldest, version: -1 }
        return { kind: 'create', path: `${QUEUE}/n-`, data: this.#tag(), mode: 'sequential' }
      }
      case 'read':
        return this.#read()
      case 'rare':
        if (random.chance(0.7)) return { kind: 'create', path: random.pick([...REGISTERS, QUEUE]), data: this.#tag(), mode: 'persistent' }
        return random.chance(0.1) ? { kind: 'close' } : { kind: 'sync', path: '/' }
    }
  }

  #set(): Write {
    const version = this.#random.chance(0.9) ? -1 : this.#random.below(20)
    return { kind: 'set', path: this.#random.pick(REGISTERS), data: this.#data(), version }
  }

  #flip(): Write {
    const path = this.#random.pick(FLIPPERS)
    return this.#random.chance(0.6) ? { kind: 'create', path, data: this.#tag(), mode: 'persistent' } : { kind: 'delete', path, version: -1 }
  }

  /** Often all of it is refused for the sake of its last part. */
  #multi(): Action {
    const random = this.#random
    const first = random.below(REGISTERS.length)
    const parts: Write[] = [0, 1, 2].map((index) => {
      return { kind: 'set', path: REGISTERS[(first + index) % REGISTERS.length], data: this.#tag(), version: -1 }
    })
    if (random.chance(0.3)) parts.push(this.#flip())
    if (random.chance(0.3)) parts.push({ kind: 'check', path: random.pick(REGISTERS), version: random.below(20) })
    return { kind: 'multi', parts }
  }

  #read(): Action {
    const random = this.#random
    const watch = random.chance(0.5)
    switch (random.pick(['get', 'exists', 'children', 'getAll'] as const)) {
      case 'get':
        return { kind: 'get', path: random.pick(REGISTERS), watch }
      case 'exists':
        return { kind: 'exists', path: random.pick(FLIPPERS), watch }
      case 'children':
        return { kind: 'children', path: random.pick(['/', '/f', '/g', QUEUE]), watch }
      case 'getAll':
        return { kind: 'getAll', paths: REGISTERS }
    }
  }

  /** Never the same twice, so that what is read tells who wrote it. */
  #tag(): string {
    return `${this.#client.name}-${this.#serial++}`
  }

  #data(): string {
    const { dataBytes } = this.#options
    return this.#tag().padEnd(dataBytes === 0 ? 0 : this.#random.below(dataBytes), '.')
  }
}

/**
 * A process: an event loop whose turns have the phases of Node's, in their order: timers that are due, then what the
 * sockets and the disk have brought, then the ends of the turn. It can be frozen, and it can die between any two steps.
 */
import { Halted } from './mortal.ts'
import { SimClock } from './sim-clock.ts'
import type { SimMachine } from './sim-machine.ts'
import type { World } from './world.ts'

/** From the first thing that comes in to the turn that handles it, so that a turn may bring several. */
const LONGEST_WAKE_MS = 0.25
/** A process that was frozen gets some time before it is frozen again. */
const LEAST_AWAKE_MS = 500

export class SimProcess {
  readonly world: World
  readonly machine: SimMachine
  readonly name: string
  readonly clock: SimClock
  isAlive = true
  /** What it has handed on for a later time is lost with it. */
  diedAt = Infinity
  /** The longest time from the end of a turn to the next where there is more to do. */
  turnMs = 0
  /** So many it has had. */
  turns = 0
  /** Called at the end of a process, for those who hold something of it. */
  readonly onDeath: (() => void)[] = []
  #inbox: (() => void)[] = []
  #ends: (() => void)[] = []
  #wakeAt = Infinity
  #wakeToken = 0
  #frozenUntil = -Infinity
  #stalledUntil = -Infinity
  #isInTurn = false

  constructor(machine: SimMachine, name: string) {
    this.world = machine.world
    this.machine = machine
    this.name = name
    this.clock = new SimClock(machine, this)
  }

  /** For the poll phase of a coming turn. */
  deliver(callback: () => void): void {
    if (!this.isAlive) return
    this.#inbox.push(callback)
    this.wakeAt(this.world.now + this.world.random.between(0, LONGEST_WAKE_MS))
  }

  endOfTurn(callback: () => void): void {
    if (!this.isAlive) return
    this.#ends.push(callback)
    if (!this.#isInTurn) this.wakeAt(this.world.now)
  }

  /** Not scheduled by the system for so long: bytes and timers wait. Not soon after the last time. */
  freeze(ms: number): void {
    if (this.world.now >= this.#frozenUntil + LEAST_AWAKE_MS) this.#frozenUntil = this.world.now + ms
  }

  /**
   * A call within this turn, one that waits for the disk as a rule, comes back only after so long: the rest of the turn happens then, and
   * whatever comes in meanwhile waits.
   */
  stall(ms: number): void {
    this.#stalledUntil = this.now + ms
    this.#frozenUntil = Math.max(this.#frozenUntil, this.#stalledUntil)
  }

  /** True time as this process lives it. */
  get now(): number {
    return Math.max(this.world.now, this.#stalledUntil)
  }

  kill(): void {
    if (!this.isAlive) return
    this.isAlive = false
    this.diedAt = this.world.now
    this.#stalledUntil = -Infinity
    this.#inbox = []
    this.#ends = []
    for (const callback of this.onDeath) callback()
  }

  /** A turn is needed at this time, if none comes before it. */
  wakeAt(time: number): void {
    if (!this.isAlive || time >= this.#wakeAt) return
    this.#wakeAt = time
    const token = ++this.#wakeToken
    this.world.at(time, () => this.#wake(token))
  }

  #wake(token: number): void {
    if (!this.isAlive || token !== this.#wakeToken) return
    this.#wakeAt = Infinity
    if (this.world.now < this.#frozenUntil) {
      this.wakeAt(this.#frozenUntil)
      return
    }
    this.#turn()
  }

  #turn(): void {
    this.turns++
    this.#isInTurn = true
    this.#runPhases()
    this.#isInTurn = false
    if (!this.isAlive) return
    // What came meanwhile belongs to the next turn, which follows at once.
    if (this.#inbox.length > 0 || this.#ends.length > 0) this.wakeAt(this.world.now + this.world.random.between(0, this.turnMs))
    const due = this.clock.nextDueAt
    if (due !== undefined) this.wakeAt(Math.max(due, this.world.now))
  }

  #runPhases(): void {
    const limit = this.clock.timerLimit
    for (let timer = this.clock.takeDue(limit); timer !== undefined; timer = this.clock.takeDue(limit)) if (!this.#run(timer)) return
    for (const callback of takeAll(this.#inbox)) if (!this.#run(callback)) return
    for (const callback of takeAll(this.#ends)) if (!this.#run(callback)) return
  }

  #run(callback: () => void): boolean {
    if (!this.isAlive) return false
    try {
      callback()
    } catch (error) {
      if (this.isAlive || !(error instanceof Halted)) throw error
    }
    return this.isAlive
  }
}

function takeAll(queue: (() => void)[]): (() => void)[] {
  return queue.splice(0)
}

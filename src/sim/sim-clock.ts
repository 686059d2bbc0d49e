/**
 * A process's two clocks: a monotonic one that began at any number, and its machine's wall clock, which somebody may set
 * while the process looks on. Both run as fast or slow as the machine's do.
 */
import type { Clock, Timer } from '../server/host/host.ts'
import type { World } from './world.ts'

interface ClockOwner {
  /** True time as the process lives it. */
  readonly now: number
  wakeAt(time: number): void
  endOfTurn(callback: () => void): void
}

interface ClockMachine {
  readonly world: World
  readonly clockRate: number
  readonly wallOffsetMs: number
}

interface Pending {
  readonly dueAt: number
  readonly sequence: number
  readonly callback: () => void
}

/** 2023-11-14, so that stamps look like stamps. */
const WALL_START = 1_700_000_000_000

export class SimClock implements Clock {
  readonly #world: World
  readonly #process: ClockOwner
  readonly #machine: ClockMachine
  readonly #origin: number
  readonly #rate: number
  #timers: Pending[] = []
  #sequence = 0

  constructor(machine: ClockMachine, owner: ClockOwner) {
    this.#world = machine.world
    this.#process = owner
    this.#machine = machine
    this.#origin = this.#world.random.between(0, 1e7)
    this.#rate = machine.clockRate
  }

  now(): number {
    return this.#origin + this.#process.now * this.#rate
  }

  wallTime(): number {
    return Math.floor(WALL_START + this.#process.now * this.#rate + this.#machine.wallOffsetMs)
  }

  after(delayMs: number, callback: () => void): Timer {
    // In true time, so that rounding in the rate never makes a timer early: `now` is looked at when it fires.
    const timer = { dueAt: this.#process.now + Math.max(0, delayMs) / this.#rate + 1e-6, sequence: this.#sequence++, callback }
    this.#timers.push(timer)
    this.#process.wakeAt(timer.dueAt)
    return { cancel: () => void (this.#timers = this.#timers.filter((other) => other !== timer)) }
  }

  endOfTurn(callback: () => void): void {
    this.#process.endOfTurn(callback)
  }

  /** Timers set from here on belong to a later turn. */
  get timerLimit(): number {
    return this.#sequence
  }

  /** In true time. */
  get nextDueAt(): number | undefined {
    return this.#next(Infinity)?.dueAt
  }

  /** The first timer below the limit that is due; it is gone from the clock. */
  takeDue(limit: number): (() => void) | undefined {
    const next = this.#next(limit)
    if (next === undefined || next.dueAt > this.#world.now) return undefined
    this.#timers.splice(this.#timers.indexOf(next), 1)
    return next.callback
  }

  #next(limit: number): Pending | undefined {
    let next: Pending | undefined
    for (const timer of this.#timers) {
      if (timer.sequence >= limit) continue
      if (next === undefined || timer.dueAt < next.dueAt || (timer.dueAt === next.dueAt && timer.sequence < next.sequence)) next = timer
    }
    return next
  }
}

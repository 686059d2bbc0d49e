// Time that stands still until a test moves it. Timers and ends of turns are run by whoever owns the clock (FakeHost).
import type { Clock, Timer } from '../../src/server/host/host.ts'

interface Pending {
  readonly dueAt: number
  readonly sequence: number
  readonly callback: () => void
}

/** 2023-11-14, so that stamps look like stamps. */
const WALL_START = 1_700_000_000_000

export class FakeClock implements Clock {
  /** What `now` says. Starts on no multiple of anything, as a real one would. */
  nowMs = 1_234_567.25
  /** Added to the passing of time to make the time of day. */
  wallOffsetMs = WALL_START - 1_234_567
  readonly #timers = new Set<Pending>()
  #endOfTurn: (() => void)[] = []
  #sequence = 0

  now(): number {
    return this.nowMs
  }

  wallTime(): number {
    return Math.floor(this.nowMs) + this.wallOffsetMs
  }

  after(delayMs: number, callback: () => void): Timer {
    const pending = { dueAt: this.nowMs + Math.max(0, delayMs), sequence: this.#sequence++, callback }
    this.#timers.add(pending)
    return { cancel: () => void this.#timers.delete(pending) }
  }

  endOfTurn(callback: () => void): void {
    this.#endOfTurn.push(callback)
  }

  get timerCount(): number {
    return this.#timers.size
  }

  /** When the next timer is due; undefined when there is none. */
  get nextDueAt(): number | undefined {
    return this.#next()?.dueAt
  }

  /** Fires what is due, in order; a timer set meanwhile waits for the next turn. */
  fireDue(): boolean {
    const limit = this.#sequence
    let fired = false
    for (let next = this.#next(); next !== undefined && next.dueAt <= this.nowMs; next = this.#next(limit)) {
      if (next.sequence >= limit) break
      this.#timers.delete(next)
      next.callback()
      fired = true
    }
    return fired
  }

  /** Runs the ends of this turn; what they ask for in turn belongs to the next. */
  finishTurn(): boolean {
    const callbacks = this.#endOfTurn
    this.#endOfTurn = []
    for (const callback of callbacks) callback()
    return callbacks.length > 0
  }

  #next(limit = Infinity): Pending | undefined {
    let next: Pending | undefined
    for (const timer of this.#timers) {
      if (timer.sequence >= limit) continue
      if (next === undefined || timer.dueAt < next.dueAt || (timer.dueAt === next.dueAt && timer.sequence < next.sequence)) next = timer
    }
    return next
  }
}

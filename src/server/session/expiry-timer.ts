/**
 * When to look for what has expired. A timer that is due fires before the sockets are read, so after a stall a
 * session's ping may lie there unread, or be known to another server: nothing expires before everything that waits has
 * been read, and everybody who may know better has been asked.
 */
import type { Clock, Timer } from '../host/host.ts'

/** So late is a stall: the process was stopped, or busy with something long. */
const STALL_MS = 100
/** Turns without anything new that end a stall. */
const QUIET_TURNS = 3

export class ExpiryTimer {
  readonly #clock: Clock
  readonly #intervalMs: number
  readonly #activity: () => number
  readonly #expire: (now: number) => void
  readonly #askOthers: (done: () => void) => void
  #timer: Timer | undefined
  #dueAt = 0

  /** `activity` grows with every byte and connection that comes in. After a stall, `askOthers` comes before `expire`. */
  constructor(
    clock: Clock,
    intervalMs: number,
    activity: () => number,
    expire: (now: number) => void,
    askOthers: (done: () => void) => void = (done) => done(),
  ) {
    this.#clock = clock
    this.#intervalMs = intervalMs
    this.#activity = activity
    this.#expire = expire
    this.#askOthers = askOthers
  }

  /** Looks at the ends of the queue's buckets, so that nothing stays an interval longer than it may. */
  start(): void {
    this.#startAfter(this.#clock.now())
  }

  #startAfter(lookedAt: number): void {
    this.#dueAt = (Math.floor(lookedAt / this.#intervalMs) + 1) * this.#intervalMs
    this.#timer = this.#clock.after(Math.max(0, this.#dueAt - this.#clock.now()), () => this.#onDue())
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #onDue(): void {
    const now = this.#clock.now()
    const late = now - this.#dueAt
    const timer = this.#timer
    // The process may be stopped before it has looked: what ends later than now is left to the next time, which is late then.
    const finish = (): void => this.#finish(timer, now)
    if (late < STALL_MS) this.#clock.endOfTurn(finish)
    else this.#settle(finish, this.#activity(), 0, now + this.#intervalMs)
  }

  /** Lets turns pass until nothing new comes in, or for one interval under steady traffic. */
  #settle(finish: () => void, activity: number, quietTurns: number, deadline: number): void {
    this.#clock.endOfTurn(() => {
      const seen = this.#activity()
      const quiet = seen === activity ? quietTurns + 1 : 0
      if (quiet >= QUIET_TURNS || this.#clock.now() >= deadline) this.#askOthers(finish)
      else this.#settle(finish, seen, quiet, deadline)
    })
  }

  #finish(timer: Timer | undefined, now: number): void {
    // Stopped meanwhile, and perhaps started anew.
    if (this.#timer === undefined || this.#timer !== timer) return
    this.#expire(now)
    this.#startAfter(now)
  }
}

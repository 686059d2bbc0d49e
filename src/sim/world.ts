/**
 * Virtual time: a heap of events in the order of their time, those of one time in the order in which they were asked
 * for. Nothing in a simulation happens but here, so a seed is a whole history.
 */
import { assert } from '../base/assert.ts'
import type { Timer } from '../server/host/host.ts'
import { Journal } from './journal.ts'
import { SeededRandom } from './seeded-random.ts'

interface Event {
  readonly time: number
  readonly sequence: number
  callback: (() => void) | undefined
}

/** More events than this without an end mean that something runs in a circle. */
const MOST_EVENTS = 3_000_000

export class World {
  readonly random: SeededRandom
  readonly journal: Journal
  /** Called after every event: what must hold at every moment is looked at here. */
  onEvent: () => void = () => undefined
  #violation: Violation | undefined
  #now = 0
  #sequence = 0
  #eventCount = 0
  readonly #heap: Event[] = []

  constructor(seed: number) {
    this.random = new SeededRandom(seed)
    this.journal = new Journal(() => this.#now)
  }

  /** Milliseconds of true time, with fractions. No process of the simulation can see it. */
  get now(): number {
    return this.#now
  }

  get eventCount(): number {
    return this.#eventCount
  }

  after(delayMs: number, callback: () => void): Timer {
    return this.at(this.#now + delayMs, callback)
  }

  /** At a time, exactly: what is asked for the same time comes in the order in which it was asked for. */
  at(time: number, callback: () => void): Timer {
    const event: Event = { time: Math.max(this.#now, time), sequence: this.#sequence++, callback }
    this.#push(event)
    return { cancel: () => void (event.callback = undefined) }
  }

  /** Runs events until the condition holds, or for `limitMs`; says whether it holds. */
  runUntil(condition: () => boolean, limitMs: number): boolean {
    const end = this.#now + limitMs
    while (!condition()) {
      const next = this.#heap[0]
      if (next === undefined || next.time > end) {
        this.#now = end
        return condition()
      }
      this.#pop()
      if (next.callback === undefined) continue
      assert(++this.#eventCount < MOST_EVENTS, 'the simulation comes to an end')
      this.#now = next.time
      next.callback()
      if (this.#violation === undefined) this.onEvent()
      if (this.#violation !== undefined) throw this.#violation
    }
    return true
  }

  run(ms: number): void {
    this.runUntil(() => false, ms)
  }

  /** Ends the run after the event under way, whatever the server that has caused it makes of exceptions. */
  fail(violation: Violation): void {
    this.#violation ??= violation
  }

  #push(event: Event): void {
    const heap = this.#heap
    let at = heap.length
    heap.push(event)
    while (at > 0) {
      const above = (at - 1) >> 1
      if (!isBefore(event, heap[above])) break
      heap[at] = heap[above]!
      at = above
    }
    heap[at] = event
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()!
    if (heap.length === 0) return
    let at = 0
    for (;;) {
      let below = 2 * at + 1
      if (below >= heap.length) break
      if (below + 1 < heap.length && isBefore(heap[below + 1], heap[below])) below++
      if (!isBefore(heap[below], last)) break
      heap[at] = heap[below]!
      at = below
    }
    heap[at] = last
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.time < b.time || (a.time === b.time && a.sequence < b.sequence)
}

/** What a checker found wrong. */
export class Violation extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'Violation'
  }
}

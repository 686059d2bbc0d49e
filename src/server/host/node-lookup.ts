/**
 * Names to addresses, for dials. The system's look-up blocks a thread of the pool in which files are written too, for ten
 * seconds and more when the resolver is dead; so names are looked up one at a time, one that is slow is passed over after
 * a while, few may hang at once, and where no answer comes the last good one holds.
 */
import { lookup as systemLookup } from 'node:dns'
import type { LookupAddress, LookupOptions } from 'node:dns'

/** After so long the next name has its turn, and who asked for this one has the last good answer or none. */
const PATIENCE_MS = 500
/** Of the four threads of the pool, so many may be busy with names: one is the log's, one is for all else that asks the disk (node-disk.ts). */
const MAX_BUSY = 2
/** So long a name that has just failed is not asked for again. */
const REST_AFTER_FAILURE_MS = 2000
/** Peers may announce any name they like. */
const MAX_NAMES = 256

type Answer = (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void
type LookUp = (name: string, done: Answer) => void

interface Name {
  readonly name: string
  waiting: Answer[]
  lastGood: LookupAddress[]
  phase: 'resting' | 'queued' | 'asking' | 'hanging'
  failedAt: number
}

export interface NameLookupParts {
  readonly lookUp: LookUp
  now(): number
  after(delayMs: number, callback: () => void): { cancel(): void }
}

export class NameLookup {
  readonly #parts: NameLookupParts
  readonly #names = new Map<string, Name>()
  readonly #queue: Name[] = []
  #asking: Name | undefined
  #hanging = 0

  constructor(parts: NameLookupParts) {
    this.#parts = parts
  }

  /** Answers later, within a bounded time unless many names hang. */
  find(name: string, answer: Answer): void {
    const entry = this.#entry(name)
    const isResting = entry.phase === 'resting' && this.#parts.now() - entry.failedAt < REST_AFTER_FAILURE_MS
    if (isResting || entry.phase === 'hanging') return void this.#parts.after(0, () => this.#giveLastGood(entry, [answer]))
    entry.waiting.push(answer)
    if (entry.phase !== 'resting') return
    entry.phase = 'queued'
    this.#queue.push(entry)
    this.#next()
  }

  #entry(name: string): Name {
    const known = this.#names.get(name)
    if (known !== undefined) return known
    const entry: Name = { name, waiting: [], lastGood: [], phase: 'resting', failedAt: -Infinity }
    this.#names.set(name, entry)
    if (this.#names.size > MAX_NAMES) this.#forgetOne()
    return entry
  }

  /** The one that has been known for longest and that nobody waits for. */
  #forgetOne(): void {
    for (const { name, phase } of this.#names.values()) {
      if (phase === 'resting') return void this.#names.delete(name)
    }
  }

  #next(): void {
    if (this.#asking !== undefined || this.#hanging >= MAX_BUSY) return
    const entry = this.#queue.shift()
    if (entry === undefined) return
    this.#asking = entry
    entry.phase = 'asking'
    const patience = this.#parts.after(PATIENCE_MS, () => this.#onSlow(entry))
    this.#parts.lookUp(entry.name, (error, addresses) => {
      patience.cancel()
      this.#onAnswer(entry, error, addresses)
    })
  }

  #onSlow(entry: Name): void {
    entry.phase = 'hanging'
    this.#hanging++
    this.#asking = undefined
    this.#giveLastGood(entry, takeWaiting(entry))
    this.#next()
  }

  #onAnswer(entry: Name, error: NodeJS.ErrnoException | null, addresses: LookupAddress[]): void {
    if (entry.phase === 'hanging') this.#hanging--
    else this.#asking = undefined
    entry.phase = 'resting'
    if (error === null) entry.lastGood = addresses
    entry.failedAt = error === null ? -Infinity : this.#parts.now()
    const waiting = takeWaiting(entry)
    this.#next()
    this.#giveLastGood(entry, waiting, error)
  }

  #giveLastGood({ name, lastGood }: Name, answers: readonly Answer[], error: NodeJS.ErrnoException | null = null): void {
    const none = error ?? Object.assign(new Error(`no answer yet for ${name}`), { code: 'EAI_AGAIN' })
    for (const answer of answers) answer(lastGood.length > 0 ? null : none, lastGood)
  }
}

function takeWaiting(entry: Name): Answer[] {
  const waiting = entry.waiting
  entry.waiting = []
  return waiting
}

const names = new NameLookup({
  // As Java: IPv4 first.
  lookUp: (name, done) => systemLookup(name, { all: true, order: 'ipv4first' }, done),
  now: () => performance.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs).unref()
    return { cancel: () => clearTimeout(timer) }
  },
})

/** For `net.connect`, which asks for names only, never for literals. */
export function lookup(
  name: string,
  { all }: LookupOptions,
  done: (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void,
): void {
  names.find(name, (error, addresses) => {
    if (error !== null) done(error, '', 0)
    else if (all === true) done(null, addresses)
    else done(null, addresses[0].address, addresses[0].family)
  })
}

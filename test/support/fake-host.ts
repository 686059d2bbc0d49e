// A host without a world: a clock that a test moves, sockets and files in memory, seeded chance. A turn has the phases
// of Node's event loop, in its order: timers that are due, then completions and sockets, then the ends of the turn.
import { gzipSync } from 'node:zlib'
import { pino } from 'pino'
import type { Logger } from 'pino'
import { run } from '../../src/server/host/disk-work.ts'
import type { DiskWork } from '../../src/server/host/disk-work.ts'
import type { Compressor, Disk, Host, Random } from '../../src/server/host/host.ts'
import { MemoryDisk } from '../../src/server/host/memory-disk.ts'
import { unknownProcess } from '../../src/server/host/process-facts.ts'
import { FakeClock } from './fake-clock.ts'
import { FakeNetwork } from './fake-network.ts'

export interface FakeHostOptions {
  readonly seed?: number
  /** Shared by hosts that talk to each other. */
  readonly network?: FakeNetwork
  /** A disk that a server of another host has left. */
  readonly disk?: Disk
}

/** More turns than this without rest means that something runs in a circle. */
const MAX_TURNS = 100_000

export class FakeHost implements Host {
  readonly clock = new FakeClock()
  readonly network: FakeNetwork
  readonly disk: Disk
  readonly random: Random
  readonly log: Logger
  /** What was logged at warn and above. */
  readonly warnings: string[] = []
  readonly gzip: () => Compressor
  readonly process = unknownProcess
  #completions: (() => void)[] = []

  constructor(options: FakeHostOptions = {}) {
    this.network = options.network ?? new FakeNetwork()
    this.random = seededRandom(options.seed ?? 1)
    const later = (callback: () => void): void => void this.#completions.push(callback)
    this.disk = options.disk ?? new MemoryDisk({ later, wallTime: () => this.clock.wallTime() })
    this.gzip = () => wholeGzip(later)
    const sink = { write: (line: string) => void this.warnings.push((JSON.parse(line) as { msg: string }).msg) }
    this.log = pino({ level: 'warn', base: null, timestamp: false }, sink)
  }

  /** One turn of the event loop. False when there was nothing to do. */
  turn(): boolean {
    const fired = this.clock.fireDue()
    const completions = this.#completions
    this.#completions = []
    for (const completion of completions) completion()
    const moved = this.network.poll()
    return [fired, completions.length > 0, moved, this.clock.finishTurn()].includes(true)
  }

  /** Turns until nothing is left to do but to wait for timers. */
  settle(): void {
    for (let turns = 0; this.turn(); turns++) if (turns > MAX_TURNS) throw new Error('the host does not come to rest')
  }

  /** Does the work turn by turn, and returns or throws what comes of it. */
  finish<T>(work: DiskWork<T>): T {
    let outcome: { readonly error: Error | undefined; readonly value: T } | undefined
    run(work, (error, value) => void (outcome = { error, value }))
    this.settle()
    if (outcome === undefined) throw new Error('the work has not come to an end')
    if (outcome.error !== undefined) throw outcome.error
    return outcome.value
  }

  /** Lets time pass, each timer at its time and everything that follows from it before the next. */
  advance(ms: number): void {
    const end = this.clock.nowMs + ms
    this.settle()
    for (let due = this.clock.nextDueAt; due !== undefined && due <= end; due = this.clock.nextDueAt) {
      this.clock.nowMs = Math.max(this.clock.nowMs, due)
      this.settle()
    }
    this.clock.nowMs = end
  }

  /** Time passes and nothing runs, as in a process that is stopped or busy. Bytes wait in the sockets. */
  stall(ms: number): void {
    this.clock.nowMs += ms
  }

  /** Somebody sets the time of day. */
  stepWallClock(ms: number): void {
    this.clock.wallOffsetMs += ms
  }
}

/** mulberry32: small, and good enough to shuffle tests. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
  return {
    below: (limit) => Math.floor((next() / 0x1_0000_0000) * limit),
    bytes: (count) => Uint8Array.from({ length: count }, () => next() & 0xff),
  }
}

function wholeGzip(later: (callback: () => void) => void): Compressor {
  const parts: Uint8Array[] = []
  return {
    compress(bytes, last, done) {
      parts.push(bytes)
      later(() => done(undefined, last ? gzipSync(Buffer.concat(parts)) : new Uint8Array(0)))
    },
  }
}

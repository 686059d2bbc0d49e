/**
 * One file as a machine keeps it: what a read shows, what a loss of power is sure to leave, and the changes between the
 * two, of which any may survive, sector by sector and in any order.
 */
import type { SeededRandom } from './seeded-random.ts'

const SECTOR_BYTES = 512

/** What a loss of power leaves of what was not synced. */
export type Survival = 'everything' | 'nothing' | 'some'

type Change = { readonly kind: 'write'; readonly position: number; readonly bytes: Uint8Array } | { readonly kind: 'truncate'; readonly length: number }

export class SimInode {
  modifiedAt = 0
  /** Processes that were told of a failed sync: the system has forgotten what it could not write, and says so only once. */
  readonly toldOfFailure = new Set<unknown>()
  readonly #current = new Content()
  #durable = new Content()
  /** Not covered by a sync that has succeeded, in order. */
  #pending: Change[] = []
  /** No later sync makes these durable. */
  readonly #forgotten = new Set<Change>()

  get length(): number {
    return this.#current.length
  }

  get isDurable(): boolean {
    return this.#pending.length === 0
  }

  read(position: number, length: number): Uint8Array {
    return this.#current.read(position, length)
  }

  /** Copies the bytes. */
  write(position: number, bytes: Uint8Array): void {
    this.#current.write(position, bytes)
    this.#pending.push({ kind: 'write', position, bytes: Uint8Array.from(bytes) })
  }

  truncate(length: number): void {
    this.#current.truncate(length)
    this.#pending.push({ kind: 'truncate', length })
  }

  /** Begins a sync of all that was changed so far; the result ends it. */
  beginSync(): { succeed(): void; fail(): void } {
    const covered = [...this.#pending]
    return {
      succeed: () => {
        const still = new Set(this.#pending)
        for (const change of covered) if (still.has(change) && !this.#forgotten.has(change)) apply(this.#durable, change)
        this.#pending = this.#pending.filter((change) => this.#forgotten.has(change) || !covered.includes(change))
      },
      fail: () => {
        for (const change of covered) this.#forgotten.add(change)
      },
    }
  }

  /** Power is lost: what survives is all there is from now on. */
  losePower(survival: Survival, random: SeededRandom): void {
    if (this.#pending.length === 0) return
    const share = random.between(0, 1)
    const lengths = [this.#durable.length]
    for (const change of this.#pending) {
      if (survival === 'nothing') break
      if (survival === 'everything') apply(this.#durable, change)
      else if (change.kind === 'truncate' && random.chance(share)) apply(this.#durable, change)
      else if (change.kind === 'write') applySome(this.#durable, change.position, change.bytes, () => random.chance(share))
      lengths.push(change.kind === 'truncate' ? change.length : Math.max(lengths.at(-1)!, change.position + change.bytes.length))
    }
    // The length is kept apart from the bytes: it may have got there before them, or not at all.
    if (survival === 'some') this.#durable.truncate(random.pick(lengths))
    this.#pending = []
    this.#forgotten.clear()
    this.#current.copyFrom(this.#durable)
  }
}

function apply(content: Content, change: Change): void {
  if (change.kind === 'write') content.write(change.position, change.bytes)
  else content.truncate(change.length)
}

function applySome(content: Content, position: number, bytes: Uint8Array, survives: () => boolean): void {
  for (let at = 0; at < bytes.length; ) {
    const end = Math.min(bytes.length, at + SECTOR_BYTES - ((position + at) % SECTOR_BYTES))
    if (survives()) content.write(position + at, bytes.subarray(at, end))
    at = end
  }
}

/** The bytes of a file; zeros behind the last one written take no room. */
class Content {
  length = 0
  #bytes = new Uint8Array(0)
  #written = 0

  read(position: number, length: number): Uint8Array {
    const end = Math.min(position + length, this.length)
    const copy = new Uint8Array(Math.max(0, end - position))
    if (position < this.#written) copy.set(this.#bytes.subarray(position, Math.min(end, this.#written)))
    return copy
  }

  write(position: number, bytes: Uint8Array): void {
    const end = position + bytes.length
    if (end > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(end, 2 * this.#bytes.length))
      grown.set(this.#bytes.subarray(0, this.#written))
      this.#bytes = grown
    }
    this.#bytes.set(bytes, position)
    this.#written = Math.max(this.#written, end)
    this.length = Math.max(this.length, end)
  }

  truncate(length: number): void {
    // What is cut off must read as zeros when the file grows again.
    if (length < this.#written) this.#bytes.fill(0, length, this.#written)
    this.#written = Math.min(this.#written, length)
    this.length = length
  }

  copyFrom(other: Content): void {
    this.#bytes = other.#bytes.slice(0, other.#written)
    this.#written = other.#written
    this.length = other.length
  }
}

/**
 * One file as a machine keeps it: what a read shows, what a loss of power is sure to leave, and the changes between the
 * two, of which any may survive, sector by sector and in any order.
 */
import { FileContent } from '../server/host/file-content.ts'
import type { SeededRandom } from './seeded-random.ts'

export const SECTOR_BYTES = 512

/** What a loss of power leaves of what was not synced. */
export type Survival = 'everything' | 'nothing' | 'some'

interface Change {
  /** Of a new length when there are no bytes. */
  readonly bytes: Uint8Array | undefined
  /** Where the bytes go, or the new length. */
  readonly position: number
  /** A sync of it has failed: it may have reached the disk, and no later sync makes it durable. */
  isForgotten: boolean
}

export class SimInode {
  modifiedAt = 0
  /** From one byte to before another. */
  unreadable: { readonly from: number; readonly to: number } | undefined
  /** Processes that were told of a failed sync: the system has forgotten what it could not write, and says so only once. */
  readonly toldOfFailure = new Set<unknown>()
  readonly #current: FileContent
  readonly #durable: FileContent
  /** Not covered by a sync that has succeeded, in order. */
  #pending: Change[] = []

  constructor(content = new FileContent()) {
    this.#current = content
    this.#durable = content.copy()
  }

  get length(): number {
    return this.#current.length
  }

  read(position: number, length: number): Uint8Array {
    return this.#current.read(position, length)
  }

  /** Returns the copy that it keeps. */
  write(position: number, bytes: Uint8Array): Uint8Array {
    const copy = new Uint8Array(bytes)
    this.#change({ bytes: copy, position, isForgotten: false })
    return copy
  }

  truncate(length: number): void {
    this.#change({ bytes: undefined, position: length, isForgotten: false })
  }

  #change(change: Change): void {
    apply(this.#current, change)
    this.#pending.push(change)
  }

  /** Begins a sync of all that was changed so far; the result ends it. */
  beginSync(): { succeed(): void; fail(): void } {
    const covered = [...this.#pending]
    return {
      succeed: () => {
        for (const change of covered) this.#settle(change)
      },
      fail: () => {
        for (const change of covered) change.isForgotten = true
      },
    }
  }

  /** Makes a change durable; another sync may have done it, or have failed to. */
  #settle(change: Change): void {
    const at = this.#pending.indexOf(change)
    if (at < 0 || change.isForgotten) return
    apply(this.#durable, change)
    // All that is left before it is forgotten, and does not come back where this one has come after it.
    const left = this.#pending.slice(0, at).flatMap((older) => remainder(older, change))
    this.#pending = [...left, ...this.#pending.slice(at + 1)]
  }

  /** Whether there is nothing that a loss of power could take. */
  get isSettled(): boolean {
    return this.#pending.length === 0
  }

  /** The file as a loss of power would leave it now; itself when it loses nothing. */
  survivor(survival: Survival, random: SeededRandom): SimInode {
    if (this.isSettled) return this
    const left = this.#durable.copy()
    if (survival === 'everything') for (const change of this.#pending) apply(left, change)
    if (survival === 'some') applySome(left, this.#pending, random)
    const survivor = new SimInode(left)
    survivor.modifiedAt = this.modifiedAt
    return survivor
  }
}

function apply(content: FileContent, { bytes, position }: Change): void {
  if (bytes === undefined) content.truncate(position)
  else content.write(position, bytes)
}

function applySome(content: FileContent, changes: readonly Change[], random: SeededRandom): void {
  const share = random.between(0, 1)
  const lengths = [content.length]
  for (const change of changes) {
    const { bytes, position } = change
    if (bytes !== undefined) applySectors(content, position, bytes, () => random.chance(share))
    else if (random.chance(share)) apply(content, change)
    lengths.push(bytes === undefined ? position : Math.max(lengths.at(-1)!, position + bytes.length))
  }
  // The length is kept apart from the bytes: it may have got there before them, or not at all.
  content.truncate(random.pick(lengths))
}

function applySectors(content: FileContent, position: number, bytes: Uint8Array, survives: () => boolean): void {
  for (let at = 0; at < bytes.length;) {
    const end = Math.min(bytes.length, at + SECTOR_BYTES - ((position + at) % SECTOR_BYTES))
    if (survives()) content.write(position + at, bytes.subarray(at, end))
    at = end
  }
}

/** What may still come of a change once a newer one is durable. */
function remainder(older: Change, newer: Change): Change[] {
  const end = newer.bytes === undefined ? Infinity : newer.position + newer.bytes.length
  if (older.bytes === undefined) return newer.bytes === undefined || older.position < end ? [] : [older]
  const before = older.bytes.subarray(0, Math.max(0, newer.position - older.position))
  const behind = older.bytes.subarray(Math.max(0, end - older.position))
  const parts = [
    { ...older, bytes: before },
    { ...older, bytes: behind, position: older.position + older.bytes.length - behind.length },
  ]
  return parts.filter(({ bytes }) => bytes.length > 0)
}

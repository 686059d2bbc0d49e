/**
 * The latest pending change of each path. A Map would do, but one whose entries come and go by the hundred thousand a second leaves dead
 * tables behind that keep what they held alive until the whole heap is collected (bench/request-path.mjs): here a change that is gone
 * leaves an empty place.
 */
import { assert } from '../../base/assert.ts'

const FIRST_PLACES = 256
/** A table that one request made larger than this does not stay. */
const KEPT_PLACES = 16_384

export interface Placed {
  readonly path: string
  /** Of the path. */
  readonly hash: number
}

/** Open addressing: a path stands at the place its hash names, or, where others stand, at the next free one. */
export class ChangeIndex<T extends Placed> {
  #places: (T | undefined)[] = emptyPlaces(FIRST_PLACES)
  #count = 0

  get(path: string, hash: number): T | undefined {
    return this.#places[this.#find(path, hash)]
  }

  set(change: T): void {
    const at = this.#find(change.path, change.hash)
    if (this.#places[at] === undefined) {
      this.#count++
      if (this.#count * 2 > this.#places.length) return this.#grow(change)
    }
    this.#places[at] = change
  }

  delete({ path, hash }: T): void {
    const places = this.#places
    const mask = places.length - 1
    let hole = this.#find(path, hash)
    assert(places[hole] !== undefined, 'only what stands in the index is taken out')
    // Whoever stands behind the hole because of what stood in it moves up.
    for (let at = (hole + 1) & mask; ; at = (at + 1) & mask) {
      const change = places[at]
      if (change === undefined) break
      if (((at - change.hash) & mask) < ((at - hole) & mask)) continue
      places[hole] = change
      hole = at
    }
    places[hole] = undefined
    this.#count--
    if (this.#count === 0 && places.length > KEPT_PLACES) this.clear()
  }

  clear(): void {
    this.#places = emptyPlaces(FIRST_PLACES)
    this.#count = 0
  }

  /** The place of the path, or the free one where it would stand. */
  #find(path: string, hash: number): number {
    const places = this.#places
    const mask = places.length - 1
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const change = places[at]
      if (change === undefined || (change.hash === hash && change.path === path)) return at
    }
  }

  #grow(added: T): void {
    const changes = this.#places.filter((change) => change !== undefined)
    this.#places = emptyPlaces(this.#places.length * 2)
    for (const change of changes) this.#places[this.#find(change.path, change.hash)] = change
    this.#places[this.#find(added.path, added.hash)] = added
  }
}

function emptyPlaces(count: number): undefined[] {
  return new Array<undefined>(count).fill(undefined)
}

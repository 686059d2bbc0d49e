/** The watchers of one path with their modes. Nearly every watched path has a single one, and a million paths must not cost a million maps. */
import type { Watcher } from './watcher.ts'

export class Watchers {
  #one: Watcher | undefined
  #modesOfOne = 0
  /** All of them, once there was more than one. */
  #many: Map<Watcher, number> | undefined

  get size(): number {
    return this.#many === undefined ? (this.#one === undefined ? 0 : 1) : this.#many.size
  }

  /** 0 for a watcher that is not there. */
  modes(watcher: Watcher): number {
    if (this.#many !== undefined) return this.#many.get(watcher) ?? 0
    return this.#one === watcher ? this.#modesOfOne : 0
  }

  set(watcher: Watcher, modes: number): void {
    if (this.#many !== undefined) {
      this.#many.set(watcher, modes)
    } else if (this.#one === undefined || this.#one === watcher) {
      this.#one = watcher
      this.#modesOfOne = modes
    } else {
      this.#many = new Map([
        [this.#one, this.#modesOfOne],
        [watcher, modes],
      ])
      this.#one = undefined
    }
  }

  delete(watcher: Watcher): void {
    if (this.#many !== undefined) this.#many.delete(watcher)
    else if (this.#one === watcher) this.#one = undefined
  }

  /** In the order in which they came. A watcher may be taken out while it is visited. */
  [Symbol.iterator](): IterableIterator<Watcher> {
    if (this.#many !== undefined) return this.#many.keys()
    return (this.#one === undefined ? [] : [this.#one])[Symbol.iterator]()
  }
}

/**
 * Deadlines in buckets of one interval (ExpiryQueue): an item dies at the end of the interval in which its
 * timeout runs out, so touching it is usually one comparison. One timer serves all of them.
 */

export interface Expiring {
  /** End of the bucket the item stands in, in clock milliseconds; 0 = in none. Kept by the queue. */
  expiresAt: number
}

export class ExpiryQueue<T extends Expiring> {
  readonly intervalMs: number
  readonly #buckets = new Map<number, Set<T>>()
  #size = 0

  constructor(intervalMs: number) {
    this.intervalMs = intervalMs
  }

  get size(): number {
    return this.#size
  }

  /** A timeout below 0, which only another server can have let pass, is none at all. */
  touch(item: T, now: number, timeoutMs: number): void {
    const expiresAt = (Math.floor((now + Math.max(0, timeoutMs)) / this.intervalMs) + 1) * this.intervalMs
    if (item.expiresAt === expiresAt) return
    this.remove(item)
    let bucket = this.#buckets.get(expiresAt)
    if (bucket === undefined) this.#buckets.set(expiresAt, (bucket = new Set()))
    bucket.add(item)
    item.expiresAt = expiresAt
    this.#size++
  }

  remove(item: T): void {
    if (item.expiresAt === 0) return
    const bucket = this.#buckets.get(item.expiresAt)
    if (bucket !== undefined && bucket.delete(item)) {
      this.#size--
      if (bucket.size === 0) this.#buckets.delete(item.expiresAt)
    }
    item.expiresAt = 0
  }

  /** Takes out everything whose time is over. */
  takeExpired(now: number): T[] {
    const expired: T[] = []
    for (const [expiresAt, bucket] of this.#buckets) {
      if (expiresAt > now) continue
      this.#buckets.delete(expiresAt)
      this.#size -= bucket.size
      for (const item of bucket) {
        item.expiresAt = 0
        expired.push(item)
      }
    }
    return expired
  }

  /** Gives every item its full time again. */
  restart(now: number, timeoutOf: (item: T) => number): void {
    const items = [...this.#buckets.values()].flatMap((bucket) => [...bucket])
    for (const item of items) this.touch(item, now, timeoutOf(item))
  }

  /** Buckets by deadline, soonest first, for `dump`. */
  buckets(): [number, Iterable<T>][] {
    return [...this.#buckets].sort((a, b) => a[0] - b[0])
  }
}

/**
 * Maps and sets that may come to hold very much. One Map of a million strings stands still for 200 ms when it grows; here it becomes many small
 * ones before that is felt, told apart by a hash of the key, and each of them grows by itself (bench/turns.mjs, growth). The order of the
 * entries is that of their insertion only as long as there are few.
 */

export type LargeKey = string | number | bigint | null

/** Entries of the one map: dealing them out takes about three milliseconds. */
const FEW = 16_384
const SHARDS = 256
/** Characters at a key's end that tell keys apart: paths differ there. */
const HASHED_UNITS = 12

export class LargeMap<K extends LargeKey, V> {
  /** One, or SHARDS of them. */
  #maps: Map<K, V>[] = [new Map()]
  #size = 0

  get size(): number {
    return this.#size
  }

  get(key: K): V | undefined {
    return this.#mapOf(key).get(key)
  }

  has(key: K): boolean {
    return this.#mapOf(key).has(key)
  }

  set(key: K, value: V): void {
    const map = this.#mapOf(key)
    const before = map.size
    map.set(key, value)
    if (map.size === before) return
    this.#size++
    if (this.#size > FEW && this.#maps.length === 1) this.#deal()
  }

  /** Whether it was there. */
  delete(key: K): boolean {
    if (!this.#mapOf(key).delete(key)) return false
    this.#size--
    if (this.#size === 0) this.clear()
    return true
  }

  clear(): void {
    this.#maps = [new Map()]
    this.#size = 0
  }

  *keys(): IterableIterator<K> {
    for (const map of this.#maps) yield* map.keys()
  }

  *values(): IterableIterator<V> {
    for (const map of this.#maps) yield* map.values()
  }

  *[Symbol.iterator](): IterableIterator<[K, V]> {
    for (const map of this.#maps) yield* map
  }

  #mapOf(key: K): Map<K, V> {
    return this.#maps.length === 1 ? this.#maps[0] : this.#maps[shardOf(key)]
  }

  #deal(): void {
    const whole = this.#maps[0]
    this.#maps = Array.from({ length: SHARDS }, () => new Map<K, V>())
    for (const [key, value] of whole) this.#mapOf(key).set(key, value)
  }
}

export class LargeSet<K extends LargeKey> {
  readonly #map = new LargeMap<K, true>()

  get size(): number {
    return this.#map.size
  }

  has(key: K): boolean {
    return this.#map.has(key)
  }

  add(key: K): void {
    this.#map.set(key, true)
  }

  /** Whether it was there. */
  delete(key: K): boolean {
    return this.#map.delete(key)
  }

  clear(): void {
    this.#map.clear()
  }

  [Symbol.iterator](): IterableIterator<K> {
    return this.#map.keys()
  }
}

function shardOf(key: LargeKey): number {
  if (typeof key === 'string') return shardOfText(key)
  if (typeof key === 'number') return mixed(key)
  return key === null ? 0 : mixed(Number(BigInt.asUintN(32, key)))
}

function shardOfText(text: string): number {
  let hash = text.length
  for (let i = Math.max(0, text.length - HASHED_UNITS); i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return mixed(hash)
}

function mixed(hash: number): number {
  const spread = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  return (spread >>> 16) & (SHARDS - 1)
}

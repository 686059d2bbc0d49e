/**
 * From the hash of a path to the nodes that may have it: a hash table that grows by one bucket at a time (linear hashing), so that
 * no insert ever pays for a rehash. A bucket is 64 bytes, a cache line: five entries of hash, id and cell, and a link to a further
 * bucket where five are too few. The cell's reference stands here, beside the row where it belongs, so that the row and the name of
 * a node are fetched from memory at the same time and not one after the other. `find` among a million nodes takes 620 to 790 ns so,
 * 960 with the nodes of a bucket chained through their rows, 1,480 to 1,650 in a Map of paths (bench/node-store.mjs).
 */

import { assert } from '../../base/assert.ts'

/** Int32s of a bucket: the link (number of a further bucket plus one), then the entries, dense over the whole chain. */
const BUCKET_WORDS = 16
const ENTRY_WORDS = 3
/** Places in an entry, whose first word is the hash. No indexed node has the id 0: that is an empty entry. */
const ID = 1
const CELL = 2
const FIRST_ENTRY = 1
const LAST_ENTRY = BUCKET_WORDS - ENTRY_WORDS

const FIRST_BUCKETS = 64
/** Entries a bucket on average: one bucket in five then has a further one. */
const FILL = 4

const NONE = -1

export class PathIndex {
  readonly #main = new BucketPages()
  readonly #further = new BucketPages()
  readonly #freeFurther: number[] = []
  #furtherCount = 0
  #buckets = FIRST_BUCKETS
  /** Buckets below `buckets - lowMask - 1` were split already: they and those made of them are told by one more bit. */
  #lowMask = FIRST_BUCKETS - 1
  #size = 0
  readonly #split = { entries: new Int32Array(64 * ENTRY_WORDS), length: 0 }
  /** Where `seek` and `seekOn` look next, and for what. */
  #soughtHash = 0
  #page: Int32Array
  #at = 0

  constructor() {
    this.#main.reach(FIRST_BUCKETS - 1)
    this.#page = this.#main.page(0)
  }

  /** The first node with this very hash, or NONE (-1). */
  seek(hash: number): number {
    const bucket = this.#bucketOf(hash)
    this.#soughtHash = hash
    this.#page = this.#main.page(bucket)
    this.#at = this.#main.start(bucket) + FIRST_ENTRY
    return this.seekOn()
  }

  /** The next node with the hash given to `seek`, or NONE (-1). */
  seekOn(): number {
    const hash = this.#soughtHash
    for (;;) {
      const page = this.#page
      const start = (this.#at - 1) & -BUCKET_WORDS
      for (let at = this.#at; at <= start + LAST_ENTRY; at += ENTRY_WORDS) {
        const id = page[at + ID]
        if (id === 0) return NONE
        if (page[at] === hash) {
          this.#at = at + ENTRY_WORDS
          return id
        }
      }
      const link = page[start]
      if (link === 0) return NONE
      this.#page = this.#further.page(link - 1)
      this.#at = this.#further.start(link - 1) + FIRST_ENTRY
    }
  }

  /** The cell of the node found last. */
  get cell(): number {
    return this.#page[this.#at - ENTRY_WORDS + CELL]
  }

  insert(hash: number, id: number, cell: number): void {
    this.#size += 1
    while (this.#buckets * FILL < this.#size) this.#addBucket()
    this.#add(hash, id, cell)
  }

  /** Remembers that the cell of a node moved. */
  setCell(hash: number, id: number, cell: number): void {
    this.#seekNode(hash, id)
    this.#page[this.#at - ENTRY_WORDS + CELL] = cell
  }

  /** Takes the node out and puts the chain's last entry in its place. */
  remove(hash: number, id: number): void {
    this.#seekNode(hash, id)
    const holePage = this.#page
    const hole = this.#at - ENTRY_WORDS
    const bucket = this.#bucketOf(hash)
    let page = this.#main.page(bucket)
    let start = this.#main.start(bucket)
    let linkPage = page
    let link = NONE
    while (page[start] !== 0) {
      linkPage = page
      link = start
      const further = page[start] - 1
      page = this.#further.page(further)
      start = this.#further.start(further)
    }
    let last = start + LAST_ENTRY
    while (page[last + ID] === 0) last -= ENTRY_WORDS
    holePage[hole] = page[last]
    holePage[hole + ID] = page[last + ID]
    holePage[hole + CELL] = page[last + CELL]
    page[last + ID] = 0
    if (last === start + FIRST_ENTRY && link !== NONE) {
      this.#freeFurther.push(linkPage[link] - 1)
      linkPage[link] = 0
    }
    this.#size -= 1
  }

  get sizeBytes(): number {
    return this.#main.sizeBytes + this.#further.sizeBytes
  }

  #seekNode(hash: number, id: number): void {
    let found = this.seek(hash)
    while (found !== id && found !== NONE) found = this.seekOn()
    assert(found === id, 'a living node is in the index')
  }

  #bucketOf(hash: number): number {
    const mixed = mix(hash)
    const bucket = mixed & (this.#lowMask * 2 + 1)
    return bucket < this.#buckets ? bucket : mixed & this.#lowMask
  }

  #add(hash: number, id: number, cell: number): void {
    const bucket = this.#bucketOf(hash)
    let page = this.#main.page(bucket)
    let start = this.#main.start(bucket)
    while (page[start] !== 0) {
      const further = page[start] - 1
      page = this.#further.page(further)
      start = this.#further.start(further)
    }
    let at = start + FIRST_ENTRY
    while (at <= start + LAST_ENTRY && page[at + ID] !== 0) at += ENTRY_WORDS
    if (at > start + LAST_ENTRY) {
      const further = this.#takeFurther()
      page[start] = further + 1
      page = this.#further.page(further)
      at = this.#further.start(further) + FIRST_ENTRY
    }
    page[at] = hash
    page[at + ID] = id
    page[at + CELL] = cell
  }

  #takeFurther(): number {
    const free = this.#freeFurther.pop()
    if (free !== undefined) return free
    this.#further.reach(this.#furtherCount)
    return this.#furtherCount++
  }

  /** Adds one bucket and deals the entries of the bucket that it halves among the two. */
  #addBucket(): void {
    this.#takeOut(this.#buckets - this.#lowMask - 1)
    this.#main.reach(this.#buckets)
    this.#buckets += 1
    if (this.#buckets === (this.#lowMask + 1) * 2) this.#lowMask = this.#lowMask * 2 + 1
    const { entries, length } = this.#split
    for (let i = 0; i < length; i += ENTRY_WORDS) this.#add(entries[i], entries[i + ID], entries[i + CELL])
  }

  /** Empties a bucket into `split`. */
  #takeOut(bucket: number): void {
    const split = this.#split
    split.length = 0
    let page = this.#main.page(bucket)
    let start = this.#main.start(bucket)
    for (;;) {
      if (split.length + BUCKET_WORDS > split.entries.length) split.entries = doubled(split.entries)
      for (let at = start + FIRST_ENTRY; at <= start + LAST_ENTRY && page[at + ID] !== 0; at += ENTRY_WORDS) {
        split.entries[split.length++] = page[at]
        split.entries[split.length++] = page[at + ID]
        split.entries[split.length++] = page[at + CELL]
      }
      const link = page[start]
      page.fill(0, start, start + BUCKET_WORDS)
      if (link === 0) return
      this.#freeFurther.push(link - 1)
      page = this.#further.page(link - 1)
      start = this.#further.start(link - 1)
    }
  }
}

const PAGE_SHIFT = 12
const PAGE_BUCKETS = 1 << PAGE_SHIFT
const PAGE_MASK = PAGE_BUCKETS - 1

/** Buckets in pages that are never copied. */
class BucketPages {
  readonly #pages: Int32Array[] = []

  page(bucket: number): Int32Array {
    return this.#pages[bucket >>> PAGE_SHIFT]
  }

  /** Where the bucket starts in its page. */
  start(bucket: number): number {
    return (bucket & PAGE_MASK) * BUCKET_WORDS
  }

  reach(bucket: number): void {
    if (bucket >>> PAGE_SHIFT === this.#pages.length) this.#pages.push(new Int32Array(PAGE_BUCKETS * BUCKET_WORDS))
  }

  get sizeBytes(): number {
    return this.#pages.length * PAGE_BUCKETS * BUCKET_WORDS * 4
  }
}

/** Spreads a path's hash over all bits, for the buckets are told by the low ones. */
function mix(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  return mixed ^ (mixed >>> 13)
}

function doubled(entries: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(entries.length * 2)
  larger.set(entries)
  return larger
}

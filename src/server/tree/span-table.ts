/**
 * What the slab allocator knows of its spans: which class a span serves, how many of its blocks live, and lists of the spans with
 * room, by class and fill, so that the fullest and the emptiest are found at once. Spans are numbered through all slabs.
 */

import { assert } from '../../base/assert.ts'
import { CLASS_BLOCKS, CLASS_BYTES } from './size-classes.ts'

const NONE = -1
/** Marks in `sizeClass`: without blocks, or not there at all. */
const FREE = 255
const ABSENT = 254
/** Spans with room are listed by eighths of fill. */
const FILLS = 8
const UNLISTED = -1

export class SpanTable {
  /** The span that a class allocates from; it is in no list. */
  readonly current = new Int32Array(CLASS_BYTES.length).fill(NONE)
  /** One entry a span. They double, which copies less than 4 MiB even at 16 GiB of slabs. */
  sizeClass = new Uint8Array(0)
  /** Blocks that have an owner. */
  live = new Uint16Array(0)
  /** Blocks from the span's start that were ever handed out; those behind them hold no mark. */
  begun = new Uint16Array(0)
  /** First of the chain of free blocks, as a reference. */
  freeHead = new Int32Array(0)
  freeSpans = 0
  usedSpans = 0

  readonly #slabSpans: number
  readonly #slabFree: number[] = []
  readonly #slabUsed: number[] = []
  readonly #slabFreeHead: number[] = []
  readonly #lists = new Int32Array(CLASS_BYTES.length * FILLS).fill(NONE)
  #list = new Int32Array(0)
  #next = new Int32Array(0)
  #previous = new Int32Array(0)

  constructor(slabSpans: number) {
    this.#slabSpans = slabSpans
  }

  addSlab(slab: number, spans: number): void {
    this.#reach((slab + 1) * this.#slabSpans)
    this.#slabFree[slab] = spans
    this.#slabUsed[slab] = 0
    this.#slabFreeHead[slab] = NONE
    this.freeSpans += spans
    for (let span = slab * this.#slabSpans + spans - 1; span >= slab * this.#slabSpans; span--) this.#pushFree(span, slab)
  }

  /** Forgets a slab that has no used span. */
  dropSlab(slab: number): void {
    assert(this.#slabUsed[slab] === 0, 'a slab is dropped when it is empty')
    this.sizeClass.fill(ABSENT, slab * this.#slabSpans, (slab + 1) * this.#slabSpans)
    this.freeSpans -= this.#slabFree[slab]
    this.#slabFree[slab] = 0
    this.#slabFreeHead[slab] = NONE
  }

  usedIn(slab: number): number {
    return this.#slabUsed[slab]
  }

  /** Takes a free span of the first slab that has one, so that the last slabs run empty. */
  claim(exceptSlab: number): number {
    let slab = 0
    while (this.#slabFree[slab] === 0 || slab === exceptSlab) slab += 1
    assert(slab < this.#slabFree.length, 'a free span was counted')
    const span = this.#slabFreeHead[slab]
    this.#slabFreeHead[slab] = this.#next[span]
    this.#slabFree[slab] -= 1
    this.#slabUsed[slab] += 1
    this.freeSpans -= 1
    this.usedSpans += 1
    return span
  }

  /** Readies a claimed span for blocks of the class. */
  open(span: number, sizeClass: number): void {
    this.sizeClass[span] = sizeClass
    this.live[span] = 0
    this.begun[span] = 0
    this.freeHead[span] = NONE
    this.#list[span] = UNLISTED
  }

  /** Makes a span free, wherever it stood. */
  close(span: number): void {
    const sizeClass = this.sizeClass[span]
    if (this.current[sizeClass] === span) this.current[sizeClass] = NONE
    this.unlist(span)
    const slab = Math.floor(span / this.#slabSpans)
    this.#slabFree[slab] += 1
    this.#slabUsed[slab] -= 1
    this.freeSpans += 1
    this.usedSpans -= 1
    this.#pushFree(span, slab)
  }

  /** Puts `to` in the place of `from`, whose bytes were copied and whose references grew by `moveBy`; `from` becomes free. */
  replace(from: number, to: number, moveBy: number): void {
    const sizeClass = this.sizeClass[from]
    const current = this.current[sizeClass] === from
    this.open(to, sizeClass)
    this.live[to] = this.live[from]
    this.begun[to] = this.begun[from]
    this.freeHead[to] = this.freeHead[from] === NONE ? NONE : this.freeHead[from] + moveBy
    this.close(from)
    if (current) this.current[sizeClass] = to
    else this.relist(to)
  }

  /** Puts the span into the list that its fill asks for; the current span and a full one are in none. */
  relist(span: number): void {
    const sizeClass = this.sizeClass[span]
    if (this.current[sizeClass] === span) return
    const fill = Math.floor((this.live[span] * FILLS) / CLASS_BLOCKS[sizeClass])
    const list = fill === FILLS ? UNLISTED : sizeClass * FILLS + fill
    if (list === this.#list[span]) return
    this.unlist(span)
    if (list === UNLISTED) return
    const head = this.#lists[list]
    this.#list[span] = list
    this.#previous[span] = NONE
    this.#next[span] = head
    if (head !== NONE) this.#previous[head] = span
    this.#lists[list] = span
  }

  unlist(span: number): void {
    const list = this.#list[span]
    if (list === UNLISTED) return
    const next = this.#next[span]
    const previous = this.#previous[span]
    if (previous === NONE) this.#lists[list] = next
    else this.#next[previous] = next
    if (next !== NONE) this.#previous[next] = previous
    this.#list[span] = UNLISTED
  }

  /** The fullest listed span of the class, to an eighth. */
  fullest(sizeClass: number): number {
    for (let fill = FILLS - 1; fill >= 0; fill--) {
      const span = this.#lists[sizeClass * FILLS + fill]
      if (span !== NONE) return span
    }
    return NONE
  }

  /** The emptiest listed span of the class, to an eighth. */
  emptiest(sizeClass: number): number {
    for (let fill = 0; fill < FILLS; fill++) {
      const span = this.#lists[sizeClass * FILLS + fill]
      if (span !== NONE) return span
    }
    return NONE
  }

  /** The slab from `first` on with the fewest used spans, but at least one. */
  emptiestSlab(first: number): number {
    let best = NONE
    for (let slab = first; slab < this.#slabUsed.length; slab++) {
      if (this.#slabUsed[slab] > 0 && (best === NONE || this.#slabUsed[slab] < this.#slabUsed[best])) best = slab
    }
    assert(best !== NONE, 'so many free spans lie in more than the first slabs')
    return best
  }

  /** Some span of the slab that has blocks. */
  anyUsed(slab: number): number {
    let span = slab * this.#slabSpans
    while (this.sizeClass[span] >= ABSENT) span += 1
    assert(Math.floor(span / this.#slabSpans) === slab, 'a used span was counted')
    return span
  }

  #pushFree(span: number, slab: number): void {
    this.sizeClass[span] = FREE
    this.#list[span] = UNLISTED
    this.#next[span] = this.#slabFreeHead[slab]
    this.#slabFreeHead[slab] = span
  }

  #reach(spans: number): void {
    if (spans <= this.sizeClass.length) return
    const room = Math.max(spans, this.sizeClass.length * 2)
    this.sizeClass = grown(this.sizeClass, new Uint8Array(room).fill(ABSENT))
    this.live = grown(this.live, new Uint16Array(room))
    this.begun = grown(this.begun, new Uint16Array(room))
    this.freeHead = grown(this.freeHead, new Int32Array(room))
    this.#list = grown(this.#list, new Int32Array(room))
    this.#next = grown(this.#next, new Int32Array(room))
    this.#previous = grown(this.#previous, new Int32Array(room))
  }
}

function grown<T extends Uint8Array | Uint16Array | Int32Array>(old: T, larger: T): T {
  larger.set(old)
  return larger
}

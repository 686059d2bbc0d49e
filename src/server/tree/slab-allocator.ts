/**
 * Room for bytes of any length outside the JavaScript heap: slabs of 16 MiB, cut into spans of 64 KiB, each cut into blocks of one
 * size. Blocks can be moved, since each has one owner who is told; that is what bounds the room lost to freed blocks:
 *
 * - a class keeps at most a quarter of its blocks, and two spans' worth, free; beyond that its emptiest spans are evacuated;
 * - spans without blocks serve any class; beyond an eighth of those with blocks, and one and a half slabs' worth, the emptiest slab
 *   is evacuated span by span and given back to the system.
 *
 * A reference is a place in units of 8 bytes (so slabs hold 16 GiB at most), or, when negative, the complement of an index among
 * the blocks too large for a span. The first int32 of a block is the owner's, and stays the owner's to set through `allocate`.
 */

import { assert } from '../../base/assert.ts'
import { CLASS_BLOCKS, CLASS_BYTES, LARGEST_BLOCK, sizeClassOf, SPAN_BYTES } from './size-classes.ts'
import { SpanTable } from './span-table.ts'

const SLAB_BYTES = 16 * 1024 * 1024
const SLAB_SPANS = SLAB_BYTES / SPAN_BYTES
const SPAN_SHIFT = 13
const SLAB_SHIFT = 21
const SLAB_MASK = (1 << SLAB_SHIFT) - 1
const MAX_SLABS = 1 << (31 - SLAB_SHIFT)
/** The first slabs are small, for a server that holds little. */
const FIRST_SLAB_SPANS = [16, 64]
/** A block too large for a span is rounded up to this, so that a value that grows a little can stay in place. */
const LARGE_ROUNDING = 4096
/** Spans moved per span that becomes free, while slabs are being emptied. */
const SPANS_PER_STEP = 2

const NONE = -1
const NO_BYTES = new Uint8Array(0)
const NO_WORDS = new Int32Array(0)

/** Bytes held and bytes asked for: the difference is what rounding and freed blocks cost. */
export interface AllocatorUse {
  /** What callers asked for and did not free yet. */
  requestedBytes: number
  /** Slabs and large blocks. */
  heldBytes: number
  slabs: number
  largeBlocks: number
}

export class SlabAllocator {
  /** Called when a block moved: the owner has to remember the new reference. */
  readonly #onMoved: (owner: number, ref: number) => void
  readonly #slabs: Uint8Array[] = []
  readonly #slabWords: Int32Array[] = []
  readonly #freeSlabs: number[] = []
  readonly #large: Uint8Array[] = []
  readonly #largeWords: Int32Array[] = []
  readonly #freeLarge: number[] = []
  /** Whether somebody may keep a view of the large block. */
  readonly #isLent: boolean[] = []
  readonly #spans = new SpanTable(SLAB_SPANS)
  readonly #freeBlocks = new Int32Array(CLASS_BYTES.length)
  readonly #allBlocks = new Int32Array(CLASS_BYTES.length)
  #slabBytes = 0
  #largeBytes = 0
  #requestedBytes = 0

  constructor(onMoved: (owner: number, ref: number) => void) {
    this.#onMoved = onMoved
  }

  /** The bytes that hold the block, from `offset(ref)` on; valid until the next call of `free`. */
  bytes(ref: number): Uint8Array {
    return ref >= 0 ? this.#slabs[ref >>> SLAB_SHIFT] : this.#large[~ref]
  }

  /** The same memory as int32s, from `offset(ref) >>> 2` on. */
  words(ref: number): Int32Array {
    return ref >= 0 ? this.#slabWords[ref >>> SLAB_SHIFT] : this.#largeWords[~ref]
  }

  offset(ref: number): number {
    return ref >= 0 ? (ref & SLAB_MASK) << 3 : 0
  }

  /** A block of at least `bytes`, its first word set to `owner` (not negative) and the rest arbitrary. Moves no block. */
  allocate(bytes: number, owner: number): number {
    this.#requestedBytes += bytes
    return bytes <= LARGEST_BLOCK ? this.#take(sizeClassOf(bytes), owner) : this.#takeLarge(bytes, owner)
  }

  /** From here on views of the block, which is too large for a span, stay as they are: `resize` refuses it. */
  lend(ref: number): void {
    assert(ref < 0, 'a block that may move is not lent')
    this.#isLent[~ref] = true
  }

  /** Whether the block, asked for as `bytes`, serves `newBytes` without waste; then it counts as asked for as `newBytes`. */
  resize(ref: number, bytes: number, newBytes: number): boolean {
    if (ref >= 0) {
      if (newBytes > LARGEST_BLOCK || sizeClassOf(newBytes) !== sizeClassOf(bytes)) return false
    } else {
      const capacity = this.#large[~ref].length
      if (this.#isLent[~ref] || newBytes <= LARGEST_BLOCK || newBytes > capacity || newBytes < capacity / 2) return false
    }
    this.#requestedBytes += newBytes - bytes
    return true
  }

  /** Gives back a block asked for as `bytes`. May move other blocks. */
  free(ref: number, bytes: number): void {
    this.#requestedBytes -= bytes
    if (ref < 0) {
      this.#freeLargeBlock(~ref)
      return
    }
    const span = ref >>> SPAN_SHIFT
    const sizeClass = this.#spans.sizeClass[span]
    this.words(ref)[this.offset(ref) >>> 2] = freeMark(this.#spans.freeHead[span])
    this.#spans.freeHead[span] = ref
    this.#spans.live[span] -= 1
    this.#freeBlocks[sizeClass] += 1
    if (this.#spans.live[span] === 0) this.#releaseSpan(span)
    else this.#spans.relist(span)
    if (this.#freeBlocks[sizeClass] > 2 * CLASS_BLOCKS[sizeClass] + (this.#allBlocks[sizeClass] >>> 2)) this.#evacuateOne(sizeClass)
  }

  use(): AllocatorUse {
    return {
      requestedBytes: this.#requestedBytes,
      heldBytes: this.#slabBytes + this.#largeBytes,
      slabs: this.#slabs.length - this.#freeSlabs.length,
      largeBlocks: this.#large.length - this.#freeLarge.length,
    }
  }

  #take(sizeClass: number, owner: number): number {
    const spans = this.#spans
    let span = spans.current[sizeClass]
    if (span === NONE || spans.live[span] === CLASS_BLOCKS[sizeClass]) span = this.#nextSpan(sizeClass)
    let ref = spans.freeHead[span]
    if (ref === NONE) {
      ref = (span << SPAN_SHIFT) + spans.begun[span] * (CLASS_BYTES[sizeClass] >>> 3)
      spans.begun[span] += 1
    } else {
      spans.freeHead[span] = nextFree(this.words(ref)[this.offset(ref) >>> 2])
    }
    this.words(ref)[this.offset(ref) >>> 2] = owner
    spans.live[span] += 1
    this.#freeBlocks[sizeClass] -= 1
    return ref
  }

  /** The fullest span of the class with room, so that the others can run empty; a new one if there is none. */
  #nextSpan(sizeClass: number): number {
    let span = this.#spans.fullest(sizeClass)
    if (span === NONE) {
      span = this.#claimSpan(NONE)
      this.#spans.open(span, sizeClass)
      this.#freeBlocks[sizeClass] += CLASS_BLOCKS[sizeClass]
      this.#allBlocks[sizeClass] += CLASS_BLOCKS[sizeClass]
    } else {
      this.#spans.unlist(span)
    }
    this.#spans.current[sizeClass] = span
    return span
  }

  #claimSpan(exceptSlab: number): number {
    if (this.#spans.freeSpans === 0) this.#addSlab()
    return this.#spans.claim(exceptSlab)
  }

  #releaseSpan(span: number): void {
    const sizeClass = this.#spans.sizeClass[span]
    this.#freeBlocks[sizeClass] -= CLASS_BLOCKS[sizeClass]
    this.#allBlocks[sizeClass] -= CLASS_BLOCKS[sizeClass]
    this.#spans.close(span)
    this.#releaseSlabIfEmpty(Math.floor(span / SLAB_SPANS))
    for (let step = 0; step < SPANS_PER_STEP && this.#spans.freeSpans > this.#spans.usedSpans / 8 + (SLAB_SPANS * 3) / 2; step++) {
      this.#moveSpanOut(this.#spans.emptiestSlab(FIRST_SLAB_SPANS.length))
    }
  }

  /** Moves the blocks of the class's emptiest span into its other spans. */
  #evacuateOne(sizeClass: number): void {
    const span = this.#spans.emptiest(sizeClass)
    assert(span !== NONE, 'a class with many free blocks has a span besides the current one')
    this.#spans.unlist(span)
    const units = CLASS_BYTES[sizeClass] >>> 3
    const words = this.#slabWords[Math.floor(span / SLAB_SPANS)]
    let ref = span << SPAN_SHIFT
    for (let left = this.#spans.begun[span]; left > 0; left--, ref += units) {
      const owner = words[(ref & SLAB_MASK) << 1]
      if (owner < 0) continue
      const moved = this.#take(sizeClass, owner)
      this.#copyBlock(ref, moved, CLASS_BYTES[sizeClass])
      this.#onMoved(owner, moved)
    }
    this.#freeBlocks[sizeClass] += this.#spans.live[span]
    this.#releaseSpan(span)
  }

  #copyBlock(from: number, to: number, bytes: number): void {
    const source = this.#slabWords[from >>> SLAB_SHIFT]
    const target = this.#slabWords[to >>> SLAB_SHIFT]
    const sourceAt = (from & SLAB_MASK) << 1
    const targetAt = (to & SLAB_MASK) << 1
    const words = bytes >>> 2
    if (words > 128) target.set(source.subarray(sourceAt, sourceAt + words), targetAt)
    else for (let i = 1; i < words; i++) target[targetAt + i] = source[sourceAt + i]
  }

  /** Moves one span of the slab into another slab, as it is. */
  #moveSpanOut(slab: number): void {
    const from = this.#spans.anyUsed(slab)
    const to = this.#claimSpan(slab)
    const moveBy = (to - from) << SPAN_SHIFT
    const source = this.#slabWords[slab]
    const sourceAt = (from % SLAB_SPANS) * (SPAN_BYTES / 4)
    const target = this.#slabWords[Math.floor(to / SLAB_SPANS)]
    const targetAt = (to % SLAB_SPANS) * (SPAN_BYTES / 4)
    target.set(source.subarray(sourceAt, sourceAt + SPAN_BYTES / 4), targetAt)
    const wordsPerBlock = CLASS_BYTES[this.#spans.sizeClass[from]] >>> 2
    for (let block = 0; block < this.#spans.begun[from]; block++) {
      const at = targetAt + block * wordsPerBlock
      const owner = target[at]
      if (owner >= 0) {
        this.#onMoved(owner, (to << SPAN_SHIFT) + block * (wordsPerBlock >>> 1))
      } else {
        const next = nextFree(owner)
        target[at] = freeMark(next === NONE ? NONE : next + moveBy)
      }
    }
    this.#spans.replace(from, to, moveBy)
    this.#releaseSlabIfEmpty(slab)
  }

  #addSlab(): void {
    const slab = this.#freeSlabs.pop() ?? this.#slabs.length
    assert(slab < MAX_SLABS, 'the slabs hold 16 GiB at most')
    const spans = FIRST_SLAB_SPANS[slab] ?? SLAB_SPANS
    const memory = new ArrayBuffer(spans * SPAN_BYTES)
    this.#slabs[slab] = new Uint8Array(memory)
    this.#slabWords[slab] = new Int32Array(memory)
    this.#slabBytes += memory.byteLength
    this.#spans.addSlab(slab, spans)
  }

  /** Gives an empty slab back to the system, unless no other free span would be left for the next block. */
  #releaseSlabIfEmpty(slab: number): void {
    if (slab < FIRST_SLAB_SPANS.length || this.#spans.usedIn(slab) > 0 || this.#spans.freeSpans < (SLAB_SPANS * 5) / 4) return
    this.#spans.dropSlab(slab)
    this.#slabBytes -= this.#slabs[slab].length
    this.#slabs[slab] = NO_BYTES
    this.#slabWords[slab] = NO_WORDS
    this.#freeSlabs.push(slab)
  }

  #takeLarge(bytes: number, owner: number): number {
    const memory = new ArrayBuffer(Math.ceil(bytes / LARGE_ROUNDING) * LARGE_ROUNDING)
    const index = this.#freeLarge.pop() ?? this.#large.length
    this.#large[index] = new Uint8Array(memory)
    this.#largeWords[index] = new Int32Array(memory)
    this.#largeWords[index][0] = owner
    this.#isLent[index] = false
    this.#largeBytes += memory.byteLength
    return ~index
  }

  #freeLargeBlock(index: number): void {
    this.#largeBytes -= this.#large[index].length
    this.#large[index] = NO_BYTES
    this.#largeWords[index] = NO_WORDS
    this.#freeLarge.push(index)
  }
}

/** The first word of a free block: negative, and telling the next free block of the span. */
function freeMark(next: number): number {
  return -2 - next
}

function nextFree(mark: number): number {
  return -2 - mark
}

/** A set of node numbers, a bit each: a million of them take 128 kB and no turn pays for its growth. */

const PAGE_SHIFT = 13
const PAGE_WORDS = 1 << (PAGE_SHIFT - 5)
const WORD_MASK = PAGE_WORDS - 1

export class IdSet {
  readonly #pages: (Int32Array | undefined)[] = []

  has(id: number): boolean {
    const page = this.#pages[id >>> PAGE_SHIFT]
    return page !== undefined && (page[(id >>> 5) & WORD_MASK] & (1 << (id & 31))) !== 0
  }

  delete(id: number): void {
    const page = this.#pages[id >>> PAGE_SHIFT]
    if (page !== undefined) page[(id >>> 5) & WORD_MASK] &= ~(1 << (id & 31))
  }

  add(id: number): void {
    const pages = this.#pages
    const at = id >>> PAGE_SHIFT
    while (pages.length <= at) pages.push(undefined)
    const page = (pages[at] ??= new Int32Array(PAGE_WORDS))
    page[(id >>> 5) & WORD_MASK] |= 1 << (id & 31)
  }
}

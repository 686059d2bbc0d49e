/**
 * The fixed-size part of every node: one row of 96 bytes in pages that are never copied or moved. Rows, not one array per field,
 * because an operation reads many fields of one node: a row lies in two cache lines where separate columns lie in fourteen.
 * What most nodes never have (an owner, an earlier life) lives in columns whose pages exist only where something was written.
 */

const PAGE_SHIFT = 13
const PAGE_ROWS = 1 << PAGE_SHIFT
const PAGE_MASK = PAGE_ROWS - 1

const ROW_BYTES = 96
const ROW_INTS = ROW_BYTES / 4
const ROW_LONGS = ROW_BYTES / 8

/** Places of the int32 fields in a row. */
export const PARENT = 0
export const CELL = 1
export const DATA_LENGTH = 2
export const CHILD_COUNT = 3
export const FIRST_CHILD = 4
export const NEXT_SIBLING = 5
export const PREVIOUS_SIBLING = 6
export const HASH = 7
export const CONTENT_CRC = 8
export const ACL_KEY = 9
export const VERSION = 10
export const CVERSION = 11
export const AVERSION = 12
export const DIGEST = 13

/** Places of the int64 fields, counted in longs from the start of the row; they follow the 14 ints. */
export const CZXID = 7
export const MZXID = 8
export const PZXID = 9
export const CTIME = 10
export const MTIME = 11

/** Where the halves of a long lie among the ints: typed arrays have the machine's byte order. */
const HIGH = new Int32Array(new BigInt64Array([1n]).buffer)[0] === 1 ? 1 : 0
const LOW = 1 - HIGH

export class NodeRows {
  readonly #ints: Int32Array[] = []
  readonly #longs: BigInt64Array[] = []

  /** Makes the row of `id` exist. Ids are handed out in ascending order. */
  reach(id: number): void {
    if (id >>> PAGE_SHIFT < this.#ints.length) return
    const page = new ArrayBuffer(PAGE_ROWS * ROW_BYTES)
    this.#ints.push(new Int32Array(page))
    this.#longs.push(new BigInt64Array(page))
  }

  int(id: number, field: number): number {
    return this.#ints[id >>> PAGE_SHIFT][(id & PAGE_MASK) * ROW_INTS + field]
  }

  setInt(id: number, field: number, value: number): void {
    this.#ints[id >>> PAGE_SHIFT][(id & PAGE_MASK) * ROW_INTS + field] = value
  }

  long(id: number, field: number): bigint {
    return this.#longs[id >>> PAGE_SHIFT][(id & PAGE_MASK) * ROW_LONGS + field]
  }

  setLong(id: number, field: number, value: bigint): void {
    this.#longs[id >>> PAGE_SHIFT][(id & PAGE_MASK) * ROW_LONGS + field] = value
  }

  /** The upper half of a long, for who needs no bigint made of it. */
  high(id: number, field: number): number {
    return this.#ints[id >>> PAGE_SHIFT][(id & PAGE_MASK) * ROW_INTS + 2 * field + HIGH]
  }

  low(id: number, field: number): number {
    return this.#ints[id >>> PAGE_SHIFT][(id & PAGE_MASK) * ROW_INTS + 2 * field + LOW]
  }

  /** Takes over every field of a row, of these or other rows. */
  copy(id: number, from: NodeRows, fromId: number): void {
    const target = this.#ints[id >>> PAGE_SHIFT]
    const source = from.#ints[fromId >>> PAGE_SHIFT]
    const at = (id & PAGE_MASK) * ROW_INTS
    const sourceAt = (fromId & PAGE_MASK) * ROW_INTS
    for (let i = 0; i < ROW_INTS; i++) target[at + i] = source[sourceAt + i]
  }

  /** Sets every field to zero, for the next node that takes this row. */
  zero(id: number): void {
    const from = (id & PAGE_MASK) * ROW_INTS
    this.#ints[id >>> PAGE_SHIFT].fill(0, from, from + ROW_INTS)
  }

  get sizeBytes(): number {
    return this.#ints.length * PAGE_ROWS * ROW_BYTES
  }
}

/** A field that is zero for most nodes; a page without any other value costs nothing. */
export class SparseLongs {
  readonly #pages: (BigInt64Array | undefined)[] = []

  get(id: number): bigint {
    const page = this.#pages[id >>> PAGE_SHIFT]
    return page === undefined ? 0n : page[id & PAGE_MASK]
  }

  set(id: number, value: bigint): void {
    let page = this.#pages[id >>> PAGE_SHIFT]
    if (page === undefined) {
      if (value === 0n) return
      while (this.#pages.length <= id >>> PAGE_SHIFT) this.#pages.push(undefined)
      page = this.#pages[id >>> PAGE_SHIFT] = new BigInt64Array(PAGE_ROWS)
    }
    page[id & PAGE_MASK] = value
  }
}

/** As SparseLongs, for uint32. */
export class SparseInts {
  readonly #pages: (Uint32Array | undefined)[] = []

  get(id: number): number {
    const page = this.#pages[id >>> PAGE_SHIFT]
    return page === undefined ? 0 : page[id & PAGE_MASK]
  }

  set(id: number, value: number): void {
    let page = this.#pages[id >>> PAGE_SHIFT]
    if (page === undefined) {
      if (value === 0) return
      while (this.#pages.length <= id >>> PAGE_SHIFT) this.#pages.push(undefined)
      page = this.#pages[id >>> PAGE_SHIFT] = new Uint32Array(PAGE_ROWS)
    }
    page[id & PAGE_MASK] = value
  }
}

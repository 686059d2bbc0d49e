/**
 * The part of a node that varies in length, its name and its data, in one block of the slab allocator: the cell. The block starts
 * with its owner (int32, the node's id). A name of up to 254 units that fit a byte each follows as one byte of length and its
 * units; any other name as 255, three bytes unused, an int32 (length << 1 | 1 if a unit takes two bytes) and its units, low byte
 * first. The data ends the cell; its length stands in the node's row.
 */

import { SlabAllocator } from './slab-allocator.ts'
import type { AllocatorUse } from './slab-allocator.ts'
import type { TextScratch } from './text-scratch.ts'

const LENGTH_AT = 4
const SHORT_NAME_AT = 5
const LONG_WORD = 2
const LONG_NAME_AT = 12
const LONG = 0xff

export class NodeCells {
  readonly #slabs: SlabAllocator
  /** The name that `look` looked at: where its bytes are, how many units it has, and whether they take two bytes. */
  #bytes: Uint8Array = new Uint8Array(0)
  #nameAt = 0
  #nameLength = 0
  #wide = false

  /** `onMoved` is called when a cell got another reference. */
  constructor(onMoved: (id: number, cell: number) => void) {
    this.#slabs = new SlabAllocator(onMoved)
  }

  /** A cell with the text as name and a copy of the data. */
  create(id: number, text: TextScratch, data: Uint8Array | null): number {
    const { units, length } = text
    const wide = text.mask > 0xff
    const short = !wide && length < LONG
    const head = short ? SHORT_NAME_AT + length : LONG_NAME_AT + (wide ? length * 2 : length)
    const cell = this.#slabs.allocate(head + (data === null ? 0 : data.length), id)
    const bytes = this.#slabs.bytes(cell)
    const offset = this.#slabs.offset(cell)
    bytes[offset + LENGTH_AT] = short ? length : LONG
    if (!short) this.#slabs.words(cell)[(offset >>> 2) + LONG_WORD] = (length << 1) | (wide ? 1 : 0)
    const at = offset + (short ? SHORT_NAME_AT : LONG_NAME_AT)
    if (wide) writeWide(bytes, at, units, length)
    else for (let i = 0; i < length; i++) bytes[at + i] = units[i]
    if (data !== null && data.length > 0) bytes.set(data, offset + head)
    return cell
  }

  /** Gives the cell's room back; other cells may move. */
  free(cell: number, dataLength: number): void {
    this.#look(cell)
    this.#slabs.free(cell, this.#head(cell) + dataLength)
  }

  /**
   * Puts a copy of the data into the cell, or into a new one, which is returned and has to replace the old one before that is
   * freed. The data may be a view of any cell.
   */
  replaceData(cell: number, id: number, oldLength: number, data: Uint8Array | null): number {
    const slabs = this.#slabs
    this.#look(cell)
    const head = this.#head(cell)
    const length = data === null ? 0 : data.length
    let target = cell
    if (!slabs.resize(cell, head + oldLength, head + length)) {
      target = slabs.allocate(head + length, id)
      copy(slabs.bytes(cell), slabs.offset(cell) + LENGTH_AT, slabs.bytes(target), slabs.offset(target) + LENGTH_AT, head - LENGTH_AT)
    }
    if (length > 0) slabs.bytes(target).set(data!, slabs.offset(target) + head)
    return target
  }

  /** A view, valid until the next write. */
  data(cell: number, length: number): Uint8Array {
    this.#look(cell)
    return new Uint8Array(this.#bytes.buffer, this.#slabs.offset(cell) + this.#head(cell), length)
  }

  /** From here on views of the data, longer than LARGEST_BLOCK, stay as they are. */
  lend(cell: number): void {
    this.#slabs.lend(cell)
  }

  /** Units of the name. */
  lengthOfName(cell: number): number {
    this.#look(cell)
    return this.#nameLength
  }

  /** Copies the name into the text's units, from `start` on, and returns its units or-ed where they take two bytes, else 0. */
  readName(cell: number, text: TextScratch, start: number): number {
    this.#look(cell)
    const bytes = this.#bytes
    const nameAt = this.#nameAt
    const nameLength = this.#nameLength
    const units = text.units
    let mask = 0
    if (!this.#wide) {
      for (let i = 0; i < nameLength; i++) units[start + i] = bytes[nameAt + i]
      return mask
    }
    for (let i = 0; i < nameLength; i++) {
      const unit = bytes[nameAt + 2 * i] | (bytes[nameAt + 2 * i + 1] << 8)
      units[start + i] = unit
      mask |= unit
    }
    return mask
  }

  /**
   * Puts the name's UTF-8 bytes at `at`, where 2 bytes a unit must be free, and returns how many there are; -1 for a name with units of two
   * bytes, of which nothing is put.
   */
  encodeName(cell: number, target: Uint8Array, at: number): number {
    this.#look(cell)
    if (this.#wide) return -1
    const bytes = this.#bytes
    const nameAt = this.#nameAt
    const nameLength = this.#nameLength
    let end = at
    for (let i = 0; i < nameLength; i++) {
      const unit = bytes[nameAt + i]
      if (unit < 0x80) {
        target[end++] = unit
      } else {
        target[end++] = 0xc0 | (unit >> 6)
        target[end++] = 0x80 | (unit & 0x3f)
      }
    }
    return end - at
  }

  /** Where the name starts in the text if it stands just before `end`, else -1. */
  startOfName(cell: number, text: TextScratch, end: number): number {
    this.#look(cell)
    const bytes = this.#bytes
    const nameAt = this.#nameAt
    const nameLength = this.#nameLength
    const units = text.units
    const start = end - nameLength
    if (start < 0) return -1
    if (!this.#wide) {
      for (let i = 0; i < nameLength; i++) if (bytes[nameAt + i] !== units[start + i]) return -1
      return start
    }
    for (let i = 0; i < nameLength; i++) {
      if ((bytes[nameAt + 2 * i] | (bytes[nameAt + 2 * i + 1] << 8)) !== units[start + i]) return -1
    }
    return start
  }

  use(): AllocatorUse {
    return this.#slabs.use()
  }

  #look(cell: number): void {
    const bytes = this.#slabs.bytes(cell)
    const offset = this.#slabs.offset(cell)
    const length = bytes[offset + LENGTH_AT]
    this.#bytes = bytes
    if (length !== LONG) {
      this.#nameAt = offset + SHORT_NAME_AT
      this.#nameLength = length
      this.#wide = false
      return
    }
    const word = this.#slabs.words(cell)[(offset >>> 2) + LONG_WORD]
    this.#nameAt = offset + LONG_NAME_AT
    this.#nameLength = word >>> 1
    this.#wide = (word & 1) === 1
  }

  /** Bytes before the data in the cell that was looked at. */
  #head(cell: number): number {
    return this.#nameAt - this.#slabs.offset(cell) + (this.#wide ? this.#nameLength * 2 : this.#nameLength)
  }
}

function writeWide(bytes: Uint8Array, at: number, units: Uint16Array, length: number): void {
  for (let i = 0; i < length; i++) {
    bytes[at + 2 * i] = units[i]
    bytes[at + 2 * i + 1] = units[i] >>> 8
  }
}

function copy(source: Uint8Array, from: number, target: Uint8Array, to: number, length: number): void {
  for (let i = 0; i < length; i++) target[to + i] = source[from + i]
}

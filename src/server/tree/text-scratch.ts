/**
 * One string at a time as an array of UTF-16 units, with the hash of a path. Comparing a stored name with units already read is
 * cheaper than asking the string again, and a lone surrogate stays what it was. Node's decoders turn units back into a string.
 */

import { Buffer } from 'node:buffer'

const FIRST_UNITS = 4096

export class TextScratch {
  units = new Uint16Array(FIRST_UNITS)
  /** How many of `units` are set. */
  length = 0
  /** All units or-ed: below 256 when one byte holds each. */
  mask = 0
  #narrow = Buffer.alloc(FIRST_UNITS)

  /** Takes in the text and returns the hash of what `hash` stood for, followed by it. */
  hash(hash: number, text: string): number {
    const length = text.length
    if (length > this.units.length) this.#grow(length)
    const units = this.units
    let mask = 0
    for (let i = 0; i < length; i++) {
      const unit = text.charCodeAt(i)
      units[i] = unit
      mask |= unit
      hash = step(hash, unit)
    }
    this.length = length
    this.mask = mask
    return hash
  }

  /** Sets the room for `length` units, arbitrary so far. */
  reach(length: number): void {
    if (length > this.units.length) this.#grow(length)
    this.length = length
  }

  /** The units as a string. `mask` tells whether one byte holds each. */
  text(): string {
    const { units, length } = this
    if (this.mask > 0xff) return Buffer.from(units.buffer, 0, length * 2).toString('utf16le')
    for (let i = 0; i < length; i++) this.#narrow[i] = units[i]
    return this.#narrow.toString('latin1', 0, length)
  }

  #grow(length: number): void {
    this.units = new Uint16Array(length * 2)
    this.#narrow = Buffer.alloc(length * 2)
  }
}

/** The hash of a path with one more unit at its end (FNV-1a over units). */
export function step(hash: number, unit: number): number {
  return Math.imul(hash ^ unit, 0x01000193)
}

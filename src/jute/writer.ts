/**
 * Writes Jute's binary form, as BinaryOutputArchive does, into one scratch buffer that grows and is used again. Generated
 * code calls `reserve` once for a run of fixed-size fields and stores them straight through `view` and `bytes`.
 */

import { Buffer } from 'node:buffer'
import { encodeUtf8, type Supplementary } from './utf8.ts'

const FIRST_SIZE = 4096
/** A scratch that one huge reply made larger than this is not kept for the next. */
const KEPT_SIZE = 4 << 20

export interface JuteWriterOptions {
  /** Characters above U+FFFF: 'cesu8' towards clients, as Apache writes them; 'utf8' on disk. Default 'utf8'. */
  supplementary?: Supplementary
  /** Bytes of the scratch to begin with. */
  firstSize?: number
  /** Buffers of so many bytes are not copied into the scratch but stay where they are, unchanged until they are of no more use. Default: none. */
  apartFrom?: number
}

/** A buffer that belongs before the byte of the scratch at that index. */
interface Apart {
  readonly at: number
  readonly bytes: Uint8Array
}

export class JuteWriter {
  /** The scratch. A call of `reserve` may replace it and `view`, so neither is to be kept across calls. */
  bytes: Buffer
  /** The same bytes for numbers. */
  view: DataView
  /** Index behind the last byte written. */
  position = 0
  /** Bytes that belong between those of the scratch. */
  apartBytes = 0
  #apart: Apart[] = []
  readonly #apartFrom: number
  readonly #supplementary: Supplementary

  constructor(options: JuteWriterOptions = {}) {
    this.#supplementary = options.supplementary ?? 'utf8'
    this.#apartFrom = options.apartFrom ?? Infinity
    this.bytes = Buffer.allocUnsafeSlow(options.firstSize ?? FIRST_SIZE)
    this.view = new DataView(this.bytes.buffer)
  }

  /** Starts afresh; what was written before is gone unless it was copied. */
  reset(): void {
    this.position = 0
    if (this.apartBytes > 0) {
      this.#apart = []
      this.apartBytes = 0
    }
    if (this.bytes.length > KEPT_SIZE) this.#allocate(FIRST_SIZE)
  }

  /** Takes `count` bytes and returns the index of the first of them; they hold anything until they are stored to. */
  reserve(count: number): number {
    const at = this.position
    if (at + count > this.bytes.length) this.#grow(at + count)
    this.position = at + count
    return at
  }

  byte(value: number): void {
    const at = this.reserve(1)
    this.bytes[at] = value
  }

  bool(value: boolean): void {
    const at = this.reserve(1)
    this.bytes[at] = value ? 1 : 0
  }

  int(value: number): void {
    const at = this.reserve(4)
    this.view.setInt32(at, value)
  }

  long(value: bigint): void {
    const at = this.reserve(8)
    this.view.setBigInt64(at, value)
  }

  float(value: number): void {
    const at = this.reserve(4)
    this.view.setFloat32(at, value)
  }

  double(value: number): void {
    const at = this.reserve(8)
    this.view.setFloat64(at, value)
  }

  buffer(value: Uint8Array | null): void {
    if (value === null) {
      this.int(-1)
      return
    }
    if (value.length >= this.#apartFrom) {
      this.int(value.length)
      this.#apart.push({ at: this.position, bytes: value })
      this.apartBytes += value.length
      return
    }
    const at = this.reserve(4 + value.length)
    this.view.setInt32(at, value.length)
    this.bytes.set(value, at + 4)
  }

  ustring(value: string | null): void {
    if (value === null) {
      this.int(-1)
      return
    }
    const at = this.reserve(4 + 3 * value.length)
    const length = encodeUtf8(this.bytes, at + 4, value, this.#supplementary)
    this.view.setInt32(at, length)
    this.position = at + 4 + length
  }

  /** Bytes as they are, without a length: a record that was encoded before, or a frame's tail. */
  raw(value: Uint8Array): void {
    const at = this.reserve(value.length)
    this.bytes.set(value, at)
  }

  /** Stores an int into four bytes reserved before, for a length that is known only behind what it measures. */
  patchInt(at: number, value: number): void {
    this.view.setInt32(at, value)
  }

  /** Everything written, in pieces: copies of the scratch and between them what stayed where it was. */
  pieces(): Uint8Array[] {
    const pieces: Uint8Array[] = []
    let from = 0
    for (const { at, bytes } of this.#apart) {
      if (at > from) pieces.push(this.copy(from, at))
      pieces.push(bytes)
      from = at
    }
    if (from < this.position) pieces.push(this.copy(from))
    return pieces
  }

  /**
   * A copy of what the scratch holds from index `from` on. Small copies share slabs of Node's buffer pool, for a fraction of what
   * an allocation each costs (bench/jute.mjs); a slab lives as long as any copy in it.
   */
  copy(from = 0, to = this.position): Uint8Array {
    const copied = Buffer.allocUnsafe(to - from)
    this.bytes.copy(copied, 0, from, to)
    return copied
  }

  #grow(size: number): void {
    const old = this.bytes
    this.#allocate(Math.max(size, 2 * old.length))
    old.copy(this.bytes, 0, 0, this.position)
  }

  #allocate(size: number): void {
    this.bytes = Buffer.allocUnsafeSlow(size)
    this.view = new DataView(this.bytes.buffer)
  }
}

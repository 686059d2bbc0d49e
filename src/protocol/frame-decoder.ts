/**
 * Cuts a stream of bytes into frames: a length, then that many bytes. A frame that lies whole in one chunk is read
 * where it lies; only one that is split over chunks is put together, once, when its last byte is there. A long one waits
 * for it where it takes no room for long.
 */
import type { JuteReader } from '../jute/reader.ts'
import { ByteQueue } from './byte-queue.ts'
import type { Slabs } from './byte-queue.ts'

const LENGTH_BYTES = 4
const NONE = new Uint8Array(0)
/** Chunks below this size are copied together while they wait: each would cost some hundred bytes besides its own. */
const SMALL_BYTES = 1024
const LARGEST_HEAP_BYTES = 64 * 1024
/** Longer frames than this wait in slabs. */
export const LONG_BYTES = 16 * 1024

export class FrameDecoder {
  /** What is left to cut; bytes before #at are done with. */
  #chunk: Uint8Array = NONE
  #at = 0
  /** Chunks behind #chunk, waiting for the rest of a frame. */
  #parts: Uint8Array[] = []
  #partBytes = 0
  /** Where small chunks are copied to: what it holds so far is the last of #parts. */
  #heap: Uint8Array = NONE
  #heapBytes = 0
  /** The next frame, if it is long and has not come whole; the bytes behind it are in #chunk and #parts. */
  #long: { readonly length: number; readonly bytes: ByteQueue } | undefined
  readonly #slabs: Slabs

  constructor(slabs: Slabs) {
    this.#slabs = slabs
  }

  /** Bytes received and not cut into frames yet. */
  get buffered(): number {
    return this.#near + (this.#long === undefined ? 0 : LENGTH_BYTES + this.#long.bytes.length)
  }

  get #near(): number {
    return this.#chunk.length - this.#at + this.#partBytes
  }

  push(received: Uint8Array): void {
    const bytes = this.#long === undefined ? received : this.#withoutLong(received)
    if (bytes.length === 0) return
    if (this.#at === this.#chunk.length && this.#partBytes === 0) {
      this.#chunk = bytes
      this.#at = 0
    } else {
      if (bytes.length < SMALL_BYTES) this.#heapUp(bytes)
      else {
        this.#parts.push(owned(bytes))
        this.#heap = NONE
      }
      this.#partBytes += bytes.length
    }
  }

  /** The length of the next frame as a signed number, or undefined while it is not there whole. */
  peekLength(): number | undefined {
    if (this.#long !== undefined) return this.#long.length
    if (!this.#gather(LENGTH_BYTES)) return undefined
    const chunk = this.#chunk
    const at = this.#at
    return (chunk[at] << 24) | (chunk[at + 1] << 16) | (chunk[at + 2] << 8) | chunk[at + 3]
  }

  /** Points the reader at the next frame of this length and steps over it; false while it is not there whole. */
  take(length: number, reader: JuteReader): boolean {
    if (this.#long !== undefined) return this.#takeLong(reader)
    if (!this.#gather(LENGTH_BYTES + length)) {
      if (length > LONG_BYTES) this.#beginLong(length)
      return false
    }
    const start = this.#at + LENGTH_BYTES
    this.#at = start + length
    reader.reset(this.#chunk, start, this.#at)
    if (this.#at === this.#chunk.length) this.#dropChunk()
    return true
  }

  /** The next bytes as they stand, without a length before them; undefined while they are not all there. */
  takeBytes(count: number): Uint8Array | undefined {
    if (!this.#gather(count)) return undefined
    const start = this.#at
    this.#at += count
    return this.#chunk.subarray(start, this.#at)
  }

  clear(): void {
    this.#dropChunk()
    this.#dropParts()
    this.#long?.bytes.drop()
    this.#long = undefined
  }

  #beginLong(length: number): void {
    const bytes = new ByteQueue(this.#slabs)
    bytes.add(this.#chunk.subarray(this.#at + LENGTH_BYTES))
    for (const part of this.#parts) bytes.add(part)
    this.#long = { length, bytes }
    this.#dropChunk()
    this.#dropParts()
  }

  /** Adds to the long frame what belongs to it; returns the rest. */
  #withoutLong(received: Uint8Array): Uint8Array {
    const { length, bytes } = this.#long!
    const missing = length - bytes.length
    if (missing > 0) bytes.add(received.subarray(0, missing))
    return received.subarray(missing)
  }

  #takeLong(reader: JuteReader): boolean {
    const { length, bytes } = this.#long!
    if (bytes.length < length) return false
    this.#long = undefined
    reader.reset(bytes.take(length))
    return true
  }

  /** A connection that falls silent does not keep its last bytes. */
  #dropChunk(): void {
    this.#chunk = NONE
    this.#at = 0
  }

  /** Makes #chunk hold `count` bytes from #at on, if that many have come. */
  #gather(count: number): boolean {
    if (this.#chunk.length - this.#at >= count) return true
    if (this.#near < count) {
      this.#own()
      return false
    }
    this.#chunk = Buffer.concat([this.#chunk.subarray(this.#at), ...this.#parts])
    this.#at = 0
    this.#dropParts()
    return true
  }

  #dropParts(): void {
    this.#parts = []
    this.#partBytes = 0
    this.#heap = NONE
  }

  /** Grows with what has come: room is taken as bytes arrive, not as a length promises them. */
  #heapUp(bytes: Uint8Array): void {
    if (this.#heap.length === 0 || this.#heapBytes + bytes.length > this.#heap.length) {
      this.#heap = new Uint8Array(Math.min(Math.max(this.#partBytes, SMALL_BYTES), LARGEST_HEAP_BYTES))
      this.#heapBytes = 0
      this.#parts.push(NONE)
    }
    this.#heap.set(bytes, this.#heapBytes)
    this.#heapBytes += bytes.length
    this.#parts[this.#parts.length - 1] = this.#heap.subarray(0, this.#heapBytes)
  }

  /** What waits for the rest of its frame may wait long. */
  #own(): void {
    if (this.#at === this.#chunk.length) return
    this.#chunk = owned(this.#chunk.subarray(this.#at))
    this.#at = 0
  }
}

/** The bytes in memory of their own: a small chunk shares its block with others, and would keep all of it alive. */
function owned(bytes: Uint8Array): Uint8Array {
  return bytes.length === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes)
}

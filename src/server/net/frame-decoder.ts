/**
 * Cuts a stream of bytes into frames: a length, then that many bytes. A frame that lies whole in one chunk is read
 * where it lies; only one that is split over chunks is put together, once, when its last byte is there.
 */
import type { JuteReader } from '../../jute/reader.ts'

const LENGTH_BYTES = 4
const NONE = new Uint8Array(0)

export class FrameDecoder {
  /** What is left to cut; bytes before #at are done with. */
  #chunk: Uint8Array = NONE
  #at = 0
  /** Chunks behind #chunk, waiting for the rest of a frame. */
  #parts: Uint8Array[] = []
  #partBytes = 0

  /** Bytes received and not cut into frames yet. */
  get buffered(): number {
    return this.#chunk.length - this.#at + this.#partBytes
  }

  push(bytes: Uint8Array): void {
    if (this.#at === this.#chunk.length && this.#partBytes === 0) {
      this.#chunk = bytes
      this.#at = 0
    } else {
      this.#parts.push(owned(bytes))
      this.#partBytes += bytes.length
    }
  }

  /** The length of the next frame as a signed number, or undefined while it is not there whole. */
  peekLength(): number | undefined {
    if (!this.#gather(LENGTH_BYTES)) return undefined
    const chunk = this.#chunk
    const at = this.#at
    return (chunk[at]! << 24) | (chunk[at + 1]! << 16) | (chunk[at + 2]! << 8) | chunk[at + 3]!
  }

  /** Points the reader at the next frame of this length and steps over it; false while it is not there whole. */
  take(length: number, reader: JuteReader): boolean {
    if (!this.#gather(LENGTH_BYTES + length)) return false
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
    this.#parts = []
    this.#partBytes = 0
  }

  /** A connection that falls silent does not keep its last bytes. */
  #dropChunk(): void {
    this.#chunk = NONE
    this.#at = 0
  }

  /** Makes #chunk hold `count` bytes from #at on, if that many have come. */
  #gather(count: number): boolean {
    if (this.#chunk.length - this.#at >= count) return true
    if (this.buffered < count) {
      this.#own()
      return false
    }
    this.#chunk = Buffer.concat([this.#chunk.subarray(this.#at), ...this.#parts])
    this.#at = 0
    this.#parts = []
    this.#partBytes = 0
    return true
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

/**
 * Reads Jute's binary form, as BinaryInputArchive does. One reader serves many frames: `reset` points it at the next.
 * Generated code calls `advance` once for a run of fixed-size fields and loads them straight from `view` and `bytes`;
 * fields without a fixed size come through `buffer` and `ustring`, which hold the length rules.
 */

import { Buffer } from 'node:buffer'
import { decodeUtf8 } from './utf8.ts'
import { MalformedFrame } from './malformed-frame.ts'

/** jute.maxbuffer and the extra size that comes on top of it, both at their defaults. */
const DEFAULT_MAX_LENGTH = 0xfffff * 2

const EMPTY = Buffer.alloc(0)

export interface JuteReaderOptions {
  /** Largest string or buffer in bytes: jute.maxbuffer + jute.maxbuffer.extrasize. Default 2 × 0xfffff. */
  maxLength?: number
}

export class JuteReader {
  /** All bytes that `reset` was given; `position` and `end` are indexes into it. */
  bytes: Buffer = EMPTY
  /** The same bytes for numbers. */
  view: DataView = new DataView(EMPTY.buffer, EMPTY.byteOffset, 0)
  /** Index of the next byte to read. */
  position = 0
  /** Index behind the last byte of the frame. */
  end = 0
  /** What `reset` was given last: frames of one chunk share a view. */
  #source: Uint8Array = EMPTY
  readonly #maxLength: number

  constructor(options: JuteReaderOptions = {}) {
    this.#maxLength = options.maxLength ?? DEFAULT_MAX_LENGTH
  }

  /** Points the reader at `bytes[start, end)`. Nothing is copied: the bytes must stay as they are while they are read. */
  reset(bytes: Uint8Array, start = 0, end = bytes.length): void {
    if (bytes !== this.#source) {
      this.#source = bytes
      this.bytes = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
      this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    }
    this.position = start
    this.end = end
  }

  /** Bytes of the frame not read yet. */
  get remaining(): number {
    return this.end - this.position
  }

  /** Steps over `count` bytes and returns the index of the first of them. Throws MalformedFrame when fewer are left. */
  advance(count: number): number {
    const at = this.position
    if (count > this.end - at) throw new MalformedFrame('end', `the frame ends ${count - this.end + at} bytes early`)
    this.position = at + count
    return at
  }

  byte(): number {
    return this.view.getInt8(this.advance(1))
  }

  /** Any byte but 0 is true. */
  bool(): boolean {
    return this.bytes[this.advance(1)] !== 0
  }

  int(): number {
    return this.view.getInt32(this.advance(4))
  }

  long(): bigint {
    return this.view.getBigInt64(this.advance(8))
  }

  float(): number {
    return this.view.getFloat32(this.advance(4))
  }

  double(): number {
    return this.view.getFloat64(this.advance(8))
  }

  /** A view of the bytes, not a copy: whoever keeps it beyond the frame's life copies it. */
  buffer(): Uint8Array | null {
    const length = this.#length()
    if (length === -1) return null
    const at = this.advance(length)
    return new Uint8Array(this.bytes.buffer, this.bytes.byteOffset + at, length)
  }

  /** Invalid UTF-8 becomes U+FFFD, as often as Java's decoder gives it. */
  ustring(): string | null {
    const length = this.#length()
    if (length === -1) return null
    const at = this.advance(length)
    return decodeUtf8(this.bytes, at, at + length)
  }

  /** The length in front of a string or buffer; -1 is null. */
  #length(): number {
    const length = this.view.getInt32(this.advance(4))
    // As BinaryInputArchive.checkLength: looked at before the end of the frame is, so a huge length is never an EOF.
    if (length < -1 || length > this.#maxLength) throw new MalformedFrame('length', `Unreasonable length = ${length}`)
    return length
  }
}

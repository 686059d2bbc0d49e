/**
 * Compressed snapshots: which method a name stands for, and both directions of each (SnapStream). gzip is written by
 * the host, off the event loop; everything else is done here, synchronously and piece by piece. Xerial's framing of
 * snappy blocks is ours.
 */

import type * as Fflate from 'fflate'
import type * as Snappy from 'snappyjs'
import { loadPackage } from './load-package.cjs'
import { CorruptStorage } from './storage-errors.ts'

/** Both are loaded with the first compressed snapshot: most servers never meet one, and start sooner and smaller without. */
const fflate = (): typeof Fflate => loadPackage('fflate') as typeof Fflate
const snappy = (): typeof Snappy => loadPackage('snappyjs') as typeof Snappy

/** zookeeper.snapshot.compression.method, and what stands behind a file's last dot. */
export type Compression = '' | 'gz' | 'snappy'

/** Turns the next piece of a file into the next piece of its content. Throws CorruptStorage. */
export type Decompress = (piece: Uint8Array) => Uint8Array

export const GZIP_MAGIC = Uint8Array.of(0x1f, 0x8b)
export const SNAPPY_MAGIC = Uint8Array.of(0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00)

/** The magic and two versions, of the format and of the oldest reader that can read it. */
const SNAPPY_HEADER_SIZE = 16
const SNAPPY_VERSION = 1
/** What Java's writer puts into one block. */
const SNAPPY_BLOCK_SIZE = 32 << 10
/** Blocks of any other writer may be larger, but not without bound. */
const LARGEST_SNAPPY_BLOCK = 64 << 20

const NOTHING = new Uint8Array(0)

/** The method by a file's name: only what is behind the last dot counts. */
export function compressionOf(name: string): Compression {
  const extension = name.slice(name.lastIndexOf('.') + 1).toLowerCase()
  return extension === 'gz' || extension === 'snappy' ? extension : ''
}

export function decompressor(compression: 'gz' | 'snappy'): Decompress {
  return compression === 'gz' ? gunzip() : unsnappy()
}

// As Java's GZIPInputStream under a reader that knows where to stop: the sum behind the data is never looked at, and a
// file that ends early is found out by who misses the rest.
function gunzip(): Decompress {
  const pieces: Uint8Array[] = []
  const stream = new (fflate().Gunzip)((piece) => pieces.push(piece))
  return (piece) => {
    pieces.length = 0
    try {
      stream.push(piece)
    } catch (error) {
      throw new CorruptStorage(`gzip: ${(error as Error).message}`)
    }
    return pieces.length === 1 ? pieces[0] : Buffer.concat(pieces)
  }
}

function unsnappy(): Decompress {
  let rest: Uint8Array = NOTHING
  let headerRead = false
  return (piece) => {
    const bytes = rest.length === 0 ? piece : Buffer.concat([rest, piece])
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    const blocks: Uint8Array[] = []
    let at = 0
    if (!headerRead && bytes.length >= SNAPPY_HEADER_SIZE) {
      if (!startsWith(bytes, SNAPPY_MAGIC)) throw new CorruptStorage('snappy: no magic')
      at = SNAPPY_HEADER_SIZE
      headerRead = true
    }
    while (headerRead && at + 4 <= bytes.length) {
      const length = view.getInt32(at)
      if (length < 0 || length > LARGEST_SNAPPY_BLOCK) throw new CorruptStorage(`snappy: a block of ${length} bytes`)
      if (at + 4 + length > bytes.length) break
      blocks.push(uncompressBlock(bytes.subarray(at + 4, at + 4 + length)))
      at += 4 + length
    }
    rest = new Uint8Array(bytes.subarray(at))
    return blocks.length === 1 ? blocks[0] : Buffer.concat(blocks)
  }
}

function uncompressBlock(block: Uint8Array): Uint8Array {
  try {
    return snappy().uncompress(block, LARGEST_SNAPPY_BLOCK)
  } catch (error) {
    throw new CorruptStorage(`snappy: ${(error as Error).message}`)
  }
}

/** Writes xerial's stream: its header, then blocks with their lengths. */
export class SnappyStream {
  #started = false

  /** The stream's bytes for the next piece of content. */
  compress(piece: Uint8Array): Uint8Array {
    const parts: Uint8Array[] = []
    if (!this.#started) parts.push(snappyHeader())
    this.#started = true
    for (let at = 0; at < piece.length; at += SNAPPY_BLOCK_SIZE) {
      const block = snappy().compress(piece.subarray(at, at + SNAPPY_BLOCK_SIZE))
      const length = new Uint8Array(4)
      new DataView(length.buffer).setInt32(0, block.length)
      parts.push(length, block)
    }
    return Buffer.concat(parts)
  }
}

export function startsWith(bytes: Uint8Array, start: Uint8Array): boolean {
  return bytes.length >= start.length && start.every((byte, index) => bytes[index] === byte)
}

function snappyHeader(): Uint8Array {
  const header = new Uint8Array(SNAPPY_HEADER_SIZE)
  header.set(SNAPPY_MAGIC)
  const view = new DataView(header.buffer)
  view.setInt32(8, SNAPPY_VERSION)
  view.setInt32(12, SNAPPY_VERSION)
  return header
}

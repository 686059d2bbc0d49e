/**
 * Room for long frames while their bytes arrive. What a client sends slowly, or never to its end, would otherwise lie in
 * hundreds of small pieces all over the process's heap, which is not given back to the system when they go. Here it
 * lies in slabs that the system hands out page by page as they are written to, and takes back whole.
 */
const CELL_BYTES = 16 * 1024
/** Longer frames than this are worth the copy. */
export const LONG_BYTES = CELL_BYTES
/** Above 32 MiB the C library maps memory for itself, whatever it has been used to. */
const SLAB_CELLS = 33 * 64
/** A slab of which no more than this was ever written to is kept for good. */
const KEPT_CELLS = 128

interface Slab {
  readonly bytes: Uint8Array
  /** Cells that are free; the next to be taken is the last. */
  readonly free: number[]
  /** Cells that have been written to. */
  touched: number
}

interface Cell {
  readonly slab: Slab
  readonly index: number
}

export class LongFrames {
  #slabs: Slab[] = []

  /** Bytes that are set aside, used or not. */
  get reservedBytes(): number {
    return this.#slabs.length * SLAB_CELLS * CELL_BYTES
  }

  get cellsInUse(): number {
    return this.#slabs.reduce((sum, { free }) => sum + SLAB_CELLS - free.length, 0)
  }

  takeCell(): Cell {
    let slab = this.#slabs.find(({ free }) => free.length > 0)
    if (slab === undefined) {
      const free = Array.from({ length: SLAB_CELLS }, (_, i) => SLAB_CELLS - 1 - i)
      this.#slabs.push((slab = { bytes: new Uint8Array(SLAB_CELLS * CELL_BYTES), free, touched: 0 }))
    }
    const index = slab.free.pop()!
    slab.touched = Math.max(slab.touched, index + 1)
    return { slab, index }
  }

  giveBack(cells: readonly Cell[]): void {
    for (const { slab, index } of cells) slab.free.push(index)
    if (this.#slabs.length < 2) return
    const inUse = this.#slabs.filter((slab) => !isEmpty(slab))
    this.#slabs = inUse.length > 0 ? inUse : this.#slabs.slice(0, 1)
  }

  /** Lets go of the slab that was kept for the next frame. From time to time: a new one for each would keep the collector busy. */
  trim(): void {
    this.#slabs = this.#slabs.filter((slab) => !isEmpty(slab) || slab.touched <= KEPT_CELLS)
  }
}

function isEmpty({ free }: Slab): boolean {
  return free.length === SLAB_CELLS
}

/** One long frame on its way. */
export class LongFrame {
  readonly length: number
  readonly #frames: LongFrames
  readonly #cells: Cell[] = []
  #received = 0

  constructor(frames: LongFrames, length: number) {
    this.#frames = frames
    this.length = length
  }

  get received(): number {
    return this.#received
  }

  get isWhole(): boolean {
    return this.#received === this.length
  }

  /** Takes what belongs to it; returns the number of bytes taken. */
  add(bytes: Uint8Array): number {
    const count = Math.min(bytes.length, this.length - this.#received)
    for (let at = 0; at < count; ) {
      const within = this.#received % CELL_BYTES
      if (within === 0) this.#cells.push(this.#frames.takeCell())
      const { slab, index } = this.#cells[this.#cells.length - 1]!
      const part = bytes.subarray(at, Math.min(count, at + CELL_BYTES - within))
      slab.bytes.set(part, index * CELL_BYTES + within)
      at += part.length
      this.#received += part.length
    }
    return count
  }

  /** The frame in one piece; its room goes back. */
  take(): Uint8Array {
    const whole = Buffer.allocUnsafeSlow(this.length)
    this.#cells.forEach(({ slab, index }, i) => {
      const start = index * CELL_BYTES
      whole.set(slab.bytes.subarray(start, start + Math.min(CELL_BYTES, this.length - i * CELL_BYTES)), i * CELL_BYTES)
    })
    this.drop()
    return whole
  }

  drop(): void {
    this.#frames.giveBack(this.#cells)
    this.#cells.length = 0
  }
}

/**
 * Room for bytes that wait for a client: for the rest of a long frame, for being read. They would otherwise lie in many
 * small pieces all over the process's heap, which is not given back to the system when they go. Here they lie in slabs
 * that the system hands out page by page as they are written to, and takes back whole.
 */
const CELL_BYTES = 16 * 1024
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

export class Slabs {
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

  giveBack({ slab, index }: Cell): void {
    slab.free.push(index)
    if (isEmpty(slab) && this.#slabs.length > 1) this.#slabs = this.#slabs.filter((other) => other !== slab)
  }

  /** Lets go of the slab that was kept for the next. From time to time: a new one for each would keep the collector busy. */
  trim(): void {
    this.#slabs = this.#slabs.filter((slab) => !isEmpty(slab) || slab.touched <= KEPT_CELLS)
  }
}

function isEmpty({ free }: Slab): boolean {
  return free.length === SLAB_CELLS
}

/** Bytes in the order of their arrival. */
export class ByteQueue {
  readonly #slabs: Slabs
  #cells: Cell[] = []
  /** Where the first byte is in the first cell. */
  #start = 0
  #length = 0

  constructor(slabs: Slabs) {
    this.#slabs = slabs
  }

  get length(): number {
    return this.#length
  }

  add(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      const within = (this.#start + this.#length) % CELL_BYTES
      if (within === 0) this.#cells.push(this.#slabs.takeCell())
      const { slab, index } = this.#cells[this.#cells.length - 1]
      const part = bytes.subarray(at, at + CELL_BYTES - within)
      slab.bytes.set(part, index * CELL_BYTES + within)
      at += part.length
      this.#length += part.length
    }
  }

  /** The first bytes in one piece, as many as there are up to `limit`; their room goes back. */
  take(limit: number): Uint8Array {
    const taken = Buffer.allocUnsafeSlow(Math.min(limit, this.#length))
    let done = 0
    for (let at = 0; at < taken.length;) {
      const { slab, index } = this.#cells[done]
      const count = Math.min(CELL_BYTES - this.#start, taken.length - at)
      const from = index * CELL_BYTES + this.#start
      taken.set(slab.bytes.subarray(from, from + count), at)
      at += count
      this.#start = (this.#start + count) % CELL_BYTES
      if (this.#start === 0) done++
    }
    this.#length -= taken.length
    if (this.#length === 0) this.drop()
    else for (const cell of this.#cells.splice(0, done)) this.#slabs.giveBack(cell)
    return taken
  }

  drop(): void {
    for (const cell of this.#cells) this.#slabs.giveBack(cell)
    this.#cells = []
    this.#start = 0
    this.#length = 0
  }
}

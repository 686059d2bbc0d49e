/** What a file holds that is no file of a real disk. Zeros behind the last byte written take no room. */
export class FileContent {
  length = 0
  #bytes = new Uint8Array(0)
  #written = 0

  read(position: number, length: number): Uint8Array {
    const end = Math.min(position + length, this.length)
    const copy = new Uint8Array(Math.max(0, end - position))
    if (position < this.#written) copy.set(this.#bytes.subarray(position, Math.min(end, this.#written)))
    return copy
  }

  write(position: number, bytes: Uint8Array): void {
    const end = position + bytes.length
    if (end > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(end, 2 * this.#bytes.length))
      grown.set(this.#bytes.subarray(0, this.#written))
      this.#bytes = grown
    }
    this.#bytes.set(bytes, position)
    this.#written = Math.max(this.#written, end)
    this.length = Math.max(this.length, end)
  }

  truncate(length: number): void {
    // What is cut off must read as zeros when the file grows again.
    if (length < this.#written) this.#bytes.fill(0, length, this.#written)
    this.#written = Math.min(this.#written, length)
    this.length = length
  }

  copy(): FileContent {
    const copy = new FileContent()
    copy.#bytes = this.#bytes.slice(0, this.#written)
    copy.#written = this.#written
    copy.length = this.length
    return copy
  }
}

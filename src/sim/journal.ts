/**
 * What happened, one line an event: the last lines for whoever looks into a failure, and a hash over all of them, by
 * which two runs of one seed are known to be the same.
 */

const KEPT_LINES = 400
const FNV_PRIME = 0x0100_0193

export class Journal {
  /** Every line is also handed out here, for a run that is watched. */
  onLine: ((line: string) => void) | undefined
  readonly #now: () => number
  readonly #last: string[] = []
  #hash = 0x811c_9dc5
  #count = 0

  constructor(now: () => number) {
    this.#now = now
  }

  note(text: string): void {
    const line = `${this.#now().toFixed(3).padStart(12)} ${text}`
    let hash = this.#hash
    for (let at = 0; at < line.length; at++) hash = Math.imul(hash ^ line.charCodeAt(at), FNV_PRIME)
    this.#hash = hash
    this.#last[this.#count++ % KEPT_LINES] = line
    this.onLine?.(line)
  }

  /** A line that is kept and not hashed: what depends on how much is logged. */
  remark(text: string): void {
    this.onLine?.(`${this.#now().toFixed(3).padStart(12)} ${text}`)
  }

  get count(): number {
    return this.#count
  }

  get hash(): string {
    return `${this.#count}-${(this.#hash >>> 0).toString(16)}`
  }

  /** The last lines, oldest first. */
  last(count = KEPT_LINES): string[] {
    const kept = Math.min(count, this.#count, KEPT_LINES)
    return Array.from({ length: kept }, (_, index) => this.#last[(this.#count - kept + index) % KEPT_LINES]!)
  }
}

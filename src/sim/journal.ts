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
  readonly #times: number[] = []
  #hash = 0x811c_9dc5
  #count = 0

  constructor(now: () => number) {
    this.#now = now
  }

  note(text: string): void {
    const now = this.#now()
    let hash = Math.imul(this.#hash ^ Math.floor(now * 1000), FNV_PRIME)
    for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), FNV_PRIME)
    this.#hash = hash
    const slot = this.#count++ % KEPT_LINES
    this.#last[slot] = text
    this.#times[slot] = now
    this.onLine?.(lineOf(now, text))
  }

  /** A line that is kept and not hashed: what depends on how much is logged. */
  remark(text: string): void {
    this.onLine?.(lineOf(this.#now(), text))
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
    return Array.from({ length: kept }, (_, index) => {
      const slot = (this.#count - kept + index) % KEPT_LINES
      return lineOf(this.#times[slot], this.#last[slot])
    })
  }
}

function lineOf(time: number, text: string): string {
  return `${time.toFixed(3).padStart(12)} ${text}`
}

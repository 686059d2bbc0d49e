/**
 * What a peer owes answers to, oldest first, and since when. What waits in front of the network is not owed yet: the time begins when the
 * operating system has taken it, as Java's begins when a blocking write returns (LearnerHandler.SyncLimitCheck).
 */
import type { PacketLink } from './packets.ts'

interface Entry<T> {
  readonly what: T
  /** Of the link's `sentBytes`, behind the packet. */
  readonly endsAt: number
  /** Clock milliseconds: when it was sent, or, if it had to wait, when it was taken. */
  since: number
  hasWaited: boolean
}

export class Owed<T> {
  readonly #link: PacketLink
  readonly #entries: Entry<T>[] = []
  /** Those before it were taken; what is known of them changes no more. */
  #taken = 0
  /** Those before it have been seen to wait, or to be taken. */
  #seen = 0

  constructor(link: PacketLink) {
    this.#link = link
  }

  get size(): number {
    return this.#entries.length
  }

  get first(): T | undefined {
    return this.#entries[0]?.what
  }

  /** It was just sent, or will be the last of so many more bytes. */
  push(what: T, now: number, moreBytes = 0): void {
    this.#entries.push({ what, endsAt: this.#link.sentBytes + moreBytes, since: now, hasWaited: false })
  }

  shift(): T | undefined {
    if (this.#taken > 0) this.#taken--
    if (this.#seen > 0) this.#seen--
    return this.#entries.shift()?.what
  }

  /**
   * Since when the oldest is owed; while it still waits to be taken, since the peer last took anything. Undefined where nothing is owed. To be asked
   * from time to time: what is taken before it is first seen to wait counts from its sending.
   */
  since(): number | undefined {
    this.#look()
    const [first] = this.#entries
    if (first === undefined) return undefined
    return this.#taken > 0 ? first.since : Math.max(first.since, this.#link.takenAt)
  }

  /** Whether the oldest had to wait before it was taken, or still does. */
  get isLate(): boolean {
    return this.#entries[0]?.hasWaited === true
  }

  #look(): void {
    const { takenBytes, takenAt } = this.#link
    for (let entry = this.#entries[this.#taken]; entry !== undefined && entry.endsAt <= takenBytes; entry = this.#entries[this.#taken]) {
      if (entry.hasWaited) entry.since = takenAt
      this.#taken++
    }
    if (this.#seen < this.#taken) this.#seen = this.#taken
    for (; this.#seen < this.#entries.length; this.#seen++) this.#entries[this.#seen].hasWaited = true
  }
}

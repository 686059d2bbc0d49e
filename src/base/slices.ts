/**
 * Work too long for one turn of the event loop, done in slices: one slice a turn, whatever is under way taking turns at it, so that the
 * sockets are read in between and no turn is longer for there being more to do.
 */

/** The end of a turn of the event loop: what waits in the sockets is read before it. */
interface Turns {
  endOfTurn(callback: () => void): void
}

/** Does a slice of the work, a millisecond or so of it, and tells whether more is left. */
export type Slice = () => boolean

export class Slices {
  readonly #clock: Turns
  #underWay: Slice[] = []

  constructor(clock: Turns) {
    this.#clock = clock
  }

  /** The first slice is done at the end of this turn. */
  add(slice: Slice): void {
    this.#underWay.push(slice)
    if (this.#underWay.length === 1) this.#clock.endOfTurn(() => this.#doOne())
  }

  /** The one at work keeps its place while it works, so that what it adds finds the next turn asked for already. */
  #doOne(): void {
    const slice = this.#underWay[0]
    const isLeft = slice()
    this.#underWay.shift()
    if (isLeft) this.#underWay.push(slice)
    if (this.#underWay.length > 0) this.#clock.endOfTurn(() => this.#doOne())
  }
}

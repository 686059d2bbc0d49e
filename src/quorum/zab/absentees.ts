/**
 * Voters that have let this server down of late. They may be slow, cut off, half broken or well again, and a voter that is
 * needed counts whatever it has done, so this is no more than a preference: whom an election can do without. Java has none.
 */
import type { Clock } from '../../server/host/host.ts'
import type { Vote } from './vote.ts'

/**
 * How a voter lets another down. 'unreached': as leader it could not be reached, or never said a word. 'silent': as leader it
 * said no more, or it voted and did not come to follow. 'closed': as leader it sent its follower away before it served,
 * which need not be its own fault: it may have waited for others in vain.
 */
export type LetDown = 'unreached' | 'silent' | 'closed'

/** What a leader says of itself; once it has come into its epoch, that is another claim. */
export type Claim = Pick<Vote, 'electionEpoch' | 'peerEpoch'>

interface Absence {
  /** Clock milliseconds; when it was let down last, if that is in doubt. */
  until: number
  times: number
  /** How often it could not be reached. */
  unreached: number
  /** Clock milliseconds. Whoever says that this voter leads is not believed until then. */
  outOfReachUntil: number
  /** What it claimed when it was followed last, and led its follower into no epoch. */
  vain: Claim | undefined
}

export class Absentees {
  readonly #clock: Clock
  readonly #lengthMs: number
  readonly #absences = new Map<bigint, Absence>()

  /** `lengthMs`: how long one time is remembered. */
  constructor(clock: Clock, lengthMs: number) {
    this.#clock = clock
    this.#lengthMs = lengthMs
  }

  /** One time more. `vain`: what it claims as a leader that has led its follower into no epoch. */
  add(sid: bigint, how: LetDown, vain?: Claim): void {
    const now = this.#clock.now()
    let absence = this.#absences.get(sid)
    if (absence === undefined || absence.until + this.#lengthMs < now) absence = { until: now, times: 0, unreached: 0, outOfReachUntil: now, vain }
    absence.times++
    if (how === 'unreached' && ++absence.unreached > 1) absence.outOfReachUntil = now + this.#lengthMs / 2
    absence.vain = vain
    const isCertain = how !== 'closed' || absence.times > 1
    absence.until = isCertain ? now + this.#lengthMs : now
    this.#absences.set(sid, absence)
  }

  delete(sid: bigint): void {
    this.#absences.delete(sid)
  }

  has(sid: bigint): boolean {
    const absence = this.#absences.get(sid)
    return absence !== undefined && absence.until > this.#clock.now()
  }

  /**
   * It was followed more than once and could not be reached. That is forgotten in half the time: to try it again takes one step of a role, and
   * once its path is whole again this server should not stay away from it for long.
   */
  isOutOfReach(sid: bigint): boolean {
    return (this.#absences.get(sid)?.outOfReachUntil ?? 0) > this.#clock.now()
  }

  /**
   * Whether what it says of itself is not to be believed, nor what others say of it: it is out of reach, or the same claim has been followed in
   * vain. That is forgotten in half the time, too: who else follows it in vain has ended by then, and who still does is served.
   */
  disbelieves(leader: bigint, { electionEpoch, peerEpoch }: Claim): boolean {
    const absence = this.#absences.get(leader)
    if (absence === undefined) return false
    const { vain } = absence
    const isSame = vain !== undefined && vain.electionEpoch === electionEpoch && vain.peerEpoch === peerEpoch
    return this.isOutOfReach(leader) || (isSame && this.#clock.now() < this.#vainUntil(absence))
  }

  #vainUntil({ until }: Absence): number {
    return until - this.#lengthMs / 2
  }

  /** When the next one is over, or what one says is believed again; undefined while there is none. */
  get nextEnd(): number | undefined {
    const now = this.#clock.now()
    let next: number | undefined
    for (const absence of this.#absences.values()) {
      const ends = [absence.until, absence.outOfReachUntil, this.#vainUntil(absence)]
      for (const end of ends) if (end > now && (next === undefined || end < next)) next = end
    }
    return next
  }
}

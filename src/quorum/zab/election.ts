/**
 * Fast leader election (FastLeaderElection): servers that look for a leader tell each other whom they would have, everyone
 * takes over what is better than his own, and when a quorum wants the same it has it. Pure: notifications and timers come
 * in, notifications and one decision go out. Nothing safe rests on it: two servers may come to different decisions, and
 * the discovery phase lets only one of them lead.
 *
 * Four things go quicker than in Java, and no Java server minds them:
 * - the wait for a late better vote ends where no such vote can come (`isUndisputed`);
 * - a voter that asks for worse in the same round is answered, as one of an older round is; it missed our vote because it
 *   still followed the dead leader when that came;
 * - for the same reason, what a voter asked in the moment before we look ourselves is heard then (`#justHeard`);
 * - what was said on a connection that then turns out to be dead is said again at once (`onPeerLost`).
 *
 * And one voter that lets others down (it votes and never follows, is elected and cannot lead, or only says that it leads) does not keep them apart:
 * it counts as absent for a while, wherever those that have been heard of are a quorum without it (Absentees).
 *
 * Nor does a voter that is not heard (its election port is blocked, or it goes on saying what it said before) keep a server out for ever, be it the
 * leader or a follower that the proof of a quorum lacks: what is heard of the leader is enough when it has held for long (Hearsay).
 */
import type { Logger } from 'pino'
import { assert } from '../../base/assert.ts'
import type { Clock, Timer } from '../../server/host/host.ts'
import type { QuorumConfig } from '../config/quorum-config.ts'
import { Absentees } from './absentees.ts'
import type { LetDown } from './absentees.ts'
import { beats, isSameVote, NOT_ELECTABLE, NOTIFICATION_VERSION, voteText } from './vote.ts'
import type { Ballot, Notification, ServerState, Vote } from './vote.ts'

/** How long a better vote may take to arrive once a quorum agrees (FastLeaderElection.finalizeWait). */
const FINALIZE_WAIT_MS = 200

/**
 * How long a voter waits at least for others than those that count as absent: twice as long in each election that came to nothing,
 * up to a limit. Whoever is there answers within milliseconds.
 */
const PATIENCE_MS = 200
const MOST_PATIENCE_DOUBLINGS = 4

const NOBODY: ReadonlySet<bigint> = new Set()

/** The zxid of a server whose data is gone: it may neither win nor help to choose. */
const NO_DATA = -1n

export type ElectedRole = 'leading' | 'following' | 'observing'

export interface Outcome {
  readonly role: ElectedRole
  readonly vote: Vote
  /** Whose votes have decided it. */
  readonly electors: ReadonlySet<bigint>
}

export interface ElectionEffects {
  /** Best effort, the newest for each receiver; dials where there is no connection. */
  send(to: bigint, notification: Notification): void
  /** Known to be unreachable: there is no connection and the last attempt at one failed. `onPeerDown` tells when that comes about. */
  isDown(sid: bigint): boolean
}

export interface ElectionParts {
  readonly self: bigint
  /** Another one only from one election to the next. */
  readonly config: QuorumConfig
  /** What others are told that the configuration is. */
  configText(): string
  readonly clock: Clock
  readonly log: Logger
  readonly effects: ElectionEffects
  /** First silence after which the ballot is sent again, ms; doubles up to the largest. */
  readonly minIntervalMs: number
  readonly maxIntervalMs: number
  /** How long a voter counts as absent that has let this server down: longer than any server leads or follows in vain. */
  readonly absenceMs: number
  /** How long others must have followed a leader until their word for it is enough: longer than anybody follows a dead one. */
  readonly hearsayMs: number
}

/** What this server has to show: its last logged txn, and its currentEpoch. */
export type History = Pick<Ballot, 'zxid' | 'peerEpoch'>

/** What another voter said of its vote. */
interface Statement {
  readonly vote: Vote
  readonly state: ServerState
  readonly version: number
}

/** A leader that has said itself that it leads, or of which so many others have said so that they are a quorum with it, but not both. */
interface Hearsay {
  readonly statement: Statement
  /** It has held for long enough, and all have been asked once more. */
  isRipe: boolean
  timer: Timer | undefined
}

interface Looking {
  readonly kind: 'looking'
  readonly own: Ballot
  /** The first election of this server's life: who does not answer may just be starting, too. */
  readonly isFirst: boolean
  ballot: Ballot
  /** Votes of this round. */
  readonly received: Map<bigint, Statement>
  /** What servers say that have a leader, of whatever round. */
  readonly outOfElection: Map<bigint, Statement>
  readonly decided: (outcome: Outcome) => void
  /** Who has had a word out of turn since the last that went to all: one is enough, or two servers might never be silent again. */
  readonly saidAgainTo: Set<bigint>
  intervalMs: number
  resend: Timer | undefined
  /** Runs while a quorum agrees on the ballot and others might yet say better. */
  finalize: Timer | undefined
  /** Voters that have said anything since it began, and have not become unreachable or deaf. */
  readonly heard: Set<bigint>
  /** Voters that were told of a later round or a better vote and have not taken it over since. */
  readonly corrected: Set<bigint>
  /** What voters say that count as absent: heard as soon as they do not. */
  readonly setAside: Map<bigint, Notification>
  /** Until then others are waited for, whoever has been heard. Clock milliseconds. */
  readonly patientUntil: number
  reconsider: Timer | undefined
  hearsay: Hearsay | undefined
}

interface Settled {
  readonly kind: 'settled'
  readonly role: ElectedRole
  /** Who wanted the same. */
  readonly electors: ReadonlySet<bigint>
  /** The leader's epoch has begun. */
  readonly isEstablished: boolean
  /** On whose word alone the leader is followed. */
  readonly informants: ReadonlySet<bigint>
}

/** 'idle': deaf. 'between': the role is over, and the server does not look yet; it hears, and has nothing to say. */
type Phase = { readonly kind: 'idle' } | { readonly kind: 'between' } | Looking | Settled

export class Election {
  /** A voter that wanted this server as leader, which it is, looks for another. */
  onElectorLooks: (sid: bigint) => void = () => {}
  /** The leader that this server has found looks for one itself, or somebody does on whose word alone it was found. */
  onLeaderLooks: () => void = () => {}
  readonly #parts: ElectionParts
  #phase: Phase = { kind: 'idle' }
  /** The round (logicalclock); in memory only. */
  #round = 0n
  /** What the last election came to, or at first the own ballot. */
  #vote: Vote | undefined
  /** What voters that look have said while this server did not, and when. */
  readonly #justHeard = new Map<bigint, { readonly notification: Notification; readonly at: number }>()
  readonly #absentees: Absentees
  /** Elections since this server last came into a leader's epoch. */
  #vainElections = 0

  constructor(parts: ElectionParts) {
    this.#parts = parts
    this.#absentees = new Absentees(parts.clock, parts.absenceMs)
  }

  get #isVoter(): boolean {
    const { config, self } = this.#parts
    return config.voters.has(self)
  }

  get isLooking(): boolean {
    return this.#phase.kind === 'looking'
  }

  get state(): ServerState {
    return this.#phase.kind === 'settled' ? this.#phase.role : 'looking'
  }

  /** The vote this server reports while it does not look. */
  get vote(): Vote | undefined {
    return this.#vote
  }

  get round(): bigint {
    return this.#round
  }

  /** Looks for a leader until there is one; `decided` is called once, in a later turn or event. An observer's history does not count. */
  look(history: History, decided: (outcome: Outcome) => void): void {
    assert(this.#phase.kind !== 'looking', 'a server looks for one leader at a time')
    const { self, log, minIntervalMs, clock } = this.#parts
    const own = this.#isVoter ? { ...history, leader: self } : { leader: NOT_ELECTABLE, zxid: NOT_ELECTABLE, peerEpoch: NOT_ELECTABLE }
    this.#round = BigInt.asIntN(64, this.#round + 1n)
    const isFirst = this.#vote === undefined
    this.#vote ??= { ...own, electionEpoch: this.#round }
    const looking: Looking = {
      kind: 'looking',
      own,
      isFirst,
      ballot: own,
      received: new Map(),
      outOfElection: new Map(),
      decided,
      saidAgainTo: new Set(),
      intervalMs: minIntervalMs,
      resend: undefined,
      finalize: undefined,
      heard: new Set(),
      corrected: new Set(),
      setAside: new Map(),
      patientUntil: clock.now() + PATIENCE_MS * 2 ** Math.min(this.#vainElections++, MOST_PATIENCE_DOUBLINGS),
      reconsider: undefined,
      hearsay: undefined,
    }
    this.#phase = looking
    log.info(`New election. My id = ${self}, proposed ${voteText(this.#cast(looking))}`)
    this.#broadcast(looking)
    clock.endOfTurn(() => {
      if (this.#phase === looking) this.#hearAgain(looking)
    })
    this.#reconsiderLater(looking)
  }

  /** A voter has let this server's last role down. */
  onLetDown(sid: bigint, how: LetDown): void {
    const phase = this.#phase
    const isVain = phase.kind === 'settled' && phase.role === 'following' && !phase.isEstablished && sid === this.#vote!.leader
    this.#absentees.add(sid, how, isVain ? this.#vote : undefined)
  }

  /** The role is over. Whoever looks must not hear of it any more: its end may wait for a disk that hangs. */
  onRoleOver(): void {
    this.#phase = { kind: 'between' }
  }

  /** The new epoch has begun (updateElectionVote): without it, who comes later sees votes of different epochs and never a quorum. */
  onEpochEstablished(epoch: bigint): void {
    assert(this.#phase.kind === 'settled' && this.#vote !== undefined, 'only a settled server comes to a new epoch')
    this.#phase = { ...this.#phase, isEstablished: true }
    this.#vote = { ...this.#vote, peerEpoch: epoch }
    this.#vainElections = 0
    this.#absentees.delete(this.#vote.leader)
  }

  onNotification(from: bigint, notification: Notification): void {
    const phase = this.#phase
    if (phase.kind === 'idle') return
    const { config, log } = this.#parts
    log.debug(`Notification of ${from}: ${notification.state}, ${voteText(notification)}`)
    if (phase.kind === 'between') return this.#keep(from, notification)
    if (!config.voters.has(from)) return this.#onStranger(phase, from, notification)
    if (phase.kind === 'looking') {
      this.#justHeard.delete(from)
      this.#onVoter(phase, from, notification)
    } else if (notification.state === 'looking') {
      this.#onLooksAgain(phase, from, notification)
      this.#keep(from, notification)
      this.#answer(from, this.#vote!)
    }
  }

  /** For when this server looks itself. */
  #keep(from: bigint, notification: Notification): void {
    const isVoterThatLooks = notification.state === 'looking' && this.#parts.config.voters.has(from)
    if (isVoterThatLooks) this.#justHeard.set(from, { notification, at: this.#parts.clock.now() })
  }

  /** In this round or an older one a voter may only be late with what it said before it came to the same vote. */
  #onLooksAgain({ role, electors, informants }: Settled, from: bigint, { leader, electionEpoch }: Notification): void {
    const vote = this.#vote!
    const isLater = electionEpoch > vote.electionEpoch
    if (role === 'leading' && electors.has(from) && (isLater || leader !== vote.leader)) this.onElectorLooks(from)
    if (role !== 'leading' && (from === vote.leader || informants.has(from)) && isLater) this.onLeaderLooks()
  }

  /** The connection with that server is gone, and perhaps with it what was said last: it is said again, but not without end. */
  onPeerLost(sid: bigint): void {
    const looking = this.#phase
    if (looking.kind !== 'looking' || !this.#parts.config.voters.has(sid) || looking.saidAgainTo.has(sid)) return
    looking.saidAgainTo.add(sid)
    this.#answer(sid, this.#told(looking))
  }

  /** A member has just become unreachable. */
  onPeerDown(sid: bigint): void {
    const looking = this.#phase
    if (looking.kind !== 'looking') return
    looking.heard.delete(sid)
    this.#hearSetAside(looking)
  }

  stop(): void {
    if (this.#phase.kind === 'looking') cancelTimers(this.#phase)
    this.#phase = { kind: 'idle' }
  }

  // Hearing ---------------------------------------------------------------------------------------------------

  /** Who has no vote, or is no member, is told what there is and never counted. */
  #onStranger(phase: Looking | Settled, from: bigint, notification: Notification): void {
    // A Java observer answers whoever looks in an older round than its own, at once and as often as it hears of it.
    if (phase.kind === 'looking' && notification.state === 'looking' && notification.electionEpoch > this.#round) {
      if (phase.saidAgainTo.has(from)) return
      phase.saidAgainTo.add(from)
    }
    this.#answer(from, phase.kind === 'looking' && !this.#isVoter ? this.#told(phase) : { ...this.#vote!, electionEpoch: this.#round })
  }

  #onVoter(looking: Looking, from: bigint, notification: Notification): void {
    this.#countHeard(looking, from, notification)
    if (this.#phase !== looking) return
    if (this.#shuns(looking, from, notification)) return void looking.setAside.set(from, notification)
    looking.setAside.delete(from)
    if (!this.#parts.config.voters.has(notification.leader)) {
      this.#parts.log.warn(`Ignoring notification for non-cluster member sid ${notification.leader} from sid ${from}`)
      if (notification.state === 'looking') this.#correct(looking, from, notification)
      return
    }
    switch (notification.state) {
      case 'looking':
        return this.#onLooking(looking, from, notification)
      case 'following':
      case 'leading':
        return this.#onSettled(looking, from, notification)
      case 'observing':
        return
    }
  }

  /** Who has no data, or says the same after it was told better, helps nobody to a leader: those that count as absent may be needed. */
  #countHeard(looking: Looking, from: bigint, notification: Notification): void {
    const { heard, corrected } = looking
    const isOutOfStep = notification.state === 'looking' && this.#isOutOfStep(looking, notification)
    if (notification.zxid === NO_DATA) {
      heard.delete(from)
    } else if (isOutOfStep && corrected.has(from)) {
      if (heard.delete(from)) this.#hearSetAside(looking)
    } else {
      heard.add(from)
      if (isOutOfStep) corrected.add(from)
      else corrected.delete(from)
    }
  }

  #isOutOfStep({ ballot }: Looking, notification: Notification): boolean {
    if (notification.electionEpoch !== this.#round) return notification.electionEpoch < this.#round
    return beats(this.#parts.config, ballot, notification)
  }

  #onLooking(looking: Looking, from: bigint, notification: Notification): void {
    const { config } = this.#parts
    // Whoever looks again has no leader any more.
    const before = looking.outOfElection.get(from)
    looking.outOfElection.delete(from)
    if (before !== undefined && !this.#isLikely(looking, before)) this.#endHearsayOf(looking, before.vote.leader)
    if (notification.electionEpoch < this.#round) return this.#correct(looking, from, notification)
    if (looking.own.zxid === NO_DATA || notification.zxid === NO_DATA) return
    if (notification.electionEpoch > this.#round) {
      this.#round = notification.electionEpoch
      looking.received.clear()
      this.#adopt(looking, beats(config, notification, looking.own) ? notification : looking.own)
    } else if (beats(config, notification, looking.ballot)) {
      this.#adopt(looking, notification)
    } else {
      this.#correct(looking, from, notification)
    }
    // A version says nothing while its sender looks.
    looking.received.set(from, { vote: notification, state: 'looking', version: 0 })
    this.#tally(looking)
  }

  /** Tells a voter that it is behind. Observers do not: they are answered whatever they say, and there would be no end of it. */
  #correct(looking: Looking, from: bigint, notification: Notification): void {
    if (this.#isVoter && this.#isOutOfStep(looking, notification)) this.#answer(from, this.#cast(looking))
  }

  /** Joins a leader that a quorum has and that says itself that it leads. */
  #onSettled(looking: Looking, from: bigint, notification: Notification): void {
    const { state, version } = notification
    if (notification.electionEpoch === this.#round) {
      // As in Java the record of a vote of this round has no version, so that votes in it match by their leader alone.
      looking.received.set(from, { vote: notification, state, version: 0 })
      if (this.#isEstablished(looking.received, notification)) return this.#decide(looking, notification)
    }
    looking.outOfElection.set(from, { vote: notification, state, version })
    if (this.#isEstablished(looking.outOfElection, notification)) this.#join(looking, notification, NOBODY)
    else this.#onHearsay(looking, { vote: notification, state, version })
  }

  #join(looking: Looking, vote: Vote, informants: ReadonlySet<bigint>): void {
    this.#round = vote.electionEpoch
    this.#decide(looking, vote, informants)
  }

  // Hearsay -----------------------------------------------------------------------------------------------------

  /** It counts when it has held for so long that the leader must be alive, and is then said once more. */
  #onHearsay(looking: Looking, statement: Statement): void {
    if (!this.#isLikely(looking, statement)) return
    const { hearsay } = looking
    if (hearsay?.isRipe === true && hearsay.statement.vote.leader === statement.vote.leader) {
      this.#join(looking, statement.vote, supportersOf(looking.outOfElection, statement))
    } else if (hearsay === undefined || !this.#isLikely(looking, hearsay.statement)) {
      this.#beginHearsay(looking, statement)
    }
  }

  #beginHearsay(looking: Looking, statement: Statement): void {
    const { clock, hearsayMs, log } = this.#parts
    const { leader } = statement.vote
    this.#endHearsay(looking)
    const hearsay: Hearsay = { statement, isRipe: false, timer: undefined }
    looking.hearsay = hearsay
    hearsay.timer = clock.after(hearsayMs, () => {
      log.info(`For ${hearsayMs} ms there has been word of a leader ${leader}, and no proof: this server follows it when it hears so once more`)
      hearsay.isRipe = true
      hearsay.timer = clock.after(hearsayMs, () => this.#endHearsay(looking))
      for (const [sid, { vote }] of [...looking.outOfElection]) if (vote.leader === leader) looking.outOfElection.delete(sid)
      this.#broadcast(looking)
    })
  }

  #endHearsayOf(looking: Looking, leader: bigint): void {
    if (looking.hearsay?.statement.vote.leader === leader) this.#endHearsay(looking)
  }

  #endHearsay(looking: Looking): void {
    looking.hearsay?.timer?.cancel()
    looking.hearsay = undefined
  }

  /** The leader says that it is one, or those that say that they follow it are a quorum with it; and it has not let this server down. */
  #isLikely({ outOfElection }: Looking, statement: Statement): boolean {
    const { leader } = statement.vote
    if (leader === this.#parts.self || this.#absentees.has(leader)) return false
    if (outOfElection.get(leader)?.state === 'leading') return true
    const supporters = supportersOf(outOfElection, statement)
    supporters.delete(leader)
    return supporters.size > 0 && this.#parts.config.containsQuorum(supporters.add(leader))
  }

  #hearAgain(looking: Looking): void {
    const { clock, minIntervalMs } = this.#parts
    const since = clock.now() - minIntervalMs
    for (const [from, { notification, at }] of [...this.#justHeard]) {
      // What is older would have been said again by now, if it still held.
      if (at >= since && this.#phase === looking) this.#onVoter(looking, from, notification)
    }
    this.#justHeard.clear()
    if (this.#phase === looking) this.#tally(looking)
  }

  // Those that let others down ----------------------------------------------------------------------------------

  /** The vote of a voter that counts as absent is not heard; nor that it leads, where that was believed in vain. */
  #shuns(looking: Looking, from: bigint, notification: Notification): boolean {
    const { state, leader } = notification
    if (state === 'looking') return this.#isAbsent(looking, from)
    return this.#absentees.disbelieves(leader, notification) && this.#isAbsent(looking, leader)
  }

  /** While others may yet be heard, and where those that have been are a quorum without all that have let this server down. */
  #isAbsent({ heard, patientUntil }: Looking, sid: bigint): boolean {
    if (!this.#absentees.has(sid)) return false
    const { self, config, clock } = this.#parts
    if (clock.now() < patientUntil) return true
    const present = new Set([self])
    for (const other of heard) if (!this.#absentees.has(other)) present.add(other)
    return config.containsQuorum(present)
  }

  /** When patience is over, and when somebody's absence is. */
  #reconsiderLater(looking: Looking): void {
    const { clock } = this.#parts
    const end = this.#absentees.nextEnd
    looking.reconsider?.cancel()
    looking.reconsider = undefined
    if (end === undefined) return
    const now = clock.now()
    const next = now < looking.patientUntil ? looking.patientUntil : end
    looking.reconsider = clock.after(Math.max(1, next - now), () => {
      this.#hearSetAside(looking)
      if (this.#phase === looking) this.#reconsiderLater(looking)
    })
  }

  /** What was set aside for no reason that still holds: a vote is heard now; who has a leader is asked again, since that may be over. */
  #hearSetAside(looking: Looking): void {
    for (const [from, notification] of [...looking.setAside]) {
      if (this.#phase !== looking) return
      if (this.#shuns(looking, from, notification)) continue
      looking.setAside.delete(from)
      if (notification.state === 'looking') this.#onVoter(looking, from, notification)
      else this.#answer(from, this.#told(looking))
    }
    if (this.#phase === looking) this.#tally(looking)
  }

  // Speaking --------------------------------------------------------------------------------------------------

  #adopt(looking: Looking, { leader, zxid, peerEpoch }: Ballot): void {
    looking.ballot = { leader, zxid, peerEpoch }
    cancelFinalize(looking)
    looking.intervalMs = this.#parts.minIntervalMs
    this.#broadcast(looking)
  }

  /** To all voters, and again after a while. The intervals count from what was said last, not, as in Java, from what was heard. */
  #broadcast(looking: Looking): void {
    const { self, config, clock, effects, maxIntervalMs } = this.#parts
    const vote = this.#cast(looking)
    const notification = this.#notification('looking', this.#told(looking))
    if (this.#isVoter && looking.own.zxid !== NO_DATA) looking.received.set(self, { vote, state: 'looking', version: 0 })
    for (const sid of config.voters) if (sid !== self) effects.send(sid, notification)
    looking.saidAgainTo.clear()
    looking.resend?.cancel()
    looking.resend = clock.after(looking.intervalMs, () => {
      looking.intervalMs = Math.min(looking.intervalMs * 2, maxIntervalMs)
      this.#broadcast(looking)
    })
  }

  #answer(to: bigint, vote: Vote): void {
    this.#parts.effects.send(to, this.#notification(this.state, vote))
  }

  #notification(state: ServerState, { leader, zxid, electionEpoch, peerEpoch }: Vote): Notification {
    return { state, leader, zxid, electionEpoch, peerEpoch, version: NOTIFICATION_VERSION, configText: this.#parts.configText() }
  }

  #cast(looking: Looking): Vote {
    return { ...looking.ballot, electionEpoch: this.#round }
  }

  /** Who has no vote names nobody, unlike in Java: others may go by an older list, in which it has one. */
  #told(looking: Looking): Vote {
    return this.#isVoter ? this.#cast(looking) : { ...looking.own, electionEpoch: this.#round }
  }

  // Deciding --------------------------------------------------------------------------------------------------

  /** Looks whether a quorum wants what this server wants, and whether there is anything to wait for. */
  #tally(looking: Looking): void {
    const { config, clock } = this.#parts
    const vote = this.#cast(looking)
    const supporters = supportersOf(looking.received, { vote, state: 'looking', version: 0 })
    for (const sid of [...supporters]) if (this.#isAbsent(looking, sid)) supporters.delete(sid)
    if (!config.containsQuorum(supporters)) {
      cancelFinalize(looking)
    } else if (this.#isUndisputed(looking, supporters)) {
      this.#decide(looking, vote)
    } else {
      looking.finalize ??= clock.after(FINALIZE_WAIT_MS, () => this.#decide(looking, this.#cast(looking)))
    }
  }

  /**
   * No better vote can come: every voter has cast this one or, but for a first election, is known to be down, or counts as absent. (An observer
   * always waits, because what voters answer it while they look is the vote of the election before.)
   */
  #isUndisputed(looking: Looking, supporters: ReadonlySet<bigint>): boolean {
    const { config, effects } = this.#parts
    if (!this.#isVoter) return false
    for (const sid of config.voters) {
      const isMissing = (!looking.isFirst && effects.isDown(sid)) || this.#isAbsent(looking, sid)
      if (!supporters.has(sid) && !isMissing) return false
    }
    return true
  }

  /** Whether a quorum agrees with the statement, and the leader itself says that it leads (checkLeader). */
  #isEstablished(statements: ReadonlyMap<bigint, Statement>, notification: Notification): boolean {
    const { leader, electionEpoch, state, version } = notification
    const supporters = supportersOf(statements, { vote: notification, state, version })
    if (!this.#parts.config.containsQuorum(supporters)) return false
    return leader === this.#parts.self ? this.#round === electionEpoch : statements.get(leader)?.state === 'leading'
  }

  #decide(looking: Looking, { leader, zxid, electionEpoch, peerEpoch }: Vote, informants = NOBODY): void {
    cancelTimers(looking)
    const role = leader === this.#parts.self ? 'leading' : this.#isVoter ? 'following' : 'observing'
    const vote = { leader, zxid, electionEpoch, peerEpoch }
    const electors = supportersOf(looking.received, { vote, state: 'looking', version: 0 })
    this.#phase = { kind: 'settled', role, electors, informants, isEstablished: false }
    this.#vote = vote
    this.#parts.log.info(`Election is over: ${role}, ${voteText(vote)}`)
    looking.decided({ role, vote, electors })
  }
}

function supportersOf(statements: ReadonlyMap<bigint, Statement>, statement: Statement): Set<bigint> {
  const supporters = new Set<bigint>()
  for (const [sid, other] of statements) if (agree(statement, other)) supporters.add(sid)
  return supporters
}

/** As Vote.equals: settled servers may differ in zxid and round, and old forms do not know the new epoch either. */
function agree(a: Statement, b: Statement): boolean {
  if (a.state === 'looking' || b.state === 'looking') return isSameVote(a.vote, b.vote)
  if (a.vote.leader !== b.vote.leader) return false
  return a.version > 0 !== b.version > 0 || a.vote.peerEpoch === b.vote.peerEpoch
}

function cancelTimers(looking: Looking): void {
  looking.resend?.cancel()
  looking.reconsider?.cancel()
  looking.hearsay?.timer?.cancel()
  cancelFinalize(looking)
}

function cancelFinalize(looking: Looking): void {
  looking.finalize?.cancel()
  looking.finalize = undefined
}

/**
 * The leader of one epoch: it finds an epoch that nobody has seen, brings a quorum to its history, then proposes and
 * commits until it loses the quorum (Leader). Every step waits until what it rests on is durable.
 */
import { assert } from '../../base/assert.ts'
import { hex } from '../../base/hex.ts'
import type { QuorumPacket } from '../../jute/generated/quorum.ts'
import { counterOf, epochZxid } from '../../protocol/zxid.ts'
import type { LeaderGauges, ProposalSizes } from '../../server/admin/admin-view.ts'
import type { Clock, Timer } from '../../server/host/host.ts'
import type { LoggedTxn } from '../../server/txn/logged-txn.ts'
import type { CurrentConfig } from '../config/current-config.ts'
import type { QuorumConfig } from '../config/quorum-config.ts'
import type { Epochs } from './epochs.ts'
import { LearnerHandler } from './learner-handler.ts'
import type { Greeting, LearnerEvents, SyncWay, Touch } from './learner-handler.ts'
import { PacketType } from './packets.ts'
import type { ByteSource, PacketLink, SnapshotSource, Telling } from './packets.ts'
import { Proposals } from './proposals.ts'
import { planSync, runBehind } from './sync-plan.ts'
import type { LeaderHistory, TxnRun } from './sync-plan.ts'

/** Connections that have not said who they are; beyond that the oldest of them gives way. */
const MOST_STRANGERS = 256
/** Connections of servers that the configuration does not name, all together. */
const MOST_GUESTS = 16
/** Connections of one member: the last one may not have been missed yet when the next comes. */
const MOST_OF_A_MEMBER = 4
/**
 * So far ahead of the leader's nobody's acceptedEpoch should be: that many leaders would have failed without it. There are
 * 2^31 epochs, and whoever may name any of them could take the last one. So such a voter is waited for last.
 */
const MOST_EPOCHS_AHEAD = 1n << 20n

/** What the leader needs of the server it runs on. */
export interface LeaderServer {
  /** As it is now. `logReaches`: what `lookIntoLog` has found for the learner in question, undefined before. */
  history(logReaches: boolean | undefined): LeaderHistory
  /** Calls back, later, whether the log on disk holds the txn and all behind it. */
  lookIntoLog(zxid: bigint, done: (reaches: boolean) => void): void
  /** The tree as it is now. */
  snapshot(): { readonly zxid: bigint; readonly source: SnapshotSource }
  /** The txns of the run as packets. */
  txns(run: TxnRun, telling: Telling): ByteSource
  /** Calls back once everything in the log is durable. */
  whenDurable(done: () => void): void
  /** A quorum has this leader's history: it may serve, and its first txn is the one after `zxid`. */
  activate(zxid: bigint): void
  /** A quorum holds the txn: it is applied and answered. */
  commit(txn: LoggedTxn): void
  /** A client of a learner asks for a write, or for a sync that is `answered` in order. */
  onRequest(learner: LearnerHandler, packet: QuorumPacket): void
  touch(touched: readonly Touch[]): void
  /** Whether the session is alive; it then belongs to the learner. */
  claim(learner: LearnerHandler, session: bigint, timeoutMs: number, answer: (isAlive: boolean) => void): void
  onLearnerGone(learner: LearnerHandler): void
  /** One more learner gets its history, or one less: so many do now. */
  onSyncing(way: SyncWay, underWay: number, isMore: boolean): void
  /** A voter holds the proposal; told of one in so many. */
  onAcked(sid: bigint, txn: LoggedTxn): void
  /** It leads no more; these have not done what it waited for, if it waited. Called once, unless `stop` was. */
  abdicate(reason: string, missing: readonly bigint[]): void
}

export interface LeaderParts {
  readonly self: bigint
  readonly config: QuorumConfig
  /** Who has elected it. */
  readonly electors: ReadonlySet<bigint>
  /** What learners are told that the configuration is. */
  readonly current: Pick<CurrentConfig, 'newest' | 'establish'>
  readonly clock: Clock
  readonly epochs: Epochs
  readonly server: LeaderServer
  readonly limits: QuorumLimits
  readonly settings: LeaderSettings
  readonly log: { info(line: string): void; warn(line: string): void }
}

export interface LeaderSettings {
  /** An observer that is to get a snapshot, or a diff, while so many learners get one is sent away. Voters never are. */
  readonly maxConcurrentSnapSyncs: number
  readonly maxConcurrentDiffSyncs: number
  /** After so long without a quorum's acceptedEpochs one elector that looks again is enough to give up; below 0 = it is not. */
  readonly maxTimeToWaitForEpochMs: number
  /** How long an acknowledgement takes is measured for zxids that this divides; 0 = for none. */
  readonly ackLoggingFrequency: number
  /** A learner for whom more bytes wait is cut, and of all learners together the one furthest behind. */
  readonly learnerCloseBytes: number
  readonly learnersCloseBytes: number
}

export interface QuorumLimits {
  readonly tickTimeMs: number
  /** Ticks. */
  readonly initLimit: number
  readonly syncLimit: number
}

/**
 * 'discovery': waits for a quorum's acceptedEpochs. 'choosing': stores the epoch. 'proving': waits for a quorum to
 * acknowledge it. 'adopting': stores it as its own. 'synchronization': waits for a quorum to hold its history.
 */
type Phase = 'discovery' | 'choosing' | 'proving' | 'adopting' | 'synchronization' | 'broadcast' | 'ended'

interface Confirmation {
  readonly round: number
  /** Proposed before it: to be committed before it is answered. */
  readonly zxid: bigint
  readonly done: () => void
}

interface Hearing {
  readonly round: number
  readonly done: () => void
}

export class Leader implements LearnerEvents {
  readonly #parts: LeaderParts
  readonly #learners = new Set<LearnerHandler>()
  #phase: Phase = 'discovery'
  #epoch = 0n
  /** (currentEpoch, last zxid) when it was elected: nobody of its electors may be ahead of that. */
  #ownEpoch = 0n
  #ownZxid = 0n
  readonly #greeted = new Set<bigint>()
  /** Learners whose acceptedEpoch is hardly true; undefined once they count all the same, since no others came. */
  #doubtful: Map<LearnerHandler, bigint> | undefined = new Map()
  #doubtTimer: Timer | undefined
  readonly #proved = new Set<bigint>()
  readonly #holdHistory = new Set<bigint>()
  /** Voters that have elected it, or have come, and do not look for another leader since: nobody else can be waited for. */
  readonly #loyal: Set<bigint>
  #proposals: Proposals | undefined
  #ownAck = 0n
  #phaseTimer: Timer | undefined
  #tickTimer: Timer | undefined
  #halfTicks = 0
  /** Rounds of pings; an echo of a round proves that its sender still followed when the round began. */
  #round = 0
  #isConfirming = false
  #servingSince = 0
  #startedAt = 0
  #proposalSizes = { last: -1, min: -1, max: -1 }
  #confirmations: Confirmation[] = []
  #hearings: Hearing[] = []
  /** Learners with the id of one that is served, and a round of pings that this one has not echoed yet. */
  readonly #returned = new Map<LearnerHandler, { readonly former: LearnerHandler; readonly round: number }>()

  constructor(parts: LeaderParts) {
    this.#parts = parts
    this.#loyal = new Set([...parts.electors, parts.self])
  }

  get epoch(): bigint {
    return this.#epoch
  }

  get isServing(): boolean {
    return this.#phase === 'broadcast'
  }

  /** As operators know them (QuorumPeer.ZabState). */
  get phase(): 'discovery' | 'synchronization' | 'broadcast' {
    return this.#phase === 'synchronization' || this.#phase === 'broadcast' ? this.#phase : 'discovery'
  }

  get learners(): Iterable<LearnerHandler> {
    return this.#learners
  }

  get lastProposed(): bigint {
    return this.#proposals?.lastProposed ?? epochZxid(this.#epoch)
  }

  /** What operators ask for. */
  gauges(): LeaderGauges {
    const { config, clock } = this.#parts
    const learners = [...this.#learners]
    const synced = learners.filter(({ isForwarded }) => isForwarded)
    const followers = synced.filter(({ kind }) => kind === 'follower')
    return {
      learners: learners.length,
      syncedFollowers: followers.length,
      syncedNonVotingFollowers: followers.filter(({ sid }) => !config.voters.has(sid!)).length,
      syncedObservers: synced.length - followers.length,
      pendingSyncs: this.#confirmations.length,
      uptimeMs: this.#phase === 'broadcast' ? clock.now() - this.#servingSince : 0,
    }
  }

  /** Of txns as they are proposed. */
  get proposalSizes(): ProposalSizes {
    return this.#proposalSizes
  }

  get outstanding(): number {
    return this.#proposals?.size ?? 0
  }

  /** In memory. */
  get outstandingBytes(): number {
    return this.#proposals?.bytes ?? 0
  }

  start(): void {
    const { epochs, self, server, clock, limits } = this.#parts
    this.#startedAt = clock.now()
    this.#ownEpoch = epochs.current
    this.#ownZxid = server.history(undefined).lastZxid
    this.#epoch = epochs.accepted + 1n
    this.#limitPhase('Timeout while waiting for epoch from quorum')
    this.#doubtTimer = clock.after((limits.initLimit * limits.tickTimeMs) / 2, () => this.#countDoubtful())
    this.#greeted.add(self)
    this.#chooseEpoch()
    this.#nextTick()
  }

  stop(reason: string): void {
    if (this.#phase === 'ended') return
    this.#phase = 'ended'
    this.#phaseTimer?.cancel()
    this.#doubtTimer?.cancel()
    this.#tickTimer?.cancel()
    this.#confirmations = []
    this.#hearings = []
    for (const learner of [...this.#learners]) learner.close(reason)
  }

  #abdicate(reason: string, missing: readonly bigint[] = []): void {
    if (this.#phase === 'ended') return
    this.stop(reason)
    this.#parts.server.abdicate(reason, missing)
  }

  /** Each wait for a quorum may take initLimit. */
  #limitPhase(reason: string): void {
    this.#phaseTimer?.cancel()
    const { limits, clock } = this.#parts
    this.#phaseTimer = clock.after(limits.initLimit * limits.tickTimeMs, () => this.#giveUp(reason))
  }

  #giveUp(reason: string): void {
    const done = this.#awaited
    this.#abdicate(
      reason,
      [...this.#parts.electors].filter((sid) => done?.has(sid) === false),
    )
  }

  /** Who has done what a quorum is waited for to do; undefined while nobody is waited for. */
  get #awaited(): ReadonlySet<bigint> | undefined {
    switch (this.#phase) {
      case 'discovery':
        return this.#greeted
      case 'proving':
        return this.#proved
      case 'synchronization':
        return this.#holdHistory
      case 'choosing':
      case 'adopting':
      case 'broadcast':
      case 'ended':
        return undefined
    }
  }

  // Learners come and go --------------------------------------------------------------------------------------

  /** Takes a connection on the quorum port; the caller hands on its packets and its end. */
  accept(link: PacketLink): LearnerHandler {
    const learner = new LearnerHandler(link, this, this.#parts.clock, this.#parts.settings.learnerCloseBytes)
    this.#learners.add(learner)
    if (this.#phase === 'ended') learner.close('this server leads no more')
    this.#makeRoom(learner, MOST_STRANGERS, ({ sid }) => sid === undefined)
    return learner
  }

  /** False where there is none. */
  #makeRoomFor(learner: LearnerHandler, sid: bigint): boolean {
    const { members } = this.#parts.config
    if (members.has(sid)) this.#makeRoom(learner, MOST_OF_A_MEMBER, (other) => other.sid === sid)
    else this.#makeRoom(learner, MOST_GUESTS, (other) => other.sid !== undefined && !members.has(other.sid))
    return !learner.isClosing
  }

  /** Of those like the one that has come the oldest gives way; but who is served stays, and then there is no room. */
  #makeRoom(learner: LearnerHandler, most: number, isLike: (other: LearnerHandler) => boolean): void {
    const others = [...this.#learners].filter((other) => other !== learner && !other.isClosing && isLike(other))
    if (others.length < most) return
    const oldest = others.find(({ phase }) => phase !== 'active') ?? learner
    oldest.close('others have come')
  }

  onClosed(learner: LearnerHandler, reason: string): void {
    this.#learners.delete(learner)
    if (this.#phase === 'ended') return
    this.#endSync(learner)
    this.#parts.log.info(`${learner.name} is gone: ${reason}`)
    this.#parts.server.onLearnerGone(learner)
    this.#answerHearings()
    this.#settleReturns()
  }

  // Discovery: an epoch that nobody has seen ------------------------------------------------------------------

  onGreeting(learner: LearnerHandler, greeting: Greeting): void {
    const fault = this.#faultOf(learner.sid!, greeting)
    if (fault !== undefined) return learner.close(fault)
    if (!this.#makeRoomFor(learner, learner.sid!)) return
    if (this.#parts.config.voters.has(learner.sid!)) this.#loyal.add(learner.sid!)
    if (this.#phase !== 'discovery') {
      if (this.#phase !== 'choosing') learner.sendLeaderInfo(this.#epoch)
      return
    }
    const isDoubtful = greeting.acceptedEpoch > this.#parts.epochs.accepted + MOST_EPOCHS_AHEAD
    if (isDoubtful && this.#doubtful !== undefined) this.#doubtful.set(learner, greeting.acceptedEpoch)
    else this.#count(learner, greeting.acceptedEpoch)
  }

  #count({ sid }: LearnerHandler, acceptedEpoch: bigint): void {
    if (acceptedEpoch >= this.#epoch) this.#epoch = acceptedEpoch + 1n
    if (this.#parts.config.voters.has(sid!)) this.#greeted.add(sid!)
    this.#chooseEpoch()
  }

  /**
   * The voter, which has elected this leader, looks for another, so it is waited for no more. Gives up where nobody is left
   * that could make a quorum: whoever is well looks for a leader meanwhile, and this server is to look with them. Java waits
   * on, unless one such voter is too many by its settings (Leader.reportLookingSid). Tells whether it has given up.
   */
  onElectorLooks(sid: bigint): boolean {
    if (this.#phase === 'broadcast' || this.#phase === 'ended') return false
    const { settings, clock, config } = this.#parts
    this.#loyal.delete(sid)
    const { maxTimeToWaitForEpochMs: limitMs } = settings
    if (this.#phase === 'discovery' && limitMs >= 0 && clock.now() - this.#startedAt > limitMs) {
      this.#abdicate('Quit leading due to voter changed mind.', [sid])
    } else if (!config.containsQuorum(this.#loyal)) {
      this.#abdicate(`voter ${sid} looks for a leader again, and without it no quorum can follow this one`, this.#faithless())
    }
    return (this.#phase as Phase) === 'ended'
  }

  #faithless(): bigint[] {
    return [...this.#parts.electors].filter((sid) => !this.#loyal.has(sid))
  }

  #countDoubtful(): void {
    const doubtful = this.#doubtful!
    this.#doubtful = undefined
    for (const [learner, acceptedEpoch] of doubtful) {
      const isVoter = this.#parts.config.voters.has(learner.sid!)
      if (this.#phase === 'discovery' && isVoter && !learner.isClosing) this.#count(learner, acceptedEpoch)
    }
  }

  #faultOf(sid: bigint, { configVersion }: Greeting): string | undefined {
    if (sid === this.#parts.self) return 'it has the id of this server'
    const { version } = this.#parts.current.newest
    // A version whose counter is 0 stands for the lines that servers were started with: no txn has changed the members.
    return configVersion > version && counterOf(configVersion) !== 0n
      ? `it knows a newer configuration, version ${hex(configVersion)}, ours is ${hex(version)}`
      : undefined
  }

  #chooseEpoch(): void {
    const { config, epochs } = this.#parts
    if (!config.containsQuorum(this.#greeted)) return
    this.#phase = 'choosing'
    epochs.setAccepted(this.#epoch, (error) => {
      if (this.#phase !== 'choosing') return
      if (error !== undefined) return this.#abdicate(`acceptedEpoch cannot be written: ${error.message}`)
      this.#phase = 'proving'
      this.#limitPhase('Timeout while waiting for epoch to be acked by quorum')
      for (const learner of this.#learners) if (learner.phase === 'greeted') learner.sendLeaderInfo(this.#epoch)
      this.#proved.add(this.#parts.self)
      this.#checkProved()
    })
  }

  onEpochAck(learner: LearnerHandler, epoch: bigint | undefined, zxid: bigint): void {
    if (this.#phase === 'proving' && epoch !== undefined) {
      if (epoch > this.#ownEpoch || (epoch === this.#ownEpoch && zxid > this.#ownZxid)) {
        return learner.close('Follower is ahead of the leader')
      }
      if (zxid !== -1n && this.#parts.config.voters.has(learner.sid!)) {
        this.#proved.add(learner.sid!)
        this.#checkProved()
      }
    }
    if (this.#phase === 'synchronization' || this.#phase === 'broadcast') this.#welcome(learner)
  }

  #checkProved(): void {
    const { config, epochs, server } = this.#parts
    if (!config.containsQuorum(this.#proved)) return
    this.#phase = 'adopting'
    // Its own log is the epoch's history: that is durable before it says so.
    server.whenDurable(() => {
      if (this.#phase !== 'adopting') return
      epochs.setCurrent(this.#epoch, (error) => {
        if (this.#phase !== 'adopting') return
        if (error !== undefined) return this.#abdicate(`currentEpoch cannot be written: ${error.message}`)
        this.#synchronize()
      })
    })
  }

  // Synchronization: a quorum gets the history ----------------------------------------------------------------

  #synchronize(): void {
    const { self, log, current } = this.#parts
    this.#phase = 'synchronization'
    current.establish(epochZxid(this.#epoch))
    log.info(`This server leads epoch ${this.#epoch}`)
    this.#limitHistory()
    this.#holdHistory.add(self)
    for (const learner of [...this.#learners]) if (learner.phase === 'acked epoch') this.#sync(learner)
    this.#checkActive()
  }

  /** A history may be longer than initLimit: as long as a quorum takes it, or has it, there is something to wait for. */
  #limitHistory(): void {
    const { clock, limits } = this.#parts
    const limitMs = limits.initLimit * limits.tickTimeMs
    const look = (): void => {
      if (this.#isHistoryTaken(limitMs)) this.#phaseTimer = clock.after(limits.tickTimeMs / 2, look)
      else this.#giveUp('Timeout while waiting for a quorum to hold the history')
    }
    this.#phaseTimer?.cancel()
    this.#phaseTimer = clock.after(limitMs, look)
  }

  #isHistoryTaken(limitMs: number): boolean {
    const { clock, config } = this.#parts
    const taking = new Set(this.#holdHistory)
    for (const { sid, phase, link } of this.#learners) {
      if (phase === 'syncing' && config.voters.has(sid!) && clock.now() - link.takenAt < limitMs) taking.add(sid!)
    }
    return config.containsQuorum(taking)
  }

  /**
   * Who has come back is there no more on its former connection, and echoes nothing that it is sent there from now on. Somebody else who names
   * its id must not take its place.
   */
  #welcome(learner: LearnerHandler): void {
    const former = [...this.#learners].find((other) => other.sid === learner.sid && other.phase === 'active' && !other.isClosing)
    if (former === undefined) return this.#sync(learner)
    const { clock, limits } = this.#parts
    this.#returned.set(learner, { former, round: this.#pingAll() })
    clock.after(limits.tickTimeMs, () => this.#settleReturn(learner, true))
  }

  #settleReturns(): void {
    for (const learner of [...this.#returned.keys()]) this.#settleReturn(learner, false)
  }

  #settleReturn(learner: LearnerHandler, isTimeOver: boolean): void {
    const returned = this.#returned.get(learner)
    if (returned === undefined) return
    const { former, round } = returned
    const isThere = former.phase === 'active' && !former.isClosing
    if (isThere && former.echoed < round && !isTimeOver) return
    this.#returned.delete(learner)
    if (learner.isClosing || this.#phase !== 'broadcast') return
    if (isThere && former.echoed >= round) learner.close('the server of that id is connected already')
    else this.#sync(learner)
  }

  /**
   * Chooses the history and begins to forward what comes after it, in one turn: nothing falls between. Where the log on disk may have it, that is
   * looked at first.
   */
  #sync(learner: LearnerHandler, logReaches?: boolean): void {
    const { server, log, clock } = this.#parts
    // Back in the same epoch it is cut to what is committed, and acknowledges the rest again, on this connection alone.
    for (const other of [...this.#learners]) if (other !== learner && other.sid === learner.sid) other.close('it has come back')
    this.#proposals?.forget(learner.sid!)
    const plan = planSync(learner.zxid, server.history(logReaches))
    if (plan.kind === 'look') return server.lookIntoLog(plan.zxid, (reaches) => this.#syncLater(learner, reaches))
    const way = plan.kind === 'snap' ? 'snap' : 'diff'
    if (this.#isTooMuch(learner, way)) return learner.close(`too many learners get a ${way} already`)
    learner.syncing = way
    server.onSyncing(way, this.#underWay(way), true)
    log.info(`Synchronizing with ${learner.name}: it has 0x${learner.zxid.toString(16)}, gets ${plan.kind}`)
    if (plan.kind === 'snap') {
      const { zxid, source } = server.snapshot()
      learner.sendSnapshot(zxid, source)
    } else {
      const { txns, zxid } = plan
      const run = { after: plan.kind === 'log' ? plan.after : undefined, txns, last: txns.at(-1)?.zxid ?? zxid, mayLag: false }
      learner.sendTxns(plan.kind === 'trunc' ? PacketType.TRUNC : PacketType.DIFF, zxid, server.txns(run, learner.telling), run.last)
    }
    learner.sendNewLeader(this.#epoch, Buffer.from(this.#parts.current.newest.text, 'utf8'))
    const now = clock.now()
    for (const txn of this.#proposals?.outstanding() ?? []) learner.propose(txn, now)
  }

  #syncLater(learner: LearnerHandler, logReaches: boolean): void {
    const isOver = this.#phase === 'ended' || learner.isClosing
    if (!isOver) this.#sync(learner, logReaches)
  }

  /** As LearnerSyncThrottler: only observers have to wait. */
  #isTooMuch(learner: LearnerHandler, way: SyncWay): boolean {
    if (learner.kind !== 'observer') return false
    const { maxConcurrentSnapSyncs, maxConcurrentDiffSyncs } = this.#parts.settings
    return this.#underWay(way) >= (way === 'snap' ? maxConcurrentSnapSyncs : maxConcurrentDiffSyncs)
  }

  #underWay(way: SyncWay): number {
    let count = 0
    for (const { syncing } of this.#learners) if (syncing === way) count++
    return count
  }

  #endSync(learner: LearnerHandler): void {
    const way = learner.syncing
    learner.syncing = undefined
    if (way !== undefined) this.#parts.server.onSyncing(way, this.#underWay(way), false)
  }

  onHistoryAck(learner: LearnerHandler): void {
    this.#endSync(learner)
    if (this.#phase === 'broadcast') {
      learner.activate(this.#parts.clock.now())
    } else {
      if (this.#parts.config.voters.has(learner.sid!)) this.#holdHistory.add(learner.sid!)
      this.#checkActive()
    }
  }

  #checkActive(): void {
    const { config, server, clock } = this.#parts
    if (this.#phase !== 'synchronization' || !config.containsQuorum(this.#holdHistory)) return
    this.#phase = 'broadcast'
    this.#phaseTimer?.cancel()
    this.#servingSince = clock.now()
    this.#ownAck = epochZxid(this.#epoch)
    this.#proposals = new Proposals(config, this.#ownAck)
    server.activate(this.#ownAck)
    for (const learner of this.#learners) if (learner.phase === 'synced') learner.activate(clock.now())
  }

  // Broadcast -------------------------------------------------------------------------------------------------

  /** The next txn of the epoch; the server has appended it to its own log in this turn. */
  propose(txn: LoggedTxn): void {
    assert(this.#proposals !== undefined, 'only a leader with a quorum proposes')
    this.#proposals.add(txn)
    this.#countSize(txn.payload.length)
    const now = this.#parts.clock.now()
    for (const learner of this.#learners) if (learner.isForwarded) learner.propose(txn, now)
    this.#boundQueues()
  }

  /** What was not held for it, since that was too much, is committed and logged by now, or still proposed. */
  onBehind(learner: LearnerHandler, after: bigint): void {
    const { server, clock } = this.#parts
    server.whenDurable(() => {
      if (this.#phase !== 'broadcast' || learner.isClosing) return
      const proposals = this.#proposals!
      const { lastCommitted } = proposals
      const now = clock.now()
      if (lastCommitted <= after || counterOf(lastCommitted) === 0n) return learner.goLive(proposals.outstanding(), now)
      const run = runBehind(after, lastCommitted, server.history(true).committed)
      learner.catchUp(server.txns(run, learner.telling), lastCommitted)
      for (const txn of proposals.outstanding()) learner.propose(txn, now)
    })
  }

  /** All learners together: the one with the most goes, if nothing is held for it that can be dropped. */
  #boundQueues(): void {
    let bytes = 0
    let longest: LearnerHandler | undefined
    for (const learner of this.#learners) {
      if (learner.isClosing) continue
      bytes += learner.queuedBytes
      if (longest === undefined || learner.queuedBytes > longest.queuedBytes) longest = learner
    }
    if (bytes <= this.#parts.settings.learnersCloseBytes) return
    if (longest!.heldBytes > 0) longest!.dropHeld()
    else longest!.abort('it is the furthest behind, and all together are too far')
  }

  #countSize(bytes: number): void {
    const sizes = this.#proposalSizes
    sizes.last = bytes
    if (bytes > sizes.max) sizes.max = bytes
    if (bytes < sizes.min || sizes.min < 0) sizes.min = bytes
  }

  /** Its own log holds everything up to the zxid. */
  onLogged(zxid: bigint): void {
    const proposals = this.#proposals
    if (proposals === undefined || this.#phase !== 'broadcast' || !this.#parts.config.voters.has(this.#parts.self)) return
    while (this.#ownAck < zxid && this.#ownAck < proposals.lastProposed) {
      this.#ownAck++
      this.#ack(proposals, this.#parts.self, this.#ownAck)
    }
  }

  onAck(learner: LearnerHandler, zxid: bigint): void {
    if (this.#proposals === undefined || !this.#parts.config.voters.has(learner.sid!)) return
    this.#ack(this.#proposals, learner.sid!, zxid)
  }

  #ack(proposals: Proposals, voter: bigint, zxid: bigint): void {
    const { server, settings } = this.#parts
    if (settings.ackLoggingFrequency > 0 && zxid % BigInt(settings.ackLoggingFrequency) === 0n) {
      const txn = proposals.get(zxid)
      if (txn !== undefined) server.onAcked(voter, txn)
    }
    this.#commit(proposals.ack(voter, zxid))
  }

  #commit(txns: readonly LoggedTxn[]): void {
    const now = this.#parts.clock.now()
    for (const txn of txns) {
      if (this.#phase !== 'broadcast') return
      for (const learner of this.#learners) if (learner.isForwarded) learner.commit(txn, now)
      this.#parts.server.commit(txn)
    }
    if (txns.length > 0 && this.#confirmations.length > 0) this.#answerConfirmed()
  }

  onRequest(learner: LearnerHandler, packet: QuorumPacket): void {
    if (this.#phase === 'broadcast') this.#parts.server.onRequest(learner, packet)
  }

  onRevalidate(learner: LearnerHandler, session: bigint, timeoutMs: number): void {
    // Before it serves it does not know: nobody's session is over for that.
    if (this.#phase !== 'broadcast') return
    this.#parts.server.claim(learner, session, timeoutMs, (isAlive) => learner.answerRevalidate(session, isAlive))
  }

  // Life signs ------------------------------------------------------------------------------------------------

  #nextTick(): void {
    const { clock, limits } = this.#parts
    this.#tickTimer = clock.after(limits.tickTimeMs / 2, () => {
      this.#tick()
      if (this.#phase !== 'ended') this.#nextTick()
    })
  }

  #tick(): void {
    this.#halfTicks++
    const now = this.#parts.clock.now()
    for (const learner of [...this.#learners]) this.#checkLearner(learner, now)
    this.#boundQueues()
    if (this.#phase !== 'broadcast') return
    if (this.#halfTicks % 2 === 0 && !this.#hasQuorum(now)) return this.#abdicate('Not sufficient followers synced')
    this.#pingAll()
  }

  #checkLearner(learner: LearnerHandler, now: number): void {
    const { limits } = this.#parts
    const silence = this.#longestSilence(learner)
    // Who has the history says nothing until the others have it, too.
    const isWaiting = learner.phase === 'synced' && this.#phase === 'synchronization'
    if (!isWaiting && now - learner.seenAt > silence) return learner.close(`it has been silent for ${silence} ms`)
    const since = learner.waitingSince
    if (since !== undefined && now - since > limits.tickTimeMs * limits.syncLimit) {
      return learner.close('it does not acknowledge what it is told')
    }
    if (this.#phase === 'synchronization' && learner.isForwarded) learner.ping(this.lastProposed, 0)
  }

  /** Until it is active a learner may wait for others, or read a long history. */
  #longestSilence(learner: LearnerHandler): number {
    const { tickTimeMs, initLimit, syncLimit } = this.#parts.limits
    return tickTimeMs * (learner.phase === 'active' ? syncLimit : initLimit)
  }

  #hasQuorum(now: number): boolean {
    const { self, config } = this.#parts
    const alive = new Set([self])
    for (const learner of this.#learners) {
      const { sid } = learner
      if (sid !== undefined && config.voters.has(sid) && now - learner.seenAt <= this.#longestSilence(learner)) alive.add(sid)
    }
    return config.containsQuorum(alive)
  }

  onPingEcho(_learner: LearnerHandler, touched: readonly Touch[]): void {
    if (this.#phase !== 'broadcast') return
    this.#parts.server.touch(touched)
    this.#answerConfirmed()
    this.#answerHearings()
    this.#settleReturns()
  }

  #pingAll(): number {
    const round = ++this.#round
    for (const learner of this.#learners) if (learner.isForwarded) learner.ping(this.lastProposed, round)
    return round
  }

  /**
   * Calls back once everything proposed is committed and a quorum has shown, after this call, that it still follows this
   * leader: nothing newer than what is applied here can have been committed elsewhere before. Java takes its own word for it.
   */
  confirm(done: () => void): void {
    this.#confirmations.push({ round: this.#round + 1, zxid: this.lastProposed, done })
    if (this.#isConfirming) return
    this.#isConfirming = true
    this.#parts.clock.endOfTurn(() => {
      this.#isConfirming = false
      if (this.#phase !== 'broadcast') return
      this.#pingAll()
      this.#answerConfirmed()
    })
  }

  /** Calls back, while this leader serves, once every active learner has echoed a ping that is sent now, or is gone. */
  hearAll(done: () => void): void {
    if (this.#phase !== 'broadcast') return
    this.#hearings.push({ round: this.#pingAll(), done })
    this.#answerHearings()
  }

  #answerHearings(): void {
    const learners = [...this.#learners].filter(({ phase }) => phase === 'active')
    while (this.#hearings.length > 0 && learners.every(({ echoed }) => echoed >= this.#hearings[0].round)) this.#hearings.shift()!.done()
  }

  #answerConfirmed(): void {
    const committed = this.#proposals!.lastCommitted
    for (let first = this.#confirmations[0]; first !== undefined; first = this.#confirmations[0]) {
      if (first.zxid > committed || !this.#isConfirmed(first.round)) return
      this.#confirmations.shift()
      first.done()
    }
  }

  #isConfirmed(round: number): boolean {
    const { self, config } = this.#parts
    const confirmed = new Set([self])
    if (round > this.#round) return false
    for (const { sid, phase, echoed } of this.#learners) {
      if (phase === 'active' && echoed >= round && sid !== undefined && config.voters.has(sid)) confirmed.add(sid)
    }
    return config.containsQuorum(confirmed)
  }
}

/**
 * One member of an ensemble: it looks for a leader, leads, follows or observes, and begins again when that ends
 * (QuorumPeer). Its replica, log and client port outlive its roles; clients are served only within one.
 */
import { assert } from '../../base/assert.ts'
import { hex } from '../../base/hex.ts'
import { OpCode } from '../../protocol/codes.ts'
import { counterOf, follows } from '../../protocol/zxid.ts'
import type { ServerState } from '../../server/admin/admin-view.ts'
import type { Settings } from '../../server/config/settings.ts'
import { run, wait } from '../../server/host/disk-work.ts'
import type { DiskWork } from '../../server/host/disk-work.ts'
import type { DirectoryLock, DiskAnswer, DiskDone, Files, Host, Timer } from '../../server/host/host.ts'
import type { EnsembleView } from '../../server/server-admin.ts'
import { ServerCore, startServer } from '../../server/server-core.ts'
import type { ServerStarted } from '../../server/server-core.ts'
import type { SessionAuthority } from '../../server/session/session-authority.ts'
import type { DataDirs } from '../../server/storage/data-dirs.ts'
import { logsFrom } from '../../server/storage/file-names.ts'
import type { StoredFile } from '../../server/storage/file-names.ts'
import type { Recovery } from '../../server/storage/recovery.ts'
import { validSnapshots } from '../../server/storage/snapshot-files.ts'
import { ExitCode, StartupRefused } from '../../server/storage/storage-errors.ts'
import type { LoggedTxn } from '../../server/txn/logged-txn.ts'
import type { Request } from '../../server/txn/request.ts'
import type { CurrentConfig } from '../config/current-config.ts'
import { EpochFiles } from '../config/epoch-files.ts'
import { MemberConfig } from '../config/member-config.ts'
import { QuorumConfig } from '../config/quorum-config.ts'
import { DeadAddresses } from '../wire/dead-addresses.ts'
import { ElectionMesh } from '../wire/election-mesh.ts'
import type { SocketLink } from '../wire/packet-link.ts'
import type { LetDown } from '../zab/absentees.ts'
import { CommittedLog } from '../zab/committed-log.ts'
import { Election } from '../zab/election.ts'
import type { Outcome } from '../zab/election.ts'
import type { QuorumLimits } from '../zab/leader.ts'
import { HistoryNotHeld } from '../zab/learner.ts'
import type { Notification } from '../zab/vote.ts'
import { endsAt } from './cut-check.ts'
import { Following } from './following.ts'
import { Leading } from './leading.ts'
import type { Role } from './role.ts'

const UNABLE_TO_BIND_ELECTION_PORT = 14
/** As for a configuration file that cannot be used. */
const INVALID_CONFIG = 2
const OUTDATED = 'the members of the ensemble have changed'
/** A server without data that must not vote as if it had some. */
const NO_DATA = -1n

/** As Java: an election that takes no longer leaves nobody unserved. */
const LEAST_READ_ONLY_DELAY_MS = 2000

/**
 * How long a voter counts as absent that has let this server down, in initLimits: as long as a leader may wait for a quorum, in each
 * of three steps, and one more. So whoever leads or follows in vain has ended before somebody who knows better forgets it.
 */
const ABSENCE_INIT_LIMITS = 4

/** So many roles may end before they come to serve until there is a pause before each further election. */
const FREE_VAIN_ROLES = 3
const VAIN_PAUSE_MS = 200

/** Between tries to store an epoch, while that fails. */
const FIRST_ABSTENTION_MS = 500
const LONGEST_ABSTENTION_MS = 4000

export type EnsembleStarted = ServerStarted<EnsembleServer>

/** Loads the data directory, opens the ports and begins to look for a leader. Errors: as of a standalone server. */
export function startEnsembleServer(host: Host, settings: Settings, started: EnsembleStarted): void {
  startServer(host, settings, (dirs, lock) => new EnsembleServer(host, settings, dirs, lock), started)
}

export class EnsembleServer extends ServerCore {
  readonly self: bigint
  /** Who the members are, for as long as this server runs. */
  readonly config: QuorumConfig
  readonly #memberConfig: MemberConfig
  readonly epochs: EpochFiles
  readonly committed: CommittedLog
  readonly limits: QuorumLimits
  /** Of quorum ports. */
  readonly deadAddresses: DeadAddresses
  /** Told of each role begun, each leader's epoch and each return to the election. */
  onRoleChange: (role: Role | undefined) => void = () => {}
  /** Told of each connection to a leader before anything is said on it. */
  onLink: (link: SocketLink) => void = () => {}
  /** The epoch of the leader that has sent a history with a hole, until it has sent everything. */
  holeOf: bigint | undefined
  #mesh: ElectionMesh | undefined
  #election: Election | undefined
  #role: Leading | Following | undefined
  /** Set once the tree in memory is not what the log says. */
  #isDirty = false
  #hasData = true
  /** Files are being made shorter or removed; who wants the log waits. */
  #isCutting = false
  #onCut: (() => void) | undefined
  #isLeaving = false
  /** Clock milliseconds. */
  #lookingSince = 0
  /** Undefined while clients are served. */
  #unavailableSince: number | undefined
  #isEnding = false
  /** The members are others: it takes no part any more. */
  #isOutdated = false
  #readOnlyDelay: Timer | undefined
  #abstention: Timer | undefined
  /** Roles since the last one that came to serve. */
  #vainRoles = 0
  /** The log holds the whole history from this zxid on. What is older may have holes, where a leader's snapshot took the place of txns. */
  #logWholeFrom = 0n
  /** Before it there is a hole: nobody is sent what comes before. */
  #logHoleBelow = 0n

  constructor(host: Host, settings: Settings, dirs: DataDirs, lock: DirectoryLock | undefined) {
    const self = (): EnsembleServer => this
    const view = new MemberView(self)
    const authority: SessionAuthority = {
      get isElsewhere() {
        return self().role?.kind !== 'leading'
      },
      revalidate: (id, timeoutMs, answer) => this.#role?.revalidate(id, timeoutMs, answer),
      onTouched: (id, timeoutMs) => this.#role?.onTouched(id, timeoutMs),
    }
    assert(settings.serverId !== undefined, 'a member of an ensemble has an id')
    super(host, settings, dirs, lock, {
      serverId: settings.serverId,
      sessionAuthority: authority,
      ensemble: view,
      onApplied: (txn) => this.#onApplied(txn),
      onReplayed: (zxid, payload) => this.committed.add(zxid, Buffer.from(payload)),
    })
    this.self = BigInt(settings.serverId)
    this.config = new QuorumConfig(settings, settings.configVersion)
    this.#memberConfig = new MemberConfig({
      host,
      settings,
      own: this.config,
      directory: dirs.snapshotDirectory,
      onOutdated: (message, config, isCertain) => this.#endOutdated(message, isCertain ? config : undefined),
      onAdopted: () => this.#showConfig(),
      onListed: (isListed) => this.#onListed(isListed),
    })
    this.epochs = new EpochFiles(host, dirs.snapshotDirectory)
    this.committed = new CommittedLog(Math.max(settings.turns.committedTxns, settings.commitLogCount))
    this.deadAddresses = new DeadAddresses(host.log)
    this.limits = { tickTimeMs: settings.tickTime, initLimit: settings.initLimit, syncLimit: settings.syncLimit }
  }

  /** Undefined while it looks for a leader. */
  get role(): Leading | Following | undefined {
    return this.#role
  }

  /** Of the last txn in the log; what its ballot says. */
  get lastZxid(): bigint {
    return this.#hasData ? this.replica.lastProcessedZxid : NO_DATA
  }

  // Start and stop --------------------------------------------------------------------------------------------

  start(done: (error: Error | undefined) => void): void {
    this.begin(done)
    const refuse = (error: Error): void => this.onBegun?.(error)
    this.load((loadError, recovery) => {
      if (loadError !== undefined) return refuse(loadError)
      if (recovery.kind === 'suspicious') this.#hasData = false
      // As in Java, where a tree that was read shows what it held until there is a leader.
      if (recovery.snapshot === undefined) this.#showConfig()
      run(this.epochs.load(recovery.lastZxid), (epochError) => {
        if (epochError !== undefined) return refuse(epochError)
        this.secure(recovery, (error) => (error === undefined ? this.#open() : refuse(error)))
      })
    })
  }

  #open(): void {
    this.listen((error) => {
      if (error !== undefined) return this.onBegun?.(error)
      if (this.onBegun === undefined) return this.service.close(() => {})
      this.#startElection()
      this.onBegun(undefined)
      this.#look()
    })
  }

  #startElection(): void {
    const { host, settings, config, self, current } = this
    const mesh = new ElectionMesh({
      self,
      config,
      settings,
      host,
      onNotification: (from, notification) => this.#onNotification(from, notification),
      onPeerLost: (sid) => this.#election?.onPeerLost(sid),
      onPeerDown: (sid) => this.#election?.onPeerDown(sid),
      onUnableToBind: () => this.fail(new StartupRefused('The election port cannot be had', UNABLE_TO_BIND_ELECTION_PORT), UNABLE_TO_BIND_ELECTION_PORT),
    })
    this.#mesh = mesh
    this.#election = new Election({
      self,
      get config() {
        return current.electorate
      },
      configText: () => current.inForce.text,
      clock: host.clock,
      log: host.log,
      effects: { send: (to, notification) => mesh.send(to, notification), isDown: (sid) => mesh.isDown(sid) },
      minIntervalMs: settings.minNotificationIntervalMs,
      maxIntervalMs: settings.maxNotificationIntervalMs,
      absenceMs: ABSENCE_INIT_LIMITS * settings.initLimit * settings.tickTime,
      hearsayMs: Math.max(settings.initLimit, settings.syncLimit, settings.connectToLearnerMasterLimit) * settings.tickTime,
    })
    this.#election.onElectorLooks = (sid) => {
      if (this.#role?.kind === 'leading' && this.#role.leader.onElectorLooks(sid)) this.metrics.quitLeadingDueToDisloyalVoter.add(1)
    }
    this.#election.onLeaderLooks = () => {
      if (this.#role !== undefined && this.#role.kind !== 'leading') this.#role.onLeaderLooks()
    }
  }

  #onNotification(from: bigint, notification: Notification): void {
    const isLooking = this.#election?.state === 'looking'
    if (this.#memberConfig.hear(from, notification.configText, isLooking)) this.#election?.onNotification(from, notification)
  }

  override get isStopping(): boolean {
    return this.#isEnding || this.#isOutdated
  }

  override stop(done: () => void): void {
    if (this.#isEnding) return
    this.#isEnding = true
    const role = this.#role
    this.#role = undefined
    role?.stop('the server is shutting down')
    this.#election?.stop()
    this.#abstention?.cancel()
    this.#readOnlyDelay?.cancel()
    const stopRest = (): void => this.#whenDiskRests(() => super.stop(done))
    if (this.#mesh === undefined) stopRest()
    else this.#mesh.stop(stopRest)
  }

  // Roles -----------------------------------------------------------------------------------------------------

  /** A server that cannot store an epoch can neither lead nor follow: it does not vote for anybody until it can. */
  #look(): void {
    if (this.isStopping || this.#election === undefined) return
    this.onRoleChange(undefined)
    if (this.epochs.hasFailed) this.#abstain(FIRST_ABSTENTION_MS)
    else this.#elect()
  }

  #abstain(pauseMs: number): void {
    this.host.log.warn(`This server takes no part in elections while it cannot store an epoch; it tries again in ${pauseMs} ms`)
    this.#election!.stop()
    this.#abstention = this.host.clock.after(pauseMs, () =>
      this.epochs.probe((error) => {
        if (this.isStopping) return
        if (error === undefined) return this.#elect()
        this.host.log.warn(`The disk still refuses to store an epoch: ${error.message}`)
        this.#abstain(Math.min(pauseMs * 2, LONGEST_ABSTENTION_MS))
      }),
    )
  }

  #elect(): void {
    if (this.#election === undefined) return
    this.#lookingSince = this.host.clock.now()
    this.#unavailableSince ??= this.#lookingSince
    this.metrics.lookingCount.add(1)
    this.host.log.info('LOOKING')
    this.#mesh?.begin()
    this.#serveReadOnlyLater()
    this.#election.look({ zxid: this.lastZxid, peerEpoch: this.epochs.current }, (outcome) => this.#enter(outcome))
  }

  /** Whoever finds no quorum serves reads, where that is wanted, until it does. */
  #serveReadOnlyLater(): void {
    const { settings, host } = this
    if (!settings.readOnlyModeEnabled) return
    this.#readOnlyDelay?.cancel()
    this.#readOnlyDelay = host.clock.after(Math.max(LEAST_READ_ONLY_DELAY_MS, settings.tickTime), () => {
      this.service.serveReadOnly()
      host.log.info('Read-only server started')
    })
  }

  override fail(error: Error, exitCode: number): void {
    this.#readOnlyDelay?.cancel()
    super.fail(error, exitCode)
  }

  #endReadOnly(): void {
    this.#readOnlyDelay?.cancel()
    if (this.service.isReadOnly) this.service.stopServing('there is a quorum again')
  }

  #enter({ role, vote, electors }: Outcome): void {
    if (this.isStopping) return
    this.#endReadOnly()
    if (role !== 'observing') this.metrics.electionTime.add(this.host.clock.now() - this.#lookingSince)
    if (role === 'leading') {
      this.host.log.info('LEADING')
      const leading = new Leading(this, electors)
      this.#role = leading
      leading.start()
    } else {
      this.host.log.info(role === 'following' ? 'FOLLOWING' : 'OBSERVING')
      const following = new Following(this, role, vote.leader)
      this.#role = following
      following.start()
    }
    this.onRoleChange(this.#role)
  }

  /** The role has come to serve clients in the leader's epoch. */
  serve(epoch: bigint): void {
    this.#hasData = true
    this.holeOf = undefined
    this.#countUnavailable()
    this.#vainRoles = 0
    this.#election?.onEpochEstablished(epoch)
    this.#memberConfig.adopt()
    if (this.#role === undefined) return
    this.#showConfig()
    if (this.#role.kind !== 'leading' || this.settings.leaderServes) this.startServing()
    this.onRoleChange(this.#role)
  }

  // The configuration -----------------------------------------------------------------------------------------

  /** What is known of it besides who the members are. */
  get current(): CurrentConfig {
    return this.#memberConfig.current
  }

  acceptsConfig(texts: readonly string[], isChange: boolean): boolean {
    return this.#memberConfig.accepts(texts, isChange)
  }

  adoptConfig(): void {
    this.#memberConfig.adopt()
  }

  /** What it does in its role, or says in its election, it does as who it was. */
  #onListed(isListed: boolean): void {
    if (this.#role !== undefined) {
      this.leave(this.#role, isListed ? 'this server has a vote now' : 'this server has no vote')
    } else if (this.#election?.isLooking === true) {
      this.#election.stop()
      this.#look()
    }
  }

  /** In `/zookeeper/config`, but for what a txn has put there. */
  #showConfig(): void {
    const { tree } = this.replica
    const { text, version } = this.current.inForce
    if (version > 0n && tree.config().version === version) return
    tree.setConfig(Buffer.from(text, 'utf8'), version, BigInt(this.host.clock.wallTime()))
  }

  /**
   * The members are others than those by which this server votes and counts. It takes no part from this moment on: nothing more is logged,
   * acknowledged or voted for. The next start finds `config`.
   */
  #endOutdated(message: string, config: QuorumConfig | undefined): void {
    if (this.isStopping) return
    this.#isOutdated = true
    const role = this.#role
    this.#role = undefined
    role?.stop(OUTDATED)
    this.#election?.stop()
    // It says its last vote again to whoever connects.
    this.#mesh?.stop(() => {})
    this.#mesh = undefined
    this.#abstention?.cancel()
    this.#readOnlyDelay?.cancel()
    this.stopDeciding()
    this.service.stopServing(OUTDATED)
    const end = (): void => {
      this.host.log.error(message)
      this.end(new Error(message), INVALID_CONFIG)
    }
    if (config === undefined) this.host.clock.endOfTurn(end)
    else this.#memberConfig.keepOther(config, end)
  }

  #countUnavailable(): void {
    if (this.#unavailableSince === undefined) return
    const elapsedMs = this.host.clock.now() - this.#unavailableSince
    this.#unavailableSince = undefined
    this.metrics.unavailableTime.add(elapsedMs)
    if (this.#role?.kind === 'leading') this.metrics.leaderUnavailableTime.add(elapsedMs)
  }

  /** A voter has not done its part in the role. Who votes no more for it is served all the same, once there is a leader. */
  onLetDown(sid: bigint, how: LetDown): void {
    this.#election?.onLetDown(sid, how)
  }

  /**
   * The role is over. Its clients go, what the log holds is applied whether it was committed or not (it counts in the next
   * election), and a tree that the log does not explain is read again.
   */
  leave(role: Role, reason: string): void {
    if (this.#role !== role || this.#isLeaving || this.isStopping) return
    this.#isLeaving = true
    this.#unavailableSince ??= this.host.clock.now()
    this.host.log.warn(`${role.kind} is over: ${reason}`)
    this.stopDeciding()
    this.service.stopServing(reason)
    role.stop(reason)
    this.#role = undefined
    this.#election?.onRoleOver()
    const look = (): void => {
      this.host.clock.after(this.#pauseBehind(role), () => {
        this.#isLeaving = false
        this.#look()
      })
    }
    this.#whenDiskRests(() => {
      if (this.isStopping) return
      this.whenDurable(() =>
        // A snapshot must not get what a new leader may take back, under the name of a zxid that it will not.
        this.stopSnapshots(() => {
          if (this.isStopping) return
          this.fastForward()
          this.#readAgainIfDirty(() => {
            this.sessions.reopen(this.host.clock.now())
            look()
          })
        }),
      )
    })
  }

  #readAgainIfDirty(then: () => void): void {
    if (!this.#isDirty) return then()
    let isRead = false
    this.#cut(
      (done) =>
        this.reload((isGood) => {
          isRead = isGood
          done(undefined)
        }),
      () => {
        if (isRead && !this.isStopping) then()
      },
    )
  }

  /** Ms until it looks again. Observers are many, and all lose the same leader at once; who is refused again and again is no burden to anybody. */
  #pauseBehind({ kind }: Role): number {
    const mostMs = kind === 'observing' ? this.settings.observerElectionDelayMs : 0
    const vainMs = this.#vainRoles++ < FREE_VAIN_ROLES ? 0 : VAIN_PAUSE_MS
    return vainMs + (mostMs > 0 ? this.host.random.below(mostMs + 1) : 0)
  }

  /** What the role has begun with files comes to its end. Who asks later is answered in the place of who asked before. */
  #whenDiskRests(work: () => void): void {
    const goOn = (): void => this.epochs.whenIdle(() => this.#memberConfig.whenIdle(work))
    if (this.#isCutting) this.#onCut = goOn
    else goOn()
  }

  /** One that a role has begun comes to its end, whatever becomes of the role. */
  #cut(work: (done: DiskDone) => void, done: DiskDone): void {
    this.#isCutting = true
    const ended = (error: Error | undefined): void => {
      this.#isCutting = false
      this.resumePurge()
      const next = this.#onCut
      this.#onCut = undefined
      done(error)
      next?.()
    }
    this.pausePurge(() => work(ended))
  }

  // The tree and the log --------------------------------------------------------------------------------------

  /** Whatever took the place of txns left a snapshot, so that behind the newest the log is whole. */
  protected override load(done: DiskAnswer<Recovery>): void {
    super.load((loadError, recovery) => {
      if (loadError !== undefined) return done(loadError, recovery)
      this.#logWholeFrom = recovery.snapshot?.zxid ?? 0n
      // It must not vote as if what it has lost, and may have acknowledged, had never been: a leader is to send it everything.
      if (recovery.kind === 'cut short') this.#hasData = false
      run(this.#memberConfig.recall(this.replica.tree.config().text), (error) => done(error, recovery))
    })
  }

  /** What comes late, of a client that is gone with the role, goes nowhere. */
  submit(request: Request): void {
    if (this.#role?.phase === 'broadcast') this.#role.submit(request)
    else if (this.service.isReadOnly && request.client !== undefined) this.#beginOrEndSession(request)
    else this.processor.abandon(request)
  }

  /** All that a server without a quorum does for its clients besides reads. */
  #beginOrEndSession(request: Request): void {
    this.processor.onSettled(request)
    if (request.op.type === OpCode.closeSession) this.service.endReadOnlySession(request.session, request.client)
  }

  sync(request: Request): void {
    if (this.#role?.phase === 'broadcast') this.#role.sync(request)
    else this.processor.abandon(request)
  }

  protected onLogged(zxid: bigint): void {
    this.#role?.onLogged(zxid)
  }

  /** Clients of learners are heard of in the echoes of pings, and a leader that was stalled has sent none. */
  protected override hearOthers(done: () => void): void {
    const role = this.#role
    if (role?.kind === 'leading') role.leader.hearAll(done)
    else done()
  }

  /** Milliseconds since its leader has made the txn, by the clocks of two machines. */
  sinceMade({ header }: LoggedTxn): number {
    return Math.max(0, this.host.clock.wallTime() - Number(header.time))
  }

  #onApplied(txn: LoggedTxn): void {
    const { header, payload, kind } = txn
    this.metrics.propagationLatency.add(this.sinceMade(txn))
    this.committed.add(header.zxid, payload)
    if (kind.type !== OpCode.createSession) return
    const session = this.sessions.get(header.clientId)
    if (session !== undefined) this.#role?.onTouched(session.id, session.timeoutMs)
  }

  get logWholeFrom(): bigint {
    return this.#logWholeFrom
  }

  /**
   * Whether the log on disk shows what came after the zxid. A long one is not even looked at, and from a disk that does not answer within a tick
   * nobody is sent txns: the tree in memory takes their place.
   */
  logReaches(zxid: bigint, done: (reaches: boolean) => void): void {
    const { clock, log } = this.host
    if (zxid < this.#logHoleBelow || this.settings.snapshotSizeFactor < 0) return clock.endOfTurn(() => done(false))
    let isAnswered = false
    const answer = (reaches: boolean): void => {
      timer.cancel()
      if (!isAnswered) done(reaches)
      isAnswered = true
    }
    const timer = clock.after(this.settings.tickTime, () => {
      log.warn(`the disk does not say within ${this.settings.tickTime} ms how far the log reaches: a learner gets the whole tree`)
      answer(false)
    })
    run(this.#reachesFrom(zxid), (error, reaches) => {
      if (error !== undefined) log.warn(error, 'the log cannot be read for a learner')
      answer(error === undefined && reaches)
    })
  }

  *#reachesFrom(zxid: bigint): DiskWork<boolean> {
    const files = this.host.disk.aside
    const [first, ...others] = logsFrom(yield* wait.list(files, this.dirs.logDirectory), zxid)
    // As FileTxnIterator: the file in which it begins is opened first, and not weighed.
    return first !== undefined && first.zxid <= zxid && (yield* this.#isLight(files, others)) && (yield* this.#isLogged(files, zxid))
  }

  *#isLogged(files: Files, zxid: bigint): DiskWork<boolean> {
    const reader = this.readLog(files, zxid)
    try {
      // The zxid of an epoch stands in no log; its holder has all that came before the first txn above it.
      return (yield* reader.next()) && (reader.zxid === zxid || (counterOf(zxid) === 0n && follows(zxid, reader.zxid)))
    } finally {
      yield* reader.close()
    }
  }

  /** A learner is not sent logs that are longer than a good part of a snapshot would be (snapshotSizeFactor; 0 = any). */
  *#isLight(files: Files, logs: readonly StoredFile[]): DiskWork<boolean> {
    const { snapshotDirectory, logDirectory } = this.dirs
    const [snapshot] = yield* validSnapshots(files, snapshotDirectory, 1)
    const limit = snapshot === undefined ? 0 : Math.floor((yield* sizeOf(files, `${snapshotDirectory}/${snapshot.name}`)) * this.settings.snapshotSizeFactor)
    if (limit === 0) return true
    let sum = 0
    for (const { name } of logs) sum += yield* sizeOf(files, `${logDirectory}/${name}`)
    return sum <= limit
  }

  onLogGap(next: bigint): void {
    if (next > this.#logHoleBelow) this.#logHoleBelow = next
  }

  /** The tree is about to run ahead of the log, or to be emptied: nobody may be writing it to a file. */
  beginReplacement(done: () => void): void {
    this.#isDirty = true
    this.committed.clear()
    this.stopSnapshots(done)
  }

  /** Log and tree end at the zxid. HistoryNotHeld where they cannot: nothing is removed then, and the next leader is asked for everything. */
  truncate(zxid: bigint, done: (error: Error | undefined) => void): void {
    const role = this.#role
    let isRead = true
    const cutAndRead = (ended: DiskDone): void =>
      this.cutHistory(zxid, (error) => {
        // A role that is over has left the tree to be read again by `leave`.
        if (error !== undefined || this.#role !== role) return ended(error)
        this.reload((isGood) => {
          isRead = isGood
          ended(undefined)
        })
      })
    this.#cut(
      (ended) =>
        run(this.#canEndAt(zxid), (error, canEnd) => {
          if (error !== undefined) this.host.log.warn(error, 'the log cannot be read')
          if (error !== undefined || !canEnd) return ended(new HistoryNotHeld(`the history up to 0x${hex(zxid)} is not here as a whole`))
          if (this.#role === role) cutAndRead(ended)
          else ended(undefined)
        }),
      (error) => {
        const isNotHeld = error instanceof HistoryNotHeld
        // Nobody hears of the failure of a role that is over.
        if (this.#role !== role) return error === undefined || isNotHeld ? done(undefined) : this.#failToCut(error)
        if (isNotHeld) this.loseHistory()
        if (error !== undefined) return done(error)
        if (!isRead) return
        // An epoch without txns begins where the last one ended.
        if (this.lastZxid === zxid || (counterOf(zxid) === 0n && this.lastZxid < zxid)) done(undefined)
        else done(new Error(`the history ends at 0x${hex(this.lastZxid)}, not at 0x${hex(zxid)}`))
      },
    )
  }

  /** What is here is not the whole history: it has no vote, and the next leader is asked for everything. */
  loseHistory(): void {
    this.#hasData = false
  }

  *#canEndAt(zxid: bigint): DiskWork<boolean> {
    const { disk } = this.host
    const base = (yield* validSnapshots(disk, this.dirs.snapshotDirectory, Infinity)).find((snapshot) => snapshot.zxid <= zxid)
    if (base === undefined) return false
    const reader = this.readLog(disk, base.zxid + 1n)
    try {
      return yield* endsAt(zxid, base.zxid, reader)
    } finally {
      yield* reader.close()
    }
  }

  /** Memory is what the disk says, or this is the end. No snapshot may be being written. */
  reload(done: (isRead: boolean) => void): void {
    this.committed.clear()
    this.load((error) => {
      if (error === undefined) this.#isDirty = false
      else this.fail(error, ExitCode.UNEXPECTED_ERROR)
      done(error === undefined)
    })
  }

  /** The tree, which a leader has sent, is on disk; whatever lies above it there is gone. */
  persist(done: (error: Error | undefined) => void): void {
    const role = this.#role
    this.beginLogFile()
    this.writeSnapshot(() => {
      // A role that is over has left the tree to be read again by `leave`, which waits for no cut that begins behind it.
      if (this.#role !== role) return
      this.#cut(
        (cut) => this.removeAbove(this.replica.lastProcessedZxid, cut),
        (error) => {
          if (error !== undefined) return this.#failToCut(error)
          this.#isDirty = false
          this.#hasData = true
          this.#logWholeFrom = this.replica.lastProcessedZxid
          done(undefined)
        },
      )
    })
  }

  /** What was to go may come back with the next start: it must not vote as if it were gone. */
  #failToCut(error: Error): void {
    this.fail(error, ExitCode.UNEXPECTED_ERROR)
  }
}

function* sizeOf(files: Files, path: string): DiskWork<number> {
  return (yield* wait.stat(files, path))?.sizeBytes ?? 0
}

class MemberView implements EnsembleView {
  readonly #member: () => EnsembleServer

  constructor(member: () => EnsembleServer) {
    this.#member = member
  }

  get serverState(): ServerState {
    if (this.#member().service.isReadOnly) return 'read-only'
    const kind = this.#member().role?.kind
    return kind === 'leading' ? 'leader' : kind === 'observing' ? 'observer' : 'follower'
  }

  get peerState(): string | undefined {
    const { role, service } = this.#member()
    if (service.isReadOnly) return undefined
    return role === undefined ? 'looking' : `${role.kind} - ${role.phase}`
  }

  get serverId(): number {
    return Number(this.#member().self)
  }

  get isDeciding(): boolean {
    return this.#member().role?.kind === 'leading'
  }

  quorum(): ReturnType<EnsembleView['quorum']> {
    const { settings, config, current, self, service } = this.#member()
    const member = config.members.get(self)!
    return {
      initLimit: settings.initLimit,
      syncLimit: settings.syncLimit,
      electionAlg: settings.electionAlg,
      electionPort: member.addresses.map(({ electionPort }) => electionPort).join('|'),
      quorumPort: member.addresses.map(({ quorumPort }) => quorumPort).join('|'),
      peerType: member.learnerType === 'observer' ? 1 : 0,
      membership: service.isReadOnly ? undefined : current.inForce.text,
    }
  }

  proposalSizes(): ReturnType<EnsembleView['proposalSizes']> {
    const { role } = this.#member()
    return role?.kind === 'leading' ? role.leader.proposalSizes : undefined
  }

  gauges(): ReturnType<EnsembleView['gauges']> {
    const { config, role, service } = this.#member()
    if (service.isReadOnly) return undefined
    return {
      quorumSize: config.voters.size,
      leader: role?.kind === 'leading' ? role.leader.gauges() : undefined,
      observerMasterId: role?.kind === 'observing' ? role.leaderId : undefined,
    }
  }
}

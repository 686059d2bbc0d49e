// A leader, server 3, alone with a script. `1> PACKET` is what comes on connection 1 (made when it is first named), `1< PACKET`
// what goes out there; `propose` makes the next txn, `logged 2:1` says how far the leader's own log is durable, `done` lets
// the oldest step that waits succeed, `1 lost` breaks a connection, `config v100000000` is heard of somewhere, `confirm` asks for a sync, `hear` for what
// learners know, `wait 500` lets time pass.
import type { QuorumPacket } from '../../src/jute/generated/quorum.ts'
import { CurrentConfig } from '../../src/quorum/config/current-config.ts'
import { CommittedTxns } from '../../src/quorum/member/logged-txns.ts'
import type { CommittedTxn } from '../../src/quorum/zab/committed-log.ts'
import { Leader } from '../../src/quorum/zab/leader.ts'
import type { LeaderServer } from '../../src/quorum/zab/leader.ts'
import type { LearnerHandler, Touch } from '../../src/quorum/zab/learner-handler.ts'
import type { StepDone } from '../../src/quorum/zab/learner.ts'
import type { ByteSource, SnapshotSource, Telling } from '../../src/quorum/zab/packets.ts'
import type { LeaderHistory, TxnRun } from '../../src/quorum/zab/sync-plan.ts'
import type { LoggedTxn } from '../../src/server/txn/logged-txn.ts'
import { FakeClock } from './fake-clock.ts'
import { configOf } from './lone-election.ts'
import { errorTxn, zxidOf, zxidText } from './txns.ts'
import { configFrom, FakeLink, packetOf, packetText, pass, play, settle, watchedEpochs } from './zab-script.ts'
import type { Scripted } from './zab-script.ts'

export interface LoneLeaderOptions {
  /** As of `configOf`. */
  readonly members?: string
  /** Committed and in memory, `1:1 1:2`; the last one is that of the history. */
  readonly history?: string
  readonly accepted?: number
  /** `1 3`; by default all voters. */
  readonly electors?: string
  readonly current?: number
  /** Of the configuration that it has, hex. */
  readonly version?: string
  readonly reconfigEnabled?: boolean
}

export class LoneLeader implements Scripted, LeaderServer {
  readonly clock = new FakeClock()
  readonly leader: Leader
  readonly config: CurrentConfig
  readonly sessions = new Set<bigint>()
  readonly links = new Map<string, { readonly link: FakeLink; readonly learner: LearnerHandler }>()
  #lastZxid: bigint
  readonly #committed: CommittedTxn[]
  #lines: string[] = []
  readonly #waiting: StepDone[] = []

  constructor({
    members = '1 2 3',
    history = '1:1 1:2 1:3',
    accepted = 1,
    current = 1,
    version = '0',
    reconfigEnabled = false,
    electors,
  }: LoneLeaderOptions = {}) {
    this.#committed = history
      .split(' ')
      .filter((text) => text !== '')
      .map((text) => errorTxn(zxidOf(text)))
      .map(({ header, payload }) => ({ zxid: header.zxid, payload }))
    this.#lastZxid = this.#committed.at(-1)?.zxid ?? 0n
    const own = configOf(members).withVersion(BigInt(`0x${version}`))
    this.config = new CurrentConfig({ self: 3n, own, client: { host: undefined, port: undefined }, isDynamic: reconfigEnabled })
    this.leader = new Leader({
      self: 3n,
      config: own,
      electors: new Set(
        (electors ?? members.replaceAll(/\S+:observer/g, ''))
          .split(' ')
          .filter((sid) => sid !== '')
          .map(BigInt),
      ),
      current: this.config,
      clock: this.clock,
      epochs: watchedEpochs(this.clock, (line) => this.#lines.push(line), this.#waiting, accepted, current),
      server: this,
      limits: { tickTimeMs: 1000, initLimit: 10, syncLimit: 5 },
      settings: {
        maxConcurrentSnapSyncs: 1,
        maxConcurrentDiffSyncs: 2,
        maxTimeToWaitForEpochMs: 3000,
        ackLoggingFrequency: 1000,
        learnerCloseBytes: 1000,
        learnersCloseBytes: 2000,
      },
      log: { info() {}, warn() {} },
    })
    this.leader.start()
    settle(this.clock)
  }

  play(script: string): this {
    play(this, script)
    return this
  }

  take(): string[] {
    return this.#lines.splice(0)
  }

  perform(line: string): boolean {
    const [verb, ...rest] = line.split(' ')
    const name = /^(\w+)>$/.exec(verb)?.[1]
    if (name !== undefined) {
      const { link, learner } = this.#connection(name)
      link.heardAt = this.clock.nowMs
      learner.onPacket(packetOf(rest.join(' ')))
    } else if (rest[0] === 'lost') {
      this.#connection(verb).link.close('lost')
    } else if (rest[0] === 'connects') {
      this.#connection(verb)
    } else if (!this.#act(verb, rest)) {
      return false
    }
    settle(this.clock)
    return true
  }

  #act(verb: string, rest: string[]): boolean {
    switch (verb) {
      case 'done':
        this.#waiting.shift()!(undefined)
        return true
      case 'failed':
        this.#waiting.shift()!(new Error('the disk says no'))
        return true
      case 'propose':
        this.leader.propose(errorTxn(this.leader.lastProposed + 1n))
        return true
      case 'logged':
        this.leader.onLogged(zxidOf(rest[0]))
        return true
      case 'config':
        this.config.hear(configFrom(rest[0]), false)
        return true
      case 'confirm':
        this.leader.confirm(() => this.#lines.push('confirmed'))
        return true
      case 'elector':
        this.leader.onElectorLooks(BigInt(rest[0]))
        return true
      case 'hear':
        this.leader.hearAll(() => this.#lines.push('heard'))
        return true
      case 'wait':
        pass(this.clock, Number(rest[0]))
        return true
      default:
        return false
    }
  }

  #connection(name: string): { readonly link: FakeLink; readonly learner: LearnerHandler } {
    let connection = this.links.get(name)
    if (connection === undefined) {
      const link = new FakeLink(this.clock, (line) => this.#lines.push(`${name}< ${line}`))
      const learner = this.leader.accept(link)
      link.onClose = (reason) => learner.onClosed(reason)
      this.links.set(name, (connection = { link, learner }))
    }
    return connection
  }

  #nameOf(learner: LearnerHandler): string {
    return [...this.links].find(([, known]) => known.learner === learner)![0]
  }

  history(): LeaderHistory {
    return { lastZxid: this.#lastZxid, committed: [...this.#committed], isSnapshotForced: false, logReaches: false }
  }

  lookIntoLog(_zxid: bigint, done: (reaches: boolean) => void): void {
    this.clock.endOfTurn(() => done(false))
  }

  snapshot(): { readonly zxid: bigint; readonly source: SnapshotSource } {
    return { zxid: this.#lastZxid, source: { ...sourceOf('snapshot'), kind: 'tree', endZxid: this.#lastZxid } }
  }

  txns({ after, txns }: TxnRun, telling: Telling): ByteSource {
    return new CommittedTxns(txns, telling, after === undefined ? undefined : sourceOf('log'))
  }

  whenDurable(done: () => void): void {
    this.#lines.push('sync')
    this.#waiting.push(done)
  }

  activate(zxid: bigint): void {
    this.#lines.push(`serve ${zxidText(zxid)}`)
    this.#lastZxid = zxid
  }

  commit({ header, payload }: LoggedTxn): void {
    this.#lines.push(`commit ${zxidText(header.zxid)}`)
    this.#lastZxid = header.zxid
    this.#committed.push({ zxid: header.zxid, payload })
  }

  onRequest(learner: LearnerHandler, { type, zxid, data }: QuorumPacket): void {
    this.#lines.push(`${this.#nameOf(learner)} asks ${packetText(type, zxid, data)}`)
  }

  touch(touched: readonly Touch[]): void {
    if (touched.length > 0) this.#lines.push(`touched ${touched.map(({ session }) => session).join(' ')}`)
  }

  claim(_learner: LearnerHandler, session: bigint, _timeoutMs: number, answer: (isAlive: boolean) => void): void {
    answer(this.sessions.has(session))
  }

  onSyncing(): void {}

  onAcked(): void {}

  onLearnerGone(learner: LearnerHandler): void {
    this.#lines.push(`${this.#nameOf(learner)} is gone`)
  }

  abdicate(reason: string, missing: readonly bigint[]): void {
    this.#lines.push(`abdicate: ${reason}`)
    if (missing.length > 0) this.#lines.push(`missing ${missing.join(' ')}`)
  }
}

function sourceOf(text: string): ByteSource {
  return {
    kind: 'packets',
    fill: (w) => {
      w.raw(Buffer.from(`[${text}]`))
      return true
    },
    close: () => {},
  }
}

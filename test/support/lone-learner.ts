// A learner alone with a script. `< PACKET` is what the leader says, `> PACKET` what the learner says; `done` lets the
// oldest step that waits succeed, `failed` fail, `not held` fail for want of what it needs; `lost` breaks the connection, `wait 500` lets time pass.
import { JuteReader } from '../../src/jute/reader.ts'
import { CurrentConfig } from '../../src/quorum/config/current-config.ts'
import { parseQuorumConfig } from '../../src/quorum/config/quorum-config.ts'
import type { Touch } from '../../src/quorum/zab/learner-handler.ts'
import { HistoryNotHeld, Learner } from '../../src/quorum/zab/learner.ts'
import type { LearnerServer, StepDone } from '../../src/quorum/zab/learner.ts'
import type { LoggedTxn } from '../../src/server/txn/logged-txn.ts'
import { decodeTxn } from '../../src/server/txn/txn-codec.ts'
import { FakeClock } from './fake-clock.ts'
import { configOf } from './lone-election.ts'
import { zxidOf, zxidText } from './txns.ts'
import { FakeLink, packetOf, pass, play, settle, watchedEpochs } from './zab-script.ts'
import type { Scripted } from './zab-script.ts'

export interface LoneLearnerOptions {
  readonly kind?: 'follower' | 'observer'
  /** Of the last txn in the log. */
  readonly last?: string
  readonly accepted?: number
  readonly current?: number
  /** Of its configuration, hex. */
  readonly version?: string
}

export class LoneLearner implements Scripted, LearnerServer {
  readonly clock = new FakeClock()
  readonly link: FakeLink
  readonly learner: Learner
  readonly config: CurrentConfig
  lastZxid: bigint
  touched: Touch[] = []
  /** The epoch of a leader that has sent a history with a hole. */
  hole: bigint | undefined
  /** After the txns that are named here the tree is another than they promise. */
  readonly spoilt = new Set<bigint>()
  digestMismatches = 0
  #lines: string[] = []
  readonly #waiting: StepDone[] = []

  constructor({ kind = 'follower', last = '0:0', accepted = 0, current = 0, version = '0' }: LoneLearnerOptions = {}) {
    this.lastZxid = zxidOf(last)
    const own = configOf('1 2 3').withVersion(BigInt(`0x${version}`))
    this.config = new CurrentConfig({ self: 1n, own, client: { host: undefined, port: undefined }, isDynamic: true })
    this.link = new FakeLink(this.clock, (line) => this.#say(`> ${line}`))
    const epochs = watchedEpochs(this.clock, (line) => this.#say(line), this.#waiting, accepted, current)
    this.learner = new Learner(
      {
        self: 1n,
        kind,
        configVersion: this.config.inForce.version,
        epochs,
        server: this,
        clock: this.clock,
        limits: { tickTimeMs: 1000, initLimit: 10, syncLimit: 5 },
        mostTouches: 3,
        log: { info() {}, warn: (line) => this.#say(`warned: ${line}`) },
      },
      this.link,
    )
    this.link.onClose = (reason) => this.learner.onClosed(reason)
    this.learner.start()
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
    switch (verb) {
      case '<':
        if (this.link.isHeld) throw new Error(`nothing is heard while a step is under way: ${line}`)
        this.link.heardAt = this.clock.nowMs
        this.learner.onPacket(packetOf(rest.join(' ')))
        break
      case 'done':
        this.#waiting.shift()!(undefined)
        break
      case 'failed':
        this.#waiting.shift()!(new Error('the disk says no'))
        break
      case 'not':
        this.#waiting.shift()!(new HistoryNotHeld('it is not there'))
        break
      case 'logged':
        this.learner.onLogged(zxidOf(rest[0]))
        break
      case 'lost':
        this.link.close('lost')
        break
      case 'wait':
        pass(this.clock, Number(rest[0]))
        break
      default:
        return false
    }
    settle(this.clock)
    return true
  }

  #say(line: string): void {
    this.#lines.push(line)
  }

  #step(line: string, done: StepDone): void {
    this.#say(line)
    this.#waiting.push(done)
  }

  decode(payload: Uint8Array): LoggedTxn {
    return decodeTxn(payload, new JuteReader())
  }

  append({ header }: LoggedTxn): void {
    this.#say(`append ${zxidText(header.zxid)}`)
  }

  whenDurable(done: () => void): void {
    this.#step('sync', done)
  }

  commit({ header }: LoggedTxn): void {
    this.#say(`commit ${zxidText(header.zxid)}`)
    this.lastZxid = header.zxid
    if (this.spoilt.has(header.zxid)) this.digestMismatches++
  }

  beginReplacement(done: () => void): void {
    this.#step('begin replacement', done)
  }

  receiveSnapshot(done: () => void): void {
    this.#step('receive snapshot', done)
  }

  adopt(zxid: bigint): void {
    this.#say(`adopt ${zxidText(zxid)}`)
    this.lastZxid = zxid
  }

  onPing(): void {}

  onHole(epoch: bigint): void {
    this.#say(`hole in epoch ${epoch}`)
    this.hole = epoch
  }

  askAnew(reason: string): void {
    this.#say(`ask anew: ${reason}`)
  }

  onSpoilt(): void {
    this.#say('spoilt')
  }

  hasHole(epoch: bigint): boolean {
    return this.hole === epoch
  }

  truncate(zxid: bigint, done: StepDone): void {
    this.#step(`truncate ${zxidText(zxid)}`, done)
  }

  persist(done: StepDone): void {
    this.#step('persist', done)
  }

  serve(epoch: bigint): void {
    this.adoptConfig()
    this.#say(`serve epoch ${epoch}`)
  }

  acceptsConfig(texts: readonly string[], isChange: boolean): boolean {
    const configs = texts.map((text) => parseQuorumConfig(text))
    const [newest] = configs.sort((a, b) => (a.version < b.version ? 1 : -1))
    const heard = newest === undefined ? undefined : this.config.hear(newest, !isChange)
    if (heard?.kind === 'newer') this.#say(`heard of version ${this.config.newest.version.toString(16)}`)
    if (heard?.kind !== 'other') return true
    this.#say(`end: ${heard.changes.join(', ')}`)
    return false
  }

  adoptConfig(): void {
    if (this.config.adopt()) this.#say(`version ${this.config.inForce.version.toString(16)} is in force`)
  }

  takeTouched(): readonly Touch[] {
    return this.touched.splice(0)
  }

  onRevalidated(session: bigint, isValid: boolean): void {
    this.#say(`session ${session} ${isValid ? 'lives' : 'is over'}`)
  }

  onSync(): void {
    this.#say('synced')
  }

  leave(reason: string): void {
    this.#say(`leave: ${reason}`)
  }

  fail(reason: string, exitCode: number): void {
    this.#say(`exit ${exitCode}: ${reason}`)
  }
}

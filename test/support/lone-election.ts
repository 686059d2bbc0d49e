// One election and a script: what other servers say goes in as a line of text, what it says comes out as one.
import { pino } from 'pino'
import { QuorumConfig } from '../../src/quorum/config/quorum-config.ts'
import { Election } from '../../src/quorum/zab/election.ts'
import type { History } from '../../src/quorum/zab/election.ts'
import { NOT_ELECTABLE } from '../../src/quorum/zab/vote.ts'
import type { Notification, ServerState } from '../../src/quorum/zab/vote.ts'
import { readMembership } from '../../src/server/config/membership.ts'
import { FakeClock } from './fake-clock.ts'

/** `1 2 3 4:observer`, then lines as `group.1=1:2` or `weight.3=0`. */
export function configOf(members: string, ...extra: string[]): QuorumConfig {
  const lines = new Map<string, string>()
  for (const member of members.split(' ')) {
    const [sid, role = 'participant'] = member.split(':')
    lines.set(`server.${sid}`, `127.0.0.${sid}:${2880 + Number(sid)}:${3880 + Number(sid)}:${role}`)
  }
  for (const line of extra) lines.set(...(line.split('=') as [string, string]))
  return new QuorumConfig(readMembership(lines, true))
}

const numberText = (value: bigint): string => (value === NOT_ELECTABLE ? 'none' : String(value))
const numberOf = (text: string): bigint => (text === 'none' ? NOT_ELECTABLE : BigInt(text))

/** `looking 3 z10 r1 e0`: state, leader, zxid, round, epoch. */
export function notificationText({ state, leader, zxid, electionEpoch, peerEpoch }: Omit<Notification, 'version' | 'configText'>): string {
  return `${state} ${numberText(leader)} z${numberText(zxid)} r${electionEpoch} e${numberText(peerEpoch)}`
}

/** As `notificationText` prints it; `v0` at the end makes it one of a form without version. */
export function notificationOf(text: string): Notification {
  const [state, leader, zxid, round, epoch, version = 'v2'] = text.split(' ')
  return {
    state: state as ServerState,
    leader: numberOf(leader),
    zxid: numberOf(zxid.slice(1)),
    electionEpoch: BigInt(round.slice(1)),
    peerEpoch: numberOf(epoch.slice(1)),
    version: Number(version.slice(1)),
    configText: undefined,
  }
}

export class LoneElection {
  readonly clock = new FakeClock()
  readonly election: Election
  readonly down = new Set<bigint>()
  readonly #said: string[] = []
  readonly #decisions: string[] = []
  readonly #start = this.clock.nowMs

  constructor(self: number, config: QuorumConfig) {
    this.election = new Election({
      self: BigInt(self),
      config,
      configText: () => config.text,
      clock: this.clock,
      log: pino({ level: 'silent' }),
      minIntervalMs: 200,
      maxIntervalMs: 60_000,
      absenceMs: 40_000,
      hearsayMs: 10_000,
      effects: {
        send: (to, notification) => void this.#said.push(`${to}: ${notificationText(notification)}`),
        isDown: (sid) => this.down.has(sid),
      },
    })
  }

  look(history: Partial<History> = {}): void {
    this.election.look({ zxid: 0n, peerEpoch: 0n, ...history }, ({ role, vote }) => void this.#decisions.push(notificationText({ state: role, ...vote })))
    this.clock.finishTurn()
  }

  /** `2: looking 2 z0 r1 e0` */
  hear(...lines: string[]): void {
    for (const line of lines) {
      const [from, text] = line.split(': ')
      this.election.onNotification(BigInt(from), notificationOf(text))
    }
  }

  lose(sid: bigint): void {
    this.down.add(sid)
    this.election.onPeerDown(sid)
  }

  advance(ms: number): void {
    const end = this.clock.nowMs + ms
    for (let due = this.clock.nextDueAt; due !== undefined && due <= end; due = this.clock.nextDueAt) {
      this.clock.nowMs = due
      this.clock.fireDue()
      this.clock.finishTurn()
    }
    this.clock.nowMs = end
  }

  /** What it has said since the last call, `2: looking 3 z0 r1 e0` by receiver. */
  said(): string[] {
    return this.#said.splice(0)
  }

  /** As if nothing had been decided yet. */
  forget(): void {
    this.#decisions.length = 0
  }

  /** `leading 3 z0 r1 e0`, or undefined while it looks. */
  get decision(): string | undefined {
    return this.#decisions.at(-1)
  }

  get elapsedMs(): number {
    return this.clock.nowMs - this.#start
  }
}

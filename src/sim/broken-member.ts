/**
 * One member that is broken in one single way, for as long as the simulation wants, while all others and everything between
 * them are well: a majority that is well must serve then, whatever the broken one says and does.
 */
import type { EnsembleServer } from '../quorum/member/ensemble-server.ts'
import type { Leading } from '../quorum/member/leading.ts'
import type { Role } from '../quorum/member/role.ts'
import type { LearnerHandler } from '../quorum/zab/learner-handler.ts'
import type { Settings } from '../server/config/settings.ts'
import { areaOf } from './crash-points.ts'
import { Halted } from './mortal.ts'
import type { Mortal } from './mortal.ts'
import type { SeededRandom } from './seeded-random.ts'
import type { DiskFault, DiskStep } from './sim-disk.ts'
import type { Blockade, SimNetwork } from './sim-network.ts'
import type { SimProcess } from './sim-process.ts'

/** Ways of being broken. 'in': what comes to it; 'out': what it does or says. */
export const BREAKAGES = [
  'quorum dials in',
  'quorum dials out',
  'quorum dials both',
  'quorum bytes in',
  'quorum bytes out',
  'election dials in',
  'election dials out',
  'election bytes in',
  'election bytes out',
  'no room for an epoch',
  'no room at all',
  'leaves every leader',
  'leads nobody',
  'never acknowledges a proposal',
  'never has a history on its disk',
  'freezes',
  'says the same in every election',
  'hangs while it stores an epoch',
  'says for ever that it leads',
] as const

export type BreakageKind = (typeof BREAKAGES)[number]

export interface BrokenParts {
  readonly kind: BreakageKind
  readonly network: SimNetwork
  readonly random: SeededRandom
  readonly address: string
  readonly others: readonly string[]
  readonly settings: Settings
  readonly ports: { readonly quorum: number; readonly election: number }
  /** The life that it has just now. */
  process(): SimProcess | undefined
}

const AWAKE_MS = 600
const FULL: DiskFault = { code: 'ENOSPC' }

export class BrokenMember {
  readonly #parts: BrokenParts
  readonly #dials: Blockade
  #isOver = false
  /** The first message of its elections, by the place it goes to. */
  readonly #said = new Map<string, Uint8Array>()

  constructor(parts: BrokenParts) {
    this.#parts = parts
    this.#dials = parts.random.pick(['refused', 'lost'] as const)
  }

  /** For the journal. */
  get name(): string {
    const { kind } = this.#parts
    return kind.includes('dials') ? `${kind}, ${this.#dials}` : kind
  }

  /** What it has begun when it was well may go on for ever: it has to begin anew. */
  begin(): void {
    const { kind, network, ports } = this.#parts
    const [port, what, way] = kind.split(' ') as [keyof typeof ports, 'dials' | 'bytes', 'in' | 'out' | 'both']
    if (what === 'dials' || what === 'bytes') this.#block(ports[port], what === 'dials' ? this.#dials : 'bytes', way)
    if (kind === 'freezes') this.#freeze()
    if (kind === 'says the same in every election') network.onWrite = (owner, to, bytes) => this.#sayAgain(owner, to, bytes)
  }

  end(): void {
    this.#isOver = true
    this.#parts.network.unblock()
    this.#parts.network.onWrite = undefined
  }

  #block(port: number, what: Blockade, way: 'in' | 'out' | 'both'): void {
    const { network, address, others } = this.#parts
    for (const other of others) {
      if (way !== 'out') network.block({ from: other, to: address, port, what })
      if (way !== 'in') network.block({ from: address, to: other, port, what })
    }
  }

  /** Awake for long enough to be elected, asleep for longer than anybody waits. */
  #freeze(): void {
    const { network, random, settings, process: life } = this.#parts
    if (this.#isOver) return
    const longestMs = settings.tickTime * settings.initLimit * 2
    life()?.freeze(random.between(0, longestMs))
    network.world.after(longestMs + random.between(AWAKE_MS, 3 * AWAKE_MS), () => this.#freeze())
  }

  /** The first election message is said for ever. It has its length in front; who dials says first who it is, which begins with a negative number. */
  #sayAgain(owner: Mortal, { address, port }: { address: string; port: number }, bytes: Uint8Array): Uint8Array {
    if (owner !== this.#parts.process() || port !== this.#parts.ports.election) return bytes
    if (bytes[0] !== 0) return bytes
    const said = this.#said.get(address)
    if (said === undefined) this.#said.set(address, new Uint8Array(bytes))
    return said ?? bytes
  }

  faultFor({ kind, path, phase }: DiskStep): DiskFault | undefined {
    const { kind: breakage } = this.#parts
    if (this.#isOver || phase !== 'before' || (kind !== 'create' && kind !== 'write' && kind !== 'extend')) return undefined
    if (breakage === 'no room at all') return FULL
    if (areaOf(path) !== 'epoch') return undefined
    // The call does not come back.
    if (breakage === 'hangs while it stores an epoch') throw new Halted()
    return breakage === 'no room for an epoch' ? FULL : undefined
  }

  /** A life of it has begun. */
  spoil(server: EnsembleServer): void {
    const told = server.onRoleChange
    server.onRoleChange = (role) => {
      told(role)
      if (!this.#isOver && role !== undefined && role.phase === 'discovery') this.#spoilRole(server, role)
    }
  }

  #spoilRole(server: EnsembleServer, role: Role): void {
    const { kind } = this.#parts
    if (kind === 'leaves every leader' && role.kind === 'following') server.leave(role, 'it is broken')
    if (kind === 'leads nobody' && role.kind === 'leading') server.leave(role, 'it is broken')
    if (kind === 'says for ever that it leads' && role.kind === 'leading') getStuck(server, role as Leading)
    if (role.kind !== 'following') return
    if (kind === 'never acknowledges a proposal') role.onLogged = () => undefined
    if (kind === 'never has a history on its disk') (role as unknown as { whenDurable: () => void }).whenDurable = () => undefined
  }
}

/** As a process whose main thread is stuck while others of it run: whoever comes is taken and told nothing. */
function getStuck(server: EnsembleServer, { leader }: Leading): void {
  server.leave = () => undefined
  leader.accept = () => ({ onPacket: () => undefined, onClosed: () => undefined }) as unknown as LearnerHandler
}

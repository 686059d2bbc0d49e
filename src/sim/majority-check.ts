/**
 * A majority that is well serves while one member stays broken in any single way: within a bound after others have died and come back, and it
 * goes on serving. It is looked at when all else is healed, in some of the seeds, with chance of its own, so that a seed's history before is the
 * same whether or not it is.
 */
import { QuorumConfig } from '../quorum/config/quorum-config.ts'
import type { Role } from '../quorum/member/role.ts'
import { BREAKAGES, BrokenMember } from './broken-member.ts'
import type { BreakageKind } from './broken-member.ts'
import { checkServed, leaderOf } from './ensemble-end.ts'
import type { HealedEnsemble, Member } from './ensemble-end.ts'
import { SeededRandom } from './seeded-random.ts'
import type { SimNetwork } from './sim-network.ts'
import { Violation } from './world.ts'

const SALT = 0x5bd1_e995
/** In how many seeds one member stays broken. */
const SHARE = 0.35
/** Of clients meanwhile: what matters is that they are served, not how much. */
const PAUSE_MS = 2000
/** For all learners together. By default it is 512 MB. */
const FEW_BYTES = 1_000_000
/** Beyond what the limits come to: what is logged and read again, and elections, whose patience goes from 0.2 to 3.2 s, together 6.2 s. */
const SLACK_MS = 7000

export interface MajorityOptions {
  readonly seed: number
  readonly network: SimNetwork
  readonly ports: { readonly quorum: number; readonly election: number }
  /** By default drawn, if at all. */
  readonly kind: BreakageKind | undefined
  /** From here on that member is broken in that way; undefined: nobody is. */
  spoil(broken: { readonly member: Member; readonly breakage: BrokenMember } | undefined): void
  beginLater(member: Member, downMs: number): void
}

export function checkMajority(ensemble: HealedEnsemble, options: MajorityOptions): void {
  const random = new SeededRandom(options.seed ^ SALT)
  const isDrawn = random.chance(SHARE)
  const drawn = random.pick(BREAKAGES)
  const kind = options.kind ?? (isDrawn ? drawn : undefined)
  const voters = ensemble.members.filter((member) => member.isVoter && isMajority(ensemble.members.filter((other) => other !== member)))
  if (kind === undefined || voters.length === 0) return
  new MajorityCheck(ensemble, options, random, kind, random.pick(voters)).run()
}

function settingsOf({ server }: Member): NonNullable<Member['server']>['settings'] {
  return server!.settings
}

function isMajority(members: readonly Member[]): boolean {
  const [first] = members
  return first !== undefined && new QuorumConfig(settingsOf(first)).containsQuorum(new Set(members.map(({ id }) => BigInt(id))))
}

class MajorityCheck {
  readonly #ensemble: HealedEnsemble
  readonly #options: MajorityOptions
  readonly #random: SeededRandom
  readonly #broken: Member
  readonly #well: readonly Member[]
  readonly #breakage: BrokenMember
  readonly #initLimitMs: number
  /** Each of two that are well may wait for the broken one once, for initLimit, after what it takes to miss a leader. */
  readonly #boundMs: number
  /**
   * Where so few bytes may wait for learners, any leader sends one away whenever some clients write at a time, and takes it again: then the others
   * are served again within the bound each time, and no more is asked.
   */
  readonly #mayCut: boolean

  constructor(ensemble: HealedEnsemble, options: MajorityOptions, random: SeededRandom, kind: BreakageKind, broken: Member) {
    this.#ensemble = ensemble
    this.#options = options
    this.#random = random
    this.#broken = broken
    this.#well = ensemble.members.filter((other) => other !== broken)
    const { tickTime, initLimit, syncLimit } = settingsOf(broken)
    this.#initLimitMs = initLimit * tickTime
    this.#boundMs = 2 * this.#initLimitMs + 2 * syncLimit * tickTime + SLACK_MS
    this.#mayCut = ensemble.members.some((member) => settingsOf(member).learnersCloseBytes < FEW_BYTES)
    this.#breakage = new BrokenMember({
      kind,
      network: options.network,
      random,
      address: broken.machine.address,
      others: this.#well.map(({ machine }) => machine.address),
      settings: settingsOf(broken),
      ports: options.ports,
      process: () => (broken.life?.process.isAlive === true ? broken.life.process : undefined),
    })
  }

  run(): void {
    const { world, clients } = this.#ensemble
    clients.calm(PAUSE_MS)
    world.journal.note(`server ${this.#broken.id} is broken: ${this.#breakage.name}`)
    this.#options.spoil({ member: this.#broken, breakage: this.#breakage })
    this.#breakage.begin()
    for (let times = 1 + this.#random.below(2); times > 0; times--) {
      this.#strike()
      this.#checkServed()
    }
    world.journal.note(`server ${this.#broken.id} is well again`)
    this.#options.spoil(undefined)
    this.#breakage.end()
    this.#ensemble.restart(this.#broken)
    clients.add('latecomer')
    checkServed(this.#ensemble, 'the broken one was mended')
  }

  /** Kills some, each of which comes back at a time of its own. */
  #strike(): void {
    const { world, members } = this.#ensemble
    const random = this.#random
    const leader = leaderOf(this.#ensemble)
    const blow = random.pick(['all', 'all', 'leader', 'one'] as const)
    const struck = blow === 'all' ? members : blow === 'leader' && leader !== undefined ? [leader] : [random.pick(members)]
    world.journal.note(`killed: ${struck.map(({ id }) => id).join(', ')}`)
    const before = this.#roles()
    const dying = new Set([...struck, this.#broken])
    let longestMs = 0
    for (const member of dying) {
      const downMs = random.pick([1, 1, 2]) * random.between(0, this.#initLimitMs)
      if (member !== this.#broken) longestMs = Math.max(longestMs, downMs)
      member.life?.process.kill()
      this.#options.beginLater(member, downMs)
    }
    const isNoticed = (): boolean => this.#roles().every((role, index) => role !== before[index])
    if (leader !== undefined && dying.has(leader) && !world.runUntil(isNoticed, this.#boundMs)) this.#fail('its death is not noticed')
    world.run(longestMs)
  }

  #roles(): (Role | undefined)[] {
    return this.#well.map(({ server }) => server?.role)
  }

  #checkServed(): void {
    const { world, clients } = this.#ensemble
    const isServed = (): boolean => this.#roles().every((role) => role?.phase === 'broadcast')
    clients.served.clear()
    // A broken one that leads may do so well enough until it sleeps again; once it is a follower it can depose nobody.
    for (let chances = 2; ; chances--) {
      if (!world.runUntil(isServed, this.#boundMs)) this.#fail(`the others are not served within ${this.#boundMs} ms`)
      // Between two cuts there may be no time for anybody.
      if (!this.#mayCut) clients.served.clear()
      const before = this.#roles()
      const isLeading = this.#broken.server?.role?.kind === 'leading'
      const isLost = (): boolean => this.#roles().some((role, index) => role !== before[index])
      if (!world.runUntil(isLost, this.#boundMs)) break
      if (!this.#mayCut && (!isLeading || chances === 0)) this.#fail('the others are served no more')
      if (chances < 0) break
    }
    if (clients.served.size === 0) this.#fail('no client is answered')
  }

  #fail(what: string): never {
    const states = this.#ensemble.members.map(({ id, server, life }) => {
      return `${id} ${server?.role === undefined ? `looking (${life?.state.kind})` : `${server.role.kind} ${server.role.phase}`}`
    })
    throw new Violation(`server ${this.#broken.id} is broken (${this.#breakage.name}), and ${what}: ${states.join(', ')}`)
  }
}

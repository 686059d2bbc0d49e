/**
 * One seed of an ensemble: three or five voters and sometimes an observer, each on a machine of its own, and clients that
 * go from one to another; through partitions, freezes, disk faults, crashes and restarts to a healed world, with everything
 * checked after every event.
 */
import { startEnsembleServer } from '../quorum/member/ensemble-server.ts'
import type { EnsembleServer } from '../quorum/member/ensemble-server.ts'
import type { BreakageKind, BrokenMember } from './broken-member.ts'
import { areaOf, CrashPoints } from './crash-points.ts'
import { EnsembleChecks } from './ensemble-checks.ts'
import { EnsembleClients } from './ensemble-clients.ts'
import { checkExpiry, checkServed, stopAll } from './ensemble-end.ts'
import type { HealedEnsemble, Member as HealedMember } from './ensemble-end.ts'
import type { Defect } from './ensemble-mutants.ts'
import { drawEnsemblePlan, drawMemberLife, OPERATIONS } from './ensemble-plan.ts'
import type { EnsemblePlan } from './ensemble-plan.ts'
import { tryEnsemble } from './ensemble-trials.ts'
import { troubleEnsemble } from './ensemble-troubles.ts'
import { Inspector } from './inspector.ts'
import { drawJavaTraits, dressAsJava } from './java-dress.ts'
import { Ledger } from './ledger.ts'
import { checkMajority } from './majority-check.ts'
import type { Mortal } from './mortal.ts'
import { outcomeOf } from './outcome.ts'
import type { Account, LifeEnd, Outcome } from './outcome.ts'
import { HEALED } from './plan.ts'
import type { LifePlan } from './plan.ts'
import { ServerLife } from './server-life.ts'
import { SimMachine } from './sim-machine.ts'
import { SimNetwork } from './sim-network.ts'
import { Violation, World } from './world.ts'

export interface EnsembleOptions {
  readonly defect?: Defect | undefined
  /** How one member is broken at the end; by default drawn, if at all. */
  readonly breakage?: BreakageKind | undefined
  /** Called with every line as it happens, what the servers log included. */
  readonly onLine?: ((line: string) => void) | undefined
}

const QUORUM_PORT = 2888
const ELECTION_PORT = 3888
/** Beyond the planned time, while the clients have got too little done. */
const LONGEST_TROUBLE_MS = 15_000
/** Once all is healed, what is left to do is done. */
const LONGEST_WORK_MS = 60_000
/** From a failed write to the server's last word. */
const LONGEST_AGONY_MS = 10_000
/** Of a server whose history cannot be read. */
const NO_DATA = -1n
/** Then one whose disk stays full begins again. */
const BROKEN_DOWN_MS = 700

export function simulateEnsemble(seed: number, options: EnsembleOptions = {}): Outcome {
  const restore = options.defect?.install?.()
  try {
    return outcomeOf(new EnsembleSimulation(seed, options))
  } finally {
    restore?.()
  }
}

interface Member extends HealedMember {
  lives: number
}

class EnsembleSimulation {
  readonly #seed: number
  readonly #options: EnsembleOptions
  readonly #world: World
  readonly #network: SimNetwork
  readonly #plan: EnsemblePlan
  readonly #ledger = new Ledger()
  readonly #members: readonly Member[]
  readonly #checks: EnsembleChecks
  readonly #clients: EnsembleClients
  readonly #ends: LifeEnd[] = []
  readonly #faults: string[] = []
  #isHealed = false
  /** The one that stays broken, while there is one. */
  #broken: { readonly member: HealedMember; readonly breakage: BrokenMember } | undefined

  constructor(seed: number, options: EnsembleOptions) {
    this.#seed = seed
    this.#options = options
    const world = new World(seed)
    this.#world = world
    world.journal.onLine = options.onLine
    this.#network = new SimNetwork(world)
    const plan = drawEnsemblePlan(world.random)
    this.#plan = plan
    const machines = Array.from({ length: plan.electorate.voters + plan.observers }, () => new SimMachine(this.#network))
    const servers = machines.map(({ address }, index) => ({
      sid: index + 1,
      addresses: [{ host: address, quorumPort: QUORUM_PORT, electionPort: ELECTION_PORT }],
      learnerType: index < plan.electorate.voters ? ('participant' as const) : ('observer' as const),
      clientAddress: undefined,
    }))
    this.#members = machines.map((machine, index): Member => {
      const settings = plan.settingsOf(index + 1, servers)
      const inspector = new Inspector(machine, settings, this.#ledger, seed + index)
      const nothing = {
        server: undefined,
        process: undefined,
        turns: 0,
        accepted: 0n,
        current: 0n,
        held: 0n,
        isSettled: true,
        applied: 0n,
        life: undefined,
        lives: 0,
      }
      return { id: index + 1, isVoter: index < plan.electorate.voters, machine, settings, inspector, javaTraits: drawJavaTraits(world.random), ...nothing }
    })
    const hasDigests = this.#members[0].settings.digestEnabled
    this.#checks = new EnsembleChecks({ world, ledger: this.#ledger, members: this.#members, electorate: plan.electorate, seed, hasDigests })
    const ports = this.#members.map(({ machine, settings }) => ({ address: machine.address, port: settings.clientPort! }))
    this.#clients = new EnsembleClients({ network: this.#network, ledger: this.#ledger, servers: ports, plan })
  }

  account(): Account {
    const looks = Array.from({ length: this.#checks.looks }, () => 'all disks')
    const epochs = this.#checks.leaders.size
    return { seed: this.#seed, world: this.#world, ledger: this.#ledger, ends: this.#ends, faults: this.#faults, looks, epochs }
  }

  run(): void {
    const world = this.#world
    const plan = this.#plan
    world.journal.note(`seed ${this.#seed}`)
    world.onEvent = () => this.#checks.checkNow()
    this.#network.quality = plan.quality
    for (const member of this.#members) {
      member.machine.disk.speed = plan.speed
      world.after(world.random.between(0, 300), () => this.#begin(member))
    }
    for (let index = 0; index < plan.clients; index++) this.#clients.add(`client${index}`)
    this.#clients.add('reader', { isReader: true })
    if (this.#members[0].settings.readOnlyModeEnabled) this.#clients.add('onlooker', { isOnlooker: true })
    this.#trouble()
    world.runUntil(() => this.#ledger.answers >= 1.2 * OPERATIONS, plan.troubledMs)
    world.runUntil(() => this.#isWorkDone, LONGEST_TROUBLE_MS)
    this.#heal()
    this.#finishWork()
    this.#checkEnd()
  }

  // Members ---------------------------------------------------------------------------------------------------

  /** Begins a life, whose end is planned unless the world is healed; another follows. */
  #begin(member: Member): void {
    const { world } = member.machine
    if (member.life?.process.isAlive === true) return
    const isMortal = this.#plan.areMortal && !this.#isHealed
    const plan = isMortal ? drawMemberLife(world.random) : undefined
    const { disk } = member.machine
    member.inspector.checkFiles(disk)
    const { defect, onLine } = this.#options
    const life = new ServerLife<EnsembleServer>(member.machine, `server${member.id}.${member.lives++}`, startEnsembleServer, {
      mutation: defect?.disk,
      logLevel: onLine === undefined ? 'error' : 'info',
    })
    member.life = life
    life.process.turnMs = this.#plan.turnMs
    const points = plan === undefined ? undefined : new CrashPoints(plan, (where) => this.#crash(member, life, plan, where))
    disk.onStep = (step, owner) => {
      if (owner !== life.process) return undefined
      const wasFailed = points?.failed !== undefined
      const fault = this.#isHealed ? this.#breakageOf(member)?.faultFor(step) : points?.onStep(step)
      if (!wasFailed && points?.failed !== undefined) this.#onFault(member, life, plan!, points)
      return fault
    }
    disk.onUnreadable = (owner, path) => {
      if (owner !== life.process) return
      life.hasMetSpoiled = true
      this.#faults.push(`EIO on read of a ${areaOf(path)}`)
    }
    this.#network.onSent = (owner) => this.#members.find(({ life: other }) => other?.process === owner) && this.#onSent.get(owner)?.()
    this.#onSent.set(life.process, () => this.#isHealed || points?.onSent())
    life.process.onDeath.push(() => {
      this.#onSent.delete(life.process)
      if (member.life === life) member.server = undefined
    })
    life.start(member.settings, (server) => {
      this.#checks.watch(member, server, life.process)
      dressAsJava(server, member.javaTraits, world.random)
      defect?.server?.(server)
      this.#breakageOf(member)?.spoil(server)
      this.#watchEnd(member, life, plan, points)
    })
    if (plan !== undefined) world.after(plan.longestMs, () => this.#atLast(member, life, plan))
  }

  readonly #onSent = new Map<Mortal, () => unknown>()

  /** A server that gives up must have a reason. */
  #watchEnd(member: Member, life: ServerLife<EnsembleServer>, plan: LifePlan | undefined, points: CrashPoints | undefined): void {
    const { server } = life
    const { world } = member.machine
    const told = server!.onFatal
    server!.onFatal = (error, exitCode) => {
      told(error, exitCode)
      if (this.#breakageOf(member) !== undefined) return world.after(1, () => this.#restartLater(member, life))
      if (points?.failed === undefined && !life.hasMetSpoiled)
        return world.fail(new Violation(`server ${member.id} gives up without a cause: ${error.message}`))
      world.after(1, () => this.#crash(member, life, plan ?? drawMemberLife(world.random), 'after a fault'))
    }
  }

  #breakageOf({ id }: Member): BrokenMember | undefined {
    return this.#broken?.member.id === id ? this.#broken.breakage : undefined
  }

  #restartLater(member: Member, life: ServerLife<EnsembleServer>): void {
    life.process.kill()
    this.#beginLater(member, BROKEN_DOWN_MS)
  }

  #onFault(member: Member, life: ServerLife<EnsembleServer>, plan: LifePlan, { failed }: CrashPoints): void {
    this.#faults.push(`${plan.fault!.fault.code} on ${failed!.step.kind} of a ${failed!.area}`)
    member.machine.world.after(LONGEST_AGONY_MS, () => {
      if (life.process.isAlive && life.state.kind === 'serving' && !this.#isHealed) this.#crash(member, life, plan, 'long after a fault')
    })
  }

  /** The end that comes if none has come before. */
  #atLast(member: Member, life: ServerLife<EnsembleServer>, plan: LifePlan): void {
    if (!life.process.isAlive || this.#isHealed) return
    if (plan.trigger.kind !== 'stop' || life.state.kind !== 'serving') return this.#crash(member, life, plan, 'at some time')
    this.#world.journal.note(`${life.process.name} is told to stop`)
    life.process.deliver(() =>
      life.server!.stop(() => {
        this.#ends.push({ by: 'stop', where: 'when told to' })
        life.process.kill()
        this.#beginLater(member, plan.downMs)
      }),
    )
  }

  #crash(member: Member, life: ServerLife<EnsembleServer>, plan: LifePlan, where: string): void {
    if (!life.process.isAlive) return
    this.#world.journal.note(`${life.process.name} dies ${where}, by ${plan.crash === 'power' ? `a loss of power, ${plan.survival} survives` : 'a signal'}`)
    this.#ends.push({ by: plan.crash, where })
    life.process.kill()
    if (plan.crash === 'power') member.machine.disk.losePower(plan.survival)
    this.#beginLater(member, plan.downMs)
  }

  #beginLater(member: Member, downMs: number): void {
    this.#world.after(downMs, () => this.#begin(member))
  }

  // Trouble ---------------------------------------------------------------------------------------------------

  #trouble(): void {
    const { troubles, troubleIntervalMs } = this.#plan
    const world = this.#world
    if (troubles.length === 0) return
    world.after(world.random.between(0, troubleIntervalMs), () => {
      if (this.#isHealed) return
      const alive = this.#members.filter(({ life }) => life?.process.isAlive === true)
      troubleEnsemble(world.random.pick(troubles), {
        network: this.#network,
        members: alive.map(({ life }) => life!.process),
        leader: alive.find(({ server }) => server?.role?.kind === 'leading')?.life!.process,
        clients: this.#clients.all,
        crash: (owner, how) => {
          const member = this.#members.find(({ life }) => life?.process === owner)
          if (member !== undefined && !this.#isHealed) this.#crash(member, member.life!, { ...drawMemberLife(world.random), ...how }, 'in an outage')
        },
        stallInCall: (owner, ms) => owner.machine.disk.stallNext(owner, ms),
      })
      this.#trouble()
    })
  }

  // The end ---------------------------------------------------------------------------------------------------

  /** From here on nothing bad happens any more. */
  #heal(): void {
    this.#world.journal.note('all is healed')
    this.#isHealed = true
    this.#network.quality = HEALED.quality
    this.#network.heal()
    for (const member of this.#members) {
      member.machine.disk.speed = HEALED.speed
      member.machine.disk.heal()
      const { life } = member
      // One whose disk has failed ends with that, and begins again.
      const hasFailed = life !== undefined && life.state.kind !== 'starting' && life.state.kind !== 'serving'
      // Whoever has repaired a disk starts a server anew that could not read it: it has no vote, and without it there may be no quorum.
      const isSpoilt = life?.hasMetSpoiled === true && (member.server === undefined || member.server.lastZxid === NO_DATA)
      if (life?.process.isAlive === true && (hasFailed || isSpoilt)) life.process.kill()
      if (life?.process.isAlive !== true) this.#begin(member)
      else if (life.state.kind === 'starting') this.#world.after(LONGEST_AGONY_MS, () => this.#beginIfRefused(member))
    }
  }

  /** A start that has met a fault may be refused later. */
  #beginIfRefused(member: Member): void {
    if (member.life?.state.kind !== 'refused') return
    member.life.process.kill()
    this.#begin(member)
  }

  get #isWorkDone(): boolean {
    return this.#ledger.answers >= OPERATIONS
  }

  #finishWork(): void {
    if (!this.#world.runUntil(() => this.#isWorkDone, LONGEST_WORK_MS)) {
      throw new Violation(`all was healed ${LONGEST_WORK_MS} ms ago, and clients have had ${this.#ledger.answers} answers, not ${OPERATIONS}`)
    }
    this.#clients.calm()
  }

  #checkEnd(): void {
    const ensemble: HealedEnsemble = {
      world: this.#world,
      network: this.#network,
      members: this.#members,
      clients: this.#clients,
      checks: this.#checks,
      restart: ({ id }) => this.#restart(this.#members[id - 1]),
    }
    this.#clients.add('newcomer')
    checkServed(ensemble, 'all was healed')
    if (this.#plan.trial !== undefined) {
      tryEnsemble(this.#plan.trial, ensemble)
      checkServed(ensemble, `the trial '${this.#plan.trial}' was over`)
    }
    checkMajority(ensemble, {
      seed: this.#seed,
      network: this.#network,
      ports: { quorum: QUORUM_PORT, election: ELECTION_PORT },
      kind: this.#options.breakage ?? this.#options.defect?.breakage,
      spoil: (broken) => void (this.#broken = broken),
      beginLater: ({ id }, downMs) => this.#beginLater(this.#members[id - 1], downMs),
    })
    checkExpiry(ensemble)
    stopAll(ensemble)
  }

  #restart(member: Member): void {
    this.#world.journal.note(`server ${member.id} is restarted`)
    member.life?.process.kill()
    this.#begin(member)
  }
}

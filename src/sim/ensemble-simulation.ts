/**
 * One seed of an ensemble: three or five voters and sometimes an observer, each on a machine of its own, and clients that
 * go from one to another; through partitions, freezes, disk faults, crashes and restarts to a healed world, with everything
 * checked after every event.
 */
import { startEnsembleServer } from '../quorum/ensemble-server.ts'
import type { EnsembleServer } from '../quorum/ensemble-server.ts'
import type { Settings } from '../server/config/settings.ts'
import { isWrite } from './actions.ts'
import type { Answer } from './actions.ts'
import { CrashPoints } from './crash-points.ts'
import { EnsembleChecks } from './ensemble-checks.ts'
import type { MemberRecord } from './ensemble-checks.ts'
import type { Defect } from './ensemble-mutants.ts'
import { drawEnsemblePlan, drawMemberLife, OPERATIONS } from './ensemble-plan.ts'
import type { EnsemblePlan } from './ensemble-plan.ts'
import { troubleEnsemble } from './ensemble-troubles.ts'
import { Inspector } from './inspector.ts'
import { Ledger } from './ledger.ts'
import { outcomeOf } from './outcome.ts'
import type { Account, LifeEnd, Outcome } from './outcome.ts'
import { HEALED } from './plan.ts'
import type { LifePlan } from './plan.ts'
import { ServerLife } from './server-life.ts'
import { SimClient } from './sim-client.ts'
import type { Asked, ClientObserver } from './sim-client.ts'
import { SimMachine } from './sim-machine.ts'
import { SimNetwork } from './sim-network.ts'
import { SimProcess } from './sim-process.ts'
import { SyncBook } from './sync-book.ts'
import { Workload } from './workload.ts'
import type { WorkloadOptions } from './workload.ts'
import { Violation, World } from './world.ts'

export interface EnsembleOptions {
  readonly defect?: Defect | undefined
  /** Called with every line as it happens, what the servers log included. */
  readonly onLine?: ((line: string) => void) | undefined
}

const QUORUM_PORT = 2888
const ELECTION_PORT = 3888
/** Beyond the planned time, while the clients have got too little done. */
const LONGEST_TROUBLE_MS = 15_000
/** Once all is healed, what is left to do is done. */
const LONGEST_WORK_MS = 60_000
/** Then everybody is served again within this time. */
const LONGEST_RECOVERY_MS = 30_000
/** Then the clients go, and their sessions end. */
const LONGEST_EXPIRY_MS = 30_000
const LONGEST_STOP_MS = 15_000
/** From a failed write to the server's last word. */
const LONGEST_AGONY_MS = 10_000

export function simulateEnsemble(seed: number, options: EnsembleOptions = {}): Outcome {
  const restore = options.defect?.install?.()
  try {
    return outcomeOf(new EnsembleSimulation(seed, options))
  } finally {
    restore?.()
  }
}

interface Member extends MemberRecord {
  readonly machine: SimMachine
  readonly settings: Settings
  life: ServerLife<EnsembleServer> | undefined
  lives: number
}

class EnsembleSimulation implements ClientObserver {
  readonly #seed: number
  readonly #options: EnsembleOptions
  readonly #world: World
  readonly #network: SimNetwork
  readonly #plan: EnsemblePlan
  readonly #ledger = new Ledger()
  readonly #syncs = new SyncBook()
  readonly #members: readonly Member[]
  readonly #checks: EnsembleChecks
  readonly #clients: SimClient[] = []
  readonly #workloads = new Map<SimClient, Workload>()
  readonly #ends: LifeEnd[] = []
  readonly #faults: string[] = []
  #isHealed = false
  /** Clients that were answered a write or a sync since the world was healed. */
  readonly #served = new Set<SimClient>()

  constructor(seed: number, options: EnsembleOptions) {
    this.#seed = seed
    this.#options = options
    const world = new World(seed)
    this.#world = world
    world.journal.onLine = options.onLine
    this.#network = new SimNetwork(world)
    const plan = drawEnsemblePlan(world.random)
    this.#plan = plan
    const machines = Array.from({ length: plan.voters + plan.observers }, () => new SimMachine(this.#network))
    const servers = machines.map(({ address }, index) => ({
      sid: index + 1,
      addresses: [{ host: address, quorumPort: QUORUM_PORT, electionPort: ELECTION_PORT }],
      learnerType: index < plan.voters ? ('participant' as const) : ('observer' as const),
      clientAddress: undefined,
    }))
    this.#members = machines.map((machine, index): Member => {
      const settings = plan.settingsOf(index + 1, servers)
      const inspector = new Inspector(machine, settings, this.#ledger, seed + index)
      const nothing = { server: undefined, process: undefined, turns: 0, accepted: 0n, current: 0n, held: 0n, isSettled: true, applied: 0n, life: undefined, lives: 0 }
      return { id: index + 1, isVoter: index < plan.voters, machine, settings, inspector, ...nothing }
    })
    const hasDigests = this.#members[0]!.settings.digestEnabled
    this.#checks = new EnsembleChecks({ world, ledger: this.#ledger, members: this.#members, seed, hasDigests })
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
    for (let index = 0; index < plan.clients; index++) this.#addClient(`client${index}`)
    this.#addClient('reader', { isReader: true })
    this.#trouble()
    world.runUntil(() => this.#ledger.answers >= 1.2 * OPERATIONS, plan.troubledMs)
    world.runUntil(() => this.#isWorkDone, LONGEST_TROUBLE_MS)
    this.#heal()
    this.#finishWork()
    this.#checkLiveness()
    this.#checkExpiry()
    this.#stopAll()
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
    const points = plan === undefined ? undefined : new CrashPoints(plan, (where) => this.#crash(member, life, plan, where))
    disk.onStep = (step, owner) => {
      if (owner !== life.process) return undefined
      const wasFailed = points?.failed !== undefined
      const fault = this.#isHealed ? undefined : points?.onStep(step)
      if (!wasFailed && points?.failed !== undefined) this.#onFault(member, life, plan!, points)
      return fault
    }
    this.#network.onSent = (owner) => this.#members.find(({ life: other }) => other?.process === owner) && this.#onSent.get(owner)?.()
    this.#onSent.set(life.process, () => this.#isHealed || points?.onSent())
    life.process.onDeath.push(() => {
      this.#onSent.delete(life.process)
      if (member.life === life) member.server = undefined
    })
    life.start(member.settings, (server) => {
      this.#checks.watch(member, server, life.process)
      defect?.server?.(server)
      this.#watchEnd(member, life, plan, points)
    })
    if (plan !== undefined) world.after(plan.longestMs, () => this.#atLast(member, life, plan))
  }

  readonly #onSent = new Map<SimProcess, () => unknown>()

  /** A server that gives up must have a reason. */
  #watchEnd(member: Member, life: ServerLife<EnsembleServer>, plan: LifePlan | undefined, points: CrashPoints | undefined): void {
    const { server } = life
    const { world } = member.machine
    const told = server!.onFatal
    server!.onFatal = (error, exitCode) => {
      told(error, exitCode)
      if (points?.failed === undefined) return world.fail(new Violation(`server ${member.id} gives up without a cause: ${error.message}`))
      world.after(1, () => this.#crash(member, life, plan!, 'after a fault'))
    }
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
        clients: this.#clients,
        crash: (owner, downMs) => {
          const member = this.#members.find(({ life }) => life?.process === owner)
          if (member !== undefined && !this.#isHealed) this.#crash(member, member.life!, { ...drawMemberLife(world.random), downMs }, 'in an outage')
        },
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
      const { life } = member
      // One whose disk has failed ends with that, and begins again.
      if (life?.process.isAlive === true && life.state.kind !== 'starting' && life.state.kind !== 'serving') life.process.kill()
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
    for (const workload of this.#workloads.values()) workload.calm()
  }

  #checkLiveness(): void {
    this.#served.clear()
    this.#addClient('newcomer')
    const world = this.#world
    const isServed = (): boolean => this.#served.size === this.#clients.length && this.#members.every(({ server }) => server?.role?.phase === 'broadcast')
    const comesBack = (): boolean => world.runUntil(isServed, LONGEST_RECOVERY_MS)
    if (!comesBack() && !(this.#restartLeaderThatBars() && comesBack())) {
      const left = this.#clients.filter((client) => !this.#served.has(client)).map(({ name }) => name)
      const states = this.#members.map(({ id, server, life }) => {
        return `${id} ${server?.role === undefined ? `looking (${life?.state.kind})` : `${server.role.kind} ${server.role.phase}`}`
      })
      throw new Violation(`all was healed ${LONGEST_RECOVERY_MS} ms ago; not served: ${left.join(', ') || 'nobody'}; servers: ${states.join(', ')}`)
    }
  }

  /**
   * As an operator would, where the leader's epoch is below one that a voter has promised itself to and whose leader never came to lead: that voter
   * has to wait for the next one. False where it is not that.
   */
  #restartLeaderThatBars(): boolean {
    const leader = this.#members.find(({ server }) => server?.role?.kind === 'leading' && server.role.phase === 'broadcast')
    const isBarred = ({ server }: Member): boolean => server !== undefined && server.epochs.accepted > leader!.server!.epochs.current
    if (leader === undefined || !this.#members.some(isBarred)) return false
    this.#world.journal.note(`server ${leader.id} is restarted`)
    leader.life!.process.kill()
    this.#begin(leader)
    return true
  }

  /** The clients go without a word: their sessions end, with them their ephemerals, and all members are the same. */
  #checkExpiry(): void {
    for (const client of this.#clients) client.vanish()
    const isQuiet = (): boolean =>
      this.#members.every((member) => {
        const { server } = member
        return this.#checks.isUpToDate(member) && server!.sessions.size === 0 && server!.replica.tree.ephemeralCount === 0
      })
    if (!this.#world.runUntil(isQuiet, LONGEST_EXPIRY_MS)) {
      const left = this.#members.map(({ id, server }) => `${id}: ${server?.sessions.size} and ${server?.replica.tree.ephemeralCount}`)
      throw new Violation(`sessions and ephemerals outlive their clients: ${left.join(', ')}`)
    }
    this.#checks.checkEqual()
  }

  #stopAll(): void {
    let stopped = 0
    for (const { life } of this.#members) {
      life!.process.deliver(() =>
        life!.server!.stop(() => {
          stopped++
          life!.process.kill()
        }),
      )
    }
    if (!this.#world.runUntil(() => stopped === this.#members.length, LONGEST_STOP_MS)) throw new Violation('not every server stops')
  }

  // Clients ---------------------------------------------------------------------------------------------------

  #addClient(name: string, options: Partial<WorkloadOptions> = {}): void {
    const { sessionTimeoutMs, depth, pauseMs, dataBytes } = this.#plan
    const timeoutMs = Math.floor(this.#world.random.between(...sessionTimeoutMs))
    const servers = this.#members.map(({ machine, settings }) => ({ address: machine.address, port: settings.clientPort! }))
    const client = new SimClient(new SimProcess(new SimMachine(this.#network), name), servers, timeoutMs, this)
    const workload = new Workload(client, { depth, pauseMs, dataBytes, syncs: 0.15, ...options })
    this.#clients.push(client)
    this.#workloads.set(client, workload)
    client.start()
    workload.start()
  }

  onAsked(client: SimClient, asked: Asked): void {
    this.#ledger.onAsked(client.sessionId, asked)
    this.#syncs.onAsked(client, asked)
  }

  onAnswered(client: SimClient, asked: Asked, zxid: bigint, answer: Answer): void {
    this.#ledger.onAnswered(client.sessionId, asked, zxid, answer)
    this.#syncs.onAnswered(client, asked, zxid, answer)
    const { action } = asked
    if (isWrite(action) || action.kind === 'sync') this.#served.add(client)
    if (action.kind === 'create' && action.mode === 'sequential' && answer.path !== undefined) {
      this.#workloads.get(client)!.onQueued(answer.path)
    }
  }

  onEvent(_client: SimClient, zxid: bigint): void {
    this.#ledger.onSeen(zxid)
  }

  onConnected(): void {
    // Nothing to write down.
  }

  onDisconnected(client: SimClient): void {
    this.#syncs.onDisconnected(client)
  }
}

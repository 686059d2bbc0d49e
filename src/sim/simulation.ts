/**
 * One seed: a server on one machine and its clients, through crashes, faults and restarts to a healed world, with
 * everything checked on the way. What a client was told must still be true whatever happened after it.
 */
import { startStandalone } from '../server/standalone.ts'
import type { StandaloneServer } from '../server/standalone.ts'
import { isUnfinished } from '../server/storage/file-names.ts'
import { ExitCode } from '../server/storage/storage-errors.ts'
import { isWrite } from './actions.ts'
import type { Answer } from './actions.ts'
import { CrashPoints, placeOf } from './crash-points.ts'
import { Inspector } from './inspector.ts'
import { Ledger } from './ledger.ts'
import { outcomeOf } from './outcome.ts'
import type { Account, LifeEnd, Outcome } from './outcome.ts'
import { drawPlan, HEALED } from './plan.ts'
import type { LifePlan, Plan } from './plan.ts'
import { ServerChecks } from './server-checks.ts'
import { ServerLife } from './server-life.ts'
import type { LifeOptions, Mutation } from './server-life.ts'
import { SimClient } from './sim-client.ts'
import type { Asked, ClientObserver } from './sim-client.ts'
import { SimMachine } from './sim-machine.ts'
import { baseName } from './sim-names.ts'
import { SimNetwork } from './sim-network.ts'
import { SimProcess } from './sim-process.ts'
import { makeTrouble } from './troubles.ts'
import { Workload } from './workload.ts'
import { Violation, World } from './world.ts'

export interface SimulationOptions {
  readonly mutation?: Mutation
  /** Called with every line as it happens, what the server logs included. */
  readonly onLine?: (line: string) => void
}

const LONGEST_START_MS = 60_000
/** From a failed write to the server's last word, slow disks and frozen processes included. */
const LONGEST_AGONY_MS = 10_000
/** Once all is healed, everybody is served again within this time. */
const LONGEST_RECOVERY_MS = 15_000
const LONGEST_EXPIRY_MS = 15_000
const LONGEST_STOP_MS = 15_000

export function simulate(seed: number, options: SimulationOptions = {}): Outcome {
  return outcomeOf(new Simulation(seed, options))
}

class Simulation implements ClientObserver {
  readonly #seed: number
  readonly #world: World
  readonly #network: SimNetwork
  readonly #plan: Plan
  readonly #machine: SimMachine
  readonly #options: LifeOptions
  readonly #ledger = new Ledger()
  readonly #inspector: Inspector
  readonly #checks: ServerChecks
  readonly #clients: SimClient[] = []
  readonly #workloads = new Map<SimClient, Workload>()
  readonly #ends: LifeEnd[] = []
  readonly #faults: string[] = []
  #life: ServerLife<StandaloneServer> | undefined
  #lives = 0
  #isHealed = false
  /** Clients that were answered a write since the world was healed. */
  readonly #served = new Set<SimClient>()

  constructor(seed: number, { mutation, onLine }: SimulationOptions) {
    this.#seed = seed
    this.#world = new World(seed)
    this.#world.journal.onLine = onLine
    this.#network = new SimNetwork(this.#world)
    this.#plan = drawPlan(this.#world.random)
    this.#machine = new SimMachine(this.#network)
    this.#options = { mutation, logLevel: onLine === undefined ? 'error' : 'info' }
    this.#inspector = new Inspector(this.#machine, this.#plan.settings, this.#ledger, seed)
    this.#checks = new ServerChecks(this.#ledger, this.#inspector, this.#machine.disk)
  }

  account(): Account {
    return { seed: this.#seed, world: this.#world, ledger: this.#ledger, ends: this.#ends, faults: this.#faults, looks: this.#inspector.looks }
  }

  run(): void {
    this.#world.journal.note(`seed ${this.#seed}`)
    this.#machine.disk.speed = this.#plan.speed
    this.#network.quality = this.#plan.quality
    this.#world.onEvent = () => {
      if (this.#life?.process.isAlive === true && this.#life.server !== undefined) this.#checks.checkNow(this.#life.server)
    }
    for (let index = 0; index < this.#plan.clients; index++) this.#addClient(`client${index}`)
    const troubled = () => ({ network: this.#network, server: this.#life?.process, clients: this.#clients })
    makeTrouble(this.#plan.troubles, troubled, () => this.#isHealed)
    for (const life of this.#plan.lives) this.#live(life)
    this.#heal()
    this.#checkLiveness()
    this.#checkExpiry()
    this.#checkCleanRestart()
  }

  // Lives -----------------------------------------------------------------------------------------------------

  #live(plan: LifePlan): void {
    const { world } = this.#machine
    const points = new CrashPoints(plan, (where) => this.#crash(plan, where))
    const life = this.#boot(points)
    const isOver = (): boolean => !life.process.isAlive || life.state.kind === 'refused' || life.state.kind === 'fatal' || points.failed !== undefined
    world.runUntil(() => isOver() || life.state.kind === 'serving', LONGEST_START_MS)
    if (!isOver() && life.state.kind === 'starting') throw new Violation('the server does not start and does not say why')
    world.runUntil(isOver, plan.longestMs)
    if (!isOver() && plan.trigger.kind === 'stop') this.#stop(life)
    if (points.failed !== undefined && life.process.isAlive) this.#endByFault(life, plan, points)
    else if (life.process.isAlive && life.state.kind !== 'serving') throw unexpectedEnd(life)
    if (life.process.isAlive) this.#crash(plan, 'at some time')
    world.run(plan.downMs)
  }

  /** Its end and its faults come where the points say, if there are any. */
  #boot(points?: CrashPoints): ServerLife<StandaloneServer> {
    const { disk } = this.#machine
    const inspector = this.#inspector
    inspector.checkFiles(disk)
    inspector.onNewLife()
    const life = new ServerLife(this.#machine, `server${this.#lives++}`, startStandalone, this.#options)
    this.#life = life
    disk.onStep = (step, owner) => {
      if (owner !== life.process) return undefined
      inspector.onStep(disk, placeOf(step), `, ${baseName(step.path)}`)
      return points?.onStep(step)
    }
    this.#network.onSent = (owner) => {
      if (owner !== life.process) return
      inspector.onStep(disk, 'after an answer')
      points?.onSent()
    }
    life.start(this.#plan.settings, (server) => this.#checks.onServing(server))
    return life
  }

  #crash(plan: LifePlan, where: string): void {
    const life = this.#life!
    if (!life.process.isAlive) return
    this.#world.journal.note(`${life.process.name} dies ${where}, by ${plan.crash === 'power' ? `a loss of power, ${plan.survival} survives` : 'a signal'}`)
    this.#ends.push({ by: plan.crash, where })
    life.process.kill()
    if (plan.crash === 'power') this.#machine.disk.losePower(plan.survival)
  }

  #stop(life: ServerLife<StandaloneServer>): void {
    const { server } = life
    let isStopped = false
    this.#world.journal.note(`${life.process.name} is told to stop`)
    life.process.deliver(() => server!.stop(() => (isStopped = true)))
    this.#world.runUntil(() => isStopped || !life.process.isAlive || life.state.kind === 'fatal', LONGEST_STOP_MS)
    if (!life.process.isAlive || life.state.kind === 'fatal') return
    if (!isStopped) throw new Violation('the server does not stop')
    this.#ends.push({ by: 'stop', where: 'when told to' })
    life.process.kill()
  }

  /** The disk has failed: the server says so and ends, with the exit code that belongs to it. */
  #endByFault(life: ServerLife<StandaloneServer>, plan: LifePlan, points: CrashPoints): void {
    const { world } = this.#machine
    const { step, area } = points.failed!
    const what = `${plan.fault!.fault.code} on ${step.kind} of a ${area}`
    this.#faults.push(what)
    world.runUntil(() => !life.process.isAlive || life.state.kind === 'fatal' || life.state.kind === 'refused', LONGEST_AGONY_MS)
    if (!life.process.isAlive) return
    // A start also syncs what it has found, without which it is no start.
    const isTaking = area === 'snapshot' && (step.kind !== 'sync' || isUnfinished(baseName(step.path)))
    const expected = isTaking ? ExitCode.ERROR_TAKING_SNAPSHOT : ExitCode.UNEXPECTED_ERROR
    const allowed = plan.fault!.isLasting ? [ExitCode.UNEXPECTED_ERROR, ExitCode.ERROR_TAKING_SNAPSHOT] : [expected]
    const { state } = life
    if (state.kind !== 'fatal' && state.kind !== 'refused') throw new Violation(`nobody was told of ${what}`)
    const exitCode = state.kind === 'fatal' ? state.exitCode : (state.error.exitCode ?? ExitCode.UNEXPECTED_ERROR)
    if (!(allowed as number[]).includes(exitCode)) throw new Violation(`exit code ${exitCode} for ${what}`)
    const lastWords = state.kind === 'fatal' ? life.lastLine : state.error.message
    if (!lastWords.includes(plan.fault!.fault.code)) throw new Violation(`the last words do not speak of ${what}: ${lastWords}`)
    // The last lines of the log take a moment.
    world.runUntil(() => !life.process.isAlive, world.random.between(0, 50))
    this.#crash(plan, 'after a fault')
  }

  // The end ---------------------------------------------------------------------------------------------------

  #heal(): void {
    const { world, disk } = this.#machine
    world.journal.note('all is healed')
    disk.speed = HEALED.speed
    this.#network.quality = HEALED.quality
    const life = this.#boot()
    world.runUntil(() => life.state.kind !== 'starting', LONGEST_START_MS)
    if (life.state.kind !== 'serving') throw unexpectedEnd(life)
    this.#isHealed = true
  }

  #checkLiveness(): void {
    this.#served.clear()
    this.#addClient('newcomer')
    if (!this.#world.runUntil(() => this.#served.size === this.#clients.length, LONGEST_RECOVERY_MS)) {
      const left = this.#clients.filter((client) => !this.#served.has(client)).map(({ name }) => name)
      throw new Violation(`all was healed ${LONGEST_RECOVERY_MS} ms ago, and nobody has served ${left.join(', ')}`)
    }
  }

  /** The clients go without a word: their sessions end, and with them their ephemerals. */
  #checkExpiry(): void {
    for (const client of this.#clients) client.vanish()
    const server = this.#life!.server!
    const isQuiet = (): boolean => server.sessions.size === 0 && server.replica.tree.ephemeralCount === 0
    if (!this.#world.runUntil(isQuiet, LONGEST_EXPIRY_MS)) {
      throw new Violation(`${server.sessions.size} sessions and ${server.replica.tree.ephemeralCount} ephemerals outlive their clients`)
    }
    this.#checks.checkTree(server)
  }

  #checkCleanRestart(): void {
    this.#stop(this.#life!)
    const life = this.#boot()
    this.#world.runUntil(() => life.state.kind !== 'starting', LONGEST_START_MS)
    if (life.state.kind !== 'serving') throw unexpectedEnd(life)
    this.#stop(life)
  }

  // Clients ---------------------------------------------------------------------------------------------------

  #addClient(name: string): void {
    const { settings, sessionTimeoutMs, depth, pauseMs, dataBytes } = this.#plan
    const timeoutMs = Math.floor(this.#world.random.between(...sessionTimeoutMs))
    const servers = [{ address: this.#machine.address, port: settings.clientPort! }]
    const client = new SimClient(new SimProcess(new SimMachine(this.#network), name), servers, timeoutMs, this)
    const workload = new Workload(client, { depth, pauseMs, dataBytes })
    this.#clients.push(client)
    this.#workloads.set(client, workload)
    client.start()
    workload.start()
  }

  onAsked(client: SimClient, asked: Asked): void {
    this.#ledger.onAsked(client.sessionId, asked)
  }

  onAnswered(client: SimClient, asked: Asked, zxid: bigint, answer: Answer): void {
    this.#ledger.onAnswered(client.sessionId, asked, zxid, answer)
    const { action } = asked
    if (isWrite(action)) this.#served.add(client)
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

  onDisconnected(): void {
    // The ledger finds out from the txns what became of what was asked.
  }
}

function unexpectedEnd({ state }: Pick<ServerLife<StandaloneServer>, 'state'>): Violation {
  const reason = state.kind === 'fatal' || state.kind === 'refused' ? state.error.message : state.kind
  return new Violation(`the server gives up without a cause: ${reason}`)
}

/**
 * One seed: a server on one machine and its clients, through crashes, faults and restarts to a healed world, with
 * everything checked on the way. What a client was told must still be true whatever happened after it.
 */
import { JuteReader } from '../jute/reader.ts'
import type { Replica } from '../server/replica.ts'
import { decodeTxn } from '../server/request/txn-codec.ts'
import type { StandaloneServer } from '../server/standalone.ts'
import { dataDirs } from '../server/storage/data-dirs.ts'
import type { DataDirs } from '../server/storage/data-dirs.ts'
import { isUnfinished } from '../server/storage/file-names.ts'
import { ExitCode } from '../server/storage/storage-errors.ts'
import { TxnLogReader } from '../server/storage/txn-log-reader.ts'
import { isWrite } from './actions.ts'
import type { Answer } from './actions.ts'
import { CrashPoints } from './crash-points.ts'
import { Ledger } from './ledger.ts'
import { drawPlan } from './plan.ts'
import type { LifePlan, Plan } from './plan.ts'
import { ServerLife } from './server-life.ts'
import type { Machine, Mutation } from './server-life.ts'
import { SimClient } from './sim-client.ts'
import type { Asked, ClientObserver } from './sim-client.ts'
import { SimDisk } from './sim-disk.ts'
import { SimNetwork } from './sim-network.ts'
import { baseName } from './sim-names.ts'
import { SimProcess } from './sim-process.ts'
import { checkSurvivingFiles } from './surviving-files.ts'
import { compareWithLedger, difference, replicaText } from './tree-text.ts'
import { makeTrouble } from './troubles.ts'
import { Workload } from './workload.ts'
import { Violation, World } from './world.ts'

export interface SimulationOptions {
  readonly mutation?: Mutation
  /** Called with every line as it happens, what the server logs included. */
  readonly onLine?: (line: string) => void
}

export interface Outcome {
  readonly seed: number
  readonly failure: Error | undefined
  /** The last events, oldest first. */
  readonly events: readonly string[]
  /** Equal for two runs of one seed. */
  readonly hash: string
  readonly txns: number
  readonly acknowledged: number
  readonly virtualMs: number
  /** Where lives ended, and which disk faults there were. */
  readonly crashes: readonly string[]
  readonly faults: readonly string[]
}

const LONGEST_START_MS = 60_000
/** From a failed write to the server's last word, slow disks and frozen processes included. */
const LONGEST_AGONY_MS = 10_000
/** Once all is healed, everybody is served again within this time. */
const LONGEST_RECOVERY_MS = 15_000
const LONGEST_EXPIRY_MS = 15_000
const LONGEST_STOP_MS = 15_000
const MAX_LENGTH = 8 << 20

export function simulate(seed: number, options: SimulationOptions = {}): Outcome {
  const simulation = new Simulation(seed, options)
  let failure: Error | undefined
  try {
    simulation.run()
  } catch (error) {
    failure = error as Error
  }
  return simulation.outcome(failure)
}

class Simulation implements ClientObserver {
  readonly #seed: number
  readonly #world: World
  readonly #plan: Plan
  readonly #machine: Machine
  readonly #dirs: DataDirs
  readonly #ledger = new Ledger()
  readonly #clients: SimClient[] = []
  readonly #workloads = new Map<SimClient, Workload>()
  readonly #crashes: string[] = []
  readonly #faults: string[] = []
  #life: ServerLife | undefined
  #lives = 0
  /** The memory of the last server that served, with all it had applied. */
  #remembered: Replica | undefined
  #isHealed = false
  /** Clients that were answered a write since the world was healed. */
  readonly #served = new Set<SimClient>()

  constructor(seed: number, { mutation, onLine }: SimulationOptions) {
    this.#seed = seed
    const world = new World(seed)
    this.#world = world
    world.journal.onLine = onLine
    this.#plan = drawPlan(world.random)
    const logLevel = onLine === undefined ? 'error' : 'info'
    this.#machine = { world, disk: new SimDisk(world), network: new SimNetwork(world), mutation, logLevel, wallOffsetMs: 0 }
    this.#dirs = dataDirs(this.#plan.settings.dataDir, this.#plan.settings.dataLogDir)
  }

  outcome(failure: Error | undefined): Outcome {
    const { journal, now } = this.#world
    return {
      seed: this.#seed,
      failure,
      events: journal.last(),
      hash: journal.hash,
      txns: this.#ledger.txnCount,
      acknowledged: this.#ledger.acknowledged,
      virtualMs: now,
      crashes: this.#crashes,
      faults: this.#faults,
    }
  }

  run(): void {
    const { world, disk, network } = this.#machine
    world.journal.note(`seed ${this.#seed}`)
    disk.speed = this.#plan.speed
    network.quality = this.#plan.quality
    for (let index = 0; index < this.#plan.clients; index++) this.#addClient(`client${index}`)
    const troubled = () => ({ world, network, server: this.#life?.process, clients: this.#clients })
    makeTrouble(this.#plan.troubles, troubled, () => this.#isHealed)
    for (const life of this.#plan.lives) this.#live(life)
    this.#heal()
    this.#checkLiveness()
    this.#checkExpiry()
    this.#checkCleanRestart()
  }

  // Lives -----------------------------------------------------------------------------------------------------

  #live(plan: LifePlan): void {
    const { world, disk, network } = this.#machine
    const points = new CrashPoints(plan, (where) => this.#crash(plan, where))
    disk.onStep = (step, owner) => (owner === this.#life?.process ? points.onStep(step) : undefined)
    network.onSent = (owner) => {
      if (owner === this.#life?.process) points.onSent()
    }
    const life = this.#boot()
    const isOver = (): boolean => !life.process.isAlive || life.state.kind === 'refused' || life.state.kind === 'fatal' || points.failed !== undefined
    world.runUntil(() => isOver() || life.state.kind === 'serving', LONGEST_START_MS)
    if (!isOver() && life.state.kind === 'starting') throw new Violation('the server does not start and does not say why')
    world.runUntil(isOver, plan.longestMs)
    if (!isOver() && plan.trigger.kind === 'stop') this.#stop(life)
    if (points.failed !== undefined && life.process.isAlive) this.#endByFault(life, plan, points)
    else if (life.process.isAlive && life.state.kind !== 'serving') throw unexpectedEnd(life)
    if (life.process.isAlive) this.#crash(plan, 'at some time')
    disk.onStep = () => undefined
    network.onSent = () => undefined
    this.#checkMetrics(life)
    world.run(plan.downMs)
  }

  #boot(): ServerLife {
    const inspector = new SimProcess(this.#world, 'inspector')
    // Without syncs a rename may come before the bytes: then nothing is promised but what a process leaves.
    checkSurvivingFiles(this.#machine.disk.mount(inspector), this.#dirs)
    inspector.kill()
    const life = new ServerLife(this.#machine, `server${this.#lives++}`)
    this.#life = life
    life.start(this.#plan.settings, (server) => this.#onServing(server))
    return life
  }

  #crash(plan: LifePlan, where: string): void {
    const life = this.#life!
    if (!life.process.isAlive) return
    this.#world.journal.note(`${life.process.name} dies ${where}, by ${plan.crash === 'power' ? `a loss of power, ${plan.survival} survives` : 'a signal'}`)
    this.#crashes.push(`${plan.crash} ${where}`)
    life.process.kill()
    if (plan.crash === 'power') this.#machine.disk.losePower(plan.survival)
  }

  #stop(life: ServerLife): void {
    const { server } = life
    let isStopped = false
    this.#world.journal.note(`${life.process.name} is told to stop`)
    life.process.deliver(() => server!.stop(() => (isStopped = true)))
    this.#world.runUntil(() => isStopped || !life.process.isAlive || life.state.kind === 'fatal', LONGEST_STOP_MS)
    if (!life.process.isAlive || life.state.kind === 'fatal') return
    if (!isStopped) throw new Violation('the server does not stop')
    this.#crashes.push('stopped')
    life.process.kill()
  }

  /** The disk has failed: the server says so and ends, with the exit code that belongs to it. */
  #endByFault(life: ServerLife, plan: LifePlan, points: CrashPoints): void {
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
    // The last lines of the log take a moment.
    world.runUntil(() => !life.process.isAlive, world.random.between(0, 50))
    this.#crash(plan, 'after a fault')
  }

  // What a restart must have brought back ---------------------------------------------------------------------

  #onServing(server: StandaloneServer): void {
    const { replica } = server
    this.#readTail(replica.lastProcessedZxid)
    if (this.#remembered !== undefined) this.#compareWithMemory(this.#remembered, replica)
    compareWithLedger(replica, this.#ledger)
    this.#remembered = replica
    const apply = replica.apply.bind(replica)
    replica.apply = (txn) => {
      const result = apply(txn)
      this.#ledger.onTxn(txn)
      return result
    }
  }

  /** Txns that were logged and not applied when the server died: nobody was told of them, and they hold all the same. */
  #readTail(recovered: bigint): void {
    const ledger = this.#ledger
    if (recovered < ledger.lastSeen) throw new Violation(`clients have seen zxid ${ledger.lastSeen}, the restart has brought back ${recovered}`)
    if (recovered < ledger.lastApplied) throw new Violation(`zxid ${ledger.lastApplied} was applied, the restart has brought back ${recovered}`)
    const inspector = new SimProcess(this.#world, 'inspector')
    const disk = this.#machine.disk.mount(inspector)
    const reader = new TxnLogReader(disk, this.#dirs.logDirectory, ledger.lastApplied + 1n, { maxLength: MAX_LENGTH })
    while (reader.next()) {
      const txn = decodeTxn(Uint8Array.from(reader.payload), new JuteReader({ maxLength: MAX_LENGTH }))
      ledger.onTxn(txn)
      this.#remembered?.apply(txn)
    }
    reader.close()
    inspector.kill()
    if (recovered !== ledger.lastApplied) throw new Violation(`the log ends at zxid ${ledger.lastApplied}, the restart has brought back ${recovered}`)
  }

  #compareWithMemory(remembered: Replica, recovered: Replica): void {
    const [expected, found] = [replicaText(remembered), replicaText(recovered)]
    if (expected === found) return
    throw new Violation(`the restart has brought back another state than there was:\n${difference(expected, found)}`)
  }

  #checkMetrics({ server }: ServerLife): void {
    const mismatches = server?.metrics.digestMismatchesCount.value ?? 0
    if (mismatches > 0) throw new Violation(`${mismatches} digests did not match`)
  }

  // The end ---------------------------------------------------------------------------------------------------

  #heal(): void {
    const { world, disk, network } = this.#machine
    world.journal.note('all is healed')
    disk.speed = { writeMs: 0.2, syncMs: 1, slowSyncChance: 0, slowSyncMs: 0 }
    network.quality = { latencyMs: 0.5, stallChance: 0, stallMs: 0, splitChance: 0, windowBytes: 65_536 }
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
    compareWithLedger(server.replica, this.#ledger)
  }

  #checkCleanRestart(): void {
    this.#stop(this.#life!)
    this.#checkMetrics(this.#life!)
    const life = this.#boot()
    this.#world.runUntil(() => life.state.kind !== 'starting', LONGEST_START_MS)
    if (life.state.kind !== 'serving') throw unexpectedEnd(life)
    this.#stop(life)
    this.#checkMetrics(life)
  }

  // Clients ---------------------------------------------------------------------------------------------------

  #addClient(name: string): void {
    const { world, network } = this.#machine
    const { settings, sessionTimeoutMs, depth, pauseMs, dataBytes } = this.#plan
    const timeoutMs = world.random.between(...sessionTimeoutMs)
    const client = new SimClient(new SimProcess(world, name), network, settings.clientPort!, Math.floor(timeoutMs), this)
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

function unexpectedEnd({ state }: ServerLife): Violation {
  const reason = state.kind === 'fatal' || state.kind === 'refused' ? state.error.message : state.kind
  return new Violation(`the server gives up without a cause: ${reason}`)
}


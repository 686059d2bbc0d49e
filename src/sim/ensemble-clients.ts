/** The clients of an ensemble: what each of them does all day, who was served since all is well, and what they were told. */
import { Code } from '../protocol/codes.ts'
import { describe, isWrite } from './actions.ts'
import type { Answer } from './actions.ts'
import type { Ledger } from './ledger.ts'
import type { WorldPlan } from './plan.ts'
import { SimClient } from './sim-client.ts'
import type { Asked, ClientObserver, ServerAddress } from './sim-client.ts'
import { SimMachine } from './sim-machine.ts'
import type { SimNetwork } from './sim-network.ts'
import { SimProcess } from './sim-process.ts'
import { SyncBook } from './sync-book.ts'
import { Workload } from './workload.ts'
import type { WorkloadOptions } from './workload.ts'
import { Violation } from './world.ts'

export interface EnsembleClientsOptions {
  readonly network: SimNetwork
  readonly ledger: Ledger
  readonly servers: readonly ServerAddress[]
  readonly plan: WorldPlan
}

interface ClientKind {
  /** Takes a member that only serves reads, too. */
  readonly isOnlooker?: boolean
  /** Of its sessions; drawn when undefined. */
  readonly timeoutMs?: number
}

export class EnsembleClients implements ClientObserver {
  readonly all: SimClient[] = []
  /** Those that were answered a write or a sync since it was emptied. */
  readonly served = new Set<SimClient>()
  /** Answers of servers without a quorum. */
  toldAlone = 0
  readonly #options: EnsembleClientsOptions
  readonly #syncs = new SyncBook()
  readonly #workloads = new Map<SimClient, Workload>()

  constructor(options: EnsembleClientsOptions) {
    this.#options = options
  }

  add(name: string, { isOnlooker = false, timeoutMs, ...options }: Partial<WorkloadOptions> & ClientKind = {}): void {
    const { network, servers, plan } = this.#options
    const { sessionTimeoutMs, depth, pauseMs, dataBytes } = plan
    const timeout = timeoutMs ?? Math.floor(network.world.random.between(...sessionTimeoutMs))
    const client = new SimClient(new SimProcess(new SimMachine(network), name), servers, timeout, this, isOnlooker)
    const workload = new Workload(client, { depth, pauseMs, dataBytes, syncs: 0.15, ...options })
    this.all.push(client)
    this.#workloads.set(client, workload)
    client.start()
    workload.start()
  }

  /** Asks for little from now on. */
  calm(pauseMs?: number): void {
    for (const workload of this.#workloads.values()) workload.calm(pauseMs)
  }

  /** Asks for nothing while it rests: sessions live on pings alone. */
  rest(isResting: boolean): void {
    for (const workload of this.#workloads.values()) workload.rest(isResting)
  }

  /**
   * A leader has ended a session by itself. It must not while the client is connected and was all the time that a session may be silent, if that is
   * at least `shortestMs`.
   */
  onExpired(session: bigint, shortestMs = 0): void {
    const client = this.all.find(({ sessionId, isConnected, isReadOnly }) => sessionId === session && isConnected && !isReadOnly)
    if (client === undefined || client.negotiatedMs < shortestMs || client.connectedMs <= client.negotiatedMs) return
    throw new Violation(`${client.name} lives and is connected, and its session ${session.toString(16)} is over: all is well`)
  }

  get unserved(): readonly SimClient[] {
    return this.all.filter((client) => !this.served.has(client))
  }

  onAsked(client: SimClient, asked: Asked): void {
    if (client.isReadOnly) return
    this.#options.ledger.onAsked(client.sessionId, asked)
    this.#syncs.onAsked(client, asked)
  }

  onAnswered(client: SimClient, asked: Asked, zxid: bigint, answer: Answer): void {
    if (client.isReadOnly) return this.#onToldAlone(client, asked, answer)
    this.#options.ledger.onAnswered(client.sessionId, asked, zxid, answer)
    this.#syncs.onAnswered(client, asked, zxid, answer)
    const { action } = asked
    if (isWrite(action) || action.kind === 'sync') this.served.add(client)
    if (action.kind === 'create' && action.mode === 'sequential' && answer.path !== undefined) {
      this.#workloads.get(client)!.onQueued(answer.path)
    }
  }

  /** By a server without a quorum: what it says may be old, or come to nothing. */
  #onToldAlone({ name }: SimClient, { action }: Asked, { err }: Answer): void {
    this.toldAlone++
    if (action.kind === 'close') return
    const isRefused = isWrite(action) || action.kind === 'sync'
    if (isRefused !== (err === Code.NOTREADONLY)) throw new Violation(`${name} asks a server without a quorum for ${describe(action)} and gets ${err}`)
  }

  onEvent(client: SimClient, zxid: bigint): void {
    if (client.isReadOnly) return
    this.#options.ledger.onSeen(zxid)
  }

  onConnected(): void {
    // Nothing to write down.
  }

  onDisconnected(client: SimClient): void {
    this.#syncs.onDisconnected(client)
  }
}

/**
 * An ensemble for tests, all in this process: each member has its client port on 127.0.0.1 and its disk in memory, and they
 * talk to each other through a network in memory that can be cut. In the shape that users of Curator's TestingCluster know.
 */
import { pino } from 'pino'
import type { Logger } from 'pino'
import { ZooKeeperServer } from '../embed/zookeeper-server.ts'
// Loaded now, and not in the time of the first test that starts one.
import '../quorum/ensemble-server.ts'
import type { Settings } from '../server/config/settings.ts'
import type { Disk } from '../server/host/host.ts'
import { MemoryNetwork } from '../server/host/memory-network.ts'
import { nodeClock } from '../server/host/node-clock.ts'
import { createNodeHost } from '../server/host/node-host.ts'
import { diskInMemory } from './disk-in-memory.ts'
import { MortalHost } from './mortal-host.ts'

export interface TestEnsembleOptions {
  /** Keeps the data of member N in `<dataDir>/N`. Default: memory. */
  readonly dataDir?: string
  /** Members that do not vote, on top of the voters; their ids come last. */
  readonly observers?: number
  /** The members that run from the beginning; the others wait for `start`. Default: all. */
  readonly running?: readonly number[]
  /** Anything of zoo.cfg, by the names of `Settings`; tickTime is 200 ms, initLimit and syncLimit 10 unless given. */
  readonly settings?: Partial<Settings>
  /** A pino logger, of which each member gets a child; silent by default. */
  readonly log?: Logger
  /** How long the first start, and `leader()`, may take. Default 10,000. */
  readonly timeoutMs?: number
}

export interface TestMember {
  readonly id: number
  readonly port: number
  /** `127.0.0.1:port`. */
  readonly connectString: string
  /** Undefined while it looks for a leader, is paused or does not run. */
  readonly role: 'leader' | 'follower' | 'observer' | undefined
}

export interface TestEnsemble extends AsyncDisposable {
  readonly members: readonly TestMember[]
  /** Of all members, as clients want it. */
  readonly connectString: string
  /** The member that leads and serves and hears a majority of the voters, waited for if there is none. */
  leader(): Promise<TestMember>
  /** Starts a member that does not run; one that was there before has its port and its data again. */
  start(id: number): Promise<void>
  /** Ends the member as `kill -9` would; what it acknowledged stays. */
  kill(id: number): Promise<void>
  /** Stops the member in order. */
  stop(id: number): Promise<void>
  /** Stops the member if it runs, and starts it. */
  restart(id: number): Promise<void>
  /** The member stands still, as after SIGSTOP: its connections stay, and it hears of nothing and does nothing. */
  pause(id: number): void
  /** The member goes on, and finds everything that has come meanwhile. */
  resume(id: number): void
  /** Members of different groups do not hear each other any more; who is in no group hears nobody. */
  partition(...groups: readonly (readonly number[])[]): void
  /** Nothing that `from` says arrives at `to` any more; the other way stays, on the connections that there are. */
  cut(from: number, to: number): void
  /** Everybody hears everybody again, also what was said meanwhile on connections that nobody has given up. */
  heal(): void
  /** Ends the session as if its client had been silent for too long. Resolves when its ephemerals are gone from the leader. */
  expireSession(sessionId: bigint): Promise<void>
  /** Stops all for good. */
  close(): Promise<void>
}

/** Starts `size` voters and waits until a leader serves. */
export async function startTestEnsemble(size = 3, options: TestEnsembleOptions = {}): Promise<TestEnsemble> {
  const ensemble = new Ensemble(size, options)
  try {
    await ensemble.begin()
    return ensemble
  } catch (error) {
    await ensemble.close()
    throw error
  }
}

const QUORUM_PORT = 2888
const ELECTION_PORT = 3888
const HOST_PREFIX = 'member-'

class Ensemble implements TestEnsemble {
  readonly members: readonly Member[]
  readonly #network = new MemoryNetwork(setImmediate)
  readonly #timeoutMs: number
  readonly #voters: readonly Member[]
  readonly #first: readonly number[]
  /** By host; undefined = nobody is apart. */
  #groupOf: ReadonlyMap<string, number> | undefined
  /** `from to to`, by host. */
  readonly #cuts = new Set<string>()

  constructor(size: number, options: TestEnsembleOptions) {
    const ids = Array.from({ length: size + (options.observers ?? 0) }, (_, index) => index + 1)
    const servers = ids.map((sid) => ({
      sid,
      addresses: [{ host: hostOf(sid), quorumPort: QUORUM_PORT, electionPort: ELECTION_PORT }],
      learnerType: sid > size ? ('observer' as const) : ('participant' as const),
      clientAddress: undefined,
    }))
    this.#timeoutMs = options.timeoutMs ?? 10_000
    this.members = ids.map((id) => new Member(id, servers, options, this.#network))
    this.#voters = this.members.slice(0, size)
    this.#first = options.running ?? ids
  }

  get connectString(): string {
    return this.members.map(({ connectString }) => connectString).join(',')
  }

  /** A quorum among those that run is waited for. */
  async begin(): Promise<void> {
    const members = this.#first.map((id) => this.#member(id))
    await Promise.all(members.map((member) => member.start()))
    if (!this.#isMajority(members)) return
    await this.leader()
    await this.#until('every member serves', () => members.every(({ role }) => role !== undefined))
  }

  async leader(): Promise<TestMember> {
    let leader: Member | undefined
    await this.#until('a leader serves', () => {
      leader = this.#voters.find((member) => member.role === 'leader' && this.#isMajority(this.#voters.filter((other) => this.#hear(member, other))))
      return leader !== undefined
    })
    return leader!
  }

  #isMajority(members: readonly Member[]): boolean {
    return members.filter((member) => this.#voters.includes(member)).length > this.#voters.length / 2
  }

  /** Whether each hears the other. */
  #hear(one: Member, other: Member): boolean {
    const hosts = [hostOf(one.id), hostOf(other.id)] as const
    return other.isRunning && !this.#isBlocked(...hosts) && !this.#isBlocked(hosts[1], hosts[0])
  }

  start(id: number): Promise<void> {
    return this.#member(id).start()
  }

  kill(id: number): Promise<void> {
    return this.#member(id).kill()
  }

  stop(id: number): Promise<void> {
    return this.#member(id).stop()
  }

  async restart(id: number): Promise<void> {
    await this.#member(id).stop()
    await this.#member(id).start()
  }

  pause(id: number): void {
    this.#member(id).pause()
  }

  resume(id: number): void {
    this.#member(id).resume()
  }

  partition(...groups: readonly (readonly number[])[]): void {
    this.#groupOf = new Map(groups.flatMap((ids, index) => ids.map((id) => [hostOf(id), index] as const)))
    this.#block()
  }

  cut(from: number, to: number): void {
    this.#cuts.add(`${hostOf(from)} to ${hostOf(to)}`)
    this.#block()
  }

  heal(): void {
    this.#groupOf = undefined
    this.#cuts.clear()
    this.#block()
  }

  #block(): void {
    this.#network.block((from, to) => this.#isBlocked(from, to))
  }

  #isBlocked(from: string, to: string): boolean {
    if (from === to) return false
    const groups = this.#groupOf
    const areApart = groups !== undefined && (groups.get(from) === undefined || groups.get(from) !== groups.get(to))
    return areApart || this.#cuts.has(`${from} to ${to}`)
  }

  async expireSession(sessionId: bigint): Promise<void> {
    const leader = (await this.leader()) as Member
    await leader.server!.expireSession(sessionId)
  }

  async close(): Promise<void> {
    // Nobody waits for a last word that cannot come.
    this.heal()
    await Promise.all(this.members.map((member) => member.stop()))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #member(id: number): Member {
    const member = this.members[id - 1]
    if (member === undefined) throw new Error(`there is no member ${id}`)
    return member
  }

  async #until(what: string, isSo: () => boolean): Promise<void> {
    const deadline = nodeClock.now() + this.#timeoutMs
    while (!isSo()) {
      if (nodeClock.now() > deadline) throw new Error(`${what}: not within ${this.#timeoutMs} ms`)
      await new Promise<void>((resolve) => void nodeClock.after(2, resolve))
    }
  }
}

class Member implements TestMember {
  readonly id: number
  server: ZooKeeperServer | undefined
  readonly #options: TestEnsembleOptions
  readonly #servers: Settings['servers']
  readonly #network: MemoryNetwork
  readonly #disk: Disk | undefined
  #host: MortalHost | undefined
  #port = 0

  constructor(id: number, servers: Settings['servers'], options: TestEnsembleOptions, network: MemoryNetwork) {
    this.id = id
    this.#servers = servers
    this.#options = options
    this.#network = network
    this.#disk = options.dataDir === undefined ? diskInMemory() : undefined
  }

  get port(): number {
    return this.#port
  }

  get connectString(): string {
    return `127.0.0.1:${this.#port}`
  }

  get isRunning(): boolean {
    return this.server !== undefined && this.#host?.isPaused === false
  }

  get role(): TestMember['role'] {
    const role = this.isRunning ? this.server?.role : undefined
    return role === 'standalone' ? undefined : role
  }

  async start(): Promise<void> {
    if (this.#host !== undefined) return
    const { dataDir, settings, log } = this.#options
    const node = createNodeHost({ log: (log ?? pino({ level: 'silent' })).child({ member: this.id }) })
    const isInMemory = (host: string): boolean => host.startsWith(HOST_PREFIX)
    const network = this.#network.hostNamed(hostOf(this.id), isInMemory, node.network)
    const host = new MortalHost({ ...node, network, disk: this.#disk ?? node.disk })
    this.#host = host
    const server = new ZooKeeperServer({
      tickTime: 200,
      initLimit: 10,
      syncLimit: 10,
      maxClientCnxns: 0,
      ...settings,
      distributed: true,
      serverId: this.id,
      servers: this.#servers,
      dataDir: dataDir === undefined ? '/tskeeper' : `${dataDir}/${this.id}`,
      clientPort: this.#port,
      clientPortAddress: '127.0.0.1',
    }, { host })
    try {
      await server.start()
    } catch (error) {
      this.#host = undefined
      throw error
    }
    this.server = server
    this.#port = server.ports.client!
  }

  async kill(): Promise<void> {
    const host = this.#host
    this.server = undefined
    this.#host = undefined
    if (host === undefined) return
    this.#network.kill(hostOf(this.id))
    await new Promise<void>((resolve) => host.die(resolve))
  }

  pause(): void {
    this.#host?.pause()
  }

  resume(): void {
    this.#host?.resume()
  }

  async stop(): Promise<void> {
    const { server } = this
    this.resume()
    this.server = undefined
    this.#host = undefined
    await server?.stop()
  }
}

function hostOf(id: number): string {
  return `${HOST_PREFIX}${id}`
}

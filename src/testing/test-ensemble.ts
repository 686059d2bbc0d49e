/**
 * An ensemble for tests, all in this process: each member has its client port on 127.0.0.1 and its disk in memory, and they
 * talk to each other through a network in memory that can be cut. In the shape that users of Curator's TestingCluster know.
 */
import { pino } from 'pino'
import type { Logger } from 'pino'
import { judge, judgeOptions, listOf, shown, whole } from '../embed/arguments.ts'
import { sessionIdFrom } from '../embed/session-id.ts'
import type { SessionId } from '../embed/session-id.ts'
import { judgeSettings } from '../embed/setting-checks.ts'
import { ZooKeeperServer } from '../embed/zookeeper-server.ts'
// Loaded now, and not in the time of the first test that starts one.
import '../quorum/member/ensemble-server.ts'
import type { Settings } from '../server/config/settings.ts'
import { MemoryNetwork } from '../server/host/memory-network.ts'
import { nodeClock } from '../server/host/node-clock.ts'
import { createNodeHost } from '../server/host/node-host.ts'
import { diskInMemory } from './disk-in-memory.ts'
import { HeldServer } from './held-server.ts'
import type { Candidate } from './held-server.ts'
import { MortalHost } from './mortal-host.ts'
import { reservedForEnsemble, sharedChecks, withoutUndefined } from './test-options.ts'

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

/** Calls about a member are carried out in the order in which they are made, one after the other. After `close` all of them reject, or throw. */
export interface TestEnsemble extends AsyncDisposable {
  readonly members: readonly TestMember[]
  /** Of all members, as clients want it. */
  readonly connectString: string
  /** The member that leads and serves and hears a majority of the voters, waited for if there is none. */
  leader(): Promise<TestMember>
  /** Starts a member; one that was there before has its port and its data again. Does nothing when it runs. */
  start(id: number): Promise<void>
  /** Ends the member as `kill -9` would; what it acknowledged stays. Does nothing when it does not run. */
  kill(id: number): Promise<void>
  /** Stops the member in order. Does nothing when it does not run. */
  stop(id: number): Promise<void>
  /** Stops the member if it runs, and starts it. */
  restart(id: number): Promise<void>
  /** The member stands still, as after SIGSTOP: its connections stay, and it hears of nothing and does nothing. Does nothing when it does not run. */
  pause(id: number): void
  /** The member goes on, and finds everything that has come meanwhile. Does nothing when it is not paused. */
  resume(id: number): void
  /** Members of different groups do not hear each other any more; who is in no group hears nobody. No member is in two. */
  partition(...groups: readonly (readonly number[])[]): void
  /** Nothing that `from` says arrives at `to` any more; the other way stays, on the connections that there are. */
  cut(from: number, to: number): void
  /** Everybody hears everybody again, also what was said meanwhile on connections that nobody has given up. */
  heal(): void
  /**
   * Ends the session as if its client had been silent for too long, and asks the next leader if the one that was asked leads no more. Resolves when
   * its ephemerals are gone from the leader, to true, or to false if there is no such session. Rejects with a TypeError or RangeError for what is no id.
   */
  expireSession(sessionId: SessionId): Promise<boolean>
  /** Stops all for good. May be called again. */
  close(): Promise<void>
}

/**
 * Starts `size` voters, 1 to 255, and waits until a leader serves. Rejects with a TypeError or RangeError that names the argument and its value when one
 * is not what it must be.
 */
export async function startTestEnsemble(size = 3, options: TestEnsembleOptions = {}): Promise<TestEnsemble> {
  judgeArguments(size, options)
  const ensemble = new Ensemble(size, options)
  try {
    await ensemble.begin()
    return ensemble
  } catch (error) {
    await ensemble.close()
    throw error
  }
}

function judgeArguments(size: number, options: TestEnsembleOptions): void {
  judge('size', size, whole(1, MOST_MEMBERS))
  const optionChecks = { ...sharedChecks, observers: whole(0, MOST_MEMBERS - size), timeoutMs: whole(1, 2 ** 31 - 1), running: () => undefined }
  judgeOptions('options', options, optionChecks)
  judgeSettings(options.settings ?? {}, reservedForEnsemble)
  const { running, observers = 0 } = options
  if (running !== undefined) judgeIds('options.running', running, size + observers)
}

function judgeId(name: string, id: unknown, count: number): void {
  if (Number.isInteger(id) && ((id as number) < 1 || (id as number) > count))
    throw new RangeError(`${name}: there is no member ${shown(id)}, members are 1 to ${count}`)
  judge(name, id, whole(1, count))
}

/** A list of members, none of them twice. */
function judgeIds(name: string, ids: unknown, count: number, seen = new Set<number>()): void {
  judge(
    name,
    ids,
    listOf(() => undefined),
  )
  for (const [index, id] of (ids as number[]).entries()) {
    judgeId(`${name}[${index}]`, id, count)
    if (seen.has(id)) throw new RangeError(`${name} must name each member once, got ${id} again`)
    seen.add(id)
  }
}

/** As many as servers of one ensemble can tell apart. */
const MOST_MEMBERS = 255
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
  #closed: Promise<void> | undefined

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
    await Promise.all(members.map(({ held }) => held.start()))
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
    return other.held.isAwake && !this.#isBlocked(...hosts) && !this.#isBlocked(hosts[1], hosts[0])
  }

  async start(id: number): Promise<void> {
    await this.#member(id).held.start()
  }

  async kill(id: number): Promise<void> {
    await this.#member(id).held.kill()
  }

  async stop(id: number): Promise<void> {
    await this.#member(id).held.stop()
  }

  async restart(id: number): Promise<void> {
    await this.#member(id).held.restart()
  }

  pause(id: number): void {
    this.#member(id).held.pause()
  }

  resume(id: number): void {
    this.#member(id).held.resume()
  }

  partition(...groups: readonly (readonly number[])[]): void {
    this.#checkOpen()
    const seen = new Set<number>()
    for (const [index, ids] of groups.entries()) judgeIds(`groups[${index}]`, ids, this.members.length, seen)
    this.#groupOf = new Map(groups.flatMap((ids, index) => ids.map((id) => [hostOf(id), index] as const)))
    this.#block()
  }

  cut(from: number, to: number): void {
    this.#checkOpen()
    judgeId('from', from, this.members.length)
    judgeId('to', to, this.members.length)
    if (from === to) throw new RangeError(`to must be another member than from, got ${to}`)
    this.#cuts.add(`${hostOf(from)} to ${hostOf(to)}`)
    this.#block()
  }

  heal(): void {
    this.#checkOpen()
    this.#heal()
  }

  #heal(): void {
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

  async expireSession(sessionId: SessionId): Promise<boolean> {
    const id = sessionIdFrom(sessionId)
    const deadline = nodeClock.now() + this.#timeoutMs
    let isAskedAgain = false
    for (;;) {
      const leader = (await this.leader()) as Member
      try {
        // Whoever asks after a failure must not be told of its own success: that there is no such session any more.
        return (await leader.held.expireSession(id)) || isAskedAgain
      } catch (error) {
        if (leader.role === 'leader' || this.#isClosed || nodeClock.now() > deadline) throw error
        isAskedAgain = true
      }
    }
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    // Nobody waits for a last word that cannot come.
    this.#heal()
    await Promise.all(this.members.map(({ held }) => held.close()))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  get #isClosed(): boolean {
    return this.#closed !== undefined
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new Error('the test ensemble is closed')
  }

  #member(id: number): Member {
    this.#checkOpen()
    judgeId('id', id, this.members.length)
    return this.members[id - 1]
  }

  async #until(what: string, isSo: () => boolean): Promise<void> {
    const deadline = nodeClock.now() + this.#timeoutMs
    for (;;) {
      this.#checkOpen()
      if (isSo()) return
      if (nodeClock.now() > deadline) throw new Error(`${what}: not within ${this.#timeoutMs} ms`)
      await new Promise<void>((resolve) => void nodeClock.after(2, resolve))
    }
  }
}

class Member implements TestMember {
  readonly id: number
  readonly held: HeldServer

  constructor(id: number, servers: Settings['servers'], options: TestEnsembleOptions, network: MemoryNetwork) {
    this.id = id
    const { dataDir, settings, log = pino({ level: 'silent' }) } = options
    const disk = dataDir === undefined ? diskInMemory() : undefined
    const isInMemory = (host: string): boolean => host.startsWith(HOST_PREFIX)
    const create = (clientPort: number): Candidate => {
      const node = createNodeHost({ log: log.child({ member: id }) })
      const host = new MortalHost({ ...node, network: network.hostNamed(hostOf(id), isInMemory, node.network), disk: disk ?? node.disk })
      const own = { dataDir: dataDir === undefined ? '/tskeeper' : `${dataDir}/${id}`, clientPort, clientPortAddress: '127.0.0.1' }
      const given = { tickTime: 200, initLimit: 10, syncLimit: 10, maxClientCnxns: 0, ...withoutUndefined(settings) }
      return { host, server: new ZooKeeperServer({ ...given, distributed: true, serverId: id, servers, ...own }, { host }) }
    }
    this.held = new HeldServer(`member ${id}`, 0, create, () => network.kill(hostOf(id)))
  }

  get port(): number {
    return this.held.port
  }

  get connectString(): string {
    return `127.0.0.1:${this.port}`
  }

  /** Undefined while it does not run. */
  get server(): ZooKeeperServer | undefined {
    return this.held.server
  }

  get role(): TestMember['role'] {
    const role = this.held.isAwake ? this.server?.role : undefined
    return role === 'standalone' ? undefined : role
  }
}

function hostOf(id: number): string {
  return `${HOST_PREFIX}${id}`
}

/**
 * An ensemble for tests, all in this process: each member has its client port on 127.0.0.1 and its disk in memory, and the members
 * talk to each other through a network in memory that a test can cut. The API resembles Curator's TestingCluster.
 */
import { pino } from 'pino'
import type { Logger } from 'pino'
import { judge, judgeOptions, listOf, shown, whole } from '../embed/arguments.ts'
import { sessionIdFrom } from '../embed/session-id.ts'
import type { SessionId } from '../embed/session-id.ts'
import { judgeSettings } from '../embed/setting-checks.ts'
import { ZooKeeperServer } from '../embed/zookeeper-server.ts'
// Loaded now, so that the first test that starts an ensemble does not wait for it.
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
  /** Undefined while the member looks for a leader, is paused or does not run. */
  readonly role: 'leader' | 'follower' | 'observer' | undefined
}

/** Each member carries out the calls about it one after the other, in their order. After `close` every call but `close` rejects or throws. */
export interface TestEnsemble extends AsyncDisposable {
  readonly members: readonly TestMember[]
  /** `host:port` of all members, for a client. */
  readonly connectString: string
  /** Resolves to the member that leads, serves and hears a majority of the voters, as soon as there is one. */
  leader(): Promise<TestMember>
  /** Starts a member; a member that ran before keeps its port and its data. Does nothing when it runs. */
  start(id: number): Promise<void>
  /** Ends the member as `kill -9` would; the writes that it acknowledged stay. Does nothing when it does not run. */
  kill(id: number): Promise<void>
  /** Stops the member in order. Does nothing when it does not run. */
  stop(id: number): Promise<void>
  /** Stops the member if it runs, and starts it. */
  restart(id: number): Promise<void>
  /** Halts the member, as SIGSTOP does: its connections stay, and it answers no one. Does nothing when it does not run. */
  pause(id: number): void
  /** The member goes on, and handles what has come meanwhile. Does nothing when it is not paused. */
  resume(id: number): void
  /** Members of different groups no longer hear each other; a member in no group hears no other. A member must not be in two groups. */
  partition(...groups: readonly (readonly number[])[]): void
  /** Bytes from `from` no longer arrive at `to`; bytes from `to` still arrive at `from`, on the existing connections. */
  cut(from: number, to: number): void
  /** All members hear each other again, and also receive what was sent meanwhile on connections that both ends kept. */
  heal(): void
  /**
   * Ends the session as if its client had been silent for too long; asks the next leader if this one ceases to lead. Resolves to true when the session's
   * ephemerals are gone from the leader, or to false if there is no such session. Rejects with a TypeError or RangeError if `sessionId` is no session id.
   */
  expireSession(sessionId: SessionId): Promise<boolean>
  /** Stops all members for good. May be called again. */
  close(): Promise<void>
}

/**
 * Starts `size` voters, 1 to 255, and waits until a leader serves. Rejects a wrong argument with a TypeError or RangeError that names the argument and its
 * value.
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

/** Session ids hold a server's id in one byte, so an ensemble of more members could give one id twice. */
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
  /** By host; undefined = no member is apart. */
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

  /** Starts the first members and, if they are a majority, waits until all of them serve. */
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
        // After a failed try, "no such session" may mean that the failed try has ended it: that is a success.
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
    // A member that is cut off would wait for bytes that cannot come.
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

  /** Undefined while the member does not run. */
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

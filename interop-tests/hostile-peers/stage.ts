// Three servers of ours as processes, with clients that never pause and hold their sessions, and what must be true of all of it while somebody else
// talks to the ports between the servers: nobody ends, nobody changes his role, every client goes on over the connection that it has.
import { expect } from 'vitest'
import { Ensemble } from '../ensemble/ensemble.ts'
import type { EnsembleOptions } from '../ensemble/ensemble.ts'
import { HeldSession } from '../ensemble/held-session.ts'
import type { Member } from '../ensemble/member.ts'
import { inUse, megabytes, memoryOf, withMemoryProbe } from '../peers/memory.ts'
import type { Memory } from '../peers/memory.ts'
import { freePort } from '../peers/ports.ts'
import { eventually } from '../peers/processes.ts'

const SESSION_MS = 30_000
const LOAD_LIMIT_MS = 60_000
/** Writes of each client behind a scene, so that it is seen to be served. */
const WRITES_BEHIND = 5
const MEMORY_LIMIT_MS = 60_000
const MAX_LEFT_BYTES = 16 * 1024 * 1024
/** What a member says when it leaves a role and looks for a leader. */
const roleEnd = /LOOKING|(leading|following|observing) is over.*/g

export interface StageOptions extends Partial<EnsembleOptions> {
  /** Ids of the members that get a client; all of them by default. */
  readonly served?: readonly number[]
}

export class Stage {
  readonly ensemble: Ensemble
  readonly clients: readonly HeldSession[]
  readonly #probes: ReadonlyMap<number, number>

  private constructor(ensemble: Ensemble, clients: readonly HeldSession[], probes: ReadonlyMap<number, number>) {
    this.ensemble = ensemble
    this.clients = clients
    this.#probes = probes
  }

  /** Member 3 leads. */
  static async open({ served = [1, 2, 3], ...options }: StageOptions = {}): Promise<Stage> {
    const probes = new Map<number, number>()
    for (const id of [1, 2, 3, 4]) probes.set(id, await freePort())
    const launch: EnsembleOptions['launch'] = ({ id }) => {
      const { nodeFlags, env } = withMemoryProbe(probes.get(id)!)
      return { nodeFlags, env: { ...env, MALLOC_MMAP_THRESHOLD_: String(128 * 1024) } }
    }
    const ensemble = await Ensemble.start({ voters: ['ours', 'ours', 'ours'], launch, ...options })
    const clients = served.map((id) => new HeldSession(`/held-${id}`, [ensemble.member(id).port], 0, SESSION_MS))
    const stage = new Stage(ensemble, clients, probes)
    try {
      await Promise.all(clients.map((client) => client.begin()))
    } catch (error) {
      await stage.end()
      throw error
    }
    return stage
  }

  get leader(): Member {
    return this.ensemble.member(3)
  }

  /** Does what is hostile, and sees that nobody minds. `disturbed`: members whose own link is what is attacked. */
  async undisturbed<T>(scene: () => Promise<T>, disturbed: readonly Member[] = []): Promise<T> {
    const members = this.ensemble.members.filter((member) => !disturbed.includes(member))
    const before = members.map((member) => member.log().length)
    const reconnects = this.clients.map((client) => client.reconnects)
    const result = await scene()
    await this.goesOn()
    expect(members.map((member) => [member.name, member.isRunning])).toEqual(members.map((member) => [member.name, true]))
    const ends = members.map((member, index) => [member.name, member.log().slice(before[index]).match(roleEnd) ?? []])
    expect(ends).toEqual(members.map((member) => [member.name, []]))
    expect(this.clients.map((client) => client.reconnects)).toEqual(reconnects)
    return result
  }

  /** Every client is served. */
  async goesOn(): Promise<void> {
    const written = this.clients.map((client) => client.written)
    await eventually('every client goes on', LOAD_LIMIT_MS, () => {
      for (const { failure } of this.clients) if (failure !== undefined) throw failure
      return this.clients.every((client, index) => client.written >= written[index] + WRITES_BEHIND) ? true : undefined
    })
  }

  async memory(member: Member): Promise<Memory> {
    return await memoryOf(this.#probes.get(member.place.id)!)
  }

  /** Of each member: what it has in use comes down to what it was. */
  async forgets(before: ReadonlyMap<Member, Memory>): Promise<void> {
    for (const [member, memory] of before) {
      let now = memory
      await eventually(`${member.name} forgets`, MEMORY_LIMIT_MS, async () => {
        now = await this.memory(member)
        return inUse(now) - inUse(memory) < MAX_LEFT_BYTES ? true : undefined
      }).catch((error: Error) => {
        throw new Error(`${error.message}: ${megabytes(now)} where there were ${megabytes(memory)}`, { cause: error })
      })
    }
  }

  async memories(): Promise<ReadonlyMap<Member, Memory>> {
    const { members } = this.ensemble
    return new Map(await Promise.all(members.map(async (member) => [member, await this.memory(member)] as const)))
  }

  /** Nothing was lost, applied twice or told wrong, and all members hold the same. */
  async finish(): Promise<void> {
    await Promise.all(this.clients.map((client) => client.end()))
    const { nodes } = await this.ensemble.agree()
    const stats = new Map(nodes.map(({ path, stat }) => [path, stat]))
    for (const client of this.clients) {
      expect(stats.get(`${client.base}/ephemeral`)).toMatchObject({ ephemeralOwner: client.id })
      expect(stats.get(`${client.base}/counter`)!.version).toBe(client.written)
    }
  }

  async end(): Promise<void> {
    for (const client of this.clients) client.drop()
    await this.ensemble.end()
  }
}

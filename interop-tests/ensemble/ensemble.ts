// An ensemble of real processes, and what must be equal on all of its members whenever nothing is under way.
import { expect } from 'vitest'
import { SyncRequest } from '../../src/jute/generated/proto.ts'
import { OpCode } from '../../src/protocol/codes.ts'
import { eventually } from '../peers/processes.ts'
import { observe } from '../storage/observation.ts'
import type { Observation } from '../storage/observation.ts'
import { asked } from '../wire/raw-session.ts'
import { choosePlace, Member } from './member.ts'
import type { Kind, MemberOptions, Place, Ways } from './member.ts'
import { isLeft } from './workload.ts'

const LIMIT_MS = 60_000
const SESSION_MS = 10_000

export interface EnsembleOptions extends Omit<MemberOptions, 'ways'> {
  /** Of the voters 1, 2 …; the last of them leads first. */
  readonly voters: readonly Kind[]
  /** Of the member behind the voters, if there is one. */
  readonly observer?: Kind
  /** Builds the ways between the members, if they are not to be direct. */
  readonly wire?: (places: readonly Place[]) => Promise<Ways>
  /** All start at once, and nobody knows who will lead. */
  readonly together?: boolean
}

export class Ensemble {
  readonly members: readonly Member[]

  private constructor(members: readonly Member[]) {
    this.members = members
  }

  /** Starts all members, a quorum of voters with the highest ids first, so that the last one leads. */
  static async start({ voters, observer, wire, together = false, ...options }: EnsembleOptions): Promise<Ensemble> {
    const kinds = observer === undefined ? voters : [...voters, observer]
    const places: Place[] = []
    for (const index of kinds.keys()) places.push(await choosePlace(index + 1, index >= voters.length))
    const ways = await wire?.(places)
    const members = await Promise.all(places.map((place, index) => Member.prepare(place, kinds[index], places, { ...options, ways })))
    const ensemble = new Ensemble(members)
    try {
      const quorum = Math.floor(voters.length / 2) + 1
      const first = together ? members : members.slice(voters.length - quorum, voters.length)
      await Promise.all(first.map((member) => member.start()))
      await Promise.all(first.map((member) => member.serves()))
      const others = members.filter((member) => !first.includes(member))
      await Promise.all(others.map((member) => member.start()))
      await Promise.all(others.map((member) => member.serves()))
      if (!together) expect((await ensemble.leader()).place.id).toBe(voters.length)
    } catch (error) {
      await ensemble.end()
      throw error
    }
    return ensemble
  }

  member(id: number): Member {
    return this.members[id - 1]
  }

  get running(): Member[] {
    return this.members.filter((member) => member.isRunning)
  }

  async leader(): Promise<Member> {
    return await eventually('there is a leader', LIMIT_MS, async () => {
      for (const member of this.running) if ((await member.mode()) === 'leader') return member
      return undefined
    })
  }

  /** A voter of that kind, or of any, that does not lead. */
  async follower(kind?: Kind): Promise<Member> {
    for (const member of this.running) if ((kind ?? member.kind) === member.kind && (await member.mode()) === 'follower') return member
    throw new Error(`nobody follows${kind === undefined ? '' : ` of ${kind}`}`)
  }

  async allServe(): Promise<void> {
    await Promise.all(this.running.map((member) => member.serves()))
  }

  /**
   * All running members have applied the same txns, hold the same tree, and no digest was found to be another. Nothing may be under way but
   * the end of the sessions that were left to expire, which is waited for. Mismatches that are `known` are not to become more.
   */
  async agree(known: ReadonlyMap<Member, number> = new Map()): Promise<Observation> {
    const members = this.running
    await this.allServe()
    const sessions = await Promise.all(members.map((member) => member.session(SESSION_MS)))
    try {
      const observations = await eventually('all have the same last zxid, and no session that was left', LIMIT_MS, async () => {
        for (const session of sessions) await session.ask(asked(OpCode.sync, SyncRequest, { path: '/' }))
        const before = await zxids(members)
        const settled = await Promise.allSettled(members.map((member, index) => observe(member.port, sessions[index])))
        const after = await zxids(members)
        if (new Set([...before, ...after]).size !== 1) return undefined
        const seen = settled.map((one) => {
          if (one.status === 'rejected') throw one.reason as Error
          return one.value
        })
        const isQuiet = !seen.some(({ nodes }) => nodes.some(({ path }) => isLeft(path)))
        return isQuiet ? seen : undefined
      })
      const [first, ...others] = observations as [Observation, ...Observation[]]
      for (const other of others) expect(withoutConfig(other)).toEqual(withoutConfig(first))
      for (const member of members) expect([member.name, (await member.digestMismatches()) ?? 0]).toEqual([member.name, known.get(member) ?? 0])
      return first
    } finally {
      for (const session of sessions) await session.close()
    }
  }

  async end(): Promise<void> {
    await Promise.all(this.members.map((member) => member.kill()))
  }
}

async function zxids(members: readonly Member[]): Promise<(string | undefined)[]> {
  return await Promise.all(members.map((member) => member.zxid()))
}

/** The text of the configuration is each server's own, not the product of txns. */
function withoutConfig({ nodes, lastZxid }: Observation): unknown {
  return { lastZxid, nodes: nodes.filter(({ path }) => path !== '/zookeeper/config') }
}

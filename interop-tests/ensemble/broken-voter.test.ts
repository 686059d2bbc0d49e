// Three voters as processes of their own, one of them broken for ever in one single way: the two that are well come to serve, and go on.
// What a Java server does in the same place stands beside it.
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { needPeer } from '../peers/peers.ts'
import { freePort } from '../peers/ports.ts'
import { eventually } from '../peers/processes.ts'
import { choosePlace, Member } from './member.ts'
import type { Kind, MemberOptions, Place } from './member.ts'

const java = await needPeer('java')

/** As short as a loaded machine allows; initLimit is 5 s. */
const CONFIG = { tickTime: '500', initLimit: '10', syncLimit: '6' }
/** Two initLimits and what a process takes to start on a loaded machine. */
const BOUND_MS = 25_000
/** So long the one that starts last lets the others try without it: the two that can vote come out of step with it. */
const PAUSES_MS = [2000, 7500]
const QUIET_MS = 6000
const LIMIT_MS = 120_000

let members: Member[] = []

afterEach(async () => {
  await Promise.all(members.map((member) => member.kill()))
  members = []
})

interface Breakage {
  readonly name: string
  readonly broken: number
  /** Where the one finds the other. */
  ways(closed: number): MemberOptions['ways']
  /** When it runs. Of ours alone: Java has other files. */
  spoil?(member: Member): Promise<void>
}

const BREAKAGES: readonly Breakage[] = [
  {
    name: 'reaches nobody’s quorum port',
    broken: 1,
    ways: (closed) => (from, to) => (from.id === 1 ? { ...to.ports, quorum: closed } : to.ports),
  },
  {
    name: 'is elected, and nobody reaches its quorum port',
    broken: 3,
    ways: (closed) => (_, to) => (to.id === 3 ? { ...to.ports, quorum: closed } : to.ports),
  },
  {
    name: 'cannot store an epoch',
    broken: 3,
    ways: () => (_, to) => to.ports,
    // A directory that is not empty, in the place of the file that it would write, once it has what it needs for a start.
    spoil: async ({ dataDirectory }) => {
      const made = (name: string): true | undefined => (existsSync(join(dataDirectory, name)) ? true : undefined)
      await eventually('it has its epoch files', LIMIT_MS, () => made('currentEpoch') && made('acceptedEpoch'))
      await eventually('none is being written', LIMIT_MS, () =>
        mkdir(join(dataDirectory, 'acceptedEpoch.tmp')).then(
          () => true as const,
          () => undefined,
        ),
      )
    },
  },
]

async function prepare(kinds: readonly Kind[], { ways }: Breakage): Promise<void> {
  const closed = await freePort()
  const places: Place[] = []
  for (const index of kinds.keys()) places.push(await choosePlace(index + 1, false))
  const options = { config: CONFIG, ways: ways(closed) }
  members = await Promise.all(places.map((place, index) => Member.prepare(place, kinds[index], places, options)))
}

async function pass(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms))
}

/** Starts the broken one and one that is well, then the other; the two that are well serve. Gives the time since that. */
async function serve({ broken, spoil }: Breakage, pauseMs: number): Promise<number> {
  const well = members.filter(({ place }) => place.id !== broken)
  const [late, early] = well as [Member, Member]
  await members[broken - 1].start()
  await spoil?.(members[broken - 1])
  await early.start()
  await pass(pauseMs)
  await late.start()
  const begin = performance.now()
  const modes = await eventually('both serve', LIMIT_MS, async () => {
    const modes = await Promise.all(well.map((member) => member.mode()))
    return modes.every((mode) => mode !== undefined) ? modes : undefined
  })
  const tookMs = performance.now() - begin
  expect(modes.toSorted()).toEqual(['follower', 'leader'])
  const zxids = await Promise.all(well.map((member) => member.zxid()))
  await pass(QUIET_MS)
  expect(await Promise.all(well.map((member) => member.mode()))).toEqual(modes)
  const session = await well[modes.indexOf('follower')].session(10_000)
  await session.close()
  // No other epoch has begun meanwhile.
  for (const member of well) expect(BigInt((await member.zxid())!) >> 32n).toBe(BigInt(zxids.toSorted().at(-1)!) >> 32n)
  return tookMs
}

describe.each(BREAKAGES)('a voter that $name', (breakage) => {
  it.each(PAUSES_MS)(
    'keeps two of ours no longer than two initLimits without a leader, the last of which starts %i ms later',
    async (pauseMs) => {
      await prepare(['ours', 'ours', 'ours'], breakage)
      expect(await serve(breakage, pauseMs)).toBeLessThan(BOUND_MS)
    },
    LIMIT_MS,
  )

  it.skipIf(java === undefined || breakage.spoil !== undefined)(
    'and is a Java server does so no longer either',
    async () => {
      await prepare(
        [1, 2, 3].map((id) => (id === breakage.broken ? 'java' : 'ours')),
        breakage,
      )
      expect(await serve(breakage, 7500)).toBeLessThan(BOUND_MS)
    },
    LIMIT_MS,
  )
})

describe.skipIf(java === undefined)('beside Java', () => {
  it(
    'two Java servers find each other, too, when one of ours reaches nobody’s quorum port',
    async () => {
      const [breakage] = BREAKAGES
      await prepare(['ours', 'java', 'java'], breakage)
      // They wait for it in turn, each for initLimit, as long as chance keeps them out of step.
      expect(await serve(breakage, 7500)).toBeLessThan(4 * BOUND_MS)
    },
    LIMIT_MS,
  )
})

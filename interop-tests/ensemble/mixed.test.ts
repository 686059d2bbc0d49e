// Our servers and Java servers in one ensemble: who leads, who follows and who observes is mixed in every way, each kind is killed in each role,
// and each brings the other to its history by a diff, a truncation and a snapshot. After each stage all members hold the same.
// In `make test` two of the mixes; with TSK_ENSEMBLE_LONG=1 all of them, both kinds alone for comparison, and every older release with all stages.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { needPeer } from '../peers/peers.ts'
import { eventually } from '../peers/processes.ts'
import { create } from '../storage/requests.ts'
import { Ensemble } from './ensemble.ts'
import type { EnsembleOptions } from './ensemble.ts'
import type { Kind, Member, SyncKind } from './member.ts'
import { writeThrough } from './workload.ts'

const isLong = process.env['TSK_ENSEMBLE_LONG'] === '1'
const java = await needPeer('java')

const LOGGED_LIMIT_MS = 30_000

let ensemble: Ensemble | undefined

afterEach(async () => {
  await ensemble?.end()
  ensemble = undefined
})

async function begin(options: EnsembleOptions): Promise<Ensemble> {
  ensemble = await Ensemble.start(options)
  return ensemble
}

let stage = 0

/** Through all at once, as clients are. */
async function writeEverywhere(members: readonly Member[]): Promise<void> {
  stage++
  await Promise.all(members.map((member) => writeThrough(member, `/stage-${stage}-${member.place.id}`)))
}

/** Who brought whom to its history, and how; seen in a log. */
type Way = `${Kind} to ${Kind}: ${SyncKind}`

async function bring(members: Ensemble, learner: Member, how: SyncKind): Promise<Way> {
  const leader = await members.leader()
  await learner.startBehind(leader, how)
  expect(await leader.mode()).toBe('leader')
  await members.agree()
  await writeEverywhere(members.running)
  await members.agree()
  return `${leader.kind} to ${learner.kind}: ${how}`
}

/** A learner dies, misses writes, and comes back. */
async function missWrites(members: Ensemble, learner: Member): Promise<Way> {
  await learner.kill()
  await writeEverywhere(members.running)
  return await bring(members, learner, 'diff')
}

async function loseDisk(members: Ensemble, learner: Member): Promise<Way> {
  await learner.kill()
  await learner.forgetData()
  return await bring(members, learner, 'snap')
}

async function loseLeader(members: Ensemble): Promise<void> {
  const dead = await members.leader()
  await dead.kill()
  await members.allServe()
  await writeEverywhere(members.running)
  await members.agree()
  await dead.start()
  expect(await dead.serves()).toBe('follower')
  await members.agree()
}

/**
 * The leader logs what nobody else has seen: the others are frozen, then killed, so that they never read it. They choose a leader without it, and
 * when it comes back it must give up its tail.
 */
async function loseTail(members: Ensemble): Promise<Way> {
  const leader = await members.leader()
  const others = members.members.filter((member) => member !== leader)
  const session = await leader.session(10_000)
  const paths = [1, 2, 3].map((n) => `/tail-${++stage}-${n}`)
  for (const member of others) member.signal('SIGSTOP')
  const answers = session.askUntilEnd(paths.map((path) => create(path)))
  await eventually('the tail is in the log', LOGGED_LIMIT_MS, async () => ((await logHolds(leader, paths.at(-1)!)) ? true : undefined))
  await Promise.all(members.members.map((member) => member.kill()))
  expect(await answers).toEqual([])
  session.drop()
  // Not one txn of the new epoch may be there yet: with one, the leader would send a snapshot.
  await Promise.all(others.map((member) => member.start()))
  await Promise.all(others.map((member) => member.serves()))
  const way = await bring(members, leader, 'trunc')
  const { nodes } = await members.agree()
  expect(nodes.filter(({ path }) => paths.includes(path))).toEqual([])
  return way
}

async function logHolds(member: Member, text: string): Promise<boolean> {
  const names = (await readdir(member.dataDirectory)).filter((name) => name.startsWith('log.'))
  const contents = await Promise.all(names.map((name) => readFile(join(member.dataDirectory, name))))
  return contents.some((content) => content.includes(text))
}

/**
 * With all data equal the higher id is elected, so that members 3 and 2 lead in turn. Each time a learner of the other kind, if there is one, is
 * brought to the leader's history in each way.
 */
async function allStages(options: EnsembleOptions): Promise<Way[]> {
  const members = await begin(options)
  await writeEverywhere(members.running)
  await members.agree()
  const ways = [await loseTail(members)]
  for (const id of [2, 3]) {
    const leader = await members.leader()
    expect(leader.place.id).toBe(id)
    const followers = members.members.filter((member) => member !== leader && !member.place.isObserver)
    const learner = followers.find(({ kind }) => kind !== leader.kind) ?? followers[0]
    ways.push(await missWrites(members, learner), await loseDisk(members, learner))
    await loseLeader(members)
  }
  const observer = members.members.find(({ place }) => place.isObserver)
  if (observer !== undefined) ways.push(await missWrites(members, observer), await loseDisk(members, observer))
  return ways
}

const O: Kind = 'ours'
const J: Kind = 'java'

/** Voters 1, 2, 3, of which the third leads first and the second after it, and an observer. */
const mixes: readonly EnsembleOptions[] = [
  { voters: [J, J, O], observer: J },
  { voters: [O, O, J], observer: O },
  { voters: [O, J, O], observer: J },
  { voters: [J, O, J], observer: O },
  { voters: [J, O, O], observer: O },
  { voters: [O, J, J], observer: J },
]

/** What must have been seen in a mix where each kind leads in its turn. */
function expectedWays([, second, third]: readonly Kind[]): Way[] {
  if (second === third || second === undefined || third === undefined) return []
  const exchanges = [
    [second, third],
    [third, second],
  ] as const
  return [
    `${second} to ${third}: trunc`,
    ...exchanges.flatMap(([leader, learner]): Way[] => [`${leader} to ${learner}: diff`, `${leader} to ${learner}: snap`]),
  ]
}

const nameOf = ({ voters: [first, second, third], observer }: EnsembleOptions): string => `${third} leads ${first} and ${second}, ${observer} observes`

describe.skipIf(java === undefined)('mixed ensembles', () => {
  it.each((isLong ? mixes : mixes.slice(0, 2)).map((mix) => [nameOf(mix), mix] as const))('%s', async (_name, mix) => {
    expect(await allStages(mix)).toEqual(expect.arrayContaining(expectedWays(mix.voters)))
  })

  // The control: what this suite demands of mixed ensembles holds without any server of ours.
  it.runIf(isLong)('Java servers alone', async () => {
    await allStages({ voters: [J, J, J], observer: J })
  })

  it.runIf(isLong)('our servers alone', async () => {
    await allStages({ voters: [O, O, O], observer: O })
  })

  it.each(['3.8.6', '3.7.2', '3.6.4', '3.5.10'])('with Java %s, following and leading', async (version) => {
    if ((await needPeer(`java-${version}`)) === undefined) return
    if (isLong) return void (await allStages({ voters: [O, O, J], observer: J, version }))
    const members = await begin({ voters: [J, O, J], version })
    await writeEverywhere(members.running)
    await members.agree()
    // Ours has the higher id of the two that are left, and as much as the other.
    await loseLeader(members)
  })
})

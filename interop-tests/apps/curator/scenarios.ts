// Curator's recipes at work while the server that leads is killed and comes back. What must hold is checked in the Java programs, which throw
// when it does not: at most one holder, ascending tokens, each item once, sums of what was acknowledged.
import { expect } from 'vitest'
import type { Application, Scenario } from '../application.ts'
import type { Stage } from '../stage.ts'
import { startCuratorUser } from './user.ts'

const LIMIT_MS = 120_000

/** Longer than any server is away. */
const SESSION_MS = 20_000

/** Locks leave containers behind, which go when the servers look for them. */
const reapSoon = { 'znode.container.checkIntervalMs': '500' }
const timesToLive = { ...reapSoon, 'zookeeper.extendedTypesEnabled': 'true' }

const heldByOne = /^held \d{2,} times by at most 1$/
const inStep = /^in no round did one go before it should$/
const takenOnce = /^\d{2,} put and taken once, \d in doubt, 0 lost in doubt$/
const counted = /^\d{2,} counted, \d in doubt, the sum is \d+$/
const cached = /^the caches hold what is there$/
const comesBack = /^comes back until it is closed$/

/** By the name of its class in Curator: what its program tells at the end. */
const outcomes: Readonly<Record<string, RegExp>> = {
  InterProcessMutex: heldByOne,
  InterProcessReadWriteLock: /^by writers held \d{2,} times by at most 1$/,
  InterProcessSemaphoreMutex: heldByOne,
  InterProcessSemaphoreV2: /^held \d{2,} times by at most 2$/,
  InterProcessMultiLock: /^(first|second) held \d{2,} times by at most 1; (first|second) held \d{2,} times by at most 1$/,
  LeaderLatch: /^one leads, 3 have led$/,
  LeaderSelector: heldByOne,
  DistributedBarrier: inStep,
  DistributedDoubleBarrier: inStep,
  DistributedQueue: takenOnce,
  DistributedIdQueue: takenOnce,
  DistributedPriorityQueue: takenOnce,
  DistributedDelayQueue: takenOnce,
  SimpleDistributedQueue: /^\d{2,} put and taken once, \d in doubt, \d lost in doubt$/,
  SharedCount: counted,
  DistributedAtomicLong: counted,
  DistributedAtomicInteger: counted,
  DistributedAtomicValue: counted,
  CachedAtomicLong: /^\d{2,} numbers, each given once$/,
  CuratorCache: cached,
  TreeCache: cached,
  PathChildrenCache: cached,
  NodeCache: cached,
  GroupMember: /^three see three$/,
  PersistentNode: comesBack,
  PersistentEphemeralNode: comesBack,
  PersistentTtlNode: /^stays until it is closed$/,
  PersistentWatcher: /^each change is seen, in order$/,
  ServiceDiscovery: /^found while they are there$/,
  Transactions: /^\d{2,} transfers, \d in doubt$/,
  Async: counted,
}

const inTest = ['InterProcessMutex', 'LeaderLatch', 'DistributedQueue', 'DistributedAtomicLong', 'CuratorCache']

const recipes = Object.entries(outcomes).map(([recipe, outcome]): Scenario => ({
  name: recipe,
  limitMs: LIMIT_MS,
  properties: recipe === 'PersistentTtlNode' ? timesToLive : reapSoon,
  ...(inTest.includes(recipe) && { inTest: 'ensemble' }),
  play: async (stage) => expect(await throughDeath(stage, recipe)).toMatch(outcome),
}))

export const curator: Application = {
  name: 'Curator',
  scenarios: [
    ...recipes,
    { name: 'InterProcessMutex, its holder killed', limitMs: LIMIT_MS, play: holderKilled },
    { name: 'a lock that is none is found out', limitMs: LIMIT_MS, play: noLock },
  ],
}

/** The leader dies in the midst of the recipe's work and comes back; the work gets on without it and with it again. */
async function throughDeath(stage: Stage, recipe: string): Promise<string> {
  const user = await startCuratorUser(stage, recipe, SESSION_MS)
  await user.ask('begin')
  await stage.killLeader(async () => void (await user.ask('goOn')))
  await user.ask('goOn')
  return await user.ask('finish')
}

/** What a dead process holds is free when its session ends, though the leader has died in between. */
async function holderKilled(stage: Stage): Promise<void> {
  const holder = await startCuratorUser(stage, 'Holder', 5000, 'holder')
  await holder.ask('begin')
  const waiter = await startCuratorUser(stage, 'Waiter', SESSION_MS, 'waiter')
  await waiter.ask('begin')
  await Promise.all([waiter.ask('goOn'), stage.killLeader(async () => void (await holder.program.kill()))])
  expect(await waiter.ask('finish')).toBe('1 in line, acquired')
}

/** The checks of the locks can fail. */
async function noLock(stage: Stage): Promise<void> {
  await expect(throughDeath(stage, 'NoMutex')).rejects.toThrow('not excluded')
}

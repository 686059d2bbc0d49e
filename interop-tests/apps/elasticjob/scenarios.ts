// What the instances of a job go through on the servers: who does which items, and that nothing is left out or done twice.
import { expect } from 'vitest'
import { eventually } from '../../peers/processes.ts'
import type { Application } from '../application.ts'
import type { Stage } from '../stage.ts'
import { atOnce, awaitMore, completed, executionsOf, startInstance } from './instance.ts'
import type { Instance } from './instance.ts'

const LIMIT_MS = 180_000
const WAIT_MS = 45_000

const ITEMS = 6
const eachSecond = '*_*_*_*_*_?'
const never = '0_0_0_1_1_?_2099'

export const elasticJob: Application = {
  name: 'ElasticJob',
  scenarios: [
    { name: 'items are divided again when instances come, leave and are killed', limitMs: LIMIT_MS, play: comeAndGo },
    { name: 'the items of a killed instance are done by others', limitMs: LIMIT_MS, inTest: 'server', play: failover },
    { name: 'each item once a round, while servers restart and the leader is killed', limitMs: LIMIT_MS, play: serversRestart },
    { name: 'an item that is done twice at once is found out', limitMs: LIMIT_MS, on: ['server'], play: twoRegistries },
  ],
}

async function startInstances(stage: Stage, count: number): Promise<Instance[]> {
  return await Promise.all(Array.from({ length: count }, (_, index) => startInstance(stage, `instance ${index + 1}`)))
}

/** The items are divided evenly among exactly these, and each item has since been done by the one who has it. */
async function awaitDivided(job: string, among: readonly [Instance, ...Instance[]]): Promise<void> {
  const [first] = among
  await first.ask(`awaitNecessary ${job}`)
  await first.ask(`trigger ${job}`)
  const owners = (await first.ask(`awaitDivided ${job} ${among.map(({ id }) => id).join(' ')}`)).split(' ')
  const divided = process.hrtime.bigint()
  let told = divided
  await eventually(`${job} is done by ${among.length}`, WAIT_MS, async () => {
    // Who is told while it is still at work does not do it.
    if (process.hrtime.bigint() - told > 1_000_000_000n) {
      await first.ask(`trigger ${job}`)
      told = process.hrtime.bigint()
    }
    const since = executionsOf(job, among).filter(({ began, isComplete }) => isComplete && began > divided)
    return owners.every((owner, item) => since.some((one) => one.item === item && one.instance === owner)) ? true : undefined
  })
}

/**
 * Nobody else does an item before the one who had it has ended it. The job has no time of its own: ElasticJob may overlook who comes while
 * items are being divided.
 */
async function comeAndGo(stage: Stage): Promise<void> {
  const [first, second, third] = (await startInstances(stage, 3)) as [Instance, Instance, Instance]
  for (const instance of [first, second, third]) await instance.ask(`schedule sweep ${ITEMS} ${never} false 200`)
  await awaitDivided('sweep', [first, second, third])
  await second.kill()
  await awaitDivided('sweep', [first, third])
  expect(await first.ask('leave')).toBe('left')
  await awaitDivided('sweep', [third])
  const fourth = await startInstance(stage, 'instance 4')
  await fourth.ask(`schedule sweep ${ITEMS} ${never} false 200`)
  await awaitDivided('sweep', [third, fourth])
  expect(atOnce(executionsOf('sweep', [first, second, third, fourth]))).toEqual([])
}

/** The instance that leads dies in the midst of its items: the others end theirs, and then those. */
async function failover(stage: Stage): Promise<void> {
  const instances = await startInstances(stage, 3)
  for (const instance of instances) {
    await instance.ask('hold')
    await instance.ask(`schedule sheet ${ITEMS} ${never} true 500`)
  }
  await instances[0].ask('trigger sheet')
  await eventually('each item has begun', WAIT_MS, () => (executionsOf('sheet', instances).length === ITEMS ? true : undefined))
  const leader = await instances[0].ask('leader sheet')
  const lost = instances.find(({ id }) => id === leader)!
  const others = instances.filter((instance) => instance !== lost)
  const itemsOf = (instance: Instance): number[] =>
    instance
      .executions()
      .map(({ item }) => item)
      .toSorted()
  const left = itemsOf(lost)
  expect(left).toHaveLength(2)
  await lost.kill()
  expect((await others[0].ask('awaitCrashed sheet 2')).split(' ').map(Number).toSorted()).toEqual(left)
  expect(others.map(({ id }) => id)).toContain(await others[0].ask('leader sheet'))
  for (const other of others) await other.ask('release')
  await awaitMore('sheet', ITEMS, 1, instances)
  expect(completed('sheet', ITEMS, instances)).toEqual([1, 1, 1, 1, 1, 1])
  expect(executionsOf('sheet', [lost]).map(({ isComplete }) => isComplete)).toEqual([false, false])
  expect(atOnce(executionsOf('sheet', instances))).toEqual([])
}

/** Beside the rounds, which are told to begin, a job is done every second; it need only go on. */
async function serversRestart(stage: Stage): Promise<void> {
  const instances = await startInstances(stage, 3)
  for (const instance of instances) {
    await instance.ask(`schedule sweep ${ITEMS} ${eachSecond} false 50`)
    await instance.ask(`schedule round ${ITEMS} ${never} false 50`)
  }
  const [first] = instances as [Instance]
  let rounds = 0
  const round = async (): Promise<void> => {
    rounds++
    await awaitMore('round', ITEMS, 1, instances, () => first.ask('trigger round'))
  }
  /** An instance registers anew, in the same session, when its connection is back. */
  const goOn = async (before: string): Promise<void> => {
    await first.ask(`awaitRegisteredAfter round ${before} ${instances.length}`)
    await round()
    await awaitMore('sweep', ITEMS, 1, instances)
  }
  await round()
  const sessions = await first.ask('sessions round')
  let before = await first.ask('lastRegistration round')
  await stage.restart()
  await goOn(before)
  before = await first.ask('lastRegistration round')
  await stage.killLeader(() => goOn(before))
  await round()
  expect(completed('round', ITEMS, instances)).toEqual(new Array(ITEMS).fill(rounds))
  expect(await first.ask('sessions round')).toBe(sessions)
}

/** The check of what is done twice can fail: two who do not know of each other both do everything. */
async function twoRegistries(stage: Stage): Promise<void> {
  const instances = await Promise.all(['one', 'other'].map((namespace) => startInstance(stage, namespace, namespace)))
  for (const instance of instances) {
    await instance.ask('hold')
    await instance.ask(`schedule sheet ${ITEMS} ${never} false 0`)
    await instance.ask('trigger sheet')
  }
  await eventually('both have begun', WAIT_MS, () => instances.every((instance) => instance.executions().length > 0) || undefined)
  for (const instance of instances) await instance.ask('release')
  await eventually('both have done all', WAIT_MS, () => completed('sheet', ITEMS, instances).every((count) => count === 2) || undefined)
  expect(atOnce(executionsOf('sheet', instances))).not.toEqual([])
}

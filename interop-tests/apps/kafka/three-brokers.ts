// Three brokers, with records flowing all the while: brokers come and go, the servers come and go, and nothing acknowledged is missing.
import { expect } from 'vitest'
import type { RunningProgram } from '../../peers/processes.ts'
import type { Dialogue } from '../dialogue.ts'
import { endOnRequest } from '../java-service.ts'
import type { ServiceHome } from '../java-service.ts'
import type { Stage } from '../stage.ts'
import { brokerHome, startKafkaUser, untilAnswer } from './broker.ts'

const ids = [1, 2, 3] as const

const replicated = {
  // None is to expire but of the broker that is killed.
  'zookeeper.session.timeout.ms': '10000',
  'offsets.topic.replication.factor': '3',
  'transaction.state.log.replication.factor': '3',
  'transaction.state.log.min.isr': '2',
  'min.insync.replicas': '2',
  // Leaders go back when the test says so.
  'auto.leader.rebalance.enable': 'false',
}

/** Each partition is on all brokers, and each broker leads one. */
const placement = '1,2,3 2,3,1 3,1,2'
const inPlace = /^1 of 1,2,3, 1,2,3 in sync; 2 of 2,3,1, 1,2,3 in sync; 3 of 3,1,2, 1,2,3 in sync$/
const allInSync = /^(\d of \d,\d,\d, 1,2,3 in sync(; |$)){3}$/

const flowed = /^\d{3,} acknowledged, 0 missing, 0 doubled, refused \[\]$/

interface Cluster {
  readonly homes: Readonly<Record<number, ServiceHome>>
  readonly brokers: Record<number, RunningProgram>
  readonly user: Dialogue
}

async function startCluster(stage: Stage): Promise<Cluster> {
  const user = await startKafkaUser(stage)
  const homes: Record<number, ServiceHome> = {}
  const brokers: Record<number, RunningProgram> = {}
  for (const id of ids) {
    homes[id] = await brokerHome(stage, { ...replicated, 'broker.id': String(id) })
    brokers[id] = homes[id].start()
  }
  expect(await user.ask('awaitBrokers 3')).toBe('1 2 3')
  return { homes, brokers, user }
}

async function controllerOf(user: Dialogue): Promise<number> {
  const { brokerid } = JSON.parse(await user.ask('node /controller')) as { brokerid: number }
  return brokerid
}

/** Partitions move to other brokers; the broker that is the controller is killed, another is restarted; leaders go back where they belong. */
export async function brokersComeAndGo(stage: Stage): Promise<void> {
  const { homes, brokers, user } = await startCluster(stage)

  await user.ask('placeTopic moving 1 1')
  expect(await user.ask('produce moving 0 200')).toBe('200')
  await user.ask('reassign moving 0 2,3')
  await user.ask('reassign moving 1 3,2')
  await untilAnswer(user, 'placement moving', /^2 of 2,3, 2,3 in sync; 3 of 3,2, 2,3 in sync$/)
  await untilAnswer(user, 'reassignments', /^0 under way$/)
  const moved = { partitions: { 0: [2, 3], 1: [3, 2] }, adding_replicas: {}, removing_replicas: {} }
  expect(JSON.parse(await user.ask('node /brokers/topics/moving'))).toMatchObject(moved)
  expect(await user.ask('read moving read_committed')).toBe('200 records, 200 distinct, 0 to 199')

  await user.ask(`placeTopic orders ${placement}`)
  await user.ask('beginFlow orders')

  // The controller is killed: what it led goes to others when its session has expired, and one of them takes over.
  const first = await controllerOf(user)
  const epoch = Number(await user.ask('node /controller_epoch'))
  await brokers[first].kill()
  const others = ids.filter((id) => id !== first)
  expect(await user.ask('awaitBrokers 2')).toBe(others.join(' '))
  expect(others).toContain(await controllerOf(user))
  await untilAnswer(user, 'node /controller_epoch', new RegExp(`^${epoch + 1}$`))
  await user.ask('goOn')
  expect(await user.ask('createTopic meanwhile 3 2')).toBe('3 partitions')
  expect(await user.ask('produce meanwhile 0 100')).toBe('100')
  brokers[first] = homes[first].start()
  expect(await user.ask('awaitBrokers 3')).toBe('1 2 3')
  await untilAnswer(user, 'placement orders', allInSync)
  expect(await user.ask('electPreferred orders')).toBe('1 elected')
  await untilAnswer(user, 'placement orders', inPlace)

  // One that is asked to end hands over what it leads, and finds it again.
  const another = ids.find((id) => id !== first)!
  await endOnRequest(brokers[another])
  await user.ask('goOn')
  brokers[another] = homes[another].start()
  expect(await user.ask('awaitBrokers 3')).toBe('1 2 3')
  await untilAnswer(user, 'placement orders', allInSync)
  expect(await user.ask('electPreferred orders')).toBe('1 elected')
  await untilAnswer(user, 'placement orders', inPlace)
  await user.ask('goOn')

  expect(await user.ask('endFlow')).toMatch(flowed)
  expect(await user.ask('read moving read_committed')).toBe('200 records, 200 distinct, 0 to 199')
  expect(await user.ask('read meanwhile read_committed')).toBe('100 records, 100 distinct, 0 to 99')
}

/** The servers are stopped and started; the one that leads is killed; the brokers keep their sessions, and what is said in them is heard. */
export async function serversComeAndGo(stage: Stage): Promise<void> {
  const { user } = await startCluster(stage)
  await user.ask(`placeTopic orders ${placement}`)
  await user.ask('placeTopic accounts 2,3,1')
  await untilAnswer(user, 'placement orders', inPlace)
  await user.ask('beginFlow orders')
  const origins = await user.ask('origins')
  /** Each broker is told by a watch of its own session. */
  const allHear = async (threads: number): Promise<void> => {
    await untilAnswer(user, `set BROKER * background.threads ${threads}`, /^altered$/)
    for (const id of ids) await untilAnswer(user, `setting BROKER ${id} background.threads`, new RegExp(`^${threads} from DYNAMIC_DEFAULT`))
  }

  await user.ask('begin first till accounts 0 100')
  await stage.restart()
  await allHear(3)
  await user.ask('goOn')
  await user.ask('commit first')
  expect(await user.ask('createTopic afterwards 3 3')).toBe('3 partitions')

  await user.ask('begin second till accounts 100 200')
  await stage.killLeader(async () => {
    await user.ask('goOn')
    await allHear(4)
    await user.ask('commit second')
    await user.ask('begin third till accounts 200 300')
    expect(await user.ask('createTopic meanwhile 3 3')).toBe('3 partitions')
    expect(await user.ask('produce meanwhile 0 100')).toBe('100')
    expect(await user.ask('consume meanwhile readers 100')).toBe('100 records, 100 distinct, 0 to 99')
    expect(await user.ask('deleteTopic afterwards')).toBe('deleted')
  })
  await allHear(5)
  await user.ask('abort third')
  await user.ask('goOn')

  expect(await user.ask('origins')).toBe(origins)
  expect(await user.ask('placement orders')).toMatch(inPlace)
  expect(await user.ask('endFlow')).toMatch(flowed)
  expect(await user.ask('committed meanwhile readers')).toBe('100')
  await untilAnswer(user, 'read accounts read_committed', /^200 records, 200 distinct, 0 to 199$/)
}

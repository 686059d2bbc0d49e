// What a Kafka in ZooKeeper mode goes through on the servers.
import { expect } from 'vitest'
import type { Application } from '../application.ts'
import type { Stage } from '../stage.ts'
import { brokerHome, startKafkaUser } from './broker.ts'

export const kafka: Application = {
  name: 'Kafka',
  scenarios: [{ name: 'one broker: topics, records, groups, restarts of either', limitMs: 180_000, inTest: 'server', play: oneBroker }],
}

/** Topics, records, a consumer group, and restarts of the broker (asked to end, and killed) and of the servers underneath it. */
async function oneBroker(stage: Stage): Promise<void> {
  const home = await brokerHome(stage)
  let broker = home.start()
  const user = await startKafkaUser(stage)

  // The id comes from the version counter of /brokers/seqid: the first one ever is 1001.
  const id = await user.ask('awaitBroker')
  expect(id).toBe('1001')
  expect(JSON.parse(await user.ask('controller'))).toMatchObject({ brokerid: Number(id) })

  expect(await user.ask('createTopic orders 3')).toBe('3 partitions')
  expect(await user.ask('produce orders 0 1000')).toBe('1000')
  expect(await user.ask('consume orders readers 1000')).toBe('1000 records, 1000 distinct, 0 to 999')
  expect(await user.ask('committed orders readers')).toBe('1000')

  // Changes of a topic reach the broker by way of sequential nodes and watches.
  expect(JSON.parse(await user.ask('setRetention orders 86400000'))).toEqual({ version: 1, config: { 'retention.ms': '86400000' } })
  expect(await user.ask('createTopic passing 1')).toBe('1 partitions')
  expect(await user.ask('addPartitions passing 2')).toBe('2 partitions')
  expect(await user.ask('deleteTopic passing')).toBe('deleted')

  expect((await broker.stop(30_000)).code).toBe(143)
  expect(await user.ask('awaitNoBroker')).toBe('none')
  broker = home.start()
  expect(await user.ask('awaitBroker')).toBe(id)
  expect(await user.ask('topics 1')).toBe('orders')
  expect(await user.ask('retention orders')).toBe('86400000')
  expect(await user.ask('consume orders newcomers 1000')).toBe('1000 records, 1000 distinct, 0 to 999')
  expect(await user.ask('committed orders readers')).toBe('1000')
  expect(await user.ask('produce orders 1000 1100')).toBe('100')
  expect(await user.ask('consume orders readers 100')).toBe('100 records, 100 distinct, 1000 to 1099')

  // The broker keeps its session and with it its registration while the server is away for a moment.
  const registration = await user.ask('registration')
  await stage.restart()
  expect(await user.ask('createTopic afterwards 1')).toBe('1 partitions')
  expect(await user.ask('produce afterwards 0 10')).toBe('10')
  expect(await user.ask('registration')).toBe(registration)

  // A broker that stood still for too long finds its session expired and registers itself anew.
  broker.signal('SIGSTOP')
  expect(await user.ask('awaitNoBroker')).toBe('none')
  broker.signal('SIGCONT')
  expect(await user.ask('awaitBroker')).toBe(id)
  expect(await user.ask('registration')).not.toBe(registration)
  expect(await user.ask('produce afterwards 10 20')).toBe('10')

  // A killed broker leaves its registration to the expiry of its session. Only then may it come back.
  await broker.kill()
  expect(await user.ask('awaitNoBroker')).toBe('none')
  broker = home.start()
  expect(await user.ask('awaitBroker')).toBe(id)
  expect(await user.ask('topics 2')).toBe('afterwards orders')
  expect(await user.ask('consume orders latecomers 1100')).toBe('1100 records, 1100 distinct, 0 to 1099')
  expect(await user.ask('committed orders readers')).toBe('1100')
}

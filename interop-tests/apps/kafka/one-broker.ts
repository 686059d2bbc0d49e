// One broker at work, and what it keeps in ZooKeeper: topics, offsets, settings, producer ids.
import { expect } from 'vitest'
import { endOnRequest } from '../java-service.ts'
import type { Stage } from '../stage.ts'
import { brokerHome, kafkaCommand, startKafkaUser, untilAnswer, zookeeperShell } from './broker.ts'

/** Topics, records, a consumer group, and restarts of the broker (asked to end, and killed) and of the servers underneath it. */
export async function oneBroker(stage: Stage): Promise<void> {
  const home = await brokerHome(stage)
  let broker = home.start()
  const user = await startKafkaUser(stage)

  // The id comes from the version counter of /brokers/seqid: the first one ever is 1001.
  const id = await user.ask('awaitBrokers 1')
  expect(id).toBe('1001')
  expect(JSON.parse(await user.ask('node /controller'))).toMatchObject({ brokerid: Number(id) })

  expect(await user.ask('createTopic orders 3')).toBe('3 partitions')
  expect(await user.ask('produce orders 0 1000')).toBe('1000')
  expect(await user.ask('consume orders readers 1000')).toBe('1000 records, 1000 distinct, 0 to 999')
  expect(await user.ask('committed orders readers')).toBe('1000')

  // Changes of a topic reach the broker by way of sequential nodes and watches.
  await user.ask('set TOPIC orders retention.ms 86400000')
  expect(JSON.parse(await user.ask('node /config/topics/orders'))).toEqual({ version: 1, config: { 'retention.ms': '86400000' } })
  expect(await user.ask('createTopic passing 1')).toBe('1 partitions')
  expect(await user.ask('addPartitions passing 2')).toBe('2 partitions')
  expect(await user.ask('deleteTopic passing')).toBe('deleted')

  await endOnRequest(broker)
  expect(await user.ask('awaitBrokers 0')).toBe('none')
  broker = home.start()
  expect(await user.ask('awaitBrokers 1')).toBe(id)
  await untilAnswer(user, 'topics', /^orders$/)
  expect(await user.ask('setting TOPIC orders retention.ms')).toBe('86400000 from DYNAMIC_TOPIC_CONFIG')
  expect(await user.ask('consume orders newcomers 1000')).toBe('1000 records, 1000 distinct, 0 to 999')
  expect(await user.ask('committed orders readers')).toBe('1000')
  expect(await user.ask('produce orders 1000 1100')).toBe('100')
  expect(await user.ask('consume orders readers 100')).toBe('100 records, 100 distinct, 1000 to 1099')

  // The broker keeps its session and with it its registration while the server is away for a moment, stopped or killed.
  const origins = await user.ask('origins')
  await stage.restart()
  expect(await user.ask('createTopic afterwards 1')).toBe('1 partitions')
  expect(await user.ask('produce afterwards 0 10')).toBe('10')
  await stage.killLeader(async () => {
    expect(await user.ask('addPartitions afterwards 2')).toBe('2 partitions')
  })
  expect(await user.ask('origins')).toBe(origins)

  // A broker that stood still for too long finds its session expired and registers itself anew.
  broker.signal('SIGSTOP')
  expect(await user.ask('awaitBrokers 0')).toBe('none')
  broker.signal('SIGCONT')
  expect(await user.ask('awaitBrokers 1')).toBe(id)
  expect(await user.ask('origins')).not.toBe(origins)
  expect(await user.ask('produce afterwards 10 20')).toBe('10')

  // A killed broker leaves its registration to the expiry of its session. Only then may it come back.
  await broker.kill()
  expect(await user.ask('awaitBrokers 0')).toBe('none')
  broker = home.start()
  expect(await user.ask('awaitBrokers 1')).toBe(id)
  await untilAnswer(user, 'topics', /^afterwards orders$/)
  expect(await user.ask('consume orders latecomers 1100')).toBe('1100 records, 1100 distinct, 0 to 1099')
  expect(await user.ask('committed orders readers')).toBe('1100')
}

/** Settings that change while the broker runs, or is away, and take effect; transactions, whose producers have ids of ZooKeeper's. */
export async function changingSettings(stage: Stage): Promise<void> {
  const home = await brokerHome(stage)
  let broker = home.start()
  const user = await startKafkaUser(stage)
  const id = await user.ask('awaitBrokers 1')

  // A limit of one topic, then one of all brokers.
  await user.ask('createTopic limited 1')
  expect(await user.ask('produceOne limited 5000')).toBe('at full speed')
  await user.ask('set TOPIC limited max.message.bytes 3000')
  await untilAnswer(user, 'produceOne limited 5000', /RecordTooLargeException/)
  await user.ask('unset TOPIC limited max.message.bytes')
  await untilAnswer(user, 'produceOne limited 5000', /^at full speed$/)
  await user.ask('set BROKER * message.max.bytes 3500')
  await untilAnswer(user, 'produceOne limited 5000', /RecordTooLargeException/)
  expect(await user.ask(`setting BROKER ${id} message.max.bytes`)).toBe('3500 from DYNAMIC_DEFAULT_BROKER_CONFIG')
  await user.ask(`set BROKER ${id} background.threads 3`)
  await untilAnswer(user, `setting BROKER ${id} background.threads`, /^3 from DYNAMIC_BROKER_CONFIG$/)
  expect(JSON.parse(await user.ask(`node /config/brokers/${id}`))).toEqual({ version: 1, config: { 'background.threads': '3' } })

  // What is committed is to be seen, what is open or aborted is not; who begins anew ends what a namesake has begun.
  await user.ask('createTopic accounts 2')
  await user.ask('begin first till accounts 0 100')
  expect(await user.ask('read accounts read_uncommitted')).toBe('100 records, 100 distinct, 0 to 99')
  expect(await user.ask('read accounts read_committed')).toBe('0 records, 0 distinct, none')
  await user.ask('commit first')
  await user.ask('begin second till accounts 100 200')
  await user.ask('abort second')
  await user.ask('begin third till accounts 200 300')
  await user.ask('begin fourth till accounts 300 400')
  await expect(user.ask('commit third')).rejects.toThrow(/ProducerFencedException|InvalidProducerEpochException/)
  await user.ask('commit fourth')
  await untilAnswer(user, 'read accounts read_committed', /^200 records, 200 distinct, 0 to 399$/)
  expect(await user.ask('read accounts read_uncommitted')).toBe('400 records, 400 distinct, 0 to 399')
  expect(JSON.parse(await user.ask('node /latest_producer_id_block'))).toMatchObject({ block_start: '0', block_end: '999' })

  // kafka-configs writes into ZooKeeper while the broker is away. The next producer gets an id that no other can have.
  await endOnRequest(broker)
  expect(await user.ask('awaitBrokers 0')).toBe('none')
  const toBroker = ['--zookeeper', stage.connectString, '--entity-type', 'brokers', '--entity-name', id]
  await kafkaCommand(stage, 'kafka.admin.ConfigCommand', [...toBroker, '--alter', '--add-config', 'background.threads=4'])
  expect((await kafkaCommand(stage, 'kafka.admin.ConfigCommand', [...toBroker, '--describe'])).stdout).toContain('background.threads=4')
  broker = home.start()
  expect(await user.ask('awaitBrokers 1')).toBe(id)
  await untilAnswer(user, `setting BROKER ${id} background.threads`, /^4 from DYNAMIC_BROKER_CONFIG$/)
  await untilAnswer(user, 'produceOne limited 5000', /RecordTooLargeException/)
  await user.ask('begin fifth another accounts 400 500')
  await user.ask('commit fifth')
  expect(JSON.parse(await user.ask('node /latest_producer_id_block'))).toMatchObject({ block_start: '1000', block_end: '1999' })
  await untilAnswer(user, 'read accounts read_committed', /^300 records, 300 distinct, 0 to 499$/)

  // The controller resigns when its node is taken from it, and is elected again.
  expect(await user.ask('node /controller_epoch')).toBe('2')
  expect((await zookeeperShell(stage, ['ls /brokers/ids', 'delete /controller', 'quit'])).stdout).toContain(`\n[${id}]\n`)
  await untilAnswer(user, 'node /controller_epoch', /^3$/)
  expect(await user.ask('createTopic afterwards 1')).toBe('1 partitions')
}

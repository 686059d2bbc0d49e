// A Kafka broker that keeps its metadata in ZooKeeper, as a process on this machine.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { RunningProgram } from '../../peers/processes.ts'
import { applicationLibrary, compiledAgainst, javaCommandLine } from '../jars.ts'
import type { Dialogue } from '../dialogue.ts'
import { log4jFlag } from '../log4j.ts'
import type { Stage } from '../stage.ts'

/** The last line of Kafka that runs with ZooKeeper. */
const kafkaVersion = '3.9.2'

/** What the registry of peers needs to know. The place is the directory of the jars, a logging library among them. */
export const kafkaPeer = {
  version: kafkaVersion,
  prepare: () =>
    applicationLibrary(`kafka-${kafkaVersion}`, [
      { name: `org.apache.kafka:kafka_2.13:${kafkaVersion}` },
      { name: 'org.slf4j:slf4j-reload4j:1.7.36' },
    ]),
}

/** One broker's configuration and log directory, which outlive its processes. */
export interface BrokerHome {
  start(): RunningProgram
}

export async function brokerHome(stage: Stage): Promise<BrokerHome> {
  const home = await stage.directory()
  const config = join(home, 'server.properties')
  const properties = { ...brokerProperties, 'zookeeper.connect': stage.connectString, 'log.dirs': join(home, 'log') }
  await writeFile(config, Object.entries(properties).map(([key, value]) => `${key}=${value}\n`).join(''))
  const jvmFlags = [await log4jFlag(home)]
  const command = javaCommandLine({ library: stage.library, mainClass: 'kafka.Kafka', args: [config], heapMegabytes: 384, jvmFlags })
  let starts = 0
  return {
    start() {
      starts++
      return stage.start(`broker, start ${starts}`, command, home)
    },
  }
}

/** The user of the broker, who asks ZooKeeper where the broker is. */
export async function startKafkaUser(stage: Stage): Promise<Dialogue> {
  const sources = ['kafka/KafkaUser.java', 'java/Dialogue.java', 'java/Nodes.java'].map((name) => join(import.meta.dirname, '..', name))
  const home = await stage.directory()
  const command = javaCommandLine({
    library: stage.library,
    mainClass: 'tskeeper.apps.KafkaUser',
    args: [stage.connectString],
    heapMegabytes: 192,
    classPath: [await compiledAgainst(stage.library, sources)],
    jvmFlags: [await log4jFlag(home)],
  })
  return await stage.converse('user', command, home)
}

/**
 * The stock settings but for: a port of the system's choice (the broker registers the one it got), an id generated through ZooKeeper, a
 * session that expires soon, and small numbers of threads and internal partitions.
 */
const brokerProperties: Readonly<Record<string, string>> = {
  'broker.id': '-1',
  listeners: 'PLAINTEXT://127.0.0.1:0',
  'zookeeper.session.timeout.ms': '6000',
  'num.network.threads': '2',
  'num.io.threads': '2',
  'background.threads': '2',
  'offsets.topic.num.partitions': '1',
  'offsets.topic.replication.factor': '1',
  'transaction.state.log.replication.factor': '1',
  'transaction.state.log.min.isr': '1',
  'log.cleaner.dedupe.buffer.size': '4194304',
  'group.initial.rebalance.delay.ms': '0',
  'file.delete.delay.ms': '1000',
}

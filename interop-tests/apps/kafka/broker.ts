// Kafka brokers that keep their metadata in ZooKeeper, their user, and their commands, as processes on this machine.
import { join } from 'node:path'
import { eventually } from '../../peers/processes.ts'
import type { Result } from '../../peers/processes.ts'
import type { Dialogue } from '../dialogue.ts'
import { applicationLibrary, javaCommandLine } from '../jars.ts'
import { serviceHome } from '../java-service.ts'
import type { ServiceHome } from '../java-service.ts'
import { startJavaUser } from '../java-user.ts'
import type { Stage } from '../stage.ts'

/** The last line of Kafka that runs with ZooKeeper. */
const kafkaVersion = '3.9.2'

/** What brokers need to see a change, or to get over a loss, on a busy machine. */
const PATIENCE_MS = 90_000

/** What the registry of peers needs to know. The place is the directory of the jars. */
export const kafkaPeer = {
  version: kafkaVersion,
  prepare: () => applicationLibrary(`kafka-${kafkaVersion}`, [{ name: `org.apache.kafka:kafka_2.13:${kafkaVersion}` }]),
}

/** A broker; `settings` go before those that all brokers have. */
export async function brokerHome(stage: Stage, settings: Readonly<Record<string, string>> = {}): Promise<ServiceHome> {
  return await serviceHome(stage, {
    name: `broker ${settings['broker.id'] ?? 'with a new id'}`,
    mainClass: 'kafka.Kafka',
    args: (file) => [file],
    heapMegabytes: 256,
    properties: (home) => ({ ...brokerProperties, 'zookeeper.connect': stage.connectString, 'log.dirs': join(home, 'log'), ...settings }),
  })
}

/** The user of the brokers, who asks ZooKeeper where they are. */
export async function startKafkaUser(stage: Stage): Promise<Dialogue> {
  const args = [stage.connectString]
  return await startJavaUser(stage, { name: 'user', mainClass: 'KafkaUser', sources: import.meta.dirname, args, heapMegabytes: 192 })
}

/** Asks until the answer, or what the failure says, is as wished: brokers learn by watches, a moment later. */
export async function untilAnswer(user: Dialogue, question: string, wished: RegExp): Promise<string> {
  let last = ''
  const wish = async (): Promise<string | undefined> => {
    last = await user.ask(question).catch((error: Error) => {
      if (user.program.hasEnded()) throw error
      return error.message
    })
    return wished.test(last) ? last : undefined
  }
  return await eventually(`${wished} of '${question}'`, PATIENCE_MS, wish).catch((error: Error) => {
    throw new Error(`${error.message}, but ${last}`, { cause: error })
  })
}

/** Runs one of Kafka's commands, by its class, to its end. */
export async function kafkaCommand(stage: Stage, mainClass: string, args: readonly string[], input = ''): Promise<Result> {
  const home = await stage.directory()
  const command = await javaCommandLine({ library: stage.library, home, mainClass, args, heapMegabytes: 128 })
  const program = stage.start(mainClass.split('.').at(-1)!, command, home)
  program.write(input)
  program.endInput()
  const result = await program.ended
  if (result.code !== 0) throw new Error(`${mainClass} ${args.join(' ')} ended with ${result.code}: ${result.stdout}${result.stderr}`)
  return result
}

/** As bin/zookeeper-shell.sh does, with the commands typed in. */
export async function zookeeperShell(stage: Stage, commands: readonly string[]): Promise<Result> {
  const input = commands.map((command) => `${command}\n`).join('')
  return await kafkaCommand(stage, 'org.apache.zookeeper.ZooKeeperMainWithTlsSupportForKafka', ['-server', stage.connectString], input)
}

/**
 * The stock settings but for: a port of the system's choice (the broker registers the one it got), an id generated through ZooKeeper, a
 * session that expires soon to clients that may connect slowly, and small numbers of threads and internal partitions.
 */
const brokerProperties: Readonly<Record<string, string>> = {
  'broker.id': '-1',
  listeners: 'PLAINTEXT://127.0.0.1:0',
  'zookeeper.session.timeout.ms': '6000',
  'zookeeper.connection.timeout.ms': '30000',
  'num.network.threads': '2',
  'num.io.threads': '2',
  'background.threads': '2',
  'offsets.topic.num.partitions': '1',
  'offsets.topic.replication.factor': '1',
  'transaction.state.log.num.partitions': '1',
  'transaction.state.log.replication.factor': '1',
  'transaction.state.log.min.isr': '1',
  'log.cleaner.dedupe.buffer.size': '4194304',
  'group.initial.rebalance.delay.ms': '0',
  'file.delete.delay.ms': '1000',
}

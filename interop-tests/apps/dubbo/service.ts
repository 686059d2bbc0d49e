// A Dubbo service and its consumer, registered in ZooKeeper through Curator, as processes on this machine.
import { writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../peers/ports.ts'
import { applicationLibrary, compiledAgainst, javaCommandLine } from '../jars.ts'
import type { Dialogue } from '../dialogue.ts'
import { log4jFlag } from '../log4j.ts'
import type { Stage } from '../stage.ts'

const dubboVersion = '3.3.6'

/** As Dubbo's own starter for ZooKeeper takes them. */
const curatorVersion = '5.8.0'
const zooKeeperClientVersion = '3.7.2'

/** Short, so that a killed provider is soon forgotten, and yet long enough for a busy machine. */
const SESSION_TIMEOUT_MS = 6000

/** A name of the loopback address that Dubbo does not recognise as one. */
export const providerHost = 'greetings.test'

/** What the registry of peers needs to know. The place is the directory of the jars, Curator and a logging library among them. */
export const dubboPeer = {
  version: dubboVersion,
  prepare: () =>
    applicationLibrary(`dubbo-${dubboVersion}`, [
      { name: `org.apache.dubbo:dubbo:${dubboVersion}` },
      { name: `org.apache.curator:curator-x-discovery:${curatorVersion}`, without: ['org.apache.zookeeper:zookeeper'] },
      { name: `org.apache.zookeeper:zookeeper:${zooKeeperClientVersion}`, without: ['io.netty:*', 'ch.qos.logback:*'] },
      { name: 'org.slf4j:slf4j-reload4j:1.7.36' },
    ]),
}

/** Starts a provider and waits until it has registered. */
export async function startProvider(stage: Stage, name: string): Promise<Dialogue> {
  return await startService(stage, `provider ${name}`, 'DubboProvider', [name, providerHost, String(await freePort())])
}

/** Starts a consumer, which also tells what it sees in the registry. */
export async function startConsumer(stage: Stage): Promise<Dialogue> {
  return await startService(stage, 'consumer', 'DubboConsumer', [])
}

const sources = ['dubbo/Greeter', 'dubbo/DubboSettings', 'dubbo/DubboProvider', 'dubbo/DubboConsumer', 'java/Dialogue', 'java/Nodes']

async function startService(stage: Stage, title: string, mainClass: string, args: readonly string[]): Promise<Dialogue> {
  const classes = await compiledAgainst(stage.library, sources.map((name) => join(import.meta.dirname, '..', `${name}.java`)))
  // Dubbo keeps copies of what it has seen in the user's home: each process gets its own, so that nothing is known but from the registry.
  const home = await stage.directory()
  await writeFile(join(home, 'hosts'), `127.0.0.1 localhost ${hostname()} ${providerHost}\n`)
  const command = javaCommandLine({
    library: stage.library,
    mainClass: `tskeeper.apps.${mainClass}`,
    args: [stage.connectString, String(SESSION_TIMEOUT_MS), ...args],
    heapMegabytes: 192,
    classPath: [classes],
    jvmFlags: [
      `-Duser.home=${home}`,
      `-Djdk.net.hosts.file=${join(home, 'hosts')}`,
      '-Ddubbo.application.logger=slf4j',
      await log4jFlag(home),
    ],
  })
  return await stage.converse(title, command, home)
}

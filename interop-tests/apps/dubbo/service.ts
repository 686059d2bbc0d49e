// Dubbo providers and a consumer, registered in ZooKeeper through Curator, as processes on this machine.
import { writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../peers/ports.ts'
import type { Dialogue } from '../dialogue.ts'
import { applicationLibrary } from '../jars.ts'
import { startJavaUser } from '../java-user.ts'
import type { Stage } from '../stage.ts'

const dubboVersion = '3.3.6'

/** As Dubbo's own starter for ZooKeeper takes them. */
const curatorVersion = '5.8.0'
const zooKeeperClientVersion = '3.7.2'

/** Short, so that a killed provider is soon forgotten, and yet long enough for a busy machine. */
export const SHORT_SESSION_MS = 6000
/** Longer than any server is away. */
export const LONG_SESSION_MS = 20_000

/** The service, its providers' application and its consumer's. */
export const greeter = 'tskeeper.apps.Greeter'
export const greetings = 'greetings'
export const visitors = 'visitors'

/** What the registry of peers needs to know. The place is the directory of the jars. */
export const dubboPeer = {
  version: dubboVersion,
  prepare: () =>
    applicationLibrary(`dubbo-${dubboVersion}`, [
      { name: `org.apache.dubbo:dubbo:${dubboVersion}` },
      { name: `org.apache.curator:curator-x-discovery:${curatorVersion}`, without: ['org.apache.zookeeper:zookeeper'] },
      { name: `org.apache.zookeeper:zookeeper:${zooKeeperClientVersion}`, without: ['io.netty:*', 'ch.qos.logback:*'] },
    ]),
}

export interface OfferOptions {
  /** `interface`, `instance` or, the default, `all`. */
  readonly registerMode?: string
  /** Whether consumers by application ask the provider for its services or read of them in ZooKeeper; default `local`. */
  readonly metadataType?: 'local' | 'remote'
}

/** A process with providers of Greeter. */
export interface Providers extends Pick<Dialogue, 'program'> {
  /** Starts a provider and waits until it has registered; gives its address. */
  offer(name: string, options?: OfferOptions): Promise<string>
  /** The same with what the config center has for that application. */
  offerAsConfigured(name: string, application: string): Promise<void>
  withdraw(name: string): Promise<void>
}

export async function startProviders(stage: Stage, title: string, sessionTimeoutMs: number): Promise<Providers> {
  const { program, ask } = await startService(stage, title, 'DubboProvider', [sessionTimeoutMs])
  return {
    program,
    async offer(name, { registerMode = 'all', metadataType = 'local' } = {}) {
      const port = await freePort()
      await ask(`offer ${name} ${hostOf(name)} ${port} ${registerMode} ${metadataType}`)
      return `${hostOf(name)}:${port}`
    },
    async offerAsConfigured(name, application) {
      await ask(`offerAsConfigured ${name} ${application}`)
    },
    async withdraw(name) {
      await ask(`withdraw ${name}`)
    },
  }
}

export const ways = ['byInterface', 'byApplication'] as const
export type Way = (typeof ways)[number]

/** The consumer, and beside it dubbo-admin and an onlooker. */
export interface Consumer {
  /** Calls until exactly these answer, found in this way; `nobody`: no provider is known, `timeout`: too late. */
  awaitAnswers(way: Way, wanted: readonly string[], tag?: string): Promise<void>
  /** The same with the calls that take a while. */
  awaitSlowAnswers(way: Way, wanted: readonly string[]): Promise<void>
  /** From now on there are calls in both ways all the time. */
  callSteadily(): Promise<void>
  /** Waits for more of the steady calls; throws when any has failed since the first. */
  goOnCalling(): Promise<void>
  /** Listens to an item of the dynamic configuration. */
  listen(key: string): Promise<void>
  /** Waits until so many changes of the items were heard of; the last as "ADDED value". */
  awaitHeard(count: number): Promise<string>
  /** Writes and removes an item of the dynamic configuration, as dubbo-admin does; the group is that of the rules if not given. */
  publish(key: string, content: string, group?: string): Promise<void>
  remove(key: string, group?: string): Promise<void>
  /** Registers and removes a URL, as dubbo-admin does for old consumers. */
  register(url: string): Promise<void>
  unregister(url: string): Promise<void>
  /** Waits until dubbo-admin sees so many URLs of that category; gives them. */
  awaitSeen(category: string, count: number): Promise<URL[]>
  /** Waits until a node has so many children; gives their names. */
  awaitChildren(path: string, count: number): Promise<string[]>
  /** The nodes from there on. */
  nodes(path: string): Promise<NodeOrigin[]>
  text(path: string): Promise<string>
}

export interface NodeOrigin {
  readonly path: string
  /** The session that owns it, in hex; 0: it stays. */
  readonly owner: string
  readonly czxid: string
}

export interface ConsumerOptions {
  /** Goes on with the providers that it knows when the registry has none; default false, as Dubbo's. */
  readonly emptyProtection?: boolean
}

export async function startConsumer(stage: Stage, sessionTimeoutMs: number, options: ConsumerOptions = {}): Promise<Consumer> {
  const args = [sessionTimeoutMs, options.emptyProtection ?? false]
  const { ask } = await startService(stage, 'consumer', 'DubboConsumer', args, [`-DDUBBO_IP_TO_REGISTRY=${hostOf(visitors)}`])
  const say = async (question: string): Promise<void> => void (await ask(question))
  return {
    awaitAnswers: (way, wanted, tag = '') => say(`awaitAnswers ${way} ${wanted.join(',')} ${tag}`.trimEnd()),
    awaitSlowAnswers: (way, wanted) => say(`awaitSlowAnswers ${way} ${wanted.join(',')}`),
    callSteadily: () => say('callSteadily'),
    goOnCalling: () => say('goOnCalling'),
    listen: (key) => say(`listen ${key}`),
    awaitHeard: (count) => ask(`awaitHeard ${count}`),
    publish: (key, content, group = 'dubbo') => say(`publish ${group} ${key} ${encodeURIComponent(content)}`),
    remove: (key, group = 'dubbo') => say(`remove ${group} ${key}`),
    register: (url) => say(`register ${encodeURIComponent(url)}`),
    unregister: (url) => say(`unregister ${encodeURIComponent(url)}`),
    awaitSeen: async (category, count) => words(await ask(`awaitSeen ${category} ${count}`)).map((url) => new URL(url)),
    awaitChildren: async (path, count) => words(await ask(`awaitChildren ${path} ${count}`)),
    nodes: async (path) => originsIn(await ask(`origins ${path}`)),
    text: (path) => ask(`text ${path}`),
  }
}

function words(text: string): string[] {
  return text === '' ? [] : text.split(' ')
}

function originsIn(text: string): NodeOrigin[] {
  return [...text.matchAll(/(\S+) owner (\S+) czxid (\S+)/g)].map(([, path, owner, czxid]) => ({ path: path, owner: owner, czxid: czxid }))
}

/** Dubbo refuses loopback addresses, but takes a name that leads to one. */
function hostOf(name: string): string {
  return `${name}.test`
}

const hosts = [visitors, 'first', 'second', 'third'].map(hostOf)

async function startService(
  stage: Stage,
  name: string,
  mainClass: string,
  args: readonly (number | boolean)[],
  jvmFlags: readonly string[] = [],
): Promise<Dialogue> {
  return await startJavaUser(stage, {
    name,
    mainClass,
    sources: import.meta.dirname,
    args: [stage.connectString, ...args.map(String)],
    heapMegabytes: 128,
    async jvmFlags(home) {
      const hostsFile = join(home, 'hosts')
      await writeFile(hostsFile, `127.0.0.1 localhost ${hostname()} ${hosts.join(' ')}\n`)
      // Dubbo keeps copies of what it has seen in the user's home: each process gets its own, so that nothing is known but from the registry.
      return [`-Duser.home=${home}`, `-Djdk.net.hosts.file=${hostsFile}`, '-Ddubbo.application.logger=slf4j', ...jvmFlags]
    },
  })
}

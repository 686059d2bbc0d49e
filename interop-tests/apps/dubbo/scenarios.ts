// What Dubbo services and their consumers go through on the servers.
import { expect } from 'vitest'
import { freePort } from '../../peers/ports.ts'
import type { Application } from '../application.ts'
import { endOnRequest } from '../java-service.ts'
import type { Stage } from '../stage.ts'
import { conditionRoute, configurator, tagRoute } from './rules.ts'
import type { Rule, Scope } from './rules.ts'
import { greeter, greetings, LONG_SESSION_MS, SHORT_SESSION_MS, startConsumer, startProviders, visitors, ways } from './service.ts'
import type { Consumer, ConsumerOptions, NodeOrigin, Providers, Way } from './service.ts'

const LIMIT_MS = 240_000

export const dubbo: Application = {
  name: 'Dubbo',
  scenarios: [
    { name: 'providers come, are killed, come back, end', limitMs: LIMIT_MS, inTest: 'server', play: comeAndGo },
    { name: 'registrations by interface and by application, their layout and metadata', limitMs: LIMIT_MS, play: registrations },
    { name: 'config center, at the start and at run time', limitMs: LIMIT_MS, play: configCenter },
    { name: 'rules of dubbo-admin', limitMs: LIMIT_MS, play: rules },
    { name: 'the leader is killed and the servers restart while calls go on', limitMs: LIMIT_MS, play: blows },
  ],
}

/** A provider that is killed is forgotten with its session, one that is asked to end takes itself out, and the consumer learns of both. */
async function comeAndGo(stage: Stage): Promise<void> {
  const [firsts, seconds, consumer] = await Promise.all([
    startProviders(stage, 'first', SHORT_SESSION_MS),
    startProviders(stage, 'second', SHORT_SESSION_MS),
    startConsumer(stage, SHORT_SESSION_MS),
  ])
  await firsts.offer('first')
  await answeredBy(consumer, ['first'])
  await seconds.offer('second')
  await answeredBy(consumer, ['first', 'second'])

  await firsts.program.kill()
  await registered(consumer, ['second.test'])
  await answeredBy(consumer, ['second'])

  await seconds.offer('third')
  await answeredBy(consumer, ['second', 'third'])
  await seconds.withdraw('second')
  await registered(consumer, ['third.test'])
  await answeredBy(consumer, ['third'])

  const before = await ephemeralsOf(consumer)
  await stage.restart()
  await registered(consumer, ['third.test'])
  expect(await ephemeralsOf(consumer)).toEqual(before)
  await answeredBy(consumer, ['third'])

  await endOnRequest(seconds.program)
  await registered(consumer, [])
  await answeredBy(consumer, ['nobody'])
}

/** Whichever way they are found. */
async function answeredBy(consumer: Consumer, wanted: readonly string[], tag?: string): Promise<void> {
  for (const way of ways) await consumer.awaitAnswers(way, wanted, tag)
}

const providersNode = `/dubbo/${greeter}/providers`
const instancesNode = `/services/${greetings}`

/** Waits until these hosts are registered, by interface and by application. */
async function registered(consumer: Consumer, hosts: readonly string[]): Promise<void> {
  const providers = await consumer.awaitChildren(providersNode, hosts.length)
  expect(providers.map((name) => new URL(decodeURIComponent(name)).hostname).sort()).toEqual(hosts)
  const instances = await consumer.awaitChildren(instancesNode, hosts.length)
  expect(instances.map((name) => name.replace(/:\d+$/, '')).sort()).toEqual(hosts)
}

/** What is registered by interface: the same path, session and zxid mean that it is the same node. */
async function ephemeralsOf(consumer: Consumer): Promise<NodeOrigin[]> {
  return (await consumer.nodes(`/dubbo/${greeter}`)).filter(({ owner }) => owner !== '0')
}

/** Each way of registering serves the consumers of that way, and leaves in ZooKeeper what dubbo-admin looks for. */
async function registrations(stage: Stage): Promise<void> {
  const { providers, consumer } = await startBoth(stage)
  const first = await providers.offer('first', { registerMode: 'interface' })
  const second = await providers.offer('second', { registerMode: 'instance', metadataType: 'remote' })
  await consumer.awaitAnswers('byInterface', ['first'])
  await consumer.awaitAnswers('byApplication', ['second'])
  const third = await providers.offer('third')
  await consumer.awaitAnswers('byInterface', ['first', 'third'])
  await consumer.awaitAnswers('byApplication', ['second', 'third'])

  const revision = await metadataRevision(consumer)
  await layoutIsAsExpected(consumer, revision, { byInterface: [first, third], byApplication: [second, third] })
  await metadataIsThere(consumer, revision, second)
  await adminSees(consumer, [first, third])
  await providers.withdraw('first')
  await adminSees(consumer, [third])
}

const metadataNode = `/dubbo/metadata/${greeter}`

/** Waits until all metadata are written, which is a moment after the registration; gives the revision of what the application offers. */
async function metadataRevision(consumer: Consumer): Promise<string> {
  await consumer.awaitChildren(`${metadataNode}/provider`, 1)
  await consumer.awaitChildren(`${metadataNode}/consumer`, 1)
  const [revision] = await consumer.awaitChildren(`/dubbo/metadata/${greetings}`, 1)
  return revision
}

/** Node by node: what goes with its session, and what stays. */
async function layoutIsAsExpected(consumer: Consumer, revision: string, registered: Readonly<Record<Way, readonly string[]>>): Promise<void> {
  const nodes = [...(await consumer.nodes('/dubbo')), ...(await consumer.nodes('/services'))]
  const staying = nodes.filter(({ owner }) => owner === '0').map(({ path }) => path)
  expect(staying.sort()).toEqual(
    [
      '/dubbo',
      `/dubbo/${greeter}`,
      ...['providers', 'consumers', 'configurators', 'routers'].map((category) => `/dubbo/${greeter}/${category}`),
      ...['', '/dubbo', '/DUBBO_SERVICEDISCOVERY_MIGRATION'].map((group) => `/dubbo/config${group}`),
      ...['', `/${greeter}`].map((part) => `/dubbo/mapping${part}`),
      '/dubbo/metadata',
      ...['', '/provider', `/provider/${greetings}`, '/consumer', `/consumer/${visitors}`].map((part) => `${metadataNode}${part}`),
      ...['', `/${revision}`].map((part) => `/dubbo/metadata/${greetings}${part}`),
      '/services',
      instancesNode,
    ].sort(),
  )
  const going = nodes.filter(({ owner }) => owner !== '0')
  expect(going.map(({ path }) => decodeURIComponent(path).replace(/\?.*/, '')).sort()).toEqual(
    [
      `/dubbo/${greeter}/consumers/consumer://visitors.test/${greeter}`,
      ...registered.byInterface.map((address) => `${providersNode}/dubbo://${address}/${greeter}`),
      ...registered.byApplication.map((address) => `${instancesNode}/${address}`),
    ].sort(),
  )
  const owners = going.filter(({ path }) => path.startsWith('/dubbo')).map(({ owner }) => owner)
  expect(new Set(owners).size).toBe(1 + registered.byInterface.length)
}

/** The instance is one that has its metadata in ZooKeeper. */
async function metadataIsThere(consumer: Consumer, revision: string, instance: string): Promise<void> {
  const read = async (path: string): Promise<unknown> => JSON.parse(await consumer.text(path))
  expect(await consumer.text(`/dubbo/mapping/${greeter}`)).toBe(greetings)
  expect(await read(`${metadataNode}/provider/${greetings}`)).toMatchObject({
    canonicalName: greeter,
    methods: [{ name: 'greet' }, { name: 'greetSlowly' }],
    parameters: { side: 'provider', application: greetings },
  })
  expect(await read(`${metadataNode}/consumer/${visitors}`)).toMatchObject({ side: 'consumer', application: visitors })
  expect(await read(`/dubbo/metadata/${greetings}/${revision}`)).toMatchObject({
    app: greetings,
    revision,
    services: { [`${greeter}:dubbo`]: { name: greeter, protocol: 'dubbo' } },
  })
  expect(await read(`${instancesNode}/${instance}`)).toMatchObject({
    id: instance,
    payload: { metadata: { 'dubbo.metadata.revision': revision, 'dubbo.metadata.storage-type': 'remote' } },
  })
}

async function adminSees(consumer: Consumer, providers: readonly string[]): Promise<void> {
  const seen = await consumer.awaitSeen('providers', providers.length)
  expect(seen.map(({ host }) => host)).toEqual(providers)
  for (const { searchParams } of seen) expect(searchParams.get('application')).toBe(greetings)
  const [visitor] = await consumer.awaitSeen('consumers', 1)
  expect(visitor.searchParams.get('application')).toBe(visitors)
}

interface Both {
  readonly providers: Providers
  readonly consumer: Consumer
}

async function startBoth(stage: Stage, options: ConsumerOptions = {}): Promise<Both> {
  const [providers, consumer] = await Promise.all([startProviders(stage, 'providers', LONG_SESSION_MS), startConsumer(stage, LONG_SESSION_MS, options)])
  return { providers, consumer }
}

/** An application that knows but the config center finds its registry and its protocol there; its own items come before everybody's. */
async function configCenter(stage: Stage): Promise<void> {
  const { providers, consumer } = await startBoth(stage)
  const [everybodys, own] = [await freePort(), await freePort()]
  const registry = `zookeeper://${stage.connectString.replace(',', '?backup=')}`
  const protocol = `dubbo.protocol.name=dubbo\ndubbo.protocol.port=${everybodys}\n`
  await consumer.publish('dubbo.properties', `dubbo.registry.address=${registry}\n${protocol}`)
  await consumer.publish('dubbo.properties', `dubbo.protocol.port=${own}\ndubbo.protocol.host=first.test\n`, greetings)
  await providers.offerAsConfigured('first', greetings)
  await answeredBy(consumer, ['first'])
  expect(await consumer.awaitChildren(instancesNode, 1)).toEqual([`first.test:${own}`])

  await consumer.listen('greeting.form')
  await consumer.publish('greeting.form', 'hello')
  expect(await consumer.awaitHeard(1)).toBe('ADDED hello')
  await consumer.publish('greeting.form', 'good morning')
  expect(await consumer.awaitHeard(2)).toBe('MODIFIED good morning')
  await stage.restart()
  await consumer.publish('greeting.form', 'good evening')
  expect(await consumer.awaitHeard(3)).toBe('MODIFIED good evening')
  await consumer.remove('greeting.form')
  expect(await consumer.awaitHeard(4)).toBe('DELETED null')
}

/** Each rule is seen in where the calls go, and so is that it was taken away. */
async function rules(stage: Stage): Promise<void> {
  const { providers, consumer } = await startBoth(stage)
  const first = await providers.offer('first')
  const second = await providers.offer('second')
  await answeredBy(consumer, both)
  await tagRoutes(consumer, second)
  for (const scope of [service, { scope: 'application', key: visitors }] as const) {
    await conditionRoutes(consumer, scope)
    await timeouts(consumer, scope)
  }
  // A provider registers its new weight. Of those in one process Dubbo tells only the first to come of the rule.
  await under(consumer, configurator(service, { side: 'provider', addresses: [first], parameters: { weight: 0 } }), () => answeredBy(consumer, ['second']))
  // By application, Dubbo calls what was disabled again only when the instances change.
  await under(
    consumer,
    configurator(service, { side: 'consumer', providerAddresses: [second], parameters: { disabled: true } }),
    () => consumer.awaitAnswers('byInterface', ['first']),
    () => consumer.awaitAnswers('byInterface', both),
  )
  await oldOverride(consumer)
}

const both = ['first', 'second']
const service = { scope: 'service', key: greeter } as const

async function under(consumer: Consumer, rule: Rule, check: () => Promise<void>, after = () => answeredBy(consumer, both)): Promise<void> {
  await consumer.publish(rule.key, rule.body)
  await check()
  await consumer.remove(rule.key)
  await after()
}

async function tagRoutes(consumer: Consumer, second: string): Promise<void> {
  // For Dubbo a loopback address is one of IPv6.
  const address = second.replace('second.test', '[::ffff:127.0.0.1]')
  await under(consumer, tagRoute(greetings, 'grey', [address]), async () => {
    await answeredBy(consumer, ['second'], 'grey')
    await answeredBy(consumer, ['first'])
  })
}

async function conditionRoutes(consumer: Consumer, scope: Scope): Promise<void> {
  const toSecond = ['method = greet => host = second.test']
  await under(consumer, conditionRoute(scope, toSecond), async () => {
    await answeredBy(consumer, ['second'])
    await slowlyAnsweredBy(consumer, both)
    const { key, body } = conditionRoute(scope, toSecond, false)
    await consumer.publish(key, body)
    await answeredBy(consumer, both)
  })
  await under(consumer, conditionRoute(scope, ['host = visitors.test => false']), () => answeredBy(consumer, ['nobody']))
}

async function timeouts(consumer: Consumer, scope: Scope): Promise<void> {
  await under(
    consumer,
    configurator(scope, { side: 'consumer', parameters: { timeout: 1 } }),
    () => slowlyAnsweredBy(consumer, ['timeout']),
    () => slowlyAnsweredBy(consumer, both),
  )
}

/** What dubbo-admin registers for consumers that know nothing of the dynamic configuration, and newer ones still obey by interface. */
async function oldOverride(consumer: Consumer): Promise<void> {
  const url = `override://0.0.0.0/${greeter}?category=configurators&dynamic=false&enabled=true&timeout=1`
  await consumer.register(url)
  await consumer.awaitSlowAnswers('byInterface', ['timeout'])
  const [node] = await consumer.awaitChildren(`/dubbo/${greeter}/configurators`, 1)
  expect(decodeURIComponent(node)).toBe(url)
  expect((await consumer.awaitSeen('configurators', 1)).map(String)).toEqual([url])
  await consumer.unregister(url)
  await consumer.awaitSlowAnswers('byInterface', both)
  await consumer.awaitSeen('configurators', 0)
}

async function slowlyAnsweredBy(consumer: Consumer, wanted: readonly string[]): Promise<void> {
  for (const way of ways) await consumer.awaitSlowAnswers(way, wanted)
}

/**
 * No call notices what happens to the servers; what was registered stays, and what comes is found. When a connection is back, Curator takes
 * an instance out and registers it again: with the protection that Dubbo has against it, consumers by application do not see the gap.
 */
async function blows(stage: Stage): Promise<void> {
  const { providers, consumer } = await startBoth(stage, { emptyProtection: true })
  await providers.offer('first')
  await answeredBy(consumer, ['first'])
  const atFirst = await ephemeralsOf(consumer)
  expect(atFirst.length).toBe(2)
  await consumer.callSteadily()
  await stage.killLeader(async () => {
    await consumer.goOnCalling()
    await providers.offer('second')
    await answeredBy(consumer, ['first', 'second'])
  })
  await consumer.goOnCalling()
  await registered(consumer, ['first.test', 'second.test'])
  const then = await ephemeralsOf(consumer)
  expect(then).toEqual(expect.arrayContaining(atFirst))

  await stage.restart()
  await providers.offer('third')
  await answeredBy(consumer, ['first', 'second', 'third'])
  await registered(consumer, ['first.test', 'second.test', 'third.test'])
  expect(await ephemeralsOf(consumer)).toEqual(expect.arrayContaining(then))
  await consumer.goOnCalling()
}

// Configuration, naming, membership and live servers: what one client says is seen by the others, before and after the trouble.
import { describe, expect, test } from 'vitest'
import { RoundRobin } from '../../examples/balance.mjs'
import { publish, subscribe } from '../../examples/config.mjs'
import { join, monitor } from '../../examples/membership.mjs'
import { consume, provide, withdraw } from '../../examples/naming.mjs'
import { goOnline, ServerList } from '../../examples/servers.mjs'
import { needPeer } from '../peers/peers.ts'
import { places, until, useStage } from './stage.ts'

await needPeer('node-zookeeper-client')

describe.each(places)('on $name', (place) => {
  const stage = useStage(place)

  test('subscribers have the configuration that was published last', async () => {
    const [publisher, ...subscribers] = await stage.sessions(4)
    const seen: number[][] = []
    for (const [index, subscriber] of subscribers.entries()) {
      seen.push([])
      await subscribe(subscriber, '/config', (config?: { version: number }) => seen[index].push(config?.version ?? 0))
    }
    expect(seen).toEqual([[0], [0], [0]])
    const allHave = (version: number): Promise<void> =>
      until(
        `all have version ${version}`,
        () => seen.every((versions) => versions.at(-1) === version),
        () => seen,
      )
    await publish(publisher, '/config', { version: 1 })
    await allHave(1)
    const trouble = stage.servers.trouble()
    for (let version = 2; version <= 20; version++) await publish(publisher, '/config', { version })
    await trouble
    await allHave(20)
    await publish(publisher, '/config', { version: 21 })
    await allHave(21)
    // Some may have been left out, and none comes late. What was lost with a connection may be told again.
    for (const versions of seen) expect(versions).toEqual([...versions].sort((one, other) => one - other))
  })

  test('providers are found by their consumers, in the layout of Dubbo', async () => {
    const service = 'com.example.Greeter'
    const [first, second, consumer, reader] = await stage.sessions(4)
    const urlOf = (host: string): string => `dubbo://${host}:20880/${service}?side=provider&timeout=3000`
    const [one, two] = [urlOf('10.0.0.1'), urlOf('10.0.0.2')]
    let found: string[] = []
    const finds = (urls: string[]): Promise<void> =>
      until(
        `${urls.length} providers`,
        () => found.join() === urls.join(),
        () => found,
      )
    await provide(first, service, one)
    await consume(consumer, service, `consumer://10.0.0.9/${service}?side=consumer`, (urls) => (found = urls))
    await finds([one])
    await reader.ensure('/dubbo')
    expect((await reader.children(`/dubbo/${service}`)).sort()).toEqual(['consumers', 'providers'])
    expect(await reader.children(`/dubbo/${service}/providers`)).toEqual([
      'dubbo%3A%2F%2F10.0.0.1%3A20880%2Fcom.example.Greeter%3Fside%3Dprovider%26timeout%3D3000',
    ])
    const [standing] = await reader.children(`/dubbo/${service}/consumers`)
    expect(decodeURIComponent(standing)).toBe(`consumer://10.0.0.9/${service}?side=consumer`)
    const trouble = stage.servers.trouble()
    await provide(second, service, two)
    await finds([one, two])
    await trouble
    // One dies without a word, one comes again under its own name while its old session is still there, and goes in order.
    await stage.servers.expireSession(first.id)
    await finds([two])
    const [third] = await stage.sessions(1)
    await provide(third, service, two)
    await second.close()
    await provide(first, service, one).then(
      () => expect.unreachable('a dead session registers nothing'),
      () => undefined,
    )
    await finds([two])
    await withdraw(third, service, two)
    await finds([])
  })

  test('the monitor knows who is a member', async () => {
    const [watcher, ...members] = await stage.sessions(5)
    const told: string[] = []
    let present: string[] = []
    await monitor(watcher, '/members', (what, name, names) => {
      told.push(`${name} ${what}`)
      present = names
    })
    expect(told).toEqual([])
    for (const [index, member] of members.slice(0, 3).entries()) await join(member, '/members', `member-${index}`)
    await until(
      'three have joined',
      () => told.length === 3,
      () => told,
    )
    const trouble = stage.servers.trouble()
    await join(members[3], '/members', 'member-3')
    await trouble
    await members[0].close()
    await stage.servers.expireSession(members[1].id)
    await until(
      'two are left',
      () => present.join() === 'member-2,member-3',
      () => told,
    )
    // Each of it once, and nobody left because a server went.
    expect([...told].sort()).toEqual(['member-0 joined', 'member-0 left', 'member-1 joined', 'member-1 left', 'member-2 joined', 'member-3 joined'])
  })

  test('clients see servers go on and off line', async () => {
    const [one, two, three, ...clients] = await stage.sessions(6)
    const lists = await Promise.all(clients.map((client) => ServerList.watch(client, '/servers')))
    const all = (addresses: string[]): Promise<void> =>
      until(
        `all see ${addresses.join()}`,
        () => lists.every((list) => list.addresses.join() === addresses.join()),
        () => lists,
      )
    await all([])
    const takeOff = await goOnline(one, '/servers', 'one:80')
    await all(['one:80'])
    const trouble = stage.servers.trouble()
    await goOnline(two, '/servers', 'two:80')
    await goOnline(three, '/servers', 'three:80')
    await all(['one:80', 'two:80', 'three:80'])
    await trouble
    await stage.servers.expireSession(two.id)
    await all(['one:80', 'three:80'])
    await takeOff()
    await all(['three:80'])
    await goOnline(one, '/servers', 'one:80')
    await all(['three:80', 'one:80'])
  })

  test('requests go to the live servers in turn', async () => {
    const [one, two, three, client] = await stage.sessions(4)
    await goOnline(one, '/workers', 'one')
    await goOnline(two, '/workers', 'two')
    const balancer = await RoundRobin.over(client, '/workers')
    const isDown = new Set<string>()
    const requests = async (count: number): Promise<Record<string, number>> => {
      const counts: Record<string, number> = {}
      for (let sent = 0; sent < count; sent++) {
        await balancer.request(async (address) => {
          if (isDown.has(address)) throw new Error(`${address} is down`)
          return (counts[address] = (counts[address] ?? 0) + 1)
        })
      }
      return counts
    }
    expect(await requests(100)).toEqual({ one: 50, two: 50 })
    const trouble = stage.servers.trouble()
    // The list is in memory: requests do not wait for it.
    expect(await requests(100)).toEqual({ one: 50, two: 50 })
    await trouble
    await goOnline(three, '/workers', 'three')
    await until('three is on the list', () => balancer.list.addresses.length === 3)
    expect(await requests(300)).toEqual({ one: 100, two: 100, three: 100 })
    // Down, but still on the list: its requests go elsewhere.
    isDown.add('two')
    const counts = await requests(300)
    expect(counts['one'] + counts['three']).toBe(300)
    await stage.servers.expireSession(two.id)
    await until('two is off the list', () => balancer.list.addresses.length === 2)
    expect(await requests(100)).toEqual({ one: 50, three: 50 })
    isDown.add('one').add('three')
    await expect(requests(1)).rejects.toThrow('is down')
  })
})

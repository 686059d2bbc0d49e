// Counts, elections, locks and queues: what must happen once happens once, and in order, whatever dies meanwhile.
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { stand } from '../../examples/election.mjs'
import { withLock } from '../../examples/lock.mjs'
import { Queue } from '../../examples/queue.mjs'
import { Chooser, counted, serve } from '../../examples/soft-balance.mjs'
import { connect, inOrder } from '../../examples/zookeeper.mjs'
import { needPeer } from '../peers/peers.ts'
import { eventually } from '../peers/processes.ts'
import { fourLetterWord } from '../peers/server-process.ts'
import { places, until, useStage } from './stage.ts'

await needPeer('node-zookeeper-client')

describe.each(places)('on $name', (place) => {
  const stage = useStage(place)

  test('the least visited server gets the next request, and every visit is counted once', async () => {
    const [one, two, three, late, ...clients] = await stage.sessions(8)
    for (const [server, name] of [
      [one, 'one'],
      [two, 'two'],
      [three, 'three'],
    ] as const)
      await serve(server, '/soft', name)
    const choosers = await Promise.all(clients.map((client) => Chooser.open(client, '/soft')))
    const visits: Record<string, number> = { one: 0, two: 0, three: 0, late: 0 }
    const visit = async (count: number): Promise<void> => {
      await Promise.all(
        choosers.map(async (chooser) => {
          for (let sent = 0; sent < count; sent++) visits[(await chooser.choose())!] += 1
        }),
      )
    }
    await visit(10)
    const trouble = stage.servers.trouble()
    await visit(15)
    await trouble
    await visit(5)
    await clients[0].ensure('/soft')
    const counts = await counted(clients[0], '/soft')
    expect(Object.fromEntries(counts.map((server) => [server.address, server.visits]))).toEqual({ one: 40, two: 40, three: 40 })
    expect(visits).toEqual({ one: 40, two: 40, three: 40, late: 0 })
    // One that comes later has its part of what is still to come, not all of it.
    await serve(late, '/soft', 'late')
    await visit(10)
    expect(visits).toEqual({ one: 50, two: 50, three: 50, late: 10 })
    await stage.servers.expireSession(late.id)
    await visit(15)
    expect(visits).toEqual({ one: 70, two: 70, three: 70, late: 10 })
  })

  test('there is one master, and its slaves know it', async () => {
    const sessions = await stage.sessions(5)
    const names = sessions.map((_, index) => `candidate ${index}`)
    const all: Awaited<ReturnType<typeof stand>>[] = []
    for (const [index, session] of sessions.entries()) all.push(await stand(session, '/election', names[index]))
    const masters: (string | undefined)[] = []
    const agreed = async (living: typeof all, master: string): Promise<void> => {
      await until(
        `all follow ${master}`,
        () => living.every((one) => one.master === master),
        () => all,
      )
      expect(living.filter(({ isMaster }) => isMaster).map(({ name }) => name)).toEqual([master])
      masters.push(master)
    }
    await agreed(all, names[0])
    // A server dies: its clients have other servers, and the master stays.
    await stage.servers.trouble()
    await sessions[4].write('/election', 'a word after the trouble')
    await agreed(all, names[0])
    // The master dies: the next one follows, and the old one knows that it is none.
    await stage.servers.expireSession(sessions[0].id)
    await agreed(all.slice(1), names[1])
    await until('the old master knows', () => !all[0].isMaster)
    // A slave in the middle goes, and the master after it.
    await sessions[2].close()
    await agreed([all[1], all[3], all[4]], names[1])
    await sessions[1].close()
    await agreed([all[3], all[4]], names[3])
    expect(all.filter(({ isMaster }) => isMaster).map(({ name }) => name)).toEqual([names[3]])
  })

  test('a lock is held by one at a time, in the order in which it was asked for', async () => {
    const sessions = await stage.sessions(8)
    await sessions[0].ensure('/counter')
    await sessions[0].write('/counter', '0')
    const turns: number[] = []
    let inside = 0
    let most = 0
    const rounds = 6
    const trouble = until('they are at it', () => turns.length > 5).then(() => stage.servers.trouble())
    await Promise.all(
      sessions.map(async (session) => {
        for (let round = 0; round < rounds; round++) {
          await withLock(session, '/lock', async (turn) => {
            most = Math.max(most, ++inside)
            turns.push(turn)
            // What goes wrong if two do it at a time.
            const count = Number(await session.read('/counter'))
            await delay(5)
            await session.write('/counter', String(count + 1))
            inside--
          })
        }
      }),
    )
    await trouble
    await sessions[0].ensure('/counter')
    expect(await sessions[0].read('/counter')).toBe(String(rounds * sessions.length))
    expect(most).toBe(1)
    expect(turns).toEqual([...turns].sort((one, other) => one - other))
    expect(turns).toHaveLength(rounds * sessions.length)
    expect(await sessions[0].children('/lock')).toEqual([])
  })

  test('a lock goes on to the next when its holder dies', async () => {
    const [holder, waiting] = await stage.sessions(2)
    const order: string[] = []
    const held = withLock(holder, '/lock', async () => {
      order.push('first')
      await holder.ended
    })
    const ended = expect(held).rejects.toThrow('the session has expired')
    await until('it is held', () => order.length === 1)
    const next = withLock(waiting, '/lock', async () => void order.push('second'))
    while ((await waiting.children('/lock')).length < 2) await delay(5)
    await stage.servers.trouble()
    await stage.servers.expireSession(holder.id)
    await next
    await ended
    expect(order).toEqual(['first', 'second'])
  })

  test('a queue loses nothing, gives nothing twice, and keeps its order', async () => {
    const sessions = await stage.sessions(7)
    const producers = await Promise.all(sessions.slice(0, 3).map((session) => Queue.open(session, '/queue')))
    const consumers = await Promise.all(sessions.slice(3).map((session) => Queue.open(session, '/queue')))
    const perProducer = 40
    const total = perProducer * producers.length
    const taken: { item: string; consumer: number }[] = []
    const consuming = consumers.map(async (queue, consumer) => {
      for (let item = await queue.take(); item !== 'the end'; item = await queue.take()) taken.push({ item, consumer })
    })
    const trouble = until('a part is taken', () => taken.length > total / 4).then(() => stage.servers.trouble())
    await Promise.all(
      producers.map(async (queue, producer) => {
        for (let number = 0; number < perProducer; number++) await queue.put(`${producer} ${number}`)
      }),
    )
    await trouble
    await Promise.all(consumers.map(() => producers[0].put('the end')))
    await Promise.all(consuming)
    const expected = producers.flatMap((_, producer) => Array.from({ length: perProducer }, (_, number) => `${producer} ${number}`))
    expect(taken.map(({ item }) => item).sort()).toEqual(expected.sort())
    // Each consumer sees what a producer has put in the order in which it was put.
    for (const consumer of consumers.keys()) {
      for (const producer of producers.keys()) {
        const numbers = taken.filter((one) => one.consumer === consumer && one.item.startsWith(`${producer} `)).map(({ item }) => Number(item.split(' ')[1]))
        expect(numbers).toEqual([...numbers].sort((one, other) => one - other))
      }
    }
    expect(new Set(taken.map(({ consumer }) => consumer)).size).toBeGreaterThan(1)
    await sessions[0].ensure('/queue/items')
    expect(await sessions[0].children('/queue/items')).toEqual([])
  })

  test('what is in a queue leaves it in the order in which it came, over all consumers', async () => {
    const sessions = await stage.sessions(4)
    const [producer, ...consumers] = await Promise.all(sessions.map((session) => Queue.open(session, '/queue')))
    for (let number = 0; number < 60; number++) await producer.put(String(number))
    await stage.servers.trouble()
    // What is left is at every moment the end of what was there: nobody has jumped the queue.
    const left: string[][] = []
    const watching = sessions[0].watchChildren('/queue/items', (names) => left.push(inOrder(names)))
    const whole = inOrder(await sessions[0].children('/queue/items'))
    expect(whole).toHaveLength(60)
    await watching
    const shares = await Promise.all(
      consumers.map(async (queue) => {
        const share: number[] = []
        for (let count = 0; count < 20; count++) {
          const before = left.at(-1)?.length ?? 60
          share.push(Number(await queue.take()))
          // Who watches is to see more than the beginning and the end, however busy the machine is.
          if (count % 5 === 4) await until('what was taken is seen', () => (left.at(-1)?.length ?? 60) < before)
        }
        return share
      }),
    )
    expect(shares.flat().sort((one, other) => one - other)).toEqual(Array.from({ length: 60 }, (_, number) => number))
    for (const share of shares) expect(share).toEqual([...share].sort((one, other) => one - other))
    await until('the end was seen', () => left.at(-1)?.length === 0)
    expect(left.length).toBeGreaterThan(5)
    for (const names of left) expect(names).toEqual(whole.slice(whole.length - names.length))
  })
})

test('who releases a lock wakes the next one and not the herd', async () => {
  const servers = await places[0].open()
  const sessions = await Promise.all(Array.from({ length: 10 }, () => connect(servers.connectString)))
  const [port] = servers.ports()
  /** Watches fired since the server's start, by the nodes that went; and by children lists that changed. */
  const fired = async (): Promise<{ deletions: number; most: number; children: number }> => {
    const mntr = await fourLetterWord(port, 'mntr')
    const number = (name: string): number => Number(new RegExp(`^zk_${name}\\t([0-9.]+)$`, 'm').exec(mntr)?.[1] ?? Number.NaN)
    return {
      deletions: number('sum_node_deleted_watch_count'),
      most: number('max_node_deleted_watch_count'),
      children: number('sum_node_children_watch_count'),
    }
  }
  const before = await fired()
  let release = (): void => {}
  const first = withLock(sessions[0], '/lock', () => new Promise<void>((resolve) => (release = resolve)))
  const others = sessions.slice(1).map((session) => withLock(session, '/lock', () => Promise.resolve()))
  const waiting = async (): Promise<number> => Number(/Total watches:(\d+)/.exec(await fourLetterWord(port, 'wchs'))![1])
  await eventually('all wait at their predecessors', 20_000, async () => ((await waiting()) === 9 ? true : undefined))
  release()
  await Promise.all([first, ...others])
  const after = await fired()
  expect(after.deletions - before.deletions).toBe(9)
  expect(after.most).toBe(1)
  expect(after.children - before.children).toBe(0)
  for (const session of sessions) await session.close()
  await servers.close()
})

// The ensemble for other people's tests, with the client that they would use.
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import zookeeper from 'node-zookeeper-client'
import type { Client } from 'node-zookeeper-client'
import { afterEach, describe, expect, it } from 'vitest'
import { startTestEnsemble } from '../../src/testing/index.ts'
import type { TestEnsemble, TestEnsembleOptions } from '../../src/testing/index.ts'

const LIMIT_MS = 60_000

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function start(size = 3, options: TestEnsembleOptions = {}): Promise<TestEnsemble> {
  const ensemble = await startTestEnsemble(size, { settings: { tickTime: 100, syncLimit: 5 }, timeoutMs: LIMIT_MS, ...options })
  cleanups.push(() => ensemble.close())
  return ensemble
}

async function connect(connectString: string): Promise<Client> {
  const client = zookeeper.createClient(connectString, { sessionTimeout: 10_000, spinDelay: 20 })
  cleanups.push(() => client.close())
  const connected = once(client, 'connected')
  client.connect()
  await connected
  return client
}

const create = (client: Client, path: string, mode = zookeeper.CreateMode.PERSISTENT): Promise<string> =>
  new Promise((resolve, reject) => client.create(path, null, null, mode, (error, name) => (error ? reject(error) : resolve(name))))
const isThere = (client: Client, path: string): Promise<boolean> =>
  new Promise((resolve, reject) => client.exists(path, null, (error, stat) => (error ? reject(error) : resolve(Boolean(stat)))))

async function until(what: string, isSo: () => boolean): Promise<void> {
  const deadline = performance.now() + LIMIT_MS
  while (!isSo()) {
    if (performance.now() > deadline) throw new Error(`${what}: not within ${LIMIT_MS} ms`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

describe('the test ensemble', () => {
  it('serves clients on every member', async () => {
    const ensemble = await start()
    expect(ensemble.members.map(({ id }) => id)).toEqual([1, 2, 3])
    expect(ensemble.members.map(({ role }) => role).sort()).toEqual(['follower', 'follower', 'leader'])
    expect(ensemble.connectString).toBe(ensemble.members.map(({ port }) => `127.0.0.1:${port}`).join(','))
    const [first, second] = [await connect(ensemble.members[0].connectString), await connect(ensemble.members[1].connectString)]
    await create(first, '/a')
    await create(second, '/b')
    expect(await isThere(second, '/a')).toBe(true)
  })

  it('runs beside others', async () => {
    const [one, other] = await Promise.all([start(3), start(1)])
    await create(await connect(one.connectString), '/only')
    expect(await isThere(await connect(other.connectString), '/only')).toBe(false)
  })

  it('has another leader after one was killed, and the client keeps its session', async () => {
    const ensemble = await start()
    const client = await connect(ensemble.connectString)
    await create(client, '/e', zookeeper.CreateMode.EPHEMERAL)
    const leader = await ensemble.leader()
    await ensemble.kill(leader.id)
    expect(leader.role).toBeUndefined()
    const successor = await ensemble.leader()
    expect(successor.id).not.toBe(leader.id)
    await ensemble.restart(leader.id)
    await until('it follows', () => leader.role === 'follower')
    expect(await isThere(await connect(leader.connectString), '/e')).toBe(true)
  })

  it('has a leader where the majority is', async () => {
    const ensemble = await start()
    const leader = await ensemble.leader()
    const rest = ensemble.members.filter((member) => member !== leader).map(({ id }) => id)
    ensemble.partition([leader.id], rest)
    expect(rest).toContain((await ensemble.leader()).id)
    ensemble.heal()
    await until('the old one follows', () => leader.role === 'follower')
  })

  it('cuts one way', async () => {
    const ensemble = await start()
    const leader = await ensemble.leader()
    const [one, two] = ensemble.members.filter((member) => member !== leader)
    ensemble.cut(leader.id, one.id)
    await until('it hears nothing from the leader', () => one.role === undefined)
    expect([leader.role, two.role]).toEqual(['leader', 'follower'])
    ensemble.heal()
    await until('it follows again', () => one.role === 'follower')
    expect((await ensemble.leader()).id).toBe(leader.id)
  })

  it('pauses and resumes a member, whose clients wait', async () => {
    const ensemble = await start()
    const member = ensemble.members.find(({ role }) => role === 'follower')!
    const client = await connect(member.connectString)
    ensemble.pause(member.id)
    expect(member.role).toBeUndefined()
    const order: string[] = []
    const answered = create(client, '/waits').then(() => order.push('answered'))
    await create(await connect((await ensemble.leader()).connectString), '/meanwhile')
    order.push('resumed')
    ensemble.resume(member.id)
    await answered
    expect(order).toEqual(['resumed', 'answered'])
    expect(await isThere(client, '/meanwhile')).toBe(true)
  })

  it('starts with the members that it is told to, and the others later', async () => {
    const ensemble = await start(3, { running: [1] })
    expect(ensemble.members.map(({ role }) => role)).toEqual([undefined, undefined, undefined])
    await ensemble.start(2)
    expect((await ensemble.leader()).id).toBe(2)
    await ensemble.start(2)
    expect((await ensemble.leader()).id).toBe(2)
  })

  it('ends a session on the leader, whichever member has its client', async () => {
    const ensemble = await start()
    const member = ensemble.members.find(({ role }) => role === 'follower')!
    const [client, other] = [await connect(member.connectString), await connect((await ensemble.leader()).connectString)]
    await create(client, '/e', zookeeper.CreateMode.EPHEMERAL)
    const expired = once(client, 'expired')
    await ensemble.expireSession(client.getSessionId().readBigInt64BE())
    expect(await isThere(other, '/e')).toBe(false)
    await expired
  })

  it('has observers behind the voters', async () => {
    const ensemble = await start(1, { observers: 1 })
    expect(ensemble.members.map(({ role }) => role)).toEqual(['leader', 'observer'])
  })

  it('keeps its data in a directory for each member', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'tskeeper-ensemble-'))
    cleanups.push(() => rmSync(dataDir, { recursive: true }))
    const first = await start(3, { dataDir })
    await create(await connect(first.connectString), '/kept')
    await first.close()
    expect(readdirSync(dataDir)).toEqual(['1', '2', '3'])
    const second = await start(3, { dataDir })
    expect(await isThere(await connect((await second.leader()).connectString), '/kept')).toBe(true)
  })

  it('says what it waited for', async () => {
    const ensemble = await start(3, { running: [1], timeoutMs: 50 })
    await expect(ensemble.leader()).rejects.toThrow('a leader serves: not within 50 ms')
    expect(() => ensemble.pause(4)).toThrow('there is no member 4')
  })

  it('ends while a member is paused', async () => {
    const ensemble = await start()
    ensemble.pause(2)
    await ensemble.close()
  })
})

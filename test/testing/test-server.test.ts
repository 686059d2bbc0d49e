// The server for other people's tests, with the client that they would use.
import { mkdtempSync, rmSync } from 'node:fs'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import zookeeper from 'node-zookeeper-client'
import type { Client } from 'node-zookeeper-client'
import { afterEach, describe, expect, it } from 'vitest'
import { startTestServer } from '../../src/testing/index.ts'
import type { TestServer, TestServerOptions } from '../../src/testing/index.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function start(options: TestServerOptions = {}): Promise<TestServer> {
  const server = await startTestServer(options)
  cleanups.push(() => server.close())
  return server
}

async function connect(server: TestServer, sessionTimeout = 10_000): Promise<Client> {
  const client = zookeeper.createClient(server.connectString, { sessionTimeout, spinDelay: 50 })
  cleanups.push(() => client.close())
  const connected = once(client, 'connected')
  client.connect()
  await connected
  return client
}

const create = (client: Client, path: string, text: string, mode = zookeeper.CreateMode.PERSISTENT): Promise<string> =>
  new Promise((resolve, reject) => client.create(path, Buffer.from(text), null, mode, (error, name) => (error ? reject(error) : resolve(name))))
const read = (client: Client, path: string): Promise<string> =>
  new Promise((resolve, reject) => client.getData(path, null, (error, data) => (error ? reject(error) : resolve(String(data)))))
const isThere = (client: Client, path: string): Promise<boolean> =>
  new Promise((resolve, reject) => client.exists(path, null, (error, stat) => (error ? reject(error) : resolve(Boolean(stat)))))

describe('the test server', () => {
  it('serves a client', async () => {
    const server = await start()
    expect(server.connectString).toBe(`127.0.0.1:${server.port}`)
    const client = await connect(server)
    expect(await create(client, '/hello', 'world')).toBe('/hello')
    expect(await read(client, '/hello')).toBe('world')
  })

  it('runs beside others', async () => {
    const servers = await Promise.all([start(), start(), start()])
    expect(new Set(servers.map(({ port }) => port)).size).toBe(3)
    const clients = await Promise.all(servers.map((server) => connect(server)))
    await create(clients[0], '/only', 'here')
    expect(await Promise.all(clients.map((client) => isThere(client, '/only')))).toEqual([true, false, false])
  })

  it('ends a session when it is asked to: its ephemerals are gone, its client hears of it', async () => {
    const server = await start()
    const [client, other] = [await connect(server), await connect(server)]
    await create(client, '/e', 'x', zookeeper.CreateMode.EPHEMERAL)
    const expired = once(client, 'expired')
    await server.expireSession(client.getSessionId().readBigInt64BE())
    expect(await isThere(other, '/e')).toBe(false)
    await expired
    await server.expireSession(12345n)
  })

  it('keeps its data and sessions over a restart, on the same port', async () => {
    const server = await start()
    const { port } = server
    const client = await connect(server)
    await create(client, '/kept', 'data')
    await create(client, '/e', 'x', zookeeper.CreateMode.EPHEMERAL)
    const session = client.getSessionId().toString('hex')
    const back = once(client, 'connected')
    await server.restart()
    await back
    expect([server.port, client.getSessionId().toString('hex')]).toEqual([port, session])
    expect([await read(client, '/kept'), await isThere(client, '/e')]).toEqual(['data', true])
  })

  it('is not there while it is stopped', async () => {
    const server = await start()
    const client = await connect(server)
    const lost = once(client, 'disconnected')
    await server.stop()
    await lost
    await expect(server.expireSession(1n)).rejects.toThrow('stopped')
    await server.stop()
    const back = once(client, 'connected')
    await server.restart()
    await back
  })

  it('keeps its data in a directory when it is given one', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'tskeeper-test-'))
    cleanups.push(() => rmSync(dataDir, { recursive: true }))
    const first = await start({ dataDir })
    await create(await connect(first), '/kept', 'on disk')
    await first.close()
    const second = await start({ dataDir })
    expect(await read(await connect(second), '/kept')).toBe('on disk')
  })

  it('says when it cannot start', async () => {
    const { port } = await start()
    await expect(startTestServer({ port })).rejects.toThrow('EADDRINUSE')
  })

  it('takes settings', async () => {
    const server = await start({ settings: { tickTime: 2000 } })
    expect((await connect(server, 1)).getSessionTimeout()).toBe(4000)
  })

  it('answers who waits for the end of a session when it is closed meanwhile', async () => {
    const server = await start()
    const client = await connect(server)
    const ended = server.expireSession(client.getSessionId().readBigInt64BE())
    await server.close()
    await ended
  })
})

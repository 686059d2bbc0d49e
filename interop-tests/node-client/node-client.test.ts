// node-zookeeper-client, the JavaScript client: its whole interface against the server under test.
import zookeeper from 'node-zookeeper-client'
import type { Client, Options } from 'node-zookeeper-client'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openLink } from '../peers/link.ts'
import { needPeer } from '../peers/peers.ts'
import type { ServerProcess } from '../peers/server-process.ts'
import { restartServer, startServer } from '../peers/server-under-test.ts'
import {
  clientEvent,
  commit,
  connectClient,
  create,
  data,
  exists,
  getChildren,
  getData,
  promised,
  recorder,
  refusal,
  remove,
  setACL,
  setData,
} from './promises.ts'

const { ACL, CreateMode, Id, Permission } = zookeeper
const peer = await needPeer('node-zookeeper-client')

describe.skipIf(peer === undefined)('node-zookeeper-client', () => {
  let server: ServerProcess
  let client: Client
  let opened: Client[] = []
  const another = async (options: Options & { chroot?: string; port?: number } = {}): Promise<Client> => {
    const one = await connectClient(`127.0.0.1:${options.port ?? server.port}${options.chroot ?? ''}`, options)
    opened.push(one)
    return one
  }
  beforeEach(async () => {
    server = await startServer()
    client = await another()
  })
  afterEach(async () => {
    for (const one of opened) one.close()
    opened = []
    await server.kill()
  })

  test('creates nodes of each kind', async () => {
    expect(await create(client, '/a', 'x')).toBe('/a')
    expect(await refusal(create(client, '/a', 'x'))).toBe('NODE_EXISTS')
    expect(await refusal(create(client, '/none/b'))).toBe('NO_NODE')
    expect(await create(client, '/a/s-', 'x', CreateMode.PERSISTENT_SEQUENTIAL)).toBe('/a/s-0000000000')
    expect(await create(client, '/a/s-', 'x', CreateMode.EPHEMERAL_SEQUENTIAL)).toBe('/a/s-0000000001')
    expect(await create(client, '/a/e', 'x', CreateMode.EPHEMERAL)).toBe('/a/e')
    expect(await refusal(create(client, '/a/e/child'))).toBe('NO_CHILDREN_FOR_EPHEMERALS')
    expect((await exists(client, '/a/e'))!.ephemeralOwner).toEqual(client.getSessionId())
    expect(await promised((done) => client.mkdirp('/deep/er/est', data('x'), null, CreateMode.PERSISTENT, done))).toBe('/deep/er/est')
    expect(await getData(client, '/deep/er/est')).toBe('x')
  })

  test('reads and changes them', async () => {
    await create(client, '/a', 'ünïcödé')
    await create(client, '/empty')
    expect(await getData(client, '/a')).toBe('ünïcödé')
    expect(await getData(client, '/empty')).toBeUndefined()
    expect(await setData(client, '/a', 'one', 0)).toMatchObject({ version: 1, cversion: 0, aversion: 0, dataLength: 3, numChildren: 0 })
    expect(await refusal(setData(client, '/a', 'two', 0))).toBe('BAD_VERSION')
    expect(await refusal(setData(client, '/none', ''))).toBe('NO_NODE')
    expect(await exists(client, '/none')).toBeNull()
    const stat = await exists(client, '/a')
    expect([stat!.czxid, stat!.mzxid, stat!.pzxid].map((zxid) => zxid.readBigInt64BE())).toEqual([2n, 4n, 2n])
    expect(await getChildren(client, '/')).toEqual(['a', 'empty', 'zookeeper'])
    expect(await refusal(getChildren(client, '/none'))).toBe('NO_NODE')
    // The client itself does not look any deeper than one level.
    const tree = await promised<string[]>((done) => client.listSubTreeBFS('/', done))
    expect(tree.sort()).toEqual(['/', '/a', '/empty', '/zookeeper'])
    const large = 'x'.repeat(900_000)
    await setData(client, '/a', large)
    expect(await getData(client, '/a')).toBe(large)
  })

  test('removes them', async () => {
    for (const path of ['/a', '/a/b', '/a/c', '/a/d']) await create(client, path)
    expect(await refusal(remove(client, '/a'))).toBe('NOT_EMPTY')
    expect(await refusal(remove(client, '/a/d', 7))).toBe('BAD_VERSION')
    await remove(client, '/a/d', 0)
    expect(await refusal(remove(client, '/a/d'))).toBe('NO_NODE')
    expect(await refusal(remove(client, '/zookeeper'))).toBe('BAD_ARGUMENTS')
    await promised((done) => client.removeRecursive('/a', -1, done))
    expect(await getChildren(client, '/')).toEqual(['zookeeper'])
  })

  test('is told by its watches', async () => {
    const events = recorder()
    const actor = await another()
    await exists(client, '/a', events.watcher)
    await create(actor, '/a', '0')
    await events.count(1)
    await getData(client, '/a', events.watcher)
    await setData(actor, '/a', '1')
    await setData(actor, '/a', '2')
    await events.count(2)
    await getChildren(client, '/a', events.watcher)
    await create(actor, '/a/b')
    await events.count(3)
    await exists(client, '/a/b', events.watcher)
    await remove(actor, '/a/b')
    await events.count(4)
    await exists(client, '/a')
    expect(events.seen).toEqual(['NODE_CREATED /a', 'NODE_DATA_CHANGED /a', 'NODE_CHILDREN_CHANGED /a', 'NODE_DELETED /a/b'])
  })

  test('is told after a break what it missed', async () => {
    const link = await openLink(server.port)
    const away = await another({ port: link.port })
    const events = recorder()
    for (const path of ['/changed', '/same', '/gone', '/parent']) await create(client, path)
    for (const path of ['/changed', '/same', '/gone']) await getData(away, path, events.watcher)
    await getChildren(away, '/parent', events.watcher)
    await exists(away, '/appears', events.watcher)
    const session = away.getSessionId().toString('hex')
    await create(away, '/mine', '', CreateMode.EPHEMERAL)

    const disconnected = clientEvent(away, 'disconnected')
    link.cut()
    await disconnected
    await setData(client, '/changed', '1')
    await remove(client, '/gone')
    await create(client, '/parent/child')
    await create(client, '/appears')
    const connected = clientEvent(away, 'connected')
    link.mend()
    await connected
    const missed = ['NODE_CHILDREN_CHANGED /parent', 'NODE_CREATED /appears', 'NODE_DATA_CHANGED /changed', 'NODE_DELETED /gone']
    expect([...(await events.count(4))].sort()).toEqual(missed)
    await setData(client, '/same', '1')
    expect((await events.count(5)).at(-1)).toBe('NODE_DATA_CHANGED /same')
    expect(away.getSessionId().toString('hex')).toBe(session)
    expect((await exists(away, '/mine'))!.ephemeralOwner.toString('hex')).toBe(session)
    link.close()
  })

  test('commits transactions whole or not at all', async () => {
    const good = await commit(
      client
        .transaction()
        .create('/a', data('0'))
        .create('/a/s-', null, null, CreateMode.EPHEMERAL_SEQUENTIAL)
        .setData('/a', data('1'))
        .check('/a', 1)
        .remove('/a/s-0000000000'),
    )
    expect(good.error).toBeUndefined()
    expect(good.results.map((result) => result.path ?? result.stat?.version)).toEqual(['/a', '/a/s-0000000000', 1, undefined, undefined])
    const bad = await commit(client.transaction().setData('/a', data('2')).check('/a', 7).remove('/a'))
    expect(bad.error).toBe('BAD_VERSION')
    expect(bad.results.map((result) => result.err)).toEqual([0, -103, -2])
    expect(await getData(client, '/a')).toBe('1')
  })

  test('keeps nodes to their owners', async () => {
    await create(client, '/a', 'x')
    client.addAuthInfo('digest', data('me:secret'))
    expect((await setACL(client, '/a', ACL.CREATOR_ALL_ACL, 0)).aversion).toBe(1)
    expect(await refusal(setACL(client, '/a', ACL.CREATOR_ALL_ACL, 0))).toBe('BAD_VERSION')
    const guest = await another()
    expect(await refusal(getData(guest, '/a'))).toBe('NO_AUTH')
    const acls = await promised<{ permission: number; id: { scheme: string; id: string } }[]>((done) => client.getACL('/a', done))
    expect(acls).toMatchObject([{ permission: Permission.ALL, id: { scheme: 'digest', id: 'me:016djjlksVQS5RgX3M7biBGyYwY=' } }])
    guest.addAuthInfo('digest', data('me:secret'))
    expect(await getData(guest, '/a')).toBe('x')
    expect(await refusal(setACL(client, '/a', [new ACL(Permission.READ, new Id('nosuch', 'x'))]))).toBe('INVALID_ACL')
    await create(client, '/readable', 'x', CreateMode.PERSISTENT, ACL.READ_ACL_UNSAFE)
    expect(await refusal(setData(guest, '/readable', 'y'))).toBe('NO_AUTH')
  })

  test('learns that its identity is refused', async () => {
    const failing = await another()
    const failed = clientEvent(failing, 'authenticationFailed')
    failing.addAuthInfo('nosuch', data('x'))
    await failed
    expect(failing.getState().getName()).toBe('AUTH_FAILED')
  })

  test('lives below a chroot', async () => {
    await create(client, '/root')
    const inner = await another({ chroot: '/root' })
    const events = recorder()
    expect(await create(inner, '/a', 'x')).toBe('/a')
    await getData(inner, '/a', events.watcher)
    await setData(client, '/root/a', 'y')
    expect(await events.count(1)).toEqual(['NODE_DATA_CHANGED /a'])
    expect(await create(inner, '/s-', '', CreateMode.PERSISTENT_SEQUENTIAL)).toBe('/s-0000000001')
    expect(await getChildren(client, '/root')).toEqual(['a', 's-0000000001'])
  })

  test('negotiates its timeout, takes a session over, sees it expire', async () => {
    expect((await another({ sessionTimeout: 100 })).getSessionTimeout()).toBe(1_000)
    expect((await another({ sessionTimeout: 100_000 })).getSessionTimeout()).toBe(10_000)
    const firstLink = await openLink(server.port)
    const first = await another({ port: firstLink.port })
    await create(first, '/mine', '', CreateMode.EPHEMERAL)
    firstLink.cut()
    const identity = { sessionId: first.getSessionId(), sessionPassword: first.getSessionPassword() }
    const heir = await another(identity)
    expect(heir.getSessionId()).toEqual(identity.sessionId)
    expect((await exists(heir, '/mine'))!.ephemeralOwner).toEqual(identity.sessionId)
    firstLink.close()

    const link = await openLink(server.port)
    const short = await another({ port: link.port, sessionTimeout: 1_000 })
    await create(short, '/short', '', CreateMode.EPHEMERAL)
    const observer = await another()
    const events = recorder()
    await exists(observer, '/short', events.watcher)
    link.cut()
    expect(await events.count(1)).toEqual(['NODE_DELETED /short'])
    const expired = clientEvent(short, 'expired')
    link.mend()
    await expired
    expect(short.getState().getName()).toBe('EXPIRED')
    link.close()
  })

  test('has many requests under way', async () => {
    await create(client, '/many')
    const paths = Array.from({ length: 1_000 }, (_, i) => `/many/${i}`)
    expect(await Promise.all(paths.map((path) => create(client, path, path)))).toEqual(paths)
    expect(await Promise.all(paths.map((path) => getData(client, path)))).toEqual(paths)
    expect((await getChildren(client, '/many')).length).toBe(1_000)
  })

  test('keeps its session over restarts of the server', async () => {
    const session = client.getSessionId().toString('hex')
    await create(client, '/kept', '0')
    await create(client, '/kept/mine', '', CreateMode.EPHEMERAL)
    for (const [round, how] of (['stop', 'kill'] as const).entries()) {
      const events = recorder()
      await getData(client, '/kept', events.watcher)
      const back = clientEvent(client, 'connected')
      server = await restartServer(server, how)
      await back
      expect(client.getSessionId().toString('hex')).toBe(session)
      expect(await getData(client, '/kept')).toBe(String(round))
      expect((await exists(client, '/kept/mine'))!.ephemeralOwner.toString('hex')).toBe(session)
      await setData(client, '/kept', String(round + 1))
      expect(await events.count(1)).toEqual(['NODE_DATA_CHANGED /kept'])
    }
  })
})

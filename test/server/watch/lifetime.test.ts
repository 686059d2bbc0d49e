// client-protocol 6.6 and 6.7: watches belong to connections; bulk deletion; checkWatches and removeWatches.
import { describe, expect, it } from 'vitest'
import { converse } from '../../support/conversation.ts'
import { FakeServer } from '../../support/fake-server.ts'
import * as ask from '../../support/requests.ts'

describe('the life of a watch', () => {
  it('ends with its connection, not with its session', () => {
    const fake = new FakeServer()
    const session = fake.session()
    session.ok(ask.addWatch('/', 1))
    session.call(ask.exists('/x', true))
    const next = fake.reattach(session)
    next.ok(ask.create('/x'))
    expect(next.takeEvents()).toEqual([])
    expect(fake.server.replica.watches.watchCount).toBe(0)
  })

  it.each(['destroy', 'reset', 'halfClose'] as const)('leaves nothing behind after %s', (how) => {
    const fake = new FakeServer()
    const session = fake.session()
    session.ok(ask.addWatch('/', 0))
    session.ok(ask.getChildren('/', true))
    expect(fake.server.replica.watches.watchCount).toBe(2)
    session.connection.socket[how]()
    fake.host.settle()
    const { watches } = fake.server.replica
    expect([watches.watchCount, watches.summary()]).toEqual([0, { connections: 0, paths: 0, watches: 0 }])
  })

  it('of a one-shot watch leaves its connection in the summary until it closes', () => {
    const fake = new FakeServer()
    const session = fake.session()
    session.ok(ask.getData('/', true))
    session.ok(ask.setData('/', 'x'))
    expect(fake.server.replica.watches.summary()).toEqual({ connections: 1, paths: 0, watches: 0 })
  })

  it('closing a session deletes its ephemerals in one txn and fires everything before its answer', () => {
    const fake = new FakeServer()
    const [owner, watcher] = [fake.session(), fake.session()]
    owner.ok(ask.create('/p'))
    for (const path of ['/p/1', '/p/2']) owner.ok(ask.create(path, { flags: 1 }))
    watcher.ok(ask.getChildren('/p', true))
    watcher.ok(ask.addWatch('/p', 1))
    owner.ok(ask.exists('/p/1', true))
    owner.send(ask.closeSession())
    fake.host.settle()
    expect(owner.messages()).toMatchObject([
      { kind: 'event', type: 2, path: '/p/1', zxid: fake.lastZxid },
      { kind: 'reply', err: 0 },
    ])
    expect(owner.isEnded).toBe(true)
    const events = watcher.takeEvents()
    expect(events.map(({ type, path }) => `${type} ${path}`).toSorted()).toEqual(['2 /p/1', '2 /p/2', '4 /p'])
    expect(new Set(events.map(({ zxid }) => zxid))).toEqual(new Set([fake.lastZxid]))
  })

  it('a persistent child watch hears of every one of them', () => {
    const fake = new FakeServer()
    const [owner, watcher] = [fake.session(), fake.session()]
    for (const path of ['/1', '/2', '/3']) owner.ok(ask.create(path, { flags: 1 }))
    watcher.ok(ask.addWatch('/', 0))
    owner.ok(ask.closeSession())
    expect(watcher.takeEvents().map(({ type, path }) => `${type} ${path}`)).toEqual(['4 /', '4 /', '4 /'])
  })
})

describe('checkWatches and removeWatches', () => {
  const kinds: Record<'children' | 'data' | 'persistent' | 'recursive', ask.Asked> = {
    children: ask.getChildren('/', true),
    data: ask.getData('/', true),
    persistent: ask.addWatch('/', 0),
    recursive: ask.addWatch('/', 1),
  }
  const all = Object.keys(kinds) as (keyof typeof kinds)[]
  const typeOf = { children: 1, data: 2, persistent: 4, recursive: 5 }

  it.each(all)('a %s watch is found by its own type and by any', (kind) => {
    const session = new FakeServer().session()
    session.ok(kinds[kind])
    const found = [1, 2, 3, 4, 5].filter((type) => session.err(ask.checkWatches('/', type)) === 0)
    expect(found).toEqual([3, typeOf[kind]].sort())
  })

  it.each(all)('removing a %s watch takes that alone', (kind) => {
    const session = new FakeServer().session()
    for (const other of all) session.ok(kinds[other])
    expect(session.err(ask.removeWatches('/', typeOf[kind]))).toBe(0)
    expect(session.err(ask.removeWatches('/', typeOf[kind]))).toBe(-121)
    for (const other of all) expect(session.err(ask.checkWatches('/', typeOf[other]))).toBe(other === kind ? -121 : 0)
    expect(session.takeEvents()).toEqual([])
  })

  it('any takes everything on the path', () => {
    const fake = new FakeServer()
    const session = fake.session()
    for (const kind of all) session.ok(kinds[kind])
    expect(session.err(ask.removeWatches('/', 3))).toBe(0)
    expect(session.err(ask.removeWatches('/', 3))).toBe(-121)
    expect(fake.server.replica.watches.watchCount).toBe(0)
    session.ok(ask.create('/x'))
    expect(session.takeEvents()).toEqual([])
  })

  it('of others, and of other paths, are not found', () => {
    const fake = new FakeServer()
    fake.session().ok(ask.addWatch('/', 1))
    const session = fake.session()
    session.ok(ask.addWatch('/x', 1))
    for (const type of [1, 2, 3, 4, 5]) {
      expect([session.err(ask.checkWatches('/', type)), session.err(ask.removeWatches('/', type))]).toEqual([-121, -121])
    }
  })

  it.each([0, 6, -1, 77])('type %d does not exist', (type) => {
    const session = new FakeServer().session()
    expect([session.err(ask.checkWatches('/', type)), session.err(ask.removeWatches('/', type))]).toEqual([-5, -5])
  })

  it('an exists watch on what is missing is a data watch', () => {
    converse(
      new FakeServer(),
      `
      a > exists /x watch
      a > checkWatches /x type=2
      a > removeWatches /x type=2
      a > create /x
      a < NONODE
      a < ok
      a < ok
      a < ok /x
      `,
    )
  })

  it('the rest goes on when the standard part is removed', () => {
    converse(
      new FakeServer(),
      `
      a > addWatch /x mode=0
      a > exists /x watch
      a > removeWatches /x type=2
      a < ok
      a < NONODE
      a < ok
      a > create /x
      a ! NodeCreated /x
      a < ok /x
      `,
    )
  })
})

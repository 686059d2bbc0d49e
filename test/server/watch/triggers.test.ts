// client-protocol 6.2 and 6.3: which change tells whom, once, and in which order.
import { describe, expect, it } from 'vitest'
import { converse } from '../../support/conversation.ts'
import { FakeServer } from '../../support/fake-server.ts'
import * as ask from '../../support/requests.ts'

/** Sessions with one kind of watch on /w each, over the life of the node and its child. */
describe('each kind of watch', () => {
  const life = [
    ask.create('/w'),
    ask.setData('/w', 'x'),
    ask.create('/w/c'),
    ask.setData('/w/c', 'x'),
    ask.setAcl('/w', ask.OPEN),
    ask.remove('/w/c'),
    ask.remove('/w'),
  ]
  const names = ['', 'Created', 'Deleted', 'DataChanged', 'ChildrenChanged']

  /** What a session hears after each step when it has set its watch before it. */
  function hears(watch: () => ask.Asked, again: boolean): string[] {
    const fake = new FakeServer()
    const writer = fake.session()
    const watcher = fake.session()
    watcher.call(watch())
    return life.map((step) => {
      writer.ok(step)
      const events = watcher.takeEvents().map(({ type, path }) => `${names[type]} ${path}`)
      if (again) watcher.call(watch())
      return events.join(', ')
    })
  }

  it.each<[string, () => ask.Asked, boolean, string[]]>([
    ['exists, renewed', () => ask.exists('/w', true), true, ['Created /w', 'DataChanged /w', '', '', '', '', 'Deleted /w']],
    ['exists, once', () => ask.exists('/w', true), false, ['Created /w', '', '', '', '', '', '']],
    ['getData, renewed', () => ask.getData('/w', true), true, ['', 'DataChanged /w', '', '', '', '', 'Deleted /w']],
    ['getChildren, renewed', () => ask.getChildren('/w', true), true, ['', '', 'ChildrenChanged /w', '', '', 'ChildrenChanged /w', 'Deleted /w']],
    ['getChildren2, renewed', () => ask.getChildren2('/w', true), true, ['', '', 'ChildrenChanged /w', '', '', 'ChildrenChanged /w', 'Deleted /w']],
    ['persistent', () => ask.addWatch('/w', 0), false, ['Created /w', 'DataChanged /w', 'ChildrenChanged /w', '', '', 'ChildrenChanged /w', 'Deleted /w']],
    ['recursive', () => ask.addWatch('/w', 1), false, ['Created /w', 'DataChanged /w', 'Created /w/c', 'DataChanged /w/c', '', 'Deleted /w/c', 'Deleted /w']],
    [
      'recursive on the root',
      () => ask.addWatch('/', 1),
      false,
      ['Created /w', 'DataChanged /w', 'Created /w/c', 'DataChanged /w/c', '', 'Deleted /w/c', 'Deleted /w'],
    ],
    ['persistent on the parent', () => ask.addWatch('/', 0), false, ['ChildrenChanged /', '', '', '', '', '', 'ChildrenChanged /']],
    ['on the empty path', () => ask.getChildren('', true), true, ['', '', '', '', '', '', '']],
    ['persistent on a name that only begins alike', () => ask.addWatch('/w/', 1), false, ['', '', '', '', '', '', '']],
    ['recursive on a sibling', () => ask.addWatch('/w2', 1), false, ['', '', '', '', '', '', '']],
  ])('%s', (_, watch, again, expected) => expect(hears(watch, again)).toEqual(expected))
})

describe('steps of one change', () => {
  it('data and child watches of one connection on a node that goes: one event', () => {
    converse(
      new FakeServer(),
      `
      a > create /n
      a < ok /n
      a > getData /n watch
      a > exists /n watch
      a > getChildren /n watch
      a > getChildren / watch
      b > getChildren /n watch
      a < ok "" v0
      a < ok v0
      a < ok
      a < ok n,zookeeper
      b < ok
      b > delete /n
      a ! NodeDeleted /n
      a ! NodeChildrenChanged /
      b ! NodeDeleted /n
      b < ok
      b > create /n
      b < ok /n
      `,
    )
  })

  it('modes on one path live side by side', () => {
    converse(
      new FakeServer(),
      `
      a > create /n
      a < ok /n
      a > addWatch /n mode=0
      a > addWatch /n mode=1
      a > addWatch /n mode=0
      a > getData /n watch
      a < ok
      a < ok
      a < ok
      a < ok "" v0
      a > setData /n data=1
      a ! NodeDataChanged /n
      a < ok v1
      a > setData /n data=1
      a ! NodeDataChanged /n
      a < ok v2
      a > create /n/c
      a ! NodeCreated /n/c
      a ! NodeChildrenChanged /n
      a < ok /n/c
      a > delete /n/c
      a ! NodeDeleted /n/c
      a ! NodeChildrenChanged /n
      a < ok
      a > delete /n
      a ! NodeDeleted /n
      a < ok
      a > create /n
      a ! NodeCreated /n
      a < ok /n
      `,
    )
  })

  it('a recursive watch on the parent and an exists watch on the child: one Created', () => {
    converse(
      new FakeServer(),
      `
      a > create /p
      a < ok /p
      a > addWatch /p mode=1
      a > exists /p/c watch
      a < ok
      a < NONODE
      a > create /p/c
      a ! NodeCreated /p/c
      a < ok /p/c
      `,
    )
  })

  it('the creation of a child leaves the parent’s data watch alone', () => {
    converse(
      new FakeServer(),
      `
      a > getData / watch
      a < ok "" v0
      a > create /x
      a < ok /x
      a > setData / data=1
      a ! NodeDataChanged /
      a < ok v1
      `,
    )
  })

  it('getData and getChildren of what is missing leave no watch', () => {
    converse(
      new FakeServer(),
      `
      a > getData /x watch
      a > getChildren /x watch
      a < NONODE
      a < NONODE
      a > create /x
      a > create /x/y
      a < ok /x
      a < ok /x/y
      `,
    )
  })

  it('refused writes fire nothing', () => {
    converse(
      new FakeServer(),
      `
      a > addWatch / mode=1
      a < ok
      a > create /x/y
      a > setData / data=1 version=5
      a > delete /zookeeper
      a > multi create /m; delete /missing
      a < NONODE
      a < BADVERSION
      a < BADARGUMENTS
      a < ok -1:0 -1:-101
      `,
    )
  })
})

describe('addWatch', () => {
  it.each([
    [0, 0],
    [1, 0],
    [2, -5],
    [-1, -5],
  ])('with mode %d is answered %d', (mode, err) => {
    const session = new FakeServer().session()
    const reply = session.call(ask.addWatch('/not/there', mode))
    expect([reply.err, Buffer.from(reply.bytes).toString('hex')]).toEqual([err, err === 0 ? '00000000' : ''])
  })

  it('takes any path, and needs no permission to be registered', () => {
    const session = new FakeServer().session()
    session.ok(ask.create('/hidden', { acl: [ask.acl(2)] }))
    for (const path of ['/hidden', 'no slash', '', '//', null]) expect(session.err(ask.addWatch(path, 0))).toBe(0)
  })
})

describe('events', () => {
  it('are these bytes', () => {
    const fake = new FakeServer()
    const session = fake.session()
    session.call(ask.exists('/vec', true))
    session.connection.takeBytes()
    fake.session().ok(ask.create('/vec'))
    const zxid = fake.lastZxid.toString(16).padStart(16, '0')
    expect(Buffer.from(session.connection.takeBytes()).toString('hex')).toBe(`00000020ffffffff${zxid}000000000000000100000003000000042f766563`)
  })
})

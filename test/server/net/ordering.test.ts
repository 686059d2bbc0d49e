// client-protocol 3.1 to 3.3: xids, zxids, and what comes before what.
import { describe, expect, it } from 'vitest'
import { FakeServer } from '../../support/fake-server.ts'
import { converse } from '../../support/conversation.ts'
import { multi } from '../../support/multi.ts'
import * as ask from '../../support/requests.ts'
import type { Asked } from '../../support/requests.ts'

describe('xids', () => {
  it.each([0, -1, -2, -4, -8, 1, 7, 0x7fff_ffff, -0x8000_0000])('come back as they were: %d', (xid) => {
    const session = new FakeServer().session()
    expect(session.call(ask.sync('/'), xid)).toMatchObject({ xid, err: 0, body: { path: '/' } })
    expect(session.call(ask.auth('digest', 'u:p'), xid)).toMatchObject({ xid, err: 0 })
  })

  it('of pings are always -2', () => {
    const session = new FakeServer().session()
    expect([session.call(ask.ping(), 5).xid, session.call(ask.ping(), -2).xid]).toEqual([-2, -2])
  })

  it('may repeat and go backwards', () => {
    const session = new FakeServer().session()
    for (const xid of [7, 6, 7, 7, 0]) session.send(ask.sync('/'), xid)
    session.connection.host.settle()
    expect(session.replies().map((reply) => reply.xid)).toEqual([7, 6, 7, 7, 0])
  })
})

describe('zxids of answers', () => {
  const writes: [string, Asked, number][] = [
    ['a good write', ask.create('/new'), 0],
    ['a refused create', ask.create('/there'), -110],
    ['a refused delete', ask.remove('/missing'), -101],
    ['a wrong version', ask.setData('/there', '', 9), -103],
    ['bad arguments', ask.setData('no slash'), -8],
    ['an invalid ACL', ask.create('/x', { acl: [] }), -114],
    ['a null path', ask.create(null), -5],
    ['reconfig', ask.reconfig(), -123],
    ['an empty multi', multi([]), 0],
    ['a failing multi', multi([ask.check('/missing')]), 0],
    ['a multi that cannot be decoded', multi([], { end: 'missing' }), -5],
    ['a multi of something else', multi([ask.setAcl('/there', ask.OPEN)]), -5],
  ]

  it.each(writes)('%s takes one', (_, asked, err) => {
    const fake = new FakeServer()
    const session = fake.session()
    session.ok(ask.create('/there'))
    const before = fake.lastZxid
    expect(session.call(asked)).toMatchObject({ err, zxid: before + 1n })
    expect(session.call(ask.create('/next')).zxid).toBe(before + 2n)
  })

  const others: [string, Asked, number][] = [
    ['a read', ask.getData('/there'), 0],
    ['a failed read', ask.getData('/missing'), -101],
    ['sync', ask.sync('/'), 0],
    ['ping', ask.ping(), 0],
    ['setWatches', ask.setWatches(0n, {}), 0],
    ['addWatch', ask.addWatch('/there', 0), 0],
    ['a write that cannot be decoded', { type: 1, body: new Uint8Array(0), response: undefined }, -5],
  ]

  it.each(others)('%s names the last one', (_, asked, err) => {
    const fake = new FakeServer()
    const session = fake.session()
    session.ok(ask.create('/there'))
    session.ok(ask.create('/other'))
    const before = fake.lastZxid
    expect(session.call(asked)).toMatchObject({ err, zxid: before })
    expect(fake.lastZxid).toBe(before)
  })

  it('is 0 for auth and SASL, and that of the txn for closeSession', () => {
    const fake = new FakeServer()
    const session = fake.session()
    expect(session.call(ask.auth('digest', 'u:p'))).toMatchObject({ zxid: 0n, err: 0, bytes: { length: 0 } })
    expect(session.call(ask.sasl(new Uint8Array(0)))).toMatchObject({ zxid: 0n, err: 0, body: { token: null } })
    expect(session.call(ask.closeSession())).toMatchObject({ zxid: fake.lastZxid, err: 0 })
  })
})

describe('order', () => {
  it('answers leave in the order of the requests, and a read waits for the writes before it', () => {
    converse(
      new FakeServer(),
      `
      a > create /x data=1
      a > getData /x
      a > exists /missing
      a > setData /x data=2
      a > getData /x
      a > ping
      a > delete /x version=7
      a > getChildren /
      a > auth digest u:p
      a > create /mine acl=31:auth:
      a > delete /x
      a > getData /x
      a < ok /x
      a < ok "1" v0
      a < NONODE
      a < ok v1
      a < ok "2" v1
      a < xid -2 ok
      a < BADVERSION
      a < ok x,zookeeper
      a < ok
      a < ok /mine
      a < ok
      a < NONODE
      `,
    )
  })

  it('a read waits for its own writes only, and sees nothing that is not committed', () => {
    const fake = new FakeServer()
    const writer = fake.session()
    const reader = fake.session()
    writer.send(ask.create('/x'))
    reader.send(ask.exists('/x'))
    // One turn delivers both requests; the log has nothing durable yet.
    fake.host.turn()
    fake.host.turn()
    expect(reader.replies()).toMatchObject([{ err: -101 }])
    expect(writer.replies()).toEqual([])
    fake.host.settle()
    expect(writer.replies()).toMatchObject([{ err: 0 }])
    expect(reader.err(ask.exists('/x'))).toBe(0)
  })

  it('a notification leaves before the answer that shows its change, to the writer and to readers', () => {
    converse(
      new FakeServer(),
      `
      a > exists /x watch
      b > getChildren / watch
      a < NONODE
      b < ok zookeeper
      a > create /x data=1
      a > getData /x
      b > getChildren /
      a ! NodeCreated /x
      a < ok /x
      a < ok "1" v0
      b < ok zookeeper
      b ! NodeChildrenChanged /
      `,
    )
  })

  it('notifications carry the zxid of their cause', () => {
    converse(
      new FakeServer(),
      `
      a > exists /vec watch
      a < #1 NONODE
      a > create /vec data=hi
      a ! #2 NodeCreated /vec
      a < #2 ok /vec
      a > exists /vec watch
      a < #2 ok v0
      a > ping
      a < #2 xid -2 ok
      a > delete /vec
      a ! #3 NodeDeleted /vec
      a < #3 ok
      a > close
      a < #4 ok
      a .
      `,
      {},
      { zxids: true },
    )
  })

  it('a write is judged by those before it, applied or not', () => {
    const fake = new FakeServer()
    const sessions = [fake.session(), fake.session(), fake.session()]
    for (const session of sessions) session.send(ask.create('/only'))
    sessions[0].send(ask.remove('/only'))
    sessions[1].send(ask.create('/only/child'))
    fake.host.settle()
    expect(sessions.map((session) => session.replies().map(({ err }) => err))).toEqual([[0, 0], [0, 0], [-110]])
  })
})

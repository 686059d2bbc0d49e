// client-protocol 6.4 and 6.5: what one may not read one is not told; setWatches after a reconnect.
import { describe, expect, it } from 'vitest'
import { digestId } from '../../../src/server/auth/digest-scheme.ts'
import { converse } from '../../support/conversation.ts'
import { FakeServer } from '../../support/fake-server.ts'
import * as ask from '../../support/requests.ts'

const BOB = ask.acl(31, 'digest', digestId('bob:pw', 'SHA1'))

describe('the filter of events', () => {
  it('asks the new node for Created and the parent for ChildrenChanged', () => {
    const fake = new FakeServer()
    const bob = fake.session()
    const watcher = fake.session()
    bob.ok(ask.auth('digest', 'bob:pw'))
    bob.ok(ask.create('/readable'))
    bob.ok(ask.create('/secret', { acl: [BOB] }))
    watcher.ok(ask.addWatch('/readable', 0))
    watcher.call(ask.exists('/readable/hidden', true))
    watcher.call(ask.exists('/secret/shown', true))
    watcher.ok(ask.addWatch('/secret', 0))
    bob.ok(ask.create('/readable/hidden', { acl: [BOB] }))
    bob.ok(ask.create('/secret/shown'))
    expect(watcher.takeEvents().map(({ type, path }) => `${type} ${path}`)).toEqual(['4 /readable', '1 /secret/shown'])
  })

  it('asks the node for DataChanged, and its last ACL for Deleted', () => {
    const fake = new FakeServer()
    const bob = fake.session()
    const watcher = fake.session()
    bob.ok(ask.auth('digest', 'bob:pw'))
    bob.ok(ask.create('/n'))
    watcher.ok(ask.addWatch('/n', 0))
    bob.ok(ask.setData('/n', '1'))
    bob.ok(ask.setAcl('/n', [BOB]))
    bob.ok(ask.setData('/n', '2'))
    bob.ok(ask.remove('/n'))
    expect(watcher.takeEvents().map(({ type }) => type)).toEqual([3])
  })

  it('uses up a one-shot watch all the same, and counts it as told', () => {
    const fake = new FakeServer()
    const bob = fake.session()
    const watcher = fake.session()
    bob.ok(ask.auth('digest', 'bob:pw'))
    bob.ok(ask.create('/n'))
    watcher.ok(ask.getData('/n', true))
    watcher.ok(ask.getChildren('/n', true))
    bob.ok(ask.setAcl('/n', [BOB]))
    bob.ok(ask.setData('/n', 'unseen'))
    bob.ok(ask.setAcl('/n', ask.OPEN))
    bob.ok(ask.setData('/n', 'too late'))
    expect(watcher.takeEvents()).toEqual([])
    bob.ok(ask.remove('/n'))
    expect(watcher.takeEvents().map(({ type }) => type)).toEqual([2])
  })

  it('lets the ids of the moment, super and skipACL pass', () => {
    const fake = new FakeServer({ superDigest: digestId('super:test', 'SHA1') })
    const bob = fake.session()
    bob.ok(ask.auth('digest', 'bob:pw'))
    bob.ok(ask.create('/n', { acl: [BOB] }))
    const watchers = ['bob:pw', 'super:test', 'eve:pw'].map((credentials) => {
      const session = fake.session()
      session.ok(ask.addWatch('/n', 0))
      session.ok(ask.auth('digest', credentials))
      return session
    })
    bob.ok(ask.setData('/n', 'x'))
    expect(watchers.map((session) => session.takeEvents().length)).toEqual([1, 1, 0])

    const open = new FakeServer({ skipAcl: true }).session()
    open.ok(ask.create('/n', { acl: [ask.acl(0)] }))
    open.ok(ask.getData('/n', true))
    open.ok(ask.setData('/n', 'x'))
    expect(open.takeEvents()).toHaveLength(1)
  })
})

describe('setWatches', () => {
  it('tells what was missed before its answer, without a zxid, and registers the rest', () => {
    converse(
      new FakeServer(),
      `
      a > create /old
      a > create /new
      a > setData /new data=1
      a > create /new/child
      a < #2 ok /old
      a < #3 ok /new
      a < #4 ok v1
      a < #5 ok /new/child
      a > setWatches since=3 data=/old,/new,/gone exist=/old,/gone child=/old,/new,/gone
      a ! #-1 NodeDataChanged /new
      a ! #-1 NodeDeleted /gone
      a ! #-1 NodeCreated /old
      a ! #-1 NodeChildrenChanged /new
      a ! #-1 NodeDeleted /gone
      a < #5 ok
      a > setData /old data=1
      a ! #6 NodeDataChanged /old
      a < #6 ok v1
      a > create /old/child
      a ! #7 NodeChildrenChanged /old
      a < #7 ok /old/child
      a > create /gone
      a ! #8 NodeCreated /gone
      a < #8 ok /gone
      a > setData /new data=2
      a > create /new/other
      a < #9 ok v2
      a < #10 ok /new/other
      `,
      {},
      { zxids: true },
    )
  })

  it('compares strictly', () => {
    const session = new FakeServer().session()
    const { zxid } = session.call(ask.create('/n'))
    session.call(ask.setWatches(zxid, { data: ['/n'], child: ['/n'] }))
    expect(session.takeEvents()).toEqual([])
    session.call(ask.setWatches(zxid - 1n, { data: ['/n'], child: ['/n'] }))
    expect(session.takeEvents().map(({ type }) => type)).toEqual([3, 4])
  })

  it('gives persistent watches back without a word about the past', () => {
    converse(
      new FakeServer(),
      `
      a > create /n
      a < ok /n
      a > setWatches2 since=0 persistent=/n,/missing recursive=/n,/other
      a < ok
      a > create /n/c
      a ! NodeCreated /n/c
      a ! NodeChildrenChanged /n
      a < ok /n/c
      a > create /missing
      a > create /other
      a ! NodeCreated /missing
      a < ok /missing
      a ! NodeCreated /other
      a < ok /other
      `,
    )
  })

  it('takes odd paths for missing ones', () => {
    const session = new FakeServer().session()
    session.call(ask.setWatches(0n, { data: ['', 'x', '//'], exist: ['..'], child: ['/a/'] }))
    expect(session.takeEvents().map(({ type, path }) => `${type} ${path}`)).toEqual(['2 x', '2 //', '2 /a/'])
  })

  it('stops at a null list or path; what stood before it holds', () => {
    const session = new FakeServer().session()
    session.ok(ask.create('/n'))
    expect(session.err(ask.setWatches(100n, { data: ['/n', '/gone'], exist: null, child: ['/n'] }))).toBe(-5)
    expect(session.takeEvents().map(({ type, path }) => `${type} ${path}`)).toEqual(['2 /gone'])
    expect([session.err(ask.checkWatches('/n', 2)), session.err(ask.checkWatches('/n', 1))]).toEqual([0, -121])
    for (const lists of [{ data: null }, { child: null }]) expect(session.err(ask.setWatches(0n, lists))).toBe(-5)
    for (const lists of [{ persistent: null }, { recursive: null }]) expect(session.err(ask.setWatches2(0n, lists))).toBe(-5)
  })

  const changed = 0n
  const unchanged = 1000n

  it.each([
    ['data', changed, [], -121],
    ['data', unchanged, [], 0],
    ['exist', changed, [], -121],
    ['exist', unchanged, [], -121],
    ['child', changed, [], -121],
    ['child', unchanged, [], 0],
    ['persistent', changed, [], 0],
    ['recursive', changed, [], 0],
  ])('%s of an unreadable node since %d: no event, and the watch is there or not', (list, since, events, found) => {
    const fake = new FakeServer()
    const bob = fake.session()
    bob.ok(ask.auth('digest', 'bob:pw'))
    bob.ok(ask.create('/n', { acl: [BOB] }))
    const session = fake.session()
    expect(session.err(ask.setWatches2(since, { [list]: ['/n'] }))).toBe(0)
    expect(session.takeEvents()).toEqual(events)
    expect(session.err(ask.checkWatches('/n', 3))).toBe(found)
    bob.ok(ask.setWatches2(changed, { [list]: ['/n'] }))
    expect(bob.takeEvents()).toHaveLength(['data', 'exist', 'child'].includes(list) ? 1 : 0)
  })
})

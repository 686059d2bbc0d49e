// Whole members around a leader: its clients' requests and its learners', sessions that move, syncs, the end of its time.
import { describe, expect, test } from 'vitest'
import { Code } from '../../src/protocol/codes.ts'
import { FakeEnsemble } from '../support/fake-ensemble.ts'
import * as ask from '../support/requests.ts'

/** Sid by sid, requests that no answer or end has come to. */
function underWay(ensemble: FakeEnsemble): number[] {
  return [...ensemble.members.values()].flatMap(({ server }) => (server === undefined ? [] : [server.processor.inFlight]))
}

describe('three servers', () => {
  test('write through the leader and through a follower, and everybody has it', () => {
    const ensemble = new FakeEnsemble('1 2 3')
    expect(ensemble.converge().sid).toBe(3)
    for (const sid of [1, 2, 3])
      ensemble
        .member(sid)
        .session()
        .ok(ask.create(`/by${sid}`))
    ensemble.world.settle()
    for (const member of ensemble.members.values()) {
      expect(member.zxid).toBe(0x1_0000_0006n)
      for (const sid of [1, 2, 3]) expect(member.data(`/by${sid}`)).toBe('')
    }
    expect(underWay(ensemble)).toEqual([0, 0, 0])
  })

  test('refuse a write on every member alike, and count a zxid for it', () => {
    const ensemble = new FakeEnsemble('1 2 3')
    ensemble.converge()
    for (const sid of [3, 1]) expect(ensemble.member(sid).session().err(ask.remove('/none'))).toBe(Code.NONODE)
    ensemble.world.settle()
    expect([...ensemble.members.values()].map(({ zxid }) => zxid)).toEqual([0x1_0000_0004n, 0x1_0000_0004n, 0x1_0000_0004n])
    expect(underWay(ensemble)).toEqual([0, 0, 0])
  })
})

describe('a session that has moved', () => {
  /** A session of the leader's, with a second connection through a follower. */
  function moved(from: number, to: number) {
    const ensemble = new FakeEnsemble('1 2 3')
    ensemble.converge()
    const before = ensemble.member(from).session()
    before.ok(ask.create('/e', { flags: 1 }))
    const after = ensemble.member(to).reattach(before)
    expect(after.id).toBe(before.id)
    return { ensemble, before, after }
  }

  test.each([
    ['from the leader to a follower', 3, 1],
    ['from a follower to the leader', 1, 3],
    ['from a follower to a follower', 1, 2],
  ])('%s reads where it was, and its next write there ends the connection without an answer', (_, from, to) => {
    const { ensemble, before, after } = moved(from, to)
    expect(before.err(ask.exists('/e'))).toBe(Code.OK)
    before.send(ask.create('/late'))
    ensemble.world.settle()
    expect(before.messages()).toEqual([])
    expect(before.isEnded).toBe(true)
    expect(after.err(ask.exists('/late'))).toBe(Code.NONODE)
    after.ok(ask.create('/there'))
    expect(ensemble.states).toEqual({ 1: 'following broadcast', 2: 'following broadcast', 3: 'leading broadcast' })
    expect(underWay(ensemble)).toEqual([0, 0, 0])
  })

  test('and comes back is claimed behind all that it asked for before, which is refused', () => {
    const ensemble = new FakeEnsemble('1 2 3')
    const leader = ensemble.converge()
    const before = leader.session()
    // A sync waits for the write before it, and the rest for the sync.
    for (const sid of [1, 2]) ensemble.member(sid).holdDisk()
    for (const asked of [ask.create('/x'), ask.sync('/'), ask.create('/a'), ask.sync('/'), ask.create('/b')]) before.send(asked)
    ensemble.world.settle()
    expect(ensemble.member(1).reattach(before).id).toBe(before.id)
    expect(leader.reattach(before).handshake).toBeUndefined()
    for (const sid of [1, 2]) ensemble.member(sid).releaseDisk()
    ensemble.world.settle()
    const another = leader.session()
    expect(['/x', '/a', '/b'].map((path) => another.err(ask.exists(path)))).toEqual([Code.OK, Code.NONODE, Code.NONODE])
    expect(underWay(ensemble)).toEqual([0, 0, 0])
  })

  test('is closed by whoever asks for it, as by Java', () => {
    const { ensemble, before, after } = moved(1, 2)
    before.ok(ask.closeSession())
    ensemble.world.settle()
    expect(after.isEnded).toBe(true)
    expect(ensemble.member(3).data('/e')).toBeUndefined()
  })
})

describe('a sync', () => {
  test('holds up what its client asks behind it, and nobody else', () => {
    const ensemble = new FakeEnsemble('1 2 3')
    const leader = ensemble.converge()
    const [a, b] = [leader.session(), leader.session()]
    // Nobody shows that he still follows.
    ensemble.cut(3, 1)
    ensemble.cut(3, 2)
    a.send(ask.sync('/'))
    a.send(ask.getData('/zookeeper'))
    b.send(ask.getData('/zookeeper'))
    ensemble.world.settle()
    expect([a.messages().length, b.messages().length]).toEqual([0, 1])
  })

  test.each([
    ['the leader', 3],
    ['a follower', 1],
  ])('and the writes and syncs behind it are answered in order on %s', (_, sid) => {
    const ensemble = new FakeEnsemble('1 2 3')
    ensemble.converge()
    const session = ensemble.member(sid).session()
    const xids = [ask.sync('/'), ask.create('/a'), ask.sync('/'), ask.sync('/'), ask.create('/b')].map((asked) => session.send(asked))
    ensemble.world.settle()
    expect(session.replies().map(({ xid, err }) => [xid, err])).toEqual(xids.map((xid) => [xid, Code.OK]))
    expect(underWay(ensemble)).toEqual([0, 0, 0])
  })
})

describe('a leader whose time is over', () => {
  test('leaves nothing under way: neither writes nor syncs nor what waits behind them', () => {
    const ensemble = new FakeEnsemble('1 2 3')
    const leader = ensemble.converge()
    const session = leader.session()
    ensemble.cut(3, 1)
    ensemble.cut(3, 2)
    for (const asked of [ask.create('/a'), ask.sync('/'), ask.create('/b'), ask.sync('/'), ask.getData('/')]) session.send(asked)
    ensemble.until('it steps down', () => leader.state === 'looking')
    ensemble.world.settle()
    expect(session.messages()).toEqual([])
    expect(session.isEnded).toBe(true)
    expect(leader.server!.processor.inFlight).toBe(0)
    ensemble.heal()
    ensemble.until('one leads again', () => ensemble.leader !== undefined && !Object.values(ensemble.states).includes('looking'))
    ensemble.converge()
    expect(underWay(ensemble)).toEqual([0, 0, 0])
  })

  test('steps down before the last counter of its epoch is used up; the write is never proposed', () => {
    const ensemble = new FakeEnsemble('1 2 3')
    const leader = ensemble.converge()
    const session = leader.session()
    leader.server!.preparer.startAfter(0x1_ffff_fffen)
    session.send(ask.create('/never'))
    ensemble.world.settle()
    expect(session.isEnded).toBe(true)
    ensemble.converge()
    expect(ensemble.leader!.session().err(ask.exists('/never'))).toBe(Code.NONODE)
    expect(ensemble.leader!.zxid).toBe(0x2_0000_0001n)
    expect(underWay(ensemble)).toEqual([0, 0, 0])
  })
})

// What a role has begun and not ended when it is over: files, snapshots, sessions. The next role, or the next server on the
// same disk, must find nothing of it in its way.
import { describe, expect, test } from 'vitest'
import { Code } from '../../src/protocol/codes.ts'
import { defaultTurnLimits } from '../../src/server/config/turn-limits.ts'
import { changedOpen } from '../support/changed-disk.ts'
import { DATA_DIRECTORY, FakeEnsemble } from '../support/fake-ensemble.ts'
import type { FakeMember } from '../support/fake-ensemble.ts'
import * as ask from '../support/requests.ts'

function epochsOf({ disk }: FakeMember): string {
  const read = (name: string): string => Buffer.from(disk.now.open(`${DATA_DIRECTORY}/version-2/${name}`, 'read').read(0, 100)).toString()
  return `${read('acceptedEpoch')} ${read('currentEpoch')}`
}

/** 3 has logged what nobody else has, and is down; 1 and 2 went on without it, or did nothing. */
function withTail(settings = {}): FakeEnsemble {
  const ensemble = new FakeEnsemble('1 2 3', settings)
  ensemble.converge()
  const session = ensemble.member(3).session()
  session.ok(ask.create('/all'))
  ensemble.world.settle()
  ensemble.cut(3, 1)
  ensemble.cut(3, 2)
  session.send(ask.create('/tail'))
  ensemble.world.settle()
  ensemble.member(3).kill()
  ensemble.heal()
  ensemble.converge()
  return ensemble
}

/** 2 leads 3, and sends it a tree that is not as long as the log of 3. */
function startReplacing(ensemble: FakeEnsemble): void {
  for (const sid of [1, 2]) ensemble.member(sid).kill()
  ensemble.member(2).start({ forceSnapshotSync: true })
  ensemble.member(3).start()
}

function replacing(): FakeEnsemble {
  const ensemble = withTail()
  startReplacing(ensemble)
  ensemble.until('it syncs', () => ensemble.member(3).state === 'following synchronization')
  return ensemble
}

describe('a log that is being cut', () => {
  test('the tail that nobody else has goes, whenever it is looked at', () => {
    const ensemble = withTail()
    ensemble.member(3).start()
    ensemble.converge()
    expect(ensemble.member(3).data('/all')).toBe('')
    expect(ensemble.member(3).data('/tail')).toBeUndefined()
    ensemble.member(3).kill()
    ensemble.member(3).start()
    ensemble.converge()
    expect(ensemble.member(3).data('/tail')).toBeUndefined()
  })

  test.each([0, 1, 2, 3, 4, 6, 9])('the leader is lost, or the server stopped, %i turns after the cut was ordered', (turns) => {
    for (const end of ['lost', 'stopped', 'killed']) {
      const ensemble = withTail()
      const member = ensemble.member(3)
      member.start()
      ensemble.until('it syncs', () => member.state === 'following synchronization')
      for (let turn = 0; turn < turns; turn++) ensemble.world.turn()
      if (end === 'lost') ensemble.breakLinks(3, 2)
      if (end === 'killed') member.kill()
      const isStopped = end === 'stopped' ? member.stop() : () => true
      ensemble.until('it has stopped', isStopped)
      if (end !== 'lost') member.start()
      ensemble.converge()
      expect(member.fatal).toEqual([])
      expect(member.data('/all')).toBe('')
      expect(member.data('/tail')).toBeUndefined()
    }
  })
})

describe('a tree that takes the place of a longer log', () => {
  test.each([0, 1, 2, 3, 4, 5, 6, 7])('the leader is lost %i turns after it began to come: memory is what the disk says', (turns) => {
    const ensemble = replacing()
    const member = ensemble.member(3)
    for (let turn = 0; turn < turns; turn++) ensemble.world.turn()
    ensemble.cut(3, 2)
    ensemble.world.advance(1000)
    expect([member.state, member.fatal]).toEqual(['looking', []])
    const { zxid } = member
    member.kill()
    member.start()
    ensemble.world.settle()
    expect(member.zxid).toBe(zxid)
  })
})

describe('a cut that fails', () => {
  /** A member that looks for a leader and gives, once it cuts its log, what tells it that this has failed. */
  function cutting(ensemble: FakeEnsemble, member: FakeMember): () => void {
    ensemble.until('it looks', () => member.state === 'looking')
    let fail: (() => void) | undefined
    const { disk } = member
    disk.open = changedOpen({ ...disk, lock: disk.lock.bind(disk), aside: disk }, (_file, _path, mode) =>
      mode === 'update' ? { sync: (done) => void (fail = () => done(new Error('EIO'))) } : {},
    )
    ensemble.until('it cuts', () => fail !== undefined)
    return fail!
  }

  test('for its log cannot be read ends the server with the reason', () => {
    const ensemble = replacing()
    const member = ensemble.member(3)
    const { disk } = member
    const open = disk.open.bind(disk)
    disk.open = (path, mode, done) => {
      if (mode === 'read' && path.includes('/log.')) done(new Error('EIO'), undefined as never)
      else open(path, mode, done)
    }
    // Written at the start, it shows without a look into the log that there is something to cut.
    disk.now.remove(`${DATA_DIRECTORY}/version-2/snapshot.100000003`)
    ensemble.until('it fails', () => member.fatal.length > 0)
    expect(member.fatal).toEqual(['1: EIO'])
  })

  test('in its sync, behind a snapshot that came in its place, ends the server: it does not vote as if the rest were gone', () => {
    const ensemble = withTail()
    startReplacing(ensemble)
    const member = ensemble.member(3)
    cutting(ensemble, member)()
    ensemble.world.settle()
    expect(member.fatal).toEqual(['1: EIO'])
  })

  test('in its sync, after the role that ordered it, ends the server, which looks for no other leader', () => {
    const ensemble = withTail()
    const member = ensemble.member(3)
    member.start()
    const fail = cutting(ensemble, member)
    ensemble.breakLinks(3, 2)
    ensemble.world.advance(100)
    expect(member.state).toBe('looking')
    fail()
    ensemble.world.advance(5000)
    expect([member.fatal, member.state]).toEqual([['1: EIO'], 'looking'])
  })
})

describe('a disk that takes its time', () => {
  /** 3 begins to follow and its disk answers nothing from then on; `turns` of the world later its leader is lost. */
  function held(turns: number): FakeEnsemble {
    const ensemble = withTail()
    const member = ensemble.member(3)
    member.start()
    ensemble.until('it follows', () => member.state.startsWith('following'))
    for (let turn = 0; turn < turns; turn++) ensemble.world.turn()
    member.holdDisk()
    ensemble.world.advance(100)
    ensemble.breakLinks(3, 2)
    ensemble.world.advance(100)
    return ensemble
  }

  test.each([0, 2, 4, 6, 8, 10, 12, 16])('%i turns into the role: nothing old comes into the new one', (turns) => {
    const ensemble = held(turns)
    const member = ensemble.member(3)
    member.releaseDisk()
    ensemble.converge()
    ensemble.leader!.session().ok(ask.create('/new'))
    ensemble.world.settle()
    expect(member.fatal).toEqual([])
    expect([member.data('/all'), member.data('/tail'), member.data('/new')]).toEqual(['', undefined, ''])
    expect(epochsOf(member)).toBe(epochsOf(ensemble.leader!))
  })

  test.each([0, 4, 8, 16])('%i turns into the role: a stop waits for it, so that the directory is free afterwards', (turns) => {
    const ensemble = held(turns)
    const member = ensemble.member(3)
    const isStopped = member.stop()
    ensemble.world.advance(10)
    member.releaseDisk()
    ensemble.until('it has stopped', isStopped)
    const files = member.disk.now.list(`${DATA_DIRECTORY}/version-2`)
    const timers = ensemble.world.clock.timerCount
    ensemble.world.advance(5000)
    expect(member.disk.now.list(`${DATA_DIRECTORY}/version-2`)).toEqual(files)
    expect(ensemble.world.clock.timerCount).toBeLessThanOrEqual(timers)
    member.start()
    ensemble.converge()
    expect(member.data('/all')).toBe('')
  })
})

test('a stop while the server goes back to looking leaves no timer behind', () => {
  for (let turns = 0; turns < 12; turns++) {
    const ensemble = new FakeEnsemble('1 2')
    ensemble.converge()
    ensemble.member(2).kill()
    for (let turn = 0; turn < turns; turn++) ensemble.world.turn()
    const isStopped = ensemble.member(1).stop()
    ensemble.until('it has stopped', isStopped)
    ensemble.world.advance(60_000)
    expect([turns, ensemble.world.clock.timerCount]).toEqual([turns, 0])
  }
})

describe('sessions', () => {
  test('an end that was asked for and never proposed does not stop a session from living on', () => {
    const ensemble = new FakeEnsemble('1 2 3')
    const leader = ensemble.converge()
    const session = leader.session({ timeOut: 400 })
    session.ok(ask.create('/e', { flags: 1 }))
    // The last counter of the epoch: the expiry ends the leader's time instead of the session.
    leader.server!.preparer.startAfter(0x1_ffff_fffen)
    ensemble.until('it expires', () => leader.state === 'looking')
    ensemble.converge()
    const again = ensemble.leader!.reattach(session, { timeOut: 400 })
    expect(again.id).toBe(session.id)
    expect(again.err(ask.exists('/e'))).toBe(Code.OK)
    again.connection.socket.destroy()
    ensemble.until('it expires at last', () => ensemble.leader?.data('/e') === undefined)
  })

  test('a session of the leader ends on the follower where its client is', () => {
    const ensemble = new FakeEnsemble('1 2 3')
    ensemble.converge()
    const session = ensemble.member(1).session({ timeOut: 400 })
    session.ok(ask.create('/e', { flags: 1 }))
    ensemble.world.advance(2000)
    expect(session.isEnded).toBe(true)
    for (const member of ensemble.members.values()) expect(member.data('/e')).toBeUndefined()
    expect(ensemble.member(1).reattach(session).id).toBe(0n)
  })

  test('a session lives on a follower as long as its client pings there', () => {
    const ensemble = new FakeEnsemble('1 2 3')
    ensemble.converge()
    const session = ensemble.member(1).session({ timeOut: 800 })
    for (let round = 0; round < 20; round++) {
      session.send(ask.ping(), -2)
      ensemble.world.advance(400)
    }
    expect(session.isEnded).toBe(false)
    expect(ensemble.server(3).sessions.get(session.id)).toBeDefined()
  })

  test('a session whose txn has not come to a follower yet is not called expired there', () => {
    const ensemble = new FakeEnsemble('1 2 3')
    ensemble.converge()
    // 1 hears what is committed, and its session with the leader is older: what it lacks is the txn alone.
    const session = ensemble.member(2).session()
    ensemble.server(1).sessions.remove(session.id)
    const again = ensemble.member(1).reattach(session)
    expect([again.handshake, again.isEnded]).toEqual([undefined, true])
    expect(ensemble.member(2).reattach(session).id).toBe(session.id)
  })
})

test('a snapshot that is given up is not told of the tree’s changes any more', () => {
  const ensemble = new FakeEnsemble('1 2 3', { snapshotCompression: '' })
  const leader = ensemble.converge()
  const session = leader.session()
  session.ok(ask.create('/large'))
  for (let index = 0; index < 30; index++) session.ok(ask.create(`/large/${index}`, { data: Buffer.alloc(100_000) }))
  leader.holdDisk()
  leader.server!.writeSnapshot()
  ensemble.cut(3, 1)
  ensemble.cut(3, 2)
  ensemble.until('it steps down', () => leader.state === 'looking')
  leader.releaseDisk()
  ensemble.world.settle()
  expect(leader.server!.replica.tree.walks.size).toBe(0)
})

describe('work that a role has begun and not ended', () => {
  test('sessions that a leader found expired are not ended once it leads no more', () => {
    const turns = { ...defaultTurnLimits, expiries: 1 }
    const ensemble = new FakeEnsemble('1 2 3', { turns })
    const leader = ensemble.converge()
    const sessions = Array.from({ length: 8 }, () => leader.session({ timeOut: 400 }))
    const { server } = leader
    const { staleSessionsExpired } = server!.metrics
    ensemble.until('they expire', () => staleSessionsExpired.value === 2)
    server!.leave(server!.role!, 'its time is over')
    ensemble.converge()
    expect(staleSessionsExpired.value).toBe(2)
    const last = sessions.at(-1)!
    expect(ensemble.leader!.reattach(last).id).toBe(last.id)
  })
})

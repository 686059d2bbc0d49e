// How members come to one history: what a leader sends to whom, out of memory, out of its log, or as a whole.
import { describe, expect, test } from 'vitest'
import { HistoryNotHeld } from '../../src/quorum/zab/learner.ts'
import type { Settings } from '../../src/server/config/settings.ts'
import { storedFiles } from '../../src/server/storage/file-names.ts'
import { DATA_DIRECTORY, FakeEnsemble } from '../support/fake-ensemble.ts'
import type { FakeMember } from '../support/fake-ensemble.ts'
import * as ask from '../support/requests.ts'

/** Trees of all that run, as text. */
function trees(ensemble: FakeEnsemble): Set<string> {
  const running = [...ensemble.members.values()].filter(({ server }) => server !== undefined)
  return new Set(running.map(({ server }) => `${server!.replica.tree.digest} ${server!.replica.tree.store.size}`))
}

function write(ensemble: FakeEnsemble, name: string, count: number): void {
  const session = ensemble.leader!.session()
  for (let index = 0; index < count; index++) session.ok(ask.create(`/${name}-${index}`))
  ensemble.world.settle()
}

test('a log that lacks what its server got as a snapshot is not sent across the hole', () => {
  const ensemble = new FakeEnsemble('1 2 3 4 5', { snapshotSizeFactor: 0 }, [1, 2, 3, 5])
  ensemble.member(4).start({ forceSnapshotSync: true })
  ensemble.converge()
  write(ensemble, 'all', 3)
  ensemble.member(1).kill()
  ensemble.member(5).kill()
  ensemble.world.settle()
  expect(ensemble.converge().sid).toBe(4)
  write(ensemble, 'without 1 and 5', 3)
  ensemble.member(5).start()
  ensemble.converge()
  ensemble.member(4).kill()
  expect(ensemble.converge().sid).toBe(5)
  ensemble.member(1).start()
  ensemble.converge()
  write(ensemble, 'more', 1)
  expect(trees(ensemble).size).toBe(1)
})

const LARGE_NODES = 50

/** Nobody but 2 and 3 has been there; the tree of some megabytes is more than goes out in a few turns. */
function withLargeTree(): FakeEnsemble {
  const ensemble = new FakeEnsemble('1 2 3', {}, [2, 3])
  ensemble.converge()
  const session = ensemble.leader!.session()
  for (let index = 0; index < LARGE_NODES; index++) session.ok(ask.create(`/large-${index}`, { data: Buffer.alloc(250_000) }))
  ensemble.world.settle()
  return ensemble
}

function mismatches({ members }: FakeEnsemble): number[] {
  return [...members.values()].map(({ server }) => server?.metrics.digestMismatchesCount.value ?? 0)
}

test('a tree that txns change while it is sent costs no digest mismatch, neither at once nor at a restart over it', () => {
  const ensemble = withLargeTree()
  const session = ensemble.leader!.session()
  const member = ensemble.member(1)
  const before = ensemble.leader!.zxid
  member.start()
  let writes = 0
  ensemble.until('it follows', () => {
    // The last nodes are the last to go out.
    session.send(ask.setData(`/large-${LARGE_NODES - 1 - (writes++ % 20)}`, `written ${writes}`))
    return member.state === 'following broadcast'
  })
  ensemble.world.settle()
  expect(ensemble.leader!.zxid - before).toBeGreaterThan(20n)
  ensemble.converge()
  expect(mismatches(ensemble)).toEqual([0, 0, 0])
  expect(trees(ensemble).size).toBe(1)
  // After the next ping digests are compared again.
  ensemble.world.advance(200)
  write(ensemble, 'after', 3)
  expect(member.server!.replica.lastDigest.zxid).toBe(member.zxid)
  member.kill()
  member.start()
  ensemble.converge()
  expect(mismatches(ensemble)).toEqual([0, 0, 0])
  expect(trees(ensemble).size).toBe(1)
})

test.each([
  ['follower', '1 2 3'],
  ['observer', '1:observer 2 3'],
])('a slow %s gets a long tree at the first try, and what is written meanwhile, however much that is', (_role, members) => {
  const ensemble = new FakeEnsemble(members, { learnerCloseBytes: 600_000, learnersCloseBytes: 1_000_000 }, [2, 3])
  ensemble.converge()
  const session = ensemble.leader!.session({ timeOut: 60_000 })
  for (let index = 0; index < LARGE_NODES; index++) session.ok(ask.create(`/large-${index}`, { data: Buffer.alloc(250_000) }))
  ensemble.world.settle()
  const member = ensemble.member(1)
  member.start()
  ensemble.until('it syncs', () => member.state.endsWith('synchronization'))
  const startedAt = ensemble.world.clock.nowMs
  let writes = 0
  // Some hundreds of kB in 200 ms: the tree takes thrice initLimit.
  while (member.state.endsWith('synchronization')) {
    const resume = ensemble.delay(3)
    for (let index = 0; index < 2; index++) session.send(ask.setData(`/large-${(writes += 7) % LARGE_NODES}`, Buffer.alloc(20_000, writes).toString('latin1')))
    session.send(ask.ping(), -2)
    ensemble.world.advance(200)
    resume()
    for (let turn = 0; turn < 2; turn++) ensemble.world.turn()
    if (ensemble.world.clock.nowMs - startedAt > 200_000) throw new Error('it never ends')
  }
  expect(ensemble.world.clock.nowMs - startedAt).toBeGreaterThan(2 * 2_000)
  expect(writes * 20_000).toBeGreaterThan(1_000_000)
  expect(ensemble.leader!.server!.metrics.snapCount.value).toBe(1)
  ensemble.converge()
  ensemble.world.advance(1000)
  expect(member.state).toMatch(/broadcast$/)
  expect(trees(ensemble).size).toBe(1)
  expect(mismatches(ensemble)).toEqual([0, 0, 0])
})

test('a tree that was sent while it changed is still taken for that after a crash, until a digest agrees again', () => {
  const ensemble = withLargeTree()
  const session = ensemble.leader!.session()
  const member = ensemble.member(1)
  const snapshots = (): number => storedFiles(member.disk.now.list(`${DATA_DIRECTORY}/version-2`), 'snapshot').length
  member.start()
  ensemble.until('it syncs', () => member.state === 'following synchronization')
  const before = snapshots()
  let writes = 0
  ensemble.until('it has stored the tree', () => {
    session.send(ask.setData(`/large-${LARGE_NODES - 1 - (writes++ % 20)}`, `written ${writes}`))
    return snapshots() > before
  })
  member.kill()
  ensemble.world.settle()
  member.start()
  ensemble.converge()
  expect(mismatches(ensemble)).toEqual([0, 0, 0])
  write(ensemble, 'after', 3)
  const { replica } = member.server!
  expect(replica.lastDigest.zxid).toBe(member.zxid)
  expect(trees(ensemble).size).toBe(1)
  // From here on a tree that is another is noticed.
  replica.tree.setData('/large-0', Buffer.from('spoiled'), 7, 1n, 1n)
  write(ensemble, 'behind', 1)
  expect(mismatches(ensemble)[0]).toBeGreaterThan(0)
})

/** 1 is away while 600 txns are made, of which memory keeps 500. Whether it is then sent a snapshot, which it stores. */
function isSentSnapshot(settings: Partial<Settings>): boolean {
  const ensemble = new FakeEnsemble('1 2 3', settings)
  ensemble.converge()
  write(ensemble, 'all', 2)
  const member = ensemble.member(1)
  const { zxid } = member
  member.kill()
  write(ensemble, 'without 1', 600)
  member.start()
  ensemble.converge()
  expect(trees(ensemble).size).toBe(1)
  return storedFiles(member.disk.now.list(`${DATA_DIRECTORY}/version-2`), 'snapshot').some((snapshot) => snapshot.zxid > zxid)
}

describe('a learner that lacks more than memory holds', () => {
  test('gets it from the log; that in which its last txn stands is not too long, as long as it may be', () => {
    expect(isSentSnapshot({ preAllocSizeKb: 1024 })).toBe(false)
  })

  test('gets a snapshot where longer logs follow than a third of one', () => {
    expect(isSentSnapshot({ preAllocSizeKb: 1024, snapCount: 300 })).toBe(true)
    expect(isSentSnapshot({ preAllocSizeKb: 1024, snapCount: 300, snapshotSizeFactor: 0 })).toBe(false)
    expect(isSentSnapshot({ snapshotSizeFactor: -1 })).toBe(true)
  })
})

/** 1 has been sent a snapshot in the place of what it had missed, and has logged behind it, in another epoch. */
function withHole(): FakeEnsemble {
  const ensemble = new FakeEnsemble('1 2 3', { snapshotSizeFactor: -1 })
  ensemble.converge()
  write(ensemble, 'all', 2)
  ensemble.member(1).kill()
  write(ensemble, 'without 1', 600)
  ensemble.member(1).start()
  ensemble.converge()
  ensemble.member(3).kill()
  ensemble.converge()
  ensemble.member(3).start()
  ensemble.converge()
  write(ensemble, 'behind', 2)
  return ensemble
}

function spoil({ disk }: FakeMember, name: string): void {
  const path = `${DATA_DIRECTORY}/version-2/${name}`
  disk.now.open(path, 'update').write(60, Buffer.from([0xff, 0xff, 0xff]))
}

describe('a member that cannot read the snapshot it was sent', () => {
  test('has no vote, shows nobody the rest of what it has, and is sent everything again', () => {
    const ensemble = withHole()
    const member = ensemble.member(1)
    member.kill()
    ensemble.world.settle()
    for (const { name, zxid } of storedFiles(member.disk.now.list(`${DATA_DIRECTORY}/version-2`), 'snapshot')) {
      if (zxid > 0x1_0000_0010n) spoil(member, name)
    }
    ensemble.member(3).kill()
    member.start()
    ensemble.world.advance(5_000)
    expect(ensemble.states).toEqual({ 1: 'looking', 2: 'looking', 3: 'down' })
    ensemble.member(3).start()
    ensemble.converge()
    expect(trees(ensemble).size).toBe(1)
    expect(member.data('/behind-1')).toBe('')
    expect(member.data('/without 1-599')).toBe('')
    ensemble.member(3).kill()
    ensemble.converge()
    expect(trees(ensemble).size).toBe(1)
  })
})

test('a member that is to cut back to what it does not hold removes nothing, and has no vote', () => {
  const ensemble = withHole()
  const { disk, server } = ensemble.member(1)
  const files = (): string[] => disk.now.list(`${DATA_DIRECTORY}/version-2`).sort()
  const before = files()
  const errors: (Error | undefined)[] = []
  server!.truncate(0x1_0000_0030n, (error) => errors.push(error))
  ensemble.world.settle()
  expect(errors).toEqual([new HistoryNotHeld('the history up to 0x100000030 is not here as a whole')])
  expect(files()).toEqual(before)
  expect(server!.lastZxid).toBe(-1n)
})

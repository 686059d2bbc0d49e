// storage-format 3.5 and 3.6: a fuzzy image plus the txns from its beginning on is the tree itself.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { StatPersisted } from '../../../src/jute/generated/data.ts'
import { ReplicaImage } from '../../../src/server/replica/replica-image.ts'
import { Replica } from '../../../src/server/replica/replica.ts'
import { SessionTable } from '../../../src/server/session/session-table.ts'
import type { SnapshotNode } from '../../../src/server/storage/image.ts'
import { copyOf } from '../../../src/server/tree/node-stat.ts'
import { NO_NODE } from '../../../src/server/tree/node-store.ts'
import { TreeWalk } from '../../../src/server/tree/tree-walk.ts'
import { wishes, Workbench } from '../../support/workbench.ts'

/** Everything that a client or another server could see of the state, in an order of its own. */
function state({ tree, sessions, lastProcessedZxid }: Replica): unknown {
  const { store } = tree
  const nodes: unknown[] = []
  const walk = new TreeWalk(tree)
  for (let id = walk.next(); id !== NO_NODE; id = walk.next()) {
    const data = store.data(id)
    nodes.push([
      store.path(id),
      data === null ? null : Buffer.from(data).toString('hex'),
      copyOf(tree.stat(id)),
      store.cversion(id),
      store.ephemeralOwner(id),
      tree.aclOf(id),
    ])
  }
  return {
    nodes: nodes.sort((a, b) => ((a as string[])[0] < (b as string[])[0] ? -1 : 1)),
    sessions: [...sessions.all()].map(({ id, timeoutMs }) => `${id} ${timeoutMs}`).sort(),
    ephemerals: [...tree.owners.sessions()].map(([session, paths]) => `${session} ${[...paths].sort().join()}`).sort(),
    containers: [...tree.owners.containers].sort(),
    ttlNodes: [...tree.owners.ttlNodes].sort(),
    counts: [tree.nodeCount, tree.ephemeralCount, tree.acls.size],
    digest: BigInt.asUintN(64, tree.digest),
    lastProcessedZxid,
  }
}

/** A second replica that knows nothing but what it is given. */
function newReplica(bench: Workbench): { replica: Replica; mismatches: bigint[] } {
  const mismatches: bigint[] = []
  const sessions = new SessionTable(bench.settings.tickTime, 1, bench.clock.wallTime())
  return { replica: new Replica(bench.host, bench.settings, sessions, { onDigestMismatch: (zxid) => mismatches.push(zxid) }), mismatches }
}

const before = fc.array(wishes, { maxLength: 40 })
const step = fc.record({ wish: wishes, nodes: fc.constantFrom(0, 0, 0, 1, 1, 2) })
const during = fc.array(step, { maxLength: 40 })
const after = fc.array(wishes, { maxLength: 20 })

describe('replay', () => {
  it.each([
    ['that name what goes with a session', true],
    ['that leave that to the index of ephemerals', false],
  ])('of txns %s over an image taken while the tree changed gives the tree', (_what, closeSessionTxnEnabled) => {
    fc.assert(
      fc.property(before, during, after, (first, middle, last) => {
        const bench = new Workbench({ closeSessionTxnEnabled })
        const live = new ReplicaImage(bench.replica)
        const apply = (wish: (typeof first)[number]): void => {
          bench.prepare(wish)
          bench.applyAll()
        }
        first.forEach(apply)

        // As SnapshotWriter: zxid, sessions and ACLs at the beginning, nodes one by one, the digest at the end.
        const zxid = live.lastZxid()
        const sessions = [...live.sessions()]
        const acls = [...live.acls()]
        const walk = live.walk()
        const nodes: SnapshotNode[] = []
        const take = (): boolean => {
          const into: SnapshotNode = { path: '', data: null, aclKey: 0n, stat: {} as StatPersisted }
          if (!walk.next(into)) return false
          nodes.push({ ...into, data: into.data === null ? null : into.data.slice() })
          return true
        }
        for (const { wish, nodes: count } of middle) {
          apply(wish)
          for (let i = 0; i < count; i++) take()
        }
        while (take()) {
          // To the end.
        }
        const digest = live.digest()
        last.forEach(apply)

        const { replica, mismatches } = newReplica(bench)
        const image = new ReplicaImage(replica)
        image.clear()
        for (const { id, timeoutMs } of sessions) image.session(id, timeoutMs)
        for (const { key, acl } of acls) image.acl(key, acl)
        // Some nodes have lists that became known after the ACLs were written, as in Java's snapshots: replay brings them.
        for (const { path, data, aclKey, stat } of nodes) image.node(path, data, aclKey, stat)
        image.loaded({ zxid, digest: digest.zxid === 0n ? undefined : digest, lastZxid: undefined })
        for (const txn of bench.txns) if (txn.header.zxid > zxid) image.replay(txn.header, txn.payload)

        expect(state(replica)).toEqual(state(bench.replica))
        expect(mismatches).toEqual([])
      }),
      { numRuns: 300 },
    )
  })

  it('of what the image holds already changes nothing', () => {
    const { replica } = newReplica(new Workbench())
    const { tree } = replica
    tree.reset()
    const list = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }]
    const txns = [
      () => tree.createNode('/a', null, list, 0n, 1, 1n, 1n),
      () => tree.createNode('/a/c', null, list, 0n, 1, 2n, 2n),
      () => tree.deleteNode('/a/c', 3n),
      () => tree.createNode('/a/d', null, list, 0n, 2, 4n, 4n),
    ]
    for (const apply of txns) apply()
    const before = state(replica)
    for (const apply of txns.slice(2)) apply()
    expect(state(replica)).toEqual(before)
  })

  it('of everything, from nothing, gives the tree', () => {
    fc.assert(
      fc.property(fc.array(wishes, { maxLength: 60 }), (all) => {
        const bench = new Workbench()
        for (const wish of all) bench.prepare(wish)
        bench.applyAll()
        const { replica, mismatches } = newReplica(bench)
        replica.startEmpty()
        for (const { payload } of bench.txns) replica.replay(payload)
        expect(state(replica)).toEqual(state(bench.replica))
        expect(mismatches).toEqual([])
      }),
    )
  })
})

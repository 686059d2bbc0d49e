// The end of a session whose txn does not list what goes with it, while a snapshot is drawn: what the txn leaves out, the snapshot has to hold.
import { expect, test } from 'vitest'
import type { StatPersisted } from '../../../src/jute/generated/data.ts'
import { ReplicaImage } from '../../../src/server/replica/replica-image.ts'
import { Replica } from '../../../src/server/replica/replica.ts'
import { SessionTable } from '../../../src/server/session/session-table.ts'
import type { SnapshotNode } from '../../../src/server/storage/image.ts'
import * as ask from '../../support/requests.ts'
import { Workbench } from '../../support/workbench.ts'

const SESSION = 0x100n

test('replay over a snapshot whose parent was drawn before the session ended, and whose ephemeral was not, gives the tree', () => {
  const bench = new Workbench({ closeSessionTxnEnabled: false })
  const apply = (asked: ask.Asked): void => {
    bench.prepare({ kind: 'ask', session: SESSION, asked })
    bench.applyAll()
  }
  apply(ask.create('/a'))
  apply(ask.create('/a/gone', { flags: 1, data: Buffer.from('kept') }))
  const live = new ReplicaImage(bench.replica)
  const zxid = live.lastZxid()
  const sessions = [...live.sessions()]
  const walk = live.walk()
  const nodes: SnapshotNode[] = []
  const take = (): boolean => {
    const into: SnapshotNode = { path: '', data: null, aclKey: 0n, stat: {} as StatPersisted }
    if (walk.next(into)) nodes.push({ ...into })
    return nodes.at(-1)!.path === into.path
  }
  while (nodes.at(-1)?.path !== '/a') take()
  apply(ask.closeSession())
  apply(ask.create('/new'))
  while (take()) {
    // To the end.
  }
  expect(nodes.map(({ path }) => path).filter((path) => path.startsWith('/a'))).toEqual(['/a', '/a/gone'])

  const mismatches: bigint[] = []
  const table = new SessionTable(bench.settings.tickTime, 1, 0)
  const replica = new Replica(bench.host, bench.settings, table, { onDigestMismatch: (at) => mismatches.push(at) })
  const image = new ReplicaImage(replica)
  image.clear()
  for (const { id, timeoutMs } of sessions) image.session(id, timeoutMs)
  for (const { path, data, aclKey, stat } of nodes) image.node(path, data, aclKey, stat)
  image.loaded({ zxid, digest: live.digest(), lastZxid: undefined })
  for (const txn of bench.txns) if (txn.header.zxid > zxid) image.replay(txn.header, txn.payload)
  const { tree } = replica
  expect(tree.store.find('/a/gone')).toBeLessThan(0)
  expect(tree.store.pzxid(tree.store.find('/a'))).toBe(zxid + 1n)
  expect(tree.digest).toBe(bench.replica.tree.digest)
  expect(mismatches).toEqual([])
})

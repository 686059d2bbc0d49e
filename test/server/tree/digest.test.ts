// storage-format 2.4: the digest of nodes and of the tree, and that every txn foretells it.
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DataTree } from '../../../src/server/tree/data-tree.ts'
import { contentCrc, isDigested, nodeDigest } from '../../../src/server/tree/digest.ts'
import { CONTENT_CRC, NodeRows } from '../../../src/server/tree/node-rows.ts'
import { NO_NODE } from '../../../src/server/tree/node-store.ts'
import { TreeWalk } from '../../../src/server/tree/tree-walk.ts'
import { wishes, Workbench } from '../../support/workbench.ts'

const OPTIONS = { digestEnabled: true, extendedTypesEnabled: true }

/** The digest of a node whose numbers are all zero. */
function digestOfNew(path: string, data: Uint8Array | null): number {
  const rows = new NodeRows()
  rows.reach(0)
  rows.setInt(0, CONTENT_CRC, contentCrc(path, data))
  return nodeDigest(rows, 0, 0n)
}

/** The sum over all nodes, computed as the specification says it, from nothing but the nodes. */
function digestFromNodes(tree: DataTree): bigint {
  const { store } = tree
  const walk = new TreeWalk(tree)
  let sum = 0n
  for (let id = walk.next(); id !== NO_NODE; id = walk.next()) {
    const path = id === store.root ? '' : store.path(id)
    if (path.startsWith('/zookeeper/')) continue
    const stat = Buffer.alloc(60)
    const longs = [store.czxid(id), store.mzxid(id), store.pzxid(id), store.ctime(id), store.mtime(id)]
    for (const [i, value] of longs.entries()) stat.writeBigInt64BE(value, i * 8)
    for (const [i, value] of [store.version(id), store.cversion(id), store.aversion(id)].entries()) stat.writeInt32BE(value, 40 + i * 4)
    stat.writeBigInt64BE(store.ephemeralOwner(id), 52)
    sum += BigInt(crc32(Buffer.concat([Buffer.from(path), store.data(id) ?? Buffer.alloc(0), stat])))
  }
  return BigInt.asUintN(64, sum)
}

describe('digests', () => {
  it('of 60 zero bytes, of /zookeeper, of a fresh tree', () => {
    expect(digestOfNew('', new Uint8Array(0))).toBe(68_323_592)
    expect(digestOfNew('/', null)).toBe(68_323_592)
    expect(digestOfNew('/zookeeper', new Uint8Array(0))).toBe(1_303_661_912)
    expect(new DataTree(OPTIONS, 1).digest).toBe(1_371_985_504n)
  })

  it('leave out what is below /zookeeper', () => {
    expect(['/', '', '/zookeeper', '/zookeeper/quota', '/zookeeperx', '/zookeeper/'].map(isDigested)).toEqual([true, true, true, false, true, false])
  })

  it('hash paths as UTF-8, however long', () => {
    for (const path of ['/\u00e4\u4e2d', `/${'\u4e2d'.repeat(3000)}`]) expect(contentCrc(path, Buffer.from('x'))).toBe(crc32(Buffer.from(`${path}x`)))
  })

  it('are those of the nodes, and those that the txns foretold, however far ahead they were made', () => {
    const step = fc.record({ wish: wishes, applies: fc.constantFrom(0, 0, 0, 1, 1, 2, 5) })
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 80 }), (steps) => {
        const bench = new Workbench()
        for (const { wish, applies } of steps) {
          bench.prepare(wish)
          for (let i = 0; i < applies; i++) bench.applyNext()
        }
        bench.applyAll()
        expect(bench.mismatches).toEqual([])
        expect(BigInt.asUintN(64, bench.replica.tree.digest)).toBe(digestFromNodes(bench.replica.tree))
      }),
      { numRuns: 300 },
    )
  })

  it('cost nothing when they are off', () => {
    const bench = new Workbench({ digestEnabled: false })
    const txn = bench.txns[0]
    expect([txn.digest, bench.replica.tree.digest]).toEqual([undefined, 0n])
  })
})

// The tree as it will be: what is taken back leaves no trace, what is applied gives way to the tree.
import { describe, expect, it } from 'vitest'
import type { CloseSessionTxn } from '../../../src/jute/generated/txn.ts'
import { OpCode } from '../../../src/protocol/codes.ts'
import { PendingView } from '../../../src/server/request/pending-view.ts'
import { DataTree } from '../../../src/server/tree/data-tree.ts'
import { multi } from '../../support/multi.ts'
import * as ask from '../../support/requests.ts'
import { Workbench } from '../../support/workbench.ts'

const session = 0x100n

function bench() {
  const made = new Workbench()
  const wish = (asked: ask.Asked) => made.prepare({ kind: 'ask', session, asked })
  return { made, wish }
}

describe('the pending view', () => {
  it('forgets a failed multi: a closing session does not take its nodes', () => {
    const { made, wish } = bench()
    wish(multi([ask.create('/e', { flags: 1 }), ask.check('/missing')]))
    made.prepare({ kind: 'ask', session: 0x101n, asked: ask.create('/e') })
    const { record } = wish(ask.closeSession())
    expect((record as CloseSessionTxn).paths2Delete).toEqual([])
    made.applyAll()
    expect([made.mismatches, made.replica.tree.ephemeralCount, made.replica.tree.nodeCount]).toEqual([[], 0, 5])
  })

  it('keeps a later change when an earlier one of the same node is applied', () => {
    const { made, wish } = bench()
    wish(ask.create('/n'))
    wish(ask.setData('/n', '1', 0))
    wish(ask.setData('/n', '2', 1))
    made.applyNext()
    expect(wish(ask.setData('/n', '3', 2)).header.type).toBe(OpCode.setData)
    made.applyNext()
    expect(wish(ask.remove('/n', 3)).header.type).toBe(OpCode.delete)
    made.applyAll()
    expect(made.mismatches).toEqual([])
  })

  it('lists the ephemerals that a session will have', () => {
    const { made, wish } = bench()
    for (const name of ['/old', '/gone']) wish(ask.create(name, { flags: 1 }))
    made.applyAll()
    wish(ask.remove('/gone'))
    wish(ask.create('/new', { flags: 1 }))
    made.prepare({ kind: 'ask', session: 0x101n, asked: ask.create('/gone', { flags: 1 }) })
    expect((wish(ask.closeSession()).record as CloseSessionTxn).paths2Delete!.toSorted()).toEqual(['/new', '/old'])
  })

  it('is empty when everything is applied, and says what the tree says', () => {
    const tree = new DataTree({ digestEnabled: true, extendedTypesEnabled: false }, 1)
    const view = new PendingView(tree)
    for (let zxid = 1n; zxid <= 10_000n; zxid++) view.put(zxid, view.copy(view.get('/')!))
    expect(view.size).toBe(10_000)
    view.release(9_999n)
    expect(view.size).toBe(1)
    view.release(10_000n)
    expect([view.size, view.digest]).toEqual([0, tree.digest])
  })
})

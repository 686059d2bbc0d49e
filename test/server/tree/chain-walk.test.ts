// The children that a node had at one moment, whatever happens to the tree while they are told.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { ChainWalk } from '../../../src/server/tree/chain-walk.ts'
import { IdSet } from '../../../src/server/tree/id-set.ts'
import { wishes, Workbench } from '../../support/workbench.ts'

const step = fc.record({ wish: wishes, steps: fc.integer({ min: 0, max: 2 }) })

it('gives every child that was there when it began, once, and none that is new', () => {
  fc.assert(
    fc.property(fc.array(wishes, { maxLength: 40 }), fc.array(step, { maxLength: 60 }), fc.constantFrom('', '/a'), (before, during, path) => {
      const bench = new Workbench()
      for (const wish of before) bench.prepare(wish)
      bench.applyAll()
      const { tree } = bench.replica
      const { store } = tree
      const parent = store.find(path)
      if (parent < 0) return
      const there = store.children(parent)
      const chain = { first: store.firstChild(parent), next: (id: number) => store.nextSibling(id), holds: (id: number) => store.parent(id) === parent }
      const seen: string[] = []
      const walk = new ChainWalk(tree, chain, (id) => seen.push(store.name(id)))
      let isLeft = true
      for (const { wish, steps } of during) {
        bench.prepare(wish)
        bench.applyAll()
        if (isLeft) isLeft = walk.advance(steps)
      }
      while (isLeft) isLeft = walk.advance(1)
      expect(seen.sort()).toEqual(there.sort())
      expect(tree.walks.size).toBe(0)
    }),
  )
})

it('a set of ids holds what was added and not deleted', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 100_000 })), fc.array(fc.integer({ min: 0, max: 100_000 })), (added, asked) => {
      const set = new IdSet()
      for (const id of added) set.add(id)
      for (const id of [...added, ...asked]) expect(set.has(id)).toBe(added.includes(id))
      for (const id of asked) set.delete(id)
      for (const id of [...added, ...asked]) expect(set.has(id)).toBe(added.includes(id) && !asked.includes(id))
    }),
  )
})

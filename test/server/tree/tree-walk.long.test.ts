// The order of snapshots: every node once, parents first, whatever happens to the tree meanwhile.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parentOf } from '../../../src/protocol/paths.ts'
import { NO_NODE } from '../../../src/server/tree/node-store.ts'
import { TreeWalk } from '../../../src/server/tree/tree-walk.ts'
import { OPEN } from '../../support/requests.ts'
import { wishes, Workbench } from '../../support/workbench.ts'

function pathsOf(bench: Workbench): string[] {
  const { tree } = bench.replica
  const walk = new TreeWalk(tree)
  const paths: string[] = []
  for (let id = walk.next(); id !== NO_NODE; id = walk.next()) paths.push(id === tree.store.root ? '' : tree.store.path(id))
  return paths
}

describe('a walk', () => {
  it('over a tree that stands still gives every node, parents first', () => {
    fc.assert(
      fc.property(fc.array(wishes, { maxLength: 60 }), (all) => {
        const bench = new Workbench()
        for (const wish of all) bench.prepare(wish)
        bench.applyAll()
        const paths = pathsOf(bench)
        expect(paths.length).toBe(bench.replica.tree.nodeCount)
        expect(new Set(paths).size).toBe(paths.length)
        for (const [i, path] of paths.entries()) if (path !== '') expect(paths.indexOf(parentOf(path))).toBeLessThan(i)
      }),
    )
  })

  it('over one that changes gives no path twice, no child before its parent, all that was there and nothing that is new', () => {
    const step = fc.record({ wish: wishes, steps: fc.integer({ min: 0, max: 3 }) })
    fc.assert(
      fc.property(fc.array(wishes, { maxLength: 40 }), fc.array(step, { maxLength: 60 }), (before, during) => {
        const bench = new Workbench()
        for (const wish of before) bench.prepare(wish)
        bench.applyAll()
        const { tree } = bench.replica
        const czxids = new Map(pathsOf(bench).map((path) => [path, tree.store.czxid(tree.store.find(path))]))
        const walk = new TreeWalk(tree)
        const seen: string[] = []
        const take = (): boolean => {
          const id = walk.next()
          if (id !== NO_NODE) seen.push(id === tree.store.root ? '' : tree.store.path(id))
          return id !== NO_NODE
        }
        for (const { wish, steps } of during) {
          bench.prepare(wish)
          bench.applyAll()
          for (let i = 0; i < steps; i++) take()
        }
        while (take()) {
          // To the end.
        }
        expect(new Set(seen).size).toBe(seen.length)
        for (const [i, path] of seen.entries()) if (path !== '') expect(seen.slice(0, i)).toContain(parentOf(path))
        for (const [path, czxid] of czxids) {
          const id = tree.store.find(path)
          if (id !== NO_NODE && tree.store.czxid(id) === czxid) expect(seen).toContain(path)
        }
        for (const path of seen) expect(czxids.has(path)).toBe(true)
        expect(tree.walks.size).toBe(0)
      }),
      { numRuns: 300 },
    )
  })

  it('goes on behind a node that goes just when it is next', () => {
    const names = 'abcdefgh'.split('').map((name) => `/${name}`)
    const step = fc.record({ path: fc.constantFrom(...names, ...names.map((name) => `/a${name}`)), steps: fc.integer({ min: 0, max: 2 }) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { tree } = new Workbench().replica
        const make = (path: string, zxid: bigint) => tree.createNode(path, null, OPEN, 0n, -1, zxid, 0n)
        for (const [i, path] of names.entries()) make(path, BigInt(i + 10))
        for (const [i, path] of names.entries()) make(`/a${path}`, BigInt(i + 20))
        const walk = new TreeWalk(tree)
        const seen: string[] = []
        const take = (): boolean => {
          const id = walk.next()
          if (id === NO_NODE) return false
          expect(tree.store.alive(id)).toBe(true)
          seen.push(tree.store.path(id))
          return true
        }
        const untouched = new Set([...names, ...names.map((name) => `/a${name}`)])
        for (const [i, { path, steps: count }] of steps.entries()) {
          if (path !== '/a') {
            untouched.delete(path)
            if (tree.store.find(path) === NO_NODE) make(path, BigInt(i + 100))
            else tree.deleteNode(path, BigInt(i + 100))
          }
          for (let n = 0; n < count; n++) take()
        }
        while (take()) {
          // To the end.
        }
        expect(new Set(seen).size).toBe(seen.length)
        for (const path of untouched) expect(seen).toContain(path)
      }),
      { numRuns: 300 },
    )
  })

  it('that is not finished is forgotten when it is closed', () => {
    const { tree } = new Workbench().replica
    const walk = new TreeWalk(tree)
    walk.next()
    expect(tree.walks.size).toBe(1)
    walk.close()
    expect(tree.walks.size).toBe(0)
  })

  it('that is given up is told of nothing any more', () => {
    const bench = new Workbench()
    const { tree } = bench.replica
    const walk = new TreeWalk(tree)
    walk.next()
    expect(tree.walks.size).toBe(1)
    walk.close()
    expect(tree.walks.size).toBe(0)
  })

  it('does not outlive its tree: what it has left to give would be that of another', () => {
    const bench = new Workbench()
    const walk = new TreeWalk(bench.replica.tree)
    expect(() => bench.replica.clear()).toThrow('nobody walks over a tree that is cleared')
    walk.close()
    expect(() => bench.replica.clear()).not.toThrow()
  })
})

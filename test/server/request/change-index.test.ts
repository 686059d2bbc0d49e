// Against a Map, with paths whose places collide: one hash in four, and only a few of those.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ChangeIndex } from '../../../src/server/request/change-index.ts'

interface Change {
  readonly path: string
  readonly hash: number
  readonly number: number
}

const key = fc.nat(30)
const action = fc.record({ key, kind: fc.constantFrom('set', 'set', 'delete') })
/** Around the end of the table, where places begin again. */
const hashOf = (key: number) => 253 + (key % 4)
const change = (key: number, number: number): Change => ({ path: `/${key}`, hash: hashOf(key), number })

describe('the index of changes', () => {
  it('is a map of paths', () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 200 }), (actions) => {
        const index = new ChangeIndex<Change>()
        const model = new Map<number, Change>()
        for (const [number, { key, kind }] of actions.entries()) {
          const known = model.get(key)
          if (kind === 'set') {
            model.set(key, change(key, number))
            index.set(model.get(key)!)
          } else if (known !== undefined) {
            model.delete(key)
            index.delete(known)
          }
        }
        for (let key = 0; key <= 30; key++) expect(index.get(`/${key}`, hashOf(key))).toBe(model.get(key))
      }),
    )
  })

  it('grows to any size, and forgets', () => {
    const index = new ChangeIndex<Change>()
    const all = Array.from({ length: 20_000 }, (_, i) => ({ path: `/${i}`, hash: Math.imul(i, 0x9e3779b1), number: i }))
    for (const change of all) index.set(change)
    expect(all.every((change) => index.get(change.path, change.hash) === change)).toBe(true)
    for (const change of all) index.delete(change)
    expect(all.some((change) => index.get(change.path, change.hash) !== undefined)).toBe(false)
  })
})

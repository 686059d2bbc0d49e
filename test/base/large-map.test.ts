// Behaves as Map and Set do, however much is in it.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LargeMap, LargeSet } from '../../src/base/large-map.ts'
import type { LargeKey } from '../../src/base/large-map.ts'

const COUNT = 40_000

const kinds: [string, (i: number) => LargeKey][] = [
  ['paths', (i) => `/some/path/of/node-${i}`],
  ['numbers', (i) => i],
  ['session ids', (i) => BigInt.asIntN(64, 0xf100_0000_0000_0000n + BigInt(i))],
]

describe('a large map', () => {
  it.each(kinds)('of %s holds what was set and not deleted', (_, keyOf) => {
    const map = new LargeMap<LargeKey, number>()
    for (let i = 0; i < COUNT; i++) map.set(keyOf(i), i)
    for (let i = 0; i < COUNT; i += 3) map.set(keyOf(i), -i)
    for (let i = 0; i < COUNT; i += 2) expect(map.delete(keyOf(i))).toBe(true)
    expect([map.size, map.delete(keyOf(0)), map.has(keyOf(0)), map.get(keyOf(1)), map.get(keyOf(3))]).toEqual([COUNT / 2, false, false, 1, -3])
    const expected = new Map(Array.from({ length: COUNT / 2 }, (_, i) => [keyOf(2 * i + 1), (2 * i + 1) % 3 === 0 ? -(2 * i + 1) : 2 * i + 1]))
    expect(new Map(map)).toEqual(expected)
    expect(new Set(map.keys())).toEqual(new Set(expected.keys()))
    expect([...map.values()].length).toBe(COUNT / 2)
    for (const key of expected.keys()) map.delete(key)
    expect([map.size, [...map]]).toEqual([0, []])
  })

  it('keeps the order of insertion while it is small', () => {
    const operation = fc.record({ key: fc.constantFrom<LargeKey>('a', 'b', null, 3, 4n), value: fc.option(fc.nat()) })
    fc.assert(
      fc.property(fc.array(operation), (operations) => {
        const [map, model] = [new LargeMap<LargeKey, number>(), new Map<LargeKey, number>()]
        for (const { key, value } of operations) {
          if (value === null) expect(map.delete(key)).toBe(model.delete(key))
          else {
            map.set(key, value)
            model.set(key, value)
          }
          expect([...map]).toEqual([...model])
          expect(map.size).toBe(model.size)
        }
      }),
    )
  })
})

it.each(kinds)('a large set of %s holds each member once', (_, keyOf) => {
  const set = new LargeSet<LargeKey>()
  for (let i = 0; i < COUNT; i++) set.add(keyOf(i % (COUNT / 2)))
  expect(set.size).toBe(COUNT / 2)
  expect(new Set(set).size).toBe(COUNT / 2)
  expect([set.has(keyOf(1)), set.delete(keyOf(1)), set.has(keyOf(1)), set.delete(keyOf(1)), set.size]).toEqual([true, true, false, false, COUNT / 2 - 1])
  set.clear()
  expect([set.size, [...set]]).toEqual([0, []])
})

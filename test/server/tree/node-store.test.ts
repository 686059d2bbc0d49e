import { describe, expect, test } from 'vitest'
import fc from 'fast-check'
import { LENT_BYTES, NO_NODE, NodeStore } from '../../../src/server/tree/node-store.ts'

const bytes = (length: number, fill = 7): Uint8Array => new Uint8Array(length).fill(fill)

describe('an empty store', () => {
  test('has a root without data', () => {
    const store = new NodeStore()
    expect(store.size).toBe(1)
    expect(store.find('')).toBe(store.root)
    expect(store.find('/')).toBe(store.root)
    expect(store.path(store.root)).toBe('/')
    expect(store.name(store.root)).toBe('')
    expect(store.parent(store.root)).toBe(NO_NODE)
    expect(store.firstChild(store.root)).toBe(NO_NODE)
    expect(store.nextSibling(store.root)).toBe(NO_NODE)
    expect(store.data(store.root)).toBeNull()
    expect(store.alive(store.root)).toBe(true)
  })

  test('finds nothing else', () => {
    const store = new NodeStore()
    for (const path of ['a', '/a', '//', '/a/b', ' ', '\0', '/\0', 'é']) expect(store.find(path)).toBe(NO_NODE)
  })

  test('takes only possible changes', () => {
    const store = new NodeStore()
    expect(() => store.remove(store.root)).toThrow('besides the root')
    expect(() => store.create(store.root, '', null)).toThrow('only node at /')
    expect(() => store.create(store.root, 'a/b', null)).toThrow('no slash')
    expect(() => store.create(1, 'a', null)).toThrow('living')
    const a = store.create(store.root, 'a', null)
    expect(() => store.create(store.root, 'a', null)).toThrow('once')
    store.create(a, 'b', null)
    expect(() => store.remove(a)).toThrow('after its children')
    expect(store.path(a)).toBe('/a')
  })
})

describe('the numbers of a node', () => {
  test('start at zero, keep their whole range and start at zero again when the id is used again', () => {
    const store = new NodeStore()
    const id = store.create(store.root, 'n', bytes(3))
    const zero = numbers(store, id)
    expect(Object.values(zero).map(Number)).toEqual(Object.values(zero).map(() => 0))
    const min = -(2n ** 63n)
    const max = 2n ** 63n - 1n
    store.setCzxid(id, max)
    store.setMzxid(id, min)
    store.setPzxid(id, -1n)
    store.setCtime(id, 1n)
    store.setMtime(id, 0xffff_ffffn)
    store.setEphemeralOwner(id, min + 1n)
    store.setVersion(id, -1)
    store.setCversion(id, 2 ** 31 - 1)
    store.setAversion(id, -(2 ** 31))
    store.setAclKey(id, -1)
    store.setDigest(id, 2 ** 32 - 1)
    store.setContentCrc(id, 2 ** 32 - 2)
    const set = {
      czxid: max,
      mzxid: min,
      pzxid: -1n,
      ctime: 1n,
      mtime: 0xffff_ffffn,
      ephemeralOwner: min + 1n,
      version: -1,
      cversion: 2 ** 31 - 1,
      aversion: -(2 ** 31),
      aclKey: -1,
      digest: 2 ** 32 - 1,
      contentCrc: 2 ** 32 - 2,
    }
    expect(numbers(store, id)).toEqual(set)
    store.setData(id, bytes(30_000))
    expect(numbers(store, id)).toEqual(set)
    store.remove(id)
    expect(store.create(store.root, 'other', null)).toBe(id)
    expect(numbers(store, id)).toEqual(zero)
  })

  test('are apart in neighbouring nodes', () => {
    const store = new NodeStore()
    const ids = Array.from({ length: 100 }, (_, i) => store.create(store.root, `n${i}`, null))
    for (const id of ids) {
      store.setCzxid(id, BigInt(id) * 5n)
      store.setMtime(id, BigInt(id) * 7n)
      store.setEphemeralOwner(id, BigInt(id % 3))
      store.setVersion(id, id)
      store.setDigest(id, id * 11)
    }
    for (const id of ids) {
      expect(numbers(store, id)).toMatchObject({
        czxid: BigInt(id) * 5n,
        mzxid: 0n,
        mtime: BigInt(id) * 7n,
        ephemeralOwner: BigInt(id % 3),
        version: id,
        digest: id * 11,
      })
    }
  })
})

describe('ids', () => {
  test('of removed nodes are used again, last removed first, with another generation', () => {
    const store = new NodeStore()
    const a = store.create(store.root, 'a', null)
    const b = store.create(store.root, 'b', null)
    const first = store.generation(a)
    store.remove(a)
    store.remove(b)
    expect(store.alive(a)).toBe(false)
    expect(store.generation(a)).not.toBe(first)
    expect(store.create(store.root, 'c', null)).toBe(b)
    expect(store.create(store.root, 'd', null)).toBe(a)
    expect(store.generation(a)).not.toBe(first)
    expect(store.alive(a)).toBe(true)
    expect(store.alive(b + 1)).toBe(false)
    expect(store.alive(NO_NODE)).toBe(false)
  })

  test('have another generation after clear', () => {
    const store = new NodeStore()
    const seen = new Set<number>()
    for (let life = 0; life < 4; life++) {
      const a = store.create(store.root, 'a', null)
      expect(seen).not.toContain(store.generation(a))
      seen.add(store.generation(a))
      if (life % 2 === 1) store.remove(a)
      seen.add(store.generation(a))
      store.clear()
    }
  })
})

describe('data', () => {
  test('null and empty are two things', () => {
    const store = new NodeStore()
    const id = store.create(store.root, 'a', null)
    expect(store.data(id)).toBeNull()
    expect(store.dataLength(id)).toBe(0)
    store.setData(id, bytes(0))
    expect(store.data(id)).toEqual(bytes(0))
    store.setData(id, bytes(5))
    expect(store.data(id)).toEqual(bytes(5))
    store.setData(id, null)
    expect(store.data(id)).toBeNull()
    expect(store.data(store.create(store.root, 'b', bytes(0)))).toEqual(bytes(0))
  })

  test('is copied', () => {
    const store = new NodeStore()
    const given = bytes(10)
    const id = store.create(store.root, 'a', given)
    given.fill(1)
    expect(store.data(id)).toEqual(bytes(10))
    store.setData(id, given)
    given.fill(2)
    expect(store.data(id)).toEqual(bytes(10, 1))
  })

  test('stays as it was lent, whatever becomes of the node', () => {
    const store = new NodeStore()
    const id = store.create(store.root, 'n', bytes(LENT_BYTES, 1))
    const lent = [store.lend(id)!]
    for (const [fill, length] of [
      [2, LENT_BYTES],
      [3, LENT_BYTES - 1],
      [4, LENT_BYTES + 5],
    ] as const) {
      store.setData(id, bytes(length, fill))
      expect(store.data(id)).toEqual(bytes(length, fill))
      lent.push(store.lend(id)!)
    }
    store.remove(id)
    store.create(store.root, 'next', bytes(LENT_BYTES, 5))
    // The third was too short to be kept.
    expect([0, 1, 3].map((i) => [lent[i].length, new Set(lent[i])])).toEqual([
      [LENT_BYTES, new Set([1])],
      [LENT_BYTES, new Set([2])],
      [LENT_BYTES + 5, new Set([4])],
    ])
    expect(store.lend(store.create(store.root, 'null', null))).toBeNull()
  })

  test('may be set from a view of the store', () => {
    const store = new NodeStore()
    const a = store.create(
      store.root,
      'a',
      Uint8Array.from({ length: 300 }, (_, i) => i),
    )
    const b = store.create(store.root, 'b', bytes(3))
    store.setData(b, store.data(a))
    expect(store.data(b)).toEqual(store.data(a))
    store.setData(a, store.data(a)!.subarray(100, 298))
    expect(store.data(a)).toEqual(Uint8Array.from({ length: 198 }, (_, i) => i + 100))
    store.setData(b, store.data(b)!.subarray(1))
    expect(store.data(b)).toEqual(Uint8Array.from({ length: 299 }, (_, i) => i + 1))
  })

  test('of every length around the limits stays beside its name', () => {
    const store = new NodeStore()
    const id = store.create(store.root, 'café', null)
    const lengths = [1, 2, 3, 4, 5, 236, 237, 238, 244, 8_000, 16_360, 16_368, 16_369, 16_400, 65_536, 1 << 20, (1 << 20) + 1, 17 << 20]
    for (const length of [...lengths, ...lengths.toReversed(), 0, 1 << 20, 400_000, 700_000]) {
      store.setData(id, bytes(length, length & 0xff))
      expect(store.dataLength(id)).toBe(length)
      const data = store.data(id)!
      expect(data.length).toBe(length)
      expect(data.every((byte) => byte === (length & 0xff))).toBe(true)
      expect(store.name(id)).toBe('café')
    }
  })
})

describe('names', () => {
  test.each([
    'ascii',
    '',
    ' ',
    '.',
    '..',
    'a'.repeat(300),
    'a'.repeat(20_000),
    'ü'.repeat(9_000),
    '\u00a0',
    '\u00ff',
    '\u0100',
    '\uffef',
    'ÿĀ',
    '\0',
    '\u0001',
    '\u2028',
    '日本語',
    '😀',
    '\ud800',
    '\udc00\ud800',
    'é',
    'e\u0301',
    '\ufeff',
    '\uffff',
    'x'.repeat(1 << 20),
  ])('%j is found and told again', (name) => {
    const store = new NodeStore()
    const parent = store.create(store.root, 'p', null)
    const id = store.create(parent, name, bytes(9))
    const below = store.create(id, 'q', bytes(8))
    expect(store.find(`/p/${name}`)).toBe(id)
    expect(store.find(`/p/${name}/q`)).toBe(below)
    expect(store.find(`/p/${name}a`)).toBe(NO_NODE)
    expect(store.find(`/p/a${name}`)).toBe(NO_NODE)
    expect(store.name(id)).toBe(name)
    expect(store.path(id)).toBe(`/p/${name}`)
    expect(store.path(below)).toBe(`/p/${name}/q`)
    expect(store.children(parent)).toEqual([name])
    expect(store.data(id)).toEqual(bytes(9))
  })

  test('that differ in one unit only are different nodes', () => {
    const store = new NodeStore()
    const names = ['a', '\u0161', '\u0261', '\uff61', 'á', 'aa', '\u6161', 'A']
    const ids = names.map((name) => store.create(store.root, name, null))
    expect(names.map((name) => store.find(`/${name}`))).toEqual(ids)
    expect(store.children(store.root)).toEqual(names)
  })

  test('a path is deep or has empty parts', () => {
    const store = new NodeStore()
    let id = store.root
    let path = ''
    for (let depth = 0; depth < 3_000; depth++) {
      const name = depth % 5 === 4 ? '' : `${depth}`
      id = store.create(id, name, null)
      path += `/${name}`
      expect(store.find(path)).toBe(id)
    }
    expect(store.path(id)).toBe(path)
    expect(store.find(`${path}/`)).toBe(NO_NODE)
    expect(store.find(path.slice(1))).toBe(NO_NODE)
    expect(store.find(`/${path}`)).toBe(NO_NODE)
  })
})

describe('children', () => {
  test('are told in the order of creation, whichever are removed', () => {
    const store = new NodeStore()
    const id = (name: string): number => store.find(`/${name}`)
    for (const name of ['a', 'b', 'c', 'd', 'e']) store.create(store.root, name, null)
    store.remove(id('c'))
    expect(store.children(store.root)).toEqual(['a', 'b', 'd', 'e'])
    store.remove(id('a'))
    store.remove(id('e'))
    expect(store.children(store.root)).toEqual(['b', 'd'])
    store.create(store.root, 'a', null)
    expect(store.children(store.root)).toEqual(['b', 'd', 'a'])
    for (const name of ['b', 'd', 'a']) store.remove(id(name))
    expect(store.children(store.root)).toEqual([])
    expect(store.firstChild(store.root)).toBe(NO_NODE)
    store.create(store.root, 'z', null)
    expect(store.children(store.root)).toEqual(['z'])
    expect(store.childCount(store.root)).toBe(1)
  })
})

test('clear forgets all', () => {
  const store = new NodeStore()
  for (let i = 0; i < 20_000; i++) store.create(store.root, `${i}`, bytes(100))
  store.create(store.root, 'large', bytes(1 << 20))
  const fresh = new NodeStore().use()
  store.setPzxid(store.root, 5n)
  store.clear()
  expect(store.use()).toEqual(fresh)
  expect(store.size).toBe(1)
  expect(store.pzxid(store.root)).toBe(0n)
  expect(store.find('/17')).toBe(NO_NODE)
  expect(store.children(store.root)).toEqual([])
  expect(store.path(store.create(store.root, '17', null))).toBe('/17')
})

describe('against a map of paths', () => {
  // Few names, so that paths meet again and again; odd ones, since a txn may carry any path.
  const name = fc.oneof(
    fc.constantFrom('a', 'b', 'aa', 'ab', '', ' ', '\u00a0', '\u0161', '\uffef', '😀', '\ud800', '0000000001', 'x'.repeat(40)),
    fc.string({ unit: 'binary', maxLength: 6 }).map((text) => text.replaceAll('/', '')),
  )
  const data = fc.oneof(
    { weight: 1, arbitrary: fc.constant(null) },
    { weight: 8, arbitrary: fc.tuple(fc.nat(300), fc.nat(255)).map(([length, fill]) => bytes(length, fill)) },
    { weight: 1, arbitrary: fc.tuple(fc.nat(40_000), fc.nat(255)).map(([length, fill]) => bytes(length, fill)) },
  )
  const step = fc.oneof(
    { weight: 5, arbitrary: fc.record({ kind: fc.constant('create' as const), pick: fc.nat(), name, data }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('remove' as const), pick: fc.nat() }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('setData' as const), pick: fc.nat(), data }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('find' as const), path: fc.array(name).map((names) => `/${names.join('/')}`) }) },
  )

  test('every answer is the same', () => {
    fc.assert(
      fc.property(fc.integer(), fc.array(step, { maxLength: 120 }), (seed, steps) => {
        const store = new NodeStore(seed)
        const model = new Map<string, Uint8Array | null>([['', null]])
        for (const next of steps) {
          const paths = [...model.keys()]
          if (next.kind === 'find') {
            expect(store.find(next.path) !== NO_NODE).toBe(model.has(next.path === '/' ? '' : next.path))
            continue
          }
          const path = paths[next.pick % paths.length]
          const id = store.find(path)
          if (next.kind === 'create') {
            const child = `${path}/${next.name}`
            if (child === '/' || model.has(child)) continue
            model.set(child, next.data)
            const created = store.create(id, next.name, next.data)
            expect(store.find(child)).toBe(created)
          } else if (next.kind === 'setData') {
            model.set(path, next.data)
            store.setData(id, next.data)
          } else if (path !== '' && !paths.some((other) => parentOf(other) === path)) {
            model.delete(path)
            store.remove(id)
            expect(store.find(path)).toBe(NO_NODE)
          }
        }
        expectSame(store, model)
      }),
      { numRuns: 120 },
    )
  })
})

function expectSame(store: NodeStore, model: Map<string, Uint8Array | null>): void {
  expect(store.size).toBe(model.size)
  const children = new Map<string, string[]>()
  for (const [path, data] of model) {
    const id = store.find(path)
    expect(store.alive(id)).toBe(true)
    expect(store.path(id)).toBe(path === '' ? '/' : path)
    // Not toEqual, which takes its time over long arrays.
    expect(data === null ? store.data(id) === null : Buffer.compare(store.data(id)!, data) === 0).toBe(true)
    expect(store.dataLength(id)).toBe(data?.length ?? 0)
    if (path === '') continue
    const parent = parentOf(path)
    children.set(parent, [...(children.get(parent) ?? []), path.slice(parent.length + 1)])
    expect(store.parent(id)).toBe(store.find(parent))
    expect(store.name(id)).toBe(path.slice(parent.length + 1))
  }
  for (const path of model.keys()) {
    const id = store.find(path)
    expect(store.children(id)).toEqual(children.get(path) ?? [])
    expect(store.childCount(id)).toBe(children.get(path)?.length ?? 0)
    expect(siblings(store, id)).toEqual((children.get(path) ?? []).map((name) => store.find(`${path}/${name}`)))
  }
}

function parentOf(path: string): string {
  return path === '' ? '-' : path.slice(0, path.lastIndexOf('/'))
}

function siblings(store: NodeStore, parent: number): number[] {
  const ids: number[] = []
  for (let id = store.firstChild(parent); id !== NO_NODE; id = store.nextSibling(id)) ids.push(id)
  return ids
}

function numbers(store: NodeStore, id: number): Record<string, number | bigint> {
  return {
    czxid: store.czxid(id),
    mzxid: store.mzxid(id),
    pzxid: store.pzxid(id),
    ctime: store.ctime(id),
    mtime: store.mtime(id),
    ephemeralOwner: store.ephemeralOwner(id),
    version: store.version(id),
    cversion: store.cversion(id),
    aversion: store.aversion(id),
    aclKey: store.aclKey(id),
    digest: store.digest(id),
    contentCrc: store.contentCrc(id),
  }
}

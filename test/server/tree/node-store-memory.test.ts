import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { NodeStore } from '../../../src/server/tree/node-store.ts'
import { PathIndex } from '../../../src/server/tree/path-index.ts'
import { CLASS_BLOCKS, CLASS_BYTES, LARGEST_BLOCK, sizeClassOf, SPAN_BYTES } from '../../../src/server/tree/size-classes.ts'
import { SlabAllocator } from '../../../src/server/tree/slab-allocator.ts'
import { step } from '../../../src/server/tree/text-scratch.ts'

const MIB = 1 << 20

describe('size classes', () => {
  test('hold what they are asked for and waste at most 7 bytes, then a seventh, near the largest a quarter', () => {
    for (let bytes = 1; bytes <= LARGEST_BLOCK; bytes++) {
      const wasted = CLASS_BYTES[sizeClassOf(bytes)] - bytes
      const allowed = bytes < 16 ? 15 : bytes <= 256 ? 7 : bytes <= 8192 ? bytes / 7 : bytes / 4 + 7
      if (wasted < 0 || wasted > allowed) throw new Error(`${wasted} bytes are wasted on ${bytes}`)
    }
  })

  test('fill a span', () => {
    CLASS_BYTES.forEach((size, sizeClass) => {
      expect(size % 8).toBe(0)
      expect(size * CLASS_BLOCKS[sizeClass]).toBeLessThanOrEqual(SPAN_BYTES)
      expect(size * (CLASS_BLOCKS[sizeClass] + 1)).toBeGreaterThan(SPAN_BYTES)
    })
  })
})

/** An owner of blocks who checks that each keeps its bytes. */
class Owner {
  readonly blocks = new Map<number, { ref: number; bytes: number }>()
  moves = 0
  readonly allocator = new SlabAllocator((owner, ref) => {
    this.moves += 1
    this.blocks.get(owner)!.ref = ref
  })

  #nextOwner = 0

  allocate(bytes: number): void {
    const owner = this.#nextOwner++
    const ref = this.allocator.allocate(bytes, owner)
    this.blocks.set(owner, { ref, bytes })
    this.#mark(owner)
  }

  free(owner: number): void {
    const { ref, bytes } = this.blocks.get(owner)!
    this.blocks.delete(owner)
    this.allocator.free(ref, bytes)
  }

  check(): void {
    const { allocator } = this
    let requested = 0
    for (const [owner, { ref, bytes }] of this.blocks) {
      requested += bytes
      const memory = allocator.bytes(ref)
      const start = allocator.offset(ref)
      if (start + bytes > memory.length) throw new Error('a block leaves its slab')
      if (allocator.words(ref)[start >>> 2] !== owner) throw new Error('a block lost its owner')
      for (let i = 4; i < bytes; i++) if (memory[start + i] !== fill(owner)) throw new Error('a block was overwritten')
    }
    expect(allocator.use().requestedBytes).toBe(requested)
  }

  /** Room over what is asked for, as bounded in the allocator's first lines; `classes` is how many sizes are in use. */
  roomBound(classes: number): number {
    return this.allocator.use().requestedBytes * (5 / 4) * (4 / 3) * (9 / 8) + classes * 3 * SPAN_BYTES * (9 / 8) + 2.5 * 16 * MIB
  }

  #mark(owner: number): void {
    const { ref, bytes } = this.blocks.get(owner)!
    const start = this.allocator.offset(ref)
    this.allocator.bytes(ref).fill(fill(owner), start + 4, start + bytes)
  }
}

function fill(owner: number): number {
  return (owner * 7) & 0xff
}

describe('the slab allocator', () => {
  test('keeps every block apart, through any order of allocating and freeing', () => {
    const size = fc.oneof(
      { weight: 6, arbitrary: fc.integer({ min: 4, max: 300 }) },
      { weight: 2, arbitrary: fc.integer({ min: 4_000, max: LARGEST_BLOCK + 20 }) },
      { weight: 1, arbitrary: fc.constantFrom(LARGEST_BLOCK, LARGEST_BLOCK + 1, MIB, 17 * MIB) },
    )
    const change = fc.oneof(
      fc.record({ kind: fc.constant('allocate' as const), size, times: fc.integer({ min: 1, max: 60 }) }),
      fc.record({ kind: fc.constant('free' as const), every: fc.integer({ min: 1, max: 5 }), from: fc.nat() }),
    )
    fc.assert(
      fc.property(fc.array(change, { maxLength: 30 }), (changes) => {
        const owner = new Owner()
        for (const next of changes) {
          if (next.kind === 'allocate') {
            for (let i = 0; i < (next.size > LARGEST_BLOCK ? 1 : next.times); i++) owner.allocate(next.size)
          } else {
            const owners = [...owner.blocks.keys()]
            for (let i = next.from % 5; i < owners.length; i += next.every) owner.free(owners[i])
          }
        }
        owner.check()
      }),
      { numRuns: 60 },
    )
  })

  test('moves blocks together when most of a class are freed', () => {
    const owner = new Owner()
    for (let i = 0; i < 100_000; i++) owner.allocate(100)
    const full = owner.allocator.use().heldBytes
    for (let i = 0; i < 100_000; i++) if (i % 20 !== 7) owner.free(i)
    owner.check()
    expect(owner.moves).toBeGreaterThan(0)
    // What is left fits in spans for any other class: 90,000 blocks of another size need no new slab.
    for (let i = 0; i < 60_000; i++) owner.allocate(108)
    owner.check()
    expect(owner.allocator.use().heldBytes).toBe(full)
  })

  test('gives slabs back', () => {
    const owner = new Owner()
    for (let i = 0; i < 120_000; i++) owner.allocate(1000)
    const full = owner.allocator.use()
    expect(full.heldBytes).toBeGreaterThan(110 * MIB)
    for (let i = 0; i < 120_000; i++) if (i % 10 !== 7) owner.free(i)
    owner.check()
    expect(owner.allocator.use().heldBytes).toBeLessThan(owner.roomBound(1))
    expect(owner.allocator.use().heldBytes).toBeLessThan(full.heldBytes / 2)
    for (const left of [...owner.blocks.keys()]) owner.free(left)
    expect(owner.allocator.use().heldBytes).toBeLessThanOrEqual(37 * MIB)
    for (let i = 0; i < 60_000; i++) owner.allocate(1000)
    owner.check()
  })

  test('keeps the room bounded while sizes wander', () => {
    const owner = new Owner()
    let random = 1
    for (let i = 0; i < 20_000; i++) owner.allocate(100)
    for (let round = 0; round < 12; round++) {
      const owners = [...owner.blocks.keys()]
      for (const each of owners) {
        random = (Math.imul(random, 1103515245) + 12345) >>> 0
        if (random % 3 === 0) continue
        owner.free(each)
        owner.allocate(round % 2 === 0 ? 1 + ((random >>> 8) % 2000) + 3 : 40 + round * 10)
      }
      expect(owner.allocator.use().heldBytes).toBeLessThan(owner.roomBound(CLASS_BYTES.length))
    }
    owner.check()
  })

  test('keeps a large block in place while it fits', () => {
    const owner = new Owner()
    owner.allocate(MIB)
    const { allocator } = owner
    const { ref } = owner.blocks.get(0)!
    expect(allocator.resize(ref, MIB, MIB - 1)).toBe(true)
    expect(allocator.resize(ref, MIB - 1, MIB / 2)).toBe(true)
    expect(allocator.resize(ref, MIB / 2, MIB / 2 - 1)).toBe(false)
    expect(allocator.resize(ref, MIB / 2, MIB + 1)).toBe(false)
    expect(allocator.resize(ref, MIB / 2, 100)).toBe(false)
    expect(allocator.use().requestedBytes).toBe(MIB / 2)
    allocator.free(ref, MIB / 2)
    expect(allocator.use()).toMatchObject({ requestedBytes: 0, largeBlocks: 0 })
  })
})

describe('the path index', () => {
  test('finds each entry among many of the same hash, whichever are removed', () => {
    const entry = fc.record({ hash: fc.constantFrom(0, 1, -1, 64, 0x12345678), id: fc.integer({ min: 1, max: 60 }), remove: fc.boolean() })
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 200 }), (entries) => {
        const index = new PathIndex()
        const model = new Map<string, [hash: number, id: number, cell: number]>()
        let cell = 0
        for (const { hash, id, remove } of entries) {
          const key = `${hash} ${id}`
          if (remove && model.delete(key)) {
            index.remove(hash, id)
          } else if (model.has(key)) {
            index.setCell(hash, id, --cell)
            model.set(key, [hash, id, cell])
          } else {
            index.insert(hash, id, ++cell)
            model.set(key, [hash, id, cell])
          }
        }
        for (const hash of new Set(entries.map((each) => each.hash))) {
          const found: number[][] = []
          for (let id = index.seek(hash); id !== -1; id = index.seekOn()) found.push([hash, id, index.cell])
          const expected = [...model.values()].filter((each) => each[0] === hash)
          expect(found.toSorted((a, b) => a[1] - b[1])).toEqual(expected.toSorted((a, b) => a[1] - b[1]))
        }
      }),
    )
  })

  test('grows with its entries', () => {
    const index = new PathIndex()
    const hashOf = (id: number): number => Math.imul(id % 9_000, 0x9e3779b1)
    for (let id = 1; id <= 30_000; id++) index.insert(hashOf(id), id, id * 3)
    for (let id = 1; id <= 30_000; id += 2) index.remove(hashOf(id), id)
    const seen = new Set<number>()
    for (let hash = 0; hash < 9_000; hash++) {
      for (let id = index.seek(hashOf(hash)); id !== -1; id = index.seekOn()) {
        expect(index.cell).toBe(id * 3)
        seen.add(id)
      }
    }
    expect(seen.size).toBe(15_000)
  })

  test('tells nodes apart whose paths have the same hash', () => {
    const store = new NodeStore(99)
    const byHash = new Map<number, string>()
    const pairs: [string, string][] = []
    for (let i = 0; i < 400_000 && pairs.length < 3; i++) {
      const name = `${i} ${Math.imul(i, 0x9e3779b1)}`
      let hash = step(99, 47)
      for (const unit of name) hash = step(hash, unit.charCodeAt(0))
      const other = byHash.get(hash)
      if (other !== undefined) pairs.push([other, name])
      byHash.set(hash, name)
    }
    expect(pairs.length).toBeGreaterThan(0)
    for (const [one, other] of pairs) {
      const first = store.create(store.root, one, null)
      expect(store.find(`/${other}`)).toBe(-1)
      const second = store.create(store.root, other, null)
      expect(store.find(`/${one}`)).toBe(first)
      expect(store.find(`/${other}`)).toBe(second)
      store.remove(first)
      expect(store.find(`/${one}`)).toBe(-1)
      expect(store.find(`/${other}`)).toBe(second)
    }
  })
})

test('a store whose blocks move keeps every node', () => {
  const store = new NodeStore()
  const data = (i: number, length: number): Uint8Array => new Uint8Array(length).fill(i & 0xff)
  const ids = Array.from({ length: 30_000 }, (_, i) => store.create(store.root, `n${i}`, data(i, 200)))
  const left = ids.flatMap((id, i) => (i % 7 === 3 ? [{ id, i }] : []))
  ids.forEach((id, i) => {
    if (i % 7 !== 3) store.remove(id)
  })
  for (const { id, i } of left) if (i % 2 === 0) store.setData(id, data(i, 900))
  for (const { id, i } of left) {
    expect(store.find(`/n${i}`)).toBe(id)
    expect(Buffer.compare(store.data(id)!, data(i, i % 2 === 0 ? 900 : 200))).toBe(0)
  }
  expect(store.children(store.root)).toEqual(left.map(({ i }) => `n${i}`))
})

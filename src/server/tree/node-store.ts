/**
 * The memory of the tree: what Java keeps in DataNode objects and in DataTree's NodeHashMap, kept outside the JavaScript heap, for a
 * million objects would cost twice the room and keep the collector busy. A node is a small integer, its id: a row of numbers
 * (node-rows) and a cell with its name and data (node-cells). Nothing large is copied or rehashed as a whole, so that no write
 * stalls. bench/node-store.mjs has the figures. Knows no rules of ZooKeeper.
 *
 * Ids of removed nodes are used again, last removed first; who keeps an id over a turn of the event loop keeps its `generation` too.
 */

import { assert } from '../../base/assert.ts'
import type { JuteWriter } from '../../jute/writer.ts'
import { NodeCells } from './node-cells.ts'
import {
  ACL_KEY,
  AVERSION,
  CELL,
  CHILD_COUNT,
  CONTENT_CRC,
  CTIME,
  CVERSION,
  CZXID,
  DATA_LENGTH,
  DIGEST,
  FIRST_CHILD,
  HASH,
  MTIME,
  MZXID,
  NEXT_SIBLING,
  NodeRows,
  PARENT,
  PREVIOUS_SIBLING,
  PZXID,
  SparseInts,
  SparseLongs,
  VERSION,
} from './node-rows.ts'
import { PathIndex } from './path-index.ts'
import { step, TextScratch } from './text-scratch.ts'

/** The answer where there is no node. */
export const NO_NODE = -1

const ROOT = 0
const SLASH = 47
/** The parent in the row of a removed node. */
const REMOVED = -2
/** The DATA_LENGTH of null data. */
const NULL_DATA = -1
/** Before the bytes of a ustring. */
const LENGTH_BYTES = 4

/** Data from here on may be kept where they are instead of being copied: they lie in a block of their own. */
export const LENT_BYTES = 64 * 1024

/** What the store holds, in bytes. Pages that were never written count, though the system may not have given them yet. */
export interface NodeStoreUse {
  nodes: number
  rowBytes: number
  indexBytes: number
  /** Names and data, with 5 to 12 bytes of header a node. */
  contentBytes: number
  /** Slabs and large blocks that hold them. */
  contentRoomBytes: number
}

export class NodeStore {
  readonly root = ROOT
  readonly #seed: number
  readonly #text = new TextScratch()
  /** The numbers of nodes, a row for each id; good until `clear`, and only to be read by others. */
  rows!: NodeRows
  #owners!: SparseLongs
  #generations!: SparseInts
  #index!: PathIndex
  #cells!: NodeCells
  #nodes = 0
  /** Ids from here on were never used. */
  #nextId = 0
  /** The id used next, or ROOT for none; removed nodes are chained through NEXT_SIBLING. */
  #freeId = ROOT
  /** Grows with each removal. */
  #lastGeneration = 0
  /** The generation of ids that were never removed since the last `clear`. */
  #firstGeneration = 0

  /** `seed` starts the hash of every path: a secret one keeps clients from choosing paths that collide. */
  constructor(seed = 0x811c9dc5) {
    this.#seed = seed | 0
    this.#start()
  }

  /** Nodes, the root included. */
  get size(): number {
    return this.#nodes
  }

  /**
   * The node at the path, or NO_NODE. '' and '/' are the root; every other path that `path` returns finds its node, and no other
   * text finds any: so '//a' is never found, for the text before its last slash is the root's, whose child 'a' is '/a'.
   */
  find(path: string): number {
    const text = this.#text
    const hash = text.hash(this.#seed, path)
    if (text.length <= 1 && (text.length === 0 || text.units[0] === SLASH)) return ROOT
    const index = this.#index
    for (let id = index.seek(hash); id !== NO_NODE; id = index.seekOn()) {
      if (this.#hasPath(id, index.cell)) return id
    }
    return NO_NODE
  }

  /** A hash of the path, a secret one if the seed is. */
  hash(path: string): number {
    return this.#text.hash(this.#seed, path)
  }

  /** Adds a node, last among its parent's children, all its numbers zero. The data is copied. */
  create(parent: number, name: string, data: Uint8Array | null): number {
    const id = this.createUnlessThere(parent, name, data)
    assert(id !== NO_NODE, 'a node is created once')
    return id
  }

  /** As `create`; NO_NODE when the parent has a child of that name. */
  createUnlessThere(parent: number, name: string, data: Uint8Array | null): number {
    assert(this.alive(parent), 'a node is created under a living one')
    assert(parent !== ROOT || name !== '', 'the root is the only node at /')
    const text = this.#text
    const hash = text.hash(step(this.rows.int(parent, HASH), SLASH), name)
    assert(!name.includes('/'), 'a name has no slash')
    if (this.#hasChild(parent, hash)) return NO_NODE
    const id = this.#takeId()
    const cell = this.#cells.create(id, text, data)
    const rows = this.rows
    rows.setInt(id, HASH, hash)
    rows.setInt(id, CELL, cell)
    rows.setInt(id, DATA_LENGTH, data === null ? NULL_DATA : data.length)
    this.#linkChild(parent, id)
    this.#index.insert(hash, id, cell)
    this.#nodes += 1
    return id
  }

  /** Removes a node without children, not the root. */
  remove(id: number): void {
    assert(id !== ROOT && this.alive(id), 'a living node besides the root is removed')
    const rows = this.rows
    assert(rows.int(id, CHILD_COUNT) === 0, 'a node is removed after its children')
    this.#index.remove(rows.int(id, HASH), id)
    this.#unlinkChild(rows.int(id, PARENT), id)
    rows.setInt(id, PARENT, REMOVED)
    this.#cells.free(rows.int(id, CELL), this.dataLength(id))
    rows.setInt(id, NEXT_SIBLING, this.#freeId)
    this.#freeId = id
    this.#lastGeneration = (this.#lastGeneration + 1) >>> 0
    this.#generations.set(id, this.#lastGeneration)
    this.#nodes -= 1
  }

  /** Whether the id names a node now. */
  alive(id: number): boolean {
    return id >= 0 && id < this.#nextId && this.rows.int(id, PARENT) !== REMOVED
  }

  /** Differs between two nodes that had the same id, also over a `clear`. */
  generation(id: number): number {
    return this.#generations.get(id) || this.#firstGeneration
  }

  /** NO_NODE for the root. */
  parent(id: number): number {
    return this.rows.int(id, PARENT)
  }

  /** The last part of the path; '' for the root. */
  name(id: number): string {
    const text = this.#text
    const cell = this.rows.int(id, CELL)
    text.reach(this.#cells.lengthOfName(cell))
    text.mask = this.#cells.readName(cell, text, 0)
    return text.text()
  }

  /** UTF-16 units of the name. */
  nameLength(id: number): number {
    return this.#cells.lengthOfName(this.rows.int(id, CELL))
  }

  /** Writes the name as a ustring, without making a string of it, and returns how many UTF-16 units it has. */
  writeName(id: number, w: JuteWriter): number {
    const cells = this.#cells
    const cell = this.rows.int(id, CELL)
    const units = cells.lengthOfName(cell)
    const at = w.reserve(LENGTH_BYTES + 2 * units)
    const length = cells.encodeName(cell, w.bytes, at + LENGTH_BYTES)
    w.position = length < 0 ? at : at + LENGTH_BYTES + length
    if (length < 0) w.ustring(this.name(id))
    else w.patchInt(at, length)
    return units
  }

  /** '/' for the root. */
  path(id: number): string {
    if (id === ROOT) return '/'
    const { rows } = this
    const text = this.#text
    const cells = this.#cells
    let length = 0
    for (let at = id; at !== ROOT; at = rows.int(at, PARENT)) length += 1 + cells.lengthOfName(rows.int(at, CELL))
    text.reach(length)
    text.mask = 0
    for (let at = id; at !== ROOT; at = rows.int(at, PARENT)) {
      const cell = rows.int(at, CELL)
      length -= cells.lengthOfName(cell)
      text.mask |= cells.readName(cell, text, length)
      length -= 1
      text.units[length] = SLASH
    }
    return text.text()
  }

  childCount(id: number): number {
    return this.rows.int(id, CHILD_COUNT)
  }

  /** The child that was created first, or NO_NODE. */
  firstChild(id: number): number {
    return this.rows.int(id, FIRST_CHILD) || NO_NODE
  }

  /** The child of the same parent that was created next, or NO_NODE. */
  nextSibling(id: number): number {
    return this.rows.int(id, NEXT_SIBLING) || NO_NODE
  }

  /** The children's names, in the order of their creation. */
  children(id: number): string[] {
    const names: string[] = []
    for (let child = this.rows.int(id, FIRST_CHILD); child !== 0; child = this.rows.int(child, NEXT_SIBLING)) {
      names.push(this.name(child))
    }
    return names
  }

  /** A view, valid until the next write to the store. */
  data(id: number): Uint8Array | null {
    const length = this.rows.int(id, DATA_LENGTH)
    if (length === NULL_DATA) return null
    return this.#cells.data(this.rows.int(id, CELL), length)
  }

  /** As `data`, but a view of LENT_BYTES or more stays as it is, whatever is written to the store: the next data take other room. */
  lend(id: number): Uint8Array | null {
    const data = this.data(id)
    if (data !== null && data.length >= LENT_BYTES) this.#cells.lend(this.rows.int(id, CELL))
    return data
  }

  /** Zero for null data. */
  dataLength(id: number): number {
    const length = this.rows.int(id, DATA_LENGTH)
    return length === NULL_DATA ? 0 : length
  }

  /** Copies the data; it may be a view that `data` returned. */
  setData(id: number, data: Uint8Array | null): void {
    assert(this.alive(id), 'data is set on a living node')
    const { rows } = this
    const cells = this.#cells
    const old = rows.int(id, CELL)
    const oldLength = this.dataLength(id)
    const cell = cells.replaceData(old, id, oldLength, data)
    rows.setInt(id, DATA_LENGTH, data === null ? NULL_DATA : data.length)
    if (cell === old) return
    this.#setCell(id, cell)
    cells.free(old, oldLength)
  }

  czxid(id: number): bigint {
    return this.rows.long(id, CZXID)
  }

  setCzxid(id: number, czxid: bigint): void {
    this.rows.setLong(id, CZXID, czxid)
  }

  mzxid(id: number): bigint {
    return this.rows.long(id, MZXID)
  }

  setMzxid(id: number, mzxid: bigint): void {
    this.rows.setLong(id, MZXID, mzxid)
  }

  pzxid(id: number): bigint {
    return this.rows.long(id, PZXID)
  }

  setPzxid(id: number, pzxid: bigint): void {
    this.rows.setLong(id, PZXID, pzxid)
  }

  ctime(id: number): bigint {
    return this.rows.long(id, CTIME)
  }

  setCtime(id: number, ctime: bigint): void {
    this.rows.setLong(id, CTIME, ctime)
  }

  mtime(id: number): bigint {
    return this.rows.long(id, MTIME)
  }

  setMtime(id: number, mtime: bigint): void {
    this.rows.setLong(id, MTIME, mtime)
  }

  ephemeralOwner(id: number): bigint {
    return this.#owners.get(id)
  }

  setEphemeralOwner(id: number, owner: bigint): void {
    this.#owners.set(id, owner)
  }

  version(id: number): number {
    return this.rows.int(id, VERSION)
  }

  setVersion(id: number, version: number): void {
    this.rows.setInt(id, VERSION, version)
  }

  cversion(id: number): number {
    return this.rows.int(id, CVERSION)
  }

  setCversion(id: number, cversion: number): void {
    this.rows.setInt(id, CVERSION, cversion)
  }

  aversion(id: number): number {
    return this.rows.int(id, AVERSION)
  }

  setAversion(id: number, aversion: number): void {
    this.rows.setInt(id, AVERSION, aversion)
  }

  /** int32: the number of an ACL list in the cache, -1 for the open one. */
  aclKey(id: number): number {
    return this.rows.int(id, ACL_KEY)
  }

  setAclKey(id: number, aclKey: number): void {
    this.rows.setInt(id, ACL_KEY, aclKey)
  }

  /** uint32: the node's part of the tree's digest. */
  digest(id: number): number {
    return this.rows.int(id, DIGEST) >>> 0
  }

  setDigest(id: number, digest: number): void {
    this.rows.setInt(id, DIGEST, digest)
  }

  /** uint32: what the path and the data put into the digest, kept so that a change of the numbers need not read them again. */
  contentCrc(id: number): number {
    return this.rows.int(id, CONTENT_CRC) >>> 0
  }

  setContentCrc(id: number, contentCrc: number): void {
    this.rows.setInt(id, CONTENT_CRC, contentCrc)
  }

  use(): NodeStoreUse {
    const content = this.#cells.use()
    return {
      nodes: this.#nodes,
      rowBytes: this.rows.sizeBytes,
      indexBytes: this.#index.sizeBytes,
      contentBytes: content.requestedBytes,
      contentRoomBytes: content.heldBytes,
    }
  }

  /** Back to a root without data, all its numbers zero. */
  clear(): void {
    this.#start()
  }

  #start(): void {
    this.rows = new NodeRows()
    this.#owners = new SparseLongs()
    this.#generations = new SparseInts()
    this.#index = new PathIndex()
    this.#cells = new NodeCells((id, cell) => this.#setCell(id, cell))
    this.#nodes = 1
    this.#nextId = 0
    this.#freeId = ROOT
    this.#lastGeneration = (this.#lastGeneration + 1) >>> 0
    this.#firstGeneration = this.#lastGeneration
    const root = this.#takeId()
    assert(root === ROOT, 'the root is the first node')
    this.#text.hash(0, '')
    this.rows.setInt(root, CELL, this.#cells.create(root, this.#text, null))
    this.rows.setInt(root, HASH, this.#seed)
    this.rows.setInt(root, PARENT, NO_NODE)
    this.rows.setInt(root, DATA_LENGTH, NULL_DATA)
  }

  #takeId(): number {
    const id = this.#freeId
    if (id !== ROOT) {
      this.#freeId = this.rows.int(id, NEXT_SIBLING)
      this.rows.zero(id)
      this.#owners.set(id, 0n)
      return id
    }
    this.rows.reach(this.#nextId)
    return this.#nextId++
  }

  /** The previous sibling of a first child is the last child, so that one more child is linked at once. */
  #linkChild(parent: number, id: number): void {
    const rows = this.rows
    const first = rows.int(parent, FIRST_CHILD)
    rows.setInt(id, PARENT, parent)
    rows.setInt(parent, CHILD_COUNT, rows.int(parent, CHILD_COUNT) + 1)
    if (first === 0) {
      rows.setInt(parent, FIRST_CHILD, id)
      rows.setInt(id, PREVIOUS_SIBLING, id)
      return
    }
    const last = rows.int(first, PREVIOUS_SIBLING)
    rows.setInt(last, NEXT_SIBLING, id)
    rows.setInt(id, PREVIOUS_SIBLING, last)
    rows.setInt(first, PREVIOUS_SIBLING, id)
  }

  #unlinkChild(parent: number, id: number): void {
    const rows = this.rows
    const first = rows.int(parent, FIRST_CHILD)
    const next = rows.int(id, NEXT_SIBLING)
    const previous = rows.int(id, PREVIOUS_SIBLING)
    rows.setInt(parent, CHILD_COUNT, rows.int(parent, CHILD_COUNT) - 1)
    if (id === first) rows.setInt(parent, FIRST_CHILD, next)
    else rows.setInt(previous, NEXT_SIBLING, next)
    if (next !== 0) rows.setInt(next, PREVIOUS_SIBLING, previous)
    else if (id !== first) rows.setInt(first, PREVIOUS_SIBLING, previous)
  }

  #setCell(id: number, cell: number): void {
    this.rows.setInt(id, CELL, cell)
    if (id !== ROOT) this.#index.setCell(this.rows.int(id, HASH), id, cell)
  }

  /** Whether the text taken in is the path of the node, which is not the root: name by name from the end. */
  #hasPath(id: number, cell: number): boolean {
    const { rows } = this
    const text = this.#text
    let end = text.length
    for (;;) {
      // Read first, so that the row and the cell are on their way from memory together.
      const parent = rows.int(id, PARENT)
      end = this.#cells.startOfName(cell, text, end) - 1
      if (end < 0 || text.units[end] !== SLASH) return false
      if (parent === ROOT) return end === 0
      id = parent
      cell = rows.int(id, CELL)
    }
  }

  /** Whether the parent has a child of the hash and of the name that was taken in. */
  #hasChild(parent: number, hash: number): boolean {
    const index = this.#index
    const text = this.#text
    for (let id = index.seek(hash); id !== NO_NODE; id = index.seekOn()) {
      if (this.rows.int(id, PARENT) === parent && this.#cells.startOfName(index.cell, text, text.length) === 0) return true
    }
    return false
  }
}

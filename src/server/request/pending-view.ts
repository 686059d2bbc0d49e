/**
 * The tree as it will be when everything that is logged and not yet applied has been applied: what a new request
 * is judged against (ZooKeeperServer.outstandingChanges). It also runs ahead with the tree's digest.
 */
import type { ACL } from '../../jute/generated/data.ts'
import { DigestSum } from '../tree/digest.ts'
import type { DataTree } from '../tree/data-tree.ts'
import { NodeRows } from '../tree/node-rows.ts'
import { NodeState } from '../tree/node-state.ts'
import { ChangeIndex } from './change-index.ts'
import type { Placed } from './change-index.ts'

interface Change extends Placed {
  readonly zxid: bigint
  /** Undefined: deleted. */
  readonly node: NodeState | undefined
  /** The node's ephemeralOwner, before it was deleted if it was. */
  readonly owner: bigint
  /** The pending change of the same node that this one stands before; only kept while it can be taken back. */
  before: Change | undefined
}

/** Changes of one owner's nodes; those before `head` are applied. */
interface Owned {
  readonly changes: Change[]
  head: number
}

/** Applied changes at the head of the list that are dropped together. */
const DROPPED_TOGETHER = 64
/** Rows that one request made more than these do not stay. */
const KEPT_ROWS = 8192

export class PendingView {
  readonly #tree: DataTree
  readonly #byPath = new ChangeIndex<Change>()
  /** In the order of their zxids; those before #head are applied. */
  #changes: Change[] = []
  #head = 0
  /** Those of #changes that concern somebody's ephemerals, by owner, in the same order. */
  readonly #byOwner = new Map<bigint, Owned>()
  /** The numbers of changed nodes; a row is used again when its change is applied or taken back. */
  #rows = new NodeRows()
  #rowCount = 0
  #freeRows: number[] = []
  /** The tree's digest after all of #changes. */
  readonly #digest = new DigestSum()
  /** What `rollback` goes back to. */
  readonly #undoDigest = new DigestSum()
  #undoLength = 0

  constructor(tree: DataTree) {
    this.#tree = tree
  }

  /** The tree's digest after all pending changes. */
  get digest(): bigint {
    return this.#sum.value
  }

  get size(): number {
    return this.#changes.length - this.#head
  }

  /** The node's state, not to be changed and not to be kept; undefined when there is none. */
  get(path: string): NodeState | undefined {
    const key = path === '' ? '/' : path
    const change = this.#byPath.get(key, this.#tree.store.hash(key))
    return change === undefined ? this.#tree.state(key) : change.node
  }

  /** A copy of the node that is free to change until `put` takes it. */
  copy(node: NodeState): NodeState {
    const row = this.#takeRow()
    this.#rows.copy(row, node.rows, node.row)
    return new NodeState(node.path, this.#rows, row, node.ephemeralOwner, node.acl)
  }

  /** A node that is not there yet, all its numbers zero; `put` takes it. */
  create(path: string, ephemeralOwner: bigint, acl: ACL[]): NodeState {
    const row = this.#takeRow()
    this.#rows.zero(row)
    return new NodeState(path, this.#rows, row, ephemeralOwner, acl)
  }

  /** The node, which `copy` or `create` gave, is as given from this zxid on. */
  put(zxid: bigint, node: NodeState): void {
    const { path, rows, row, ephemeralOwner: owner } = node
    // The copy still has the digest of what it replaces.
    const before = node.digest
    node.digest = this.#tree.nodeDigest(path, rows, row, owner)
    this.#add(zxid, path, node, owner, node.digest - before)
  }

  remove(zxid: bigint, { path, ephemeralOwner: owner, digest }: NodeState): void {
    this.#add(zxid, path, undefined, owner, -digest)
  }

  /** Everything up to this zxid has been applied to the tree. */
  release(zxid: bigint): void {
    const changes = this.#changes
    while (this.#head < changes.length && changes[this.#head].zxid <= zxid) {
      const change = changes[this.#head++]
      if (this.#byPath.get(change.path, change.hash) === change) this.#byPath.delete(change)
      this.#forget(change, true)
    }
    if (this.#head === changes.length) {
      this.#changes.length = 0
      this.#head = 0
      if (this.#rowCount > KEPT_ROWS) this.#startRows()
    } else if (this.#head >= DROPPED_TOGETHER && this.#head * 2 >= changes.length) {
      this.#changes = changes.slice(this.#head)
      this.#head = 0
    }
  }

  clear(): void {
    this.#byPath.clear()
    this.#byOwner.clear()
    this.#changes = []
    this.#head = 0
    this.#startRows()
  }

  /** What follows, up to `keep`, can be taken back as one. */
  begin(): void {
    this.#undoDigest.set(this.#sum)
    this.#undoLength = this.#changes.length
  }

  keep(): void {
    for (let i = this.#undoLength; i < this.#changes.length; i++) this.#changes[i].before = undefined
  }

  /** Takes back everything since `begin`, and is as right after it. */
  rollback(): void {
    for (let i = this.#changes.length - 1; i >= this.#undoLength; i--) {
      const change = this.#changes[i]
      if (change.before === undefined) this.#byPath.delete(change)
      else this.#byPath.set(change.before)
      this.#forget(change, false)
    }
    this.#changes.length = this.#undoLength
    this.#digest.set(this.#undoDigest)
  }

  /** The session's ephemerals as they will be. */
  ephemeralsOf(session: bigint): string[] {
    const owned = this.#byOwner.get(session)
    if (owned === undefined) return [...this.#tree.owners.ephemeralsOf(session)]
    const paths = new Set(this.#tree.owners.ephemeralsOf(session))
    for (let i = owned.head; i < owned.changes.length; i++) {
      const { path, node } = owned.changes[i]
      if (node === undefined) paths.delete(path)
      else paths.add(path)
    }
    return [...paths]
  }

  get #sum(): DigestSum {
    return this.#head === this.#changes.length ? this.#tree.digestSum : this.#digest
  }

  #add(zxid: bigint, path: string, node: NodeState | undefined, owner: bigint, digestChange: number): void {
    if (this.#head === this.#changes.length) this.#digest.set(this.#tree.digestSum)
    this.#digest.add(digestChange)
    const hash = this.#tree.store.hash(path)
    const change = { path, hash, zxid, node, owner, before: this.#byPath.get(path, hash) }
    this.#changes.push(change)
    this.#byPath.set(change)
    if (owner === 0n) return
    const owned = this.#byOwner.get(owner)
    if (owned === undefined) this.#byOwner.set(owner, { changes: [change], head: 0 })
    else owned.changes.push(change)
  }

  /** The oldest change is applied, or the newest one is taken back. */
  #forget(change: Change, isApplied: boolean): void {
    if (change.node !== undefined) this.#freeRows.push(change.node.row)
    if (change.owner === 0n) return
    const owned = this.#byOwner.get(change.owner)!
    if (isApplied) owned.head++
    else owned.changes.pop()
    if (owned.head === owned.changes.length) this.#byOwner.delete(change.owner)
  }

  #takeRow(): number {
    const free = this.#freeRows.pop()
    if (free !== undefined) return free
    this.#rows.reach(this.#rowCount)
    return this.#rowCount++
  }

  #startRows(): void {
    this.#rows = new NodeRows()
    this.#rowCount = 0
    this.#freeRows = []
  }
}

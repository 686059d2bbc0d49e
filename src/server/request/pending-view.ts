/**
 * The tree as it will be when everything that is logged and not yet applied has been applied: what a new request
 * is judged against (ZooKeeperServer.outstandingChanges). It also runs ahead with the tree's digest.
 */
import { isDigested, nodeDigest } from '../tree/digest.ts'
import type { DataTree, NodeState } from '../tree/data-tree.ts'

interface Change {
  readonly zxid: bigint
  readonly path: string
  /** Undefined: deleted. */
  readonly node: NodeState | undefined
  /** The node's ephemeralOwner, before it was deleted if it was. */
  readonly owner: bigint
}

interface Undo {
  readonly path: string
  readonly before: Change | undefined
}

export class PendingView {
  readonly #tree: DataTree
  readonly #byPath = new Map<string, Change>()
  /** In the order of their zxids; those before #head are applied. */
  #changes: Change[] = []
  #head = 0
  /** Those of #changes that concern somebody's ephemerals, by owner, in the same order. */
  readonly #byOwner = new Map<bigint, Change[]>()
  #digest = 0n
  readonly #undo: Undo[] = []
  #canUndo = false
  #undoDigest = 0n
  #undoLength = 0

  constructor(tree: DataTree) {
    this.#tree = tree
  }

  /** The tree's digest after all pending changes. */
  get digest(): bigint {
    return this.#head === this.#changes.length ? this.#tree.digest : this.#digest
  }

  get size(): number {
    return this.#changes.length - this.#head
  }

  /** The node's state, not to be changed; undefined when there is none. */
  get(path: string): NodeState | undefined {
    const key = path === '' ? '/' : path
    const change = this.#byPath.get(key)
    return change === undefined ? this.#tree.state(key) : change.node
  }

  /** A copy of the node that is free to change until `put` takes it. */
  copy(node: NodeState): NodeState {
    return { ...node }
  }

  /** The node is as given from this zxid on. */
  put(zxid: bigint, node: NodeState): void {
    const before = this.get(node.path)
    node.digest = isDigested(node.path) ? nodeDigest(node.contentCrc, node) : 0
    this.#add({ zxid, path: node.path, node, owner: node.ephemeralOwner }, BigInt(node.digest - (before?.digest ?? 0)))
  }

  remove(zxid: bigint, path: string): void {
    const before = this.get(path)
    this.#add({ zxid, path, node: undefined, owner: before?.ephemeralOwner ?? 0n }, BigInt(-(before?.digest ?? 0)))
  }

  /** Everything up to this zxid has been applied to the tree. */
  release(zxid: bigint): void {
    const changes = this.#changes
    while (this.#head < changes.length && changes[this.#head]!.zxid <= zxid) {
      const change = changes[this.#head++]!
      if (this.#byPath.get(change.path) === change) this.#byPath.delete(change.path)
      if (change.owner !== 0n) this.#forgetOwned(change)
    }
    if (this.#head === changes.length) {
      this.#changes = []
      this.#head = 0
    } else if (this.#head > 4096) {
      this.#changes = changes.slice(this.#head)
      this.#head = 0
    }
  }

  clear(): void {
    this.#byPath.clear()
    this.#byOwner.clear()
    this.#changes = []
    this.#head = 0
  }

  /** What follows, up to `keep`, can be taken back as one. */
  begin(): void {
    this.#undo.length = 0
    this.#canUndo = true
    this.#undoDigest = this.digest
    this.#undoLength = this.#changes.length
  }

  keep(): void {
    this.#canUndo = false
  }

  /** Takes back everything since `begin`, and is as right after it. */
  rollback(): void {
    for (let i = this.#undo.length - 1; i >= 0; i--) {
      const { path, before } = this.#undo[i]!
      if (before === undefined) this.#byPath.delete(path)
      else this.#byPath.set(path, before)
    }
    this.#undo.length = 0
    for (let i = this.#undoLength; i < this.#changes.length; i++) this.#forgetOwned(this.#changes[i]!)
    this.#changes.length = this.#undoLength
    this.#digest = this.#undoDigest
  }

  /** The session's ephemerals as they will be. */
  ephemeralsOf(session: bigint): string[] {
    const paths = new Set(this.#tree.owners.ephemeralsOf(session))
    for (const { path, node } of this.#byOwner.get(session) ?? []) {
      if (node === undefined) paths.delete(path)
      else paths.add(path)
    }
    return [...paths]
  }

  #add(change: Change, digestChange: bigint): void {
    this.#digest = this.digest + digestChange
    if (this.#canUndo) this.#undo.push({ path: change.path, before: this.#byPath.get(change.path) })
    this.#changes.push(change)
    this.#byPath.set(change.path, change)
    if (change.owner === 0n) return
    const owned = this.#byOwner.get(change.owner)
    if (owned === undefined) this.#byOwner.set(change.owner, [change])
    else owned.push(change)
  }

  #forgetOwned(change: Change): void {
    const owned = this.#byOwner.get(change.owner)
    if (owned === undefined) return
    // The oldest goes when it is applied, the newest ones when they are taken back.
    if (owned[0] === change) owned.shift()
    else owned.splice(owned.indexOf(change), 1)
    if (owned.length === 0) this.#byOwner.delete(change.owner)
  }
}

/**
 * Every node once, parents first, over many turns while the tree changes: the order in which snapshots are written.
 * What is created meanwhile is not seen: a path that was deleted behind the walk and made anew before it would come
 * twice, and replay brings it anyway. What is deleted in time is not seen either.
 */
import { IdSet } from './id-set.ts'
import { NO_NODE } from './node-store.ts'
import type { DataTree } from './data-tree.ts'
import type { StatPersisted } from '../../jute/generated/data.ts'

/** A node as it was when it went. */
export interface KeptNode {
  readonly path: string
  readonly data: Uint8Array | null
  readonly aclKey: number
  readonly stat: StatPersisted
}

export class TreeWalk {
  readonly #tree: DataTree
  /** Made since the walk began, and still there. */
  readonly #fresh = new IdSet()
  readonly #visited = new IdSet()
  #kept: KeptNode[] = []
  /** By depth, the next node to visit there. */
  readonly #next: number[]

  /** Must be walked to its end or closed. */
  constructor(tree: DataTree) {
    this.#tree = tree
    this.#next = [tree.store.root]
    tree.walks.add(this)
  }

  /** The next node, or NO_NODE at the end. */
  next(): number {
    const { store } = this.#tree
    const stack = this.#next
    while (stack.length > 0) {
      const id = stack[stack.length - 1]
      if (id === NO_NODE) {
        stack.pop()
        continue
      }
      stack[stack.length - 1] = store.nextSibling(id)
      if (this.#fresh.has(id)) continue
      stack.push(store.firstChild(id))
      this.#visited.add(id)
      return id
    }
    this.close()
    return NO_NODE
  }

  close(): void {
    this.#tree.walks.delete(this)
  }

  afterCreate(id: number): void {
    this.#fresh.add(id)
  }

  /**
   * The node goes with its session, and no txn names it. Its parent has been visited and does not know of that: the node has to be visited all the
   * same, or nothing would tell who replays the txn.
   */
  beforeUnnamedRemove(id: number, path: string): void {
    const { store } = this.#tree
    if (this.#fresh.has(id) || this.#visited.has(id) || !this.#visited.has(store.parent(id))) return
    const data = store.data(id)
    this.#kept.push({ path, data: data === null ? null : data.slice(), aclKey: store.aclKey(id), stat: this.#tree.persistedStat(id) })
  }

  /** Those that went so since the last call: to be taken before each `next`. */
  takeKept(): readonly KeptNode[] {
    const kept = this.#kept
    if (kept.length > 0) this.#kept = []
    return kept
  }

  /** The place in the line that the node held goes to the one behind it. */
  beforeRemove(id: number): void {
    this.#fresh.delete(id)
    this.#visited.delete(id)
    const stack = this.#next
    for (let depth = 0; depth < stack.length; depth++) {
      if (stack[depth] === id) stack[depth] = this.#tree.store.nextSibling(id)
    }
  }
}

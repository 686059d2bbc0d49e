/**
 * The nodes of a chain as they are at one moment, visited in slices while the tree changes: a node that is about to leave the chain is visited
 * before it does, one that comes is not visited. So an answer that takes many turns is the answer of the turn in which it was asked for.
 */
import type { DataTree } from './data-tree.ts'
import { IdSet } from './id-set.ts'
import { NO_NODE } from './node-store.ts'

/** Nodes in line: new ones are put at the end, a node leaves only when it is removed. */
export interface Chain {
  readonly first: number
  next(id: number): number
  /** Whether the living node stands in it. */
  holds(id: number): boolean
}

export class ChainWalk {
  readonly #tree: DataTree
  readonly #chain: Chain
  readonly #visit: (id: number) => void
  /** Visited, or not there when the walk began. */
  readonly #done = new IdSet()
  #next: number

  /** Must be walked to its end or closed. */
  constructor(tree: DataTree, chain: Chain, visit: (id: number) => void) {
    this.#tree = tree
    this.#chain = chain
    this.#visit = visit
    this.#next = chain.first
    tree.walks.add(this)
  }

  /** Goes on for up to `steps` nodes; false at the end. */
  advance(steps: number): boolean {
    for (; steps > 0 && this.#next !== NO_NODE; steps--) {
      const id = this.#next
      this.#next = this.#chain.next(id)
      if (!this.#done.has(id)) this.#visitOnce(id)
    }
    if (this.#next !== NO_NODE) return true
    this.close()
    return false
  }

  close(): void {
    this.#tree.walks.delete(this)
  }

  afterCreate(id: number): void {
    if (this.#chain.holds(id)) this.#done.add(id)
  }

  beforeRemove(id: number): void {
    if (!this.#chain.holds(id)) return
    if (id === this.#next) this.#next = this.#chain.next(id)
    if (!this.#done.has(id)) this.#visitOnce(id)
  }

  #visitOnce(id: number): void {
    this.#done.add(id)
    this.#visit(id)
  }
}

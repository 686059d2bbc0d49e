/**
 * Every node once, parents first, over many turns while the tree changes: the order in which snapshots are written.
 * What is created meanwhile is not seen: a path that was deleted behind the walk and made anew before it would come
 * twice, and replay brings it anyway. What is deleted in time is not seen either.
 */
import { IdSet } from './id-set.ts'
import { NO_NODE } from './node-store.ts'
import type { DataTree } from './data-tree.ts'

export class TreeWalk {
  readonly #tree: DataTree
  /** Made since the walk began, and still there. */
  readonly #fresh = new IdSet()
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
      const id = stack[stack.length - 1]!
      if (id === NO_NODE) {
        stack.pop()
        continue
      }
      stack[stack.length - 1] = store.nextSibling(id)
      if (this.#fresh.has(id)) continue
      stack.push(store.firstChild(id))
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

  /** The place in the line that the node held goes to the one behind it. */
  beforeRemove(id: number): void {
    this.#fresh.delete(id)
    const stack = this.#next
    for (let depth = 0; depth < stack.length; depth++) {
      if (stack[depth] === id) stack[depth] = this.#tree.store.nextSibling(id)
    }
  }
}

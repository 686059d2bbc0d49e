/** A walk over a part of the tree within one turn, where nothing changes meanwhile. */
import { NO_NODE } from './node-store.ts'
import type { NodeStore } from './node-store.ts'

/** Visits the node and all below it, parents first. */
export function eachBelow(store: NodeStore, top: number, visit: (id: number) => void): void {
  let id = top
  for (;;) {
    visit(id)
    let next = store.firstChild(id)
    while (next === NO_NODE) {
      if (id === top) return
      next = store.nextSibling(id)
      if (next === NO_NODE) id = store.parent(id)
    }
    id = next
  }
}

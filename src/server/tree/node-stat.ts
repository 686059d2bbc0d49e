/**
 * The stat of a node as clients see it, read from the tree when it is written into an answer: of eleven fields and six bigints nothing
 * has to be made. Good until the next change of the node; `copyOf` keeps what it says.
 */
import type { Stat } from '../../jute/generated/data.ts'
import type { NodeStore } from './node-store.ts'
import type { OwnerIndex } from './owner-index.ts'

export class NodeStat implements Stat {
  readonly #store: NodeStore
  readonly #owners: OwnerIndex
  readonly #id: number
  dataLength: number

  constructor(store: NodeStore, owners: OwnerIndex, id: number) {
    this.#store = store
    this.#owners = owners
    this.#id = id
    this.dataLength = store.dataLength(id)
  }

  get czxid(): bigint {
    return this.#store.czxid(this.#id)
  }

  get mzxid(): bigint {
    return this.#store.mzxid(this.#id)
  }

  get ctime(): bigint {
    return this.#store.ctime(this.#id)
  }

  get mtime(): bigint {
    return this.#store.mtime(this.#id)
  }

  get version(): number {
    return this.#store.version(this.#id)
  }

  get cversion(): number {
    return wireCversion(this.#store.cversion(this.#id), this.numChildren)
  }

  get aversion(): number {
    return this.#store.aversion(this.#id)
  }

  /** Of what owns nodes only sessions are shown. */
  get ephemeralOwner(): bigint {
    const owner = this.#store.ephemeralOwner(this.#id)
    return owner === 0n || this.#owners.kindOf(owner) === 'session' ? owner : 0n
  }

  get numChildren(): number {
    return this.#store.childCount(this.#id)
  }

  get pzxid(): bigint {
    return this.#store.pzxid(this.#id)
  }
}

/** What clients are shown as cversion: creations plus deletions, from a counter that knows creations only. */
export function wireCversion(cversion: number, childCount: number): number {
  return (cversion * 2 - childCount) | 0
}

/** The same numbers, whatever becomes of the node. */
export function copyOf(stat: Stat): Stat {
  return {
    czxid: stat.czxid,
    mzxid: stat.mzxid,
    ctime: stat.ctime,
    mtime: stat.mtime,
    version: stat.version,
    cversion: stat.cversion,
    aversion: stat.aversion,
    ephemeralOwner: stat.ephemeralOwner,
    dataLength: stat.dataLength,
    numChildren: stat.numChildren,
    pzxid: stat.pzxid,
  }
}

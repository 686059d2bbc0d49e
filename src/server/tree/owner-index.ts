/** Nodes by what owns them: ephemerals by session, containers, TTL nodes (DataTree's ephemerals, containers and ttls). */
import { unreachable } from '../../base/assert.ts'
import { LargeMap, LargeSet } from '../../base/large-map.ts'
import { ownerKind } from './ephemeral-owner.ts'
import type { OwnerKind } from './ephemeral-owner.ts'

/** As much of a set of paths as others may use. */
export type Paths = Pick<LargeSet<string>, 'size' | 'has' | typeof Symbol.iterator>

const NO_PATHS: Paths = new LargeSet()

export class OwnerIndex {
  readonly containers = new LargeSet<string>()
  readonly ttlNodes = new LargeSet<string>()
  readonly #ephemerals = new LargeMap<bigint, LargeSet<string>>()
  readonly #extendedTypes: boolean
  #ephemeralCount = 0

  constructor(extendedTypes: boolean) {
    this.#extendedTypes = extendedTypes
  }

  get ephemeralCount(): number {
    return this.#ephemeralCount
  }

  kindOf(owner: bigint): OwnerKind {
    return ownerKind(owner, this.#extendedTypes)
  }

  ephemeralsOf(session: bigint): Paths {
    return this.#ephemerals.get(session) ?? NO_PATHS
  }

  /** Sessions that have ephemerals, with them. */
  sessions(): Iterable<[bigint, Paths]> {
    return this.#ephemerals
  }

  add(owner: bigint, path: string): void {
    const paths = this.#pathsOf(owner, true)
    if (paths === undefined || paths.has(path)) return
    paths.add(path)
    if (this.kindOf(owner) === 'session') this.#ephemeralCount++
  }

  remove(owner: bigint, path: string): void {
    const paths = this.#pathsOf(owner, false)
    if (paths === undefined || !paths.delete(path) || this.kindOf(owner) !== 'session') return
    this.#ephemeralCount--
    if (paths.size === 0) this.#ephemerals.delete(owner)
  }

  clear(): void {
    this.containers.clear()
    this.ttlNodes.clear()
    this.#ephemerals.clear()
    this.#ephemeralCount = 0
  }

  /** Undefined for nodes that nobody owns, and for a session without any unless it is to get one. */
  #pathsOf(owner: bigint, isWanted: boolean): LargeSet<string> | undefined {
    const kind = this.kindOf(owner)
    switch (kind) {
      case 'none':
        return undefined
      case 'container':
        return this.containers
      case 'ttl':
        return this.ttlNodes
      case 'session': {
        const known = this.#ephemerals.get(owner)
        if (known !== undefined || !isWanted) return known
        const made = new LargeSet<string>()
        this.#ephemerals.set(owner, made)
        return made
      }
      default:
        return unreachable(kind)
    }
  }
}

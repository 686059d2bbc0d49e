/**
 * Looks for containers that have lost their last child and for TTL nodes whose time is over, and asks for their
 * deletion one by one (ContainerManager). A deletion that comes too late, because somebody made a child, just fails.
 */
import type { Settings } from '../config/settings.ts'
import type { Clock, Timer } from '../host/host.ts'
import type { DataTree } from '../tree/data-tree.ts'
import { ttlOf } from '../tree/ephemeral-owner.ts'
import { NO_NODE } from '../tree/node-store.ts'

export class ContainerReaper {
  readonly #clock: Clock
  readonly #settings: Settings
  readonly #tree: DataTree
  readonly #remove: (path: string) => void
  #timer: Timer | undefined

  constructor(clock: Clock, settings: Settings, tree: DataTree, remove: (path: string) => void) {
    this.#clock = clock
    this.#settings = settings
    this.#tree = tree
    this.#remove = remove
  }

  start(): void {
    this.#timer = this.#clock.after(this.#settings.containerCheckIntervalMs, () => this.#removeNext(this.#candidates(), 0))
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #removeNext(paths: string[], index: number): void {
    if (this.#timer === undefined) return
    if (index === paths.length) return this.start()
    this.#remove(paths[index])
    const pauseMs = 60_000 / this.#settings.containerMaxPerMinute
    this.#timer = this.#clock.after(pauseMs, () => this.#removeNext(paths, index + 1))
  }

  #candidates(): string[] {
    const { store, owners } = this.#tree
    const now = BigInt(this.#clock.wallTime())
    const { containerMaxNeverUsedIntervalMs } = this.#settings
    const paths: string[] = []
    for (const path of owners.containers) {
      const id = store.find(path)
      if (id === NO_NODE || store.childCount(id) > 0) continue
      const wasUsed = store.cversion(id) > 0
      const isForgotten = containerMaxNeverUsedIntervalMs !== 0 && now - store.mtime(id) > containerMaxNeverUsedIntervalMs
      if (wasUsed || isForgotten) paths.push(path)
    }
    for (const path of owners.ttlNodes) {
      const id = store.find(path)
      if (id === NO_NODE || store.childCount(id) > 0) continue
      if (now - store.mtime(id) > ttlOf(store.ephemeralOwner(id))) paths.push(path)
    }
    return paths
  }
}

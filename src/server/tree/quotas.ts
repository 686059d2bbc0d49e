/**
 * Which paths have limits, and their usage, which is kept in the nodes beside the limits (DataTree's PathTrie and
 * updateQuotaStat). Only the deepest one on a node's way up is charged, and the root never.
 */
import { LargeSet } from '../../base/large-map.ts'
import { parentOf, QUOTA_PATH } from '../../protocol/paths.ts'
import { eachBelow } from './each-below.ts'
import { NO_NODE } from './node-store.ts'
import type { NodeStore } from './node-store.ts'
import { isQuotaParent, LIMITS_NAME, quotaPathOf, STATS_NAME, statsPath, usageChanged, usageText } from './quota.ts'

export class Quotas {
  readonly #store: NodeStore
  readonly #paths = new LargeSet<string>()

  constructor(store: NodeStore) {
    this.#store = store
  }

  paths(): Iterable<string> {
    return this.#paths
  }

  /** The deepest path with limits that is this path or above it. */
  deepest(path: string): string | undefined {
    if (this.#paths.size === 0) return undefined
    for (let end = path.length; end > 0; end = path.lastIndexOf('/', end - 1)) {
      const prefix = path.slice(0, end)
      if (this.#paths.has(prefix)) return prefix
    }
    return undefined
  }

  onCreated(parentPath: string, name: string): void {
    if (!isQuotaParent(parentPath)) return
    if (name === LIMITS_NAME) this.#paths.add(quotaPathOf(parentPath))
    if (name === STATS_NAME) this.#recount(quotaPathOf(parentPath))
  }

  onDeleted(parentPath: string, name: string): void {
    if (name === LIMITS_NAME && isQuotaParent(parentPath)) this.#paths.delete(quotaPathOf(parentPath))
  }

  /** The path's node came, went or changed its size. */
  charge(path: string, countChange: number, bytesChange: number): void {
    const quotaPath = this.deepest(path)
    if (quotaPath === undefined) return
    const stats = this.#store.find(statsPath(quotaPath))
    if (stats === NO_NODE) return
    // In place: no version, no mzxid, no event, and as in Java no word to the data size.
    this.#store.setData(stats, usageChanged(this.#store.data(stats), countChange, bytesChange))
  }

  /** After a snapshot was loaded: finds the limits and counts all usage anew. */
  load(): void {
    const store = this.#store
    const quotaRoot = store.find(QUOTA_PATH)
    if (quotaRoot === NO_NODE) return
    const limits: string[] = []
    eachBelow(store, quotaRoot, (id) => {
      if (store.childCount(id) === 0 && store.name(id) === LIMITS_NAME) limits.push(store.path(id))
    })
    for (const path of limits) {
      const quotaPath = quotaPathOf(parentOf(path))
      this.#paths.add(quotaPath)
      this.#recount(quotaPath)
    }
  }

  clear(): void {
    this.#paths.clear()
  }

  /** Usage counts the quota's own node and everything below it, data bytes only. */
  #recount(quotaPath: string): void {
    const top = this.#store.find(quotaPath)
    let count = 0
    let bytes = 0
    if (top !== NO_NODE) {
      eachBelow(this.#store, top, (id) => {
        count++
        bytes += this.#store.dataLength(id)
      })
    }
    const stats = this.#store.find(statsPath(quotaPath))
    if (stats !== NO_NODE) this.#store.setData(stats, usageText(count, bytes))
  }
}

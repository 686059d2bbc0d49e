/**
 * Who is told of which change (WatchManager, DataTree's two tables). Watches belong to connections. The data table
 * holds exists and getData watches, persistent and recursive ones; the child table getChildren watches and the
 * other half of persistent ones. Modes on one path are independent of each other.
 */
import { LargeMap, LargeSet } from '../../base/large-map.ts'
import type { Slice } from '../../base/slices.ts'
import type { ACL } from '../../jute/generated/data.ts'
import { EventType, WatcherType } from '../../protocol/events.ts'
import { parentOf } from '../../protocol/paths.ts'
import type { Watcher } from './watcher.ts'
import { Watchers } from './watchers.ts'

/** Clients may register for a null path too; nothing ever happens to it. */
type WatchPath = string | null

/** Registrations of one that is gone that a slice removes: about a millisecond's worth. */
const SLICE_PATHS = 2048

const STANDARD = 1
const PERSISTENT = 2
const RECURSIVE = 4

/** Entries of both maps, besides the path's text. */
const REGISTRATION_BYTES = 200

function bytesOf(path: WatchPath): number {
  return REGISTRATION_BYTES + (path === null ? 0 : path.length)
}

/** Path → watchers with their modes, and back. */
class PathWatchers {
  readonly byPath = new LargeMap<WatchPath, Watchers>()
  readonly byWatcher = new Map<Watcher, LargeSet<WatchPath>>()
  recursiveCount = 0
  /** Registrations by (path, watcher), as `wchs` and the gauge count them. */
  size = 0

  modes(path: WatchPath, watcher: Watcher): number {
    return this.byPath.get(path)?.modes(watcher) ?? 0
  }

  add(path: WatchPath, watcher: Watcher, mode: number): void {
    let watchers = this.byPath.get(path)
    if (watchers === undefined) this.byPath.set(path, (watchers = new Watchers()))
    const before = watchers.modes(watcher)
    if ((before | mode) === before) return
    watchers.set(watcher, before | mode)
    if (mode === RECURSIVE) this.recursiveCount++
    if (before !== 0) return
    this.size++
    watcher.watchBytes += bytesOf(path)
    let paths = this.byWatcher.get(watcher)
    if (paths === undefined) this.byWatcher.set(watcher, (paths = new LargeSet()))
    paths.add(path)
  }

  /** Takes the modes away; false when none of them was there. */
  remove(path: WatchPath, watcher: Watcher, modes: number): boolean {
    const watchers = this.byPath.get(path)
    const before = watchers?.modes(watcher) ?? 0
    if (watchers === undefined || (before & modes) === 0) return false
    const after = before & ~modes
    if ((before & modes & RECURSIVE) !== 0) this.recursiveCount--
    if (after !== 0) {
      watchers.set(watcher, after)
      return true
    }
    watchers.delete(watcher)
    this.size--
    watcher.watchBytes -= bytesOf(path)
    if (watchers.size === 0) this.byPath.delete(path)
    // The watcher's own entry stays, even empty: `wchs` counts such a connection until it closes.
    this.byWatcher.get(watcher)?.delete(path)
    return true
  }

  /** Takes the watcher's modes away path by path, as far as the result is iterated. */
  *removeWatcher(watcher: Watcher): IterableIterator<void> {
    const paths = this.byWatcher.get(watcher)
    if (paths === undefined) return
    this.byWatcher.delete(watcher)
    for (const path of paths) yield void this.remove(path, watcher, STANDARD | PERSISTENT | RECURSIVE)
  }

  /**
   * Everybody whom a change of `path` concerns, each once; their one-shot watches are used up by it. Recursive
   * watchers are found on the path and on all its ancestors.
   */
  take(path: string): Set<Watcher> | undefined {
    let hit: Set<Watcher> | undefined
    const exact = this.byPath.get(path)
    if (exact !== undefined) {
      hit = new Set(exact)
      for (const watcher of hit) this.remove(path, watcher, STANDARD)
    }
    if (this.recursiveCount === 0) return hit
    for (let above = path; above !== '/' && above !== '';) {
      above = parentOf(above)
      if (above === '') above = '/'
      const watchers = this.byPath.get(above)
      if (watchers === undefined) continue
      for (const watcher of watchers) if ((watchers.modes(watcher) & RECURSIVE) !== 0) (hit ??= new Set()).add(watcher)
    }
    return hit
  }
}

export interface WatchFired {
  (type: EventType, count: number): void
}

export class WatchTable {
  readonly #data = new PathWatchers()
  readonly #child = new PathWatchers()
  /** Told how many watchers each step hit, for the metrics. */
  onFired: WatchFired = () => {}

  // Registration ----------------------------------------------------------------------------------------------

  addData(path: string, watcher: Watcher): void {
    this.#data.add(path, watcher, STANDARD)
  }

  addChild(path: string, watcher: Watcher): void {
    this.#child.add(path, watcher, STANDARD)
  }

  addPersistent(path: WatchPath, watcher: Watcher): void {
    this.#data.add(path, watcher, PERSISTENT)
    this.#child.add(path, watcher, PERSISTENT)
  }

  addRecursive(path: WatchPath, watcher: Watcher): void {
    this.#data.add(path, watcher, RECURSIVE)
  }

  /** The watcher is gone and hears no event any more; its registrations go with each call of the result. */
  removeWatcher(watcher: Watcher): Slice {
    const registrations = [this.#data.removeWatcher(watcher), this.#child.removeWatcher(watcher)]
    return () => {
      let left = SLICE_PATHS
      for (const each of registrations) while (left > 0 && !each.next().done) left--
      return left === 0
    }
  }

  /** Whether a registration of this kind exists; undefined for a kind that does not exist. */
  contains(path: WatchPath, type: number, watcher: Watcher): boolean | undefined {
    switch (type) {
      case WatcherType.Children:
        return (this.#child.modes(path, watcher) & STANDARD) !== 0
      case WatcherType.Data:
        return (this.#data.modes(path, watcher) & STANDARD) !== 0
      case WatcherType.Persistent:
        return (this.#data.modes(path, watcher) & PERSISTENT) !== 0
      case WatcherType.PersistentRecursive:
        return (this.#data.modes(path, watcher) & RECURSIVE) !== 0
      case WatcherType.Any:
        return (this.#data.modes(path, watcher) | this.#child.modes(path, watcher)) !== 0
      default:
        return undefined
    }
  }

  /** As `contains`, and removes what it found. */
  remove(path: WatchPath, type: number, watcher: Watcher): boolean | undefined {
    const found = this.contains(path, type, watcher)
    if (found !== true) return found
    switch (type) {
      case WatcherType.Children:
        this.#child.remove(path, watcher, STANDARD)
        break
      case WatcherType.Data:
        this.#data.remove(path, watcher, STANDARD)
        break
      case WatcherType.Persistent:
        this.#data.remove(path, watcher, PERSISTENT)
        this.#child.remove(path, watcher, PERSISTENT)
        break
      case WatcherType.PersistentRecursive:
        this.#data.remove(path, watcher, RECURSIVE)
        break
      default:
        this.#data.remove(path, watcher, STANDARD | PERSISTENT | RECURSIVE)
        this.#child.remove(path, watcher, STANDARD | PERSISTENT | RECURSIVE)
    }
    return true
  }

  // Triggers (TreeListener) -----------------------------------------------------------------------------------

  onCreated(path: string, parentPath: string, zxid: bigint, acl: ACL[], parentAcl: ACL[]): void {
    this.#fire(this.#data.take(path), EventType.NodeCreated, path, zxid, acl, undefined)
    this.#fire(this.#child.take(parentPath), EventType.NodeChildrenChanged, parentPath, zxid, parentAcl, undefined)
  }

  onDeleted(path: string, parentPath: string, zxid: bigint, acl: ACL[], parentAcl: ACL[]): void {
    const told = this.#data.take(path)
    this.#fire(told, EventType.NodeDeleted, path, zxid, acl, undefined)
    this.#fire(this.#child.take(path), EventType.NodeDeleted, path, zxid, acl, told)
    this.#fire(this.#child.take(parentPath), EventType.NodeChildrenChanged, parentPath, zxid, parentAcl, undefined)
  }

  onDataChanged(path: string, zxid: bigint, acl: ACL[]): void {
    this.#fire(this.#data.take(path), EventType.NodeDataChanged, path, zxid, acl, undefined)
  }

  /** One event per watcher; who may not read the node hears nothing, though its watch is used up. */
  #fire(hit: Set<Watcher> | undefined, type: EventType, path: string, zxid: bigint, acl: ACL[], told: Set<Watcher> | undefined): void {
    if (hit === undefined) return
    this.onFired(type, hit.size)
    for (const watcher of hit) {
      if (told !== undefined && told.has(watcher)) continue
      if (watcher.mayRead(acl)) watcher.onEvent(type, path, zxid)
    }
  }

  // What the admin words show: the data table only, but for the gauge -----------------------------------------

  get watchCount(): number {
    return this.#data.size + this.#child.size
  }

  summary(): { connections: number; paths: number; watches: number } {
    return { connections: this.#data.byWatcher.size, paths: this.#data.byPath.size, watches: this.#data.size }
  }

  byWatcher(): Iterable<[Watcher, Iterable<WatchPath>]> {
    return this.#data.byWatcher
  }

  *byPath(): IterableIterator<[WatchPath, Iterable<Watcher>]> {
    for (const [path, watchers] of this.#data.byPath) yield [path, watchers]
  }
}

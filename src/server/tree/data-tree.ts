/**
 * The tree and what hangs on it: ACL numbers, owners, quotas, the digest.
 * Its methods apply committed txns and are idempotent, because a fuzzy snapshot has some of them in it already
 * (DataTree; storage-format 3.6). It checks nothing that the preparation of a request checks.
 */
import { assert } from '../../base/assert.ts'
import type { ACL, StatPersisted } from '../../jute/generated/data.ts'
import { Code } from '../../protocol/codes.ts'
import { CONFIG_PATH, nameOf, parentOf, QUOTA_PATH, ZOOKEEPER_PATH } from '../../protocol/paths.ts'
import { AclCache, OPEN_ACL_KEY } from './acl-cache.ts'
import { contentCrc, DigestSum, isDigested, nodeDigest } from './digest.ts'
import { eachBelow } from './each-below.ts'
import type { NodeRows } from './node-rows.ts'
import { NodeStat } from './node-stat.ts'
import { NodeState } from './node-state.ts'
import { NO_NODE, NodeStore } from './node-store.ts'
import { OwnerIndex } from './owner-index.ts'
import { Quotas } from './quotas.ts'

/** Told of every change in the order in which it happens; the tree is already in its new state. */
export interface TreeListener {
  onCreated(path: string, parentPath: string, zxid: bigint, acl: ACL[], parentAcl: ACL[]): void
  onDeleted(path: string, parentPath: string, zxid: bigint, acl: ACL[], parentAcl: ACL[]): void
  onDataChanged(path: string, zxid: bigint, acl: ACL[]): void
}

/** A walk over the tree, told of what changes before it happens, and of what is new. */
export interface TreeWatcher {
  afterCreate(id: number): void
  beforeRemove(id: number): void
  /** Before `beforeRemove`, of a node that no txn names. */
  beforeUnnamedRemove?(id: number, path: string): void
}

/** Told how many bytes of which node were read or written. */
export interface TreeMeter {
  onRead(path: string, bytes: number): void
  onWritten(path: string, bytes: number): void
}

export interface DataTreeOptions {
  readonly digestEnabled: boolean
  readonly extendedTypesEnabled: boolean
}

const NOWHERE = { path: undefined, id: NO_NODE }
const NO_DATA = new Uint8Array(0)
const CONFIG_ACL: ACL[] = [{ perms: 1, id: { scheme: 'world', id: 'anyone' } }]
const CLOSED_ACL: ACL[] = [{ perms: 0, id: { scheme: 'world', id: 'anyone' } }]

export class DataTree {
  readonly store: NodeStore
  readonly acls = new AclCache()
  readonly quotas: Quotas
  readonly owners: OwnerIndex
  readonly #options: DataTreeOptions
  readonly digestSum = new DigestSum()
  /** UTF-16 units of all paths plus bytes of all data, the root counted twice as in Java. */
  #dataSize = 0
  /** Walks in progress: told of nodes that come and before nodes go. */
  readonly walks = new Set<TreeWatcher>()
  /** The parent of the node loaded last: brothers and sisters stand together in a snapshot. */
  #loadedUnder: { readonly path: string | undefined; readonly id: number } = NOWHERE
  meter: TreeMeter = { onRead() {}, onWritten() {} }
  /** Undefined while loading and replaying: nobody watches then. */
  listener: TreeListener | undefined

  /** `seed` is a secret that keeps clients from choosing paths that collide in the index. */
  constructor(options: DataTreeOptions, seed: number) {
    this.#options = options
    this.store = new NodeStore(seed)
    this.quotas = new Quotas(this.store)
    this.owners = new OwnerIndex(options.extendedTypesEnabled)
    this.#initRoot()
    this.#bootstrap()
  }

  /** Of all nodes, unsigned. */
  get digest(): bigint {
    return this.digestSum.value
  }

  /** Nodes, the root included once. */
  get nodeCount(): number {
    return this.store.size
  }

  get ephemeralCount(): number {
    return this.owners.ephemeralCount
  }

  get approximateDataSize(): number {
    return this.#dataSize
  }

  /** Back to the tree of a server that has never been written to. */
  reset(): void {
    this.clear()
    this.#bootstrap()
  }

  #bootstrap(): void {
    const zookeeper = this.#makeBootstrapNode(this.store.root, 'zookeeper')
    this.#makeBootstrapNode(zookeeper, 'quota')
    const config = this.#makeBootstrapNode(zookeeper, 'config')
    this.store.setAclKey(config, this.acls.acquire(CONFIG_ACL))
    this.store.setAversion(config, -1)
    for (const path of ['', ZOOKEEPER_PATH, QUOTA_PATH, CONFIG_PATH]) this.#initNode(this.store.find(path), path, NO_DATA)
  }

  /** Nothing but an empty root: the state before a snapshot is loaded. */
  clear(): void {
    // A snapshot that went on over another tree would be sealed as if it were whole.
    assert(this.walks.size === 0, 'nobody walks over a tree that is cleared')
    this.#loadedUnder = NOWHERE
    this.store.clear()
    this.#initRoot()
    this.acls.clear()
    this.quotas.clear()
    this.owners.clear()
    this.digestSum.clear()
    this.#dataSize = 0
  }

  #initRoot(): void {
    this.store.setData(this.store.root, NO_DATA)
    this.store.setAclKey(this.store.root, OPEN_ACL_KEY)
  }

  // Reading ---------------------------------------------------------------------------------------------------

  aclOf(id: number): ACL[] {
    const acl = this.acls.get(this.store.aclKey(id))
    assert(acl !== undefined, 'every node names a known ACL')
    return acl
  }

  /** The stat as clients see it, good until the node changes. */
  stat(id: number): NodeStat {
    return new NodeStat(this.store, this.owners, id)
  }

  /** The stat as snapshots have it. */
  persistedStat(id: number): StatPersisted {
    const store = this.store
    return {
      czxid: store.czxid(id),
      mzxid: store.mzxid(id),
      ctime: store.ctime(id),
      mtime: store.mtime(id),
      version: store.version(id),
      cversion: store.cversion(id),
      aversion: store.aversion(id),
      ephemeralOwner: store.ephemeralOwner(id),
      pzxid: store.pzxid(id),
    }
  }

  /** The node's state, good until the next change of the tree, or undefined when there is none. */
  state(path: string): NodeState | undefined {
    const id = this.store.find(path)
    return id === NO_NODE ? undefined : new NodeState(path, this.store.rows, id, this.store.ephemeralOwner(id), this.aclOf(id))
  }

  /** What the path and the data put into a node's digest. */
  contentCrc(path: string, data: Uint8Array | null): number {
    return this.#options.digestEnabled && isDigested(path) ? contentCrc(path, data) : 0
  }

  /** What a node with these numbers adds to the digest. */
  nodeDigest(path: string, rows: NodeRows, row: number, ephemeralOwner: bigint): number {
    return this.#options.digestEnabled && isDigested(path) ? nodeDigest(rows, row, ephemeralOwner) : 0
  }

  /** Nodes below this one, itself not counted. */
  descendantCount(id: number): number {
    if (id === this.store.root) return this.store.size - 1
    let count = -1
    eachBelow(this.store, id, () => count++)
    return count
  }

  // Applying txns ---------------------------------------------------------------------------------------------

  /**
   * `parentCversion` as the txn carries it: the count of creations under the parent after this one, or -1 from
   * logs of 3.3 for "one more". A create that meets its node raises the parent all the same, because the snapshot may
   * hold the node and not yet the parent's counter. DataTree.processTxn does so for type 1 only, and after a fuzzy
   * snapshot gives out sequence numbers of the other creates again.
   */
  createNode(path: string, data: Uint8Array | null, acl: ACL[], owner: bigint, parentCversion: number, zxid: bigint, time: bigint): Code {
    const store = this.store
    const parentPath = parentOf(path)
    const parent = this.#findParent(parentPath)
    if (parent === NO_NODE) return Code.NONODE
    const present = store.find(path)
    if (present !== NO_NODE) {
      const replaced = store.aclKey(present)
      store.setAclKey(present, this.acls.acquire(acl))
      this.acls.release(replaced)
      this.#raiseParent(parent, parentPath, parentCversion, zxid)
      return Code.NODEEXISTS
    }
    this.#raiseParent(parent, parentPath, parentCversion, zxid)
    const name = path.slice(parentPath.length + 1)
    const id = store.create(parent, name, data)
    for (const walk of this.walks) walk.afterCreate(id)
    store.setCzxid(id, zxid)
    store.setMzxid(id, zxid)
    store.setPzxid(id, zxid)
    store.setCtime(id, time)
    store.setMtime(id, time)
    store.setEphemeralOwner(id, owner)
    store.setAclKey(id, this.acls.acquire(acl))
    this.#initNode(id, path, data)
    this.owners.add(owner, path)
    this.quotas.onCreated(parentPath, name)
    const size = data === null ? 0 : data.length
    this.quotas.charge(path, 1, size)
    this.meter.onWritten(path, size)
    this.listener?.onCreated(path, parentPath === '' ? '/' : parentPath, zxid, acl, this.aclOf(parent))
    return Code.OK
  }

  /** The parent learns of the delete even when the node has gone already. */
  deleteNode(path: string, zxid: bigint): Code {
    const store = this.store
    const parentPath = parentOf(path)
    const id = store.find(path)
    const isThere = id !== NO_NODE && id !== store.root
    const parent = isThere ? store.parent(id) : this.#findParent(parentPath)
    if (parent === NO_NODE) return Code.NONODE
    if (zxid > store.pzxid(parent)) {
      store.setPzxid(parent, zxid)
      this.#updateDigest(parent, parentPath)
    }
    if (!isThere) return Code.NONODE
    const name = path.slice(parentPath.length + 1)
    const acl = this.aclOf(id)
    const owner = store.ephemeralOwner(id)
    const dataLength = store.dataLength(id)
    this.#forgetBelow(id)
    this.acls.release(store.aclKey(id))
    this.digestSum.add(-store.digest(id))
    this.#dataSize -= path.length + dataLength
    for (const walk of this.walks) walk.beforeRemove(id)
    store.remove(id)
    this.owners.remove(owner, path)
    this.quotas.onDeleted(parentPath, name)
    this.quotas.charge(path, -1, -dataLength)
    this.meter.onWritten(path, 0)
    this.listener?.onDeleted(path, parentPath === '' ? '/' : parentPath, zxid, acl, this.aclOf(parent))
    return Code.OK
  }

  /** Returns the node. Node numbers are not negative, refusals are. */
  setData(path: string, data: Uint8Array | null, version: number, zxid: bigint, time: bigint): number {
    const store = this.store
    const id = store.find(path)
    if (id === NO_NODE) return Code.NONODE
    const before = store.dataLength(id)
    store.setData(id, data)
    store.setVersion(id, version)
    store.setMtime(id, time)
    store.setMzxid(id, zxid)
    if (this.#options.digestEnabled) store.setContentCrc(id, this.contentCrc(path, data))
    this.#updateDigest(id, path)
    const grown = store.dataLength(id) - before
    this.#dataSize += grown
    this.quotas.charge(path, 0, grown)
    this.meter.onWritten(path, before + grown)
    this.listener?.onDataChanged(path, zxid, this.aclOf(id))
    return id
  }

  /** What the ensemble is, as every member keeps it for itself: no txn does this, and no digest sees it. */
  setConfig(text: Uint8Array, version: bigint, time: bigint): void {
    const id = this.store.find(CONFIG_PATH)
    if (id === NO_NODE) return
    this.store.setData(id, text)
    this.store.setVersion(id, -1)
    this.store.setMtime(id, time)
    this.store.setMzxid(id, version)
    this.meter.onWritten(CONFIG_PATH, text.length)
  }

  /** Text and version; empty where there is none. */
  config(): { readonly text: string; readonly version: bigint } {
    const id = this.store.find(CONFIG_PATH)
    if (id === NO_NODE) return { text: '', version: 0n }
    return { text: Buffer.from(this.store.data(id) ?? []).toString('utf8'), version: this.store.mzxid(id) }
  }

  /** As `setData`. */
  setAcl(path: string, acl: ACL[], version: number): number {
    const store = this.store
    const id = store.find(path)
    if (id === NO_NODE) return Code.NONODE
    const replaced = store.aclKey(id)
    store.setAversion(id, version)
    store.setAclKey(id, this.acls.acquire(acl))
    this.acls.release(replaced)
    this.#updateDigest(id, path)
    return id
  }

  /** Deletes the listed paths, then whatever else is indexed under the session; a null list means the index alone. */
  closeSession(session: bigint, paths: readonly (string | null)[] | null, zxid: bigint): void {
    if (paths !== null) for (const path of paths) if (path !== null) this.deleteNode(path, zxid)
    for (const path of [...this.owners.ephemeralsOf(session)]) {
      const id = this.store.find(path)
      for (const walk of this.walks) walk.beforeUnnamedRemove?.(id, path)
      this.deleteNode(path, zxid)
    }
  }

  // Loading a snapshot ----------------------------------------------------------------------------------------

  /**
   * One node of a snapshot; parents come before their children, the root's path is ''. Returns what is wrong with it,
   * if something is.
   */
  loadNode(path: string, data: Uint8Array | null, aclKey: number, stat: StatPersisted): string | undefined {
    const store = this.store
    let id = store.root
    if (path === '') {
      store.setData(id, data)
    } else {
      const parentPath = parentOf(path)
      if (parentPath !== this.#loadedUnder.path) this.#loadedUnder = { path: parentPath, id: this.#findParent(parentPath) }
      const parent = this.#loadedUnder.id
      if (parent === NO_NODE) return `Invalid Datatree, unable to find parent ${parentPath} of path ${path}`
      id = path === '/' ? NO_NODE : store.createUnlessThere(parent, nameOf(path), data)
      if (id === NO_NODE) return `${path} stands twice`
    }
    // A fuzzy snapshot of Java's may name a list that is younger than its ACL map: replay brings it, and until then nobody may.
    store.setAclKey(id, this.acls.addUse(aclKey) ? aclKey : this.acls.acquire(CLOSED_ACL))
    store.setCzxid(id, stat.czxid)
    store.setMzxid(id, stat.mzxid)
    store.setPzxid(id, stat.pzxid)
    store.setCtime(id, stat.ctime)
    store.setMtime(id, stat.mtime)
    store.setVersion(id, stat.version)
    store.setCversion(id, stat.cversion)
    store.setAversion(id, stat.aversion)
    store.setEphemeralOwner(id, stat.ephemeralOwner)
    this.#initNode(id, path, data)
    this.owners.add(stat.ephemeralOwner, path)
    return undefined
  }

  /** After the last node: unused ACLs go, quota usage is counted anew. */
  finishLoading(): void {
    this.#loadedUnder = NOWHERE
    this.acls.dropUnused()
    this.quotas.load()
  }

  // Helpers ---------------------------------------------------------------------------------------------------

  /** The root's name before a slash is ''; no node is called '//x', whatever a log says. */
  #findParent(parentPath: string): number {
    return parentPath === '/' ? NO_NODE : this.store.find(parentPath)
  }

  #makeBootstrapNode(parent: number, name: string): number {
    const id = this.store.create(parent, name, NO_DATA)
    this.store.setAclKey(id, OPEN_ACL_KEY)
    return id
  }

  /** Enters a node whose columns are set, and whose data these are, into size and digest. */
  #initNode(id: number, path: string, data: Uint8Array | null): void {
    const store = this.store
    const length = data === null ? 0 : data.length
    this.#dataSize += path.length + length
    if (id === store.root) this.#dataSize += 1 + length
    if (!this.#options.digestEnabled) return
    store.setContentCrc(id, this.contentCrc(path, data))
    store.setDigest(id, 0)
    this.#updateDigest(id, path)
  }

  #updateDigest(id: number, path: string): void {
    if (!this.#options.digestEnabled || !isDigested(path)) return
    const store = this.store
    const before = store.digest(id)
    const after = nodeDigest(store.rows, id, store.ephemeralOwner(id))
    store.setDigest(id, after)
    this.digestSum.add(after - before)
  }

  #raiseParent(parent: number, parentPath: string, parentCversion: number, zxid: bigint): void {
    const store = this.store
    const cversion = parentCversion === -1 ? (store.cversion(parent) + 1) | 0 : parentCversion
    // As DataTree.createNode: only ever upwards, so that replay over a fuzzy snapshot cannot take it back.
    if (cversion <= store.cversion(parent)) return
    store.setCversion(parent, cversion)
    store.setPzxid(parent, zxid)
    this.#updateDigest(parent, parentPath)
  }

  /** A delete only ever meets leaves; a log that says otherwise must not leave orphans behind. */
  #forgetBelow(id: number): void {
    for (let child = this.store.firstChild(id); child !== NO_NODE; child = this.store.firstChild(id)) {
      this.deleteNode(this.store.path(child), this.store.pzxid(id))
    }
  }
}

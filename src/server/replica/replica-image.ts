/** The replica as storage sees it: what recovery pours into and what a snapshot is drawn from. */
import { assert } from '../../base/assert.ts'
import type { ACL, StatPersisted } from '../../jute/generated/data.ts'
import type { TxnHeader } from '../../jute/generated/txn.ts'
import type { NodeWalk, RecoveryTarget, SnapshotInfo, SnapshotNode, SnapshotSource, ZxidDigest } from '../storage/image.ts'
import { CorruptStorage } from '../storage/storage-errors.ts'
import { NO_NODE } from '../tree/node-store.ts'
import { TreeWalk } from '../tree/tree-walk.ts'
import type { KeptNode } from '../tree/tree-walk.ts'
import type { Replica } from './replica.ts'

/** Nodes keep the number in 32 bits. */
const MAX_ACL_KEY = 0x7fff_ffffn

export class ReplicaImage implements RecoveryTarget, SnapshotSource {
  readonly #replica: Replica

  readonly #onReplayed: ((zxid: bigint, payload: Uint8Array) => void) | undefined

  constructor(replica: Replica, onReplayed?: (zxid: bigint, payload: Uint8Array) => void) {
    this.#replica = replica
    this.#onReplayed = onReplayed
  }

  clear(): void {
    this.#replica.clear()
  }

  startEmpty(): void {
    this.#replica.startEmpty()
  }

  session(id: bigint, timeoutMs: number): void {
    this.#replica.trackSession(id, timeoutMs)
  }

  acl(key: bigint, acl: ACL[]): void {
    if (key <= 0n || key > MAX_ACL_KEY) throw new CorruptStorage(`ACL number ${key}`)
    this.#replica.tree.acls.load(Number(key), acl)
  }

  node(path: string, data: Uint8Array | null, aclKey: bigint, stat: StatPersisted): void {
    const fault = this.#replica.tree.loadNode(path, data, Number(aclKey), stat)
    if (fault !== undefined) throw new CorruptStorage(fault)
  }

  loaded({ zxid, digest }: SnapshotInfo): void {
    this.#replica.finishLoading(zxid, digest)
  }

  /** What a leader sent is complete: the tree as it was at the zxid, and some of what came later. */
  adopt(zxid: bigint): void {
    this.#replica.adopt(zxid)
  }

  replay({ zxid }: TxnHeader, payload: Uint8Array): void {
    this.#replica.replay(payload)
    this.#onReplayed?.(zxid, payload)
  }

  lastZxid(): bigint {
    return this.#replica.lastProcessedZxid
  }

  *sessions(): IterableIterator<{ id: bigint; timeoutMs: number }> {
    for (const { id, timeoutMs } of this.#replica.sessions.all()) yield { id, timeoutMs }
  }

  acls(): Iterable<{ key: bigint; acl: ACL[] }> {
    return this.#replica.tree.acls.entries()
  }

  digest(): ZxidDigest {
    const digest = this.#replica.lastDigest
    assert(digest.zxid <= this.#replica.lastProcessedZxid, 'the last digest belongs to an applied txn')
    return digest
  }

  walk(): NodeWalk {
    const { tree } = this.#replica
    const walk = new TreeWalk(tree)
    const { store } = tree
    let kept: KeptNode[] = []
    return {
      next(into: SnapshotNode): boolean {
        if (kept.length === 0) kept = [...walk.takeKept()]
        const gone = kept.pop()
        if (gone !== undefined) {
          into.path = gone.path
          into.data = gone.data
          into.aclKey = BigInt(gone.aclKey)
          into.stat = gone.stat
          return true
        }
        const id = walk.next()
        if (id === NO_NODE) return false
        into.path = id === store.root ? '' : store.path(id)
        into.data = store.data(id)
        into.aclKey = BigInt(store.aclKey(id))
        into.stat = tree.persistedStat(id)
        return true
      },
      close: () => walk.close(),
    }
  }
}

/**
 * Writes sessions, ACLs and nodes as they stand in a snapshot file and in the stream a leader sends to a learner
 * (SerializeUtils.serializeSnapshot), a piece at a time so that nobody waits for a large tree. Between two pieces the
 * tree may change: whatever a txn above the snapshot's zxid did may or may not be in it, and replay sets it right.
 */

import { ACL, StatPersisted } from '../../jute/generated/data.ts'
import type { JuteWriter } from '../../jute/writer.ts'
import type { NodeWalk, SnapshotNode, SnapshotSource } from './image.ts'
import { END_MARK } from './snapshot-format.ts'

/** In place of a key: world:anyone with all permissions. */
const OPEN_ACL_KEY = -1n

export class SnapshotEncoder {
  /** The last txn that the snapshot holds for certain: the one applied last when the encoder was made. */
  readonly zxid: bigint
  /** Once all is written: of no later txn there is a trace in it, and a tree that has applied this one is no longer fuzzy. */
  endZxid: bigint | undefined
  readonly #source: SnapshotSource
  #walk: NodeWalk | undefined
  readonly #aclKeys = new Set<bigint>([OPEN_ACL_KEY])
  #substituteKey = OPEN_ACL_KEY
  readonly #node: SnapshotNode = {
    path: '',
    data: null,
    aclKey: OPEN_ACL_KEY,
    stat: {
      czxid: 0n,
      mzxid: 0n,
      ctime: 0n,
      mtime: 0n,
      version: 0,
      cversion: 0,
      aversion: 0,
      ephemeralOwner: 0n,
      pzxid: 0n,
    },
  }

  constructor(source: SnapshotSource) {
    this.#source = source
    this.zxid = source.lastZxid()
  }

  /**
   * Writes on until the writer holds `limit` bytes or, returning true, the last node and the end mark are written. The
   * first call, to be made in the turn in which the encoder was, writes sessions and ACLs whatever their size.
   */
  fill(w: JuteWriter, limit: number): boolean {
    if (this.#walk === undefined) {
      this.#writeSessions(w)
      this.#writeAcls(w)
      this.#walk = this.#source.walk()
    }
    while (w.position < limit) {
      if (!this.#walk.next(this.#node)) {
        w.ustring(END_MARK)
        this.endZxid = this.#source.lastZxid()
        return true
      }
      this.#writeNode(w)
    }
    return false
  }

  /** Needed only by who does not fill to the end. */
  close(): void {
    this.#walk?.close()
  }

  #writeSessions(w: JuteWriter): void {
    const countAt = w.reserve(4)
    let count = 0
    for (const { id, timeoutMs } of this.#source.sessions()) {
      w.long(id)
      w.int(timeoutMs)
      count++
    }
    w.patchInt(countAt, count)
  }

  #writeAcls(w: JuteWriter): void {
    const countAt = w.reserve(4)
    let count = 0
    for (const { key, acl } of this.#source.acls()) {
      w.long(key)
      w.int(acl.length)
      for (const entry of acl) ACL.write(w, entry)
      this.#aclKeys.add(key)
      if (this.#substituteKey === OPEN_ACL_KEY && !isOpenToAnyone(acl)) this.#substituteKey = key
      count++
    }
    w.patchInt(countAt, count)
  }

  #writeNode(w: JuteWriter): void {
    const { path, data, aclKey, stat } = this.#node
    // Its txn will be replayed, and its ACL may be too new for the map above. Its children are younger still.
    if (stat.czxid > this.zxid && this.zxid >= 0n) return
    w.ustring(path === END_MARK ? '' : path)
    w.buffer(data)
    w.long(this.#aclKeys.has(aclKey) ? aclKey : this.#substituteKey)
    StatPersisted.write(w, stat)
  }
}

// A node whose ACL was set after the map was written gets another key until that txn is replayed, since Java servers
// lose count of a key that the map lacks (ZOOKEEPER-4846). Rather one that shuts somebody out than one for all.
function isOpenToAnyone(acl: ACL[]): boolean {
  return acl.length === 0 || acl.some((entry) => entry.id.scheme === 'world')
}

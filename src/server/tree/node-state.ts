/**
 * A node as the preparation of requests sees it: a window on a row of numbers, in the tree or among the pending changes. Nothing is
 * read that nobody asks for, and no bigint is made of a long that is only passed on.
 */
import type { ACL } from '../../jute/generated/data.ts'
import { AVERSION, CHILD_COUNT, CONTENT_CRC, CTIME, CVERSION, CZXID, DATA_LENGTH, DIGEST, MTIME, MZXID, PZXID, VERSION } from './node-rows.ts'
import type { NodeRows } from './node-rows.ts'

export class NodeState {
  readonly path: string
  readonly rows: NodeRows
  readonly row: number
  readonly ephemeralOwner: bigint
  acl: ACL[]

  constructor(path: string, rows: NodeRows, row: number, ephemeralOwner: bigint, acl: ACL[]) {
    this.path = path
    this.rows = rows
    this.row = row
    this.ephemeralOwner = ephemeralOwner
    this.acl = acl
  }

  get version(): number {
    return this.rows.int(this.row, VERSION)
  }

  set version(version: number) {
    this.rows.setInt(this.row, VERSION, version)
  }

  /** Counts creations of children only. */
  get cversion(): number {
    return this.rows.int(this.row, CVERSION)
  }

  set cversion(cversion: number) {
    this.rows.setInt(this.row, CVERSION, cversion)
  }

  get aversion(): number {
    return this.rows.int(this.row, AVERSION)
  }

  set aversion(aversion: number) {
    this.rows.setInt(this.row, AVERSION, aversion)
  }

  /** -1 for null data. */
  get dataLength(): number {
    return this.rows.int(this.row, DATA_LENGTH)
  }

  set dataLength(dataLength: number) {
    this.rows.setInt(this.row, DATA_LENGTH, dataLength)
  }

  get childCount(): number {
    return this.rows.int(this.row, CHILD_COUNT)
  }

  set childCount(childCount: number) {
    this.rows.setInt(this.row, CHILD_COUNT, childCount)
  }

  /** CRC-32 of path and data (digest.ts). */
  set contentCrc(contentCrc: number) {
    this.rows.setInt(this.row, CONTENT_CRC, contentCrc)
  }

  /** What the node adds to the tree's digest. */
  get digest(): number {
    return this.rows.int(this.row, DIGEST) >>> 0
  }

  set digest(digest: number) {
    this.rows.setInt(this.row, DIGEST, digest)
  }

  set czxid(czxid: bigint) {
    this.rows.setLong(this.row, CZXID, czxid)
  }

  set mzxid(mzxid: bigint) {
    this.rows.setLong(this.row, MZXID, mzxid)
  }

  set pzxid(pzxid: bigint) {
    this.rows.setLong(this.row, PZXID, pzxid)
  }

  set ctime(ctime: bigint) {
    this.rows.setLong(this.row, CTIME, ctime)
  }

  set mtime(mtime: bigint) {
    this.rows.setLong(this.row, MTIME, mtime)
  }
}

/**
 * Node digests, version 2 (DigestCalculator): CRC-32 of path, data and eight fields of the stat, in that order.
 * The tree's digest is their sum modulo 2^64, so a change of one node is one subtraction and one addition.
 */
import { crc32 } from 'node:zlib'
import type { StatPersisted } from '../../jute/generated/data.ts'

export const DIGEST_VERSION = 2

let scratch = Buffer.allocUnsafe(1024)
const stat = Buffer.allocUnsafe(60)
const statView = new DataView(stat.buffer, stat.byteOffset, 60)

/** Nodes below /zookeeper do not count; /zookeeper itself does. */
export function isDigested(path: string): boolean {
  return !path.startsWith('/zookeeper/')
}

/** CRC-32 of the path's UTF-8 bytes and the data: the part of a digest that only setData changes. */
export function contentCrc(path: string, data: Uint8Array | null): number {
  let crc = 0
  if (path !== '/' && path !== '') {
    if (scratch.length < path.length * 3) scratch = Buffer.allocUnsafe(path.length * 4)
    crc = crc32(scratch.subarray(0, scratch.write(path)))
  }
  return data === null || data.length === 0 ? crc : crc32(data, crc)
}

/** The node's digest, an unsigned 32-bit number; `content` as contentCrc gives it. */
export function nodeDigest(content: number, node: StatPersisted): number {
  statView.setBigInt64(0, node.czxid)
  statView.setBigInt64(8, node.mzxid)
  statView.setBigInt64(16, node.pzxid)
  statView.setBigInt64(24, node.ctime)
  statView.setBigInt64(32, node.mtime)
  statView.setInt32(40, node.version)
  statView.setInt32(44, node.cversion)
  statView.setInt32(48, node.aversion)
  statView.setBigInt64(52, node.ephemeralOwner)
  return crc32(stat, content)
}

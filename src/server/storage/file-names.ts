/** Names in `version-2`: which zxid a file stands for, in what order files are read, and how unfinished ones are called. */

import { hex } from '../../base/hex.ts'
import { wait } from '../host/disk-work.ts'
import type { DiskWork } from '../host/disk-work.ts'
import type { Files } from '../host/host.ts'

export type StoredKind = 'log' | 'snapshot'

export interface StoredFile {
  readonly name: string
  readonly zxid: bigint
}

/** What Util.getZxidFromName answers for a name that it cannot read. */
export const NO_ZXID = -1n

/**
 * Files that are not complete yet, or never will be after a crash. A Java server sees neither a log nor a snapshot in
 * them: it reads `snapshot.5.tmp` as snapshot 5, and deletes any `log.*` when it purges.
 */
const UNFINISHED = '.unfinished-'

const LARGEST_ZXID = 0x7fffffffffffffffn

export function logName(zxid: bigint): string {
  return `log.${hex(zxid)}`
}

/** `extension` is 'gz', 'snappy' or '' for none. */
export function snapshotName(zxid: bigint, extension: string): string {
  return `snapshot.${hex(zxid)}${extension === '' ? '' : `.${extension}`}`
}

export function unfinishedName(name: string): string {
  return UNFINISHED + name
}

export function isUnfinished(name: string): boolean {
  return name.startsWith(UNFINISHED)
}

/** As Util.getZxidFromName: the second part as signed hex, parts behind it do not count. NO_ZXID for anything else. */
export function zxidFromName(name: string, kind: StoredKind): bigint {
  const parts = name.split('.')
  if (parts.length < 2 || parts[0] !== kind || !/^[+-]?[0-9a-fA-F]+$/.test(parts[1])) return NO_ZXID
  const negative = parts[1].startsWith('-')
  const magnitude = BigInt(`0x${parts[1].replace(/^[+-]/, '')}`)
  // Long.parseLong reads no two's complement: `snapshot.ffffffffffffffff` cannot be parsed and counts as -1.
  if (magnitude > (negative ? LARGEST_ZXID + 1n : LARGEST_ZXID)) return NO_ZXID
  return negative ? -magnitude : magnitude
}

/** All files of the kind whose zxid can be read, lowest zxid first. */
export function storedFiles(names: string[], kind: StoredKind): StoredFile[] {
  const files: StoredFile[] = []
  for (const name of names) {
    const zxid = zxidFromName(name, kind)
    if (zxid >= 0n) files.push({ name, zxid })
  }
  return files.sort((a, b) => (a.zxid < b.zxid ? -1 : a.zxid > b.zxid ? 1 : compareTies(a.name, b.name)))
}

/**
 * The logs to read for everything from `zxid` on, in order: those named by it or later, and the newest below, which
 * alone can hold what comes before the first of those (FileTxnLog.FileTxnIterator.init).
 */
export function logsFrom(names: string[], zxid: bigint): StoredFile[] {
  const files = storedFiles(names, 'log')
  let first = files.findIndex((file) => file.zxid >= zxid)
  if (first === -1) first = files.length
  return files.slice(Math.max(0, first - 1))
}

/** Removes what a crash left half written. Nothing in the directory may be being written. */
export function* removeUnfinished(files: Files, directory: string): DiskWork<void> {
  for (const name of yield* wait.list(files, directory)) {
    if (isUnfinished(name)) yield* wait.remove(files, `${directory}/${name}`)
  }
}

// `log.5` and a forgotten `log.5.bak` both count as log 5: the longer name goes first, so that the real one, which
// holds at least as much, is the newest.
function compareTies(a: string, b: string): number {
  return b.length - a.length || (a < b ? -1 : 1)
}

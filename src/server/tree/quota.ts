/**
 * The texts of quota nodes and where they stand (StatsTrack, Quotas).
 * Limits of /a/b stand in /zookeeper/quota/a/b/zookeeper_limits, usage in its sibling zookeeper_stats.
 */
import { parentOf, QUOTA_PATH, ZOOKEEPER_PATH } from '../../protocol/paths.ts'

export const LIMITS_NAME = 'zookeeper_limits'
export const STATS_NAME = 'zookeeper_stats'
const LIMITS_SUFFIX = `/${LIMITS_NAME}`
const UNSET = -1

export interface Quota {
  /** -1 = no limit. */
  count: number
  bytes: number
  countHardLimit: number
  byteHardLimit: number
}

export function limitsPath(quotaPath: string): string {
  return `${QUOTA_PATH}${quotaPath}/${LIMITS_NAME}`
}

export function statsPath(quotaPath: string): string {
  return `${QUOTA_PATH}${quotaPath}/${STATS_NAME}`
}

/** The path whose quota a node below /zookeeper/quota with this parent describes. */
export function quotaPathOf(parentPath: string): string {
  return parentPath.slice(QUOTA_PATH.length)
}

export function isQuotaParent(parentPath: string): boolean {
  return parentPath.startsWith(QUOTA_PATH)
}

/**
 * Limits that a Java server dies of, and every restart on its directory: when they are made for no path at all, when they go
 * and stand near the quotas but not among them, when a snapshot is loaded that has them below a name like their own (it takes
 * the first such name on the way for the end of the path), when they go and are those of a path of blanks, which it takes for
 * the root (DataTree.createNode, deleteNode, traverseNode; PathTrie).
 */
export function isPoisonousLimits(path: string): boolean {
  if (!path.startsWith(ZOOKEEPER_PATH) || !path.endsWith(LIMITS_SUFFIX)) return false
  if (!path.startsWith(`${QUOTA_PATH}/`) || path.indexOf(LIMITS_SUFFIX) === QUOTA_PATH.length) return true
  return /^[/ ]*$/.test(quotaPathOf(parentOf(path)))
}

/** Undefined when Java's parser would throw on it. */
export function parseQuota(data: Uint8Array | null): Quota | undefined {
  const pairs = parsePairs(data)
  if (pairs === undefined) return undefined
  const value = (key: string): number => pairs.get(key) ?? UNSET
  return { count: value('count'), bytes: value('bytes'), countHardLimit: value('countHardLimit'), byteHardLimit: value('byteHardLimit') }
}

function parsePairs(data: Uint8Array | null): Map<string, number> | undefined {
  if (data === null) return undefined
  const pairs = new Map<string, number>()
  const text = Buffer.from(data.buffer, data.byteOffset, data.length).toString('utf8')
  if (text.length === 0) return pairs
  for (const pair of splitAsJava(text, /[,;]+/)) {
    const [key, value] = splitAsJava(pair, /=/)
    if (value === undefined || !/^([+-]?\d+)?$/.test(value)) return undefined
    const number = value === '' ? UNSET : Number(value)
    if (!Number.isSafeInteger(number)) return undefined
    pairs.set(key, number)
  }
  return pairs
}

/** String.split: trailing empty parts are dropped, and text without a separator is one part. */
function splitAsJava(text: string, separator: RegExp): string[] {
  const parts = text.split(separator)
  while (parts.length > 1 && parts[parts.length - 1] === '') parts.pop()
  return parts
}

export function usageText(count: number, bytes: number): Buffer {
  return Buffer.from(`count=${count},bytes=${bytes}`)
}

/** The usage with so much added. What a client has put beside it stays, in the order of its names (StatsTrack.toString). */
export function usageChanged(data: Uint8Array | null, countChange: number, bytesChange: number): Buffer {
  // Unreadable usage counts from nothing; Java dies of it, and of the directory ever after.
  const pairs =
    parsePairs(data) ??
    new Map([
      ['count', 0],
      ['bytes', 0],
    ])
  const usage = usageText((pairs.get('count') ?? UNSET) + countChange, (pairs.get('bytes') ?? UNSET) + bytesChange)
  const others = [...pairs.keys()].filter((key) => key !== 'count' && key !== 'bytes').sort()
  return others.length === 0 ? usage : Buffer.from(`${usage.toString()}=${others.map((key) => `;${key}=${pairs.get(key)}`).join('')}`)
}

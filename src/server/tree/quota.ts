/**
 * The texts of quota nodes and where they stand (StatsTrack, Quotas).
 * Limits of /a/b stand in /zookeeper/quota/a/b/zookeeper_limits, usage in its sibling zookeeper_stats.
 */
import { QUOTA_PATH, ZOOKEEPER_PATH } from './paths.ts'

export const LIMITS_NAME = 'zookeeper_limits'
export const STATS_NAME = 'zookeeper_stats'
const LIMITS_SUFFIX = `/${LIMITS_NAME}`

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
 * Limits of no path at all: a Java server that makes such a node of the empty path, or deletes one that stands near the
 * quotas but not among them, dies of it, and so does every restart on its directory.
 */
export function isPoisonousLimits(path: string): boolean {
  if (!path.startsWith(ZOOKEEPER_PATH) || !path.endsWith(LIMITS_SUFFIX)) return false
  return !path.startsWith(QUOTA_PATH) || path === limitsPath('')
}

/** Undefined when Java's parser would throw on it. Null data reads as unset. */
export function parseQuota(data: Uint8Array | null): Quota | undefined {
  const quota: Quota = { count: -1, bytes: -1, countHardLimit: -1, byteHardLimit: -1 }
  if (data === null) return undefined
  const text = Buffer.from(data.buffer, data.byteOffset, data.length).toString('utf8')
  if (text.length === 0) return quota
  for (const pair of splitAsJava(text, /[,;]+/)) {
    const parts = splitAsJava(pair, /=/)
    if (parts.length < 2) return undefined
    if (!/^[+-]?\d+$/.test(parts[1]!)) return undefined
    const value = Number(parts[1])
    if (!Number.isSafeInteger(value)) return undefined
    switch (parts[0]) {
      case 'count':
        quota.count = value
        break
      case 'bytes':
        quota.bytes = value
        break
      case 'countHardLimit':
        quota.countHardLimit = value
        break
      case 'byteHardLimit':
        quota.byteHardLimit = value
        break
    }
  }
  return quota
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

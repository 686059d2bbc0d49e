/** Hard and soft quotas against committed usage (ZooKeeperServer.checkQuota); asked only with `enforceQuota`. */
import { Code } from '../../protocol/codes.ts'
import type { DataTree } from '../tree/data-tree.ts'
import { NO_NODE } from '../tree/node-store.ts'
import { limitsPath, parseQuota, statsPath } from '../tree/quota.ts'
import type { Quota } from '../tree/quota.ts'

export interface QuotaExceeded {
  (quotaPath: string, path: string, what: 'count' | 'bytes', usage: number, limit: number, isHard: boolean): void
}

export function quotaFault(tree: DataTree, path: string, countChange: number, bytesChange: number, onExceeded: QuotaExceeded): Code {
  const quotaPath = tree.quotas.deepest(path)
  if (quotaPath === undefined) return Code.OK
  const limits = quotaAt(tree, limitsPath(quotaPath))
  if (limits === 'missing') return Code.OK
  if (limits === 'unreadable') return Code.MARSHALLINGERROR
  const checksCount = countChange !== 0 && (limits.count > -1 || limits.countHardLimit > -1)
  const checksBytes = bytesChange !== 0 && (limits.bytes > -1 || limits.byteHardLimit > -1)
  if (!checksCount && !checksBytes) return Code.OK
  const usage = quotaAt(tree, statsPath(quotaPath))
  if (usage === 'missing') return Code.OK
  const used = usage === 'unreadable' ? { count: 0, bytes: 0 } : usage

  const exceeds = (what: 'count' | 'bytes', value: number, soft: number, hard: number): boolean => {
    const isHard = hard > -1
    const limit = isHard ? hard : soft
    if (value <= limit) return false
    onExceeded(quotaPath, path, what, value, limit, isHard)
    return isHard
  }
  if (checksCount && exceeds('count', used.count + countChange, limits.count, limits.countHardLimit)) return Code.QUOTAEXCEEDED
  if (checksBytes && exceeds('bytes', used.bytes + bytesChange, limits.bytes, limits.byteHardLimit)) return Code.QUOTAEXCEEDED
  return Code.OK
}

function quotaAt(tree: DataTree, path: string): Quota | 'missing' | 'unreadable' {
  const id = tree.store.find(path)
  return id === NO_NODE ? 'missing' : (parseQuota(tree.store.data(id)) ?? 'unreadable')
}

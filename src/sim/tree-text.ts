/** A replica as text, line by line, to be compared with another one; and with the ledger. */
import { ReplicaImage } from '../server/replica/replica-image.ts'
import type { Replica } from '../server/replica/replica.ts'
import { adler32 } from '../server/storage/adler32.ts'
import type { SnapshotNode } from '../server/storage/image.ts'
import { textOf } from './actions.ts'
import type { Ledger } from './ledger.ts'
import { Violation } from './world.ts'

/** Where clients work; everything else is the server's own. */
const SYSTEM_PATH = '/zookeeper'

function* nodesOf(replica: Replica): IterableIterator<SnapshotNode> {
  const walk = new ReplicaImage(replica).walk()
  const node = { path: '', data: null, aclKey: 0n, stat: {} } as unknown as SnapshotNode
  while (walk.next(node)) yield node
}

/** All that txns make: nodes with their stats, and sessions. */
export function replicaText(replica: Replica): string {
  const lines: string[] = []
  for (const { path, data, stat } of nodesOf(replica)) {
    const { czxid, mzxid, pzxid, ctime, mtime, version, cversion, aversion, ephemeralOwner } = stat
    const content = data === null ? 'null' : `${data.length}:${adler32(data).toString(16)}`
    lines.push(
      `${path === '' ? '/' : path} ${content} c${czxid} m${mzxid} p${pzxid} ${ctime} ${mtime} ` +
        `v${version} cv${cversion} av${aversion} owner ${ephemeralOwner.toString(16)}`,
    )
  }
  for (const { id, timeoutMs } of replica.sessions.all()) lines.push(`session ${id.toString(16)} ${timeoutMs}`)
  return lines.sort().join('\n')
}

/** The lines that are in one text only, for people. */
export function difference(expected: string, found: string): string {
  const [left, right] = [expected.split('\n'), found.split('\n')]
  const only = (mark: string, lines: string[], others: string[]): string[] => {
    const known = new Set(others)
    return lines.filter((line) => !known.has(line)).map((line) => `${mark} ${line}`)
  }
  return [...only('expected', left, right), ...only('found', right, left)].slice(0, 20).join('\n')
}

/** Every node is as the last txn on it left it, and ephemerals have sessions. */
export function compareWithLedger(replica: Replica, ledger: Ledger): void {
  const found = new Map<string, string>()
  for (const { path, data, stat } of nodesOf(replica)) {
    if (path === '' || path.startsWith(SYSTEM_PATH)) continue
    found.set(path, versionText(stat.mzxid, stat.ephemeralOwner, textOf(data)))
    if (stat.ephemeralOwner !== 0n && replica.sessions.get(stat.ephemeralOwner) === undefined) {
      throw new Violation(`${path} is an ephemeral of session ${stat.ephemeralOwner.toString(16)}, which is over`)
    }
  }
  for (const [path, { zxid, data, owner }] of ledger.nodes()) {
    const expected = versionText(zxid, owner, data)
    if (found.get(path) !== expected) {
      throw new Violation(`${path} should be ${expected.slice(0, 60)} and is ${found.get(path)?.slice(0, 60) ?? 'not there'}`)
    }
    found.delete(path)
  }
  for (const path of found.keys()) throw new Violation(`${path} is there and should not be`)
}

function versionText(zxid: bigint, owner: bigint, data: string): string {
  return `zxid ${zxid} ${owner === 0n ? '' : `of session ${owner.toString(16)} `}"${data}"`
}

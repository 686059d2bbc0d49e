/** Whether a history can be cut back to where a leader wants it to end: looked at before anything is removed. */
import { counterOf, follows } from '../../protocol/zxid.ts'
import type { DiskWork } from '../../server/host/disk-work.ts'
import type { TxnLogReader } from '../../server/storage/txn-log-reader.ts'

/**
 * `base`: of the newest snapshot at or below `zxid`; `reader`: of the txns above it. A zxid that names an epoch stands in no log: whatever is below
 * it is what its leader began with. Throws CorruptStorage.
 */
export function* endsAt(zxid: bigint, base: bigint, reader: TxnLogReader): DiskWork<boolean> {
  let last = base
  while (last < zxid && (yield* reader.next()) && reader.zxid <= zxid) {
    if (!follows(last, reader.zxid)) return false
    last = reader.zxid
  }
  return last === zxid || counterOf(zxid) === 0n
}

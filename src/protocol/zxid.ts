/** A zxid has two halves: the epoch of the leader that made the txn, and the place of the txn in that epoch. */
export function epochOf(zxid: bigint): bigint {
  return zxid >> 32n
}

/** The zxid that names the epoch, and no txn. */
export function epochZxid(epoch: bigint): bigint {
  return epoch << 32n
}

/** 0 where the zxid names an epoch and no txn. */
export function counterOf(zxid: bigint): bigint {
  return zxid & 0xffff_ffffn
}

/** Whether `next` can be the txn after `last`: an epoch counts from 1 on, without gaps. */
export function follows(last: bigint, next: bigint): boolean {
  if (epochOf(next) === epochOf(last)) return next === last + 1n
  return epochOf(next) > epochOf(last) && counterOf(next) === 1n
}

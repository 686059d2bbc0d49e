// Txns for tests that care for their zxids and not for what they do.
import type { TxnHeader } from '../../src/jute/generated/txn.ts'
import { OpCode } from '../../src/protocol/codes.ts'
import { TXN_KINDS } from '../../src/server/ops/index.ts'
import type { LoggedTxn } from '../../src/server/txn/logged-txn.ts'
import { encodeTxn } from '../../src/server/txn/txn-codec.ts'

/** `2:5`: txn 5 of epoch 2; `-1` stands for itself. */
export function zxidOf(text: string): bigint {
  const [epoch, counter] = text.split(':')
  return counter === undefined ? BigInt(text) : (BigInt(epoch) << 32n) + BigInt(counter)
}

export function zxidText(zxid: bigint): string {
  return zxid < 0n ? String(zxid) : `${zxid >> 32n}:${zxid & 0xffff_ffffn}`
}

/** A txn that changes nothing. */
export function errorTxn(zxid: bigint): LoggedTxn {
  const header: TxnHeader = { clientId: 7n, cxid: Number(zxid & 0xffffn), zxid, time: 1n, type: OpCode.error }
  return encodeTxn(header, TXN_KINDS.get(OpCode.error)!, { err: -101 }, undefined, undefined)
}

/** As a Java leader proposes it. */
export function reconfigTxn(zxid: bigint, config: string): LoggedTxn {
  const header: TxnHeader = { clientId: 7n, cxid: Number(zxid & 0xffffn), zxid, time: 1n, type: OpCode.reconfig }
  const record = { path: '/zookeeper/config', data: Buffer.from(config), version: -1 }
  return encodeTxn(header, TXN_KINDS.get(OpCode.reconfig)!, record, undefined, undefined)
}

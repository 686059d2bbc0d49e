// Log files put together txn by txn, so that they can hold what no server of today writes.
import type { Codec } from '../../src/jute/codec.ts'
import { CreateTxn, MultiTxn, TxnDigest, TxnHeader } from '../../src/jute/generated/txn.ts'
import { JuteWriter } from '../../src/jute/writer.ts'
import { adler32 } from '../../src/server/storage/adler32.ts'
import { encode } from '../wire/messages.ts'
import { openAcl } from './requests.ts'

/** The body of a txn and its type. */
export interface Written {
  readonly type: number
  readonly body: Uint8Array
  /** Whose txn it is; 0 = the server's. */
  readonly session?: bigint
  readonly zxid?: bigint
  /** Follows the body as the digest of the tree. */
  readonly digest?: bigint
}

const MAGIC = 0x5a4b4c47
const TRAILER = 0x42
export const SESSION = 0x1_0000_1234_0000n
export const TIME = 1_795_000_000_000n

export function written<T>(type: number, codec: Codec<T>, record: T, changes: Partial<Written> = {}): Written {
  return { type, body: encode(codec, record), ...changes }
}

export function creation(path: string, parentCVersion: number, changes: Partial<CreateTxn> = {}): Written {
  return written(1, CreateTxn, { path, data: Buffer.from(path), acl: openAcl, ephemeral: false, parentCVersion, ...changes })
}

export function multi(...parts: readonly Written[]): Written {
  return written(14, MultiTxn, { txns: parts.map(({ type, body }) => ({ type, data: body })) })
}

/** A log with these txns, which have the zxids from `first` on unless they say otherwise. */
export function logOf(txns: readonly Written[], first = 1n, header: { version?: number; dbid?: bigint } = {}): Uint8Array {
  const w = new JuteWriter()
  w.int(MAGIC)
  w.int(header.version ?? 2)
  w.long(header.dbid ?? 0n)
  let zxid = first
  for (const txn of txns) {
    const payload = payloadOf(txn, txn.zxid ?? zxid)
    zxid = (txn.zxid ?? zxid) + 1n
    w.long(BigInt(adler32(payload)))
    w.buffer(payload)
    w.byte(TRAILER)
  }
  return w.copy()
}

function payloadOf({ type, body, session = SESSION, digest }: Written, zxid: bigint): Uint8Array {
  const header = encode(TxnHeader, { clientId: session, cxid: Number(zxid & 0xffffn), zxid, time: TIME + zxid, type })
  const tail = digest === undefined ? new Uint8Array(0) : encode(TxnDigest, { version: 2, treeDigest: BigInt.asIntN(64, digest) })
  return Buffer.concat([header, body, tail])
}

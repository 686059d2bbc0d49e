/** Txns as bytes: header, body by type, and where there is room left, the digest. */
import { CreateTxnV0, TxnDigest, TxnHeader } from '../../jute/generated/txn.ts'
import type { CloseSessionTxn } from '../../jute/generated/txn.ts'
import { MalformedFrame } from '../../jute/malformed-frame.ts'
import type { JuteReader } from '../../jute/reader.ts'
import { JuteWriter } from '../../jute/writer.ts'
import { OpCode } from '../../protocol/codes.ts'
import { TXN_KINDS } from '../ops/index.ts'
import type { AnyTxnKind } from '../ops/op.ts'
import { DIGEST_VERSION } from '../tree/digest.ts'
import type { LoggedTxn } from './logged-txn.ts'
import type { Request } from './request.ts'

/** Version and value. */
const DIGEST_SIZE = 12

/** Txns are encoded one behind the other into slabs of this size: a slab lives as long as any payload in it. */
const SLAB_BYTES = 64 << 10

/** With less left a new slab is begun; what is longer than that makes the slab longer. */
const ROOM_BYTES = 4 << 10

let slab = new JuteWriter({ firstSize: SLAB_BYTES })

/** `digest` undefined = the txn carries none. */
export function encodeTxn(header: TxnHeader, kind: AnyTxnKind, record: unknown, digest: bigint | undefined, request: Request | undefined): LoggedTxn {
  if (slab.position > SLAB_BYTES - ROOM_BYTES) slab = new JuteWriter({ firstSize: SLAB_BYTES })
  const start = slab.position
  TxnHeader.write(slab, header)
  kind.codec.write(slab, record as never)
  if (digest !== undefined) TxnDigest.write(slab, { version: DIGEST_VERSION, treeDigest: digest })
  const payload = new Uint8Array(slab.bytes.buffer, start, slab.position - start)
  return { header, kind, record, digest, payload, request }
}

/** As a server writes it that keeps no digests: for who cannot compare them yet. */
export function withoutDigest(txn: LoggedTxn): LoggedTxn {
  if (txn.digest === undefined) return txn
  return { ...txn, digest: undefined, payload: txn.payload.subarray(0, txn.payload.length - DIGEST_SIZE) }
}

/** Throws MalformedFrame for bytes that are no txn, and for types that do not exist. */
export function decodeTxn(payload: Uint8Array, reader: JuteReader): LoggedTxn {
  reader.reset(payload)
  const header = TxnHeader.read(reader)
  const kind = TXN_KINDS.get(header.type)
  if (kind === undefined) throw new MalformedFrame('value', `Unsupported Txn with type=${header.type}`)
  const record = decodeRecord(kind, reader)
  return { header, kind, record, digest: decodeDigest(reader), payload, request: undefined }
}

function decodeRecord(kind: AnyTxnKind, reader: JuteReader): unknown {
  const start = reader.position
  // A digest alone: Java takes it for a list of two paths and, while the tree is small, refuses to start over it.
  if (kind.type === OpCode.closeSession && reader.remaining === DIGEST_SIZE) return { paths2Delete: null } satisfies CloseSessionTxn
  try {
    return kind.codec.read(reader)
  } catch (error) {
    if (!(error instanceof MalformedFrame) || error.kind !== 'end') throw error
    reader.position = start
    // 3.3 wrote creates without the parent's counter, 3.5 and older closeSessions without a body.
    if (kind.type === OpCode.create) return { ...CreateTxnV0.read(reader), parentCVersion: -1 }
    if (kind.type === OpCode.closeSession) {
      reader.position = reader.end
      return { paths2Delete: null } satisfies CloseSessionTxn
    }
    throw error
  }
}

function decodeDigest(reader: JuteReader): bigint | undefined {
  if (reader.remaining < DIGEST_SIZE) return undefined
  const { version, treeDigest } = TxnDigest.read(reader)
  return version === DIGEST_VERSION ? BigInt.asUintN(64, treeDigest) : undefined
}

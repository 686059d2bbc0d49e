/**
 * Answers that stand in line with a connection's requests without being operations: to auth and SASL packets, to
 * types that do not exist, and to whoever lacks a required identity. Behind a refusal the connection ends.
 */
import { Code, OpCode } from '../../protocol/codes.ts'
import { readOp } from '../ops/op.ts'
import type { AnyOp } from '../ops/op.ts'

function row(type: number, name: string): AnyOp {
  return readOp<undefined>({ kind: 'read', type, name, shortName: 'NA', request: undefined, run: () => Code.OK })
}

const auth = row(OpCode.auth, 'auth')
const sasl = row(OpCode.sasl, 'sasl')
const unimplemented = row(OpCode.error, 'unknown')
const refused = row(OpCode.error, 'refused')
/** No answer: the connection ends when all before it have been answered. */
const hangUp = row(OpCode.error, 'hangUp')

/** What stands in their answers as the zxid. */
const zxids: ReadonlyMap<AnyOp, bigint> = new Map([
  [auth, 0n],
  [sasl, 0n],
  [unimplemented, -1n],
  [refused, 0n],
])

export const PSEUDO_OPS = {
  auth,
  sasl,
  unimplemented,
  refused,
  hangUp,
  /** Undefined for what is an operation. */
  zxidOf: (op: AnyOp): bigint | undefined => zxids.get(op),
}

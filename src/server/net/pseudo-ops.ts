/**
 * Answers that stand in line with a connection's requests without being operations: to auth and SASL packets, to
 * types that do not exist, and to whoever lacks a required identity.
 */
import { Code, OpCode } from '../codes.ts'
import { readOp } from '../ops/op.ts'
import type { AnyOp } from '../ops/op.ts'

export interface PseudoAnswer {
  readonly zxid: bigint
  /** The connection ends behind a refusal. */
  readonly endsOnError: boolean
}

function row(type: number, name: string): AnyOp {
  return readOp<undefined>({ kind: 'read', type, name, shortName: 'NA', request: undefined, run: () => Code.OK })
}

const auth = row(OpCode.auth, 'auth')
const sasl = row(OpCode.sasl, 'sasl')
const unimplemented = row(OpCode.error, 'unknown')
const refused = row(OpCode.error, 'refused')

const answers: ReadonlyMap<AnyOp, PseudoAnswer> = new Map([
  [auth, { zxid: 0n, endsOnError: true }],
  [sasl, { zxid: 0n, endsOnError: true }],
  [unimplemented, { zxid: -1n, endsOnError: true }],
  [refused, { zxid: 0n, endsOnError: true }],
])

export const PSEUDO_OPS = {
  auth,
  sasl,
  unimplemented,
  refused,
  answerOf: (op: AnyOp): PseudoAnswer | undefined => answers.get(op),
}

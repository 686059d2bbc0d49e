// multi and multiRead as a client writes and reads them, independent of the server's own codec for them.
import type { Codec } from '../../src/jute/codec.ts'
import {
  Create2Response,
  CreateResponse,
  ErrorResponse,
  GetChildrenResponse,
  GetDataResponse,
  MultiHeader,
  SetDataResponse,
} from '../../src/jute/generated/proto.ts'
import type { JuteReader } from '../../src/jute/reader.ts'
import { JuteWriter } from '../../src/jute/writer.ts'
import { OpCode } from '../../src/protocol/codes.ts'
import type { Asked } from './requests.ts'

export interface MultiResult {
  readonly type: number
  readonly err: number
  readonly body: unknown
}

const RESULTS: ReadonlyMap<number, Codec<unknown>> = new Map<number, Codec<unknown>>([
  [OpCode.error, ErrorResponse],
  [OpCode.create, CreateResponse],
  [OpCode.create2, Create2Response],
  [OpCode.setData, SetDataResponse],
  [OpCode.getData, GetDataResponse],
  [OpCode.getChildren, GetChildrenResponse],
])

export const MultiResults: Codec<MultiResult[]> = {
  name: 'MultiResults',
  read(r: JuteReader): MultiResult[] {
    const results: MultiResult[] = []
    for (let header = MultiHeader.read(r); !header.done; header = MultiHeader.read(r)) {
      const codec = RESULTS.get(header.type)
      results.push({ type: header.type, err: header.err, body: codec?.read(r) })
    }
    return results
  },
  write(): never {
    throw new Error('clients only read results')
  },
}

export interface MultiOptions {
  /** What stands behind the operations: the usual end, another type with `done`, or nothing. */
  readonly end?: number | 'missing'
}

function list(type: number, ops: readonly Asked[], { end = -1 }: MultiOptions): Asked<MultiResult[]> {
  const w = new JuteWriter()
  for (const op of ops) {
    MultiHeader.write(w, { type: op.type, done: false, err: -1 })
    w.raw(op.body)
  }
  if (end !== 'missing') MultiHeader.write(w, { type: end, done: true, err: -1 })
  return { type, body: w.copy(), response: MultiResults }
}

export const multi = (ops: readonly Asked[], options: MultiOptions = {}) => list(OpCode.multi, ops, options)
export const multiRead = (ops: readonly Asked[], options: MultiOptions = {}) => list(OpCode.multiRead, ops, options)

/** Types and errors only: `1:0` is a good create, `-1:-101` an operation that met no node. */
export function outline(results: readonly MultiResult[]): string {
  return results.map(({ type, err }) => `${type}:${err}`).join(' ')
}

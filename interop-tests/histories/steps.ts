// Steps as a request, and what the answer says of each.
import { CheckVersionRequest, GetDataRequest } from '../../src/jute/generated/proto.ts'
import type { ErrorResponse, GetDataResponse, SetDataResponse } from '../../src/jute/generated/proto.ts'
import { Code, OpCode } from '../../src/protocol/codes.ts'
import { create, remove, setData } from '../storage/requests.ts'
import type { Body, Reply } from '../wire/messages.ts'
import { asked, askedMulti } from '../wire/raw-session.ts'
import type { Asked } from '../wire/raw-session.ts'
import type { Node, Outcome, Step } from './history.ts'

/** One request for all of the steps: either all are reads or none is. */
export function requestOf(steps: readonly Step[]): Asked {
  const requests = steps.map(partOf)
  if (requests.length === 1) return requests[0]
  const multi = askedMulti(requests)
  return steps[0].kind === 'read' ? { ...multi, type: OpCode.multiRead } : multi
}

function partOf(step: Step): Asked {
  switch (step.kind) {
    case 'create':
      return create(step.key, step.value)
    case 'set':
      return setData(step.key, step.value, step.version)
    case 'delete':
      return remove(step.key, step.version)
    case 'check':
      return asked(OpCode.check, CheckVersionRequest, { path: step.key, version: step.version })
    case 'read':
      return asked(OpCode.getData, GetDataRequest, { path: step.key, watch: false })
  }
}

/** What an answer says of each step. */
export function outcomeOf(steps: readonly Step[], { header, body }: Reply): Outcome {
  if (body.kind === 'multi') {
    const results = body.results.slice(0, steps.length).map((result) => result.body)
    const codes = results.map((result) => (result?.codec.name === 'ErrorResponse' ? (result.record as ErrorResponse).err : Code.OK))
    const refused = codes.findIndex((code, index) => code !== Code.OK && !isAbsence(steps[index], code))
    if (refused >= 0) return { kind: 'refused', step: refused, code: known(codes[refused]) }
    return { kind: 'done', nodes: steps.map((step, index) => toldOf(step, codes[index] === Code.OK ? results[index]! : null, codes[index])) }
  }
  const [step] = steps as [Step]
  if (header.err !== Code.OK && !isAbsence(step, header.err)) return { kind: 'refused', step: 0, code: known(header.err) }
  return { kind: 'done', nodes: [toldOf(step, body.kind === 'record' ? body : null, header.err)] }
}

/** A read that finds nothing has an answer all the same. */
function isAbsence({ kind }: Step, code: number): boolean {
  return kind === 'read' && code === Code.NONODE
}

/** What a client may be refused with for what it asks. */
function known(code: number): number {
  if (code === Code.NONODE || code === Code.NODEEXISTS || code === Code.BADVERSION) return code
  throw new Error(`a request is answered with ${code}`)
}

function toldOf(step: Step, body: Body | null, code: number): Node | null | undefined {
  if (isAbsence(step, code)) return null
  if (step.kind === 'read') {
    const { data, stat } = body!.record as GetDataResponse
    return { value: Buffer.from(data!).toString(), version: stat.version }
  }
  if (step.kind === 'set') return { value: step.value, version: (body!.record as SetDataResponse).stat.version }
  return undefined
}

// Operation × reply code: how often a run has seen each pair on the reference server, and which pairs a standalone server can give at all.
import { Code, OpCode } from '../../src/protocol/codes.ts'
import { decodeRequest, typeName } from './requests.ts'
import type { Exchange, Outcome } from './side.ts'
import type { Step } from './steps.ts'

/** A reply code by name, `closed` for none, or what became of a handshake. */
type Result = string

const codeNames = new Map<number, string>(Object.entries(Code).map(([name, code]) => [code, name]))

export class Matrix {
  readonly #counts = new Map<string, Map<Result, number>>()

  /** Takes what the reference server made of a step. */
  count(step: Step, outcome: Outcome): void {
    if (step.kind === 'connect') this.#countConnect(step.slot, outcome)
    for (const exchange of outcome.exchanges) this.#countExchange(exchange)
    for (const lines of outcome.lines) for (const line of lines) this.#countEvent(line)
  }

  /** Adds the counts of another run. */
  merge(other: Matrix): void {
    for (const [operation, results] of other.#counts) for (const [result, count] of results) this.#add(operation, result, count)
  }

  /** Pairs of the specification that were never seen. */
  missing(): string[] {
    return Object.entries(possible).flatMap(([operation, results]) =>
      results.split(' ').flatMap((result) => ((this.#counts.get(operation)?.get(result) ?? 0) === 0 ? [`${operation} → ${result}`] : [])),
    )
  }

  /** Pairs that were seen and that nobody expects: the list is wrong, or the reference is not what it was. */
  unexpected(): string[] {
    return [...this.#counts].flatMap(([operation, results]) => {
      const expected = new Set((possible[operation] ?? '').split(' '))
      return [...results.keys()].filter((result) => !expected.has(result)).map((result) => `${operation} → ${result}`)
    })
  }

  toString(): string {
    const rows = [...this.#counts].sort(([one], [other]) => one.localeCompare(other))
    const width = Math.max(...rows.map(([operation]) => operation.length))
    return rows
      .map(([operation, results]) => {
        const cells = [...results].sort(([, one], [, other]) => other - one).map(([result, count]) => `${result} ${count}`)
        return `${operation.padEnd(width)}  ${cells.join(', ')}`
      })
      .join('\n')
  }

  #countConnect(slot: number, outcome: Outcome): void {
    const refused = outcome.lines[slot].some((line) => line.startsWith('connected'))
    this.#add('handshake', outcome.accepted !== undefined ? 'accepted' : refused ? 'refused' : 'closed')
  }

  #countExchange({ payload, reply }: Exchange): void {
    const request = decodeRequest(payload)!
    const name = typeName(request.type).startsWith('type ') ? 'unknown' : typeName(request.type)
    this.#add(name, reply === undefined ? 'closed' : nameOf(reply.header.err))
    if (reply?.body.kind !== 'multi') return
    reply.body.results.forEach(({ header, body }, at) => {
      const operation = request.operations[at]
      if (operation === undefined || header.done) return
      const failed = header.type === OpCode.error ? (body!.record as { err: number }).err : undefined
      this.#add(`${name}: ${typeName(operation.type)}`, failed === undefined ? 'OK' : failed === Code.OK ? 'undone' : nameOf(failed))
    })
  }

  #countEvent(line: string): void {
    const event = /^event type=(\d)/.exec(line)
    if (event !== null) this.#add(line.endsWith('zxid=-1') ? 'event of setWatches' : 'event', eventNames[Number(event[1])])
  }

  #add(operation: string, result: Result, count = 1): void {
    let results = this.#counts.get(operation)
    if (results === undefined) this.#counts.set(operation, (results = new Map<Result, number>()))
    results.set(result, (results.get(result) ?? 0) + count)
  }
}

const eventNames = ['none', 'Created', 'Deleted', 'DataChanged', 'ChildrenChanged']

function nameOf(code: number): string {
  return codeNames.get(code) ?? String(code)
}

const CREATE = 'OK MARSHALLINGERROR UNIMPLEMENTED BADARGUMENTS NONODE NOAUTH NOCHILDRENFOREPHEMERALS NODEEXISTS INVALIDACL QUOTAEXCEEDED'
const PART_OF_CREATE = 'OK undone RUNTIMEINCONSISTENCY BADARGUMENTS NONODE NOAUTH NOCHILDRENFOREPHEMERALS NODEEXISTS INVALIDACL QUOTAEXCEEDED'
const READ = 'OK MARSHALLINGERROR NONODE NOAUTH'
const WATCHES = 'OK MARSHALLINGERROR NOWATCHER'

/** What a standalone server answers, from the protocol's order of checks for each operation; `closed` is an end without a reply. */
const possible: Readonly<Record<string, string>> = {
  handshake: 'accepted refused closed',
  create: CREATE,
  create2: CREATE,
  createContainer: CREATE,
  createTTL: CREATE,
  delete: 'OK MARSHALLINGERROR BADARGUMENTS NONODE NOAUTH BADVERSION NOTEMPTY',
  setData: 'OK MARSHALLINGERROR BADARGUMENTS NONODE NOAUTH BADVERSION QUOTAEXCEEDED',
  setACL: 'OK MARSHALLINGERROR BADARGUMENTS NONODE NOAUTH BADVERSION INVALIDACL',
  exists: `${READ} BADARGUMENTS`,
  getData: READ,
  getChildren: READ,
  getChildren2: READ,
  getACL: READ,
  getAllChildrenNumber: READ,
  getEphemerals: 'OK MARSHALLINGERROR',
  sync: 'OK MARSHALLINGERROR',
  whoAmI: 'OK',
  ping: 'OK',
  multi: 'OK MARSHALLINGERROR',
  multiRead: 'OK MARSHALLINGERROR',
  'multi: create': PART_OF_CREATE,
  'multi: create2': PART_OF_CREATE,
  'multi: createContainer': PART_OF_CREATE,
  'multi: createTTL': `${PART_OF_CREATE} UNIMPLEMENTED`,
  'multi: delete': 'OK undone RUNTIMEINCONSISTENCY BADARGUMENTS NONODE NOAUTH BADVERSION NOTEMPTY',
  'multi: setData': 'OK undone RUNTIMEINCONSISTENCY BADARGUMENTS NONODE NOAUTH BADVERSION QUOTAEXCEEDED',
  'multi: check': 'OK undone RUNTIMEINCONSISTENCY BADARGUMENTS NONODE NOAUTH BADVERSION',
  'multiRead: getData': 'OK NONODE NOAUTH',
  'multiRead: getChildren': 'OK NONODE NOAUTH',
  addWatch: 'OK MARSHALLINGERROR',
  checkWatches: WATCHES,
  removeWatches: WATCHES,
  setWatches: 'OK MARSHALLINGERROR',
  setWatches2: 'OK MARSHALLINGERROR',
  reconfig: 'MARSHALLINGERROR UNIMPLEMENTED RECONFIGDISABLED',
  auth: 'OK AUTHFAILED closed',
  sasl: 'OK closed',
  check: 'UNIMPLEMENTED',
  deleteContainer: 'closed',
  unknown: 'UNIMPLEMENTED',
  closeSession: 'OK',
  event: 'Created Deleted DataChanged ChildrenChanged',
  'event of setWatches': 'Created Deleted DataChanged ChildrenChanged',
}

// strace's output read back: calls, each with its beginning and its end in the order in which the kernel and the process saw them. A thread does
// not go on before strace has written down the end of its call, so what stands behind the end of a sync in the file came after it.

export interface Call {
  readonly name: string
  /** As strace prints them; while the call is under way those that go in, then with what came out. */
  args: string
  /** `-1` for a failure; NaN while the call is under way, and for ever if the process ended in it. */
  result: number
  /** `EIO` and the like. */
  error: string | undefined
  /** strace made it fail. */
  injected: boolean
}

export interface TraceEvent {
  readonly kind: 'begin' | 'end'
  readonly call: Call
}

const LINE = /^(\d+) +\d+\.\d+ (.*)$/
const WHOLE = /^(\w+)\((.*)\) += (\?|-?\d+|0x[0-9a-f]+)(?:<[^>]*>)?(?: (E[A-Z0-9]+))?(.*)$/
const BEGUN = /^(\w+)\((.*) <unfinished \.\.\.>$/
const ENDED = /^<\.\.\. \w+ resumed>(.*)\) += (\?|-?\d+|0x[0-9a-f]+)(?:<[^>]*>)?(?: (E[A-Z0-9]+))?(.*)$/

/** Signals, ends of threads, and `???()`: a call at whose door the thread was killed. */
const NO_CALL = /^(---|\+\+\+|\?\?\?|<\.\.\. \?\?\? resumed>)/

/** Everything that happened, in order. */
export function* readTrace(text: string): Generator<TraceEvent> {
  const begun = new Map<string, Call>()
  for (const line of text.split('\n')) {
    const [, thread, rest] = LINE.exec(line) ?? []
    if (thread === undefined || rest === undefined || NO_CALL.test(rest)) continue
    const unfinished = BEGUN.exec(rest)
    if (unfinished !== null) {
      const call: Call = { name: unfinished[1], args: unfinished[2], result: NaN, error: undefined, injected: false }
      begun.set(thread, call)
      yield { kind: 'begin', call }
      continue
    }
    const [, name, wholeArgs, ...outcome] = WHOLE.exec(rest) ?? []
    if (name !== undefined) {
      const call: Call = { name, args: wholeArgs, result: NaN, error: undefined, injected: false }
      yield { kind: 'begin', call }
      yield end(call, outcome)
      continue
    }
    const [, moreArgs, ...lateOutcome] = ENDED.exec(rest) ?? []
    const call = begun.get(thread)
    if (moreArgs === undefined || call === undefined) throw new Error(`a line that is no call: ${line.slice(0, 300)}`)
    begun.delete(thread)
    call.args += moreArgs
    yield end(call, lateOutcome)
  }
}

function end(call: Call, [result, error, remarks]: (string | undefined)[]): TraceEvent {
  if (result !== '?') call.result = Number(result)
  call.error = error
  call.injected = remarks?.includes('(INJECTED)') ?? false
  return { kind: 'end', call }
}

/** What the descriptor in the first argument stands for: a path, or `socket:[12345]`. */
export function descriptorOf({ args }: Call): string {
  return unescaped(/^\d+<([^>]*)>/.exec(args)?.[1] ?? '')
}

/** The arguments in quotation marks, one behind the other: what a write takes, what a read has given, the paths of a rename. */
export function stringsOf({ args }: Call): Buffer[] {
  return Array.from(args.matchAll(/"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?/g), ([, escaped, cut]) => {
    if (cut !== undefined) throw new Error('a buffer in the trace is cut off')
    return bytesOf(escaped)
  })
}

/** The last argument, a number. */
export function lastNumberOf({ args }: Call): number {
  return Number(/(\d+)$/.exec(args)?.[1])
}

/** The file or socket that a call is about. */
export function subjectOf(call: Call): string {
  return descriptorOf(call) || String(stringsOf(call)[0] ?? '')
}

/** The calls that were made to fail, with what they were about. */
export function injectedCalls(text: string): string[] {
  return [...readTrace(text)].filter(({ kind, call }) => kind === 'end' && call.injected).map(({ call }) => `${call.name} ${subjectOf(call)}`)
}

function unescaped(text: string): string {
  return text.startsWith('\\x') ? bytesOf(text).toString() : text
}

function bytesOf(escaped: string): Buffer {
  return Buffer.from(escaped.replaceAll('\\x', ''), 'hex')
}

/**
 * Checks the arguments of the embedding API before the API uses them: a value of a wrong type is a TypeError, a value out of bounds a RangeError, and
 * the message names the argument, what it must be and what it was. Values may come from another realm, as in Jest, so no check looks at a
 * constructor.
 */
import { inspect } from 'node:util'
import { isMap } from 'node:util/types'

/** What is wrong with a value: its type or its range, and what it must be, to follow "must be". */
export interface Complaint {
  readonly kind: 'type' | 'range'
  readonly wanted: string
  /** Path of the wrong part within the argument: `[2].host`. */
  readonly path?: string
  /** The wrong part. */
  readonly part?: unknown
}

/** Undefined = the value will do. */
export type Check = (value: unknown) => Complaint | undefined
export type CheckTable = Readonly<Record<string, Check>>

const LONGEST_SHOWN = 80

/** Throws TypeError or RangeError. */
export function judge(name: string, value: unknown, check: Check): void {
  const complaint = check(value)
  if (complaint === undefined) return
  const { kind, wanted, path = '' } = complaint
  const wrong = 'part' in complaint ? complaint.part : value
  const text = `${name}${path} must be ${wanted}, got ${shown(wrong)}`
  throw kind === 'type' ? new TypeError(text) : new RangeError(text)
}

/** Judges an object of options; an option that is undefined counts as left out. `otherwise` gives advice on an unknown name. */
export function judgeOptions(name: string, value: unknown, checks: CheckTable, otherwise: (unknown: string) => string | undefined = () => undefined): void {
  judge(name, value, record)
  for (const [key, each] of Object.entries(value as object) as [string, unknown][]) {
    const check = Object.hasOwn(checks, key) ? checks[key] : undefined
    if (check !== undefined) {
      if (each !== undefined) judge(`${name}.${key}`, each, check)
      continue
    }
    const advice = otherwise(key) ?? nameLike(key, Object.keys(checks)) ?? `there are ${Object.keys(checks).join(', ')}`
    throw new TypeError(`${name} has no ${shown(key)}, got ${shown(each)}: ${advice}`)
  }
}

function nameLike(name: string, names: readonly string[]): string | undefined {
  const plain = (text: string): string => text.toLowerCase().replaceAll(/[^a-z0-9]/g, '')
  const likes = names.filter((each) => plain(each) === plain(name) || plain(name).startsWith(plain(each)) || plain(each).startsWith(plain(name)))
  return likes.length === 0 || likes.length > 3 ? undefined : `did you mean ${likes.join(' or ')}?`
}

/** In one short line. */
export function shown(value: unknown): string {
  const text = inspect(value, { depth: 1, breakLength: Infinity, maxArrayLength: 5, maxStringLength: LONGEST_SHOWN })
  return text.length <= LONGEST_SHOWN + 2 ? text : `${text.slice(0, LONGEST_SHOWN)}…`
}

export const record: Check = (value) => (isRecord(value) ? undefined : { kind: 'type', wanted: 'an object' })

export const map: Check = (value) => (isMap(value) ? undefined : { kind: 'type', wanted: 'a Map' })

export const boolean: Check = (value) => (typeof value === 'boolean' ? undefined : { kind: 'type', wanted: 'true or false' })

export const text: Check = (value) => (typeof value === 'string' ? undefined : { kind: 'type', wanted: 'text' })

/** Text that is not empty and holds no NUL, which no file name may. */
export const name: Check = (value) => {
  const wanted = 'text that is not empty'
  if (typeof value !== 'string') return { kind: 'type', wanted }
  return value === '' || value.includes('\0') ? { kind: 'range', wanted } : undefined
}

/** A whole number from the least to the most, both included. */
export function whole(least: number, most: number): Check {
  const wanted = `a whole number from ${least} to ${most}`
  return (value) => {
    if (typeof value !== 'number') return { kind: 'type', wanted }
    return Number.isInteger(value) && value >= least && value <= most ? undefined : { kind: 'range', wanted }
  }
}

/** A number with or without a fraction, neither NaN nor infinite. */
export function finite(most = Infinity): Check {
  const wanted = `a finite number${most === Infinity ? '' : ` of at most ${most}`}`
  return (value) => {
    if (typeof value !== 'number') return { kind: 'type', wanted }
    return Number.isFinite(value) && value <= most ? undefined : { kind: 'range', wanted }
  }
}

export function oneOf(...values: readonly string[]): Check {
  const wanted = values.length === 1 ? shown(values[0]) : `one of ${values.map((each) => shown(each)).join(', ')}`
  return (value) => (values.some((each) => each === value) ? undefined : { kind: typeof value === 'string' ? 'range' : 'type', wanted })
}

export function listOf(check: Check): Check {
  return (value) => {
    if (!Array.isArray(value)) return { kind: 'type', wanted: 'a list' }
    return firstComplaint(value.map((each, index) => [`[${index}]`, each, check]))
  }
}

/** An object with these fields; those that may be left out take undefined. */
export function fields(checks: CheckTable): Check {
  return (value) => {
    if (!isRecord(value)) return { kind: 'type', wanted: `an object with ${Object.keys(checks).join(', ')}` }
    return firstComplaint(Object.entries(checks).map(([key, check]) => [`.${key}`, value[key], check]))
  }
}

/** An object with these methods. */
export function having(what: string, ...methods: readonly string[]): Check {
  const wanted = `${what}, with ${methods.join(', ')}`
  return (value) => (isRecord(value) && methods.every((method) => typeof value[method] === 'function') ? undefined : { kind: 'type', wanted })
}

/** A pino logger, by the methods that the library calls. */
export const logger = having('a pino logger', 'debug', 'info', 'warn', 'error', 'fatal', 'child')

export function optional(check: Check): Check {
  return (value) => (value === undefined ? undefined : check(value))
}

export function both(first: Check, second: Check): Check {
  return (value) => first(value) ?? second(value)
}

export function firstComplaint(parts: readonly (readonly [path: string, value: unknown, check: Check])[]): Complaint | undefined {
  for (const [path, part, check] of parts) {
    const complaint = check(part)
    if (complaint !== undefined) return { part, ...complaint, path: `${path}${complaint.path ?? ''}` }
  }
  return undefined
}

/** Not a list, which is an object as well. */
function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

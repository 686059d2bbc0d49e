/**
 * How each field of the settings is read. A group of fields (client port, storage, …) has one table with a row for
 * every field, so that the compiler asks for the key of a new field. Two kinds of key exist, as in Java: typed keys
 * are known to the parser of zoo.cfg; every other line of the file becomes a property `zookeeper.<key>`, which a
 * `-D` token may set as well.
 */
import { ConfigRefused } from './config-refused.ts'
import { decodeInt32, decodeInt64, isTrue, parseDouble, parseInt32, parseInt64, splitLikeJava } from './java-values.ts'

/** Log lines that come of reading the settings, by level. */
export interface Remarks {
  readonly notices: string[]
  readonly warnings: string[]
  readonly errors: string[]
}

export interface TypedRow<T> {
  readonly kind: 'typed'
  readonly key: string
  /** The property that counts where the file has no such line. */
  readonly instead: PropertyRow<T> | undefined
  /** What a value has to be, for whoever wrote another. */
  readonly must: string
  read(value: string, remarks: Remarks): T
}

export interface PropertyRow<T> {
  readonly kind: 'property'
  /** Full property names, the first that is set counts. */
  readonly names: readonly string[]
  /** What a value has to be; undefined = anything goes, or `read` complains itself. */
  readonly must: string | undefined
  /** Whether the value is one, where `read` makes the best of any. */
  readonly fits?: (value: string) => boolean
  /** Undefined = the default. */
  read(value: string, remarks: Remarks): T | undefined
}

/** Worked out by the loader from several keys. */
export interface DerivedRow {
  readonly kind: 'derived'
}

export type Row<T> = TypedRow<T> | PropertyRow<T> | DerivedRow
export type KeyTable<S> = { readonly [F in keyof S]: Row<S[F]> }

export const derived: DerivedRow = { kind: 'derived' }

const A_NUMBER = 'be a number'
const TRUE_OR_FALSE = 'be true or false'

export function typed<T>(key: string, must: string, read: (value: string, remarks: Remarks) => T, instead?: PropertyRow<T>): TypedRow<T> {
  return { kind: 'typed', key, must, instead, read }
}

export function typedInt(key: string, instead?: PropertyRow<number>): TypedRow<number> {
  return typed(key, A_NUMBER, parseInt32, instead)
}

export function typedLong(key: string): TypedRow<number> {
  return typed(key, A_NUMBER, parseInt64)
}

export function typedText(key: string): TypedRow<string> {
  return typed(key, 'be a text', (value) => value)
}

/** As InetAddress.getByName: an IPv6 address may stand in brackets, and nothing is the loopback. */
export function typedHost(key: string): TypedRow<string> {
  return typed(key, 'be a host', (value) => (value === '' ? '127.0.0.1' : value.replace(/^\[([^\]]*:[^\]]*)\]$/, '$1')))
}

export function typedBoolean(key: string, instead?: PropertyRow<boolean>): TypedRow<boolean> {
  return typed(key, TRUE_OR_FALSE, (value) => readBoolean(key, value), instead)
}

function readBoolean(key: string, value: string): boolean {
  const lower = value.toLowerCase()
  if (lower === 'true' || lower === 'false') return lower === 'true'
  throw new ConfigRefused('config', `Invalid option ${value} for ${key}. Choose 'true' or 'false.'`)
}

/** A property `zookeeper.<key>`; `others` are full names that count where it is not set. */
export function property<T>(key: string, read: (value: string, remarks: Remarks) => T | undefined, others: string[] = []): PropertyRow<T> {
  return { kind: 'property', names: [`zookeeper.${key}`, ...others], must: undefined, read }
}

/** A property without the prefix `zookeeper.`: in Java it can be set by `-D` only. */
export function bareProperty<T>(name: string, read: (value: string, remarks: Remarks) => T | undefined): PropertyRow<T> {
  return { kind: 'property', names: [name], must: undefined, read }
}

/** Of a row that reads a number: garbage is complained about before the default is taken, which Java does without a word. */
export function numeric(row: PropertyRow<number>): PropertyRow<number> {
  return { ...row, must: A_NUMBER }
}

/** A smaller number stands for the default, with a warning: nothing sensible can be done with it. */
export function atLeast(least: number, row: PropertyRow<number>): PropertyRow<number> {
  const read = (value: string, remarks: Remarks): number | undefined => {
    const number = row.read(value, remarks)
    return number === undefined || number >= least ? number : undefined
  }
  return { ...row, must: `be a number of ${least} or more`, read }
}

export function intProperty(key: string, others: string[] = []): PropertyRow<number> {
  return numeric(property(key, decodeInt32, others))
}

export function longProperty(key: string, others: string[] = []): PropertyRow<number> {
  return numeric(property(key, decodeInt64, others))
}

export function booleanProperty(key: string): PropertyRow<boolean> {
  return { ...property(key, isTrue), must: TRUE_OR_FALSE, fits: (value) => /^(?:true|false)$/i.test(value) }
}

export function textProperty(key: string): PropertyRow<string> {
  return property(key, (value) => value)
}

/** A property read by Double.parseDouble in a static block: garbage ends the start. */
export function doubleProperty(key: string): PropertyRow<number> {
  const row = property<number>(key, (value) => {
    const number = parseDouble(value)
    if (number === undefined) throw new ConfigRefused('unexpected', `For input string: "${value}"`)
    return number
  })
  return numeric(row)
}

/** One of our own limits: a whole number above zero, `tskeeper.<key>` in the file and as a `-D` token. */
export function ownLimit(key: string): PropertyRow<number> {
  const name = `tskeeper.${key}`
  return property(
    name,
    (value, remarks) => {
      const number = decodeInt64(value)
      if (number !== undefined && number > 0) return number
      remarks.warnings.push(`${name} must be a whole number above 0, got ${value}; using the default`)
      return undefined
    },
    [name],
  )
}

/** Comma-separated, blanks trimmed, as `value.split(",")` in Java. */
export function commaList(value: string): string[] {
  return splitLikeJava(value, ',').map((item) => item.trim())
}

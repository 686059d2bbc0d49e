/**
 * Texts to values by the rules of the Java library, which differ by the way a key is read: typed keys of zoo.cfg go
 * through Integer.parseInt and refuse the start when they are wrong, properties through Integer.getInteger and
 * friends, which fall back to the default without a word.
 */

/** What is wrong with a line, for the person who wrote it; Java tells the value at the most. */
export interface Complaint {
  readonly key: string
  readonly value: string
  /** What the value has to be: `be a number`. */
  readonly must: string
}

/** A value that Java answers with an IllegalArgumentException; the loader turns it into a refusal. */
export class IllegalValue extends Error {
  /** Undefined = the message says it all. */
  complaint: Complaint | undefined

  constructor(message: string, complaint?: Complaint) {
    super(message)
    this.complaint = complaint
  }
}

const INT_RANGE = 2n ** 31n
const LONG_RANGE = 2n ** 63n

/** As Integer.parseInt: decimal only. */
export function parseInt32(text: string): number {
  return numberOrIllegal(plainInt32(text), text)
}

/** As Long.parseLong; beyond 2^53 the nearest number. */
export function parseInt64(text: string): number {
  return numberOrIllegal(plainInt64(text), text)
}

/** As Integer.parseInt, but undefined where that throws. */
export function plainInt32(text: string): number | undefined {
  return plain(text, INT_RANGE)
}

/** As Long.parseLong, but undefined where that throws. */
export function plainInt64(text: string): number | undefined {
  return plain(text, LONG_RANGE)
}

/** As Long.parseLong with radix 16. */
export function parseHex64(text: string): bigint {
  const match = /^([+-]?)([0-9a-fA-F]+)$/.exec(text)
  const size = BigInt(`0x${match?.[2] ?? '0'}`)
  const value = match?.[1] === '-' ? -size : size
  if (match === null || value < -LONG_RANGE || value >= LONG_RANGE) throw new IllegalValue(`For input string: "${text}" under radix 16`)
  return value
}

function plain(text: string, range: bigint): number | undefined {
  if (!/^[+-]?[0-9]+$/.test(text)) return undefined
  const value = BigInt(text.replace(/^\+/, ''))
  return value >= -range && value < range ? Number(value) : undefined
}

function numberOrIllegal(value: number | undefined, text: string): number {
  if (value === undefined) throw new IllegalValue(`For input string: "${text}"`)
  return value
}

/** As Integer.decode: decimal, hexadecimal after `0x`, `0X` or `#`, octal after `0`; undefined when it is no such number. */
export function decodeInt32(text: string): number | undefined {
  return decode(text, INT_RANGE)
}

/** As Long.decode; beyond 2^53 the nearest number. */
export function decodeInt64(text: string): number | undefined {
  return decode(text, LONG_RANGE)
}

function decode(text: string, range: bigint): number | undefined {
  const match = /^([+-]?)(?:(?:0[xX]|#)([0-9a-fA-F]+)|0([0-7]+)|([0-9]+))$/.exec(text)
  if (match === null) return undefined
  const [, sign, hex, octal, decimal] = match
  if (decimal !== undefined && decimal.length > 1 && decimal.startsWith('0')) return undefined
  const size = BigInt(hex !== undefined ? `0x${hex}` : octal !== undefined ? `0o${octal}` : decimal)
  const value = sign === '-' ? -size : size
  return value >= -range && value < range ? Number(value) : undefined
}

/** As Double.parseDouble, for the forms people write. */
export function parseDouble(text: string): number | undefined {
  return /^\s*[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[dDfF]?\s*$/.test(text) ? Number.parseFloat(text.trim()) : undefined
}

/** As Boolean.parseBoolean. */
export function isTrue(text: string): boolean {
  return text.toLowerCase() === 'true'
}

/** As String.split with a plain separator: empty pieces at the end do not count. */
export function splitLikeJava(text: string, separator: string): string[] {
  const pieces = text.split(separator)
  while (pieces.length > 1 && pieces.at(-1) === '') pieces.pop()
  return pieces
}

/**
 * Strings to bytes and back the way Java sees them. Decoding is `new String(bytes, UTF_8)`: Node's decoder does it for
 * well-formed bytes, and a decoder of our own counts U+FFFD as Java does for the rest. Encoding is UTF-8, or on demand
 * the encoding of Apache's BinaryOutputArchive, which writes each half of a surrogate pair by itself (CESU-8).
 */

import type { Buffer } from 'node:buffer'

const REPLACEMENT = '\ufffd'

/** Up to here four characters at a time beat the call into Node (bench/jute.mjs). */
const SHORT_READ = 12
/** Up to here a loop beats the call into Node (bench/jute.mjs). */
const SHORT_WRITE = 24

/** The text in `bytes[start, end)`. */
export function decodeUtf8(bytes: Buffer, start: number, end: number): string {
  if (end - start <= SHORT_READ) {
    const text = decodeShortAscii(bytes, start, end)
    if (text !== undefined) return text
  }
  const text = bytes.toString('utf8', start, end)
  // Node and Java agree unless bytes are invalid; then both put U+FFFD, but not equally many.
  return text.includes(REPLACEMENT) ? decodeLikeJava(bytes, start, end) : text
}

function decodeShortAscii(bytes: Buffer, start: number, end: number): string | undefined {
  let text = ''
  let at = start
  for (; at + 4 <= end; at += 4) {
    const a = bytes[at]
    const b = bytes[at + 1]
    const c = bytes[at + 2]
    const d = bytes[at + 3]
    if ((a | b | c | d) > 0x7f) return undefined
    text += String.fromCharCode(a, b, c, d)
  }
  for (; at < end; at++) {
    const unit = bytes[at]
    if (unit > 0x7f) return undefined
    text += String.fromCharCode(unit)
  }
  return text
}

/** Decodes one character at a time; only for text that holds U+FFFD or invalid bytes. */
function decodeLikeJava(bytes: Buffer, start: number, end: number): string {
  let text = ''
  let at = start
  while (at < end) {
    const length = validLength(bytes, at, end)
    if (length > 0) {
      text += String.fromCodePoint(codePoint(bytes, at, length))
      at += length
    } else {
      text += REPLACEMENT
      at -= length
    }
  }
  return text
}

/** Bytes of the character at `at`, or, negated, how many bytes Java replaces by one U+FFFD there. */
function validLength(bytes: Buffer, at: number, end: number): number {
  const lead = bytes[at]
  if (lead < 0x80) return 1
  if (lead < 0xc2 || lead > 0xf4) return -1
  const length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
  // The longest beginning of a character, as String.decodeUTF8's malformed3 and malformed4 measure it …
  let good = 1
  while (good < length && at + good < end && continues(lead, good, bytes[at + good])) good++
  if (good < length) return -good
  // … but a surrogate is one character too many, and goes as a whole.
  return lead === 0xed && bytes[at + 1] >= 0xa0 ? -3 : length
}

/** Whether `byte` may stand `index` bytes behind `lead`: no overlong forms, nothing above U+10FFFF. */
function continues(lead: number, index: number, byte: number): boolean {
  if ((byte & 0xc0) !== 0x80) return false
  if (index > 1) return true
  if (lead === 0xe0) return byte >= 0xa0
  if (lead === 0xf0) return byte >= 0x90
  if (lead === 0xf4) return byte <= 0x8f
  return true
}

function codePoint(bytes: Buffer, at: number, length: number): number {
  if (length === 1) return bytes[at]
  let value = bytes[at] & (0x7f >> length)
  for (let index = 1; index < length; index++) value = (value << 6) | (bytes[at + index] & 0x3f)
  return value
}

/** How a character above U+FFFF is written: as one sequence of four bytes, or as two of three like Apache's writer. */
export type Supplementary = 'utf8' | 'cesu8'

/** Writes `text` at `at`, where 3 bytes per UTF-16 unit must be free, and returns the number of bytes written. */
export function encodeUtf8(bytes: Buffer, at: number, text: string, supplementary: Supplementary): number {
  if (text.length <= SHORT_WRITE && encodeShortAscii(bytes, at, text)) return text.length
  const written = bytes.write(text, at, 'utf8')
  return written === text.length || supplementary === 'utf8' ? written : encodeUnits(bytes, at, text)
}

function encodeShortAscii(bytes: Buffer, at: number, text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    if (unit > 0x7f) return false
    bytes[at + index] = unit
  }
  return true
}

// As BinaryOutputArchive.stringToByteBuffer: every UTF-16 unit by itself.
function encodeUnits(bytes: Buffer, start: number, text: string): number {
  let at = start
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    if (unit < 0x80) {
      bytes[at++] = unit
    } else if (unit < 0x800) {
      bytes[at++] = 0xc0 | (unit >> 6)
      bytes[at++] = 0x80 | (unit & 0x3f)
    } else {
      bytes[at++] = 0xe0 | (unit >> 12)
      bytes[at++] = 0x80 | ((unit >> 6) & 0x3f)
      bytes[at++] = 0x80 | (unit & 0x3f)
    }
  }
  return at - start
}

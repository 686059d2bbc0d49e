/**
 * Java's properties syntax, the language of zoo.cfg, as java.util.Properties.load reads it. The library splits
 * keys from values and resolves escapes; line ends, continuation and the check of \u escapes are done here,
 * because the library joins lines differently (`\` before CR, `\` before a comment) and lets a broken \u pass.
 */
import { parseLines } from 'dot-properties'

/** A `\u` without four hex digits; Java refuses the whole file for it. */
export class MalformedProperties extends Error {}

export interface PropertyLine {
  readonly key: string
  readonly value: string
  /** Of the line it begins on, from 1. */
  readonly number: number
}

/**
 * The pairs of a file in the order in which the keys first appear; of a key given twice the last value counts.
 * `text` holds one character per byte of the file (ISO-8859-1).
 */
export function parseProperties(text: string): Map<string, string> {
  return new Map(propertyLines(text).map(({ key, value }) => [key, value]))
}

/** Every pair with the number of its line. */
export function propertyLines(text: string): PropertyLine[] {
  const lines: PropertyLine[] = []
  for (const { line, number } of logicalLines(text)) {
    if (line.startsWith('#') || line.startsWith('!')) continue
    if (/^(?:[^\\]|\\[^u]|\\u[0-9a-fA-F]{4})*\\u(?![0-9a-fA-F]{4})/.test(line)) throw new MalformedProperties('Malformed \\uxxxx encoding.')
    const [pair] = parseLines(line)
    lines.push({ key: pair?.[0] ?? '', value: pair?.[1] ?? '', number })
  }
  return lines
}

/**
 * Lines with their continuations joined and leading blanks gone; blank lines are left out. (A lone `\\` on the last line,
 * which Java takes for an empty key with an empty value, is left out too.)
 */
function logicalLines(text: string): { line: string; number: number }[] {
  const lines: { line: string; number: number }[] = []
  let joined = ''
  let number = 0
  for (const [index, natural] of text.split(/\r\n|\r|\n/).entries()) {
    if (joined === '') number = index + 1
    const line = natural.replace(/^[ \t\f]+/, '')
    // As Properties.LineReader: while nothing has been collected, a comment sign still makes the line a comment.
    const comment = joined === '' && /^[#!]/.test(line)
    const continues = !comment && /(?:^|[^\\])(?:\\\\)*\\$/.test(line)
    joined += continues ? line.slice(0, -1) : line
    if (continues) continue
    if (joined !== '') lines.push({ line: joined, number })
    joined = ''
  }
  if (joined !== '') lines.push({ line: joined, number })
  return lines
}

/**
 * Java's properties syntax, the language of zoo.cfg, as java.util.Properties.load reads it. The library splits
 * keys from values and resolves escapes; line ends, continuation and the check of \u escapes are done here,
 * because the library joins lines differently (`\` before CR, `\` before a comment) and lets a broken \u pass.
 */
import { parseLines } from 'dot-properties'

/** A `\u` without four hex digits; Java refuses the whole file for it. */
export class MalformedProperties extends Error {}

/**
 * The pairs of a file in the order in which the keys first appear; of a key given twice the last value counts.
 * `text` holds one character per byte of the file (ISO-8859-1).
 */
export function parseProperties(text: string): Map<string, string> {
  const pairs = new Map<string, string>()
  for (const line of logicalLines(text)) {
    if (line.startsWith('#') || line.startsWith('!')) continue
    if (/^(?:[^\\]|\\[^u]|\\u[0-9a-fA-F]{4})*\\u(?![0-9a-fA-F]{4})/.test(line)) throw new MalformedProperties('Malformed \\uxxxx encoding.')
    const [pair] = parseLines(line)
    pairs.set(pair?.[0] ?? '', pair?.[1] ?? '')
  }
  return pairs
}

/**
 * Lines with their continuations joined and leading blanks gone; blank lines are left out. (A lone `\\` on the last line,
 * which Java takes for an empty key with an empty value, is left out too.)
 */
function logicalLines(text: string): string[] {
  const lines: string[] = []
  let joined = ''
  for (const natural of text.split(/\r\n|\r|\n/)) {
    const line = natural.replace(/^[ \t\f]+/, '')
    // As Properties.LineReader: while nothing has been collected, a comment sign still makes the line a comment.
    const comment = joined === '' && /^[#!]/.test(line)
    const continues = !comment && /(?:^|[^\\])(?:\\\\)*\\$/.test(line)
    joined += continues ? line.slice(0, -1) : line
    if (continues) continue
    if (joined !== '') lines.push(joined)
    joined = ''
  }
  if (joined !== '') lines.push(joined)
  return lines
}

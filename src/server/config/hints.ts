/** From a complaint about a value to the sentence that names file, line and key, which Java's refusals do not. */
import { ConfigRefused } from './config-refused.ts'
import { IllegalValue } from './java-values.ts'
import type { Complaint } from './java-values.ts'
import type { PropertyLine } from './properties.ts'

/** What the work throws carries the complaint, unless it has one of its own. */
export function complaining<T>(complaint: Complaint, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof IllegalValue || error instanceof ConfigRefused) error.complaint ??= complaint
    throw error
  }
}

/** `zoo.cfg:1: tickTime must be a number, got 'abc'`; of a key given twice the last line counts. */
export function hintFor({ key, value, must }: Complaint, path: string | undefined, lines: readonly PropertyLine[]): string {
  const line = lines.findLast((each) => each.key.trim() === key)
  const place = path === undefined ? '' : line === undefined ? `${path}: ` : `${path}:${line.number}: `
  const comment = /\s#/.test(value) ? '; a comment needs a line of its own' : ''
  return `${place}${key} must ${mustFor(must, value)}, got '${value}'${comment}`
}

/** A number that is one, and still is wrong, is too large. */
function mustFor(must: string, value: string): string {
  return must === 'be a number' && /^[+-]?[0-9]+$/.test(value) ? 'be a smaller number' : must
}

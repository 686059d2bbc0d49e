/** Assertions stay on in production: a broken invariant ends the process, and the log on disk makes that safe. */

export class AssertionError extends Error {}

/** Throws AssertionError saying `why` unless the condition holds. */
export function assert(condition: boolean, why: string): asserts condition {
  if (!condition) throw new AssertionError(why)
}

/** The default arm of an exhaustive switch. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable value: ${String(value)}`)
}

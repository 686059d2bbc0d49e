/** What an answer or a txn carries: a record, and how it is written. */
import type { Codec } from '../jute/codec.ts'
import type { JuteWriter } from '../jute/writer.ts'
import type { Code } from './codes.ts'

/** A record together with how it is written. */
export interface Body {
  readonly codec: Codec<never>
  readonly record: unknown
  /** A refusal that has a body all the same: multiRead alone gives one. */
  readonly err?: Code
}

export function body<T>(codec: Codec<T>, record: T): Body {
  return { codec: codec as unknown as Codec<never>, record }
}

export function writeBody(w: JuteWriter, { codec, record }: Body): void {
  codec.write(w, record as never)
}

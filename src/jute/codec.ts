/** What the generator emits for every record besides its interface: a writer, a reader and the record's name. */

import type { JuteReader } from './reader.ts'
import type { JuteWriter } from './writer.ts'

export interface Codec<T> {
  /** The record's name as in its definition, without the module. */
  readonly name: string
  /** Appends the record to what `w` holds. */
  write(w: JuteWriter, record: T): void
  /** Reads one record at the reader's position and leaves what follows it alone. Throws MalformedFrame. */
  read(r: JuteReader): T
}

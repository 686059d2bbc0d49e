/**
 * The one error of the codec: the bytes do not hold the record they should. Thrown by JuteReader alone; a connection
 * catches it once and answers or closes, a log or snapshot reader decides what a damaged file means. The two kinds are
 * the two IOExceptions of Apache's BinaryInputArchive.
 */

/**
 * `end`: the record goes on where the bytes stop (EOFException), `length`: a string or buffer claims a length that is
 * negative or above the limit ("Unreasonable length"). The other two come from readers built on the generated ones:
 * `value`: a well-formed record says what cannot be, `null`: nothing stands where something must.
 */
export type MalformedKind = 'end' | 'length' | 'value' | 'null'

export class MalformedFrame extends Error {
  /** Old logs hold records that are told apart by running out of bytes, so a reader may need to know which it was. */
  readonly kind: MalformedKind

  constructor(kind: MalformedKind, message: string) {
    super(message)
    this.name = 'MalformedFrame'
    this.kind = kind
  }
}

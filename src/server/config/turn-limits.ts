/**
 * How much of a long work a server does at once. No operator sets these: they follow from what a turn of the event loop may cost
 * (bench/turns.mjs, bench/storage.mjs). Tests and the simulation make them small, so that a small tree meets what a large one meets.
 * Each is read anew for each portion, so an object with getters may say something else each time.
 */
export interface TurnLimits {
  /** Durable txns that a turn applies: some milliseconds at the most, unless a single one is long. */
  readonly txns: number
  /** Sessions whose end a turn prepares. */
  readonly expiries: number
  /** What a turn hands to sockets: a write costs as much as reading and answering some requests. */
  readonly sockets: number
  readonly bytes: number
  /** What one connection hands on before it is the next one's turn. */
  readonly shareBytes: number
  /** Of a snapshot file; a slice takes about a millisecond to encode and sum. */
  readonly snapshotBytes: number
  /**
   * Bytes a second of a snapshot that nobody waits for. The log is on the same disk as a rule: at full speed the snapshots of a growing tree of a
   * million nodes took most of what a disk can write, and each commit waited behind them.
   */
  readonly snapshotPace: number
  /** Of a tree or of logged txns on their way to a learner; as much again may be on its way. */
  readonly streamBytes: number
  /** The fewest committed txns that a member keeps in memory for its learners: as Java, a smaller log helps nobody. */
  readonly committedTxns: number
}

export const defaultTurnLimits: TurnLimits = Object.freeze({
  txns: 256,
  expiries: 64,
  sockets: 256,
  bytes: 2 * 1024 * 1024,
  shareBytes: 512 * 1024,
  snapshotBytes: 512 << 10,
  snapshotPace: 32 << 20,
  streamBytes: 256 * 1024,
  committedTxns: 500,
})

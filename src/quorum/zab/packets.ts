/** What leader and learners say to each other: types, and the link that carries them (Leader's constants, LearnerMaster). */
import type { Id } from '../../jute/generated/data.ts'
import type { JuteWriter } from '../../jute/writer.ts'

export const PacketType = {
  REQUEST: 1,
  PROPOSAL: 2,
  ACK: 3,
  COMMIT: 4,
  PING: 5,
  REVALIDATE: 6,
  SYNC: 7,
  INFORM: 8,
  COMMITANDACTIVATE: 9,
  NEWLEADER: 10,
  FOLLOWERINFO: 11,
  UPTODATE: 12,
  DIFF: 13,
  TRUNC: 14,
  SNAP: 15,
  OBSERVERINFO: 16,
  LEADERINFO: 17,
  ACKEPOCH: 18,
  INFORMANDACTIVATE: 19,
} as const

/** The only protocol spoken: that of ZooKeeper 3.4 and later, with an epoch of its own for each leader. */
export const PROTOCOL_VERSION = 0x10000

/** Zxids are signed: nothing comes after it. */
export const LAST_EPOCH = 0x7fff_ffffn

/** Data of a packet where none is not the same as null: a reply to PING. */
export const NO_BYTES = new Uint8Array(0)

/** In a learner's PING that echoes none, and only carries touches that had no room in the echo. */
export const NO_ECHO = -1n

/** Bytes that are made as the peer takes them. */
export interface ByteSource {
  /** A tree is no packets, and ends by itself. */
  readonly kind: 'tree' | 'packets'
  /** Where the bytes have to be fetched first: calls back when some are there to be written, or with what prevents it. */
  fetch?(done: (error: Error | undefined) => void): void
  /** Writes on until the writer holds `limit` bytes or, returning true, all is written. May throw: the link is then cut. */
  fill(w: JuteWriter, limit: number): boolean
  /** Called once, when all is written or nothing is wanted any more. */
  close(): void
}

/** A tree as it goes out while txns change it. */
export interface SnapshotSource extends ByteSource {
  /** Once all is written: the last txn that may have left a trace in it. */
  readonly endZxid: bigint | undefined
}

/** How committed txns are told. */
export interface Telling {
  /** As PROPOSAL and COMMIT, or as INFORM, which is all that an observer hears once it is active. */
  readonly as: 'proposals' | 'informs'
  /** Txns before this one go without their digests: the tree of whom is told shows traces of later ones. */
  readonly digestsFrom: bigint
}

/** A run of txns in the log. */
export interface LogSpan extends Telling {
  /** Left out: the learner has it. */
  readonly after: bigint
  /** Left out, and the first behind the run: it is in memory. Undefined = the run goes up to `last`. */
  readonly until: bigint | undefined
  /** The last txn of the history. */
  readonly last: bigint
}

/** One connection between a leader and a learner, seen from either end. Nothing is sent or heard once it is closed. */
export interface PacketLink {
  /** For the log. */
  readonly peer: string
  /** Clock milliseconds of the last bytes that came. */
  readonly heardAt: number
  /** Bytes sent and not taken by the operating system yet. */
  readonly queuedBytes: number
  /** Bytes sent so far, those of sources included once they are made. */
  readonly sentBytes: number
  /** Those of them that the operating system has taken. */
  readonly takenBytes: number
  /**
   * Clock milliseconds when it last took some that had had to wait, or some of a source. A peer that is gone takes no more than its buffers and ours
   * have room for; so bytes that waited and went are a sign of life.
   */
  readonly takenAt: number
  send(type: number, zxid: bigint, data?: Uint8Array | null, authinfo?: readonly Id[] | null): void
  /** What is sent after it waits until its bytes are out. */
  sendSource(source: ByteSource): void
  /** No packet is handed on until `resume`. */
  hold(): void
  resume(): void
  /** Says what was sent before. The owner is told by `onClose`, once, never from inside this call. */
  close(reason: string): void
  /** As `close`, but what was sent and not taken is dropped. */
  abort(reason: string): void
}

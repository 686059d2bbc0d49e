/**
 * What connections have to say in a turn. Replies are encoded one behind the other into a scratch that all connections
 * share; a run of one connection's replies is copied out once, and each connection's copies go to its socket in one
 * write at the end of the turn. Long data is not copied: it goes from the tree's memory to the socket. Where there is
 * very much to hand on, the connections take turns at it, a share each, and the rest goes in the next turns.
 */
import { JuteWriter } from '../../jute/writer.ts'
import { ByteQueue } from '../../protocol/byte-queue.ts'
import type { Slabs } from '../../protocol/byte-queue.ts'
import { defaultTurnLimits } from '../config/turn-limits.ts'
import type { TurnLimits } from '../config/turn-limits.ts'
import type { Clock, Socket } from '../host/host.ts'
import { LENT_BYTES } from '../tree/node-store.ts'

/** A run longer than this is copied out at once, so that the scratch stays small. */
const RUN_LIMIT_BYTES = 256 * 1024
/** Runs up to this size are joined into one write. */
const JOIN_LIMIT_BYTES = 64 * 1024
/** A socket that has so much left is given no more small runs before it has none. */
const SOCKET_LIMIT_BYTES = 64 * 1024
/** What it is given then of those that waited. */
const PIECE_BYTES = 256 * 1024

/** The longest run behind a connection's share that still goes with it. */
const SMALL_RUN_BYTES = 1024

const NO_RUNS: readonly Uint8Array[] = []

export class OutgoingScratch {
  readonly writer = new JuteWriter({ supplementary: 'cesu8', apartFrom: LENT_BYTES })
  readonly slabs: Slabs
  readonly #clock: Clock
  readonly #turns: TurnLimits
  #owner: Outgoing | undefined
  #dirty: Outgoing[] = []
  #isScheduled = false

  constructor(clock: Clock, slabs: Slabs, turns: TurnLimits = defaultTurnLimits) {
    this.#clock = clock
    this.slabs = slabs
    this.#turns = turns
  }

  /** The writer, at the end of what this connection has written in its present run. */
  writerFor(outgoing: Outgoing): JuteWriter {
    if (this.#owner !== outgoing) {
      this.#owner?.takeRun()
      this.#owner = outgoing
    }
    return this.writer
  }

  release(outgoing: Outgoing): void {
    if (this.#owner === outgoing) this.#owner = undefined
  }

  isOwner(outgoing: Outgoing): boolean {
    return this.#owner === outgoing
  }

  flushLater(outgoing: Outgoing): void {
    this.#dirty.push(outgoing)
    this.#schedule()
  }

  flush(): void {
    this.#isScheduled = false
    const dirty = this.#dirty
    this.#dirty = []
    let bytes = 0
    let sockets = 0
    const limits = this.#turns
    while (sockets < dirty.length && sockets < limits.sockets && bytes < limits.bytes) bytes += dirty[sockets++].flush(limits.shareBytes)
    if (sockets === dirty.length) return
    // What was said during the flush, or is more than a share, comes behind those who have not had theirs.
    this.#dirty = [...dirty.slice(sockets), ...this.#dirty]
    this.#schedule()
  }

  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    this.#clock.endOfTurn(() => this.flush())
  }
}

/** One connection's side of it. */
export class Outgoing {
  readonly #scratch: OutgoingScratch
  readonly #socket: Socket
  #runs: Uint8Array[] = []
  #runBytes = 0
  /** Runs that wait for something longer to be said before them; undefined while nothing is awaited. */
  #held: Uint8Array[] | undefined
  #heldBytes = 0
  /** What a client that does not read has yet to be told; what comes behind it joins it. */
  readonly #backlog: ByteQueue
  #isDirty = false
  #isClosed = false

  readonly #onFlushed: () => void

  /** `onFlushed`: everything has been handed to the socket, and there may be room again. */
  constructor(scratch: OutgoingScratch, socket: Socket, onFlushed: () => void) {
    this.#scratch = scratch
    this.#socket = socket
    this.#onFlushed = onFlushed
    this.#backlog = new ByteQueue(scratch.slabs)
  }

  /** Bytes encoded or handed to the socket and not taken by the operating system yet. */
  get bufferedBytes(): number {
    const own = this.#scratch.isOwner(this) ? this.#scratch.writer.position : 0
    return own + this.#runBytes + this.#heldBytes + this.#backlog.length + this.#socket.bufferedBytes
  }

  /** The writer for one message; `finish` must follow before anything else is written by anybody. */
  begin(): JuteWriter {
    return this.#scratch.writerFor(this)
  }

  finish(): void {
    this.#flushLater()
    const { position, apartBytes } = this.#scratch.writer
    if (position > RUN_LIMIT_BYTES || apartBytes > 0) this.takeRun()
  }

  /** Bytes that are ready as they are. */
  write(bytes: Uint8Array): void {
    this.begin()
    this.takeRun()
    this.#push(bytes)
    this.finish()
  }

  /** What is written from here on is kept back until `release`. */
  hold(): void {
    this.takeRun()
    this.#held = []
  }

  /** Ends `hold`; the caller writes what was kept back behind what it waited for. */
  release(): readonly Uint8Array[] {
    this.takeRun()
    const held = this.#held ?? NO_RUNS
    this.#held = undefined
    this.#heldBytes = 0
    return held
  }

  /** Copies the present run out of the scratch. */
  takeRun(): void {
    if (!this.#scratch.isOwner(this)) return
    const { writer } = this.#scratch
    if (writer.position > 0) {
      if (!this.#isClosed) this.#pushWritten(writer)
      writer.reset()
    }
    this.#scratch.release(this)
  }

  /** Hands the socket what there is, or the first runs of it that reach the limit, the rest in a later turn; returns how many bytes. */
  flush(limit: number): number {
    this.takeRun()
    this.#isDirty = false
    const all = this.#runBytes
    if (all === 0 || this.#isClosed) return 0
    const isSlow = all <= JOIN_LIMIT_BYTES && this.#socket.bufferedBytes > SOCKET_LIMIT_BYTES
    if (isSlow || this.#backlog.length > 0) return this.#putBack()
    const runs = this.#takeRuns(limit)
    const bytes = all - this.#runBytes
    if (runs.length === 1) this.#socket.write(runs[0])
    else if (bytes <= JOIN_LIMIT_BYTES) this.#socket.write(Buffer.concat(runs, bytes))
    else this.#socket.writeAll(runs)
    if (this.#runBytes > 0) this.#flushLater()
    else this.#onFlushed()
    return bytes
  }

  #flushLater(): void {
    if (this.#isDirty) return
    this.#isDirty = true
    this.#scratch.flushLater(this)
  }

  /** All runs, or the first that reach the limit and the small ones behind them: the rest of an answer does not wait for its end. */
  #takeRuns(limit: number): Uint8Array[] {
    const runs = this.#runs
    let bytes = 0
    let count = 0
    while (count < runs.length && (bytes < limit || runs[count].length <= SMALL_RUN_BYTES)) bytes += runs[count++].length
    this.#runs = runs.slice(count)
    this.#runBytes -= bytes
    return count === runs.length ? runs : runs.slice(0, count)
  }

  #putBack(): number {
    for (const run of this.#runs) this.#backlog.add(run)
    this.#runs = []
    this.#runBytes = 0
    return 0
  }

  /** The socket has nothing left. */
  onDrain(): void {
    if (this.#backlog.length > 0) this.#socket.write(this.#backlog.take(PIECE_BYTES))
    this.#onFlushed()
  }

  /** Hands on everything there is, for the socket to end behind it. */
  flushAll(): void {
    this.takeRun()
    while (this.#backlog.length > 0) this.#socket.write(this.#backlog.take(PIECE_BYTES))
    for (const run of this.#runs) this.#socket.write(run)
    this.#runs = []
    this.#runBytes = 0
  }

  /** Nothing is sent any more. */
  close(): void {
    this.#isClosed = true
    this.takeRun()
    this.#runs = []
    this.#runBytes = 0
    this.#held = undefined
    this.#heldBytes = 0
    this.#backlog.drop()
  }

  #pushWritten(writer: JuteWriter): void {
    if (writer.apartBytes === 0) this.#push(writer.copy())
    else for (const piece of writer.pieces()) this.#push(piece)
  }

  #push(run: Uint8Array): void {
    if (this.#held === undefined) {
      this.#runs.push(run)
      this.#runBytes += run.length
    } else {
      this.#held.push(run)
      this.#heldBytes += run.length
    }
  }
}

/** A socket between leader and learner as packets: what is sent in a turn leaves in one write at its end. */
import { JuteReader } from '../../jute/reader.ts'
import { JuteWriter } from '../../jute/writer.ts'
import { MalformedFrame } from '../../jute/malformed-frame.ts'
import { QuorumPacket } from '../../jute/generated/quorum.ts'
import type { Id } from '../../jute/generated/data.ts'
import { defaultTurnLimits } from '../../server/config/turn-limits.ts'
import type { TurnLimits } from '../../server/config/turn-limits.ts'
import type { Clock, Socket } from '../../server/host/host.ts'
import type { SnapshotTarget } from '../../server/storage/image.ts'
import { SnapshotDecoder } from '../../server/storage/snapshot-decoder.ts'
import { CorruptStorage, StartupRefused } from '../../server/storage/storage-errors.ts'
import type { ByteSource, PacketLink } from '../zab/packets.ts'
import { PacketDecoder } from './packet-decoder.ts'
import { SNAPSHOT_SIGNATURE } from './snapshot-stream.ts'

/** A run of packets longer than this is copied out of the scratch at once. */
const RUN_LIMIT_BYTES = 256 * 1024
/** Handed to the socket at once; as much again may wait there. More than a socket's own mark for having enough, so that it tells when it has room. */
const PIECE_BYTES = 64 * 1024
const SIGNATURE_SIZE = 4 + SNAPSHOT_SIGNATURE.length

export interface LinkHandlers {
  onPacket(packet: QuorumPacket): void
  /** Last, once; also after `close`. */
  onClose(reason: string): void
  /** So many packets go out together; the first of them has waited for so long. */
  onFlushed?(packets: number, waitedMs: number): void
}

export interface LinkOptions {
  /** Of a packet's data and of any string: jute.maxbuffer + jute.maxbuffer.extrasize. */
  readonly maxLength: number
  /** Of those of the first packet, before it is known who speaks. */
  readonly firstMaxLength?: number
  readonly turns?: TurnLimits
}

interface SnapshotReception {
  readonly decoder: SnapshotDecoder
  readonly done: () => void
}

export class SocketLink implements PacketLink {
  readonly peer: string
  handlers: LinkHandlers
  heardAt: number
  /** The peer has said something. */
  hasHeard = false
  readonly #clock: Clock
  readonly #socket: Socket
  readonly #maxLength: number
  readonly #turns: TurnLimits
  readonly #decoder: PacketDecoder
  readonly #writer = new JuteWriter()
  /** What goes next, in order; of the first so many bytes are written. */
  #runs: Uint8Array[] = []
  #writtenOfFirst = 0
  #runBytes = 0
  /** What was sent behind the source. */
  #behind: Uint8Array[] = []
  #behindBytes = 0
  /** Put into runs so far. */
  #sent = 0
  /** Of those the system had taken so many when that was looked at last, and not all: then whatever it takes more is a sign of life. */
  #noted = 0
  #isFull = false
  #takenAt = Number.NEGATIVE_INFINITY
  /** Sent since the last flush. */
  #packets = 0
  #firstSentAt = 0
  #isFlushing = false
  #source: ByteSource | undefined
  /** A turn has passed since the last slice of it. */
  #isSliceDue = false
  #isFetching = false
  #reception: SnapshotReception | undefined
  #isHeld = false
  #isReading = false
  #hasSpoken = false
  #closeReason: string | undefined
  #isClosed = false

  constructor(clock: Clock, socket: Socket, { maxLength, firstMaxLength, turns = defaultTurnLimits }: LinkOptions, handlers: LinkHandlers) {
    this.peer = `${socket.remoteAddress}:${socket.remotePort}`
    this.handlers = handlers
    this.#clock = clock
    this.#socket = socket
    this.#maxLength = maxLength
    this.#turns = turns
    this.#decoder = new PacketDecoder(maxLength, firstMaxLength)
    this.heardAt = clock.now()
    socket.handlers = {
      onData: (bytes) => this.#onData(bytes),
      onDrain: () => this.#pump(),
      onEnd: () => this.close('the peer has closed the connection'),
      onClose: (error) => this.#onClose(error?.message ?? 'the connection is closed'),
    }
  }

  // Sending ---------------------------------------------------------------------------------------------------

  get queuedBytes(): number {
    return this.#isClosed ? 0 : this.#runBytes + this.#behindBytes + this.#writer.position + this.#socket.bufferedBytes
  }

  get sentBytes(): number {
    return this.#sent + this.#writer.position
  }

  get takenBytes(): number {
    return this.sentBytes - this.queuedBytes
  }

  /** While this side reads what is to be sent, there is nothing that the peer could take. */
  get takenAt(): number {
    this.#noteTaken()
    return this.#isFetching ? this.#clock.now() : this.#takenAt
  }

  send(type: number, zxid: bigint, data: Uint8Array | null = null, authinfo: readonly Id[] | null = null): void {
    if (this.#closeReason !== undefined) return
    this.#hasSpoken = true
    QuorumPacket.write(this.#writer, { type, zxid, data, authinfo: authinfo as Id[] | null })
    if (this.#packets++ === 0) this.#firstSentAt = this.#clock.now()
    if (this.#writer.position > RUN_LIMIT_BYTES) this.#takeRun()
    this.#flushLater()
  }

  sendSource(source: ByteSource): void {
    if (this.#closeReason !== undefined || this.#source !== undefined) {
      source.close()
      this.close('two streams at once')
      return
    }
    this.#flush()
    this.#source = source
    // The first slice of a tree belongs to this turn: what it shows is as it is now.
    this.#nextSlice(source)
    this.#pump()
  }

  #flushLater(): void {
    if (this.#isFlushing) return
    this.#isFlushing = true
    this.#clock.endOfTurn(() => {
      this.#isFlushing = false
      this.#flush()
    })
  }

  #takeRun(): void {
    if (this.#writer.position === 0) return
    const run = this.#writer.copy()
    this.#writer.reset()
    this.#sent += run.length
    if (this.#source === undefined) return this.#addRun(run)
    this.#behind.push(run)
    this.#behindBytes += run.length
  }

  #addRun(run: Uint8Array): void {
    this.#runs.push(run)
    this.#runBytes += run.length
  }

  #flush(): void {
    if (this.#source !== undefined || this.#isClosed) return
    this.#takeRun()
    if (this.#packets > 0) this.handlers.onFlushed?.(this.#packets, this.#clock.now() - this.#firstSentAt)
    this.#packets = 0
    this.#pump()
  }

  /**
   * Hands pieces to the socket until it has enough, so that what the system takes shows soon; then one slice of the source in a turn. A socket
   * that has enough tells when it has room again; one that has less need not.
   */
  #pump(): void {
    if (this.#isClosed) return
    this.#noteTaken()
    while (this.#runs.length > 0 && this.#socket.bufferedBytes < PIECE_BYTES) this.#writePiece(PIECE_BYTES)
    this.#noteGiven()
    if (!this.#isSliceDue || this.#closeReason !== undefined || this.#runs.length > 0 || this.#socket.bufferedBytes >= PIECE_BYTES) return
    this.#isSliceDue = false
    this.#nextSlice(this.#source!)
    this.#pump()
  }

  #nextSlice(source: ByteSource): void {
    if (source.fetch === undefined) return this.#makeSlice(source)
    this.#isFetching = true
    source.fetch((error) => {
      this.#isFetching = false
      if (this.#source !== source) return
      if (error !== undefined) return this.#breakOff(error)
      this.#makeSlice(source)
      this.#pump()
    })
  }

  #breakOff(error: Error): void {
    this.close(`the stream cannot go on: ${error.message}`)
  }

  #makeSlice(source: ByteSource): void {
    const slice = new JuteWriter()
    let isDone: boolean
    try {
      isDone = source.fill(slice, this.#turns.streamBytes)
    } catch (error) {
      return this.#breakOff(error as Error)
    }
    // The slice before it was taken.
    this.#takenAt = this.#clock.now()
    this.#sent += slice.position
    if (slice.position > 0) this.#addRun(slice.copy())
    if (isDone) return this.#endSource(source)
    this.#clock.endOfTurn(() => {
      if (this.#source !== source) return
      this.#isSliceDue = true
      this.#pump()
    })
  }

  #endSource(source: ByteSource): void {
    this.#source = undefined
    for (const run of this.#behind) this.#addRun(run)
    this.#behind = []
    this.#behindBytes = 0
    source.close()
    this.#flush()
  }

  #writePiece(most: number): void {
    const [first] = this.#runs as [Uint8Array]
    const from = this.#writtenOfFirst
    const piece = first.subarray(from, from + most)
    this.#writtenOfFirst += piece.length
    this.#runBytes -= piece.length
    if (this.#writtenOfFirst === first.length) {
      this.#runs.shift()
      this.#writtenOfFirst = 0
    }
    this.#socket.write(piece)
  }

  #noteTaken(): void {
    if (!this.#isFull) return
    const { takenBytes } = this
    if (takenBytes <= this.#noted) return
    this.#noted = takenBytes
    this.#takenAt = this.#clock.now()
  }

  /** What the system takes in the turn in which it is given says nothing of the peer. */
  #noteGiven(): void {
    this.#isFull = this.#socket.bufferedBytes > 0
    this.#noted = this.takenBytes
  }

  // Hearing ---------------------------------------------------------------------------------------------------

  hold(): void {
    this.#isHeld = true
    this.#socket.pause()
  }

  resume(): void {
    if (!this.#isHeld || this.#isClosed) return
    this.#isHeld = false
    this.heardAt = this.#clock.now()
    this.#socket.resume()
    // Never from inside this call: whoever resumes is not done yet.
    this.#clock.endOfTurn(() => this.#read())
  }

  /** What follows the SNAP packet goes into the target; then `done`, and packets again. */
  receiveSnapshot(target: SnapshotTarget, done: () => void): void {
    this.#reception = { decoder: new SnapshotDecoder(target, this.#maxLength), done }
  }

  #onData(bytes: Uint8Array): void {
    if (this.#closeReason !== undefined) return
    this.heardAt = this.#clock.now()
    this.hasHeard = true
    this.#decoder.feed(bytes)
    this.#read()
  }

  #read(): void {
    if (this.#isReading) return
    this.#isReading = true
    try {
      while (!this.#isHeld && this.#closeReason === undefined && this.#step()) {
        // Every step reads one packet, or what there is of a snapshot.
      }
    } catch (error) {
      if (!isMalformed(error)) throw error
      this.close(error.message)
    } finally {
      this.#isReading = false
    }
  }

  #step(): boolean {
    if (this.#reception !== undefined) return this.#readSnapshot(this.#reception)
    const packet = this.#decoder.next()
    if (packet === undefined) return false
    this.handlers.onPacket(packet)
    return true
  }

  #readSnapshot({ decoder, done }: SnapshotReception): boolean {
    const bytes = this.#decoder.takeRest()
    const read = decoder.done ? 0 : decoder.decode(bytes, 0)
    const isWhole = decoder.done && bytes.length - read >= SIGNATURE_SIZE
    this.#decoder.feed(bytes.subarray(isWhole ? read + SIGNATURE_SIZE : read))
    if (!isWhole) return false
    this.#checkSignature(bytes.subarray(read, read + SIGNATURE_SIZE))
    this.#reception = undefined
    done()
    return true
  }

  #checkSignature(bytes: Uint8Array): void {
    const reader = new JuteReader({ maxLength: SNAPSHOT_SIGNATURE.length })
    reader.reset(bytes)
    const signature = reader.ustring()
    if (signature !== SNAPSHOT_SIGNATURE) throw new CorruptStorage(`Missing signature. Got ${signature}`)
  }

  // The end ---------------------------------------------------------------------------------------------------

  close(reason: string): void {
    // What was said before is said: an epoch's last ACK, the proposals that a learner shall find in its log.
    this.#close(reason, !this.#hasSpoken)
  }

  abort(reason: string): void {
    this.#close(reason, true)
  }

  #close(reason: string, isAbrupt: boolean): void {
    if (this.#closeReason !== undefined) return
    this.#closeReason = reason
    if (isAbrupt) {
      this.#isClosed = true
      this.#writer.reset()
      this.#runs = []
      this.#runBytes = 0
      this.#behind = []
      this.#behindBytes = 0
      this.#socket.destroy()
    } else if (!this.#isClosed) {
      this.#flush()
      while (this.#runs.length > 0) this.#writePiece(Infinity)
      this.#socket.end()
    }
    this.#source?.close()
    this.#source = undefined
    this.#clock.endOfTurn(() => this.handlers.onClose(reason))
  }

  #onClose(reason: string): void {
    this.#isClosed = true
    this.close(reason)
  }
}

function isMalformed(error: unknown): error is Error {
  return error instanceof MalformedFrame || error instanceof CorruptStorage || error instanceof StartupRefused
}

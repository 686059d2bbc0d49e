/** An established election connection: notifications in both directions, each with its length in front. */
import { MalformedFrame } from '../../jute/malformed-frame.ts'
import { JuteReader } from '../../jute/reader.ts'
import type { Slabs } from '../../protocol/byte-queue.ts'
import { FrameDecoder } from '../../protocol/frame-decoder.ts'
import type { Clock, Socket } from '../../server/host/host.ts'
import type { Notification } from '../zab/vote.ts'
import { readNotification } from './notification.ts'

/** QuorumCnxManager.PACKETMAXSIZE. */
const MAX_FRAME_BYTES = 524_288
/** What one peer says beyond that is heard in the next turn. */
const TURN_MAX_FRAMES = 100

export interface ElectionLinkHandlers {
  onNotification(notification: Notification): void
  /** What was written is on its way, and more can be. */
  onWritable(): void
  onClosed(reason: string): void
  /** A message that makes no sense was passed over. */
  onIgnored(reason: string): void
}

export class ElectionLink {
  readonly #socket: Socket
  readonly #clock: Clock
  readonly #handlers: ElectionLinkHandlers
  readonly #decoder: FrameDecoder
  readonly #reader = new JuteReader()
  #isClosed = false
  #isCutLater = false

  /** `first` has been read from the socket already. */
  constructor(socket: Socket, clock: Clock, slabs: Slabs, first: Uint8Array, handlers: ElectionLinkHandlers) {
    this.#socket = socket
    this.#decoder = new FrameDecoder(slabs)
    this.#clock = clock
    this.#handlers = handlers
    socket.handlers = {
      onData: (bytes) => this.#onData(bytes),
      onDrain: () => this.#isClosed || handlers.onWritable(),
      onEnd: () => this.#close('the peer closed it'),
      onClose: (error) => this.#close(error?.message ?? 'it was closed'),
    }
    if (first.length > 0) {
      this.#decoder.push(first)
      this.#cutLater()
    }
  }

  /** Nothing waits in the socket, so what is written now is not soon out of date. */
  get isWritable(): boolean {
    return !this.#isClosed && this.#socket.bufferedBytes === 0
  }

  write(frame: Uint8Array): void {
    this.#socket.write(frame)
  }

  /** Without a word to the handlers. */
  destroy(): void {
    this.#isClosed = true
    this.#decoder.clear()
    this.#socket.destroy()
  }

  #onData(bytes: Uint8Array): void {
    if (this.#isClosed) return
    this.#decoder.push(bytes)
    if (!this.#isCutLater) this.#cut()
  }

  #cut(): void {
    for (let frames = 0; !this.#isClosed; frames++) {
      const length = this.#decoder.peekLength()
      if (length === undefined) return
      if (length < 1 || length > MAX_FRAME_BYTES) return this.#close(`a frame of ${length} bytes`)
      if (frames === TURN_MAX_FRAMES) return this.#cutLater()
      if (!this.#decoder.take(length, this.#reader)) return
      this.#onFrame()
    }
  }

  #cutLater(): void {
    this.#isCutLater = true
    this.#socket.pause()
    this.#clock.endOfTurn(() => {
      this.#isCutLater = false
      if (this.#isClosed) return
      this.#socket.resume()
      this.#cut()
    })
  }

  #onFrame(): void {
    let notification: Notification
    try {
      notification = readNotification(this.#reader)
    } catch (error) {
      if (!(error instanceof MalformedFrame)) throw error
      return this.#handlers.onIgnored(error.message)
    }
    this.#handlers.onNotification(notification)
  }

  #close(reason: string): void {
    if (this.#isClosed) return
    this.destroy()
    this.#handlers.onClosed(reason)
  }
}

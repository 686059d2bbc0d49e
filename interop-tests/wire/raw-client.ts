// A client that knows nothing but frames: it sends what it is told, well formed or not, and keeps what arrives in order. Tests that talk to a
// server below the level of a real client stand on it; messages.ts puts requests and replies into words.
import type { Socket } from 'node:net'
import { dial } from './dial.ts'

export interface RawClientOptions {
  readonly host?: string
  /** Milliseconds until `open` gives up; default 60,000. */
  readonly timeoutMs?: number
}

const DEFAULT_TIMEOUT_MS = 60_000
const LENGTH_BYTES = 4

/** One TCP connection to a client port. */
export class RawClient {
  /** Payloads of complete frames that arrived and were not taken yet. */
  readonly received: Uint8Array[] = []
  /** The stream is over, in whatever way, and everything that came before its end is in `received`. */
  ended = false
  /** Bytes of a frame that is not complete; at the end of the stream, what the server cut off. */
  #partial: Buffer[] = []
  #partialBytes = 0
  #wanted = LENGTH_BYTES
  #waiting: (() => void) | undefined
  readonly #socket: Socket

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('data', (chunk) => {
      this.#arrived(chunk)
      this.#waiting?.()
    })
    // A reset is an end like any other: it is told from a FIN by nothing that a client may rely on.
    socket.on('error', () => undefined)
    socket.on('close', () => {
      this.ended = true
      this.#waiting?.()
    })
  }

  /** Connects. The server has not been sent anything yet. */
  static async open(port: number, options: RawClientOptions = {}): Promise<RawClient> {
    return new RawClient(await dial(port, options.timeoutMs ?? DEFAULT_TIMEOUT_MS, options.host))
  }

  /** Sends bytes as they are. */
  send(bytes: Uint8Array): void {
    this.#socket.write(bytes)
  }

  /** Sends payloads as frames, all in one write. */
  sendFrames(payloads: readonly Uint8Array[]): void {
    this.#socket.write(frames(payloads))
  }

  /** How many bytes of an unfinished frame have arrived. */
  get unfinishedBytes(): number {
    return this.#partialBytes
  }

  /** Takes all frames that have arrived. */
  take(): Uint8Array[] {
    return this.received.splice(0)
  }

  /** The next frame, or undefined at the end of the stream. Throws when neither comes in time. */
  async next(timeoutMs = DEFAULT_TIMEOUT_MS): Promise<Uint8Array | undefined> {
    if (!(await this.until(() => this.received.length > 0 || this.ended, timeoutMs))) throw new Error(`no frame within ${timeoutMs} ms`)
    return this.received.shift()
  }

  /** Waits for the end of the stream and gives the frames before it. Throws when it does not come in time. */
  async untilEnd(timeoutMs = DEFAULT_TIMEOUT_MS): Promise<Uint8Array[]> {
    if (!(await this.until(() => this.ended, timeoutMs))) throw new Error(`the connection still stands after ${timeoutMs} ms`)
    return this.take()
  }

  /** Waits until `condition` holds, asked at every arrival and at the end; false when the time is over. One caller at a time. */
  until(condition: () => boolean, timeoutMs: number): Promise<boolean> {
    if (condition()) return Promise.resolve(true)
    return new Promise((resolve) => {
      const finish = (holds: boolean): void => {
        clearTimeout(timer)
        this.#waiting = undefined
        resolve(holds)
      }
      const timer = setTimeout(() => finish(condition()), timeoutMs)
      this.#waiting = () => {
        if (condition()) finish(true)
      }
    })
  }

  /** Closes our side (FIN); the other side's frames are still taken until it closes too. */
  finish(): void {
    this.#socket.end()
  }

  /** Breaks the connection with a reset. */
  reset(): void {
    this.#socket.resetAndDestroy()
  }

  /** Lets go of the connection. */
  close(): void {
    this.#socket.destroy()
  }

  #arrived(chunk: Buffer): void {
    this.#partial.push(chunk)
    this.#partialBytes += chunk.length
    if (this.#partialBytes < this.#wanted) return
    const bytes = this.#partial.length === 1 ? chunk : Buffer.concat(this.#partial)
    let at = 0
    this.#wanted = LENGTH_BYTES
    while (bytes.length - at >= LENGTH_BYTES) {
      const length = bytes.readUInt32BE(at)
      if (bytes.length - at - LENGTH_BYTES < length) {
        this.#wanted = LENGTH_BYTES + length
        break
      }
      this.received.push(bytes.subarray(at + LENGTH_BYTES, at + LENGTH_BYTES + length))
      at += LENGTH_BYTES + length
    }
    this.#partial = at < bytes.length ? [bytes.subarray(at)] : []
    this.#partialBytes = bytes.length - at
  }
}

/** Payloads with their lengths in front, one behind the other. */
export function frames(payloads: readonly Uint8Array[]): Buffer {
  const bytes = Buffer.allocUnsafe(payloads.reduce((sum, payload) => sum + LENGTH_BYTES + payload.length, 0))
  let at = 0
  for (const payload of payloads) {
    bytes.writeInt32BE(payload.length, at)
    bytes.set(payload, at + LENGTH_BYTES)
    at += LENGTH_BYTES + payload.length
  }
  return bytes
}

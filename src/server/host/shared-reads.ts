/**
 * Accepted connections that read into one buffer. Node allocates 64 KB for every read and shrinks them to what came,
 * which cost a fifth of a small request; its remedy, the documented `onread`, is for connections that one makes, not for
 * those that a server is given. So the accepted socket hands its handle on to one that is made with `onread`.
 */
import { Socket } from 'node:net'
import type { OnReadOpts, SocketConstructorOpts } from 'node:net'

/** What one read can bring at most: as much as node's own. */
const READ_BYTES = 64 * 1024

/** What of node is used and not documented. It is the same in Node 20, 22 and 24. */
interface Internals {
  _handle?: { useUserBuffer?: unknown } | null
}

type AdoptingOptions = SocketConstructorOpts & { handle: unknown; onread: OnReadOpts }

export class SharedReads {
  readonly #buffer = Buffer.allocUnsafeSlow(READ_BYTES)

  /** The connection of a socket that has not begun to read, as one that reads into the buffer; the same one where node differs. */
  adopt(accepted: Socket): Socket {
    const handle = (accepted as Internals)._handle
    if (typeof handle?.useUserBuffer !== 'function') return accepted
    const onread = { buffer: this.#buffer, callback: (length: number): boolean => this.#emit(socket, length) }
    const options: AdoptingOptions = { handle, onread, allowHalfOpen: accepted.allowHalfOpen }
    const socket = new Socket(options)
    if ((socket as Internals)._handle !== handle) return accepted
    ;(accepted as Internals)._handle = null
    accepted.destroy()
    return socket
  }

  /** What came leaves the buffer before anything else is read: small pieces share blocks of node's pool. */
  #emit(socket: Socket, length: number): boolean {
    const bytes = Buffer.allocUnsafe(length)
    this.#buffer.copy(bytes, 0, 0, length)
    socket.emit('data', bytes)
    return true
  }
}

// Connections to the ports between servers that say whatever they are told, and crowds of them.
import type { Socket } from 'node:net'
import { eventually } from '../peers/processes.ts'
import { dial } from '../wire/dial.ts'

const CONNECT_LIMIT_MS = 60_000
const CLOSE_LIMIT_MS = 60_000
/** A port takes so many at a time, whatever its backlog is. */
const AT_ONCE = 100

export interface RawPeerOptions {
  /** Whether it takes what is said to it; default true. */
  readonly reads?: boolean
}

export class RawPeer {
  isClosed = false
  onData: (bytes: Buffer) => void = () => {}
  readonly #socket: Socket

  private constructor(socket: Socket, reads: boolean) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('error', () => undefined)
    socket.on('close', () => (this.isClosed = true))
    if (reads) socket.on('data', (bytes) => this.onData(bytes))
    else socket.pause()
  }

  /** Connects. Throws where nobody listens. */
  static async open(port: number, { reads = true }: RawPeerOptions = {}): Promise<RawPeer> {
    return new RawPeer(await dial(port, CONNECT_LIMIT_MS), reads)
  }

  say(...pieces: Uint8Array[]): void {
    if (!this.isClosed) this.#socket.write(Buffer.concat(pieces))
  }

  /** Waits until what was said is on its way, or nobody wants it. */
  async hasSpoken(): Promise<void> {
    await eventually('what was said is on its way', CLOSE_LIMIT_MS, () => (this.isClosed || this.#socket.writableLength === 0 ? true : undefined))
  }

  async untilClosed(): Promise<void> {
    await eventually('the connection is closed', CLOSE_LIMIT_MS, () => (this.isClosed ? true : undefined))
  }

  drop(): void {
    this.#socket.destroy()
  }
}

/** So many connections to the port, each with what it says first. */
export async function crowd(port: number, count: number, first: (index: number) => Uint8Array, options: RawPeerOptions = {}): Promise<RawPeer[]> {
  const peers: RawPeer[] = []
  for (let from = 0; from < count; from += AT_ONCE) {
    const group = Array.from({ length: Math.min(AT_ONCE, count - from) }, async (_none, index) => {
      const peer = await RawPeer.open(port, options)
      peer.say(first(from + index))
      return peer
    })
    peers.push(...(await Promise.all(group)))
  }
  return peers
}

export function dropAll(peers: readonly RawPeer[]): void {
  for (const peer of peers) peer.drop()
}

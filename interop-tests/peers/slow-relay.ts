// A way between two ports of this machine on which one direction is slow: what comes back to whoever dials passes at so many bytes a second.
import { connect, createServer } from 'node:net'
import type { Server, Socket } from 'node:net'

/** How often bytes are let through, and for how much time at most at once: a busy machine misses some. */
const BEAT_MS = 20
const MOST_MS = 200

export class SlowRelays {
  readonly #listeners: Server[] = []
  readonly #sockets = new Set<Socket>()

  /** Gives the port to dial. */
  async open(port: number, bytesPerSecond: number): Promise<number> {
    const listener = createServer({ noDelay: true }, (dialler) => {
      const target = connect({ port, host: '127.0.0.1', noDelay: true })
      this.#keep(dialler, target)
      dialler.pipe(target)
      trickle(target, dialler, bytesPerSecond / 1000)
    })
    this.#listeners.push(listener)
    await new Promise<void>((resolve, reject) => {
      listener.once('error', reject)
      listener.listen(0, '127.0.0.1', resolve)
    })
    const address = listener.address()
    if (address === null || typeof address === 'string') throw new Error('a relay has no port')
    return address.port
  }

  /** The end of one is that of the other. */
  #keep(one: Socket, other: Socket): void {
    for (const [socket, peer] of [
      [one, other],
      [other, one],
    ] as const) {
      this.#sockets.add(socket)
      socket.on('error', () => peer.destroy())
      socket.once('close', () => {
        this.#sockets.delete(socket)
        peer.destroy()
      })
    }
  }

  close(): void {
    for (const listener of this.#listeners) listener.close()
    for (const socket of this.#sockets) socket.destroy()
  }
}

/** Reads no more than it hands on, so that the rest waits with whoever sends it. */
function trickle(source: Socket, target: Socket, bytesPerMs: number): void {
  let allowed = 0
  let lastBeat = Date.now()
  source.on('data', (bytes: Buffer) => {
    allowed -= bytes.length
    target.write(bytes)
    if (allowed <= 0) source.pause()
  })
  const beat = setInterval(() => {
    const now = Date.now()
    allowed = Math.min(allowed + (now - lastBeat) * bytesPerMs, MOST_MS * bytesPerMs)
    lastBeat = now
    if (allowed > 0) source.resume()
  }, BEAT_MS)
  source.once('close', () => clearInterval(beat))
}

// A relay to a port that shows every piece that goes through it to somebody, who may change it.
import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'

export type Direction = 'there' | 'back'

/** What goes on in the place of `bytes`; `connection` counts those that were made. */
export type Ear = (bytes: Buffer, direction: Direction, connection: number) => Buffer

export class Tap {
  ear: Ear = (bytes) => bytes
  readonly port: number
  readonly #server: Server
  readonly #sockets: Set<Socket>

  private constructor(server: Server, sockets: Set<Socket>) {
    this.#server = server
    this.#sockets = sockets
    this.port = (server.address() as AddressInfo).port
  }

  static async open(to: number): Promise<Tap> {
    const sockets = new Set<Socket>()
    let count = 0
    const server = createServer((near) => {
      const connection = count++
      const far = connect(to, '127.0.0.1')
      for (const [from, other, direction] of [
        [near, far, 'there'],
        [far, near, 'back'],
      ] as const) {
        sockets.add(from)
        from.setNoDelay(true)
        from.on('error', () => other.destroy())
        from.on('data', (bytes) => void other.write(tap.ear(bytes, direction, connection)))
        from.on('end', () => other.end())
        from.on('close', () => {
          sockets.delete(from)
          other.destroy()
        })
      }
    })
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(0, '127.0.0.1', resolve)
    })
    const tap = new Tap(server, sockets)
    return tap
  }

  close(): void {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }
}

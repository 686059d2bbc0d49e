// A TCP relay between a client and a server that can be cut, to see what the client is told when it comes back.
import { connect, createServer } from 'node:net'
import type { Socket } from 'node:net'

export interface Link {
  readonly port: number
  /** Ends the present connections and refuses new ones until `mend`. */
  cut(): void
  mend(): void
  close(): void
}

/** Opens a relay to that port of this machine. */
export function openLink(serverPort: number): Promise<Link> {
  const sockets = new Set<Socket>()
  let whole = true
  const listener = createServer((client) => {
    if (!whole) {
      client.destroy()
      return
    }
    const server = connect(serverPort, '127.0.0.1')
    client.pipe(server).pipe(client)
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      sockets.add(socket)
      socket.setNoDelay(true)
      socket.on('error', () => other.destroy())
      socket.on('close', () => {
        sockets.delete(socket)
        other.destroy()
      })
    }
  })
  const cut = (): void => {
    whole = false
    for (const socket of sockets) socket.destroy()
  }
  return new Promise((resolve, reject) => {
    listener.once('error', reject)
    listener.listen(0, '127.0.0.1', () => {
      const address = listener.address()
      resolve({
        port: typeof address === 'object' && address !== null ? address.port : 0,
        cut,
        mend: () => void (whole = true),
        close: () => {
          listener.close()
          cut()
        },
      })
    })
  })
}

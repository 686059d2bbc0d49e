// Free TCP ports on the loopback address, for programs that must be told their port.
import { createServer } from 'node:net'

const given = new Set<number>()

/** A port that nobody listens on at this moment and that this process has not handed out before. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = await probe()
    if (given.has(port)) continue
    given.add(port)
    return port
  }
}

function probe(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      server.close(() => resolve(port))
    })
  })
}

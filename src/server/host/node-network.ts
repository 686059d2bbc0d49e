/** TCP through node:net. */
import { connect, createServer, isIPv6 } from 'node:net'
import type { AddressInfo, Socket as NodeSocket } from 'node:net'
import { lookup } from './node-lookup.ts'
import type { Network, Socket, SocketHandlers } from './host.ts'
import { SharedReads } from './shared-reads.ts'

/** How long a peer may take to close its side once ours is done. */
const LINGER_MS = 2000

/** Room for all clients of a server that was gone for a moment; the system has its own upper limit. */
const DEFAULT_BACKLOG = 4096

export interface NodeNetworkOptions {
  readonly keepAlive: boolean
  /** False: node allocates for each read, as it also does where SharedReads does not find what it needs. */
  readonly sharesReads?: boolean
}

export function createNodeNetwork({ keepAlive, sharesReads = true }: NodeNetworkOptions): Network {
  const reads = sharesReads ? new SharedReads() : undefined
  return {
    listen({ host, port, backlog }, onSocket, done) {
      const open = new OpenSockets()
      const server = createServer({ allowHalfOpen: true, noDelay: true, keepAlive, pauseOnConnect: true }, (accepted) => {
        const socket = reads === undefined ? accepted : reads.adopt(accepted)
        socket.resume()
        onSocket(new TcpSocket(socket))
        open.add(socket)
      })
      server.once('error', (error) => done(error, undefined))
      server.listen({ host: hostToListenOn(host), port, backlog: backlog !== undefined && backlog > 0 ? backlog : DEFAULT_BACKLOG }, () => {
        server.removeAllListeners('error')
        // An accept that fails (no descriptors left) concerns the client that came, not the server.
        server.on('error', () => {})
        const address = server.address() as AddressInfo
        done(undefined, { host: withoutMapping(address.address), port: address.port, close: (closed) => void server.close(() => open.whenNone(closed)) })
      })
    },
    connect(host, port, onConnect, onError) {
      const socket = connect({ host, port, lookup, allowHalfOpen: true, noDelay: true, keepAlive })
      socket.once('error', onError)
      socket.once('connect', () => {
        socket.removeListener('error', onError)
        onConnect(new TcpSocket(socket))
      })
      const cancel = (): void => {
        socket.removeAllListeners()
        socket.on('error', () => {})
        socket.destroy()
      }
      return { cancel }
    },
  }
}

/**
 * As Java: the wildcard of either family stands for both, and an empty name for the loopback. Node listens on all IPv4 and
 * IPv6 addresses when it is told no host, and on IPv4 alone where the system has no IPv6.
 */
function hostToListenOn(host: string | undefined): string | undefined {
  if (host === '') return '127.0.0.1'
  return host !== undefined && isWildcard(host) ? undefined : host
}

function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || (isIPv6(host) && /^[0:]+$/.test(host))
}

/** An IPv4 peer of a socket for both families is named by its IPv4 address everywhere. */
function withoutMapping(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '')
}

/** A listener is closed when the last connection it has taken is; node does not count those that SharedReads made. */
class OpenSockets {
  #count = 0
  #whenNone: (() => void) | undefined

  add(socket: NodeSocket): void {
    this.#count++
    socket.once('close', () => {
      if (--this.#count === 0) this.#whenNone?.()
    })
  }

  whenNone(callback: () => void): void {
    if (this.#count === 0) callback()
    else this.#whenNone = callback
  }
}

const NO_HANDLERS: SocketHandlers = { onData() {}, onDrain() {}, onEnd() {}, onClose() {} }

/** A stream of node's with the handlers of ours. */
export class TcpSocket implements Socket {
  handlers: SocketHandlers = NO_HANDLERS
  readonly remoteAddress: string
  readonly remotePort: number
  readonly localAddress: string
  readonly localPort: number
  readonly #socket: NodeSocket
  #isEnding = false
  #error: Error | undefined

  constructor(socket: NodeSocket) {
    this.#socket = socket
    this.remoteAddress = withoutMapping(socket.remoteAddress ?? '')
    this.remotePort = socket.remotePort ?? 0
    this.localAddress = withoutMapping(socket.localAddress ?? '')
    this.localPort = socket.localPort ?? 0
    socket.on('data', (bytes) => {
      if (!this.#isEnding) this.handlers.onData(bytes)
    })
    socket.on('drain', () => this.handlers.onDrain())
    socket.on('end', () => (this.#isEnding ? socket.destroy() : this.handlers.onEnd()))
    socket.on('error', (error) => (this.#error = error))
    socket.on('close', () => this.handlers.onClose(this.#error))
  }

  get bufferedBytes(): number {
    return this.#socket.writableLength
  }

  write(bytes: Uint8Array): void {
    if (this.#socket.writable) this.#socket.write(bytes)
  }

  writeAll(pieces: readonly Uint8Array[]): void {
    this.#socket.cork()
    for (const bytes of pieces) this.write(bytes)
    this.#socket.uncork()
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  end(): void {
    if (this.#isEnding) return
    this.#isEnding = true
    // Closing with unread bytes would reset the connection, and the peer might lose our last ones.
    this.#socket.end()
    this.#socket.resume()
    if (this.#socket.readableEnded) this.#socket.once('finish', () => this.#socket.destroy())
    const linger = setTimeout(() => this.#socket.destroy(), LINGER_MS)
    linger.unref()
    this.#socket.once('close', () => clearTimeout(linger))
  }

  destroy(): void {
    this.#socket.destroy()
  }
}

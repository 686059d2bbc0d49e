/**
 * The election port: binds it, again and again if need be, and reads from each new connection who it is. Whoever says
 * nothing, half of it or nonsense is closed, and holds up nobody meanwhile (QuorumCnxManager.Listener).
 */
import { MalformedFrame } from '../../jute/malformed-frame.ts'
import type { Host, Listener, Socket, Timer } from '../../server/host/host.ts'
import { endpointText, readInitialMessage } from './initial-message.ts'
import type { InitialMessage } from './initial-message.ts'
import type { Endpoint } from './dial.ts'

const BIND_PAUSE_MS = 1000
/** Beyond that the one that has been silent for longest gives way: a true peer says who it is at once. */
const MAX_UNKNOWN = 128

export interface ElectionListenerParts {
  readonly host: Pick<Host, 'clock' | 'network' | 'log'>
  /** Undefined as host = all addresses of the machine. */
  readonly endpoints: readonly { readonly host: string | undefined; readonly port: number }[]
  /** Tries for each address; 0 = for ever. */
  readonly bindTries: number
  /** How long a connection may take to say who it is. */
  readonly handshakeTimeoutMs: number
  /** Somebody has said who he is; `rest` followed in the same bytes. Sets the socket's handlers. */
  onPeer(socket: Socket, initial: InitialMessage, rest: Uint8Array): void
  /** None of the addresses could be bound. */
  onUnableToBind(): void
}

interface Unknown {
  readonly socket: Socket
  readonly timeout: Timer
}

export class ElectionListener {
  readonly #parts: ElectionListenerParts
  readonly #listeners: Listener[] = []
  readonly #unknown = new Set<Unknown>()
  readonly #retries = new Set<Timer>()
  #givenUp = 0
  #isStopped = false

  constructor(parts: ElectionListenerParts) {
    this.#parts = parts
    for (const { host, port } of parts.endpoints) this.#bind(host, port, 1)
  }

  /** Where it listens by now. */
  get bound(): readonly Endpoint[] {
    return this.#listeners
  }

  stop(done: () => void): void {
    this.#isStopped = true
    for (const timer of this.#retries) timer.cancel()
    for (const unknown of this.#unknown) this.#drop(unknown)
    let open = this.#listeners.length
    if (open === 0) this.#parts.host.clock.endOfTurn(done)
    for (const listener of this.#listeners) listener.close(() => --open === 0 && done())
  }

  #bind(host: string | undefined, port: number, tries: number): void {
    const { network, log } = this.#parts.host
    const name = endpointText({ host: host ?? '0.0.0.0', port })
    network.listen(
      { host, port },
      (socket) => this.#accept(socket),
      (error, listener) => {
        if (this.#isStopped) return listener?.close(() => undefined)
        if (error === undefined) {
          log.info(`My election bind port: ${name}`)
          this.#listeners.push(listener!)
        } else {
          log.error(`Cannot bind the election port ${name}: ${error.message}`)
          this.#bindLater(host, port, tries)
        }
      },
    )
  }

  #bindLater(host: string | undefined, port: number, tries: number): void {
    const { host: world, bindTries, endpoints, onUnableToBind } = this.#parts
    const timer = world.clock.after(BIND_PAUSE_MS, () => {
      this.#retries.delete(timer)
      if (bindTries === 0 || tries < bindTries) return this.#bind(host, port, tries + 1)
      this.#givenUp++
      // As in Java: one address that works is enough.
      if (this.#givenUp === endpoints.length) onUnableToBind()
    })
    this.#retries.add(timer)
  }

  #accept(socket: Socket): void {
    if (this.#isStopped) return socket.destroy()
    const { host, handshakeTimeoutMs } = this.#parts
    const timeout = host.clock.after(handshakeTimeoutMs, () => this.#refuse(unknown, 'it has not said who it is'))
    const unknown: Unknown = { socket, timeout }
    this.#unknown.add(unknown)
    let received: Uint8Array = new Uint8Array(0)
    socket.handlers = {
      onData: (bytes) => {
        received = received.length === 0 ? bytes : Buffer.concat([received, bytes])
        this.#identify(unknown, received)
      },
      onDrain: () => {},
      onEnd: () => this.#drop(unknown),
      onClose: () => this.#drop(unknown),
    }
    if (this.#unknown.size > MAX_UNKNOWN) for (const oldest of this.#unknown) return this.#refuse(oldest, 'others wait')
  }

  #identify(unknown: Unknown, received: Uint8Array): void {
    let initial: InitialMessage | undefined
    try {
      initial = readInitialMessage(received)
    } catch (error) {
      if (!(error instanceof MalformedFrame)) throw error
      return this.#refuse(unknown, error.message)
    }
    if (initial === undefined) return
    unknown.timeout.cancel()
    this.#unknown.delete(unknown)
    this.#parts.onPeer(unknown.socket, initial, received.subarray(initial.lengthBytes))
  }

  #refuse(unknown: Unknown, why: string): void {
    const { remoteAddress, remotePort } = unknown.socket
    this.#parts.host.log.warn(`Closing the election connection of ${endpointText({ host: remoteAddress, port: remotePort })}: ${why}`)
    this.#drop(unknown)
  }

  #drop(unknown: Unknown): void {
    if (!this.#unknown.delete(unknown)) return
    unknown.timeout.cancel()
    unknown.socket.destroy()
  }
}

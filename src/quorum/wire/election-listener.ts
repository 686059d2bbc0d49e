/**
 * The election port: has it bound, and reads from each new connection who it is. Whoever says
 * nothing, half of it or nonsense is closed, and holds up nobody meanwhile (QuorumCnxManager.Listener).
 */
import { MalformedFrame } from '../../jute/malformed-frame.ts'
import { endpointText } from '../../protocol/addresses.ts'
import type { Endpoint } from '../../protocol/addresses.ts'
import type { Host, Socket, Timer } from '../../server/host/host.ts'
import { readInitialMessage } from './initial-message.ts'
import type { InitialMessage } from './initial-message.ts'
import { OpenPorts } from './open-ports.ts'

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
  readonly #ports: OpenPorts
  readonly #unknown = new Set<Unknown>()
  #isStopped = false

  constructor(parts: ElectionListenerParts) {
    this.#parts = parts
    this.#ports = new OpenPorts({
      host: parts.host,
      name: 'election',
      endpoints: parts.endpoints,
      pauseMs: BIND_PAUSE_MS,
      tries: parts.bindTries,
      onSocket: (socket) => this.#accept(socket),
      onUnable: () => parts.onUnableToBind(),
    })
  }

  /** Where it listens by now. */
  get bound(): readonly Endpoint[] {
    return this.#ports.bound
  }

  stop(done: () => void): void {
    this.#isStopped = true
    for (const unknown of this.#unknown) this.#drop(unknown)
    this.#ports.stop(done)
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

/**
 * One attempt to reach a server that may have several addresses. They are tried in order; where one does not answer soon
 * the next is tried beside it, and the first that answers is taken, so that a dead address holds up nobody for long.
 */
import type { Endpoint } from '../../protocol/addresses.ts'
import type { Clock, Connecting, Network, Socket, Timer } from '../../server/host/host.ts'
import type { DeadAddresses } from './dead-addresses.ts'

/** So long an address is tried before the next one is tried, too. */
const HEAD_START_MS = 250

export interface DialParts {
  readonly clock: Clock
  readonly network: Network
  /** At least one. */
  readonly endpoints: readonly Endpoint[]
  /** For each address; the look-up of a name counts. */
  readonly timeoutMs: number
  /** Is told of each of several that fails or answers. */
  readonly deadAddresses: DeadAddresses
  onConnect(socket: Socket): void
  /** None of the addresses answered; the reason is that of the last. */
  onError(error: Error): void
}

interface Attempt {
  readonly endpoint: Endpoint
  readonly connecting: Connecting
  readonly timeout: Timer
}

export class Dial {
  readonly #parts: DialParts
  readonly #attempts = new Set<Attempt>()
  #tried = 0
  #headStart: Timer | undefined

  constructor(parts: DialParts) {
    this.#parts = parts
    this.#tryNext()
  }

  /** Gives up: neither callback follows. */
  cancel(): void {
    this.#headStart?.cancel()
    for (const { connecting, timeout } of this.#attempts) {
      timeout.cancel()
      connecting.cancel()
    }
    this.#attempts.clear()
  }

  get #hasMore(): boolean {
    return this.#tried < this.#parts.endpoints.length
  }

  #tryNext(): void {
    this.#headStart?.cancel()
    const { clock, network, endpoints, timeoutMs } = this.#parts
    const endpoint = endpoints[this.#tried++]
    const { host, port } = endpoint
    const attempt: Attempt = {
      endpoint,
      connecting: network.connect(
        host,
        port,
        (socket) => this.#onConnect(attempt, socket),
        (error) => this.#onFailure(attempt, error),
      ),
      timeout: clock.after(timeoutMs, () => {
        attempt.connecting.cancel()
        this.#onFailure(attempt, new Error(`no answer within ${timeoutMs} ms`))
      }),
    }
    this.#attempts.add(attempt)
    if (this.#hasMore) this.#headStart = clock.after(HEAD_START_MS, () => this.#tryNext())
  }

  #onConnect(attempt: Attempt, socket: Socket): void {
    attempt.timeout.cancel()
    this.#attempts.delete(attempt)
    this.cancel()
    this.#parts.deadAddresses.onAlive(attempt.endpoint)
    this.#parts.onConnect(socket)
  }

  #onFailure(attempt: Attempt, error: Error): void {
    attempt.timeout.cancel()
    this.#attempts.delete(attempt)
    const { endpoints, deadAddresses } = this.#parts
    if (endpoints.length > 1) deadAddresses.onDead(attempt.endpoint, error)
    if (this.#hasMore) this.#tryNext()
    else if (this.#attempts.size === 0) this.#parts.onError(error)
  }
}

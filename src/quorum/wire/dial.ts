/** One attempt to reach a server that may have several addresses: they are tried in order, each for so long at most. */
import type { Clock, Connecting, Network, Socket, Timer } from '../../server/host/host.ts'

export interface Endpoint {
  readonly host: string
  readonly port: number
}

export interface DialParts {
  readonly clock: Clock
  readonly network: Network
  /** At least one. */
  readonly endpoints: readonly Endpoint[]
  /** For each address; the look-up of a name counts. */
  readonly timeoutMs: number
  onConnect(socket: Socket): void
  /** None of the addresses answered; the reason is that of the last. */
  onError(error: Error): void
}

export class Dial {
  readonly #parts: DialParts
  #index = -1
  #connecting: Connecting | undefined
  #timer: Timer | undefined

  constructor(parts: DialParts) {
    this.#parts = parts
    this.#next()
  }

  /** Gives up: neither callback follows. */
  cancel(): void {
    this.#timer?.cancel()
    this.#connecting?.cancel()
  }

  #next(): void {
    const { clock, network, endpoints, timeoutMs } = this.#parts
    const { host, port } = endpoints[++this.#index]!
    this.#connecting = network.connect(
      host,
      port,
      (socket) => {
        this.#timer?.cancel()
        this.#parts.onConnect(socket)
      },
      (error) => this.#onFailure(error),
    )
    this.#timer = clock.after(timeoutMs, () => {
      this.#connecting?.cancel()
      this.#onFailure(new Error(`no answer within ${timeoutMs} ms`))
    })
  }

  #onFailure(error: Error): void {
    this.#timer?.cancel()
    if (this.#index + 1 < this.#parts.endpoints.length) this.#next()
    else this.#parts.onError(error)
  }
}

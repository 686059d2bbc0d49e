/**
 * One port of a member that other members dial, on each of its addresses. Those that can be bound are enough; the others are
 * tried in the background for as long as the port is wanted, since a name may come to resolve and an address to be there. Java
 * 3.9.6 works with those that can be bound as well, and tries the others no more.
 */
import { endpointText } from '../../protocol/addresses.ts'
import type { Endpoint } from '../../protocol/addresses.ts'
import type { Host, Listener, Socket, Timer } from '../../server/host/host.ts'

/** Between two tries of an address, once another one is bound: the port is had, and there is no hurry. */
const BACKGROUND_PAUSE_MS = 5000

export interface OpenPortsParts {
  readonly host: Pick<Host, 'clock' | 'network' | 'log'>
  /** `election` or `quorum`. */
  readonly name: string
  /** Undefined as host = all addresses of the machine. */
  readonly endpoints: readonly { readonly host: string | undefined; readonly port: number }[]
  /** Between two tries of an address while none is bound. */
  readonly pauseMs: number
  /** Tries for each address while none is bound; 0 = for ever. */
  readonly tries: number
  onSocket(socket: Socket): void
  /** None of the addresses could be bound, and none is tried any more. */
  onUnable(): void
}

interface Address {
  readonly host: string | undefined
  readonly port: number
  readonly text: string
  failures: number
  /** What was logged last of why it cannot be bound. */
  told: string | undefined
  retry: Timer | undefined
}

export class OpenPorts {
  readonly #parts: OpenPortsParts
  readonly #addresses: readonly Address[]
  readonly #listeners: Listener[] = []
  #isStopped = false

  constructor(parts: OpenPortsParts) {
    this.#parts = parts
    const known = new Map<string, Address>()
    for (const { host, port } of parts.endpoints) {
      const text = endpointText({ host: host ?? '0.0.0.0', port })
      if (!known.has(text)) known.set(text, { host, port, text, failures: 0, told: undefined, retry: undefined })
    }
    this.#addresses = [...known.values()]
    for (const address of this.#addresses) this.#bind(address)
  }

  /** Where it listens by now. */
  get bound(): readonly Endpoint[] {
    return this.#listeners
  }

  stop(done: () => void): void {
    this.#end()
    let open = this.#listeners.length
    if (open === 0) this.#parts.host.clock.endOfTurn(done)
    for (const listener of this.#listeners) listener.close(() => --open === 0 && done())
  }

  #end(): void {
    this.#isStopped = true
    for (const { retry } of this.#addresses) retry?.cancel()
  }

  #bind(address: Address): void {
    const { host: world, name, onSocket } = this.#parts
    world.network.listen({ host: address.host, port: address.port }, onSocket, (error, listener) => {
      if (this.#isStopped) return listener?.close(() => undefined)
      if (error !== undefined) return this.#onFailure(address, error)
      world.log.info(`My ${name} bind port: ${address.text}`)
      this.#listeners.push(listener!)
    })
  }

  #onFailure(address: Address, error: Error): void {
    const { host, name, pauseMs } = this.#parts
    const reason = `Cannot bind the ${name} port ${address.text}: ${error.message}`
    if (address.told !== reason) host.log.error(`${reason}. It is tried again`)
    address.told = reason
    address.failures++
    address.retry = host.clock.after(this.#listeners.length > 0 ? BACKGROUND_PAUSE_MS : pauseMs, () => {
      address.retry = undefined
      if (this.#isHopeless()) {
        this.#end()
        this.#parts.onUnable()
      } else {
        this.#bind(address)
      }
    })
  }

  #isHopeless(): boolean {
    const { tries } = this.#parts
    return tries > 0 && this.#listeners.length === 0 && this.#addresses.every(({ failures }) => failures >= tries)
  }
}

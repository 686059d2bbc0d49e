/** Which addresses of servers that have several do not answer: said once each, and once more when one answers again. */
import { endpointText } from '../../protocol/addresses.ts'
import type { Endpoint } from '../../protocol/addresses.ts'
import type { Host } from '../../server/host/host.ts'

export class DeadAddresses {
  readonly #log: Host['log']
  readonly #dead = new Set<string>()

  constructor(log: Host['log']) {
    this.#log = log
  }

  onDead(endpoint: Endpoint, error: Error): void {
    const text = endpointText(endpoint)
    if (this.#dead.has(text)) return
    this.#dead.add(text)
    this.#log.warn(`The address ${text} does not answer: ${error.message}. Its server is reached at another one, if that does`)
  }

  onAlive(endpoint: Endpoint): void {
    const text = endpointText(endpoint)
    if (this.#dead.delete(text)) this.#log.info(`The address ${text} answers again`)
  }
}

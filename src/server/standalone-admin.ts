import type { Host } from './host/host.ts'
import type { WordAnswerer } from './net/client-service.ts'
import type { StandaloneServer } from './standalone.ts'

export class StandaloneAdmin implements WordAnswerer {
  readonly #server: StandaloneServer
  constructor(_host: Host, server: StandaloneServer) {
    this.#server = server
  }
  argumentBytes(word: string): number | undefined {
    return word === 'srvr' || word === 'ruok' ? 0 : undefined
  }
  answer(word: string): string {
    return word === 'ruok' ? 'imok' : `Zookeeper version: 3.9.6-x, built on y\nZxid: 0x${this.#server.replica.lastProcessedZxid.toString(16)}\nMode: standalone\n`
  }
}

/** The host of production: this machine. */
import type { Logger } from 'pino'
import type { Host } from './host.ts'
import { nodeClock } from './node-clock.ts'
import { nodeDisk } from './node-disk.ts'
import { nodeGzip } from './node-gzip.ts'
import { createNodeNetwork } from './node-network.ts'
import { nodeProcessFacts } from './node-process.ts'
import { nodeRandom } from './node-random.ts'

export interface NodeHostOptions {
  readonly log: Logger
  /** SO_KEEPALIVE on every TCP connection. */
  readonly keepAlive?: boolean
}

export function createNodeHost({ log, keepAlive = false }: NodeHostOptions): Host {
  return {
    clock: nodeClock,
    network: createNodeNetwork({ keepAlive }),
    disk: nodeDisk,
    random: nodeRandom,
    log,
    gzip: nodeGzip,
    process: nodeProcessFacts(),
  }
}

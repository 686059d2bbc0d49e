/** The simulated world as a server is given it. */
import { Gzip } from 'fflate'
import { pino } from 'pino'
import type { Compressor, Disk, Host } from '../server/host/host.ts'
import { unknownProcess } from '../server/host/process-facts.ts'
import { SeededRandom } from './seeded-random.ts'
import type { SimProcess } from './sim-process.ts'

export interface SimHostOptions {
  readonly disk: Disk
  readonly logLevel: 'info' | 'error'
  /** Lines that the server has logged. */
  readonly onLog: (message: string) => void
}

const COMPRESS_MS = 1
/** Fast rather than small. */
const GZIP_LEVEL = 1

export function createSimHost(owner: SimProcess, { disk, logLevel, onLog }: SimHostOptions): Host {
  const { world, clock, machine } = owner
  const sink = { write: (line: string) => onLog(messageOf(line)) }
  return {
    clock,
    network: machine.network.of(owner),
    disk,
    random: new SeededRandom(world.random.below(0x1_0000_0000)),
    log: pino({ level: logLevel, base: null, timestamp: false }, sink),
    gzip: () => gzip(owner),
    process: unknownProcess,
  }
}

function messageOf(line: string): string {
  const { msg, err } = JSON.parse(line) as { msg: string; err?: { message: string; stack: string } }
  return err === undefined ? msg : `${msg} (${err.stack})`
}

function gzip(owner: SimProcess): Compressor {
  const ready: Uint8Array[] = []
  const stream = new Gzip({ level: GZIP_LEVEL, mtime: 0 }, (piece) => void ready.push(piece))
  return {
    compress(bytes, last, done) {
      stream.push(bytes, last)
      const compressed = new Uint8Array(Buffer.concat(ready.splice(0)))
      const { world } = owner
      world.after(world.random.between(0, COMPRESS_MS), () => owner.deliver(() => done(undefined, compressed)))
    },
  }
}

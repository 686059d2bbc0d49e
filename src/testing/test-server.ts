/**
 * A server for tests: in this process, in memory, on a free port of 127.0.0.1, ready in a few milliseconds. In the
 * shape that users of Curator's TestingServer know.
 */
import { pino } from 'pino'
import type { Logger } from 'pino'
import { defaultSettings } from '../server/config/settings.ts'
import type { Settings } from '../server/config/settings.ts'
import type { Disk } from '../server/host/host.ts'
import { MemoryDisk } from '../server/host/memory-disk.ts'
import { nodeClock } from '../server/host/node-clock.ts'
import { createNodeHost } from '../server/host/node-host.ts'
import { startStandalone } from '../server/standalone.ts'
import type { StandaloneServer } from '../server/standalone.ts'

export interface TestServerOptions {
  /** Default 0: a free port, kept over restarts. */
  readonly port?: number
  /** A directory to keep the data in. Default: memory. */
  readonly dataDir?: string
  /** Anything of zoo.cfg, by the names of `Settings`; tickTime is 500 ms unless given. */
  readonly settings?: Partial<Settings>
  /** A pino logger; silent by default. */
  readonly log?: Logger
}

export interface TestServer {
  readonly port: number
  /** `127.0.0.1:port`, as clients want it. */
  readonly connectString: string
  /** Ends the session as if its client had been silent for too long. Resolves when its ephemerals are gone. */
  expireSession(sessionId: bigint): Promise<void>
  /** Stops the server; its data stays for `restart`. */
  stop(): Promise<void>
  /** Stops the server if it runs and starts it again with the same data on the same port. */
  restart(): Promise<void>
  /** Stops the server for good. */
  close(): Promise<void>
}

/** Starts a server. Rejects when the port is taken or the data directory cannot be used. */
export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const disk = options.dataDir === undefined ? new MemoryDisk({ later: setImmediate, wallTime: () => nodeClock.wallTime() }) : undefined
  const holder = new ServerHolder(options, disk)
  await holder.start()
  return holder
}

class ServerHolder implements TestServer {
  readonly #options: TestServerOptions
  readonly #disk: Disk | undefined
  #server: StandaloneServer | undefined
  #port: number

  constructor(options: TestServerOptions, disk: Disk | undefined) {
    this.#options = options
    this.#disk = disk
    this.#port = options.port ?? 0
  }

  get port(): number {
    return this.#port
  }

  get connectString(): string {
    return `127.0.0.1:${this.#port}`
  }

  async start(): Promise<void> {
    const node = createNodeHost({ log: this.#options.log ?? pino({ level: 'silent' }) })
    const host = this.#disk === undefined ? node : { ...node, disk: this.#disk }
    const settings = defaultSettings({
      tickTime: 500,
      maxClientCnxns: 0,
      ...this.#options.settings,
      dataDir: this.#options.dataDir ?? '/tskeeper',
      clientPort: this.#port,
      clientPortAddress: '127.0.0.1',
    })
    this.#server = await new Promise<StandaloneServer>((resolve, reject) => {
      startStandalone(host, settings, (error, server) => (error === undefined ? resolve(server!) : reject(error)))
    })
    this.#port = this.#server.clientPort
  }

  expireSession(sessionId: bigint): Promise<void> {
    const server = this.#running()
    return new Promise((resolve) => server.expireSession(sessionId, resolve))
  }

  async stop(): Promise<void> {
    const server = this.#server
    if (server === undefined) return
    this.#server = undefined
    await new Promise<void>((resolve) => server.stop(resolve))
  }

  async restart(): Promise<void> {
    await this.stop()
    await this.start()
  }

  close(): Promise<void> {
    return this.stop()
  }

  #running(): StandaloneServer {
    if (this.#server === undefined) throw new Error('the test server is stopped')
    return this.#server
  }
}

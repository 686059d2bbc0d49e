/**
 * A server for tests: in this process, in memory, on a free port of 127.0.0.1, ready in a few milliseconds. In the
 * shape that users of Curator's TestingServer know.
 */
import { pino } from 'pino'
import type { Logger } from 'pino'
import { ZooKeeperServer } from '../embed/zookeeper-server.ts'
// Loaded now, and not in the time of the first test that starts one.
import '../server/standalone.ts'
import type { Settings } from '../server/config/settings.ts'
import type { Disk } from '../server/host/host.ts'
import { createNodeHost } from '../server/host/node-host.ts'
import { diskInMemory } from './disk-in-memory.ts'
import { MortalHost } from './mortal-host.ts'

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

export interface TestServer extends AsyncDisposable {
  readonly port: number
  /** `127.0.0.1:port`, as clients want it. */
  readonly connectString: string
  /** Ends the session as if its client had been silent for too long. Resolves when its ephemerals are gone. */
  expireSession(sessionId: bigint): Promise<void>
  /** Stops the server in order; its data stays for `restart`. */
  stop(): Promise<void>
  /** Ends the server as `kill -9` would; what it acknowledged stays for `restart`. */
  kill(): Promise<void>
  /** Stops the server if it runs and starts it again with the same data on the same port. */
  restart(): Promise<void>
  /** The server stands still, as after SIGSTOP: its connections stay, and it hears of nothing and does nothing. */
  pause(): void
  /** The server goes on, and finds everything that has come meanwhile. */
  resume(): void
  /** Stops the server for good. */
  close(): Promise<void>
}

/** Starts a server. Rejects when the port is taken or the data directory cannot be used. */
export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const holder = new ServerHolder(options)
  await holder.start()
  return holder
}

class ServerHolder implements TestServer {
  readonly #options: TestServerOptions
  readonly #disk: Disk | undefined
  #running: { readonly server: ZooKeeperServer; readonly host: MortalHost } | undefined
  #port: number

  constructor(options: TestServerOptions) {
    this.#options = options
    this.#disk = options.dataDir === undefined ? diskInMemory() : undefined
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
    const host = new MortalHost({ ...node, disk: this.#disk ?? node.disk })
    const settings = {
      tickTime: 500,
      maxClientCnxns: 0,
      ...this.#options.settings,
      dataDir: this.#options.dataDir ?? '/tskeeper',
      clientPort: this.#port,
      clientPortAddress: '127.0.0.1',
    }
    const server = new ZooKeeperServer(settings, { host })
    await server.start()
    this.#running = { server, host }
    this.#port = server.ports.client!
  }

  async expireSession(sessionId: bigint): Promise<void> {
    if (this.#running === undefined) throw new Error('the test server is stopped')
    await this.#running.server.expireSession(sessionId)
  }

  async stop(): Promise<void> {
    this.resume()
    const running = this.#running
    this.#running = undefined
    await running?.server.stop()
  }

  async kill(): Promise<void> {
    const running = this.#running
    this.#running = undefined
    if (running !== undefined) await new Promise<void>((resolve) => running.host.die(resolve))
  }

  async restart(): Promise<void> {
    await this.stop()
    await this.start()
  }

  pause(): void {
    this.#running?.host.pause()
  }

  resume(): void {
    this.#running?.host.resume()
  }

  close(): Promise<void> {
    return this.stop()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

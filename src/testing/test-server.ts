/**
 * A server for tests: in this process, in memory, on a free port of 127.0.0.1, ready in a few milliseconds. In the
 * shape that users of Curator's TestingServer know.
 */
import { pino } from 'pino'
import type { Logger } from 'pino'
import { judgeOptions, whole } from '../embed/arguments.ts'
import { sessionIdFrom } from '../embed/session-id.ts'
import type { SessionId } from '../embed/session-id.ts'
import { judgeSettings } from '../embed/setting-checks.ts'
import { ZooKeeperServer } from '../embed/zookeeper-server.ts'
// Loaded now, and not in the time of the first test that starts one.
import '../server/standalone.ts'
import type { Settings } from '../server/config/settings.ts'
import { createNodeHost } from '../server/host/node-host.ts'
import { diskInMemory } from './disk-in-memory.ts'
import { HeldServer } from './held-server.ts'
import type { Candidate } from './held-server.ts'
import { MortalHost } from './mortal-host.ts'
import { reservedForServer, sharedChecks, withoutUndefined } from './test-options.ts'

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

/** Calls are carried out in the order in which they are made, one after the other. After `close` all of them reject, or throw. */
export interface TestServer extends AsyncDisposable {
  readonly port: number
  /** `127.0.0.1:port`, as clients want it. */
  readonly connectString: string
  /**
   * Ends the session as if its client had been silent for too long. Resolves when its ephemerals are gone, to true, or to false if there is no such
   * session. Rejects with a TypeError or RangeError for what is no id, and when the server does not run or is killed meanwhile.
   */
  expireSession(sessionId: SessionId): Promise<boolean>
  /** Stops the server in order; its data stays for `restart`. Does nothing when it does not run. */
  stop(): Promise<void>
  /** Ends the server as `kill -9` would; what it acknowledged stays for `restart`. Does nothing when it does not run. */
  kill(): Promise<void>
  /** Stops the server if it runs and starts it again with the same data on the same port. */
  restart(): Promise<void>
  /** The server stands still, as after SIGSTOP: its connections stay, and it hears of nothing and does nothing. Does nothing when it does not run. */
  pause(): void
  /** The server goes on, and finds everything that has come meanwhile. Does nothing when it is not paused. */
  resume(): void
  /** Stops the server for good. May be called again. */
  close(): Promise<void>
}

/**
 * Starts a server. Rejects when the port is taken or the data directory cannot be used, and with a TypeError or RangeError that names the option and
 * its value when an option is not what it must be.
 */
export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  judgeOptions('options', options, { ...sharedChecks, port: whole(0, 65_535) })
  judgeSettings(options.settings ?? {}, reservedForServer)
  const holder = new ServerHolder(options)
  await holder.begin()
  return holder
}

class ServerHolder implements TestServer {
  readonly #held: HeldServer

  constructor({ port = 0, dataDir, settings, log = pino({ level: 'silent' }) }: TestServerOptions) {
    const disk = dataDir === undefined ? diskInMemory() : undefined
    const create = (clientPort: number): Candidate => {
      const node = createNodeHost({ log })
      const host = new MortalHost({ ...node, disk: disk ?? node.disk })
      const fixed = { dataDir: dataDir ?? '/tskeeper', clientPort, clientPortAddress: '127.0.0.1' }
      return { host, server: new ZooKeeperServer({ tickTime: 500, maxClientCnxns: 0, ...withoutUndefined(settings), ...fixed }, { host }) }
    }
    this.#held = new HeldServer('the test server', port, create)
  }

  get port(): number {
    return this.#held.port
  }

  get connectString(): string {
    return `127.0.0.1:${this.port}`
  }

  begin(): Promise<void> {
    return this.#held.start()
  }

  async expireSession(sessionId: SessionId): Promise<boolean> {
    return this.#held.expireSession(sessionIdFrom(sessionId))
  }

  stop(): Promise<void> {
    return this.#held.stop()
  }

  kill(): Promise<void> {
    return this.#held.kill()
  }

  restart(): Promise<void> {
    return this.#held.restart()
  }

  pause(): void {
    this.#held.pause()
  }

  resume(): void {
    this.#held.resume()
  }

  close(): Promise<void> {
    return this.#held.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

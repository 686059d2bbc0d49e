/**
 * A server for tests: in this process, in memory, on a free port of 127.0.0.1, ready in a few milliseconds. The API resembles
 * Curator's TestingServer.
 */
import { pino } from 'pino'
import type { Logger } from 'pino'
import { judgeOptions, whole } from '../embed/arguments.ts'
import { sessionIdFrom } from '../embed/session-id.ts'
import type { SessionId } from '../embed/session-id.ts'
import { judgeSettings } from '../embed/setting-checks.ts'
import { ZooKeeperServer } from '../embed/zookeeper-server.ts'
// Loaded now, so that the first test that starts a server does not wait for it.
import '../server/standalone.ts'
import type { Settings } from '../server/config/settings.ts'
import { createNodeHost } from '../server/host/node-host.ts'
import { diskInMemory } from './disk-in-memory.ts'
import { HeldServer } from './held-server.ts'
import type { Candidate } from './held-server.ts'
import { MortalHost } from './mortal-host.ts'
import { reservedForServer, sharedChecks, withoutUndefined } from './test-options.ts'

export interface TestServerOptions {
  /** Default 0: a free port, which the server keeps over restarts. */
  readonly port?: number
  /** A directory to keep the data in. Default: memory. */
  readonly dataDir?: string
  /** Anything of zoo.cfg, by the names of `Settings`; tickTime is 500 ms unless given. */
  readonly settings?: Partial<Settings>
  /** A pino logger; silent by default. */
  readonly log?: Logger
}

/** The server carries out calls one after the other, in their order. After `close` every call but `close` rejects or throws. */
export interface TestServer extends AsyncDisposable {
  readonly port: number
  /** `127.0.0.1:port`, for a client. */
  readonly connectString: string
  /**
   * Ends the session as if its client had been silent for too long. Resolves to true when the session's ephemerals are gone, or to false if there is no
   * such session. Rejects with a TypeError or RangeError if `sessionId` is no session id, and when the server does not run or is killed meanwhile.
   */
  expireSession(sessionId: SessionId): Promise<boolean>
  /** Stops the server in order; its data stays for `restart`. Does nothing when it does not run. */
  stop(): Promise<void>
  /** Ends the server as `kill -9` would; the writes that it acknowledged stay for `restart`. Does nothing when it does not run. */
  kill(): Promise<void>
  /** Stops the server if it runs and starts it again with the same data on the same port. */
  restart(): Promise<void>
  /** Halts the server, as SIGSTOP does: its connections stay, and it answers no client. Does nothing when it does not run. */
  pause(): void
  /** The server goes on, and handles what has come meanwhile. Does nothing when it is not paused. */
  resume(): void
  /** Stops the server for good. May be called again. */
  close(): Promise<void>
}

/**
 * Starts a server. Rejects when the port is taken or the data directory cannot be used. Rejects a wrong option with a TypeError or RangeError that names
 * the option and its value.
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

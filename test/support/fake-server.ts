// A whole standalone server on a fake host: everything it does happens inside `settle` and `advance`.
import { defaultSettings } from '../../src/server/config/settings.ts'
import type { Settings } from '../../src/server/config/settings.ts'
import { startStandalone } from '../../src/server/standalone.ts'
import type { StandaloneServer } from '../../src/server/standalone.ts'
import { FakeHost } from './fake-host.ts'
import type { FakeHostOptions } from './fake-host.ts'
import type { FakeSocket } from './fake-network.ts'
import { RawConnection, RawSession } from './raw-session.ts'
import type { HandshakeOptions } from './raw-session.ts'

const DATA_DIRECTORY = '/data'

export class FakeServer {
  readonly host: FakeHost
  /** What the server could not survive. */
  readonly fatal: Error[] = []
  #settings: Settings
  #server: StandaloneServer | undefined
  #port = 0

  constructor(settings: Partial<Settings> = {}, options: FakeHostOptions = {}) {
    this.host = new FakeHost(options)
    this.#settings = defaultSettings({
      tickTime: 2000,
      maxClientCnxns: 0,
      preAllocSizeKb: 64,
      ...settings,
      dataDir: DATA_DIRECTORY,
      clientPort: 0,
    })
    this.start()
  }

  get server(): StandaloneServer {
    return this.#server!
  }

  start(): void {
    let failure: Error | undefined
    startStandalone(this.host, this.#settings, (error, server) => {
      failure = error
      this.#server = server
    })
    this.host.settle()
    if (this.#server === undefined) throw failure ?? new Error('the server did not start')
    this.#server.onFatal = (error) => this.fatal.push(error)
    this.#port = this.#server.clientPort
  }

  stop(): void {
    this.server.stop(() => (this.#server = undefined))
    this.host.settle()
    if (this.#server !== undefined) throw new Error('the server did not stop')
  }

  restart(settings: Partial<Settings> = {}): void {
    if (this.#server !== undefined) this.stop()
    this.#settings = defaultSettings({ ...this.#settings, ...settings })
    this.start()
  }

  /** A connection on which nothing has been said yet. */
  dial(from = '127.0.0.1'): RawConnection {
    const dialed = this.dialing(new Uint8Array(0), from)
    this.host.settle()
    return dialed()
  }

  /** On its way to a server that does not accept it yet; what it says first follows at once. */
  dialing(first: Uint8Array, from = '127.0.0.1'): () => RawConnection {
    let connection: RawConnection | undefined
    const connected = (socket: FakeSocket): void => {
      connection = new RawConnection(this.host, socket)
      connection.send(first)
    }
    this.host.network.dial(this.#port, from, connected, () => {})
    return () => {
      if (connection === undefined) throw new Error('connection refused')
      return connection
    }
  }

  /** A session of its own, or the attempt at one: see `handshake`. */
  session(options: HandshakeOptions = {}, from?: string): RawSession {
    return new RawSession(this.dial(from), options)
  }

  /** A new connection for the session of an old one. */
  reattach(session: RawSession, options: HandshakeOptions = {}): RawSession {
    return this.session({ sessionId: session.id, passwd: session.password, ...options })
  }

  get lastZxid(): bigint {
    return this.server.replica.lastProcessedZxid
  }
}

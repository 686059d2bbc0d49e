/**
 * A server in one's own process: settings in, ports and events out. It is what the command runs, without the process around it: nothing is
 * read from the environment, no signal is caught, and several fit into one process.
 */
import { EventEmitter } from 'node:events'
import { pino } from 'pino'
import type { Logger } from 'pino'
import type { EnsembleServer } from '../quorum/ensemble-server.ts'
import { ConfigRefused } from '../server/config/config-refused.ts'
import { leftOut, refusalOf } from '../server/config/not-yet.ts'
import { defaultSettings } from '../server/config/settings.ts'
import type { Settings } from '../server/config/settings.ts'
import type { Host } from '../server/host/host.ts'
import { createNodeHost } from '../server/host/node-host.ts'
import type { StandaloneServer } from '../server/standalone.ts'
import { startServerFor } from './start-server.ts'

export type ServerRole = 'standalone' | 'leader' | 'follower' | 'observer'

export interface ZooKeeperServerEvents {
  /** It serves its clients in this role from now on; undefined = it serves nobody, because it looks for a leader or has stopped. */
  role: [role: ServerRole | undefined]
  /** It cannot go on, as with a disk that fails, and serves nobody any more; `tskeeper` would exit with the code. Unheard, it is thrown. */
  error: [error: Error, exitCode: number]
}

export interface ZooKeeperServerOptions {
  /** A pino logger; silent by default. */
  readonly log?: Logger
  /** The world that it runs in; this machine by default. */
  readonly host?: Host
}

/** Undefined = there is none; servers on their own have a client port only. */
export interface ServerPorts {
  readonly client: number | undefined
  readonly quorum: number | undefined
  readonly election: number | undefined
}

/** What is inside, for tests that look at it: undefined while it does not run. Not for users, and not in the package's door. */
export let coreOf: (server: ZooKeeperServer) => StandaloneServer | EnsembleServer | undefined

/** Node's own servers are emitters, too. */
export class ZooKeeperServer extends EventEmitter<ZooKeeperServerEvents> {
  /** Complete, and frozen. */
  readonly settings: Settings
  readonly #host: Host
  #core: StandaloneServer | EnsembleServer | undefined
  #hasFailed = false
  #starting: Promise<StandaloneServer | EnsembleServer> | undefined
  #clientPort: number | undefined
  #toldRole: ServerRole | undefined

  static {
    coreOf = (server) => server.#core
  }

  /**
   * Takes anything that zoo.cfg can say, by the names of `Settings`. Without a `clientPort` (0 = any free one) there are no clients; with
   * `distributed` it is the member `serverId` of `servers`. Throws ConfigRefused for what this version does not have.
   */
  constructor(settings: Partial<Settings>, options: ZooKeeperServerOptions = {}) {
    super()
    this.settings = defaultSettings(settings)
    this.#clientPort = this.settings.clientPort
    if (this.settings.distributed) checkMember(this.settings)
    const refusal = refusalOf(this.settings)
    if (refusal !== undefined) throw refusal
    const keepAlive = this.settings.clientTcpKeepAlive || this.settings.tcpKeepAlive
    this.#host = options.host ?? createNodeHost({ log: options.log ?? pino({ level: 'silent' }), keepAlive })
  }

  /** Undefined while it serves nobody. */
  get role(): ServerRole | undefined {
    const core = this.#core
    if (core === undefined || this.#hasFailed) return undefined
    return 'role' in core ? roleOf(core) : 'standalone'
  }

  get isRunning(): boolean {
    return this.#core !== undefined
  }

  /** A port that was free is known after the first start, and kept. */
  get ports(): ServerPorts {
    const own = this.settings.servers.find(({ sid }) => this.settings.distributed && sid === this.settings.serverId)
    return { client: this.#clientPort, quorum: own?.addresses[0]?.quorumPort, election: own?.addresses[0]?.electionPort }
  }

  /** As clients on this machine want it. */
  get connectString(): string {
    const { clientPortAddress: address = '' } = this.settings
    const host = ['', '0.0.0.0', '::'].includes(address) ? '127.0.0.1' : address.includes(':') ? `[${address}]` : address
    return `${host}:${this.#clientPort ?? 0}`
  }

  /**
   * Reads the data directory and opens the ports. Resolves when a server on its own serves, and when a member begins to look for a leader.
   * Rejects with StartupRefused, DirectoryInUse or an error of the network; it may be tried again.
   */
  async start(): Promise<void> {
    if (this.#core !== undefined || this.#starting !== undefined) throw new Error('the server is running')
    for (const line of leftOut(this.settings)) this.#host.log.warn(line)
    const settings = this.#clientPort === this.settings.clientPort ? this.settings : { ...this.settings, clientPort: this.#clientPort }
    this.#starting = startServerFor(this.#host, settings)
    try {
      this.#begin(await this.#starting)
    } finally {
      this.#starting = undefined
    }
  }

  #begin(core: StandaloneServer | EnsembleServer): void {
    this.#core = core
    this.#hasFailed = false
    if (this.#clientPort !== undefined) this.#clientPort = core.clientPort
    core.onFatal = (error, exitCode) => {
      this.#hasFailed = true
      this.#tellRole()
      this.emit('error', error, exitCode)
    }
    if ('onRoleChange' in core) core.onRoleChange = () => this.#tellRole()
    this.#tellRole()
  }

  #tellRole(): void {
    const { role } = this
    if (role === this.#toldRole) return
    this.#toldRole = role
    this.emit('role', role)
  }

  /** Ends all connections and frees the directory; what was acknowledged is on disk. Does nothing when it does not run. */
  async stop(): Promise<void> {
    await this.#starting?.catch(() => undefined)
    const core = this.#core
    if (core === undefined) return
    this.#core = undefined
    this.#tellRole()
    await new Promise<void>((resolve) => core.stop(resolve))
  }

  /**
   * Ends the session as if its client had been silent for too long; resolves when its ephemeral nodes are gone here. Of an ensemble's members, only
   * the leader can do it.
   */
  async expireSession(sessionId: bigint): Promise<void> {
    const core = this.#core
    if (core === undefined) throw new Error('the server is stopped')
    await new Promise<void>((resolve) => core.expireSession(sessionId, resolve))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }
}

function roleOf(server: EnsembleServer): ServerRole | undefined {
  const { role } = server
  if (role?.phase !== 'broadcast') return undefined
  return role.kind === 'leading' ? 'leader' : role.kind === 'following' ? 'follower' : 'observer'
}

/** What the reader of zoo.cfg asks for, in its words. */
function checkMember({ serverId, servers, initLimit, syncLimit }: Settings): void {
  const missing = (what: string): ConfigRefused => new ConfigRefused('config', `${what} is not set`)
  if (serverId === undefined || !servers.some(({ sid }) => sid === serverId)) throw missing('serverId')
  if (initLimit === 0) throw missing('initLimit')
  if (syncLimit === 0) throw missing('syncLimit')
}

/**
 * A server inside the caller's process: settings in, ports and events out. The command `tskeeper` runs this class. The class reads no
 * environment and catches no signal, and several servers fit into one process.
 */
import { EventEmitter } from 'node:events'
import { pino } from 'pino'
import type { Logger } from 'pino'
import type { EnsembleServer } from '../quorum/member/ensemble-server.ts'
import { leftOut, refusalOf } from '../server/config/not-yet.ts'
import type { Settings } from '../server/config/settings.ts'
import type { Host } from '../server/host/host.ts'
import { createNodeHost } from '../server/host/node-host.ts'
import type { StandaloneServer } from '../server/standalone.ts'
import { fields, having, judgeOptions, logger, record } from './arguments.ts'
import { sessionIdFrom } from './session-id.ts'
import type { SessionId } from './session-id.ts'
import { completeSettings } from './setting-checks.ts'
import { startServerFor } from './start-server.ts'

export type ServerRole = 'standalone' | 'leader' | 'follower' | 'observer'

export interface ZooKeeperServerEvents {
  /** The server serves clients in this role from now on; undefined = it serves no client, because it looks for a leader or has stopped. */
  role: [role: ServerRole | undefined]
  /** The server cannot go on, as with a disk that fails, and serves no client any more; `tskeeper` would exit with the code. Thrown without a listener. */
  error: [error: Error, exitCode: number]
}

export interface ZooKeeperServerOptions {
  /** A pino logger; silent by default. */
  readonly log?: Logger
  /** The host that the server runs on; this machine by default. */
  readonly host?: Host
}

/** The server's state between its starts and stops. */
type Life =
  | { readonly kind: 'stopped' }
  | { readonly kind: 'starting'; readonly done: Promise<void> }
  | { readonly kind: 'running'; readonly core: StandaloneServer | EnsembleServer; hasFailed: boolean }
  | { readonly kind: 'stopping'; readonly done: Promise<void> }

/** Undefined = the server has no such port; a standalone server has a client port only. */
export interface ServerPorts {
  readonly client: number | undefined
  readonly quorum: number | undefined
  readonly election: number | undefined
}

const hostCheck = fields({
  clock: having('a clock', 'now', 'wallTime', 'after', 'endOfTurn'),
  network: having('a network', 'listen', 'connect'),
  disk: having('a disk', 'open', 'lock'),
  random: record,
  log: logger,
})

/** The server inside, for this project's tests; undefined while it does not run. The package does not export it. */
export let coreOf: (server: ZooKeeperServer) => StandaloneServer | EnsembleServer | undefined

/** Node's own servers are emitters, too. */
export class ZooKeeperServer extends EventEmitter<ZooKeeperServerEvents> {
  /** Complete, and frozen. */
  readonly settings: Settings
  readonly #host: Host
  #life: Life = { kind: 'stopped' }
  #clientPort: number | undefined
  #toldRole: ServerRole | undefined
  /** Rejects a call that waits for the core: a core that has failed or lost its role cannot answer any more. */
  readonly #waiting = new Set<(reason: Error) => void>()

  static {
    coreOf = (server) => server.#core
  }

  /**
   * Takes anything that zoo.cfg can say, by the names of `Settings`. Without a `clientPort` (0 = any free one) the server has no client port; with
   * `distributed` it is the member `serverId` of `servers`. Throws a TypeError or RangeError that names a wrong setting and its value, and ConfigRefused
   * for what this version does not support.
   */
  constructor(settings: Partial<Settings>, options: ZooKeeperServerOptions = {}) {
    super()
    judgeOptions('options', options, { log: logger, host: hostCheck })
    this.settings = completeSettings(settings)
    this.#clientPort = this.settings.clientPort
    const refusal = refusalOf(this.settings)
    if (refusal !== undefined) throw refusal
    const keepAlive = this.settings.clientTcpKeepAlive || this.settings.tcpKeepAlive
    this.#host = options.host ?? createNodeHost({ log: options.log ?? pino({ level: 'silent' }), keepAlive })
  }

  get #core(): StandaloneServer | EnsembleServer | undefined {
    return this.#life.kind === 'running' ? this.#life.core : undefined
  }

  /** Undefined while the server serves no client. */
  get role(): ServerRole | undefined {
    const life = this.#life
    if (life.kind !== 'running' || life.hasFailed) return undefined
    return 'role' in life.core ? roleOf(life.core) : 'standalone'
  }

  /** True from the end of `start` to the call of `stop`. */
  get isRunning(): boolean {
    return this.#life.kind === 'running'
  }

  /** With `clientPort: 0` the port is known after the first start, and the server keeps it. */
  get ports(): ServerPorts {
    const own = this.settings.servers.find(({ sid }) => this.settings.distributed && sid === this.settings.serverId)
    return { client: this.#clientPort, quorum: own?.addresses[0]?.quorumPort, election: own?.addresses[0]?.electionPort }
  }

  /** `host:port` for clients on this machine. */
  get connectString(): string {
    const { clientPortAddress: address = '' } = this.settings
    const host = ['', '0.0.0.0', '::'].includes(address) ? '127.0.0.1' : address.includes(':') ? `[${address}]` : address
    return `${host}:${this.#clientPort ?? 0}`
  }

  /**
   * Reads the data directory and opens the ports. Resolves when a standalone server serves, and when a member begins to look for a leader. Waits for the end
   * of a stop that is under way. Rejects when the server runs or starts already, and with StartupRefused, DirectoryInUse or an error of the network; the
   * caller may try again.
   */
  async start(): Promise<void> {
    while (this.#life.kind === 'stopping') await this.#life.done
    if (this.#life.kind !== 'stopped') throw new Error(`the server is ${this.#life.kind}`)
    const done = this.#start()
    this.#life = { kind: 'starting', done }
    await done
  }

  async #start(): Promise<void> {
    try {
      for (const line of leftOut(this.settings)) this.#host.log.warn(line)
      const settings = this.#clientPort === this.settings.clientPort ? this.settings : { ...this.settings, clientPort: this.#clientPort }
      this.#begin(await startServerFor(this.#host, settings))
    } catch (error) {
      this.#life = { kind: 'stopped' }
      throw error
    }
  }

  #begin(core: StandaloneServer | EnsembleServer): void {
    const life: Life = { kind: 'running', core, hasFailed: false }
    this.#life = life
    if (this.#clientPort !== undefined) this.#clientPort = core.clientPort
    core.onFatal = (error, exitCode) => {
      life.hasFailed = true
      this.#tellRole()
      this.#giveUpWaiting(error)
      this.emit('error', error, exitCode)
    }
    if ('onRoleChange' in core) core.onRoleChange = () => this.#tellRole()
    this.#tellRole()
  }

  #tellRole(): void {
    const { role } = this
    if (role === this.#toldRole) return
    const hasLed = this.#toldRole === 'leader'
    this.#toldRole = role
    if (hasLed) this.#giveUpWaiting(new Error('the server leads no more: whether it has ended the session is not known'))
    this.emit('role', role)
  }

  #giveUpWaiting(reason: Error): void {
    for (const giveUp of [...this.#waiting]) giveUp(reason)
  }

  /**
   * Ends all connections and frees the directory; every acknowledged write is on disk. Does nothing when the server does not run, and waits for the end of a
   * start that is under way. Every call resolves when the server has stopped.
   */
  async stop(): Promise<void> {
    if (this.#life.kind === 'starting') await this.#life.done.catch(() => undefined)
    const life = this.#life
    if (life.kind === 'running') {
      const done = new Promise<void>((resolve) => life.core.stop(resolve)).then(() => {
        this.#life = { kind: 'stopped' }
      })
      this.#life = { kind: 'stopping', done }
      this.#tellRole()
      await done
    } else if (life.kind === 'stopping') {
      await life.done
    }
  }

  /**
   * Ends the session as if its client had been silent for too long. Resolves to true when the session's ephemeral nodes are gone from this server, or to
   * false if there is no such session. In an ensemble only the leader can do it; the other members reject. Rejects with a TypeError or RangeError if
   * `sessionId` is no session id, and when the server does not run, fails, or ceases to lead meanwhile.
   */
  async expireSession(sessionId: SessionId): Promise<boolean> {
    const id = sessionIdFrom(sessionId)
    const core = this.#core
    if (core === undefined) throw new Error('the server is stopped')
    if ('role' in core && this.role !== 'leader') throw new Error(`only the leader can end a session, and this server is ${this.role ?? 'without a role'}`)
    return new Promise<boolean>((resolve, reject) => {
      this.#waiting.add(reject)
      core.expireSession(id, (wasThere) => {
        this.#waiting.delete(reject)
        resolve(wasThere)
      })
    })
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

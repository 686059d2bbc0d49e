/** One run of the server: a process of its own over the machine's disk, from its start to its end. */
import type { Disk, Host } from '../server/host/host.ts'
import type { ServerCore } from '../server/server-core.ts'
import type { Settings } from '../server/config/settings.ts'
import type { SimMount } from './sim-disk.ts'
import { createSimHost } from './sim-host.ts'
import type { SimMachine } from './sim-machine.ts'
import { SimProcess } from './sim-process.ts'

/** Makes a server wrong by standing between it and its disk. */
export type Mutation = (mount: SimMount) => Disk

export interface LifeOptions {
  readonly mutation?: Mutation | undefined
  /** 'error' when undefined. */
  readonly logLevel?: 'info' | 'error' | undefined
}

/** Starts a server: one that stands alone, or a member of an ensemble. */
export type Begin<Server> = (host: Host, settings: Settings, started: (error: Error | undefined, server: Server | undefined) => void) => void

export type LifeState =
  | { readonly kind: 'starting' }
  | { readonly kind: 'serving' }
  | { readonly kind: 'refused'; readonly error: Error & { exitCode?: number } }
  | { readonly kind: 'fatal'; readonly error: Error; readonly exitCode: number }

export class ServerLife<Server extends ServerCore> {
  readonly process: SimProcess
  state: LifeState = { kind: 'starting' }
  /** Set once it serves; stays after its death, as the memory of what it had applied. */
  server: Server | undefined
  /** The last that it has logged. */
  lastLine = ''
  /** Its disk has refused to read something. */
  hasMetSpoiled = false
  readonly #begin: Begin<Server>
  readonly #options: LifeOptions

  constructor(machine: SimMachine, name: string, begin: Begin<Server>, options: LifeOptions = {}) {
    this.process = new SimProcess(machine, name)
    this.#begin = begin
    this.#options = options
  }

  /** `onServing` is called before any client can have been heard. */
  start(settings: Settings, onServing: (server: Server) => void): void {
    const { mutation, logLevel } = this.#options
    const { journal } = this.process.world
    const mount = this.process.machine.disk.mount(this.process)
    const host = createSimHost(this.process, {
      disk: mutation?.(mount) ?? mount,
      logLevel: logLevel ?? 'error',
      onLog: (message) => {
        this.lastLine = message
        journal.remark(`${this.process.name} logs: ${message}`)
      },
    })
    journal.note(`${this.process.name} starts`)
    this.process.deliver(() =>
      this.#begin(host, settings, (error, server) => {
        // Dying is an exception that the purge takes for a file that cannot be removed.
        if (!this.process.isAlive) return
        if (server === undefined) {
          journal.note(`${this.process.name} does not start: ${error?.message}`)
          this.state = { kind: 'refused', error: error! }
          return
        }
        journal.note(`${this.process.name} serves from zxid ${server.replica.lastProcessedZxid}`)
        this.server = server
        this.state = { kind: 'serving' }
        server.onFatal = (fatal, exitCode) => {
          journal.note(`${this.process.name} cannot go on, exit code ${exitCode}: ${fatal.message}`)
          this.state = { kind: 'fatal', error: fatal, exitCode }
        }
        onServing(server)
      }),
    )
  }
}

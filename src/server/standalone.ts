/** A server on its own: it decides the order of writes by itself, as soon as they are durable (ZooKeeperServerMain). */
import type { Settings } from './config/settings.ts'
import type { DirectoryLock, Host } from './host/host.ts'
import { ServerCore, startServer } from './server-core.ts'
import type { ServerStarted } from './server-core.ts'
import { localSessions } from './session/session-authority.ts'
import type { DataDirs } from './storage/data-dirs.ts'
import type { Request } from './txn/request.ts'

/** A standalone server gives out session ids as server 1, whatever `conf` says its id is. */
const SERVER_ID = 1

export type Started = ServerStarted<StandaloneServer>

/** Loads the data directory, then opens the client port. Errors: StartupRefused, DirectoryInUse, or of the network. */
export function startStandalone(host: Host, settings: Settings, started: Started): void {
  startServer(host, settings, (dirs, lock) => new StandaloneServer(host, settings, dirs, lock), started)
}

export class StandaloneServer extends ServerCore {
  constructor(host: Host, settings: Settings, dirs: DataDirs, lock: DirectoryLock | undefined) {
    super(host, settings, dirs, lock, { serverId: SERVER_ID, sessionAuthority: localSessions, ensemble: undefined })
  }

  start(done: (error: Error | undefined) => void): void {
    this.begin(done)
    const goOn = (error: Error | undefined): void => (error === undefined ? this.#serve() : this.onBegun?.(error))
    this.load((error, recovery) => (error === undefined ? this.secure(recovery, goOn) : goOn(error)))
  }

  #serve(): void {
    this.startDeciding()
    this.listen((error) => {
      if (error !== undefined) return this.onBegun?.(error)
      if (this.onBegun === undefined) return this.service.close(() => {})
      this.startServing()
      this.onBegun(undefined)
    })
  }

  submit(request: Request): void {
    if (!this.isStopping) this.append(this.preparer.prepare(request))
  }

  protected onLogged(zxid: bigint): void {
    this.applyUpTo(zxid)
  }
}

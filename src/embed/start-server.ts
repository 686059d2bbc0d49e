/** Starts the server that the settings describe: a member of an ensemble, or a standalone server. */
import type { EnsembleServer } from '../quorum/member/ensemble-server.ts'
import type { Settings } from '../server/config/settings.ts'
import type { Host } from '../server/host/host.ts'
import type { StandaloneServer } from '../server/standalone.ts'

/** Errors: StartupRefused, DirectoryInUse, or of the network. */
export async function startServerFor(host: Host, settings: Settings): Promise<StandaloneServer | EnsembleServer> {
  // Loading the modules of an ensemble would take a tenth of a standalone server's start.
  const startServer = settings.distributed
    ? (await import('../quorum/member/ensemble-server.ts')).startEnsembleServer
    : (await import('../server/standalone.ts')).startStandalone
  return new Promise((resolve, reject) => {
    startServer(host, settings, (error: Error | undefined, server: StandaloneServer | EnsembleServer | undefined) => {
      if (server !== undefined) resolve(server)
      else reject(error ?? new Error('the server did not start'))
    })
  })
}

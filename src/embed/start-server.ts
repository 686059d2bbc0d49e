/** Starts what the settings describe: a member of an ensemble, or a server on its own. */
import type { EnsembleServer } from '../quorum/member/ensemble-server.ts'
import type { Settings } from '../server/config/settings.ts'
import type { Host } from '../server/host/host.ts'
import type { StandaloneServer } from '../server/standalone.ts'

/** Errors: StartupRefused, DirectoryInUse, or of the network. */
export async function startServerFor(host: Host, settings: Settings): Promise<StandaloneServer | EnsembleServer> {
  // What only an ensemble needs is a tenth of the start of a server that stands alone.
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

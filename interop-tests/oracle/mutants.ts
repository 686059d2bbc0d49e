// Servers made wrong on purpose, to see that the comparison would notice.
import { patchedPackage } from '../peers/patched-package.ts'
import type { Edit } from '../peers/patched-package.ts'
import { startServerProcess } from '../peers/server-process.ts'
import type { ServerProcess } from '../peers/server-process.ts'
import type { Configuration } from './configurations.ts'

export interface Mutant extends Edit {
  /** What is wrong with this server. */
  readonly name: string
  /** The name of a configuration in which it shows; default the one of every client that asks for nothing. */
  readonly configuration?: string
  /** The steps within which it has to be found. */
  readonly within: number
}

/** Makes the mutant and gives what starts it. */
export async function buildMutant(mutant: Mutant): Promise<(configuration: Configuration) => Promise<ServerProcess>> {
  const command = await patchedPackage(mutant.name, [mutant])
  return async ({ settings, properties }) => {
    const flags = Object.entries(properties).map(([name, value]) => `-D${name}=${value}`)
    return await startServerProcess(command, { config: settings, env: { SERVER_JVMFLAGS: flags.join(' ') } })
  }
}

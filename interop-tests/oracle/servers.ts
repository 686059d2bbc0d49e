// Pairs of fresh servers under one configuration.
import { startReferenceServer, startServer } from '../peers/server-under-test.ts'
import type { ServerProcess } from '../peers/server-process.ts'
import type { Configuration } from './configurations.ts'
import type { Pair } from './lockstep.ts'

export interface ServerPair {
  readonly ports: Pair
  readonly reference: ServerProcess
  readonly subject: ServerProcess
  /** Ends both; their data is thrown away. */
  end(): Promise<void>
}

export type StartServer = (configuration: Configuration) => Promise<ServerProcess>

export const startReference: StartServer = ({ settings, properties }) => startReferenceServer({ config: settings, properties })
export const startSubject: StartServer = ({ settings, properties }) => startServer({ config: settings, properties })

/** Starts the reference server and the one to compare with it. */
export async function startPair(configuration: Configuration, start: StartServer = startSubject): Promise<ServerPair> {
  const [reference, subject] = await Promise.all([startReference(configuration), start(configuration)])
  return {
    ports: { reference: reference.port, subject: subject.port },
    reference,
    subject,
    async end() {
      await Promise.all([reference.kill(), subject.kill()])
    },
  }
}

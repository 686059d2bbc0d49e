// The server that the client suites run against: ours, or with TSK_SERVER=java the Java server, which shows that the suites themselves
// are right.
import { startJavaServer } from './java.ts'
import type { ServerOptions, ServerProcess } from './server-process.ts'
import { startTsKeeper } from './tskeeper.ts'

export interface TestedServerOptions extends ServerOptions {
  /** System properties, the way each kind of server takes them. */
  readonly properties?: Readonly<Record<string, string>>
}

/** Which implementation the suites look at. */
export const testedKind: 'ours' | 'java' = process.env['TSK_SERVER'] === 'java' ? 'java' : 'ours'

/** Starts the server under test. */
export async function startServer(options: TestedServerOptions = {}): Promise<ServerProcess> {
  if (testedKind === 'java') return await startReferenceServer(options)
  const jvmFlags = systemProperties(options)
  return await startTsKeeper({ ...options, env: { ...options.env, ...(jvmFlags.length > 0 && { SERVER_JVMFLAGS: jvmFlags.join(' ') }) } })
}

/** Starts the Java server of the reference release with the same options, for comparison. */
export async function startReferenceServer(options: TestedServerOptions = {}): Promise<ServerProcess> {
  return await startJavaServer({ ...options, jvmFlags: systemProperties(options) })
}

/** Stops the server (or kills it, as a crash would) and starts it again on its port with its data. */
export async function restartServer(server: ServerProcess, how: 'stop' | 'kill', options: TestedServerOptions = {}): Promise<ServerProcess> {
  await server[how]()
  return await startServer({ ...options, port: server.port, dataDir: server.dataDir })
}

function systemProperties(options: TestedServerOptions): string[] {
  return Object.entries(options.properties ?? {}).map(([name, value]) => `-D${name}=${value}`)
}

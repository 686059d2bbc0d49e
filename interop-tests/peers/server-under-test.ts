// The server that the client suites run against: ours, or with TSK_SERVER=java the Java server, which shows that the suites themselves
// are right.
import { startJavaServer } from './java.ts'
import type { ServerOptions, ServerProcess } from './server-process.ts'
import { startTsKeeper } from './tskeeper.ts'

export interface TestedServerOptions extends ServerOptions {
  /** System properties, the way each kind of server takes them. */
  readonly properties?: Readonly<Record<string, string>>
}

export type Kind = 'ours' | 'java'

/** Which implementation the suites look at. */
export const testedKind: Kind = process.env['TSK_SERVER'] === 'java' ? 'java' : 'ours'

/** Starts the server under test. */
export async function startServer(options: TestedServerOptions = {}): Promise<ServerProcess> {
  return await startServerOf(testedKind, options)
}

export async function startServerOf(kind: Kind, options: TestedServerOptions = {}): Promise<ServerProcess> {
  if (kind === 'java') return await startReferenceServer(options)
  const jvmFlags = systemProperties(options.properties)
  return await startTsKeeper({ ...options, env: { ...options.env, ...(jvmFlags.length > 0 && { SERVER_JVMFLAGS: jvmFlags.join(' ') }) } })
}

/** Starts the Java server of the reference release with the same options, for comparison. */
export async function startReferenceServer(options: TestedServerOptions = {}): Promise<ServerProcess> {
  return await startJavaServer({ ...options, jvmFlags: systemProperties(options.properties) })
}

/** Stops the server (or kills it, as a crash would) and starts it again on its port with its data. */
export async function restartServer(
  server: ServerProcess,
  how: 'stop' | 'kill',
  options: TestedServerOptions = {},
  kind: Kind = testedKind,
): Promise<ServerProcess> {
  await server[how]()
  return await startServerOf(kind, { ...options, port: server.port, dataDir: server.dataDir })
}

/** As the command line of Java takes them, and SERVER_JVMFLAGS ours. */
export function systemProperties(properties: Readonly<Record<string, string>> = {}): string[] {
  return Object.entries(properties).map(([name, value]) => `-D${name}=${value}`)
}

// The servers that take over each other's data directories, all with the same settings, and what their logs may not say while they do.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { javaCommand, oracleLibrary, startJavaServer } from '../peers/java.ts'
import { freePort } from '../peers/ports.ts'
import { runProgram, temporaryDirectory } from '../peers/processes.ts'
import type { Result } from '../peers/processes.ts'
import type { ServerProcess } from '../peers/server-process.ts'
import { startTsKeeper, tskeeperCommand } from '../peers/tskeeper.ts'

/** Ours, or a Java server of that release. */
export type Kind = 'ours' | `java ${string}`

export interface Side {
  readonly kind: Kind
  /** Lines of zoo.cfg. */
  readonly config?: Readonly<Record<string, string>>
  /** System properties. */
  readonly properties?: Readonly<Record<string, string>>
  /** Level of our log. */
  readonly logLevel?: 'info' | 'error'
}

/** Reads everything, whatever its ACL; `superPassword` belongs to it. */
const superDigest = 'super:VWtk8RlLl86/uVG5FIHgpHieL2Q='
export const superPassword = 'super:wire'

const commonConfig = { tickTime: '500', maxSessionTimeout: '60000', preAllocSize: '64' }

const commonProperties = {
  'zookeeper.extendedTypesEnabled': 'true',
  'zookeeper.enforceQuota': 'true',
  'zookeeper.DigestAuthenticationProvider.superDigest': superDigest,
  'znode.container.checkIntervalMs': '200',
  // Java hashes paths in the charset of its platform.
  'file.encoding': 'UTF-8',
}

const START_REFUSAL_LIMIT_MS = 60_000

/** Starts a server of that kind on the directory and waits until it serves. */
export async function startSide(side: Side, dataDir: string): Promise<ServerProcess> {
  const config = { ...commonConfig, ...side.config }
  const flags = propertyFlags(side)
  if (side.kind === 'ours') return await startTsKeeper({ dataDir, config, env: { SERVER_JVMFLAGS: flags.join(' '), ZOO_LOG_LEVEL: side.logLevel ?? 'info' } })
  return await startJavaServer({ dataDir, config, jvmFlags: flags, version: side.kind.slice('java '.length) })
}

/** Starts a server that is expected to end by itself; one that serves is killed when the time is over. */
export async function refusedStart(side: Side, dataDir: string): Promise<Result> {
  const directory = await temporaryDirectory('refused')
  const configFile = join(directory, 'zoo.cfg')
  const port = await freePort()
  const config = { dataDir, clientPort: port, clientPortAddress: '127.0.0.1', 'admin.enableServer': 'false', ...commonConfig, ...side.config }
  await writeFile(
    configFile,
    Object.entries(config)
      .map(([key, value]) => `${key}=${value}\n`)
      .join(''),
  )
  const jvmFlags = propertyFlags(side)
  const [program, ...args] = side.kind === 'ours' ? tskeeperCommand('start-foreground', configFile) : await javaServer(side, configFile)
  return await runProgram(program, args, { cwd: directory, env: { SERVER_JVMFLAGS: jvmFlags.join(' ') }, timeoutMs: START_REFUSAL_LIMIT_MS })
}

/** Lines in a server's log that speak of damage, lost data or a digest that is not that of the tree. */
export function complaints(log: string): string[] {
  const bad = /Digests are not matching|First digest mismatch|not covering the snapshot|problem reading snap|corrupt|out of order|Unreasonable|severe/i
  // What a Java server leaves that is killed between making a log and writing to it; every server removes it.
  const harmless = /Delete empty tail log file/
  return log.split('\n').filter((line) => bad.test(line) && !harmless.test(line))
}

async function javaServer(side: Side, configFile: string): Promise<string[]> {
  const library = await oracleLibrary(side.kind.slice('java '.length))
  return javaCommand(library, 'org.apache.zookeeper.server.quorum.QuorumPeerMain', [configFile], { jvmFlags: propertyFlags(side) })
}

function propertyFlags(side: Side): string[] {
  return Object.entries({ ...commonProperties, ...side.properties }).map(([name, value]) => `-D${name}=${value}`)
}

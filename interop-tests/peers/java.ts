// Apache ZooKeeper's own jars as a peer: fetched through Maven, run as a server, as its tools, or under small Java programs of ours.
import { existsSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { cachedDirectory, withLock } from './cache.ts'
import { fetching, needProgram } from './programs.ts'
import { mustRun, runProgram, temporaryDirectory } from './processes.ts'
import type { Result } from './processes.ts'
import { startServerProcess } from './server-process.ts'
import type { ServerOptions, ServerProcess } from './server-process.ts'

/** The release that our server must not be told from. */
export const referenceVersion = '3.9.6'

const FETCH_LIMIT_MS = 480_000

/** The pom of a release may be unobtainable while its jars are there: then the dependencies of the release before it are taken. */
const dependenciesOf: Record<string, string> = { '3.9.6': '3.9.5', '3.8.7': '3.8.6' }

/**
 * The directory with the jars of that ZooKeeper release and everything they need at run time, fetched on first use (about half a minute).
 * It also holds `logback.xml`.
 */
export async function oracleLibrary(version: string = referenceVersion): Promise<string> {
  return await cachedDirectory(`zookeeper-${version}`, async (scratch) => {
    await needProgram('java', ['openjdk-17-jdk-headless', 'default-jdk-headless'])
    await needProgram('mvn', ['maven'])
    await writeFile(join(scratch, 'pom.xml'), pom(version))
    await writeFile(join(scratch, 'logback.xml'), logback)
    const fetch = (): Promise<Result> => mustRun('mvn', ['-q', '-B', 'package'], { cwd: scratch, timeoutMs: FETCH_LIMIT_MS })
    // Maven's local repository is not made for two writers, and it keeps what has arrived: a second try goes on where the first broke off.
    await fetching(`ZooKeeper ${version}`, () => withLock('maven', () => fetch().catch(fetch)))
  })
}

export interface JavaOptions {
  /** Flags for the virtual machine, `-Dname=value` included. */
  readonly jvmFlags?: readonly string[]
  /** Directories or jars that come behind the library. */
  readonly classPath?: readonly string[]
}

/** The command line `java … mainClass args`: first the program, then its arguments. */
export function javaCommand(library: string, mainClass: string, args: readonly string[] = [], options: JavaOptions = {}): string[] {
  const classPath = [join(library, '*'), ...(options.classPath ?? [])].join(':')
  const logging = `-Dlogback.configurationFile=${join(library, 'logback.xml')}`
  const flags = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto', logging]
  const archive = join(library, archiveName(mainClass))
  if (existsSync(archive)) flags.push(`-XX:SharedArchiveFile=${archive}`)
  return ['java', ...flags, ...(options.jvmFlags ?? []), '-cp', classPath, mainClass, ...args]
}

export interface RunJavaOptions extends JavaOptions {
  readonly version?: string
  readonly stdin?: string
  readonly env?: Record<string, string>
  readonly cwd?: string
  readonly timeoutMs?: number
}

/** Runs a Java program with the ZooKeeper jars in its class path to its end. */
export async function runJava(mainClass: string, args: readonly string[] = [], options: RunJavaOptions = {}): Promise<Result> {
  const library = await oracleLibrary(options.version)
  await warmUp(library, mainClass)
  const [program, ...rest] = javaCommand(library, mainClass, args, options)
  return await runProgram(program, rest, options)
}

/** Compiles Java source files against the jars of that release and gives the directory of the classes. */
export async function compileJava(sources: readonly string[], options: { version?: string; jvmFlags?: readonly string[] } = {}): Promise<string> {
  const library = await oracleLibrary(options.version)
  const classes = await temporaryDirectory('classes')
  await needProgram('javac', ['openjdk-17-jdk-headless', 'default-jdk-headless'])
  await mustRun('javac', ['-nowarn', ...(options.jvmFlags ?? []), '-d', classes, '-cp', join(library, '*'), ...sources])
  return classes
}

export interface JavaServerOptions extends ServerOptions {
  readonly version?: string
  readonly jvmFlags?: readonly string[]
}

const serverClass = 'org.apache.zookeeper.server.quorum.QuorumPeerMain'

/** Starts a Java server and waits until it serves. */
export async function startJavaServer(options: JavaServerOptions = {}): Promise<ServerProcess> {
  const library = await oracleLibrary(options.version)
  await warmUp(library, serverClass)
  const jvmFlags = ['-Xmx512m', ...(options.jvmFlags ?? [])]
  return await startServerProcess((configFile) => javaCommand(library, serverClass, [configFile], { jvmFlags }), options)
}

// A class-data archive halves the start of a virtual machine. It is a saving only: where it cannot be made, everything runs without it.
async function recordServer(library: string, archiveFlag: string): Promise<void> {
  const command = (configFile: string): string[] => javaCommand(library, serverClass, [configFile], { jvmFlags: [archiveFlag] })
  await (await startServerProcess(command, {})).stop()
}

async function recordClient(library: string, archiveFlag: string): Promise<void> {
  const server = await startServerProcess((configFile) => javaCommand(library, serverClass, [configFile]), {})
  const args = ['-server', `127.0.0.1:${server.port}`, 'ls', '/']
  const [program, ...rest] = javaCommand(library, 'org.apache.zookeeper.ZooKeeperMain', args, { jvmFlags: [archiveFlag] })
  await runProgram(program, rest)
  await server.stop()
}

/** Servers share one archive, clients (ours too: most of what they load is ZooKeeper's) another. */
function archiveName(mainClass: string): string {
  return mainClass === serverClass ? 'server.jsa' : 'client.jsa'
}

async function warmUp(library: string, mainClass: string): Promise<void> {
  const record = mainClass === serverClass ? recordServer : recordClient
  const archive = join(library, archiveName(mainClass))
  const attempted = `${archive}.attempted`
  if (existsSync(attempted)) return
  await withLock(`${basename(library)}-${archiveName(mainClass)}`, async () => {
    if (existsSync(attempted)) return
    const scratch = `${archive}.partial`
    await record(library, `-XX:ArchiveClassesAtExit=${scratch}`).catch(() => undefined)
    if (existsSync(scratch)) await rename(scratch, archive)
    await writeFile(attempted, '')
  })
}

function pom(version: string): string {
  const dependencies = [
    `org.apache.zookeeper:zookeeper:${dependenciesOf[version] ?? version}`,
    'commons-cli:commons-cli:1.5.0',
    'org.eclipse.jetty:jetty-server:9.4.58.v20250814',
    'org.eclipse.jetty:jetty-servlet:9.4.58.v20250814',
    'com.fasterxml.jackson.core:jackson-databind:2.15.2',
    'org.jline:jline:3.25.1',
    'io.dropwizard.metrics:metrics-core:4.1.12.1',
    'org.xerial.snappy:snappy-java:1.1.10.5',
    'ch.qos.logback:logback-classic:1.3.15',
  ]
  const own = [`org.apache.zookeeper:zookeeper:${version}`, `org.apache.zookeeper:zookeeper-jute:${version}`]
  // This old plug-in copies a jar without reading its pom; newer ones want the pom's parent too, which is not published for every release.
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
<modelVersion>4.0.0</modelVersion><groupId>tskeeper</groupId><artifactId>peer</artifactId><version>1</version><packaging>pom</packaging>
<dependencies>${dependencies.map((name) => artifact('dependency', name)).join('')}</dependencies>
<build><plugins><plugin>
<groupId>org.apache.maven.plugins</groupId><artifactId>maven-dependency-plugin</artifactId><version>2.8</version><executions>
<execution><id>needed</id><phase>package</phase><goals><goal>copy-dependencies</goal></goals><configuration>
<outputDirectory>.</outputDirectory>
<excludeArtifactIds>zookeeper,zookeeper-jute,netty-tcnative-boringssl-static</excludeArtifactIds></configuration></execution>
<execution><id>own</id><phase>package</phase><goals><goal>copy</goal></goals><configuration>
<outputDirectory>.</outputDirectory>
<artifactItems>${own.map((name) => artifact('artifactItem', name)).join('')}</artifactItems></configuration></execution>
</executions></plugin></plugins></build></project>
`
}

function artifact(tag: string, name: string): string {
  const [group, id, version] = name.split(':')
  return `<${tag}><groupId>${group}</groupId><artifactId>${id}</artifactId><version>${version}</version></${tag}>\n`
}

/** Warnings to stderr; `-DZK_LOG=INFO` shows more, `-DZK_LOG=OFF` nothing. */
const logback = `<configuration><appender name="E" class="ch.qos.logback.core.ConsoleAppender"><target>System.err</target>
<encoder><pattern>%d{ISO8601} [myid:%X{myid}] - %-5p [%t:%C{1}@%L] - %m%n</pattern></encoder></appender>
<root level="\${ZK_LOG:-WARN}"><appender-ref ref="E"/></root></configuration>
`

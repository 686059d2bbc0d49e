/**
 * `start-foreground`: settings, log, server, signals and the end, with the log lines and exit codes of QuorumPeerMain and
 * ZooKeeperServerMain.
 */
import { lookup } from 'node:dns/promises'
import { existsSync, writeSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { loadSettingsFile } from '../embed/settings-file.ts'
import { startServerFor } from '../embed/start-server.ts'
import { ConfigRefused } from '../server/config/config-refused.ts'
import { readJvmFlags } from '../server/config/jvm-flags.ts'
import { settingsFromArguments, settingsWithoutFile } from '../server/config/load-settings.ts'
import type { LoadedSettings } from '../server/config/load-settings.ts'
import { leftOut, refusalOf } from '../server/config/not-yet.ts'
import type { Settings } from '../server/config/settings.ts'
import { createNodeHost } from '../server/host/node-host.ts'
import type { ServerCore } from '../server/server-core.ts'
import { ExitCode, StartupRefused } from '../server/storage/storage-errors.ts'
import { packageVersion } from '../server/version.ts'
import { fallback } from './context.ts'
import type { CommandContext, Target } from './context.ts'
import { openServerLog } from './logger.ts'
import type { ServerLog } from './logger.ts'

/** A stop that takes longer than a second is cut short: what was acknowledged is on disk already. */
const stopMs = 700
const flushMs = 200

/** Runs until the process is told to end; never returns. */
export async function serve(target: Target, context: CommandContext): Promise<never> {
  const serverLog = await openServerLog(context.env)
  const { log } = serverLog
  process.on('uncaughtException', error => {
    log.fatal(error, 'Severe unrecoverable error, exiting')
    void exit(serverLog, 1)
  })
  const ending = new Ending(serverLog)
  try {
    const settings = await readSettings(target, context, serverLog)
    ending.server = await start(settings, serverLog)
    ending.server.onFatal = (_error, exitCode) => void exit(serverLog, exitCode)
    const { clientPort } = ending.server
    log.info(`TSKeeper ${packageVersion} ${clientPort === 0 ? 'has no client port' : `serves clients on port ${clientPort}`}`)
  } catch (error) {
    await refuse(serverLog, error)
  }
  return new Promise<never>(() => undefined)
}

async function readSettings(target: Target, context: CommandContext, serverLog: ServerLog): Promise<Settings> {
  const { log } = serverLog
  const flags = readJvmFlags(context.env['SERVER_JVMFLAGS'], context.env['JVMFLAGS'])
  const properties = new Map(flags.properties)
  if (context.env['ZOO_DATADIR_AUTOCREATE_DISABLE']) properties.set('zookeeper.datadir.autocreate', 'false')
  const { settings, notices, warnings, errors } = load(target, context, properties)
  for (const line of [...notices, ...flags.notices, ...environmentNotices(target, context)]) log.info(line)
  for (const line of [...warnings, ...leftOut(settings)]) log.warn(line)
  for (const line of errors) log.error(line)
  const refusal = refusalOf(settings)
  if (refusal !== undefined) {
    tell(refusal.message, serverLog)
    throw refusal
  }
  if (settings.clientPortAddress !== undefined) await checkAddress(settings.clientPortAddress, target)
  return settings
}

function load(target: Target, context: CommandContext, properties: ReadonlyMap<string, string>): LoadedSettings {
  const { file } = target.location
  if (target.legacy !== undefined) return settingsFromArguments(target.legacy, properties, context.cwd)
  if (file === undefined) return settingsWithoutFile({ ...fallback, dataDir: resolve(context.cwd, fallback.dataDir) }, properties, context.cwd)
  return loadSettingsFile(file, { properties, workingDirectory: context.cwd })
}

/** Environment of an Apache installation that means nothing here. */
function environmentNotices(target: Target, { env, cwd }: CommandContext): string[] {
  const notices: string[] = []
  const jmx = ['JMXPORT', 'JMXAUTH', 'JMXSSL', 'JMXLOG4J', 'JMXHOSTNAME', 'JMXLOCALONLY'].filter(name => env[name])
  if (jmx.length > 0) notices.push(`Ignoring ${jmx.join(', ')}: there is no JMX without a JVM`)
  if (env['ZK_SERVER_HEAP']) notices.push('Ignoring ZK_SERVER_HEAP: set NODE_OPTIONS=--max-old-space-size=<MB> to bound the heap')
  const { directory } = target.location
  for (const name of ['zookeeper-env.sh', 'java.env']) {
    if (directory !== undefined && existsSync(join(resolve(cwd, directory), name))) notices.push(`Ignoring ${directory}/${name}: set the variables themselves`)
  }
  return notices
}

async function checkAddress(host: string, target: Target): Promise<void> {
  try {
    await lookup(host)
  } catch {
    throw new ConfigRefused('config', `${host}: Name or service not known`, `Error processing ${target.location.file}`)
  }
}

async function start(settings: Settings, { log }: ServerLog): Promise<ServerCore> {
  log.info('Starting server')
  const { tickTime, minSessionTimeout, maxSessionTimeout, clientPortListenBacklog, dataDir, dataLogDir } = settings
  log.info(
    `Created server with tickTime ${tickTime} ms minSessionTimeout ${minSessionTimeout} ms maxSessionTimeout ${maxSessionTimeout} ms ` +
      `clientPortListenBacklog ${clientPortListenBacklog} dataLogdir ${dataLogDir}/version-2 snapdir ${dataDir}/version-2`,
  )
  if (settings.maxCnxns === 0) log.warn('maxCnxns is not configured, using default value 0.')
  return startServerFor(createNodeHost({ log, keepAlive: settings.clientTcpKeepAlive || settings.tcpKeepAlive }), settings)
}

/** SIGTERM and SIGINT: a clean stop, and the exit code that a shell shows for a JVM ended in this way. */
class Ending {
  server: ServerCore | undefined
  readonly #log: ServerLog
  #isEnding = false

  constructor(log: ServerLog) {
    this.#log = log
    process.on('SIGTERM', () => this.#end('SIGTERM', 143))
    process.on('SIGINT', () => this.#end('SIGINT', 130))
  }

  #end(signal: NodeJS.Signals, exitCode: number): void {
    const finish = (isLate = false): void => void exit(this.#log, exitCode, { isTold: false, isLate })
    if (this.#isEnding) return finish()
    this.#isEnding = true
    this.#log.log.info(`Shutting down on ${signal}`)
    if (this.server === undefined) return finish()
    setTimeout(() => finish(true), stopMs)
    this.server.stop(() => finish())
  }
}

/** Tells why there is no server, as Java does, and ends. */
async function refuse(serverLog: ServerLog, error: unknown): Promise<never> {
  // The server itself has said what happened.
  if (error instanceof StartupRefused && error.exitCode === ExitCode.ERROR_TAKING_SNAPSHOT) return exit(serverLog, error.exitCode)
  const refusal = error instanceof ConfigRefused ? error : asRefusal(error as Error)
  const { reason, logged, exitCode, standardError } = refusal
  serverLog.log.error(`${logged}: ${reason}`)
  if (standardError?.startsWith('Usage')) serverLog.log.info(standardError)
  if (standardError !== undefined) tell(standardError, serverLog)
  return exit(serverLog, exitCode)
}

function tell(line: string, { log }: ServerLog): void {
  try {
    writeSync(2, `${line}\n`)
  } catch (error) {
    log.debug(error as Error, 'standard error is not written')
  }
}

/** What Java says of a port that cannot be had. */
const bindSentences: ReadonlyMap<string, string> = new Map([
  ['EADDRINUSE', 'Address already in use'],
  ['EADDRNOTAVAIL', 'Cannot assign requested address'],
  ['EACCES', 'Permission denied'],
])

/** Errors of starting carry the exit code where it is not 1. */
function asRefusal(error: NodeJS.ErrnoException & { exitCode?: number }): ConfigRefused {
  const isDirectory = error.exitCode === 3 || error.name === 'DirectoryInUse'
  const sentence = bindSentences.get(error.code ?? '')
  return new ConfigRefused(isDirectory ? 'datadir' : 'unexpected', sentence ?? error.message, undefined, sentence === undefined ? undefined : error.message)
}

/** The last lines get out if anybody reads them. */
async function exit({ log, output }: ServerLog, exitCode: number, { isTold = true, isLate = false } = {}): Promise<never> {
  if (isTold) log[exitCode === 0 ? 'info' : 'error'](`Exiting JVM with code ${exitCode}`)
  const isWritten = await output.flush(flushMs)
  // process.exit would wait for a call that hangs in the thread pool, of the log lines or of the data; a signal does not.
  const isHanging = isLate && process.getActiveResourcesInfo().includes('FSReqCallback')
  if (isHanging || (!isWritten && output.holdsThread)) {
    process.removeAllListeners('SIGTERM')
    process.kill(process.pid, exitCode === 143 ? 'SIGTERM' : 'SIGKILL')
  }
  process.exit(exitCode)
}

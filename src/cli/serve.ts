/**
 * `start-foreground`: settings, log, server, signals and the end, with the log lines and exit codes of QuorumPeerMain and
 * ZooKeeperServerMain.
 */
import { lookup } from 'node:dns/promises'
import { existsSync, writeSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import { PACKAGE_VERSION } from '../base/version.ts'
import { loadSettingsFile } from '../embed/settings-file.ts'
import { startServerFor } from '../embed/start-server.ts'
import type { EnsembleServer } from '../quorum/member/ensemble-server.ts'
import { ConfigRefused } from '../server/config/config-refused.ts'
import { readJvmFlags } from '../server/config/jvm-flags.ts'
import { settingsFromArguments, settingsWithoutFile } from '../server/config/load-settings.ts'
import type { LoadedSettings } from '../server/config/load-settings.ts'
import { leftOut, refusalOf } from '../server/config/not-yet.ts'
import type { Settings } from '../server/config/settings.ts'
import { createNodeHost } from '../server/host/node-host.ts'
import type { StandaloneServer } from '../server/standalone.ts'
import { ExitCode, StartupRefused } from '../server/storage/storage-errors.ts'
import { fallback } from './context.ts'
import type { CommandContext, CommandForm, Target } from './context.ts'
import { openServerLog } from './logger.ts'
import type { ServerLog } from './logger.ts'

interface ServingLog extends ServerLog {
  readonly form: CommandForm
}

/** The command cuts a stop short after a second: every acknowledged write is on disk already. */
const STOP_MS = 700
const FLUSH_MS = 200
/** How long the end of the process waits for a disk call that is under way, and how often it looks. */
const DISK_MS = 700
const LOOK_MS = 20

/** Runs the server until a signal or a fault ends the process; never returns. */
export async function serve(target: Target, context: CommandContext): Promise<never> {
  const serverLog: ServingLog = { ...(await openServerLog(context.env)), form: context.form }
  const { log } = serverLog
  process.on('uncaughtException', (error) => {
    log.fatal(error, 'Severe unrecoverable error, exiting')
    void exit(serverLog, 1)
  })
  const ending = new Ending(serverLog, target.sigtermExitCode ?? 143)
  try {
    const settings = await readSettings(target, context, serverLog)
    ending.server = await start(settings, serverLog)
    ending.server.onFatal = (_error, exitCode) => void exit(serverLog, exitCode)
    tellWhomItServes(ending.server, log)
  } catch (error) {
    await refuse(serverLog, error)
  }
  return new Promise<never>(() => undefined)
}

/** A member of an ensemble logs each time it comes to serve, and each time it looks for a leader again. */
function tellWhomItServes(server: StandaloneServer | EnsembleServer, log: Logger): void {
  const { clientPort } = server
  const port = clientPort === 0 ? 'no client port' : `port ${clientPort}`
  const serves = clientPort === 0 ? 'has no client port' : `serves clients on ${port}`
  if (!('onRoleChange' in server)) return log.info(`TSKeeper ${PACKAGE_VERSION} ${serves}`)
  let told = ''
  const tell = (line: string): void => {
    if (line !== told) log.info(`TSKeeper ${PACKAGE_VERSION} ${line}`)
    told = line
  }
  const onRole = (): void => {
    const { role } = server
    if (role?.phase !== 'broadcast') {
      if (role === undefined) tell(`listens on ${port}, looking for a leader`)
      return
    }
    const as = role.kind === 'leading' ? 'leader' : role.kind === 'following' ? 'follower' : 'observer'
    tell(server.service.isServing ? `${serves} as ${as}` : `serves no clients, as leaderServes=no asks a ${as}`)
  }
  server.onRoleChange = onRole
  onRole()
}

async function readSettings(target: Target, context: CommandContext, serverLog: ServerLog): Promise<Settings> {
  const { log } = serverLog
  const flags = readJvmFlags(context.env['SERVER_JVMFLAGS'], context.env['JVMFLAGS'])
  const properties = new Map(flags.properties)
  if (context.env['ZOO_DATADIR_AUTOCREATE_DISABLE']) properties.set('zookeeper.datadir.autocreate', 'false')
  const { settings, notices, warnings, errors } = load(target, context, properties)
  for (const line of [...notices, ...flags.notices, ...environmentNotices(context)]) log.info(line)
  for (const line of [...warnings, ...leftOut(settings), ...scriptsLeftOut(target, context)]) log.warn(line)
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

/** Environment variables of an Apache installation that have no effect on this server. */
function environmentNotices({ env }: CommandContext): string[] {
  const notices: string[] = []
  const jmx = ['JMXPORT', 'JMXAUTH', 'JMXSSL', 'JMXLOG4J', 'JMXHOSTNAME', 'JMXLOCALONLY'].filter((name) => env[name])
  if (jmx.length > 0) notices.push(`Ignoring ${jmx.join(', ')}: there is no JMX without a JVM`)
  if (env['ZK_SERVER_HEAP']) notices.push('Ignoring ZK_SERVER_HEAP: set NODE_OPTIONS=--max-old-space-size=<MB> to bound the heap')
  return notices
}

/** Shell snippets beside the configuration, which the scripts of an Apache installation run. */
function scriptsLeftOut({ location: { directory } }: Target, { cwd }: CommandContext): string[] {
  if (directory === undefined) return []
  const there = ['zookeeper-env.sh', 'java.env'].filter((name) => existsSync(join(resolve(cwd, directory), name)))
  return there.map((name) => `${directory}/${name}: not supported yet by TSKeeper, left out; set its variables in the environment`)
}

async function checkAddress(host: string, target: Target): Promise<void> {
  try {
    await lookup(host)
  } catch {
    const hint = `clientPortAddress must be an address, or a name that can be looked up, got '${host}'`
    throw new ConfigRefused('config', `${host}: Name or service not known`, `Error processing ${target.location.file}`, hint)
  }
}

async function start(settings: Settings, { log }: ServerLog): Promise<StandaloneServer | EnsembleServer> {
  log.info('Starting server')
  const { tickTime, minSessionTimeout, maxSessionTimeout, clientPortListenBacklog, dataDir, dataLogDir } = settings
  log.info(
    `Created server with tickTime ${tickTime} ms minSessionTimeout ${minSessionTimeout} ms maxSessionTimeout ${maxSessionTimeout} ms ` +
      `clientPortListenBacklog ${clientPortListenBacklog} dataLogdir ${dataLogDir}/version-2 snapdir ${dataDir}/version-2`,
  )
  if (settings.maxCnxns === 0) log.warn('maxCnxns is not configured, using default value 0.')
  return startServerFor(createNodeHost({ log, keepAlive: settings.clientTcpKeepAlive || settings.tcpKeepAlive }), settings)
}

/** SIGTERM and SIGINT stop the server cleanly. The exit code is the one of a JVM ended by that signal, or the one that the operator asked for. */
class Ending {
  server: StandaloneServer | EnsembleServer | undefined
  readonly #log: ServingLog
  #isEnding = false

  constructor(log: ServingLog, sigtermExitCode: number) {
    this.#log = log
    process.on('SIGTERM', () => this.#end('SIGTERM', sigtermExitCode))
    process.on('SIGINT', () => this.#end('SIGINT', 130))
  }

  #end(signal: NodeJS.Signals, exitCode: number): void {
    const finish = (patienceMs = DISK_MS): void => void exit(this.#log, exitCode, { signal, patienceMs })
    if (this.#isEnding) return finish()
    this.#isEnding = true
    this.#log.log.info(`Shutting down on ${signal}`)
    if (this.server === undefined) return finish()
    setTimeout(() => finish(0), STOP_MS)
    this.server.stop(() => finish())
  }
}

/** Logs why the server did not start, as Java does, and ends the process. */
async function refuse(serverLog: ServingLog, error: unknown): Promise<never> {
  // The server has already logged what happened.
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

/** Java's sentences for a port that a server cannot bind. */
const bindSentences: ReadonlyMap<string, string> = new Map([
  ['EADDRINUSE', 'Address already in use'],
  ['EADDRNOTAVAIL', 'Cannot assign requested address'],
  ['EACCES', 'Permission denied'],
])

/** An error of a start carries its exit code where that is not 1. */
function asRefusal(error: NodeJS.ErrnoException & { exitCode?: number }): ConfigRefused {
  const isDirectory = error.exitCode === 3 || error.name === 'DirectoryInUse'
  const sentence = bindSentences.get(error.code ?? '')
  return new ConfigRefused(isDirectory ? 'datadir' : 'unexpected', sentence ?? error.message, undefined, sentence === undefined ? undefined : error.message)
}

interface Ended {
  /** Undefined = no signal has ended the process, so the last line of the log says that it ends. */
  readonly signal?: NodeJS.Signals
  readonly patienceMs?: number
}

/** Waits for the reader of the log before the process exits, FLUSH_MS at most. */
async function exit({ log, output, form }: ServingLog, exitCode: number, { signal, patienceMs = DISK_MS }: Ended = {}): Promise<never> {
  if (signal === undefined) log[exitCode === 0 ? 'info' : 'error'](`Exiting ${form === 'zkServer.sh' ? 'JVM ' : ''}with code ${exitCode}`)
  const isWritten = await output.flush(FLUSH_MS)
  // process.exit would wait for a call that hangs in the thread pool, of the log lines or of the data; a signal does not.
  const isHanging = await isHeldByDisk(patienceMs)
  if (isHanging || (!isWritten && output.holdsThread)) {
    if (signal !== undefined) process.removeAllListeners(signal)
    process.kill(process.pid, signal ?? 'SIGKILL')
  }
  process.exit(exitCode)
}

/** Whether a disk call is under way at each look. A server that still starts makes one call after the other; that counts as well. */
async function isHeldByDisk(patienceMs: number): Promise<boolean> {
  for (let leftMs = patienceMs; process.getActiveResourcesInfo().includes('FSReqCallback'); leftMs -= LOOK_MS) {
    if (leftMs <= 0) return true
    await delay(LOOK_MS)
  }
  return false
}

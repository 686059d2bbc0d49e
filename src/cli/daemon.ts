/** start, stop, restart and print-cmd: a server in the background and its pid file, with the lines of zkServer.sh. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { isPath } from './config-location.ts'
import type { CommandContext, Target } from './context.ts'
import { readLatin1 } from '../embed/settings-file.ts'
import { outputFileOf, pidFileOf } from './data-dir.ts'
import { FORM_VARIABLE } from './process-context.ts'
import { isAlive, lookAt } from './process-table.ts'

/** How long after the launch `start` looks at the server, and how long `stop` waits for its end. */
const SETTLE_MS = 1000
const RESTART_MS = 3000

export async function start(target: Target, context: CommandContext): Promise<number> {
  context.out('Starting zookeeper ... ')
  const pidFile = resolve(context.cwd, pidFileOf(target, context))
  const running = readPid(pidFile)
  const found = running === undefined ? undefined : lookAt(running, pidFile)
  if (found?.kind === 'server') return say(context, `already running as process ${running}.`, 1)
  let child: ChildProcess
  try {
    child = launch(target, context)
  } catch (error) {
    context.err(`${(error as Error).message}\n`)
    return say(context, 'SERVER DID NOT START', 1)
  }
  const { pid } = child
  if (pid === undefined) return say(context, 'SERVER DID NOT START', 1)
  try {
    mkdirSync(dirname(pidFile), { recursive: true })
    writeFileSync(pidFile, String(pid))
  } catch (error) {
    context.err(`${(error as Error).message}\n`)
    return say(context, 'FAILED TO WRITE PID', 1)
  }
  const ended = new Promise<'ended'>((done) => child.once('exit', () => done('ended')))
  const outcome = await Promise.race([ended, delay(SETTLE_MS, 'up' as const)])
  if (outcome === 'up') return say(context, 'STARTED', 0)
  say(context, 'FAILED TO START', 1)
  tellWhy(outputFileOf(context), context)
  return 1
}

/** The last error of the log, and the path of the log. */
function tellWhy(outputFile: string, context: CommandContext): void {
  const lines = (readLatin1(resolve(context.cwd, outputFile)) ?? '').split('\n').filter((line) => line.trim() !== '')
  const sentences = lines.map((line) => Buffer.from(line, 'latin1').toString('utf8')).map(sentenceOf)
  const last = sentences.findLast(({ isError, text }) => isError && !/^Exiting (?:JVM )?with code/.test(text)) ?? sentences.at(-1)
  if (last !== undefined) context.err(`${last.text}\n`)
  context.err(`The log of this start is ${outputFile}\n`)
}

/** Of a line of the log, or of whatever else a process has said. */
function sentenceOf(line: string): { text: string; isError: boolean } {
  try {
    const { level, msg } = JSON.parse(line) as { level?: unknown; msg?: unknown }
    if (typeof msg === 'string') return { text: msg, isError: level === 'error' || level === 'fatal' }
  } catch {
    // No line of the log.
  }
  return { text: line, isError: false }
}

/** Always 0, as in Apache's script. */
export async function stop(target: Target, context: CommandContext, limitMs = SETTLE_MS): Promise<number> {
  context.out('Stopping zookeeper ... ')
  const shown = pidFileOf(target, context)
  const pidFile = resolve(context.cwd, shown)
  const pid = readPid(pidFile)
  if (pid === undefined) return say(context, `no zookeeper to stop (could not find file ${shown})`, 0)
  const found = lookAt(pid, pidFile)
  if (found.kind === 'other') {
    rmSync(pidFile, { force: true })
    return say(context, `no zookeeper to stop (process ${pid} of file ${shown} is another program by now: ${found.command})`, 0)
  }
  try {
    process.kill(pid, 'SIGTERM')
  } catch (error) {
    context.err(`kill ${pid}: ${(error as Error).message}\n`)
  }
  rmSync(pidFile, { force: true })
  for (const end = Date.now() + limitMs; isAlive(pid) && Date.now() < end;) await delay(20)
  return say(context, 'STOPPED', 0)
}

export async function restart(target: Target, context: CommandContext): Promise<number> {
  await stop(target, context, RESTART_MS)
  return start(target, context)
}

export function printCommand(target: Target, context: CommandContext): number {
  const quoted = [...context.self, ...serverArguments(target)].map((word) => `"${word}"`).join(' ')
  return say(context, `${quoted} > "${outputFileOf(context)}" 2>&1 < /dev/null`, 0)
}

function launch(target: Target, context: CommandContext): ChildProcess {
  const outputFile = resolve(context.cwd, outputFileOf(context))
  mkdirSync(dirname(outputFile), { recursive: true })
  const output = openSync(outputFile, 'w')
  try {
    const [runtime, ...before] = context.self
    const child = spawn(runtime, [...before, ...serverArguments(target)], {
      cwd: context.cwd,
      env: context.form === 'zkServer.sh' ? { ...context.env, [FORM_VARIABLE]: context.form } : context.env,
      detached: true,
      stdio: ['ignore', output, output],
    })
    // A child that did not start has no pid, which the caller sees.
    child.on('error', () => undefined)
    // This process must not wait for the server's end.
    child.unref()
    return child
  } finally {
    closeSync(output)
  }
}

function serverArguments(target: Target): string[] {
  const { file } = target.location
  if (target.legacy !== undefined) return ['start-foreground', ...target.legacy]
  if (file === undefined) return ['start-foreground']
  return ['start-foreground', isPath(file) ? file : `./${file}`]
}

/** Apache's script sees no pid file where there is no file, or none that it can read. */
const withoutPid = ['ENOENT', 'ENOTDIR', 'EISDIR', 'EACCES']

function readPid(pidFile: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(pidFile, 'utf8'), 10)
    return pid > 0 ? pid : undefined
  } catch (error) {
    if (withoutPid.includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
}

function say(context: CommandContext, line: string, exitCode: number): number {
  context.out(`${line}\n`)
  return exitCode
}

/** start, stop, restart and print-cmd: a server in the background and its pid file, with the words of zkServer.sh. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { isPath } from './config-location.ts'
import type { CommandContext, Target } from './context.ts'
import { outputFileOf, pidFileOf } from './data-dir.ts'

/** How long after its launch a server is looked at, and how long one gets to end. */
const settleMs = 1000
const restartMs = 3000

export async function start(target: Target, context: CommandContext): Promise<number> {
  context.out('Starting zookeeper ... ')
  const pidFile = resolve(context.cwd, pidFileOf(target, context))
  const running = readPid(pidFile)
  if (running !== undefined && isAlive(running)) return say(context, `already running as process ${running}.`, 1)
  const child = launch(target, context)
  const { pid } = child
  if (pid === undefined) return say(context, 'SERVER DID NOT START', 1)
  try {
    mkdirSync(dirname(pidFile), { recursive: true })
    writeFileSync(pidFile, String(pid))
  } catch (error) {
    context.err(`${(error as Error).message}\n`)
    return say(context, 'FAILED TO WRITE PID', 1)
  }
  const ended = new Promise<'ended'>(done => child.once('exit', () => done('ended')))
  const outcome = await Promise.race([ended, delay(settleMs, 'up' as const)])
  return outcome === 'up' ? say(context, 'STARTED', 0) : say(context, 'FAILED TO START', 1)
}

/** Always 0, as in Apache's script. */
export async function stop(target: Target, context: CommandContext, limitMs = settleMs): Promise<number> {
  context.out('Stopping zookeeper ... ')
  const shown = pidFileOf(target, context)
  const pidFile = resolve(context.cwd, shown)
  const pid = readPid(pidFile)
  if (pid === undefined) return say(context, `no zookeeper to stop (could not find file ${shown})`, 0)
  try {
    process.kill(pid, 'SIGTERM')
  } catch (error) {
    context.err(`kill ${pid}: ${(error as Error).message}\n`)
  }
  rmSync(pidFile, { force: true })
  for (const end = Date.now() + limitMs; isAlive(pid) && Date.now() < end; ) await delay(20)
  return say(context, 'STOPPED', 0)
}

export async function restart(target: Target, context: CommandContext): Promise<number> {
  await stop(target, context, restartMs)
  return start(target, context)
}

export function printCommand(target: Target, context: CommandContext): number {
  const quoted = [...context.self, ...serverArguments(target)].map(word => `"${word}"`).join(' ')
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
      env: context.env,
      detached: true,
      stdio: ['ignore', output, output],
    })
    // The lack of a pid tells what is to be told.
    child.on('error', () => undefined)
    // However this goes on, nobody waits here for the server's end.
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

/** What is no file or cannot be read is no pid file to Apache's script. */
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

/** A process that belongs to somebody else is alive too. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function say(context: CommandContext, line: string, exitCode: number): number {
  context.out(`${line}\n`)
  return exitCode
}

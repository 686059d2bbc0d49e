/**
 * Tells which program a process is, before a command ends it or waits for it: a pid file outlives a killed server, and the system
 * gives the number to another program.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync, readlinkSync, realpathSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Target } from './context.ts'
import { pidFileOf } from './data-dir.ts'

/** `server` also where the system does not tell: the command then trusts the pid file, as Apache's script does. */
export type ProcessFound = { readonly kind: 'gone' } | { readonly kind: 'server' } | { readonly kind: 'other'; readonly command: string }

const OUR_SCRIPT = /(?:^|[\\/])(?:cli[\\/]main\.js|tskeeper|zkServer\.sh|zkServer)$/
const JAVA_SERVER = /^org\.apache\.zookeeper\.server\.(?:quorum\.QuorumPeerMain|ZooKeeperServerMain)$/
const MOST_SHOWN = 200

/** `server` stands for a TSKeeper server with this pid file, and for a Java server, which TSKeeper may be about to replace. */
export function lookAt(pid: number, pidFile: string): ProcessFound {
  if (!isAlive(pid)) return { kind: 'gone' }
  const args = argumentsOf(pid)
  if (args === undefined) return { kind: 'server' }
  const script = args.findIndex((arg) => OUR_SCRIPT.test(arg))
  const isOurs = script >= 0 && args[script + 1] === 'start-foreground' && isPidFileOf(pid, args.slice(script + 2), pidFile)
  if (isOurs || args.some((arg) => JAVA_SERVER.test(arg))) return { kind: 'server' }
  return { kind: 'other', command: args.join(' ').trim().slice(0, MOST_SHOWN) }
}

/** A process of another user is alive too. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Undefined = this system does not tell. */
function argumentsOf(pid: number): string[] | undefined {
  try {
    if (process.platform === 'linux') return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1)
    if (process.platform === 'win32') return undefined
    return execFileSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
      .trim()
      .split(/\s+/)
  } catch {
    return undefined
  }
}

/** As the server's own starter has found it: by its arguments, its directory and its environment. */
function isPidFileOf(pid: number, args: readonly string[], pidFile: string): boolean {
  let cwd: string
  let env: NodeJS.ProcessEnv
  try {
    cwd = readlinkSync(`/proc/${pid}/cwd`)
    const words = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0')
    env = Object.fromEntries(words.map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]))
  } catch {
    return true
  }
  const target: Target = args.length > 1 ? { location: { file: undefined, directory: undefined }, legacy: args } : fileTarget(args[0])
  return real(resolve(cwd, pidFileOf(target, { env, cwd }))) === real(pidFile)
}

function fileTarget(file: string | undefined): Target {
  return { location: { file, directory: undefined }, legacy: undefined }
}

function real(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}

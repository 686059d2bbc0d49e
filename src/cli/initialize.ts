/**
 * `initialize`: makes the empty directories of a new server, its myid, and the file by which it may vote without data
 * (zkServer-initialize.sh). It refuses directories on which a server runs.
 */
import { closeSync, existsSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { nodeDisk } from '../server/host/node-disk.ts'
import type { DirectoryLock } from '../server/host/host.ts'
import type { CommandContext, Target } from './context.ts'
import { rawConfig } from './raw-config.ts'

const USAGE = `Usage:
  tskeeper [--config <conf-dir>] initialize [--configfile=<file>] [--myid=<n>] [--force]
    --configfile  where dataDir and dataLogDir are; otherwise zoo.cfg as for start
    --myid        the number of the server within its ensemble (1-255)
    --force       make the directories anew: all that is in them is lost
`

interface Wish {
  configFile: string | undefined
  myid: string | undefined
  isForced: boolean
}

/** `args`: what stands behind the verb. */
export async function initialize(args: readonly string[], { location }: Target, context: CommandContext): Promise<number> {
  const say = (line: string): void => context.out(`${line}\n`)
  const wish = parse(args, say)
  if (wish === undefined) {
    context.out(USAGE)
    return 1
  }
  const file = wish.configFile ?? location.file ?? './conf/zoo.cfg'
  if (!existsSync(resolve(context.cwd, file))) return refuse(say, `Unable to find config file at ${file}`)
  const config = rawConfig(resolve(context.cwd, file))
  const dataDir = config.get('dataDir')
  const dataLogDir = config.get('dataLogDir') || undefined
  if (!dataDir) return refuse(say, `Unable to determine dataDir from ${file}`)
  const data = resolve(context.cwd, dataDir)
  const log = dataLogDir === undefined ? undefined : resolve(context.cwd, dataLogDir)
  if (wish.isForced) {
    say('Force enabled, data/txnlog directories will be re-initialized')
  } else {
    const rest = '(or use --force to force re-initialization)'
    if (existsSync(join(data, 'version-2'))) return refuse(say, `ZooKeeper data directory already exists at ${dataDir} ${rest}`)
    if (log !== undefined && existsSync(join(log, 'version-2'))) return refuse(say, `ZooKeeper txnlog directory already exists at ${dataLogDir!} ${rest}`)
  }
  mkdirSync(data, { recursive: true })
  let lock: DirectoryLock | undefined
  try {
    lock = await locked(data)
  } catch (error) {
    return refuse(say, `${(error as Error).message}; stop it first`)
  }
  try {
    for (const directory of log === undefined ? [data] : [data, log]) makeAnew(directory)
    if (wish.myid === undefined) say(`No myid provided, be sure to specify it in ${dataDir}/myid if using non-standalone`)
    else say(`Using myid of ${wish.myid}`)
    if (wish.myid !== undefined) writeFileSync(join(data, 'myid'), `${wish.myid}\n`)
    // A server looks for it beside its logs.
    for (const directory of log === undefined ? [data] : [data, log]) closeSync(openSync(join(directory, 'initialize'), 'w'))
    return 0
  } finally {
    await released(lock)
  }
}

/** Undefined = the command does nothing and shows its usage. */
function parse(args: readonly string[], say: (line: string) => void): Wish | undefined {
  const wish: Wish = { configFile: undefined, myid: undefined, isForced: false }
  const rest = [...args]
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    const [name, value] = arg.includes('=') ? [arg.slice(0, arg.indexOf('=')), arg.slice(arg.indexOf('=') + 1)] : [arg, undefined]
    if (arg === '--force') wish.isForced = true
    else if (name === '--configfile') wish.configFile = value ?? rest.shift()
    else if (name === '--myid') wish.myid = value ?? rest.shift()
    else {
      if (arg !== '-h' && arg !== '--help') say(`Unknown option: ${arg}`)
      return undefined
    }
  }
  return wish
}

function refuse(say: (line: string) => void, line: string): number {
  say(line)
  return 1
}

/** The directory itself stays: it may be a mount with rights of its own. */
function makeAnew(directory: string): void {
  rmSync(join(directory, 'myid'), { recursive: true, force: true })
  rmSync(join(directory, 'version-2'), { recursive: true, force: true })
  mkdirSync(join(directory, 'version-2'), { recursive: true })
}

function locked(directory: string): Promise<DirectoryLock | undefined> {
  return new Promise((done, fail) => nodeDisk.lock(directory, (error, lock) => (error === undefined ? done(lock) : fail(error))))
}

function released(lock: DirectoryLock | undefined): Promise<void> {
  return new Promise((done) => (lock === undefined ? done() : lock.release(done)))
}

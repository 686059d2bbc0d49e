// Our own server as a process, started as an operator starts it: `tskeeper start-foreground zoo.cfg` from the built package.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { projectRoot } from './cache.ts'
import { startServerProcess } from './server-process.ts'
import type { ServerOptions, ServerProcess } from './server-process.ts'

const main = join(projectRoot, 'dist', 'cli', 'main.js')

/** The command line of one of our verbs. */
export function tskeeperCommand(...args: readonly string[]): string[] {
  if (!existsSync(main)) throw new Error('dist/cli/main.js is missing: run "make build" first')
  return [process.execPath, main, ...args]
}

/** Starts our server and waits until it serves. */
export async function startTsKeeper(options: ServerOptions = {}): Promise<ServerProcess> {
  return await startServerProcess((configFile) => tskeeperCommand('start-foreground', configFile), options)
}

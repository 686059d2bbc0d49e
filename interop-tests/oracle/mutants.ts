// Servers made wrong on purpose, to see that the comparison would notice. Each is the built package with one place of one file changed; the place
// is named by its text and has to be there exactly once, so that a mutant cannot quietly become a copy of the right server.
import { cp, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { projectRoot } from '../peers/cache.ts'
import { temporaryDirectory } from '../peers/processes.ts'
import { startServerProcess } from '../peers/server-process.ts'
import type { ServerProcess } from '../peers/server-process.ts'
import type { Configuration } from './configurations.ts'

export interface Mutant {
  /** What is wrong with this server. */
  readonly name: string
  /** The file within dist. */
  readonly file: string
  readonly find: string
  readonly replace: string
  /** The name of a configuration in which it shows; default the one of every client that asks for nothing. */
  readonly configuration?: string
  /** The steps within which it has to be found. */
  readonly within: number
}

/** Builds the mutant and gives the directory of its package. */
export async function buildMutant({ name, file, find, replace }: Mutant): Promise<string> {
  const directory = await temporaryDirectory('mutant')
  await cp(join(projectRoot, 'dist'), join(directory, 'dist'), { recursive: true, dereference: true })
  await cp(join(projectRoot, 'package.json'), join(directory, 'package.json'))
  await symlink(join(projectRoot, 'node_modules'), join(directory, 'node_modules'))
  const place = join(directory, 'dist', file)
  const source = await readFile(place, 'utf8')
  const occurrences = source.split(find).length - 1
  if (occurrences !== 1) throw new Error(`the mutant "${name}" finds its place ${occurrences} times in ${file}`)
  await writeFile(place, source.replace(find, () => replace))
  return directory
}

/** Starts the mutant built in that directory. */
export async function startMutant(directory: string, { settings, properties }: Configuration): Promise<ServerProcess> {
  const main = join(directory, 'dist', 'cli', 'main.js')
  const flags = Object.entries(properties).map(([name, value]) => `-D${name}=${value}`)
  const command = (configFile: string): string[] => [process.execPath, main, 'start-foreground', configFile]
  return await startServerProcess(command, { config: settings, env: { SERVER_JVMFLAGS: flags.join(' ') } })
}

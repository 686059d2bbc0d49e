/**
 * `cleanup`: removes the snapshots and logs that the newest few snapshots do not need, with the directories of the
 * configuration as zkCleanup.sh, or with directories as PurgeTxnLog takes them.
 */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { plainInt32 } from '../server/config/java-values.ts'
import { finish } from '../server/host/disk-work.ts'
import { immediateFiles } from '../server/host/files-over.ts'
import { blockingNodeFiles } from '../server/host/blocking-node-files.ts'
import { openDataDirs } from '../server/storage/data-dirs.ts'
import { purge, removalLine } from '../server/storage/purge.ts'
import { StartupRefused } from '../server/storage/storage-errors.ts'
import { fallback } from './context.ts'
import type { CommandContext, Target } from './context.ts'
import { rawConfig } from './raw-config.ts'

/** With fewer, one damaged snapshot more may cost the data. */
const FEWEST = 3
const USAGE = `Usage:
  tskeeper [--config <conf-dir>] cleanup [dataLogDir [dataDir]] -n <count>
    dataLogDir, dataDir  where the logs and the snapshots are; those of the configuration when none is given
    count                how many snapshots are kept, ${FEWEST} at least
`

/** `args`: what stands behind the verb. */
export function cleanup(args: readonly string[], { location }: Target, context: CommandContext): number {
  const refuse = (message: string): number => {
    if (message !== '') context.err(`${message}\n`)
    context.out(USAGE)
    return 1
  }
  const [option, countText] = args.slice(-2)
  const given = args.slice(0, -2)
  if (option !== '-n' || given.length > 2) return refuse('')
  const directories = (given.length > 0 ? given : configured(location.file, context)).map((directory) => resolve(context.cwd, directory))
  const missing = directories.find((directory) => !existsSync(directory))
  if (missing !== undefined) return refuse(`Path '${missing}' does not exist. `)
  const count = plainInt32(countText)
  if (count === undefined) return refuse(`'${countText}' can not be parsed to integer.`)
  if (count < FEWEST) return refuse(`count should be greater than or equal to ${FEWEST}`)
  return run(directories, count, context)
}

/** The directory of the logs, then that of the snapshots if it is another. */
function configured(file: string | undefined, context: CommandContext): string[] {
  const config = file === undefined ? undefined : rawConfig(resolve(context.cwd, file))
  const dataDir = config?.get('dataDir') ?? fallback.dataDir
  const dataLogDir = config?.get('dataLogDir')
  return dataLogDir ? [dataLogDir, dataDir] : [dataDir]
}

function run([dataLogDir, dataDir = dataLogDir]: readonly string[], count: number, context: CommandContext): number {
  try {
    const files = immediateFiles(blockingNodeFiles)
    const dirs = finish(openDataDirs(files, { dataDir: dataDir, dataLogDir: dataLogDir, autocreate: true }))
    const observer = {
      onRemoving: (path: string, modifiedAt: number) => context.out(`${removalLine(path, modifiedAt)}\n`),
      onFailed: (path: string) => context.err(`Failed to remove ${path}\n`),
    }
    finish(purge(files, dirs, count, observer))
    return 0
  } catch (error) {
    if (!(error instanceof StartupRefused)) throw error
    context.err(`${error.message}\n`)
    return 1
  }
}

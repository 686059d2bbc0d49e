/** Directories as the scripts find them, before a server reads its configuration. */
import { existsSync } from 'node:fs'
import { hostname } from 'node:os'
import { resolve } from 'node:path'
import { fallback } from './context.ts'
import type { CommandContext, Target } from './context.ts'
import { rawConfig } from './raw-config.ts'

type Place = Pick<CommandContext, 'env' | 'cwd'>

export function dataDirOf(target: Target, context: Place): string {
  if (target.legacy !== undefined) return target.legacy[1] ?? fallback.dataDir
  const { file } = target.location
  if (file === undefined) return fallback.dataDir
  return rawConfig(resolve(context.cwd, file)).get('dataDir') ?? ''
}

export function pidFileOf(target: Target, context: Place): string {
  return context.env['ZOOPIDFILE'] || `${dataDirOf(target, context)}/zookeeper_server.pid`
}

/** The file that a server started in the background writes to. */
export function outputFileOf(context: CommandContext): string {
  const directory = context.env['ZOO_LOG_DIR'] || './logs'
  return `${directory}/zookeeper-${context.env['USER'] ?? ''}-server-${hostname()}.out`
}

/** With ZOO_DATADIR_AUTOCREATE_DISABLE a command does nothing while a directory is missing: the sentence says which. */
export function missingDirectory(target: Target, context: CommandContext): string | undefined {
  if (!context.env['ZOO_DATADIR_AUTOCREATE_DISABLE']) return undefined
  const isMissing = (directory: string): boolean => !existsSync(resolve(context.cwd, directory, 'version-2'))
  const dataDir = dataDirOf(target, context)
  if (isMissing(dataDir)) return `ZooKeeper data directory is missing at ${dataDir} fix the path or run initialize`
  const { file } = target.location
  const logDir = file === undefined ? undefined : rawConfig(resolve(context.cwd, file)).get('dataLogDir')
  if (logDir === undefined || logDir === '' || !isMissing(logDir)) return undefined
  return `ZooKeeper txnlog directory is missing at ${logDir} fix the path or run initialize`
}

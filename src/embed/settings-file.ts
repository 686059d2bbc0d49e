/** From a configuration file, and the files that it names (myid, the dynamic configuration), to settings. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { ConfigRefused } from '../server/config/config-refused.ts'
import { loadSettings } from '../server/config/load-settings.ts'
import type { LoadedSettings } from '../server/config/load-settings.ts'
import { judge, judgeOptions, map, name } from './arguments.ts'

export interface SettingsFileOptions {
  /** As from `-D` of a JVM, by full name: `zookeeper.…`, `jute.maxbuffer`. */
  readonly properties?: ReadonlyMap<string, string>
  /** Where relative paths start. Default: where the process is. */
  readonly workingDirectory?: string
}

/** Throws ConfigRefused, also when there is no such file, and a TypeError or RangeError for arguments that are not what they must be. */
export function loadSettingsFile(path: string, options: SettingsFileOptions = {}): LoadedSettings {
  judge('path', path, name)
  judgeOptions('options', options, { properties: map, workingDirectory: name })
  const workingDirectory = resolve(options.workingDirectory ?? '.')
  const readText = (file: string): string | undefined => readLatin1(resolve(workingDirectory, file))
  const text = readText(path)
  if (text === undefined) throw new ConfigRefused('config', `${path} file is missing`, `Error processing ${path}`)
  return loadSettings({ text, path, readText, workingDirectory, ...(options.properties === undefined ? {} : { properties: options.properties }) })
}

/** One character per byte; undefined when there is no such file. */
export function readLatin1(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1')
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EISDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
}

/** From a configuration file, and the files that it names (myid, the dynamic configuration), to settings. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { ConfigRefused } from '../server/config/config-refused.ts'
import { IllegalValue } from '../server/config/java-values.ts'
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
  const readText = (file: string): string | undefined => readOrComplain(resolve(workingDirectory, file), file)
  const text = readConfig(path, readText)
  if (text === undefined) throw new ConfigRefused('config', `${path} file is missing`, `Error processing ${path}`)
  return loadSettings({ text, path, readText, workingDirectory, ...(options.properties === undefined ? {} : { properties: options.properties }) })
}

function readConfig(path: string, readText: (name: string) => string | undefined): string | undefined {
  try {
    return readText(path)
  } catch (error) {
    if (error instanceof IllegalValue) throw new ConfigRefused('config', error.message, `Error processing ${path}`)
    throw error
  }
}

/** What Java says of a file that is there and cannot be read. */
const unreadable: ReadonlyMap<string, string> = new Map([
  ['EISDIR', 'Is a directory'],
  ['EACCES', 'Permission denied'],
  ['EPERM', 'Operation not permitted'],
  ['ELOOP', 'Too many levels of symbolic links'],
  ['ENAMETOOLONG', 'File name too long'],
  ['EIO', 'Input/output error'],
])

/** Undefined when there is no such file. Throws IllegalValue for one that cannot be read. */
function readOrComplain(path: string, name: string): string | undefined {
  try {
    return readFileSync(path, 'latin1')
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw new IllegalValue(`${name} (${unreadable.get(code) ?? message})`)
  }
}

/** One character per byte; undefined when it cannot be read, whatever the reason. */
export function readLatin1(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== undefined) return undefined
    throw error
  }
}

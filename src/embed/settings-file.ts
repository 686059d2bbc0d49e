/** Reads a configuration file, and the files that it names (myid, the dynamic configuration), into settings. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { ConfigRefused } from '../server/config/config-refused.ts'
import { IllegalValue } from '../server/config/java-values.ts'
import { loadSettings } from '../server/config/load-settings.ts'
import type { LoadedSettings } from '../server/config/load-settings.ts'
import { judge, judgeOptions, map, name } from './arguments.ts'

export interface SettingsFileOptions {
  /** System properties, as `-D` sets them in a JVM, by full name: `zookeeper.…`, `jute.maxbuffer`. */
  readonly properties?: ReadonlyMap<string, string>
  /** Where relative paths start. Default: the working directory of the process. */
  readonly workingDirectory?: string
}

/** Throws ConfigRefused for a bad or missing file, and a TypeError or RangeError for a wrong argument. */
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

/** Undefined when there is no such file. Throws IllegalValue for a file that this process cannot read. */
function readOrComplain(path: string, name: string): string | undefined {
  try {
    return readFileSync(path, 'latin1')
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw new IllegalValue(`${name} (${unreadable.get(code) ?? message})`)
  }
}

/** Reads the file with one character per byte; undefined when this process cannot read it. */
export function readLatin1(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== undefined) return undefined
    throw error
  }
}

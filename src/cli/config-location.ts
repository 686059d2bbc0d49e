/** Which configuration file a command means: the rules of zkEnv.sh and zkServer.sh. */
import { existsSync } from 'node:fs'
import { join, sep } from 'node:path'

export interface ConfigLocation {
  /** The path as commands show and read it; undefined = there is no file, and the built-in defaults count. */
  readonly file: string | undefined
  /** Where the shell snippets of an Apache installation would lie. */
  readonly directory: string | undefined
}

export interface LocationOptions {
  /** `--config`. */
  readonly directory: string | undefined
  /** The argument behind the command. */
  readonly name: string | undefined
  readonly env: NodeJS.ProcessEnv
  readonly cwd: string
}

/**
 * A name with a slash is a path. Any other name lies in the configuration directory (`--config`, ZOOCFGDIR), or, without
 * that directory, in the working directory or its `conf`. Without a name the file is ZOOCFG or zoo.cfg of that directory, or none.
 */
export function findConfig({ directory: option, name, env, cwd }: LocationOptions): ConfigLocation {
  const directory = nonEmpty(option) ?? nonEmpty(env['ZOOCFGDIR'])
  if (name !== undefined && isPath(name)) return { file: name, directory }
  const wanted = name ?? nonEmpty(env['ZOOCFG'])
  if (directory !== undefined) return { file: `${directory}/${wanted ?? 'zoo.cfg'}`, directory }
  const inConf = `./conf/${wanted ?? 'zoo.cfg'}`
  const isInConf = existsSync(join(cwd, inConf))
  if (name !== undefined && (!isInConf || existsSync(join(cwd, name)))) return { file: name, directory: undefined }
  if (wanted !== undefined || isInConf) return { file: inConf, directory: './conf' }
  return { file: undefined, directory: undefined }
}

/** Windows separates paths by a second sign, the backslash. */
export function isPath(name: string): boolean {
  return name.includes('/') || name.includes(sep)
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text
}

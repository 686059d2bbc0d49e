/** What a command sees of the world, so that a test can run a command inside its own process. */
import type { ConfigLocation } from './config-location.ts'

/** The name by which the command was called: scripts read the lines of `zkServer.sh`, people those of `tskeeper`. */
export type CommandForm = 'tskeeper' | 'zkServer.sh'

export interface CommandContext {
  readonly form: CommandForm
  readonly env: NodeJS.ProcessEnv
  readonly cwd: string
  /** Writes the text as it is, without adding a line end. */
  out(text: string): void
  err(text: string): void
  /** The next line of standard input, without its end; undefined when there is none any more. */
  readLine?(): string | undefined
  /** The runtime and the arguments before ours, to start this program again. */
  readonly self: readonly [string, ...string[]]
}

export interface Target {
  readonly location: ConfigLocation
  /** `port dataDir [tickTime] [maxClientCnxns]` in place of a file; undefined = a file or the defaults. */
  readonly legacy: readonly string[] | undefined
  /** Exit code of `start-foreground` after a clean stop by SIGTERM; undefined = 143, as of a JVM. */
  readonly sigtermExitCode?: number | undefined
}

/** The port and directory of a server without a configuration file. */
export const fallback = { clientPort: 2181, dataDir: './data' } as const

/** What a command knows of the world, so that tests can run it without a process of its own. */
import type { ConfigLocation } from './config-location.ts'

/** Under which name it was called: scripts read the lines of the one, people those of the other. */
export type CommandForm = 'tskeeper' | 'zkServer.sh'

export interface CommandContext {
  readonly form: CommandForm
  readonly env: NodeJS.ProcessEnv
  readonly cwd: string
  /** Without a line end being added. */
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
  /** Of `start-foreground` after a clean stop by SIGTERM; undefined = 143, as of a JVM. */
  readonly sigtermExitCode?: number | undefined
}

/** The port and directory of a server without a configuration file. */
export const fallback = { clientPort: 2181, dataDir: './data' } as const

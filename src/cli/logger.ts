/** The server's log: lines of JSON, or coloured text on a terminal. */
import { isatty } from 'node:tty'
import { pino } from 'pino'
import type { Level, Logger } from 'pino'
import { openLogOutput } from './log-output.ts'
import type { LogOutput } from './log-output.ts'

export interface ServerLog {
  readonly log: Logger
  readonly output: LogOutput
}

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']

/** Names that Java's loggers use. */
const otherNames = new Map<string, Level | 'silent'>([
  ['warning', 'warn'],
  ['severe', 'error'],
  ['all', 'trace'],
  ['off', 'silent'],
])

/** The level of ZOO_LOG_LEVEL, in any case; `info` when it is unset or unknown. */
export function logLevel(name: string | undefined): Level | 'silent' {
  const lower = (name ?? '').toLowerCase()
  return otherNames.get(lower) ?? (levels.includes(lower) ? (lower as Level) : 'info')
}

/** Bytes of log that the server keeps for a reader that does not read. */
const MAX_WAITING_BYTES = 1024 * 1024

/** What a line of JSON is written as. */
export type LineFormat = (line: string) => string

export async function openServerLog(env: NodeJS.ProcessEnv, fd = 1): Promise<ServerLog> {
  const output = openLogOutput(fd, MAX_WAITING_BYTES)
  const format = isatty(fd) ? await prettyFormat(env['NO_COLOR'] === undefined) : asItIs
  return { log: createLogger(output, logLevel(env['ZOO_LOG_LEVEL']), format), output }
}

export const asItIs: LineFormat = (line) => line

/** Where a person is looking on; what makes lines pretty is loaded only there. */
export async function prettyFormat(colorize: boolean): Promise<LineFormat> {
  const { prettyFactory } = await import('pino-pretty')
  return prettyFactory({ colorize, translateTime: 'SYS:yyyy-mm-dd HH:MM:ss.l', singleLine: true, ignore: 'pid,hostname' })
}

/** Writes to the output; when lines had to be dropped, says how many as soon as one gets through. */
export function createLogger(output: LogOutput, level: Level | 'silent', format: LineFormat): Logger {
  let told = 0
  const write = (line: string): void => {
    const before = output.dropped
    output.write(format(line))
    if (output.dropped !== before || before === told) return
    const lost = before - told
    told = before
    log.warn(`${lost} log lines before this one were dropped, because standard output was not read`)
  }
  const log = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: (label) => ({ level: label }) } }, { write })
  return log
}

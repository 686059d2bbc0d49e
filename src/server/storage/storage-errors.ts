/** The two ways in which stored state can be bad: one file is damaged, or a server cannot start from what there is. */

/** A file does not hold what it should. Recovery turns it into the next candidate or into StartupRefused. */
export class CorruptStorage extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'CorruptStorage'
  }
}

/** Java's exit codes as far as storage causes them. */
export const ExitCode = {
  UNEXPECTED_ERROR: 1,
  UNABLE_TO_ACCESS_DATADIR: 3,
  ERROR_TAKING_SNAPSHOT: 10,
  QUORUM_PACKET_ERROR: 13,
} as const

/** The server must not start: log `message` and end the process with `exitCode`. */
export class StartupRefused extends Error {
  readonly exitCode: number

  constructor(message: string, exitCode: number, cause?: unknown) {
    super(message, { cause })
    this.name = 'StartupRefused'
    this.exitCode = exitCode
  }
}

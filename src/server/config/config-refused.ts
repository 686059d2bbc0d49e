/**
 * The way a server says that it will not start, with the exit codes and sentences of Apache's QuorumPeerMain and
 * ZooKeeperServerMain: scripts and supervisors read both.
 */
import type { Complaint } from './java-values.ts'

/** Why: a bad file, bad arguments, an unusable data directory, or anything else. */
export type RefusalKind = 'config' | 'arguments' | 'datadir' | 'unexpected'

interface RefusalTexts {
  readonly exitCode: number
  /** The one line on standard error; undefined = nothing. */
  readonly standardError: string | undefined
  readonly logged: string
}

const USAGE = 'Usage: ZooKeeperServerMain configfile | port datadir [ticktime] [maxcnxns]'

const texts: Record<RefusalKind, RefusalTexts> = {
  config: { exitCode: 2, standardError: 'Invalid config, exiting abnormally', logged: 'Invalid config, exiting abnormally' },
  arguments: { exitCode: 2, standardError: USAGE, logged: 'Invalid arguments, exiting abnormally' },
  datadir: { exitCode: 3, standardError: 'Unable to access datadir, exiting abnormally', logged: 'Unable to access datadir, exiting abnormally' },
  unexpected: { exitCode: 1, standardError: undefined, logged: 'Unexpected exception, exiting abnormally' },
}

/** The start is refused; `message` holds the reason in Apache's words. */
export class ConfigRefused extends Error {
  readonly kind: RefusalKind
  /** What was being read, e.g. `Error processing zoo.cfg`, where Java wraps the reason so. */
  readonly context: string | undefined
  /** Which line it is about, until the loader has made a hint of it. */
  complaint: Complaint | undefined
  /** What Java does not tell: `zoo.cfg:1: tickTime must be a number, got 'abc'`. */
  hint: string | undefined

  constructor(kind: RefusalKind, message: string, context?: string, hint?: string) {
    super(message)
    this.name = 'ConfigRefused'
    this.kind = kind
    this.context = context
    this.hint = hint
  }

  /** The whole reason on one line. */
  get reason(): string {
    const inJava = this.context === undefined ? this.message : `${this.context}: ${this.message}`
    return this.hint === undefined ? inJava : `${inJava} (${this.hint})`
  }

  get exitCode(): number {
    return texts[this.kind].exitCode
  }

  get standardError(): string | undefined {
    return texts[this.kind].standardError
  }

  /** The sentence of the log line that goes with the reason. */
  get logged(): string {
    return texts[this.kind].logged
  }
}

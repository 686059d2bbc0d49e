// One server's disk that stalls when a test says so: what a test tells the preloaded library, and what that tells of the calls that it holds.
import { existsSync, readFileSync } from 'node:fs'
import { rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { eventually, temporaryDirectory } from '../peers/processes.ts'

/** Kinds of calls, as the library knows them: `write` is every call that writes, `sync` fsync too, and so on. */
export type CallKind = 'write' | 'sync' | 'unlink' | 'open' | 'rename' | 'truncate' | 'list'

/** A call that does not come back. */
export interface StuckCall {
  readonly kind: string
  /** The thread that began in `main`, or another one. */
  readonly thread: string
  readonly path: string
}

/** A stall that no test ends is over then, so that a server that waits for it shows that it did. */
export const LONGEST_STALL_MS = 10_000
const BEGIN_LIMIT_MS = 30_000

export class Stalls {
  readonly #directory: string
  /** What a server is started with. */
  readonly env: Readonly<Record<string, string>>

  private constructor(directory: string, library: string) {
    this.#directory = directory
    this.env = { LD_PRELOAD: library, STALLS: directory }
  }

  static async prepare(library: string): Promise<Stalls> {
    return new Stalls(await temporaryDirectory('stalls'), library)
  }

  /** From here on calls of that kind do not come back that are about a path with `where` in it, until `release`. */
  async hold(kind: CallKind, where: string, limitMs = LONGEST_STALL_MS): Promise<void> {
    const file = join(this.#directory, kind)
    // The library never sees half of it.
    await writeFile(`${file}.new`, `${limitMs} ${where}`)
    await rename(`${file}.new`, file)
  }

  async release(...kinds: readonly CallKind[]): Promise<void> {
    for (const kind of kinds) await rm(join(this.#directory, kind), { force: true })
  }

  /** The calls that are stuck at this moment. */
  underWay(): StuckCall[] {
    const file = join(this.#directory, 'stalls')
    const stuck: string[] = []
    for (const line of existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : []) {
      const [what, ...call] = line.split(' ')
      if (what === 'begin') stuck.push(call.join(' '))
      else stuck.splice(stuck.indexOf(call.join(' ')), 1)
    }
    return stuck.map((call) => {
      const [kind, thread, ...path] = call.split(' ')
      return { kind: kind, thread: thread, path: path.join(' ') }
    })
  }

  /** Waits until a call of that kind is stuck. */
  async begun(kind: CallKind): Promise<StuckCall> {
    return await eventually(`a call of the kind ${kind} is stuck`, BEGIN_LIMIT_MS, () => this.underWay().find((call) => call.kind === kind))
  }

  /** Waits until none is. */
  async over(): Promise<void> {
    await eventually('every call comes back', BEGIN_LIMIT_MS, () => (this.underWay().length === 0 ? true : undefined))
  }
}

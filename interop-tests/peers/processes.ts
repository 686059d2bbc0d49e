// Starts other programs for the tests and makes sure that none of them outlives the test process: each has a process group of its own,
// is bounded in time, and is reported to a small guard process which ends the groups that are left when this process goes away in any way.
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What a program left behind. `code` is null when a signal ended it. */
export interface Result {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly cwd?: string
  readonly env?: Record<string, string>
  /** Written to the program's standard input, which is then closed. */
  readonly stdin?: string
  /** Milliseconds until the program is killed; default two minutes. */
  readonly timeoutMs?: number
}

/** A program that runs beside the test. */
export interface RunningProgram {
  readonly pid: number
  /** Everything it wrote to stdout and stderr so far, in the order of arrival. */
  output(): string
  /** Resolves when it has ended, for whatever reason; never rejects. */
  readonly ended: Promise<Result>
  hasEnded(): boolean
  write(text: string): void
  /** Closes its standard input. */
  endInput(): void
  /** Sends one signal to this process alone. */
  signal(name: NodeJS.Signals): void
  /** Asks it to end (SIGTERM), kills it after `patienceMs`, waits for the end. */
  stop(patienceMs?: number): Promise<Result>
  /** SIGKILL, waits for the end. */
  kill(): Promise<Result>
}

const OUTPUT_LIMIT_CHARS = 16 * 1024 * 1024

/** Starts a program in the background. The caller ends it with `stop` or `kill`. */
export function startProgram(command: string, args: readonly string[], options: Omit<RunOptions, 'timeoutMs'> = {}): RunningProgram {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  })
  const out = { stdout: '', stderr: '', both: '' }
  let over = false
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8')
    child[name].on('data', (text: string) => {
      out[name] = (out[name] + text).slice(-OUTPUT_LIMIT_CHARS)
      out.both = (out.both + text).slice(-OUTPUT_LIMIT_CHARS)
    })
  }
  child.stdin.on('error', () => undefined) // A program may end before it has read its input.
  const ended = new Promise<Result>((resolve) => {
    child.once('error', (error) => {
      over = true
      resolve({ code: 127, signal: null, stdout: out.stdout, stderr: `${out.stderr}${error.message}\n` })
    })
    child.once('close', (code, signal) => {
      over = true
      guard.forget(child)
      resolve({ code, signal, stdout: out.stdout, stderr: out.stderr })
    })
  })
  guard.watch(child)
  if (options.stdin !== undefined) child.stdin.end(options.stdin)

  const kill = (): Promise<Result> => {
    if (!over) killGroup(child.pid)
    return ended
  }
  return {
    pid: child.pid ?? -1,
    output: () => out.both,
    ended,
    hasEnded: () => over,
    write: (text) => void child.stdin.write(text),
    endInput: () => void child.stdin.end(),
    signal: (name) => void child.kill(name),
    kill,
    async stop(patienceMs = 60_000) {
      if (over) return await ended
      child.kill('SIGTERM')
      const timer = setTimeout(() => killGroup(child.pid), patienceMs)
      const result = await ended
      clearTimeout(timer)
      return result
    },
  }
}

/** Runs a program to its end. One that takes too long is killed and answers with the signal SIGKILL. */
export async function runProgram(command: string, args: readonly string[], options: RunOptions = {}): Promise<Result> {
  const program = startProgram(command, args, { ...options, stdin: options.stdin ?? '' })
  const timer = setTimeout(() => void program.kill(), options.timeoutMs ?? 120_000)
  const result = await program.ended
  clearTimeout(timer)
  return result
}

/** As `runProgram`, but throws with the program's output unless it ends with code 0. */
export async function mustRun(command: string, args: readonly string[], options: RunOptions = {}): Promise<Result> {
  const result = await runProgram(command, args, options)
  if (result.code === 0) return result
  const end = result.signal === null ? `code ${result.code}` : `signal ${result.signal}`
  throw new Error(`${[command, ...args].join(' ').slice(0, 300)} ended with ${end}:\n${result.stdout.slice(-4000)}${result.stderr.slice(-4000)}`)
}

/** Is there a program of this name on the path? */
export async function hasProgram(name: string): Promise<boolean> {
  return (await runProgram('/bin/sh', ['-c', `command -v "${name}"`], { timeoutMs: 10_000 })).code === 0
}

/** Asks again until the question is answered with a value, or fails with `what` and the last detail when the time is over. */
export async function eventually<T>(what: string, timeoutMs: number, ask: () => Promise<T | undefined> | T | undefined): Promise<T> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    if (performance.now() > deadline) throw new Error(`${what}: not within ${timeoutMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}

const temporary: string[] = []

/** A new directory that is removed when the test process ends. */
export async function temporaryDirectory(topic: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), `tskeeper-${topic}-`))
  temporary.push(directory)
  return directory
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch (error) {
    // The group was gone already.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

// A shell that reads "+pid" and "-pid" lines and, when its input ends because this process is gone, kills the groups that were not taken back.
const GUARD_SCRIPT = `
pids=" "
while read -r line; do
  case "$line" in
    +*) pids="$pids\${line#+} " ;;
    -*) pids=$(printf '%s' "$pids" | sed "s/ \${line#-} / /") ;;
  esac
done
for pid in $pids; do kill -KILL -"$pid" 2>/dev/null; done
`

const guard = {
  shell: undefined as ChildProcess | undefined,
  alive: new Set<number>(),

  watch(child: ChildProcess): void {
    if (child.pid === undefined) return
    if (this.shell === undefined) this.start()
    this.alive.add(child.pid)
    this.shell!.stdin!.write(`+${child.pid}\n`)
  },

  forget(child: ChildProcess): void {
    if (child.pid === undefined) return
    this.alive.delete(child.pid)
    this.shell!.stdin!.write(`-${child.pid}\n`)
  },

  start(): void {
    this.shell = spawn('/bin/sh', ['-c', GUARD_SCRIPT], { stdio: ['pipe', 'ignore', 'ignore'], detached: true })
    this.shell.unref()
    this.shell.stdin!.on('error', () => undefined)
    ;(this.shell.stdin as unknown as { unref(): void }).unref()
    process.once('exit', () => {
      for (const pid of this.alive) killGroup(pid)
      for (const directory of temporary) rmSync(directory, { recursive: true, force: true })
    })
  },
}

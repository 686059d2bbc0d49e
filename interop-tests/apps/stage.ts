// The stage of an application test: one ZooKeeper server and the programs that use it. It bounds the whole play in time, ends everything
// that was started, and shows what the programs wrote only when the play failed.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startProgram } from '../peers/processes.ts'
import type { RunningProgram } from '../peers/processes.ts'
import { restartServer, startServer } from '../peers/server-under-test.ts'
import { startDialogue } from './dialogue.ts'
import type { Dialogue } from './dialogue.ts'

const SHOWN_CHARS = 6000

export interface Stage {
  /** What a ZooKeeper client connects to; stays the same when the server is restarted. */
  readonly connectString: string
  /** A new directory that is removed when the play is over. */
  directory(): Promise<string>
  /** Starts a program beside the test in that directory; `name` is for the failure report. */
  start(name: string, command: readonly [string, ...string[]], directory: string): RunningProgram
  /** Starts a program that answers questions and waits until it is ready for them. */
  converse(name: string, command: readonly [string, ...string[]], directory: string): Promise<Dialogue>
  /** Ends the server and starts it again on its port and its data. */
  restartServer(): Promise<void>
}

/** Starts the server, plays, and ends everything. The play fails when it takes longer than `limitMs`. */
export async function onStage(limitMs: number, play: (stage: Stage) => Promise<void>): Promise<void> {
  let server = await startServer()
  const logs: { name: string; text(): string }[] = [{ name: 'server', text: () => server.log() }]
  const programs: RunningProgram[] = []
  const directories: string[] = []
  const stage: Stage = {
    connectString: `127.0.0.1:${server.port}`,
    async directory() {
      const directory = await mkdtemp(join(tmpdir(), 'tskeeper-application-'))
      directories.push(directory)
      return directory
    },
    start(name, [program, ...args], directory) {
      const running = startProgram(program, args, { cwd: directory })
      programs.push(running)
      logs.push({ name, text: running.output })
      return running
    },
    async converse(name, command, directory) {
      return await startDialogue(stage.start(name, command, directory))
    },
    async restartServer() {
      server = await restartServer(server, 'stop')
    },
  }
  try {
    await within(limitMs, play(stage))
  } catch (error) {
    const shown = logs.map(({ name, text }) => `--- ${name} ---\n${text().slice(-SHOWN_CHARS)}`)
    throw new Error([(error as Error).message, ...shown].join('\n'), { cause: error })
  } finally {
    await Promise.all(programs.map((program) => program.kill()))
    await server.kill()
    await Promise.all(directories.map((directory) => rm(directory, { recursive: true, force: true })))
  }
}

async function within(limitMs: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const tooLong = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done within ${limitMs} ms`)), limitMs)
  })
  try {
    await Promise.race([work, tooLong])
  } finally {
    clearTimeout(timer)
  }
}

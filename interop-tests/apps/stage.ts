// The stage of an application test: the ZooKeeper servers and the programs that use them. It bounds the whole play in time, ends everything
// that was started, and shows what the programs wrote only when the play failed.
import { rm } from 'node:fs/promises'
import { startProgram, temporaryDirectory } from '../peers/processes.ts'
import type { RunningProgram } from '../peers/processes.ts'
import { startDialogue } from './dialogue.ts'
import type { Dialogue } from './dialogue.ts'
import { startServers } from './servers.ts'
import type { Servers, ServersOptions } from './servers.ts'

const SHOWN_CHARS = 6000
/** For a play that was broken off to notice it. */
const END_LIMIT_MS = 60_000

export interface Stage extends Pick<Servers, 'connectString' | 'restart' | 'killLeader'> {
  /** What the preparation of the application's peer gave: the directory with its jars. */
  readonly library: string
  /** A new directory that is removed when the play is over. */
  directory(): Promise<string>
  /** Starts a program beside the test in that directory; `name` is for the failure report. */
  start(name: string, command: readonly [string, ...string[]], directory: string): RunningProgram
  /** Starts a program that answers questions and waits until it is ready for them. */
  converse(name: string, command: readonly [string, ...string[]], directory: string): Promise<Dialogue>
}

export interface StageOptions extends ServersOptions {
  readonly library: string
  /** The play fails when it takes longer. */
  readonly limitMs: number
}

/** Starts the servers, plays, and ends everything. */
export async function onStage(options: StageOptions, play: (stage: Stage) => Promise<void>): Promise<void> {
  const servers = await startServers(options)
  const logs: { name: string; text(): string }[] = []
  const programs: RunningProgram[] = []
  const directories: string[] = []
  let isOver = false
  const stage: Stage = {
    connectString: servers.connectString,
    restart: servers.restart,
    killLeader: servers.killLeader,
    library: options.library,
    async directory() {
      const directory = await temporaryDirectory('application')
      directories.push(directory)
      return directory
    },
    start(name, [program, ...args], directory) {
      if (isOver) throw new Error(`the play is over: ${name} does not start`)
      const running = startProgram(program, args, { cwd: directory })
      programs.push(running)
      logs.push({ name, text: running.output })
      return running
    },
    async converse(name, command, directory) {
      return await startDialogue(stage.start(name, command, directory))
    },
  }
  const played = play(stage)
  try {
    await within(options.limitMs, played)
  } catch (error) {
    const texts = [...servers.logs(), ...logs.map(({ name, text }) => ({ name, text: text() }))]
    const shown = texts.map(({ name, text }) => `--- ${name} ---\n${text.slice(-SHOWN_CHARS)}`)
    throw new Error([(error as Error).message, ...shown].join('\n'), { cause: error })
  } finally {
    isOver = true
    await Promise.all(programs.map((program) => program.kill()))
    // A play that took too long may be about to start servers again, and these must be ended, too.
    await within(END_LIMIT_MS, played).catch(() => undefined)
    await servers.end()
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

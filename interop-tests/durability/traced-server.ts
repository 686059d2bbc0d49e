// Our server on real files under strace, and what its trace says.
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startServerProcess } from '../peers/server-process.ts'
import type { ServerOptions, ServerProcess } from '../peers/server-process.ts'
import { eventually, startProgram, temporaryDirectory } from '../peers/processes.ts'
import { ATTACHED, straced, straceOf } from '../peers/strace.ts'
import type { Injection } from '../peers/strace.ts'
import { tskeeperCommand } from '../peers/tskeeper.ts'
import { checkTrace } from './trace-checker.ts'
import type { TraceReport } from './trace-checker.ts'
import { VolatileDisk } from './volatile-disk.ts'

export interface TracedOptions extends ServerOptions {
  readonly dataDir: string
  readonly dataLogDir?: string
  readonly injections?: readonly Injection[]
  /** A server made wrong on purpose; default ours. */
  readonly command?: (configFile: string) => readonly string[]
}

/** Syncs that take long make it plain who does not wait for them. */
export const SLOW_SYNCS: readonly Injection[] = ['fdatasync:delay_exit=2000', 'fsync:delay_exit=2000']

export interface TracedServer extends ServerProcess {
  /** Waits for the end of the server. */
  report(): Promise<TraceReport>
}

const ours = (configFile: string): string[] => tskeeperCommand('start-foreground', configFile)

export async function startTraced(options: TracedOptions): Promise<TracedServer> {
  const trace = join(await temporaryDirectory('trace'), 'calls')
  const { dataDir, dataLogDir, command = ours, injections = [] } = options
  const directories = [dataDir, ...(dataLogDir === undefined ? [] : [dataLogDir])]
  for (const directory of directories) await mkdir(directory, { recursive: true })
  // Everything that is there may be there in memory alone: the server before this one was killed.
  const disk = new VolatileDisk(directories)
  const config = { ...options.config, ...(dataLogDir !== undefined && { dataLogDir }) }
  const server = await startServerProcess((configFile) => straced(command(configFile), trace, injections), { ...options, config })
  return {
    ...server,
    async report() {
      const { signal } = await server.ended
      return checkTrace(await readFile(trace, 'latin1'), disk, signal === null)
    },
  }
}

const ATTACH_LIMIT_MS = 60_000

/** Traces a server that serves and is idle, from here to its end. The calls of its start do not count for the injections. */
export async function attachTrace(server: ServerProcess, injections: readonly Injection[]): Promise<Pick<TracedServer, 'report'>> {
  const trace = join(await temporaryDirectory('trace'), 'calls')
  const disk = new VolatileDisk([server.dataDir])
  disk.syncAll()
  const [program, ...args] = straceOf(server.pid, trace, injections)
  const tracer = startProgram(program, args)
  await eventually('the server is traced', ATTACH_LIMIT_MS, () => {
    if (tracer.hasEnded()) throw new Error(`strace has ended: ${tracer.output()}`)
    return ATTACHED.test(tracer.output()) ? true : undefined
  })
  return {
    async report() {
      await tracer.ended
      return checkTrace(await readFile(trace, 'latin1'), disk, false)
    },
  }
}

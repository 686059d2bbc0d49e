// The servers of an application, as a Kafka broker, set up by a file of properties.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { RunningProgram } from '../peers/processes.ts'
import { javaCommandLine } from './jars.ts'
import type { Stage } from './stage.ts'

export interface JavaService {
  /** For the failure report. */
  readonly name: string
  readonly mainClass: string
  /** Of the command line, which names the file of properties. */
  readonly args: (file: string) => readonly string[]
  readonly heapMegabytes: number
  /** What the file says; `home` is for what the service stores. */
  readonly properties: (home: string) => Readonly<Record<string, string>>
}

/** A service's properties and data, which outlive its processes. */
export interface ServiceHome {
  start(): RunningProgram
}

export async function serviceHome(stage: Stage, service: JavaService): Promise<ServiceHome> {
  const { name, mainClass, heapMegabytes } = service
  const home = await stage.directory()
  const file = join(home, 'service.properties')
  await writeFile(
    file,
    Object.entries(service.properties(home))
      .map(([key, value]) => `${key}=${value}\n`)
      .join(''),
  )
  const command = await javaCommandLine({ library: stage.library, home, mainClass, args: service.args(file), heapMegabytes })
  let starts = 0
  return {
    start() {
      starts++
      return stage.start(`${name}, start ${starts}`, command, home)
    },
  }
}

const END_LIMIT_MS = 30_000
/** Of a JVM that SIGTERM has brought to its end, and that was not killed over it. */
const ENDED_ON_REQUEST = 143

/** Asks a Java program to end and sees that it does. */
export async function endOnRequest(program: RunningProgram): Promise<void> {
  const { code } = await program.stop(END_LIMIT_MS)
  if (code !== ENDED_ON_REQUEST) throw new Error(`it was to end with the code ${ENDED_ON_REQUEST} and ended with ${code}`)
}

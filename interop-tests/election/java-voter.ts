// A Java server of an ensemble, from its first line of log on: an election can be watched before anything is served.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { javaCommand, oracleLibrary } from '../peers/java.ts'
import { freePort } from '../peers/ports.ts'
import { eventually, startProgram, temporaryDirectory } from '../peers/processes.ts'
import type { RunningProgram } from '../peers/processes.ts'

const START_LIMIT_MS = 60_000

export interface JavaVoterOptions {
  readonly sid: number
  /** The `server.N` lines of all members. */
  readonly members: Readonly<Record<string, string>>
  readonly version?: string | undefined
  /** The data of an earlier life. */
  readonly directory?: string
}

export class JavaVoter {
  readonly directory: string
  readonly #program: RunningProgram

  constructor(directory: string, program: RunningProgram) {
    this.directory = directory
    this.#program = program
  }

  log(): string {
    return this.#program.output()
  }

  /** Waits until the log has as many lines as asked for that match; gives the last of them. */
  async says(pattern: RegExp, times = 1): Promise<string> {
    return await eventually(`the Java server says ${pattern}`, START_LIMIT_MS, () => {
      const lines = this.log()
        .split('\n')
        .filter((line) => pattern.test(line))
      if (lines.length >= times) return lines.at(-1)
      if (this.#program.hasEnded()) throw new Error(`the Java server ended:\n${this.log().slice(-4000)}`)
      return undefined
    })
  }

  async kill(): Promise<void> {
    await this.#program.kill()
  }
}

export async function startJavaVoter({ sid, members, version, directory }: JavaVoterOptions): Promise<JavaVoter> {
  const library = await oracleLibrary(version)
  const home = directory ?? (await temporaryDirectory('voter'))
  const dataDir = join(home, 'data')
  await mkdir(dataDir, { recursive: true })
  await writeFile(join(dataDir, 'myid'), String(sid))
  const config = {
    tickTime: '500',
    initLimit: '10',
    syncLimit: '5',
    dataDir,
    clientPort: String(await freePort()),
    clientPortAddress: '127.0.0.1',
    'admin.enableServer': 'false',
    ...members,
  }
  const configFile = join(home, 'zoo.cfg')
  await writeFile(
    configFile,
    Object.entries(config)
      .map(([key, value]) => `${key}=${value}\n`)
      .join(''),
  )
  const jvmFlags = ['-Xmx256m', '-DZK_LOG=INFO']
  const [program, ...args] = javaCommand(library, 'org.apache.zookeeper.server.quorum.QuorumPeerMain', [configFile], { jvmFlags })
  return new JavaVoter(home, startProgram(program, args, { cwd: home }))
}

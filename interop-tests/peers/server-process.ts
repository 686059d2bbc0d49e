// A ZooKeeper server as a process of its own, whichever implementation it is: its zoo.cfg, its start until it serves, its end.
import { mkdir, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { freePort } from './ports.ts'
import { eventually, startProgram, temporaryDirectory } from './processes.ts'
import type { Result } from './processes.ts'

export interface ServerOptions {
  /** Lines of zoo.cfg, added to (or replacing) the defaults for tests. */
  readonly config?: Readonly<Record<string, string>>
  /** The data of an earlier server; default a new directory that is removed when the test process ends. */
  readonly dataDir?: string
  /** Default a free port. Give the port of an earlier server to let its clients come back. */
  readonly port?: number
  readonly env?: Readonly<Record<string, string>>
}

export interface ServerProcess {
  readonly port: number
  readonly dataDir: string
  readonly pid: number
  /** What the server has written to stdout and stderr. */
  log(): string
  readonly ended: Promise<Result>
  /** SIGTERM, and waits for the end. */
  stop(): Promise<Result>
  /** SIGKILL, and waits for the end. */
  kill(): Promise<Result>
  /** For SIGSTOP and SIGCONT. */
  signal(name: NodeJS.Signals): void
}

/** Settings that every server under test gets: short ticks, loopback only, all four-letter words, no limit for one address. */
const testConfig = {
  tickTime: '500',
  clientPortAddress: '127.0.0.1',
  'admin.enableServer': 'false',
  '4lw.commands.whitelist': '*',
  maxClientCnxns: '0',
  preAllocSize: '64',
}

const START_LIMIT_MS = 120_000
/** Asked again then: a server may have taken the connection before it could answer. */
const ASK_AGAIN_MS = 2_000

/** A zoo.cfg, in a directory of its own. */
export interface PreparedConfig {
  readonly configFile: string
  readonly directory: string
  readonly dataDir: string
  readonly port: number
}

/** Writes a zoo.cfg. */
export async function prepareConfig(options: ServerOptions): Promise<PreparedConfig> {
  const directory = await temporaryDirectory('server')
  const dataDir = options.dataDir ?? join(directory, 'data')
  const port = options.port ?? (await freePort())
  await mkdir(dataDir, { recursive: true })
  const configFile = join(directory, 'zoo.cfg')
  const config = { ...testConfig, dataDir, clientPort: String(port), ...options.config }
  await writeFile(
    configFile,
    Object.entries(config)
      .map(([key, value]) => `${key}=${value}\n`)
      .join(''),
  )
  return { configFile, directory, dataDir, port }
}

/** Writes a zoo.cfg, starts `command(configFile)` in its directory and waits until the server serves. */
export async function startServerProcess(command: (configFile: string) => readonly string[], options: ServerOptions): Promise<ServerProcess> {
  const { configFile, directory, dataDir, port } = await prepareConfig(options)
  const [program, ...args] = command(configFile)
  const running = startProgram(program, args, { cwd: directory, env: { ...options.env } })
  try {
    await eventually('the server serves', START_LIMIT_MS, async () => {
      if (running.hasEnded()) throw new Error('the server ended while it started')
      return (await fourLetterWord(port, 'srvr', ASK_AGAIN_MS).catch(() => '')).includes('Mode:') ? true : undefined
    })
  } catch (error) {
    await running.kill()
    throw new Error(`${(error as Error).message}; its output:\n${running.output().slice(-8000)}`, { cause: error })
  }
  return {
    port,
    dataDir,
    pid: running.pid,
    log: running.output,
    ended: running.ended,
    stop: () => running.stop(),
    kill: running.kill,
    signal: running.signal,
  }
}

/** Sends a four-letter word to a server on this machine and gives everything it answers. */
export function fourLetterWord(port: number, word: string, timeoutMs = 30_000): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    let answer = ''
    socket.setEncoding('utf8')
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error(`${word}: no answer within ${timeoutMs} ms`)))
    socket.once('connect', () => socket.write(word))
    socket.on('data', (text: string) => (answer += text))
    socket.once('error', reject)
    socket.once('close', () => resolve(answer))
  })
}

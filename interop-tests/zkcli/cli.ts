// Drives the real zkCli (Java's ZooKeeperMain): in its interactive form one command after the other, and in its one-shot form.
import { eventually, startProgram } from '../peers/processes.ts'
import { javaCommand, oracleLibrary, runJava } from '../peers/java.ts'
import type { ServerProcess } from '../peers/server-process.ts'

const mainClass = 'org.apache.zookeeper.ZooKeeperMain'
const jvmFlags = ['-DZK_LOG=OFF']
const COMMAND_LIMIT_MS = 120_000

/** What one run of zkCli wrote, with everything masked that may differ between two servers. */
export interface CliOutput {
  readonly stdout: readonly string[]
  readonly stderr: readonly string[]
  /** Watch events in their order, without those about the connection: they are printed by another thread, anywhere between the lines. */
  readonly events: readonly string[]
  readonly code: number | null
}

/** Runs `zkCli.sh -server … <args>`. */
export async function oneShot(server: ServerProcess, args: readonly string[], options: readonly string[] = []): Promise<CliOutput> {
  const result = await runJava(mainClass, ['-server', `127.0.0.1:${server.port}`, ...options, ...args], { jvmFlags })
  const { text, events } = takeEvents(mask(result.stdout, server))
  return { stdout: lines(text), stderr: lines(mask(result.stderr, server)), events, code: result.code }
}

/**
 * Types the steps into an interactive zkCli, each when the prompt after the one before has come. A step `# text` waits until the output
 * contains that text, which is how a script waits for an event. `{port}` in a step stands for the server's port.
 */
export async function interactive(server: ServerProcess, steps: readonly string[], options: readonly string[] = []): Promise<CliOutput> {
  const library = await oracleLibrary()
  const args = ['-server', `127.0.0.1:${server.port}`, '-waitforconnection', ...options]
  const [program, ...rest] = javaCommand(library, mainClass, args, { jvmFlags })
  const cli = startProgram(program, rest)
  const until = (what: string, happened: () => boolean): Promise<true> =>
    eventually(`zkCli: ${what}; its output: ${cli.output()}`, COMMAND_LIMIT_MS, () => (happened() || cli.hasEnded() ? true : undefined))
  let typed = 0
  for (const step of steps) {
    const awaited = /^# (.*)/.exec(step)?.[1]
    if (awaited !== undefined) {
      await until(awaited, () => cli.output().includes(awaited))
      continue
    }
    await until(`the prompt before ${step}`, () => new RegExp(`^(.*\\) |)${typed}\\] `, 'm').test(cli.output()))
    cli.write(`${step.replaceAll('{port}', String(server.port))}\n`)
    typed += 1
  }
  const timer = setTimeout(() => void cli.kill(), COMMAND_LIMIT_MS)
  const result = await cli.ended
  clearTimeout(timer)
  const { text, events } = takeEvents(mask(result.stdout, server))
  return { stdout: lines(text), stderr: lines(withoutTerminalWarning(mask(result.stderr, server))), events, code: result.code }
}

function mask(text: string, server: ServerProcess): string {
  const sessions = new Map<string, string>()
  return text
    .replaceAll(String(server.port), 'PORT')
    .replace(/^([cm]time = )(.*)$/gm, (line, key: string, date: string) => (date.includes('1970') ? line : `${key}now`))
    .replace(/0x[0-9a-f]{12,16}/g, (id) => {
      if (!sessions.has(id)) sessions.set(id, `session ${sessions.size + 1}`)
      return sessions.get(id)!
    })
    .replace(/\[zk: [^\]]*\] /g, '> ')
    .replace(/\[(\/[^\]]*)\]/g, (_, paths: string) => `[${paths.split(', ').sort().join(', ')}]`) // Ephemerals come in no order.
}

function takeEvents(text: string): { text: string; events: string[] } {
  const events: string[] = []
  const rest = text.replace(/\nWATCHER::\n/g, '').replace(/\n(WatchedEvent .*)\n/g, (_, event: string) => {
    if (!event.includes('type:None')) events.push(event)
    return ''
  })
  return { text: rest, events }
}

/** Without a terminal JLine says so, with the time of day. */
function withoutTerminalWarning(text: string): string {
  return text.replace(/^.*org\.jline\.utils\.Log logr\nWARNING: .*\n/, '')
}

function lines(text: string): string[] {
  return text.trimEnd().split('\n')
}

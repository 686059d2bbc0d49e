/** Takes the command line apart and runs one verb. */
import { Command, CommanderError, InvalidArgumentError } from 'commander'
import { PACKAGE_VERSION, ZOOKEEPER_BUILD_TIME, ZOOKEEPER_VERSION } from '../base/version.ts'
import { findConfig } from './config-location.ts'
import { fallback } from './context.ts'
import type { CommandContext, Target } from './context.ts'
import { missingDirectory } from './data-dir.ts'

/** As of most commands; 1 is for those that fail. */
const WRONG_USAGE = 2

/** A verb of one of the other scripts: it says nothing before its own. */
type Tool = (args: readonly string[], target: Target, context: CommandContext) => number | Promise<number>

type Verb = (target: Target, context: CommandContext) => number | Promise<number>

/** Also runs for a command line without a verb: `npx tskeeper` starts a server. */
const serveHere = async (): Promise<Verb> => (await import('./serve.ts')).serve

/** Each verb loads the modules that it needs: so a server starts sooner, and the other verbs answer at once. */
const verbs: readonly [name: string, description: string, load: () => Promise<Verb>][] = [
  ['start', 'run a server in the background', async () => (await import('./daemon.ts')).start],
  ['start-foreground', 'run a server here; its log goes to standard output', serveHere],
  ['stop', 'end the server in the background', async () => (await import('./daemon.ts')).stop],
  ['version', 'show the version of ZooKeeper this server answers to', async () => showVersion],
  ['restart', 'stop, then start', async () => (await import('./daemon.ts')).restart],
  ['status', 'ask the server what it is', async () => (await import('./status.ts')).status],
  ['print-cmd', 'show the command that start runs', async () => (await import('./daemon.ts')).printCommand],
]

const tools: readonly [name: string, args: string, description: string, tool: Tool][] = [
  [
    'initialize',
    '[--configfile=<file>] [--myid=<n>] [--force]',
    'make the empty directories of a new server',
    async (...all) => (await import('./initialize.ts')).initialize(...all),
  ],
  [
    'cleanup',
    '[dataLogDir [dataDir]] -n <count>',
    'remove what the newest snapshots do not need',
    async (...all) => (await import('./cleanup.ts')).cleanup(...all),
  ],
  [
    'txnlog',
    '[-dhrvyc] <log file> (-z <zxid>)',
    'print, mend or chop a transaction log',
    async (...all) => (await import('./tools/txn-log-tool.ts')).txnLogTool(...all),
  ],
  ['snapshot', '[-d|-json] <snapshot file>', 'print what a snapshot holds', async (...all) => (await import('./tools/snapshot-tool.ts')).snapshotTool(...all)],
  [
    'snapshot-summary',
    '<snapshot file> <path> <depth>',
    'sum up nodes and data of a snapshot below a path',
    async (...all) => (await import('./tools/snapshot-summary-tool.ts')).snapshotSummaryTool(...all),
  ],
  [
    'snapshot-comparer',
    '-l <snapshot> -r <snapshot> -b <bytes> -n <nodes> [-d] [-i]',
    'show where two snapshots differ in size',
    async (...all) => (await import('./tools/snapshot-comparer-tool.ts')).snapshotComparerTool(...all),
  ],
]

/** Resolves to the exit code. */
export async function runCommand(args: readonly string[], context: CommandContext): Promise<number> {
  let exitCode = 0
  const program = new Command('tskeeper')
    .description('A server that takes the place of Apache ZooKeeper')
    .version(PACKAGE_VERSION)
    .option('--config <dir>', 'the directory of zoo.cfg')
    .argument('[command]')
    .argument('[rest...]')
    .helpCommand(false)
    .exitOverride()
    .configureOutput({ writeOut: (text) => context.out(text), writeErr: (text) => context.err(text) })
    .addHelpText('after', HELP_AFTER)
    .action(async (command?: string) => {
      const target = targetOf(program, [])
      if (command === undefined) {
        exitCode = await run(serveHere, target, context)
        return
      }
      announce(target, context)
      context.err(`Usage: ${context.form} [--config <conf-dir>] {${verbs.map(([name]) => name).join('|')}}\n`)
      // Apache's script ends with 0 here.
      exitCode = context.form === 'zkServer.sh' ? 0 : WRONG_USAGE
    })
  for (const [name, description, load] of verbs) {
    const verb = program
      .command(name)
      .description(description)
      .argument('[config...]', 'a file, or: port dataDir [tickTime] [maxClientCnxns]')
      .action(async (config: string[], options: { sigtermExitCode?: number }) => {
        exitCode = await run(load, { ...targetOf(program, config), ...options }, context)
      })
    if (name === 'start-foreground') {
      verb.option('--sigterm-exit-code <code>', 'exit code of a clean stop by SIGTERM; 143 without it, as of a JVM', exitCodeOf)
    }
  }
  for (const [name, args, description, tool] of tools) {
    program
      .command(name)
      .description(description)
      .usage(args)
      .argument('[args...]')
      .helpOption(false)
      .allowUnknownOption()
      .action(async (rest: string[]) => {
        exitCode = await tool(rest, targetOf(program, []), context)
      })
  }

  function targetOf(command: Command, config: readonly string[]): Target {
    const { config: directory } = command.opts<{ config?: string }>()
    const legacy = config.length > 1 ? config : undefined
    return { location: findConfig({ directory, name: config.length === 1 ? config[0] : undefined, env: context.env, cwd: context.cwd }), legacy }
  }

  try {
    await program.parseAsync(args, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return error.exitCode === 0 || context.form === 'zkServer.sh' ? error.exitCode : WRONG_USAGE
  }
  return exitCode
}

function exitCodeOf(text: string): number {
  if (!/^[0-9]+$/.test(text) || Number(text) > 255) throw new InvalidArgumentError('It must be a number from 0 to 255.')
  return Number(text)
}

const HELP_AFTER = `
Without a configuration file the server listens on port ${fallback.clientPort} and keeps its data in ${fallback.dataDir}.`

async function run(load: () => Promise<Verb>, target: Target, context: CommandContext): Promise<number> {
  announce(target, context)
  const missing = missingDirectory(target, context)
  if (missing === undefined) return (await load())(target, context)
  context.out(`${missing}\n`)
  return 1
}

/** The first lines of zkServer.sh, which scripts look for. There is no JMX; only a caller of `zkServer.sh` reads of it. */
function announce({ location, legacy }: Target, context: CommandContext): void {
  if (context.form === 'zkServer.sh') {
    const isOff = context.env['JMXDISABLE'] !== undefined && !['', 'false'].includes(context.env['JMXDISABLE'])
    context.err(isOff ? 'JMX disabled by user request\n' : 'ZooKeeper JMX enabled by default\n')
  }
  const byDefault = `none: client port ${fallback.clientPort}, data in ${fallback.dataDir}`
  context.err(`Using config: ${legacy === undefined ? (location.file ?? byDefault) : legacy.join(' ')}\n`)
}

function showVersion(_target: Target, context: CommandContext): number {
  context.out(`Apache ZooKeeper, version ${ZOOKEEPER_VERSION} ${ZOOKEEPER_BUILD_TIME}\n`)
  context.err(`TSKeeper ${PACKAGE_VERSION}\n`)
  return 0
}

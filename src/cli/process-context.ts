/** The world of a command as this process sees it. */
import { readSync, writeSync } from 'node:fs'
import { basename } from 'node:path'
import type { CommandContext, CommandForm } from './context.ts'

/** Tells a server in the background under which name its starter was called. */
export const FORM_VARIABLE = 'TSKEEPER_FORM'

/** As zkServer.sh where that is the name of the link by which it was called. */
export function formOf(env: NodeJS.ProcessEnv, calledAs: string | undefined): CommandForm {
  const isScript = env[FORM_VARIABLE] === 'zkServer.sh' || ['zkServer.sh', 'zkServer'].includes(basename(calledAs ?? ''))
  return isScript ? 'zkServer.sh' : 'tskeeper'
}

/** `main` is the script of the command `tskeeper`, for servers that are started in the background. */
export function processContext(env: NodeJS.ProcessEnv, main: string, form = formOf(env, process.argv[1])): CommandContext {
  return {
    form,
    env,
    cwd: process.cwd(),
    out: (text) => writeAll(1, text),
    err: (text) => writeAll(2, text),
    readLine,
    self: [process.execPath, ...process.execArgv, main],
  }
}

function writeAll(fd: number, text: string): void {
  try {
    writeSync(fd, text)
  } catch (error) {
    // Nobody reads any more (`tskeeper status | head -1`): nothing is left to say.
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error
  }
}

/** A byte at a time: what is behind the line belongs to whoever reads next. */
function readLine(): string | undefined {
  const bytes: number[] = []
  const byte = new Uint8Array(1)
  while (readSync(0, byte) === 1) {
    if (byte[0] === 0x0a) return Buffer.from(bytes).toString()
    bytes.push(byte[0])
  }
  return bytes.length === 0 ? undefined : Buffer.from(bytes).toString()
}

/** The world of a command as this process sees it. */
import { readSync, writeSync } from 'node:fs'
import { basename } from 'node:path'
import type { CommandContext, CommandForm } from './context.ts'

/** Passes the name by which `start` was called to the server in the background. */
export const FORM_VARIABLE = 'TSKEEPER_FORM'

/** `zkServer.sh` where the command was called through a link of that name. */
export function formOf(env: NodeJS.ProcessEnv, calledAs: string | undefined): CommandForm {
  const isScript = env[FORM_VARIABLE] === 'zkServer.sh' || ['zkServer.sh', 'zkServer'].includes(basename(calledAs ?? ''))
  return isScript ? 'zkServer.sh' : 'tskeeper'
}

/** `main` is the script of the command `tskeeper`, with which `start` starts a server in the background. */
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
    // The reader has gone (`tskeeper status | head -1`), so the rest of the text is dropped.
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error
  }
}

/** Reads a byte at a time: the bytes behind the line belong to the next reader of standard input. */
function readLine(): string | undefined {
  const bytes: number[] = []
  const byte = new Uint8Array(1)
  while (readSync(0, byte) === 1) {
    if (byte[0] === 0x0a) return Buffer.from(bytes).toString()
    bytes.push(byte[0])
  }
  return bytes.length === 0 ? undefined : Buffer.from(bytes).toString()
}

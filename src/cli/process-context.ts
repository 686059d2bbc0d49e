/** The world of a command as this process sees it. */
import { readSync, writeSync } from 'node:fs'
import type { CommandContext } from './context.ts'

/** `main` is the script of the command `tskeeper`, for servers that are started in the background. */
export function processContext(env: NodeJS.ProcessEnv, main: string): CommandContext {
  return {
    env,
    cwd: process.cwd(),
    out: text => writeAll(1, text),
    err: text => writeAll(2, text),
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
    bytes.push(byte[0]!)
  }
  return bytes.length === 0 ? undefined : Buffer.from(bytes).toString()
}

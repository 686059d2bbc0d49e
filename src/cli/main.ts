#!/usr/bin/env node
/** The command `tskeeper`: the verbs, texts, streams and exit codes of Apache's zkServer.sh. */
import { writeSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { runCommand } from './run-command.ts'

function writeAll(fd: number, text: string): void {
  try {
    writeSync(fd, text)
  } catch (error) {
    // Nobody reads any more (`tskeeper status | head -1`): nothing is left to say.
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error
  }
}

process.exitCode = await runCommand(process.argv.slice(2), {
  env: process.env,
  cwd: process.cwd(),
  out: text => writeAll(1, text),
  err: text => writeAll(2, text),
  self: [process.execPath, ...process.execArgv, fileURLToPath(import.meta.url)],
})

#!/usr/bin/env node
/** The command `tskeeper`: the verbs, texts, streams and exit codes of Apache's zkServer.sh. */
import { fileURLToPath } from 'node:url'
import { processContext } from './process-context.ts'
import { runCommand } from './run-command.ts'

process.exitCode = await runCommand(process.argv.slice(2), processContext(process.env, fileURLToPath(import.meta.url)))

#!/usr/bin/env node
/** `zkServer.sh` in a container, for health checks and operators. */
import { readPlan, zkServer } from './container.ts'

const args = process.argv.slice(2)
const plan = readPlan()
// Without a verb that script shows its usage.
process.exitCode = plan === undefined ? 1 : await zkServer(args.length === 0 ? [''] : args, plan)

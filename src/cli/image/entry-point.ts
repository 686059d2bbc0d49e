#!/usr/bin/env node
/**
 * The entry point of the container image: writes the configuration that the environment asks for, as the three replaced images
 * do, and becomes the server, or runs the other command that the container was given.
 */
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { readPlan, say, serverUser, zkServer } from './container.ts'
import { ImageRefused } from './plan.ts'
import type { ImagePlan } from './plan.ts'
import { become, prepareFiles } from './prepare.ts'

/** zkServer.sh, and what starts a server in the images of Confluent (`/etc/confluent/docker/run`) and Bitnami (`/run.sh`). */
const SERVER_COMMAND = /(?:^|\/)(?:zkServer\.sh|run|run\.sh)$/

process.exitCode = await enter(process.argv.slice(2))

async function enter(given: readonly string[]): Promise<number> {
  const [program, ...args] = given.length === 0 ? ['zkServer.sh', 'start-foreground'] : given
  const plan = readPlan()
  if (plan === undefined) return 1
  const isServer = SERVER_COMMAND.test(program)
  if (!prepare(plan, isServer)) return 1
  if (!isServer) return run(program, args)
  return zkServer(program.endsWith('zkServer.sh') ? args : ['start-foreground', ...args], plan)
}

function prepare(plan: ImagePlan, isServer: boolean): boolean {
  say(`the variables are those of ${plan.image}, the configuration is ${plan.configFile}`)
  for (const remark of plan.remarks) say(remark)
  try {
    const user = isServer ? serverUser(plan) : undefined
    prepareFiles(plan, user)
    if (user !== undefined) become(user)
    return true
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === undefined && !(error instanceof ImageRefused)) throw error
    say(code === undefined ? message : `${message}; this container runs as user ${process.getuid?.()}`)
    return false
  }
}

/** Runs any other command: passes it the signals, and ends with its exit code. */
function run(program: string, args: readonly string[]): Promise<number> {
  // The handlers stand before there is a child, because no signal may end this process and leave the child behind.
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const) process.on(signal, () => child.kill(signal))
  const child = spawn(program, args, { stdio: 'inherit' })
  return new Promise((done) => {
    child.on('error', (error) => {
      say(error.message)
      done(127)
    })
    child.on('exit', (code, signal) => done(code ?? 128 + constants.signals[signal!]))
  })
}

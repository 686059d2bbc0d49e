// Runs a command with a time budget. It gets a process group of its own, so that nothing of it is left when it is ended.
import { spawn } from 'node:child_process'

const PATIENCE_MS = 5_000
const groups = new Set()

/** What a step came to: `{ ok, overBudget, seconds, output }`. The output is kept only when it is captured, else it goes to the terminal. */
export function run(command, args, { budgetSeconds, env = {}, capture = false, shell = false }) {
  const begin = performance.now()
  const stdio = capture ? ['ignore', 'pipe', 'pipe'] : ['ignore', 'inherit', 'inherit']
  const child = spawn(command, args, { stdio, shell, detached: true, env: { ...process.env, ...env } })
  if (child.pid !== undefined) groups.add(child.pid)
  let output = ''
  let overBudget = false
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (text) => (output += text))
  const timers = [
    setTimeout(() => {
      overBudget = true
      console.error(`\n${command} ${args.join(' ')}: not done within its ${budgetSeconds} s, ended`)
      endGroup(child.pid, 'SIGTERM')
    }, budgetSeconds * 1000),
    setTimeout(() => endGroup(child.pid, 'SIGKILL'), budgetSeconds * 1000 + PATIENCE_MS),
  ]
  return new Promise((resolve) => {
    const end = (code) => {
      for (const timer of timers) clearTimeout(timer)
      groups.delete(child.pid)
      resolve({ ok: code === 0 && !overBudget, overBudget, seconds: (performance.now() - begin) / 1000, output })
    }
    child.once('error', (error) => {
      output += `${error.message}\n`
      console.error(error.message)
      end(127)
    })
    child.once('close', end)
  })
}

function endGroup(pid, signal) {
  try {
    process.kill(-pid, signal)
  } catch (error) {
    if (error.code !== 'ESRCH') throw error
  }
}

// Whoever ends us ends what we started: the groups do not hear the terminal's Ctrl-C.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.once(signal, () => {
    for (const pid of groups) endGroup(pid, 'SIGKILL')
    process.exit(1)
  })
}

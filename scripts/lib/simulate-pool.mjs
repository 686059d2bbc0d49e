// Runs seeds in processes of their own, several side by side. One that hangs or dies is a failure of the seed it was at.
import { fork } from 'node:child_process'

const WORKER = new URL('simulate-worker.mjs', import.meta.url)
const LONGEST_SEED_MS = 300_000

/**
 * Runs seed by seed in ascending order from `from` on, and hands the outcomes to `onOutcome` as they come, until all are
 * done or it returns false; what is under way then is waited for.
 */
export async function runSeeds({ from, count, jobs, ensemble, mutant }, onOutcome) {
  let next = from
  let goesOn = true
  const work = async () => {
    let worker
    while (goesOn && next < from + count) {
      if (worker === undefined || worker.killed || !worker.connected) worker = fork(WORKER)
      const outcome = await runSeed(worker, { seed: next++, ensemble, mutant })
      if (onOutcome(outcome) === false) goesOn = false
    }
    worker?.kill()
  }
  await Promise.all(Array.from({ length: jobs }, work))
}

function runSeed(worker, task) {
  return new Promise((resolve) => {
    const lost = (message) => {
      worker.kill('SIGKILL')
      end({ ...NOTHING, seed: task.seed, failure: { name: 'Error', message, stack: message } })
    }
    const timer = setTimeout(() => lost(`does not end within ${LONGEST_SEED_MS / 1000} s`), LONGEST_SEED_MS)
    const onExit = (code, signal) => lost(`the process that ran it has ended: ${signal ?? code}`)
    const end = (outcome) => {
      clearTimeout(timer)
      worker.off('message', end).off('exit', onExit)
      resolve(outcome)
    }
    worker.on('message', end).on('exit', onExit)
    worker.send(task)
  })
}

const NOTHING = { events: [], operations: 0, txns: 0, acknowledged: 0, virtualMs: 0, epochs: 0, ends: [], looks: [], faults: [] }

// `make check`: the quick unit tests, types, lint and format, two at a time, the longest first, in less than a minute.
import { availableParallelism } from 'node:os'
import { run } from './lib/run.mjs'
import { unitSuite } from './lib/suites.mjs'
import { printTable } from './lib/table.mjs'
import { runSuite } from './lib/vitest.mjs'

const BUDGET_SECONDS = 60
const budget = { budgetSeconds: BUDGET_SECONDS, capture: true }
const steps = {
  unit: async () => {
    const result = await runSuite({ ...unitSuite, budgetSeconds: BUDGET_SECONDS }, { capture: true })
    return { ...result, ok: result.failed === 0 }
  },
  types: () => run('node_modules/.bin/tsc', ['-p', 'tsconfig.json'], budget),
  lint: () => run('node_modules/.bin/eslint', ['--cache', '--cache-location', '.cache/eslint', '.'], budget),
  format: () => run('node_modules/.bin/prettier', ['--check', '--log-level', 'warn', '--cache', '--cache-location', '.cache/prettier', '.'], budget),
}

const begin = performance.now()
const rows = []
let good = true
const work = Object.entries(steps)
async function worker() {
  for (let step = work.shift(); step !== undefined; step = work.shift()) {
    const [name, start] = step
    const { ok, seconds, output } = await start()
    if (!ok) console.log(`\n=== ${name}\n${output}`)
    good &&= ok
    rows.push([name, ok ? 'passed' : 'FAILED', seconds.toFixed(1)])
  }
}
await Promise.all(Array.from({ length: Math.max(1, Math.min(2, availableParallelism())) }, worker))
rows.push(['all', good ? 'passed' : 'FAILED', `${((performance.now() - begin) / 1000).toFixed(1)} of ${BUDGET_SECONDS}`])
printTable(['step', 'result', 'seconds'], rows)
process.exitCode = good ? 0 : 1

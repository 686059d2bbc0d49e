// `make test`: everything, from a clean clone: install, build, types, lint, format, unit tests, interop suites. Each step has a budget of seconds;
// one that is over it is ended, and the rest goes on. The last line is "N passed, N failed".
import { printPeers, runInteropSuites, unlistedTests } from './lib/interop.mjs'
import { run } from './lib/run.mjs'
import { longSuite, simulatedSuite, unitSuite } from './lib/suites.mjs'
import { printTable } from './lib/table.mjs'
import { runSuite } from './lib/vitest.mjs'

const begin = performance.now()
const rows = []
let passed = 0
let failed = 0

async function step(name, command, args, budgetSeconds, env = {}) {
  console.log(`\n=== ${name} (budget ${budgetSeconds} s)`)
  const { ok, overBudget, seconds } = await run(command, args, { budgetSeconds, env })
  rows.push([name, '', ok ? 'passed' : overBudget ? 'OVER BUDGET' : 'FAILED', `${seconds.toFixed(1)} of ${budgetSeconds}`])
  if (!ok) failed += 1
  return ok
}

function count(result) {
  const tests = `${result.passed} passed, ${result.failed} failed${result.skipped > 0 ? `, ${result.skipped} SKIPPED` : ''}`
  rows.push([result.name, tests, result.result, `${result.seconds.toFixed(1)} of ${result.budgetSeconds}`])
  passed += result.passed
  failed += result.failed
}

const installed = await step('install', 'make', ['--no-print-directory', 'install'], 300)
if (installed && (await step('build', 'node', ['scripts/build.mjs'], 120))) {
  await step('types', 'node_modules/.bin/tsc', ['-p', 'tsconfig.json'], 120)
  await step('lint', 'node_modules/.bin/eslint', ['.'], 180)
  await step('format', 'node_modules/.bin/prettier', ['--check', '--log-level', 'warn', '.'], 60)
  for (const suite of [unitSuite, longSuite]) {
    console.log(`\n=== ${suite.name} (budget ${suite.budgetSeconds} s)`)
    count(await runSuite(suite))
  }
  const { name, command, env, budgetSeconds } = simulatedSuite
  if (await step(name, ...command, budgetSeconds, env)) passed += 1
  const results = await runInteropSuites()
  results.forEach(count)
  printPeers(results)
  for (const file of unlistedTests()) {
    console.log(`FAILED: no suite in scripts/lib/suites.mjs takes ${file}`)
    failed += 1
  }
}
rows.push(['all', '', failed === 0 ? 'passed' : 'FAILED', ((performance.now() - begin) / 1000).toFixed(1)])
printTable(['step', 'tests', 'result', 'seconds'], rows)
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1

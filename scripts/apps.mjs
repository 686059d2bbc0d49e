// `make apps`: every scenario of every application on our servers and on Java's, on one server and on an ensemble of three, as a table.
//   ONLY="curator ensemble"   only what has all these words in "application scenario server|ensemble ours|java"
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { readLines } from './lib/lines.mjs'
import { run } from './lib/run.mjs'
import { printTable } from './lib/table.mjs'

const BUDGET_SECONDS = 3 * 3600

const report = join('.cache', 'reports', 'apps.jsonl')
mkdirSync(join('.cache', 'reports'), { recursive: true })
rmSync(report, { force: true })

const env = { TSK_APPS: 'all', TSK_APPS_ONLY: process.env.ONLY ?? '', TSK_APPS_REPORT: report }
const args = ['run', '--project', 'interop', 'interop-tests/apps/', '--reporter=verbose']
const { ok, seconds } = await run('node_modules/.bin/vitest', args, { budgetSeconds: BUDGET_SECONDS, env })
const played = readLines(report).map((line) => JSON.parse(line))

printTable(['application', 'scenario', 'on', 'ours', 'Java'], rows(played))
for (const { application, scenario, on, kind, why } of played.filter(({ result }) => result === 'FAILED')) {
  console.log(`FAILED: ${application}, ${scenario}, on ${on}, ${kind}: ${why}`)
}
const failed = played.filter(({ result }) => result === 'FAILED').length
const skipped = played.filter(({ result }) => result === 'SKIPPED').length
console.log(`${played.length - failed - skipped} passed, ${failed} failed, ${skipped} skipped, ${(seconds / 60).toFixed(1)} minutes`)
process.exitCode = ok && failed === 0 && played.length > skipped ? 0 : 1

/** One row for each scenario and what it was played on, in the order of the first to be played. */
function rows(all) {
  const cells = new Map()
  for (const { application, scenario, on, kind, result, seconds: taken } of all) {
    const key = [application, scenario, on].join('\n')
    const row = cells.get(key) ?? {}
    row[kind] = result === 'SKIPPED' ? result : `${result} ${taken.toFixed(1)} s`
    cells.set(key, row)
  }
  return [...cells].map(([key, { ours = '', java = '' }]) => [...key.split('\n'), ours, java])
}

// Runs one suite with vitest and reads from its report what came of it.
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { readLines } from './lines.mjs'
import { run } from './run.mjs'

const reports = join('.cache', 'reports')

/**
 * The result of a suite: `{ name, passed, failed, skipped, seconds, budgetSeconds, result, peers, output }`. A suite that did not come to its
 * end or found no tests counts as one failure. `peers` are the foreign programs it asked for, as interop-tests/peers/peers.ts wrote them down.
 */
export async function runSuite(suite, { capture = false } = {}) {
  mkdirSync(reports, { recursive: true })
  const report = join(reports, `${suite.name.replaceAll(' ', '-')}.json`)
  const peersReport = join(reports, `${suite.name.replaceAll(' ', '-')}.peers.jsonl`)
  for (const file of [report, peersReport]) rmSync(file, { force: true })
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const args = ['run', '--project', suite.project, suite.filter, ...reporters]
  const outcome = await run('node_modules/.bin/vitest', args, { budgetSeconds: suite.budgetSeconds, env: { TSK_PEERS_REPORT: peersReport }, capture })
  const counts = readJson(report) ?? { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0 }
  const failed = outcome.ok ? counts.numFailedTests : Math.max(counts.numFailedTests, 1)
  return {
    name: suite.name,
    budgetSeconds: suite.budgetSeconds,
    seconds: outcome.seconds,
    passed: counts.numPassedTests,
    failed,
    skipped: counts.numPendingTests,
    result: resultWord(outcome, counts),
    peers: readLines(peersReport).map((line) => JSON.parse(line)),
    output: outcome.output,
  }
}

function resultWord(outcome, counts) {
  if (outcome.overBudget) return 'OVER BUDGET'
  if (!outcome.ok) return 'FAILED'
  return counts.numPassedTests === 0 ? 'SKIPPED' : 'passed'
}

function readJson(file) {
  const text = readLines(file).join('\n')
  return text === '' ? undefined : JSON.parse(text)
}

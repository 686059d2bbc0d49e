// Runs the interop suites one after another and prints what ran against which peer.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { interopSuites } from './suites.mjs'
import { printTable } from './table.mjs'
import { runSuite } from './vitest.mjs'

/** Runs those of the suites whose name contains one of the words (all, without words) and gives their results. */
export async function runInteropSuites(words = []) {
  const results = []
  const wanted = (name) => words.length === 0 || words.some((word) => name.toLowerCase().includes(word.toLowerCase()))
  for (const suite of interopSuites.filter(({ name }) => wanted(name))) {
    console.log(`\n=== ${suite.name} (budget ${suite.budgetSeconds} s)`)
    results.push(await runSuite(suite))
  }
  return results
}

/** The table of peers, and loudly what was left out. */
export function printPeers(results) {
  const rows = results.map((result) => {
    const peers = mergePeers(result.peers)
    const time = `${result.seconds.toFixed(1)} of ${result.budgetSeconds}`
    return [peers.names, peers.versions, result.name, String(result.passed + result.failed), result.result, time]
  })
  printTable(['peer', 'version', 'suite', 'tests', 'result', 'seconds'], rows)
  for (const { name, skipped, peers } of results) {
    for (const peer of peers.filter(({ available }) => !available)) {
      console.log(`SKIPPED: what needs ${peer.peer} ${peer.version} in the suite "${name}": ${peer.reason.split('\n')[0]}`)
    }
    if (skipped > 0) console.log(`SKIPPED: ${skipped} tests of the suite "${name}"`)
  }
}

/** Test files that no suite takes would never run. */
export function unlistedTests() {
  const files = readdirSync('interop-tests', { recursive: true }).map((file) => join('interop-tests', file))
  const tests = files.filter((file) => file.endsWith('.test.ts'))
  return tests.filter((file) => !interopSuites.some(({ filter }) => file.startsWith(filter)))
}

function mergePeers(peers) {
  const versions = new Map()
  for (const { peer, version } of peers) {
    const name = peer.replace(/^java(-.*)?$/, 'Java')
    versions.set(name, new Set(versions.get(name)).add(version))
  }
  return { names: [...versions.keys()].join(', '), versions: [...versions.values()].map((some) => [...some].join(', ')).join('; ') }
}

// `make interop`: the suites against foreign clients, tools and servers. `node scripts/interop.mjs kazoo go` runs only those.
import { printPeers, runInteropSuites, unlistedTests } from './lib/interop.mjs'

const results = await runInteropSuites(process.argv.slice(2))
printPeers(results)
for (const file of unlistedTests()) console.log(`FAILED: no suite in scripts/lib/suites.mjs takes ${file}`)
const passed = results.reduce((sum, result) => sum + result.passed, 0)
const failed = results.reduce((sum, result) => sum + result.failed, unlistedTests().length)
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 && results.length > 0 ? 0 : 1

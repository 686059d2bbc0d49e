// `make simulate`: a server and its clients in virtual time, crashed and restarted, once for each seed.
//   SEEDS=2000    so many seeds (200)          FROM=1    the first of them
//   SEED=17       one seed, with everything that happens in it
//   MUTANTS=1     servers made wrong on purpose instead: how many seeds it takes to find each
import { run } from './lib/run.mjs'
import { printTable } from './lib/table.mjs'

const BUILD_SECONDS = 120
const SHOWN_FAILURES = 3
const SHOWN_EVENTS = 40
const PROGRESS_MS = 10_000

const number = (name, otherwise) => Number(process.env[name] || otherwise)
const from = number('FROM', 1)

const built = await run('node_modules/.bin/tsc', ['-p', 'src/sim/tsconfig.json'], { budgetSeconds: BUILD_SECONDS })
if (!built.ok) process.exit(1)
const { simulate } = await import('../.cache/simulate/sim/simulation.js')

let good
if (process.env.SEED) good = replay(number('SEED'))
else if (process.env.MUTANTS) good = await findMutants(number('SEEDS', 0))
else good = runSeeds(number('SEEDS', 200))
process.exitCode = good ? 0 : 1

function replay(seed) {
  const { failure, hash } = simulate(seed, { onLine: (line) => console.log(line) })
  console.log(failure === undefined ? `seed ${seed}: nothing found, history ${hash}` : `seed ${seed}: ${failure.stack}\nhistory ${hash}`)
  return failure === undefined
}

function runSeeds(count) {
  const begin = performance.now()
  const ends = new Map()
  const faults = new Map()
  const failed = []
  const total = { txns: 0, acknowledged: 0, virtualMs: 0 }
  let shownAt = begin
  for (let seed = from; seed < from + count; seed++) {
    const outcome = simulate(seed)
    for (const name of Object.keys(total)) total[name] += outcome[name]
    outcome.crashes.forEach((end) => ends.set(end, (ends.get(end) ?? 0) + 1))
    outcome.faults.forEach((fault) => faults.set(fault, (faults.get(fault) ?? 0) + 1))
    if (outcome.failure !== undefined && failed.push(seed) <= SHOWN_FAILURES) showFailure(outcome)
    if (performance.now() - shownAt < PROGRESS_MS) continue
    shownAt = performance.now()
    console.log(`${seed - from + 1} of ${count} seeds, ${failed.length} failed`)
  }
  printTable(['how lives of the server ended', 'times'], sorted(ends))
  printTable(['disk faults', 'times'], sorted(faults))
  const seconds = (performance.now() - begin) / 1000
  console.log(
    `${count} seeds in ${seconds.toFixed(0)} s: ${(total.virtualMs / 3_600_000).toFixed(1)} hours of virtual time, ${total.txns} txns, ` +
      `${total.acknowledged} acknowledged writes, ${failed.length} seeds failed${failed.length > 0 ? `: ${failed.slice(0, 50).join(' ')}` : ''}`,
  )
  return failed.length === 0
}

function sorted(counts) {
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, count]) => [name, String(count)])
}

function showFailure({ seed, failure, events }) {
  console.log(`\nseed ${seed} (make simulate SEED=${seed}): ${failure.name === 'Violation' ? failure.message : failure.stack}`)
  for (const event of events.slice(-SHOWN_EVENTS)) console.log(event)
}

/** From the first seed on until it is found, or through all of `count` to see how often it is. */
async function findMutants(count) {
  const { MUTANTS } = await import('../.cache/simulate/sim/mutants.js')
  const rows = []
  let good = true
  for (const { name, mutate, foundWithin } of MUTANTS) {
    const found = []
    let first
    for (let seed = from; seed < from + Math.max(count, foundWithin); seed++) {
      const { failure } = simulate(seed, { mutation: mutate })
      if (failure === undefined) continue
      found.push(seed)
      first ??= failure.message.split('\n')[0].slice(0, 80)
      if (count === 0) break
    }
    const isFound = found.length > 0 && found[0] < from + foundWithin
    good &&= isFound
    rows.push([name, isFound ? `after ${found[0] - from + 1} of ${foundWithin}` : 'NOT FOUND', String(found.length), first ?? ''])
  }
  printTable(['a server that', 'found', 'seeds', 'first as'], rows)
  return good
}

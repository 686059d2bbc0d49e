// `make simulate`: a server and its clients in virtual time, crashed and restarted, once for each seed.
//   ENSEMBLE=1    three or five servers that elect, lead and follow, instead of one
//   SEEDS=2000    so many seeds (200)          FROM=1    the first of them
//   SEED=17       one seed, with everything that happens in it
//   MUTANTS=1     servers made wrong on purpose instead: how many seeds it takes to find each, or with SEEDS, how many find it
//   MUTANT=words  of them those whose name has these words
//   JOBS=2        so many processes side by side (1)
import process from 'node:process'
import { run } from './lib/run.mjs'
import { runSeeds } from './lib/simulate-pool.mjs'
import { printTable } from './lib/table.mjs'

const BUILD_SECONDS = 120
const SHOWN_FAILURES = 3
const SHOWN_EVENTS = 40
const LISTED_FAILURES = 50
const PROGRESS_MS = 10_000

const number = (name, otherwise) => Number(process.env[name] || otherwise)
const from = number('FROM', 1)
const jobs = number('JOBS', 1)
const ensemble = Boolean(process.env.ENSEMBLE)

const built = await run('node_modules/.bin/tsc', ['-p', 'src/sim/tsconfig.json'], { budgetSeconds: BUILD_SECONDS })
if (!built.ok) process.exit(1)

let good
if (process.env.SEED) good = await replay(number('SEED'))
else if (process.env.MUTANTS || process.env.MUTANT) good = await findMutants(number('SEEDS', 0))
else good = await simulateAll(number('SEEDS', 200))
process.exitCode = good ? 0 : 1

async function replay(seed) {
  const { simulate } = await import('../.cache/simulate/sim/simulation.js')
  const { simulateEnsemble } = await import('../.cache/simulate/sim/ensemble-simulation.js')
  const { failure, hash } = (ensemble ? simulateEnsemble : simulate)(seed, { onLine: (line) => console.log(line) })
  console.log(failure === undefined ? `seed ${seed}: nothing found, history ${hash}` : `seed ${seed}: ${failure.stack}\nhistory ${hash}`)
  return failure === undefined
}

async function simulateAll(count) {
  const begin = performance.now()
  const places = new Map()
  const faults = new Map()
  const failed = []
  const total = { operations: 0, txns: 0, acknowledged: 0, virtualMs: 0, epochs: 0 }
  let done = 0
  let fewest = Infinity
  let shownAt = begin
  await runSeeds({ from, count, jobs, ensemble }, (outcome) => {
    done++
    if (outcome.failure === undefined) fewest = Math.min(fewest, outcome.operations)
    for (const name of Object.keys(total)) total[name] += outcome[name] ?? 0
    for (const { by, where } of outcome.ends) countAt(places, where, by)
    for (const where of outcome.looks) countAt(places, where, 'look')
    for (const fault of outcome.faults) countAt(faults, fault, 'fault')
    if (outcome.failure !== undefined) showFailure(outcome, failed.push(outcome.seed) <= SHOWN_FAILURES ? SHOWN_EVENTS : 0)
    if (performance.now() - shownAt < PROGRESS_MS) return
    shownAt = performance.now()
    console.log(`${done} of ${count} seeds, ${failed.length} failed`)
  })
  printTable(['a life of the server', 'power lost', 'killed', 'stopped', 'looked at'], rowsOf(places, ['power', 'process', 'stop', 'look']))
  printTable(['disk faults', 'times'], rowsOf(faults, ['fault']))
  const seconds = (performance.now() - begin) / 1000
  console.log(
    `${count} seeds in ${seconds.toFixed(0)} s: ${(total.virtualMs / 3_600_000).toFixed(1)} hours of virtual time, ` +
      `${total.operations} client operations, ${fewest} of a seed at the least, ${total.txns} txns, ` +
      `${total.acknowledged} acknowledged writes, ${sum(places, 'power')} losses of power, ${sum(places, 'process')} kills, ` +
      `${sum(places, 'look')} looks at what a loss of power would leave, ${sum(faults, 'fault')} disk faults, ` +
      `${ensemble ? `${total.epochs} epochs, ` : ''}${failed.length} seeds failed${listed(failed)}`,
  )
  return failed.length === 0
}

function countAt(places, place, what) {
  const counts = places.get(place) ?? {}
  counts[what] = (counts[what] ?? 0) + 1
  places.set(place, counts)
}

function sum(places, what) {
  return [...places.values()].reduce((total, counts) => total + (counts[what] ?? 0), 0)
}

function rowsOf(places, columns) {
  const sorted = [...places].sort(([a], [b]) => (a < b ? -1 : 1))
  return sorted.map(([place, counts]) => [place, ...columns.map((what) => String(counts[what] ?? ''))])
}

function listed(seeds) {
  const shown = seeds.toSorted((a, b) => a - b).slice(0, LISTED_FAILURES)
  return shown.length === 0 ? '' : `: ${shown.join(' ')}${seeds.length > shown.length ? ' …' : ''}`
}

function showFailure({ seed, failure, events }, shownEvents) {
  console.log(`\nseed ${seed} (make simulate ${ensemble ? 'ENSEMBLE=1 ' : ''}SEED=${seed}): ${failure.name === 'Violation' ? failure.message : failure.stack}`)
  for (const event of events.slice(events.length - shownEvents)) console.log(event)
}

/** From the first seed on until it is found, or through all of `count` to see how often it is. */
async function findMutants(count) {
  const { MUTANTS } = await import('../.cache/simulate/sim/mutants.js')
  const { ENSEMBLE_MUTANTS } = await import('../.cache/simulate/sim/ensemble-mutants.js')
  const rows = []
  let good = true
  const words = process.env.MUTANT ?? ''
  const wanted = (ensemble ? ENSEMBLE_MUTANTS : MUTANTS).filter(({ name }) => name.includes(words))
  if (wanted.length === 0) throw new Error(`no mutant has '${words}' in its name`)
  for (const { name, foundWithin } of wanted) {
    const found = new Map()
    await runSeeds({ from, count: count || foundWithin, jobs, ensemble, mutant: name }, ({ seed, failure }) => {
      if (failure !== undefined) found.set(seed, failure.message.split('\n')[0].slice(0, 80))
      return count > 0 || found.size === 0
    })
    const first = Math.min(...found.keys())
    const isFound = first < from + foundWithin
    good &&= isFound
    rows.push([name, isFound ? `after ${first - from + 1} of ${foundWithin}` : 'NOT FOUND', String(found.size), found.get(first) ?? ''])
    console.log(`${name}: ${rows.at(-1)[1]}`)
  }
  printTable(['a server that', 'found', 'seeds', 'first as'], rows)
  return good
}

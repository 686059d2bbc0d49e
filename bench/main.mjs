/**
 * Our server and Apache ZooKeeper's in turn under one load generator: speed, size, the shape of the cost, ensembles of three, beside what is
 * aimed at.
 *
 *   node bench/main.mjs [scenario …] [--quick] [--list] [--only=ours|java]
 *                       [--warm-up=20] [--seconds=10] [--runs=3] [--scale=1] [--dist=dist] [--data=DIR] [--out=DIR] [--profile=DIR]
 *
 * Without names all scenarios run (about an hour); `speed`, `size`, `shape` and `ensemble` name groups. `--quick` is for a look while
 * developing: 2 s, one run, sizes × 0.05, and no page. Otherwise the results go into docs/bench: a scenario that was not run keeps its
 * earlier results there.
 * `--profile` leaves processor profiles of our server in that directory. Linux only, for it reads /proc.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, release, totalmem } from 'node:os'
import { join, resolve } from 'node:path'
import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'
import { javaLibrary } from './load/java-library.mjs'
import { endAll, missingBuild, startEnsemble, startServer, Workplace } from './load/servers.mjs'
import { bounded } from './load/session.mjs'
import { page } from './report/page.mjs'
import { printTable } from './report/table.mjs'
import { ensembleScenarios } from './scenarios/ensemble.mjs'
import { shapeScenarios } from './scenarios/shape.mjs'
import { sizeScenarios } from './scenarios/size.mjs'
import { speedScenarios } from './scenarios/speed.mjs'

const projectRoot = join(import.meta.dirname, '..')
const SCENARIO_LIMIT_MS = 45 * 60_000
const GROUPS = { speed: speedScenarios, size: sizeScenarios, shape: shapeScenarios, ensemble: ensembleScenarios }
const ALL = Object.values(GROUPS).flat()

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    only: { type: 'string' },
    'warm-up': { type: 'string' },
    seconds: { type: 'string' },
    runs: { type: 'string' },
    scale: { type: 'string' },
    dist: { type: 'string', default: join(projectRoot, 'dist') },
    data: { type: 'string' },
    out: { type: 'string' },
    profile: { type: 'string' },
  },
})

/** What a scenario gets to work with. */
class Bench {
  warmUpMs = 1000 * Number(options['warm-up'] ?? (options.quick ? 2 : 20))
  durationMs = 1000 * Number(options.seconds ?? (options.quick ? 2 : 10))
  runCount = Number(options.runs ?? (options.quick ? 1 : 3))
  scale = Number(options.scale ?? (options.quick ? 0.05 : 1))
  workplace = new Workplace(options.data === undefined ? undefined : resolve(options.data))

  start(kind, more = {}) {
    return startServer(kind, { ...this.place(), ...more })
  }

  startEnsemble(kind, more = {}) {
    return startEnsemble(kind, { ...this.place(), ...more })
  }

  place() {
    const profile = options.profile === undefined ? undefined : resolve(options.profile)
    return { workplace: this.workplace, dist: resolve(options.dist), profile }
  }

  /** A size of the issue, or its part when the bench runs small. */
  count(full) {
    return Math.max(Math.round(full * this.scale), 10)
  }

  /** Calls `run` as often as asked for and gathers each figure's values. */
  async runs(run) {
    const seen = {}
    for (let i = 0; i < this.runCount; i++) {
      for (const [key, value] of Object.entries(await run())) (seen[key] ??= []).push(value)
    }
    return seen
  }

  conditions(java) {
    const [first, ...others] = cpus()
    return {
      when: new Date().toISOString().slice(0, 16).replace('T', ' '),
      warmUp: this.warmUpMs / 1000,
      seconds: this.durationMs / 1000,
      runs: this.runCount,
      scale: this.scale,
      machine: `${others.length + 1} × ${first.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GB, Linux ${release()}`,
      node: process.versions.node,
      java: `ZooKeeper 3.9.6 on ${java}`,
      load: loadavg()[0],
    }
  }
}

if (options.list) {
  for (const [name, group] of Object.entries(GROUPS)) console.log(`${name}: ${group.map((scenario) => scenario.name).join(' ')}`)
} else {
  await main()
  process.exit()
}

async function main() {
  const missing = missingBuild(resolve(options.dist))
  if (missing !== undefined) throw new Error(missing)
  const chosen = choose()
  const bench = new Bench()
  const java = options.only === 'ours' ? undefined : await javaOrNothing()
  const results = []
  for (const scenario of chosen) {
    const result = await runScenario(bench, scenario, java)
    printTable(result)
    results.push(result)
    if (!options.quick || options.out !== undefined) writePage(results)
  }
}

function choose() {
  if (positionals.length === 0) return ALL
  const chosen = positionals.flatMap((name) => {
    const found = GROUPS[name] ?? ALL.filter((scenario) => scenario.name === name)
    if (found.length === 0) throw new Error(`there is no scenario ${name}; --list shows them`)
    return found
  })
  return [...new Set(chosen)]
}

async function javaOrNothing() {
  try {
    await javaLibrary()
    const { stderr } = spawnSync('java', ['-version'], { encoding: 'utf8', timeout: 30_000 })
    return stderr.split('\n')[0]
  } catch (error) {
    const line = '*'.repeat(100)
    console.log(
      `${line}\n* NOTHING TO COMPARE WITH: ${error.message}\n* Our server runs alone; ratios are missing and no target beside Java can be judged.\n${line}`,
    )
    return undefined
  }
}

async function runScenario(bench, scenario, java) {
  const wanted = (scenario.kinds ?? ['ours', 'java'])
    .filter((kind) => kind !== 'java' || java !== undefined)
    .filter((kind) => kind === 'stub' || options.only === undefined || options.only === kind)
  const result = {
    name: scenario.name,
    title: scenario.titleWith?.(bench) ?? scenario.title,
    curve: scenario.curve,
    rows: scenario.rows,
    conditions: bench.conditions(java ?? 'nothing: it could not be run'),
    seen: {},
    failed: {},
  }
  for (const kind of wanted) {
    process.stderr.write(`${scenario.name} ${kind}, load ${loadavg()[0].toFixed(1)} …\n`)
    try {
      result.seen[kind] = await bounded(scenario.measure(bench, kind), 'the scenario', SCENARIO_LIMIT_MS)
    } catch (error) {
      // What one server cannot do is a result too.
      result.failed[kind] = error.message.split('\n')[0]
      process.stderr.write(`${error.stack}\n`)
      await endAll()
      process.exitCode = kind === 'ours' ? 1 : process.exitCode
    }
  }
  return result
}

// The file keeps the figures; what they are held against is code, and comes from the scenario of that name.
function writePage(fresh) {
  const directory = resolve(options.out ?? join(projectRoot, 'docs', 'bench'))
  mkdirSync(directory, { recursive: true })
  const file = join(directory, 'results.json')
  const kept = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).scenarios : []
  const byName = new Map([...kept, ...fresh].map((result) => [result.name, result]))
  const scenarios = ALL.flatMap(({ name, rows }) => (byName.has(name) ? [{ ...byName.get(name), rows }] : []))
  const withoutRows = (key, value) => (key === 'rows' ? undefined : value)
  writeFileSync(file, `${JSON.stringify({ scenarios }, withoutRows, 1)}\n`)
  writeFileSync(join(directory, 'index.html'), page(scenarios))
}

/**
 * What the tree's memory costs: room, pauses, collection and look-ups, for a million nodes of 100 bytes under 1,000 parents beside
 * the same tree in a Map of objects. Each part runs in a process of its own, for resident memory is only told apart that way.
 *
 *   node bench/node-store.mjs [part …] [--nodes=1000000] [--seconds=15] [--dist=dist]
 *
 * Parts: build, find, load, churn, shrink, large. All by default.
 */

import { spawnSync } from 'node:child_process'
import { resolve } from 'node:path'
import { PerformanceObserver, constants, performance } from 'node:perf_hooks'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'

const PARTS = { build, find, load, churn, shrink, large }
const PARENTS = 1000

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    nodes: { type: 'string', default: '1000000' },
    seconds: { type: 'string', default: '15' },
    dist: { type: 'string', default: resolve(import.meta.dirname, '../dist') },
    layout: { type: 'string' },
  },
})
const nodes = Number(options.nodes)
const seconds = Number(options.seconds)

/** Runs every part for the store and, where it says something, for a Map of objects. */
function runAll() {
  for (const part of positionals.length > 0 ? positionals : Object.keys(PARTS)) {
    const rows = {}
    for (const layout of part === 'shrink' || part === 'churn' ? ['store'] : ['store', 'objects']) {
      const args = ['--expose-gc', import.meta.filename, part, `--layout=${layout}`]
      for (const name of ['nodes', 'seconds', 'dist']) args.push(`--${name}=${options[name]}`)
      const run = spawnSync(process.execPath, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], timeout: 600_000 })
      if (run.status !== 0) throw new Error(`${part} ended with ${run.status ?? run.signal}`)
      for (const row of JSON.parse(run.stdout)) rows[`${layout}: ${row.what}`] = { ...row, what: undefined }
    }
    console.log(part)
    console.table(Object.fromEntries(Object.entries(rows).map(([name, row]) => [name, JSON.parse(JSON.stringify(row))])))
  }
}

async function runPart(part, layout) {
  const { NodeStore } = await import(pathToFileURL(resolve(options.dist, 'server/tree/node-store.js')))
  const make = layout === 'store' ? () => new NodeStore(0x5eed) : () => new ObjectStore()
  process.stdout.write(JSON.stringify(await PARTS[part](make)))
}

// Parts -------------------------------------------------------------------------------------------------------

async function build(make) {
  const bare = residentMb()
  const store = make()
  const empty = residentMb()
  const started = computedMs()
  const longest = fill(store, nodes)
  const each = round(((computedMs() - started) * 1000) / nodes, 2)
  const resident = residentMb()
  let kept = 0
  const control = longestBatch(nodes, (i) => {
    for (let k = 0; k < 500; k++) kept = Math.imul(kept ^ i, k)
  })
  return [
    {
      what: `${nodes} nodes`,
      'bare MB': bare,
      'empty MB': empty,
      'resident MB': resident,
      'µs a node': each,
      'longest batch ms': longest,
      'control ms': control,
      ...use(store),
    },
  ]
}

async function find(make) {
  const rows = []
  for (const count of [1000, 100_000, nodes]) {
    const store = make()
    fill(store, count)
    const rounds = 200_000
    const present = Buffer.from(Array.from({ length: rounds }, (_, i) => pathOf(scatter(i) % count)).join(''), 'latin1')
    const width = pathOf(0).length
    const decode = (i) => present.latin1Slice(i * width, (i + 1) * width)
    const absent = (i) => `${decode(i).slice(0, width - 1)}x`
    let sum = 0
    const best = { decode: Infinity, found: Infinity, absentDecode: Infinity, absent: Infinity, data: Infinity, path: Infinity }
    for (let again = 0; again < 5; again++) {
      best.decode = Math.min(
        best.decode,
        time(rounds, (i) => {
          sum += decode(i).charCodeAt(3)
        }),
      )
      best.found = Math.min(
        best.found,
        time(rounds, (i) => {
          sum += store.find(decode(i))
        }),
      )
      best.absentDecode = Math.min(
        best.absentDecode,
        time(rounds, (i) => {
          sum += absent(i).charCodeAt(3)
        }),
      )
      best.absent = Math.min(
        best.absent,
        time(rounds, (i) => {
          sum += store.find(absent(i))
        }),
      )
      if (store.path === undefined) continue
      best.data = Math.min(
        best.data,
        time(rounds, (i) => {
          sum += store.data(store.find(decode(i)))[7]
        }),
      )
      best.path = Math.min(
        best.path,
        time(rounds, (i) => {
          sum += store.path((scatter(i) % count) + 1).length
        }),
      )
    }
    rows.push({
      what: `${count} nodes`,
      'decode ns': round(best.decode),
      'find ns': round(best.found - best.decode),
      'absent ns': round(best.absent - best.absentDecode),
      'find + data ns': round(best.data - best.decode),
      'path ns': round(best.path),
    })
    if (sum === 1) throw new Error('unlikely')
  }
  return rows
}

/** 50,000 setData of 80 to 120 bytes a second, in turns of a millisecond. */
async function load(make) {
  const store = make()
  fill(store, nodes)
  globalThis.gc()
  const before = residentMb()
  const collector = watchCollector()
  const started = performance.now()
  let done = 0
  let busy = 0
  let longest = 0
  while (performance.now() - started < seconds * 1000) {
    const turn = computedMs()
    for (const due = Math.min((performance.now() - started) * 50, done + 1000); done < due; done++) {
      const id = store.find(pathOf(scatter(done) % nodes))
      store.setData(id, payload(80 + (done % 41)))
      store.setVersion(id, done)
      store.setMzxid(id, BigInt(done))
      store.setMtime(id, BigInt(done))
    }
    const took = computedMs() - turn
    busy += took
    longest = Math.max(longest, took)
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  const wall = performance.now() - started
  const [minor, major] = await collector()
  return [
    {
      what: `${done} setData`,
      'µs each': round((busy * 1000) / done, 2),
      'before MB': before,
      'after MB': residentMb(),
      'longest turn ms': round(longest, 1),
      'minor ms': minor,
      'major ms': major,
      'collecting %': round(((minor + major) / wall) * 100, 1),
      ...use(store),
    },
  ]
}

/** Creates and deletes, and sizes that wander: how much room is lost to freed blocks. */
async function churn(make) {
  const rows = []
  const workloads = {
    'create and delete': (store, i) => {
      const path = pathOf(scatter(i) % nodes)
      const id = store.find(path)
      if (id < 0) store.create(store.find(path.slice(0, path.lastIndexOf('/'))), path.slice(path.lastIndexOf('/') + 1), payload(100))
      else store.remove(id)
    },
    'sizes of 0 to 1,000': (store, i) => store.setData(1 + (scatter(i) % nodes), payload(scatter(i * 3) % 1001)),
    'sizes that grow from 50 to 400': (store, i) => store.setData(1 + (i % nodes), payload(50 + Math.floor((i / nodes) * 350))),
    'one in a thousand of 1 KiB to 256 KiB': (store, i) => {
      store.setData(1 + (scatter(i) % nodes), payload(scatter(i) % 1000 === 7 ? 1024 << (scatter(i * 7) % 9) : 100))
    },
  }
  for (const [what, change] of Object.entries(workloads)) {
    const store = make()
    fill(store, nodes)
    let worst = 0
    const started = computedMs()
    const longest = longestBatch(nodes * 2, (i) => {
      change(store, i)
      if (i % 10_000 === 0) worst = Math.max(worst, store.use().contentRoomBytes / store.use().contentBytes)
    })
    const each = round(((computedMs() - started) * 1000) / nodes / 2, 2)
    rows.push({ what, 'µs each': each, 'longest batch ms': longest, 'worst room/content': round(worst, 2), ...use(store) })
    store.clear()
    globalThis.gc()
  }
  return rows
}

/** Nine nodes of ten go: does the room come back? */
async function shrink(make) {
  const store = make()
  fill(store, nodes)
  const full = residentMb()
  const started = computedMs()
  const longest = longestBatch(nodes, (i) => {
    if (i % 10 !== 3) store.remove(store.find(pathOf(i)))
  })
  const each = round(((computedMs() - started) * 1000) / nodes / 0.9, 2)
  globalThis.gc()
  await new Promise((resolve) => setTimeout(resolve, 200))
  return [{ what: 'nine of ten removed', 'full MB': full, 'after MB': residentMb(), 'µs each': each, 'longest batch ms': longest, ...use(store) }]
}

/** Values of 1 MiB and a little more, changed again and again: in place, of sizes far apart, deleted and created. */
async function large(make) {
  const rows = []
  const workloads = {
    'of 1.0 to 1.1 MiB': (store, ids, i) => store.setData(ids[i % 100], payload((1 << 20) + (scatter(i) % 100_000))),
    'of 20 KiB to 2 MiB': (store, ids, i) => store.setData(ids[i % 100], payload(20_000 + (scatter(i) % (2 << 20)))),
    'deleted and created': (store, ids, i) => {
      store.remove?.(ids[i % 100])
      ids[i % 100] = store.create(store.root, `large-${i % 100}`, payload((1 << 20) + (scatter(i) % 100_000)))
    },
  }
  for (const [what, change] of Object.entries(workloads)) {
    const store = make()
    const ids = Array.from({ length: 100 }, (_, i) => store.create(store.root, `large-${i}`, payload(1 << 20)))
    const collector = watchCollector()
    let longest = 0
    let most = 0
    const started = computedMs()
    for (let i = 0; i < 5000; i += 10) {
      longest = Math.max(
        longest,
        longestBatch(10, (j) => change(store, ids, i + j), 1),
      )
      most = Math.max(most, residentMb())
      await new Promise((resolve) => setImmediate(resolve))
    }
    const each = round((computedMs() - started) / 5)
    const [minor, major] = await collector()
    rows.push({ what, 'most MB': most, 'µs each': each, 'longest ms': longest, 'minor ms': minor, 'major ms': major, ...use(store) })
    store.clear?.()
    globalThis.gc()
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  return rows
}

// The same tree in objects ------------------------------------------------------------------------------------

/** The obvious layout, to compare with: a Map from path to an object a node. */
class ObjectStore {
  root = 0
  byPath = new Map([['', { path: '', data: null, children: new Set() }]])

  find(path) {
    return this.byPath.get(path) ?? -1
  }

  create(parent, name, data) {
    const above = parent === 0 ? this.byPath.get('') : parent
    const path = `${above.path}/${name}`
    above.children ??= new Set()
    above.children.add(name)
    const node = {
      path,
      data: data === null ? null : Buffer.from(data).latin1Slice(),
      children: null,
      czxid: 0n,
      mzxid: 0n,
      pzxid: 0n,
      ctime: 0n,
      mtime: 0n,
      ephemeralOwner: 0n,
      version: 0,
      cversion: 0,
      aversion: 0,
      acl: 0,
      digest: 0,
    }
    this.byPath.set(path, node)
    return node
  }

  setData(node, data) {
    node.data = Buffer.from(data.buffer, data.byteOffset, data.length).latin1Slice()
  }

  setVersion(node, value) {
    node.version = value
  }

  setCzxid(node, value) {
    node.czxid = value
  }

  setMzxid(node, value) {
    node.mzxid = value
  }

  setPzxid(node, value) {
    node.pzxid = value
  }

  setCtime(node, value) {
    node.ctime = value
  }

  setMtime(node, value) {
    node.mtime = value
  }
}

// Helpers -----------------------------------------------------------------------------------------------------

/** Makes the tree and returns the longest batch. */
function fill(store, count) {
  const parents = Array.from({ length: PARENTS }, (_, i) => store.create(store.root, parentName(i), payload(0)))
  return longestBatch(count, (i) => {
    const id = store.create(parents[i % PARENTS], `node-${String(i).padStart(9, '0')}`, payload(100))
    const zxid = BigInt(i)
    store.setCzxid(id, zxid)
    store.setMzxid(id, zxid)
    store.setPzxid(id, zxid)
    store.setCtime(id, zxid)
    store.setMtime(id, zxid)
  })
}

/** Where other processes take their turns too, only the time that this one computed tells its own pauses. */
function computedMs() {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

/** Calls body for 0, 1, … in batches and returns the longest batch, in milliseconds computed (by all threads). */
function longestBatch(count, body, batch = 50) {
  let longest = 0
  let last = computedMs()
  for (let i = 0; i < count; i++) {
    body(i)
    if (i % batch !== 0) continue
    const now = computedMs()
    if (now - last > longest) longest = now - last
    last = now
  }
  return round(longest, 1)
}

function parentName(i) {
  return `service-${String(i).padStart(6, '0')}`
}

/** 30 characters. */
function pathOf(i) {
  return `/${parentName(i % PARENTS)}/node-${String(i).padStart(9, '0')}`
}

function scatter(i) {
  let x = Math.imul(i + 1, 0x9e3779b1)
  x = Math.imul(x ^ (x >>> 15), 0x85ebca6b)
  return (x ^ (x >>> 13)) >>> 0
}

function payload(length) {
  payload.bytes ??= new Uint8Array(4 << 20).fill(97)
  return payload.bytes.subarray(0, length)
}

function time(rounds, body) {
  const started = computedMs()
  for (let i = 0; i < rounds; i++) body(i)
  return ((computedMs() - started) * 1e6) / rounds
}

function residentMb() {
  return round(process.memoryUsage().rss / (1 << 20))
}

function use(store) {
  if (store.use === undefined) return {}
  const use = store.use()
  return {
    'rows MB': round(use.rowBytes / (1 << 20)),
    'index MB': round(use.indexBytes / (1 << 20)),
    'content MB': round(use.contentBytes / (1 << 20)),
    'room MB': round(use.contentRoomBytes / (1 << 20)),
  }
}

/** Sums the time of minor and major collections until the returned function is called. */
function watchCollector() {
  let minor = 0
  let major = 0
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      if (entry.detail.kind === constants.NODE_PERFORMANCE_GC_MINOR) minor += entry.duration
      else major += entry.duration
    }
  })
  observer.observe({ entryTypes: ['gc'] })
  return async () => {
    await new Promise((resolve) => setTimeout(resolve, 50))
    observer.disconnect()
    return [round(minor), round(major)]
  }
}

function round(value, digits = 0) {
  return Number(value.toFixed(digits))
}

if (options.layout === undefined) runAll()
else await runPart(positionals[0], options.layout)

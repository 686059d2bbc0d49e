/**
 * How long our server keeps its one thread to itself: for each thing that may take long, the longest turn of its event loop and the time until
 * the answer. The server runs in a process of its own, with a log that is not synced, so that nothing but its own work is measured; each part
 * is shown for every build that is named, so that two can be compared.
 *
 *   node bench/turns.mjs [part …] [--dist=dist …] [--scale=1] [--profile=DIR]
 *
 * Parts: idle (the control), children, count, ephemerals, close, watches, words, sessions, multi, large, expiry, watchers, reconnect, growth. All by default.
 */
import { fork } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { EPHEMERAL, create, createAll, getChildren, getData, int, long, request, setAll, setData, str } from './load/frames.mjs'
import { Generator } from './load/generator.mjs'
import { pause } from './load/probe.mjs'
import { bounded, openSession, openSessions } from './load/session.mjs'
import { figure, median } from './report/table.mjs'

const NOTHING = Buffer.alloc(0)
const BATCH = 1000
const PART_LIMIT_MS = 300_000
const START_LIMIT_MS = 20_000
const Op = { getAllChildrenNumber: 104, getEphemerals: 103, setWatches: 101, addWatch: 106 }
/** The longest turn by the clock and by processor time (which a busy machine does not lengthen), the time until the answer, all processor time. */
const FIGURES = [
  ['turn', 'longest turn ms'],
  ['busy', 'computing ms'],
  ['total', 'total ms'],
  ['cpu', 'all computing ms'],
]
const PARTS = { idle, children, count, ephemerals, close, watches, words, sessions, multi, large, expiry, watchers, reconnect, growth }

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    dist: { type: 'string', multiple: true, default: [resolve(import.meta.dirname, '../dist')] },
    scale: { type: 'string', default: '1' },
    profile: { type: 'string' },
    server: { type: 'string' },
    data: { type: 'string' },
  },
})
const scale = Number(options.scale)
const sized = (full) => Math.max(Math.round(full * scale), 10)

// The server's side ---------------------------------------------------------------------------------------------

/** Resolution of the watch in ms: no turn shorter than this is seen. */
const RESOLUTION_MS = 1

async function serve(dist, dataDir) {
  const { startTestServer } = await import(pathToFileURL(join(resolve(dist), 'testing/index.js')))
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  delays.enable()
  let cpu = process.cpuUsage()
  let last = usedMs()
  let most = 0
  // Due in every turn that comes a millisecond after the last tick, so between two ticks lies one turn, or a millisecond of short ones.
  setInterval(() => {
    const now = usedMs()
    most = Math.max(most, now - last)
    last = now
  }, RESOLUTION_MS)
  process.on('message', async (message) => {
    if (message.start !== undefined) {
      const settings = { tickTime: 2000, forceSync: false, snapCount: 0x7fff_ffff, snapSizeLimitKb: -1, fourLetterWords: 'all', ...message.start }
      process.send({ port: (await startTestServer({ dataDir, settings })).port })
    } else if (message === 'begin') {
      delays.reset()
      most = 0
      cpu = process.cpuUsage()
      process.send({})
    } else if (message === 'end') {
      const { user, system } = process.cpuUsage(cpu)
      // What was seen while nothing was done is the watch's own interval.
      process.send({ turn: Math.max(delays.max / 1e6 - RESOLUTION_MS, 0), busy: most, cpu: (user + system) / 1000 })
    } else {
      process.exit()
    }
  })
  process.on('disconnect', () => process.exit())
}

/** Processor time of the process so far. */
function usedMs() {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

class Server {
  constructor(dist) {
    this.dataDir = mkdtempSync(join(tmpdir(), 'tskeeper-turns-'))
    const profile = options.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${resolve(options.profile)}`]
    this.child = fork(import.meta.filename, [`--server=${dist}`, `--data=${this.dataDir}`], { execArgv: profile })
    this.ended = new Promise((_, failed) => this.child.once('exit', () => failed(new Error('the server ended'))))
    this.ended.catch(() => undefined)
  }

  async start(settings) {
    this.port = (await this.ask({ start: settings })).port
    return this
  }

  ask(message) {
    const answer = new Promise((done) => this.child.once('message', done))
    this.child.send(message)
    return bounded(Promise.race([answer, this.ended]), 'the server', START_LIMIT_MS)
  }

  /** The longest turn and the processor time while `work` runs, and how long that took. */
  async watched(work) {
    await pause(300)
    await this.ask('begin')
    const started = performance.now()
    const value = await work()
    const total = performance.now() - started
    await pause(50)
    return { ...(await this.ask('end')), total, value }
  }

  async stop() {
    const ended = new Promise((done) => this.child.once('exit', done))
    this.child.send('exit')
    await bounded(ended, 'the end of the server', START_LIMIT_MS)
    rmSync(this.dataDir, { recursive: true, force: true })
  }
}

// The parts: each gives rows of { what, turn, busy, total, cpu } --------------------------------------------------

async function make(session, total, pathOf, flags = 0) {
  const batches = function* () {
    for (let first = 0; first < total; first += BATCH) {
      yield createAll(
        Array.from({ length: Math.min(BATCH, total - first) }, (_, i) => pathOf(first + i)),
        NOTHING,
        flags,
      )
    }
  }
  await session.callAll(batches(), 4)
}

async function grown(server, name, total, flags = 0) {
  const session = await openSession(server.port)
  await session.call(create(name, NOTHING))
  await make(session, total, (i) => `${name}/n${String(i).padStart(9, '0')}`, flags)
  return session
}

/** Measured three times; the medians. */
async function row(server, what, work) {
  const seen = []
  for (let i = 0; i < 3; i++) seen.push(await server.watched(work))
  return middle(what, seen)
}

const middle = (what, seen) => ({ what, ...Object.fromEntries(FIGURES.map(([key]) => [key, median(seen.map((one) => one[key]))])) })

const once = (what, { turn, busy, total, cpu }) => ({ what, turn, busy, total, cpu })

async function idle(server) {
  const session = await openSession(server.port)
  return [
    await row(server, 'nothing but 100 getData', async () => {
      for (let i = 0; i < 100; i++) await session.call(getData('/'))
    }),
  ]
}

async function children(server) {
  const total = sized(1_000_000)
  const session = await grown(server, '/many', total)
  const writer = await openSession(server.port)
  const rows = [await row(server, `getChildren of ${total}`, () => session.call(getChildren('/many')))]
  let made = 0
  rows.push(
    await row(server, 'the same while children come and go', async () => {
      let done = false
      const reading = session.call(getChildren('/many')).then(() => (done = true))
      while (!done) {
        await writer.call(create(`/many/new${made}`, NOTHING))
        await writer.call(request(2, str(`/many/n${String(made++).padStart(9, '0')}`), int(-1)))
      }
      await reading
    }),
  )
  const few = await grown(server, '/few', 100)
  rows.push(
    await row(
      server,
      '1,000 getChildren of 100',
      async () =>
        await few.callAll(
          Array.from({ length: 1000 }, () => getChildren('/few')),
          8,
        ),
    ),
  )
  return rows
}

async function count(server) {
  const total = sized(1_000_000)
  const session = await grown(server, '/many', total)
  return [
    await row(server, `getAllChildrenNumber of ${total} nodes`, () => session.call(request(Op.getAllChildrenNumber, str('/many')))),
    await row(server, 'getAllChildrenNumber of /', () => session.call(request(Op.getAllChildrenNumber, str('/')))),
  ]
}

async function ephemerals(server) {
  const total = sized(1_000_000)
  const session = await grown(server, '/e', 10)
  const growing = await server.watched(() => make(session, total, (i) => `/e/m${i}`, EPHEMERAL))
  return [
    once(`making ${total} ephemerals of one session`, growing),
    await row(server, `getEphemerals of ${total}`, () => session.call(request(Op.getEphemerals, str('/')))),
    await row(server, 'getEphemerals with a prefix that none has', () => session.call(request(Op.getEphemerals, str('/x')))),
  ]
}

async function close(server) {
  const total = sized(100_000)
  const rows = []
  for (const [what, parents] of [
    ['under one node', 1],
    ['under 1,000 nodes', 1000],
  ]) {
    const seen = []
    for (let i = 0; i < 3; i++) {
      const keeper = await openSession(server.port)
      const top = `/${parents}x${i}`
      await keeper.call(create(top, NOTHING))
      await make(keeper, parents, (n) => `${top}/${n}`)
      const session = await openSession(server.port)
      await make(session, total, (n) => `${top}/${n % parents}/${n.toString(36)}`, EPHEMERAL)
      seen.push(await server.watched(() => session.close()))
    }
    rows.push(middle(`closeSession with ${total} ephemerals ${what}`, seen))
  }
  return rows
}

function setWatches(paths) {
  const list = Buffer.concat([int(paths.length), ...paths.map(str)])
  return request(Op.setWatches, long(0x7fff_ffff_ffffn), list, int(0), int(0))
}

async function watches(server) {
  const total = sized(50_000)
  const session = await grown(server, '/many', total)
  const paths = Array.from({ length: total }, (_, i) => `/many/n${String(i).padStart(9, '0')}`)
  const frame = setWatches(paths)
  return [await row(server, `setWatches of ${total} paths (${Math.round(frame.length / 1e3)} kB)`, () => session.call(frame))]
}

const addWatch = (path) => request(Op.addWatch, str(path), int(0))

function word(server, name) {
  return bounded(
    new Promise((done, failed) => {
      let length = 0
      const socket = connect(server.port, '127.0.0.1', () => socket.write(name))
      socket.on('data', (bytes) => (length += bytes.length))
      socket.on('end', () => done(length))
      socket.on('error', failed)
    }),
    name,
    PART_LIMIT_MS,
  )
}

async function words(server) {
  const total = sized(1_000_000)
  const held = await openSessions(server.port, 10)
  const rows = [
    once(
      `making ${total} watches of 10 sessions`,
      await server.watched(() =>
        Promise.all(
          held.map((session, i) =>
            session.callAll(
              (function* () {
                for (let n = 0; n < total / 10; n++) yield addWatch(`/w/${i}/${n}`)
              })(),
              64,
            ),
          ),
        ),
      ),
    ),
  ]
  for (const name of ['wchs', 'wchc', 'wchp', 'mntr']) rows.push(await row(server, `${name} with ${total} watches`, () => word(server, name)))
  rows.push(
    once(
      `${total / 10} watches go with their connection`,
      await server.watched(async () => {
        held[0].drop()
        await pause(1000)
      }),
    ),
  )
  return rows
}

async function sessions(server) {
  const total = sized(8000)
  await openSessions(server.port, total)
  const session = await openSession(server.port)
  await make(session, sized(100_000), (i) => `/e${i}`, EPHEMERAL)
  const rows = []
  for (const name of ['cons', 'stat', 'dump']) rows.push(await row(server, `${name} with ${total} sessions`, () => word(server, name)))
  return rows
}

async function multi(server) {
  const total = sized(1000)
  const session = await openSession(server.port)
  const paths = Array.from({ length: total }, (_, i) => `/${i.toString(36)}`)
  await session.call(createAll(paths, NOTHING))
  const wide = setAll(paths, Buffer.alloc(1000, 'x'))
  const rows = [await row(server, `multi of ${total} setData of 1,000 bytes`, () => session.call(wide))]
  const small = setAll(
    Array.from({ length: sized(20_000) }, (_, i) => paths[i % total]),
    Buffer.alloc(10, 'x'),
  )
  rows.push(await row(server, `multi of ${sized(20_000)} setData of 10 bytes`, () => session.call(small)))
  return rows
}

async function large(server) {
  const session = await openSession(server.port)
  for (let i = 0; i < 16; i++) await session.call(create(`/large${i}`, Buffer.alloc(1_000_000, 'x')))
  const generator = new Generator({ port: server.port, connections: 8, window: 16, frames: (_, slot) => getData(`/large${slot % 16}`) })
  await generator.start()
  try {
    await generator.measure(1000)
    const { value, ...seen } = await server.watched(() => generator.measure(4000))
    return [once(`8×16 reads of 1 MB, ${figure(value.rate)}/s`, seen)]
  } finally {
    await generator.stop()
  }
}

async function expiry(server) {
  const total = sized(10_000)
  const held = await openSessions(server.port, total)
  const keeper = await openSession(server.port)
  await keeper.call(create('/e', NOTHING))
  await Promise.all(held.map((session, i) => session.call(create(`/e/${i}`, NOTHING, EPHEMERAL))))
  let left = total
  const over = new Promise((done) => {
    for (const session of held) session.onEnd = () => (left -= 1) === 0 && done()
  })
  await Promise.all(held.map((session) => session.ping()))
  const ticking = setInterval(() => void keeper.ping(), 2000)
  const seen = await server.watched(() => over)
  clearInterval(ticking)
  return [once(`${total} sessions with an ephemeral each expiring together`, seen)]
}

async function watchers(server) {
  const total = sized(8000)
  const writer = await openSession(server.port)
  await writer.call(create('/w', NOTHING))
  const held = await openSessions(server.port, total)
  const seen = []
  for (let i = 0; i < 3; i++) {
    let left = total
    // Some at a time: this is not about the reads.
    for (let from = 0; from < total; from += 100) {
      await Promise.all(held.slice(from, from + 100).map((session) => session.call(getData('/w', true))))
    }
    const told = new Promise((done) => {
      for (const session of held) session.onEvent = () => (left -= 1) === 0 && done()
    })
    seen.push(
      await server.watched(async () => {
        await writer.call(setData('/w', NOTHING))
        await told
      }),
    )
  }
  return [middle(`setData with ${total} watchers`, seen)]
}

async function reconnect(server) {
  const total = sized(2000)
  const held = await openSessions(server.port, total)
  const identities = held.map((session) => session.identity)
  for (const session of held) session.drop()
  return [
    once(
      `${total} clients reconnecting at once`,
      await server.watched(() =>
        Promise.all(
          identities.map(async (identity) => {
            const session = await openSession(server.port, { identity })
            await session.call(getData('/'))
          }),
        ),
      ),
    ),
  ]
}

/** Tables that grow entry by entry: no turn may pay for all of them. */
async function growth(server) {
  const total = sized(1_000_000)
  const session = await openSession(server.port)
  const each = (frameOf) =>
    session.callAll(
      (function* () {
        for (let i = 0; i < total; i++) yield frameOf(i)
      })(),
      256,
    )
  const rows = [once(`${total} watches of one session`, await server.watched(() => each((i) => addWatch(`/watched/by/one/${i}`))))]
  const listed = (i) => {
    const acl = Buffer.concat([int(1), int(31), str('digest'), str(`user${i}:x`)])
    return request(1, str(`/a${i}`), int(0), acl, int(0))
  }
  rows.push(
    once(
      `${total / 2} nodes with an ACL each`,
      await server.watched(() =>
        session.callAll(
          (function* () {
            for (let i = 0; i < total / 2; i++) yield listed(i)
          })(),
          256,
        ),
      ),
    ),
  )
  return rows
}

const SETTINGS = {
  expiry: { minSessionTimeout: 15_000, maxSessionTimeout: 15_000 },
  children: { outgoingCloseBytes: 1 << 28 },
  ephemerals: { outgoingCloseBytes: 1 << 28 },
}

// The table -----------------------------------------------------------------------------------------------------

async function runPart(name, dist) {
  const server = await new Server(dist).start(SETTINGS[name] ?? {})
  try {
    return await bounded(PARTS[name](server), name, PART_LIMIT_MS)
  } finally {
    await server.stop()
  }
}

async function main() {
  if (options.profile !== undefined) mkdirSync(options.profile, { recursive: true })
  const chosen = positionals.length > 0 ? positionals : Object.keys(PARTS)
  for (const name of chosen) {
    const columns = []
    for (const dist of options.dist) columns.push(await runPart(name, dist))
    console.log(`\n${name}`)
    const width = Math.max(...columns[0].map(({ what }) => what.length), 30)
    console.log(`  ${''.padEnd(width)}${columns.map(() => FIGURES.map(([, head]) => `  ${head}`).join('')).join('')}`)
    for (const [i, { what }] of columns[0].entries()) {
      const cells = columns.map((rows) => FIGURES.map(([key, head]) => figure(rows[i][key]).padStart(head.length + 2)).join(''))
      console.log(`  ${what.padEnd(width)}${cells.join('')}`)
    }
  }
}

if (options.server === undefined) {
  await main()
  process.exit()
} else {
  await serve(options.server, options.data)
}

// The shape of the cost: what grows with the number of sessions, children, ephemerals or bytes, at the full size and at a tenth of it. Nothing
// may grow faster than its size.
import { performance } from 'node:perf_hooks'
import { EPHEMERAL, create, createAll, getChildren, getData, setAll, setData } from '../load/frames.mjs'
import { Generator } from '../load/generator.mjs'
import { pause, probed } from '../load/probe.mjs'
import { bounded, openSession, openSessions } from '../load/session.mjs'

const NOTHING = Buffer.alloc(0)
const BATCH = 1000
// Long enough to open all sessions in, whoever is the server.
const EXPIRY_MS = 15_000
const RECONNECT_MS = 150_000
const DEFAULT_MAX_BUFFER = 1_048_575

/** A scenario that is measured at two sizes, each on a fresh server; every row is shown for both, and how it grew beside the size. */
function grown({ name, title, size, rows, measure, ...rest }) {
  const both = rows.flatMap((row) => [
    { ...row, key: `${row.key}Tenth`, label: `${row.label}, a tenth of the size` },
    row,
    ...(row.grows === undefined ? [] : [growth(row)]),
  ])
  return {
    name,
    rows: both,
    ...rest,
    title,
    titleWith: (bench) => title.replace('#', bench.count(size).toLocaleString('en')),
    async measure(bench, kind) {
      return await bench.runs(async () => {
        const full = bench.count(size)
        const tenth = await measure(bench, kind, Math.ceil(full / 10))
        const whole = await measure(bench, kind, full)
        const seen = { ...whole }
        for (const row of rows) {
          seen[`${row.key}Tenth`] = tenth[row.key]
          if (row.grows !== undefined) seen[`${row.key}Growth`] = whole[row.key] / tenth[row.key]
        }
        return seen
      })
    },
  }
}

// Ten times the size may take ten times as long; a tenth more is allowed to what a timer and the machine add.
function growth(row) {
  const limit = row.grows === 'each' ? 1.1 : 11
  return {
    key: `${row.key}Growth`,
    label: `${row.label}: grew`,
    unit: '×',
    target: { text: `≤ ${limit}`, met: ({ ours }) => ours <= limit },
  }
}

async function withServer(bench, kind, work, options) {
  const server = await bench.start(kind, options)
  try {
    return await work(server)
  } finally {
    await server.kill()
  }
}

const idle = grown({
  name: 'idle-sessions',
  title: '# idle sessions',
  size: 5000,
  rows: [
    { key: 'each', label: 'memory of each', unit: 'kB', grows: 'each' },
    { key: 'opening', label: 'opening them, 32 at a time', unit: 'ms', grows: 'whole' },
  ],
  measure: (bench, kind, count) =>
    withServer(bench, kind, async (server) => {
      await pause(500)
      const before = server.residentMb()
      const started = performance.now()
      const sessions = await openSessions(server.port, count)
      const opening = performance.now() - started
      await pause(2000)
      const each = ((server.residentMb() - before) * 1024) / count
      for (const session of sessions) session.drop()
      return { each, opening }
    }),
})

// What does not fit into the queue of the listening socket is dropped by the kernel, and the client's kernel tries again after 1, 3, 7, … s:
// so once as the servers come, with time enough for the sessions to survive that, and once with room for all.
const reconnecting = (name, what, config) =>
  grown({
    name,
    title: `# clients reconnecting at once, ${what}`,
    size: 2000,
    rows: [
      { key: 'all', label: 'all have their session and an answer', unit: 'ms', grows: 'whole' },
      { key: 'probe', label: 'longest answer to another client', unit: 'ms' },
    ],
    measure: (bench, kind, count) =>
      withServer(
        bench,
        kind,
        async (server) => {
          const sessions = await openSessions(server.port, count, { timeoutMs: RECONNECT_MS })
          const identities = sessions.map((session) => session.identity)
          for (const session of sessions) session.drop()
          await pause(500)
          const seen = await probed(server, async () => {
            const started = performance.now()
            const back = await Promise.all(
              identities.map(async (identity) => {
                const session = await openSession(server.port, { identity, timeoutMs: RECONNECT_MS, limitMs: RECONNECT_MS })
                await session.call(getData('/'))
                return session
              }),
            )
            const elapsed = performance.now() - started
            for (const session of back) session.drop()
            return elapsed
          })
          return { all: seen.value, probe: seen.max }
        },
        { config: { ...config, maxSessionTimeout: RECONNECT_MS } },
      ),
  })

const reconnect = reconnecting('reconnect', 'the listen queue as it comes', {})
const reconnectQueued = reconnecting('reconnect-queued', 'with a listen queue for 4,096', { clientPortListenBacklog: 4096 })

const expiry = grown({
  name: 'expiry',
  title: '# sessions with an ephemeral each expiring together',
  size: 10_000,
  rows: [
    { key: 'ending', label: 'from the first connection closed to the last', unit: 'ms' },
    { key: 'probe', label: 'longest answer to another client meanwhile', unit: 'ms', grows: 'whole' },
  ],
  measure: (bench, kind, count) =>
    withServer(
      bench,
      kind,
      async (server) => {
        const sessions = await openSessions(server.port, count)
        await sessions[0].call(create('/e', NOTHING))
        await Promise.all(sessions.map((session, i) => session.call(create(`/e/${i}`, NOTHING, EPHEMERAL))))
        let left = count
        let first = 0
        const over = new Promise((resolve) => {
          for (const session of sessions) {
            session.onEnd = () => {
              if (left === count) first = performance.now()
              if ((left -= 1) === 0) resolve(performance.now() - first)
            }
          }
        })
        // Heard of for the last time within one tick, so their time is up within one or two.
        await Promise.all(sessions.map((session) => session.ping()))
        const seen = await probed(server, async () => await bounded(over, 'expiring', 180_000))
        return { ending: seen.value, probe: seen.max }
      },
      { config: { minSessionTimeout: EXPIRY_MS, maxSessionTimeout: EXPIRY_MS } },
    ),
})

async function makeChildren(session, count, flags, pathOf) {
  const batches = function* () {
    for (let first = 0; first < count; first += BATCH) {
      yield createAll(
        Array.from({ length: Math.min(BATCH, count - first) }, (_, i) => pathOf(first + i)),
        NOTHING,
        flags,
      )
    }
  }
  await session.callAll(batches(), 4)
}

/** Milliseconds until it is done. */
async function timed(work) {
  const started = performance.now()
  await work()
  return performance.now() - started
}

const children = grown({
  name: 'children',
  title: 'getChildren of # children',
  size: 1_000_000,
  rows: [
    { key: 'first', label: 'the first time', unit: 'ms', grows: 'whole' },
    { key: 'again', label: 'the fifth time', unit: 'ms', grows: 'whole' },
    { key: 'probe', label: 'longest answer to another client meanwhile', unit: 'ms' },
  ],
  measure: (bench, kind, count) =>
    withServer(bench, kind, async (server) => {
      const session = await openSession(server.port)
      await session.call(create('/many', NOTHING))
      await makeChildren(session, count, 0, (i) => `/many/n${String(i).padStart(9, '0')}`)
      await pause(1000)
      const times = []
      const seen = await probed(server, async () => {
        for (let turn = 0; turn < 5; turn++) {
          let length
          times.push(await timed(async () => (length = await session.call(getChildren('/many')))))
          if (length !== 24 + count * 14) throw new Error(`${length} bytes are not ${count} children`)
        }
      })
      return { first: times[0], again: times[4], probe: seen.max }
    }),
})

const ephemerals = grown({
  name: 'ephemerals',
  title: 'closeSession with # ephemerals',
  size: 100_000,
  rows: [
    { key: 'closing', label: 'until the answer', unit: 'ms', grows: 'whole' },
    { key: 'probe', label: 'longest answer to another client meanwhile', unit: 'ms' },
  ],
  measure: (bench, kind, count) =>
    withServer(bench, kind, async (server) => {
      const session = await openSession(server.port)
      await session.call(create('/e', NOTHING))
      // Short names: the txn that closes the session lists them, and it must stay below what a Java server reads back.
      await makeChildren(session, count, EPHEMERAL, (i) => `/e/${i.toString(36)}`)
      await pause(1000)
      const seen = await probed(server, () => timed(() => session.close()))
      return { closing: seen.value, probe: seen.max }
    }),
})

const multi = grown({
  name: 'multi',
  title: 'A multi of # setDatas of 1,000 bytes (1 MB)',
  size: 1000,
  rows: [
    { key: 'one', label: 'until the answer, median of 20', unit: 'ms', grows: 'whole' },
    { key: 'probe', label: 'longest answer to another client meanwhile', unit: 'ms' },
  ],
  measure: (bench, kind, count) =>
    withServer(bench, kind, async (server) => {
      const session = await openSession(server.port)
      const paths = Array.from({ length: count }, (_, i) => `/${i.toString(36)}`)
      await session.call(createAll(paths, NOTHING))
      const bytes = setAll(paths, Buffer.alloc(1000, 'x'))
      if (bytes.length - 4 > DEFAULT_MAX_BUFFER) throw new Error('the multi is too long')
      const seen = await probed(server, async () => {
        const times = []
        for (let turn = 0; turn < 20; turn++) {
          times.push(await timed(() => session.call(bytes)))
        }
        return times.sort((a, b) => a - b)[10]
      })
      return { one: seen.value, probe: seen.max }
    }),
})

const large = {
  name: 'large-reads',
  title: '8×16 reads of 1 MB nodes',
  rows: [
    { key: 'rate', label: 'replies', unit: '/s' },
    { key: 'megabytes', label: 'bytes', unit: 'MB/s' },
    { key: 'p99', label: 'p99', unit: 'ms' },
    { key: 'probe', label: 'longest answer to another client', unit: 'ms' },
    { key: 'peak', label: 'most memory resident', unit: 'MB' },
  ],
  measure: (bench, kind) =>
    withServer(bench, kind, async (server) => {
      const session = await openSession(server.port)
      const length = 1_000_000
      for (let i = 0; i < 16; i++) await session.call(create(`/large${i.toString(16)}`, Buffer.alloc(length, 'x')))
      const frames = (connection, slot) => getData(`/large${((slot * 5 + connection) % 16).toString(16)}`)
      const generator = new Generator({ port: server.port, connections: 8, window: 16, frames })
      await generator.start()
      try {
        await generator.measure(bench.warmUpMs / 2)
        return await bench.runs(async () => {
          const seen = await probed(server, () => generator.measure(bench.durationMs))
          const { rate, p99 } = seen.value
          return { rate, megabytes: (rate * length) / 1e6, p99, probe: seen.max, peak: server.peakMb() }
        })
      } finally {
        await generator.stop()
      }
    }),
}

const tenMegabytes = {
  name: 'max-buffer',
  title: 'jute.maxbuffer of 10 MB: a node of 10,000,000 bytes',
  rows: [
    { key: 'write', label: 'setData, median of 10', unit: 'ms' },
    { key: 'read', label: 'getData, median of 10', unit: 'ms' },
    { key: 'probe', label: 'longest answer to another client meanwhile', unit: 'ms' },
    { key: 'peak', label: 'most memory resident', unit: 'MB' },
  ],
  measure: (bench, kind) =>
    bench.runs(() =>
      withServer(
        bench,
        kind,
        async (server) => {
          const session = await openSession(server.port)
          await session.call(create('/ten', NOTHING))
          const write = setData('/ten', Buffer.alloc(10_000_000, 'x'))
          const read = getData('/ten')
          const seen = await probed(server, async () => {
            const times = { write: [], read: [] }
            for (let turn = 0; turn < 10; turn++) {
              for (const [what, bytes] of [
                ['write', write],
                ['read', read],
              ]) {
                times[what].push(await timed(() => session.call(bytes)))
              }
            }
            return times
          })
          const median = (values) => values.sort((a, b) => a - b)[5]
          return { write: median(seen.value.write), read: median(seen.value.read), probe: seen.max, peak: server.peakMb() }
        },
        { maxBuffer: 10 * 1024 * 1024 },
      ),
    ),
}

export const shapeScenarios = [idle, reconnect, reconnectQueued, expiry, children, ephemerals, multi, large, tenMegabytes]

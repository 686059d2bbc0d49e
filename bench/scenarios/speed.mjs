// Speed: closed loops of small requests. `8×16` is eight connections with sixteen requests under way on each.
import { create, createAll, getData, setData } from '../load/frames.mjs'
import { Generator } from '../load/generator.mjs'
import { openSession, openSessions } from '../load/session.mjs'
import { pause } from '../load/probe.mjs'
import { startStub } from '../load/servers.mjs'
import { performance } from 'node:perf_hooks'
import { atLeast, atMostTimes, atLeastTimes } from '../report/targets.mjs'

const KEYS = 1000
const DATA = Buffer.alloc(100, 'some data 123 ')
const MIXED_WRITE_EVERY = 10
/** The ring of a mix is a multiple of its period. */
const RING = 1000

function keyPath(number) {
  return `/bench/k${String(number % KEYS).padStart(8, '0')}`
}

// A walk over the keys that differs between connections and does not go in order.
function keyOf(connection, slot) {
  return keyPath(Math.imul(slot + connection * 131, 7919) >>> 0)
}

const read = (connection, slot) => getData(keyOf(connection, slot))
const write = (connection, slot) => setData(keyOf(connection, slot), DATA)
const mixed = (connection, slot) => ((slot + connection) % MIXED_WRITE_EVERY === 0 ? write : read)(connection, slot)
const made = (connection) => create(`/bench/c${String(connection).padStart(2, '0')}-0000000000`, DATA)

const DIGITS_AT = 4 + 8 + 4 + '/bench/c00-'.length

/** Writes the number of the request into the name, so that every create is of a new node. */
function numberName(bytes, at, _connection, number) {
  let rest = number
  for (let digit = at + DIGITS_AT + 9; digit >= at + DIGITS_AT; digit--) {
    bytes[digit] = 48 + (rest % 10)
    rest = (rest / 10) | 0
  }
}

function speed(name, connections, window, frames, { target, p50, patch }) {
  const title = `${name} ${connections}×${window}`
  return {
    name: `${name}-${connections}x${window}`,
    title,
    curve: 'latency',
    rows: [
      { key: 'rate', label: title, unit: '/s', target },
      { key: 'p50', label: 'p50', unit: 'ms', target: p50 },
      { key: 'p99', label: 'p99', unit: 'ms' },
      { key: 'max', label: 'max', unit: 'ms' },
      { key: 'serverCpu', label: 'server, processors used', unit: '' },
      { key: 'generatorCpu', label: 'generator, processors used', unit: '' },
    ],
    async measure(bench, kind) {
      const server = await bench.start(kind)
      const session = await openSession(server.port)
      await session.call(create('/bench', Buffer.alloc(0)))
      await session.call(createAll(Array.from({ length: KEYS }, (_, i) => keyPath(i)), DATA))
      session.drop()
      const generator = new Generator({ port: server.port, connections, window, frames, patch, ring: RING })
      await generator.start()
      try {
        await generator.measure(bench.warmUpMs)
        return await bench.runs(async () => {
          const cpu = server.cpuMs()
          const seen = await generator.measure(bench.durationMs)
          return { ...seen, serverCpu: (server.cpuMs() - cpu) / seen.elapsedMs, latency: [seen.p50, seen.p90, seen.p99, seen.p999, seen.max] }
        })
      } finally {
        await generator.stop()
        await server.kill()
      }
    },
  }
}

const stubbed = {
  name: 'generator',
  title: 'The generator itself, 8×16 getData against a stub that looks at nothing',
  kinds: ['stub'],
  rows: [
    { key: 'rate', label: 'replies', unit: '/s', target: atLeast(1_000_000) },
    { key: 'p50', label: 'p50', unit: 'ms' },
    { key: 'p99', label: 'p99', unit: 'ms' },
    { key: 'generatorCpu', label: 'generator, processors used', unit: '' },
  ],
  async measure(bench) {
    const requestLength = read(0, 0).length
    const stub = await startStub(requestLength, 20 + 4 + DATA.length + 68)
    const generator = new Generator({ port: stub.port, connections: 8, window: 16, frames: read, sequential: false })
    await generator.start()
    try {
      await generator.measure(Math.min(bench.warmUpMs, 3000))
      return await bench.runs(() => generator.measure(bench.durationMs))
    } finally {
      await generator.stop()
      await stub.stop()
    }
  },
}

const watchers = {
  name: 'watchers',
  title: '1,000 watchers of one node all told',
  rows: [
    { key: 'all', label: 'all told after', unit: 'ms', target: atMostTimes(1 / 2, '1/2') },
    { key: 'first', label: 'first told after', unit: 'ms' },
  ],
  async measure(bench, kind) {
    const server = await bench.start(kind)
    try {
      const writer = await openSession(server.port)
      await writer.call(create('/watched', DATA))
      const sessions = await openSessions(server.port, 1000)
      // A round is short: what a server learns while it warms up comes from the number of rounds.
      const rounds = async (deadline) => {
        const all = []
        const first = []
        do {
          const seen = await tellAll(sessions, writer)
          all.push(seen.all)
          first.push(seen.first)
        } while (performance.now() < deadline)
        return { all: middle(all), first: middle(first) }
      }
      await rounds(performance.now() + bench.warmUpMs)
      return await bench.runs(() => rounds(performance.now() + bench.durationMs))
    } finally {
      await server.kill()
    }
  },
}

async function tellAll(sessions, writer) {
  const watch = getData('/watched', true)
  await Promise.all(sessions.map((session) => session.call(watch)))
  await pause(20)
  let left = sessions.length
  let started = 0
  let first = 0
  const told = new Promise((resolve) => {
    for (const session of sessions) {
      session.onEvent = () => {
        if (left === sessions.length) first = performance.now() - started
        if ((left -= 1) === 0) resolve(performance.now() - started)
      }
    }
  })
  started = performance.now()
  await writer.call(setData('/watched', DATA))
  return { all: await told, first }
}

function middle(values) {
  return values.sort((a, b) => a - b)[values.length >> 1]
}

export const speedScenarios = [
  stubbed,
  speed('getData', 8, 16, read, { target: atLeastTimes(5) }),
  speed('getData', 8, 100, read, { target: atLeastTimes(5) }),
  speed('getData', 1, 1, read, { p50: atMostTimes(1 / 3, '1/3') }),
  speed('getData', 50, 1, read, { target: atLeastTimes(2) }),
  speed('mixed', 8, 16, mixed, { target: atLeastTimes(5) }),
  speed('setData', 8, 16, write, { target: atLeastTimes(4) }),
  speed('setData', 1, 1, write, { p50: atMostTimes(2 / 3, '2/3') }),
  speed('create', 8, 16, made, { target: atLeastTimes(4), patch: numberName }),
  watchers,
]

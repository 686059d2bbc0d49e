// Speed: closed loops of small requests, and one change that many are told of.
import { performance } from 'node:perf_hooks'
import { create, getData, setData } from '../load/frames.mjs'
import { Generator } from '../load/generator.mjs'
import { pause } from '../load/probe.mjs'
import { startStub } from '../load/servers.mjs'
import { openSession, openSessions } from '../load/session.mjs'
import { atLeast, atLeastTimes, atMostTimes } from '../report/targets.mjs'
import { closedLoop, DATA, made, mixed, numberName, read, write } from './closed-loop.mjs'

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
    { key: 'floor', label: 'all told by a stub that does nothing else', unit: 'ms' },
  ],
  async measure(bench, kind) {
    const server = await bench.start(kind)
    const stub = await startStub(read(0, 0).length, 20 + 4 + DATA.length + 68, '--tell')
    try {
      const seen = await tellAgainAndAgain(bench, server)
      return { ...seen, floor: (await tellAgainAndAgain(bench, stub)).all }
    } finally {
      await server.kill()
      await stub.stop()
    }
  },
}

/** A round is short: what a server learns while it warms up comes from the number of rounds. */
async function tellAgainAndAgain(bench, { port }) {
  const writer = await openSession(port)
  await writer.call(create('/watched', DATA))
  const sessions = await openSessions(port, 1000)
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
  const seen = await bench.runs(() => rounds(performance.now() + bench.durationMs))
  for (const session of [writer, ...sessions]) session.drop()
  return seen
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
  closedLoop('getData', 8, 16, read, { target: atLeastTimes(5) }),
  closedLoop('getData', 8, 100, read, { target: atLeastTimes(5) }),
  closedLoop('getData', 1, 1, read, { p50: atMostTimes(1 / 3, '1/3'), floors: ['trip'] }),
  closedLoop('getData', 50, 1, read, { target: atLeastTimes(2) }),
  closedLoop('mixed', 8, 16, mixed, { target: atLeastTimes(5), floors: ['sync'] }),
  closedLoop('setData', 8, 16, write, { target: atLeastTimes(4), floors: ['sync'] }),
  closedLoop('setData', 1, 1, write, { p50: atMostTimes(2 / 3, '2/3'), floors: ['trip', 'sync'] }),
  closedLoop('create', 8, 16, made, { target: atLeastTimes(4), patch: numberName, floors: ['sync'] }),
  watchers,
]

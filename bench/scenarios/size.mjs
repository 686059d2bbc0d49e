// Size: what an empty server takes, and what a million nodes of 100 bytes cost in memory, at restart and in pauses.
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { spinnerPauses } from '../load/control.mjs'
import { Generator } from '../load/generator.mjs'
import { makeNodes, pathOf, spread } from '../load/nodes.mjs'
import { pause, probed } from '../load/probe.mjs'
import { atMost, atMostAbove, atMostTimes } from '../report/targets.mjs'

const PUSHED_PER_SECOND = 50_000
const SNAPSHOT_EVERY = 20_000
const TRICKLE_PER_SECOND = 5000
const SNAPSHOT_LIMIT_MS = 180_000

const empty = {
  name: 'start',
  title: 'An empty server',
  rows: [
    { key: 'start', label: 'start to first answer', unit: 'ms', target: atMost(250) },
    { key: 'idle', label: 'resident after half a minute with nothing to do', unit: 'MB', target: atMost(60) },
  ],
  async measure(bench, kind) {
    return await bench.runs(async () => {
      const server = await bench.start(kind, { traceGc: false })
      // What starting took is given back when a server has been left alone for some twenty seconds.
      await pause(Math.min(3 * bench.durationMs, 30_000))
      const idle = server.residentMb()
      await server.kill()
      return { start: server.startMs, idle }
    })
  },
}

const million = {
  name: 'million',
  title: 'Nodes of 100 bytes',
  titleWith: (bench) => `${bench.count(1_000_000).toLocaleString('en')} nodes of 100 bytes`,
  rows: [
    { key: 'load', label: 'making them, by multis of 1,000', unit: 's' },
    { key: 'loaded', label: 'resident after that', unit: 'MB', target: atMost(350) },
    { key: 'restartLog', label: 'restart as it was stopped', unit: 's', target: atMostTimes(1 / 2, '1/2') },
    { key: 'restart', label: 'restart once more', unit: 's', target: atMostTimes(1 / 2, '1/2') },
    { key: 'resident', label: 'resident after restart', unit: 'MB', target: atMost(350) },
    { key: 'control', label: 'idle control: longest answer of a spinner', unit: 'ms' },
    { key: 'still', label: 'longest answer with nothing to do', unit: 'ms' },
    { key: 'snapshot', label: 'snapshot written in', unit: 's' },
    { key: 'snapshotPause', label: 'longest answer meanwhile', unit: 'ms', target: atMostAbove(10, 'control') },
    { key: 'pushRate', label: 'setData, 50,000/s asked for', unit: '/s', target: { text: '50,000', met: ({ ours }) => ours >= 49_000 } },
    { key: 'pushP99', label: 'their p99', unit: 'ms' },
    { key: 'pushPause', label: 'longest answer meanwhile', unit: 'ms', target: atMostAbove(10, 'control') },
    { key: 'gc', label: 'collection, share of time meanwhile', unit: '%', target: atMost(5) },
    { key: 'pushed', label: 'resident after that', unit: 'MB', target: atMost(350) },
  ],
  async measure(bench, kind) {
    const nodes = bench.count(1_000_000)
    const home = bench.workplace.directory()
    let server = await bench.start(kind, { home })
    const load = await makeNodes(server, nodes)
    await pause(2000)
    const loaded = server.residentMb()
    await server.stop()

    server = await bench.start(kind, { home })
    const restartLog = server.startMs
    await server.stop()
    const restarts = []
    for (let run = 0; run < bench.runCount; run++) {
      server = await bench.start(kind, { home })
      restarts.push(server.startMs / 1000)
      await quiet(server)
      if (run < bench.runCount - 1) await server.stop()
    }
    const resident = server.residentMb()
    const still = (await probed(server, () => pause(bench.durationMs), pathOf(0))).max
    await server.stop()

    server = await bench.start(kind, { home, config: { snapCount: SNAPSHOT_EVERY } })
    await quiet(server)
    const written = await probed(server, () => untilSnapshot(server, nodes), pathOf(0))
    await server.stop()

    server = await bench.start(kind, { home, traceGc: true })
    await quiet(server)
    const push = await setMany(bench, server, nodes)
    const pushed = server.residentMb()
    await server.kill()
    return {
      load: [load / 1000],
      loaded: [loaded],
      restartLog: [restartLog / 1000],
      restart: restarts,
      resident: [resident],
      still: [still],
      control: await spinnerPauses(bench),
      snapshot: [written.value / 1000],
      snapshotPause: [written.max],
      pushed: [pushed],
      ...push,
    }
  },
}

// A trickle of writes sets a snapshot off; the time is from its file's appearance, or what grows of it, to its end.
async function untilSnapshot(server, nodes) {
  const before = new Set(snapshots(server).map(({ name }) => name))
  const started = performance.now()
  const generator = new Generator({ port: server.port, connections: 2, window: 500, rate: TRICKLE_PER_SECOND, frames: spread(nodes) })
  await generator.start()
  let begun
  let last = { size: -1, at: 0 }
  try {
    while (performance.now() - started < SNAPSHOT_LIMIT_MS) {
      const now = performance.now()
      const fresh = snapshots(server).find(({ name }) => !before.has(name))
      if (fresh !== undefined) {
        begun ??= now
        if (fresh.size !== last.size) last = { size: fresh.size, at: now }
        // Written and left alone under its final name.
        else if (fresh.final && now - last.at > 1000) return last.at - begun
      }
      await pause(20)
    }
    throw new Error('no snapshot was written')
  } finally {
    await generator.stop()
  }
}

// Both servers write a snapshot when they start. Waits until that is over.
async function quiet(server) {
  const look = () => JSON.stringify(snapshots(server))
  for (let seen = look(), since = performance.now(); performance.now() - since < 1500; await pause(50)) {
    const now = look()
    if (now !== seen || snapshots(server).some(({ final }) => !final)) since = performance.now()
    seen = now
  }
}

// The file as it grows and as it is called in the end are one: the zxid tells. Ours grows under another name that contains the final one.
function snapshots(server) {
  const directory = join(server.dataDir, 'version-2')
  const found = []
  for (const file of readdirSync(directory)) {
    const match = /snapshot\.([0-9a-f]+)/.exec(file)
    if (match === null) continue
    const size = statSync(join(directory, file), { throwIfNoEntry: false })?.size
    if (size !== undefined) found.push({ name: match[1], size, final: match[0] === file })
  }
  return found
}

async function setMany(bench, server, nodes) {
  const generator = new Generator({
    port: server.port,
    connections: 8,
    window: 250,
    ring: 4096,
    rate: PUSHED_PER_SECOND,
    frames: spread(nodes),
  })
  await generator.start()
  try {
    await generator.measure(bench.warmUpMs)
    const seen = await bench.runs(async () => {
      const mark = server.collectionMark()
      const measured = await probed(server, () => generator.measure(bench.durationMs), pathOf(0))
      const { rate, p99, elapsedMs } = measured.value
      return { pushRate: rate, pushP99: p99, pushPause: measured.max, gc: (server.collectedMs(mark) / elapsedMs) * 100 }
    })
    return seen
  } finally {
    await generator.stop()
  }
}

export const sizeScenarios = [empty, million]

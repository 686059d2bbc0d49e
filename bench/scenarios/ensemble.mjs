// Ensembles of three servers on one machine: writes through all of them, the pause when their leader dies, and a member that joins with
// nothing of a tree of a million nodes.
import { performance } from 'node:perf_hooks'
import { spinnerPauses } from '../load/control.mjs'
import { create, setData } from '../load/frames.mjs'
import { Generator } from '../load/generator.mjs'
import { DATA, makeNodes, pathOf, spread } from '../load/nodes.mjs'
import { pause, startProbe } from '../load/probe.mjs'
import { bounded, openSession } from '../load/session.mjs'
import { atLeastTimes, atMost, atMostTimes } from '../report/targets.mjs'
import { closedLoop, read, write } from './closed-loop.mjs'

const FAILOVERS = 10
const ATTEMPT_EVERY_MS = 5
const MOST_ATTEMPTS = 50
const FAILOVER_LIMIT_MS = 60_000
const WRITES_PER_SECOND = 2000

/** Starts three and lets the loop go to those that `choose` gives of `{ leader, followers }`. */
function members(choose) {
  return async (bench, kind) => {
    const ensemble = await bench.startEnsemble(kind)
    const ports = choose(await ensemble.roles()).map(({ port }) => port)
    return { ports, cpuMs: () => ensemble.members.reduce((sum, member) => sum + member.cpuMs(), 0), kill: () => ensemble.kill() }
  }
}

const throughAll = members(({ leader, followers }) => [leader, ...followers])
const throughLeader = members(({ leader }) => [leader])
const throughFollower = members(({ followers }) => followers.slice(0, 1))

const failover = {
  name: 'failover',
  title: `The leader of three dies by kill -9, ${FAILOVERS} times a run; a client tries every member every ${ATTEMPT_EVERY_MS} ms`,
  rows: [
    { key: 'median', label: 'from the last write before to the first one after, median', unit: 'ms' },
    { key: 'longest', label: 'longest', unit: 'ms', target: atMost(250) },
  ],
  async measure(bench, kind) {
    const ensemble = await bench.startEnsemble(kind)
    try {
      const session = await openSession(ensemble.members[0].port)
      await session.call(create('/written', DATA))
      session.drop()
      return await bench.runs(async () => {
        const gaps = []
        for (let i = 0; i < bench.count(FAILOVERS); i++) gaps.push(await gapOfWrites(ensemble))
        gaps.sort((a, b) => a - b)
        return { median: gaps[gaps.length >> 1], longest: gaps.at(-1) }
      })
    } finally {
      await ensemble.kill()
    }
  },
}

/** Milliseconds without an acknowledged write around a kill of the leader, which afterwards comes back. */
async function gapOfWrites(ensemble) {
  const { leader, followers } = await ensemble.roles()
  const session = await openSession(followers[0].port)
  const until = performance.now() + 300
  let last
  do {
    await session.call(setData('/written', DATA))
    last = performance.now()
  } while (last < until)
  session.drop()
  await leader.kill()
  const gap = (await firstWrite(followers)) - last
  await (await ensemble.restart(leader)).ready()
  return gap
}

/** When the first write of many attempts is answered. One that hangs holds no other back. */
function firstWrite(members) {
  return bounded(
    new Promise((resolve) => {
      const underWay = new Map(members.map((member) => [member, 0]))
      const timer = setInterval(() => {
        for (const member of members) if (underWay.get(member) < MOST_ATTEMPTS) attempt(member)
      }, ATTEMPT_EVERY_MS)
      const attempt = async (member) => {
        underWay.set(member, underWay.get(member) + 1)
        try {
          const session = await openSession(member.port, { limitMs: FAILOVER_LIMIT_MS })
          await session.call(setData('/written', DATA))
          clearInterval(timer)
          resolve(performance.now())
          session.drop()
        } catch {
          // Nobody serves there yet.
        }
        underWay.set(member, underWay.get(member) - 1)
      }
    }),
    'a write after the failover',
    FAILOVER_LIMIT_MS,
  )
}

const newcomer = {
  name: 'newcomer',
  title: 'A follower comes back with an empty directory',
  titleWith: (bench) => {
    const [nodes, rate] = [bench.count(1_000_000), WRITES_PER_SECOND].map((count) => count.toLocaleString('en'))
    return `A follower comes back with an empty directory, under ${rate} setData/s to ${nodes} nodes of 100 bytes`
  },
  rows: [
    { key: 'join', label: 'from its start to its first answer', unit: 's' },
    { key: 'control', label: 'idle control: longest answer of a spinner', unit: 'ms' },
    { key: 'before', label: 'leader: longest answer before', unit: 'ms' },
    { key: 'pause', label: 'leader: longest answer meanwhile', unit: 'ms' },
    { key: 'p99', label: 'writes meanwhile, p99', unit: 'ms' },
    { key: 'written', label: 'writes meanwhile', unit: '/s' },
    { key: 'resident', label: 'leader: resident before', unit: 'MB' },
    { key: 'peak', label: 'leader: most ever resident', unit: 'MB' },
    { key: 'joined', label: 'newcomer: resident', unit: 'MB' },
  ],
  async measure(bench, kind) {
    const nodes = bench.count(1_000_000)
    const ensemble = await bench.startEnsemble(kind)
    const { leader, followers } = await ensemble.roles()
    await makeNodes(leader, nodes)
    const control = await spinnerPauses(bench)
    const load = new Generator({
      ports: [leader.port, followers[1].port],
      connections: 4,
      window: 100,
      rate: WRITES_PER_SECOND,
      frames: spread(nodes),
    })
    await load.start()
    try {
      await load.measure(bench.warmUpMs)
      let [gone] = followers
      return {
        control,
        ...(await bench.runs(async () => {
          await gone.kill()
          await pause(1000)
          const probe = await startProbe(leader, pathOf(0))
          await probe.read()
          await pause(bench.durationMs)
          const before = (await probe.read()).max
          const resident = leader.residentMb()
          gone = await ensemble.restart(gone, { empty: true })
          const { p99, rate } = await load.measure(() => gone.ready())
          const { max } = await probe.read()
          await probe.stop()
          return { join: gone.startMs / 1000, before, pause: max, p99, written: rate, resident, peak: leader.peakMb(), joined: gone.residentMb() }
        })),
      }
    } finally {
      await load.stop()
      await ensemble.kill()
    }
  },
}

export const ensembleScenarios = [
  closedLoop('setData', 9, 16, write, { where: 'three servers', start: throughAll, target: atLeastTimes(3), floors: ['sync'] }),
  closedLoop('setData', 1, 1, write, { where: 'leader of three', start: throughLeader, p50: atMostTimes(2 / 3, '2/3'), floors: ['trip', 'sync'] }),
  closedLoop('setData', 1, 1, write, { where: 'follower of three', start: throughFollower, p50: atMostTimes(2 / 3, '2/3'), floors: ['trip', 'sync'] }),
  closedLoop('getData', 9, 16, read, { where: 'three servers', start: throughAll }),
  failover,
  newcomer,
]

// What figures are held against: what the machine, the generator and the probe add themselves.
import { closeSync, fdatasync, ftruncateSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { promisify } from 'node:util'
import { getData } from './frames.mjs'
import { Generator } from './generator.mjs'
import { DATA, pathOf } from './nodes.mjs'
import { pause, probed } from './probe.mjs'
import { startStub } from './servers.mjs'

/** The longest answers of an event loop that only goes round: milliseconds, one for each run. */
export async function spinnerPauses(bench) {
  const longest = []
  for (let run = 0; run < bench.runCount; run++) {
    const stub = await startStub(getData(pathOf(0)).length, 20 + 4 + DATA.length + 68, '--spin')
    longest.push((await probed(stub, () => pause(bench.durationMs), pathOf(0))).max)
    await stub.stop()
  }
  return longest
}

/** The median time of one getData after the other where nobody looks at them: milliseconds. */
export async function floorOfRoundTrips(bench) {
  const request = getData(pathOf(0))
  const stub = await startStub(request.length, 20 + 4 + DATA.length + 68)
  const generator = new Generator({ port: stub.port, connections: 1, window: 1, frames: () => request, sequential: false })
  await generator.start()
  try {
    await generator.measure(Math.min(bench.warmUpMs, 3000))
    return (await generator.measure(bench.durationMs)).p50
  } finally {
    await generator.stop()
    await stub.stop()
  }
}

/** The median time in which the disk takes 200 bytes and says that they are safe, one such write after the other: milliseconds. */
export async function floorOfSyncs(bench) {
  const file = openSync(join(bench.workplace.directory(), 'log'), 'w')
  const bytes = Buffer.alloc(200, 1)
  const times = []
  try {
    ftruncateSync(file, 64 << 20)
    const until = performance.now() + bench.durationMs / 2
    for (let at = 0, started = performance.now(); started < until; at += bytes.length, started = performance.now()) {
      writeSync(file, bytes, 0, bytes.length, at)
      await promisify(fdatasync)(file)
      times.push(performance.now() - started)
    }
  } finally {
    closeSync(file)
  }
  return times.sort((a, b) => a - b)[times.length >> 1]
}

// What figures are held against: what the machine, the generator and the probe add themselves.
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

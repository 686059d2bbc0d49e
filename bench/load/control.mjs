// What pauses are held against: the longest answers of an event loop that only goes round, which the machine and the probe add themselves.
import { getData } from './frames.mjs'
import { DATA, pathOf } from './nodes.mjs'
import { pause, probed } from './probe.mjs'
import { startStub } from './servers.mjs'

/** Milliseconds, one for each run. */
export async function spinnerPauses(bench) {
  const longest = []
  for (let run = 0; run < bench.runCount; run++) {
    const stub = await startStub(getData(pathOf(0)).length, 20 + 4 + DATA.length + 68, true)
    longest.push((await probed(stub, () => pause(bench.durationMs), pathOf(0))).max)
    await stub.stop()
  }
  return longest
}

// Makes a difference smaller: leaves steps out for as long as the two servers still part, on fresh servers each time. Steps name slots and sessions
// by number, so that they mean something without the ones before them.
import { replay } from './lockstep.ts'
import type { Difference } from './lockstep.ts'
import type { ServerPair } from './servers.ts'
import type { Outcome } from './side.ts'
import type { Step } from './steps.ts'

export interface Shrunk {
  readonly steps: readonly Step[]
  readonly reference: Outcome
  readonly subject: Outcome
}

/** As few of the steps as can be found within `timeMs`. */
export async function shrink(difference: Difference, start: () => Promise<ServerPair>, timeMs: number): Promise<Shrunk> {
  const deadline = performance.now() + timeMs
  const partsAfter = async (steps: readonly Step[]): Promise<Shrunk | undefined> => {
    const pair = await start()
    try {
      const parted = await replay(pair.ports, steps)
      return parted === undefined ? undefined : { steps: steps.slice(0, parted.at + 1), reference: parted.reference, subject: parted.subject }
    } finally {
      await pair.end()
    }
  }
  let best: Shrunk = difference
  let size = Math.ceil(best.steps.length / 2)
  while (performance.now() < deadline) {
    const smaller = await withoutChunk(best.steps, size, deadline, partsAfter)
    if (smaller !== undefined) best = smaller
    else if (size === 1) break
    size = smaller === undefined ? Math.ceil(size / 2) : Math.min(size, Math.ceil(best.steps.length / 2))
  }
  return splitRequests(best, deadline, partsAfter)
}

/** The steps without one chunk of that size, the late chunks first: what matters is near the end, and the last step is it. */
async function withoutChunk(
  steps: readonly Step[],
  size: number,
  deadline: number,
  partsAfter: (steps: readonly Step[]) => Promise<Shrunk | undefined>,
): Promise<Shrunk | undefined> {
  for (let start = 0; start < steps.length - 1 && performance.now() < deadline; start += size) {
    const rest = [...steps.slice(0, start), ...steps.slice(Math.min(start + size, steps.length - 1))]
    const parted = await partsAfter(rest)
    if (parted !== undefined) return parted
  }
  return undefined
}

/** Leaves out single requests of pipelines that are left. */
async function splitRequests(best: Shrunk, deadline: number, partsAfter: (steps: readonly Step[]) => Promise<Shrunk | undefined>): Promise<Shrunk> {
  let current = best
  for (let at = 0; at < current.steps.length; at++) {
    for (let request = 0; performance.now() < deadline; ) {
      const step = current.steps[at]
      if (step?.kind !== 'requests' || request >= step.payloads.length || step.payloads.length === 1) break
      const payloads = step.payloads.filter((_, index) => index !== request)
      const parted = await partsAfter([...current.steps.slice(0, at), { ...step, payloads }, ...current.steps.slice(at + 1)])
      if (parted === undefined) request++
      else current = parted
    }
  }
  return current
}

// Makes a difference smaller: leaves steps out for as long as the two servers still part, on fresh servers each time. The great simplifications
// come first, because each try costs a start of both servers.
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

/** How much of the end is tried alone, behind the connections that it needs. */
const TAILS = [4, 16, 64, 256]

/** As few of the steps as can be found within `timeMs`. */
export async function shrink(difference: Difference, start: () => Promise<ServerPair>, timeMs: number): Promise<Shrunk> {
  const deadline = performance.now() + timeMs
  let best: Shrunk = difference
  /** Keeps the steps if the servers part on them too. */
  const accept = async (steps: readonly Step[]): Promise<boolean> => {
    if (steps.length === 0 || performance.now() > deadline) return false
    const pair = await start()
    try {
      const parted = await replay(pair.ports, steps)
      if (parted === undefined) return false
      best = { steps: steps.slice(0, parted.at + 1), reference: parted.reference, subject: parted.subject }
      return true
    } finally {
      await pair.end()
    }
  }

  await accept(best.steps.map(withSessionOfItsOwn))
  await accept(best.steps.flatMap(oneByOne))
  for (const length of TAILS) if (await accept([...best.steps.slice(0, -length).filter(isAboutConnections), ...best.steps.slice(-length)])) break
  for (let size = Math.ceil(best.steps.length / 2); performance.now() < deadline; size = Math.ceil(size / 2)) {
    // The last step is the one that shows it.
    for (let at = 0; at < best.steps.length - 1 && performance.now() < deadline;) {
      const end = Math.min(at + size, best.steps.length - 1)
      if (!(await accept([...best.steps.slice(0, at), ...best.steps.slice(end)]))) at += size
    }
    if (size === 1) break
  }
  return best
}

/** Most differences have nothing to do with coming back to a session, and labels change when a session is left out. */
function withSessionOfItsOwn(step: Step): Step {
  return step.kind === 'connect' && step.length === undefined ? { ...step, session: 'new', password: 'own', lastZxidSeen: 0n } : step
}

function oneByOne(step: Step): Step[] {
  return step.kind === 'requests' ? step.payloads.map((payload) => ({ ...step, payloads: [payload], splits: [] })) : [step]
}

function isAboutConnections({ kind }: Step): boolean {
  return kind === 'connect' || kind === 'drop'
}

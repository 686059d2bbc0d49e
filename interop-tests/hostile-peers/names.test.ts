// A name in a server line that nobody knows, or whose look-up never ends, slows nobody: the members that are there start, elect and take one of theirs
// back as those do whose fifth line has the address of a dead server.
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { Ensemble } from '../ensemble/ensemble.ts'
import { writeThrough } from '../ensemble/workload.ts'
import { freePort } from '../peers/ports.ts'
import { mustRun, temporaryDirectory } from '../peers/processes.ts'

/** Below what one dial that hangs takes, and far below a look-up that does. */
const SLACK_MS = 4000
const MOST_TRIES = 5

let ensemble: Ensemble | undefined

afterEach(async () => {
  await ensemble?.end()
  ensemble = undefined
})

interface Life {
  readonly startMs: number
  /** From the death of the leader to the next one that serves. */
  readonly electionMs: number
  /** Of the dead one, until it follows. */
  readonly returnMs: number
  /** Of the members that lived on: how often each has begun an election since the leader's death. */
  readonly elections: number[]
  /** Of a member that lived on. */
  readonly log: string
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now()
  await work()
  return performance.now() - begin
}

/** Five of seven voters; the others are nowhere. */
async function life(hosts: readonly [string, string]): Promise<Life> {
  const never = join(await temporaryDirectory('never'), 'fifo')
  await mustRun('mkfifo', [never])
  const launch = (): { nodeFlags: string[]; env: Record<string, string> } => ({
    nodeFlags: ['--import', join(import.meta.dirname, 'deaf-resolver.mjs')],
    env: { TSK_NEVER: never },
  })
  const config: Record<string, string> = {}
  for (const [index, host] of hosts.entries()) config[`server.${6 + index}`] = `${host}:${await freePort()}:${await freePort()}`
  const startMs = await timed(async () => {
    ensemble = await Ensemble.start({ voters: ['ours', 'ours', 'ours', 'ours', 'ours'], together: true, config, launch })
  })
  const members = ensemble!
  const leader = await members.leader()
  const others = members.members.filter((member) => member !== leader)
  await writeThrough(others[0], '/before')
  const before = others.map((member) => member.log().length)
  const electionMs = await timed(async () => {
    await leader.kill()
    await members.leader()
  })
  const elections = others.map(
    (member, index) =>
      member
        .log()
        .slice(before[index])
        .match(/New election/g)?.length ?? 0,
  )
  const returnMs = await timed(async () => {
    await leader.start()
    expect(await leader.serves()).toBe('follower')
  })
  await writeThrough(leader, '/after')
  await members.agree()
  const log = others[0].log()
  await members.end()
  return { startMs, electionMs, returnMs, elections, log }
}

const spans = ['startMs', 'electionMs', 'returnMs'] as const

it('names that are dead slow neither a start nor an election nor a return', async () => {
  let [control, seen] = [await life(['127.0.0.1', '127.0.0.1']), await life(['nobody.invalid', 'silent.invalid'])]
  // Other work on the machine slows one life now and then; a name slows each.
  for (let time = 1; time < MOST_TRIES && !isAsQuick(seen, control); time++) {
    control = await life(['127.0.0.1', '127.0.0.1'])
    seen = await life(['nobody.invalid', 'silent.invalid'])
  }
  const both = (what: 'startMs' | 'electionMs' | 'returnMs'): string => `${seen[what].toFixed(0)} ms (dead addresses: ${control[what].toFixed(0)})`
  console.log(`dead names: start ${both('startMs')}, election ${both('electionMs')}, return ${both('returnMs')}`)
  expect(seen.log).toContain('getaddrinfo ENOTFOUND nobody.invalid')
  expect(seen.log).toContain('no answer yet for silent.invalid')
  expect(Math.max(...seen.elections)).toBeLessThanOrEqual(mostElections(control))
  for (const what of spans) expect(seen[what], what).toBeLessThan(mostMs(control, what))
})

const mostElections = ({ elections }: Life): number => Math.max(...elections) + 1
const mostMs = (control: Life, what: (typeof spans)[number]): number => 2 * control[what] + SLACK_MS

function isAsQuick(seen: Life, control: Life): boolean {
  return Math.max(...seen.elections) <= mostElections(control) && spans.every((what) => seen[what] < mostMs(control, what))
}

// Writers that keep a server busy until it is killed under them, and what must then be found of what they wrote. Each of them writes in
// sequence: what is there must be the beginning of the sequence, at least as far as it was acknowledged.
import { expect } from 'vitest'
import { Code } from '../../src/protocol/codes.ts'
import type { ServerProcess } from '../peers/server-process.ts'
import { askedMulti, RawSession } from '../wire/raw-session.ts'
import type { Asked } from '../wire/raw-session.ts'
import { LONG_TIMEOUT_MS } from './interchange-workload.ts'
import type { Observation } from './observation.ts'
import { all, create, createContainer, createTtl, Flags, openAcl, play, remove, setData } from './requests.ts'

const HOUR_MS = 3_600_000
/** Requests that a writer has under way at a time. */
const WINDOW = 16
/** Every so many steps a node with its own ACL is written, which later goes. */
const SHORT_LIVED_EVERY = 4

export interface Writer {
  /** Its nodes are below this one. */
  readonly base: string
  /** Steps of its sequence that were acknowledged. */
  readonly acknowledged: number
}

/**
 * Writes from several sessions at once, kills the server in the middle of it, not before `isEnough`, asked now and then, and tells how far each
 * writer got.
 */
export async function killUnderLoad(
  server: ServerProcess,
  name: string,
  writers: number,
  steps: number,
  isEnough: () => boolean = () => true,
): Promise<Writer[]> {
  const sessions = await Promise.all(Array.from({ length: writers }, () => RawSession.open(server.port, { timeoutMs: LONG_TIMEOUT_MS })))
  const bases = sessions.map((_, index) => `/${name}-${index}`)
  const counters = bases.map((base) => `${base}/counter`)
  for (const [index, session] of sessions.entries()) await play(session, all(create(bases[index]), create(counters[index])))
  let total = 0
  const write = async (session: RawSession, base: string): Promise<Writer> => {
    for (let step = 0; ; step += WINDOW) {
      const replies = await session.askUntilEnd(Array.from({ length: WINDOW }, (_, index) => stepOf(base, step + index)))
      expect(replies.every(({ header }) => header.err === Code.OK)).toBe(true)
      total += replies.length
      // Whoever sees that it is enough ends it for all, while the others have requests under way.
      if (total >= steps && isEnough()) void server.kill()
      if (replies.length < WINDOW) return { base, acknowledged: step + replies.length }
    }
  }
  const done = await Promise.all(sessions.map((session, index) => write(session, bases[index])))
  for (const session of sessions) session.drop()
  await server.kill()
  return done
}

/** All that was acknowledged is there, and nothing of what came behind a step that is not. */
export function expectWritten({ nodes }: Observation, writers: readonly Writer[]): void {
  for (const { base, acknowledged } of writers) {
    const under = nodes.filter(({ path }) => path.startsWith(`${base}/step-`)).map(({ path }) => Number(path.slice(`${base}/step-`.length)))
    const steps = under.length
    expect(steps).toBeGreaterThanOrEqual(acknowledged)
    expect(under.sort((a, b) => a - b)).toEqual(Array.from({ length: steps }, (_, index) => index))
    const counter = nodes.find(({ path }) => path === `${base}/counter`)!
    expect(Buffer.from(counter.data!, 'hex').toString()).toBe(steps === 0 ? '' : String(steps - 1))
    expect(counter.stat.version).toBe(steps)
  }
}

/** A multi: the node of the step, the counter, and every few steps something that is short-lived or has an ACL of its own. */
function stepOf(base: string, step: number): Asked {
  const node = `${base}/step-${step}`
  const data = step % 3 === 0 ? null : `data of ${step}`
  const creations = [create(node, data), createContainer(node), createTtl(node, HOUR_MS), create(node, data, Flags.ephemeral)]
  const others: Asked[] = []
  const acl = [{ perms: 31, id: { scheme: 'ip', id: `127.0.0.${step % 200}` } }, ...openAcl]
  const shortLived = (index: number): string => `${base}/short-lived-${index}`
  if (step % SHORT_LIVED_EVERY === 0) others.push(create(shortLived(step), data, Flags.persistent, acl))
  if (step % SHORT_LIVED_EVERY === 1 && step > SHORT_LIVED_EVERY) others.push(remove(shortLived(step - 1 - SHORT_LIVED_EVERY)))
  return askedMulti([creations[step % creations.length], setData(`${base}/counter`, String(step)), ...others])
}

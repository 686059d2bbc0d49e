// One run: an ensemble, clients that ask all the time, and whatever is to happen to the servers meanwhile. At its end all is healed, everybody is
// served, and the history is checked.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { GetChildrenRequest, GetDataRequest, SyncRequest } from '../../src/jute/generated/proto.ts'
import type { GetChildrenResponse, GetDataResponse } from '../../src/jute/generated/proto.ts'
import { OpCode } from '../../src/protocol/codes.ts'
import { SeededRandom } from '../../src/sim/seeded-random.ts'
import type { EnsembleOptions } from '../ensemble/ensemble.ts'
import type { Member } from '../ensemble/member.ts'
import { eventually } from '../peers/processes.ts'
import { all, create, play } from '../storage/requests.ts'
import { recordOf } from '../wire/messages.ts'
import { asked } from '../wire/raw-session.ts'
import { HistoryClient } from './history-client.ts'
import type { HistoryClientOptions, Keys } from './history-client.ts'
import { History } from './history.ts'
import { linearizabilityFaults } from './linearizability.ts'
import { answerFaults, namingFaults } from './orders.ts'
import { startWired } from './wired-ensemble.ts'
import type { WiredEnsemble } from './wired-ensemble.ts'

const TICK_MS = 250
const SYNC_LIMIT = 8
/** How long a leader and a learner wait for each other. */
export const PATIENCE_MS = TICK_MS * SYNC_LIMIT
const SESSION_MS = 30_000
const SERVICE_LIMIT_MS = 90_000
type Habit = Pick<HistoryClientOptions, 'readShare' | 'hopAfter'>

/** Writers of all sorts, and readers, who wait for no write of their own and go from member to member. */
const HABITS = [...Array<Habit>(3).fill({ readShare: 0.35, hopAfter: 500 }), ...Array<Habit>(2).fill({ readShare: 0.97, hopAfter: 20 })]
const LOG_CHARS = 12_000

const parents = ['/g0', '/g1', '/names']
const keys: Keys = {
  single: ['/k0', '/k1', '/k2', '/k3', '/k4', '/k5'],
  groups: [
    ['/g0/a', '/g0/b'],
    ['/g1/a', '/g1/b'],
  ],
  names: '/names',
}

export interface RunOptions extends Pick<EnsembleOptions, 'voters' | 'observer' | 'command'> {
  readonly seed: number
  /** Whether a read behind a sync is current; default true. */
  readonly syncs?: boolean
}

export interface Scene extends WiredEnsemble {
  readonly random: SeededRandom
  /** What happens next, for whoever reads of a failure. */
  tell(what: string): void
  /** Comes back when all members serve and each client has had a write acknowledged from now on. */
  served(): Promise<void>
}

export interface Figures {
  readonly operations: number
  /** Of these, those whose fate no client was told. */
  readonly unanswered: number
  readonly connections: number
  readonly epochs: number
  /** Between two acknowledged writes of whatever clients. */
  readonly longestGapMs: number
  readonly toldOfGap: string
}

/** Throws when anything is wrong. With TSK_HISTORIES_KEEP the history is then kept in that directory. */
export async function run({ seed, syncs = true, ...members }: RunOptions, happen: (scene: Scene) => Promise<void>): Promise<Figures> {
  const config = { tickTime: String(TICK_MS), syncLimit: String(SYNC_LIMIT), maxSessionTimeout: String(SESSION_MS) }
  const wired = await startWired({ ...members, config })
  const random = new SeededRandom(seed)
  const history = new History()
  const clients = HABITS.map((habit, id) => {
    const pace = { depth: random.pick([1, 3, 8]), pauseMs: random.pick([10, 20, 40]) }
    const own = { id, random: new SeededRandom(seed * 100 + id), ...pace, ...habit }
    return new HistoryClient({ ports: wired.clientPorts, timeoutMs: SESSION_MS, keys, history, syncs, ...own })
  })
  const told: { readonly at: number; readonly what: string }[] = []
  const scene: Scene = {
    ...wired,
    random,
    tell: (what) => void told.push({ at: performance.now(), what }),
    served: () => allServed(wired, clients),
  }
  try {
    await setUp(wired)
    for (const client of clients) client.begin()
    await happen(scene)
    await scene.served()
    for (const client of clients) await client.end()
    check(history, await namesIn(wired))
    const { lastZxid } = await wired.ensemble.agree()
    const gap = longestGap(clients)
    return {
      operations: history.operations.length + history.namings.length,
      unanswered: history.operations.filter(({ outcome }) => outcome === undefined).length,
      connections: clients.reduce((sum, client) => sum + client.connections, 0),
      epochs: Number(lastZxid >> 32n),
      longestGapMs: Math.round(gap.lengthMs),
      toldOfGap: told.findLast(({ at }) => at < gap.until)?.what ?? '',
    }
  } catch (error) {
    await keep(history, seed)
    const what = [`seed ${seed}: ${(error as Error).message}`, ...told.map((one) => `${one.at.toFixed(0)} ${one.what}`)]
    throw new Error([...what, ...wired.ensemble.members.map(endOfLog)].join('\n'), { cause: error })
  } finally {
    for (const client of clients) client.drop()
    await wired.end()
  }
}

function check({ operations, answers, namings }: History, there: ReadonlyMap<string, string>): void {
  const faults = [...answerFaults(answers), ...namingFaults(namings, there), ...linearizabilityFaults(operations)]
  if (faults.length > 0) throw new Error(faults.join('\n'))
}

async function setUp({ ensemble }: WiredEnsemble): Promise<void> {
  const session = await ensemble.members[0].session(SESSION_MS)
  await play(session, all(...parents.map((path) => create(path))))
  await session.close()
}

async function allServed({ ensemble }: WiredEnsemble, clients: readonly HistoryClient[]): Promise<void> {
  await ensemble.allServe()
  const since = performance.now()
  for (const client of clients) {
    await eventually(`client ${client.id} is served`, SERVICE_LIMIT_MS, () => {
      if (client.failure !== undefined) throw client.failure
      return (client.acknowledgedAt.at(-1) ?? 0) > since ? true : undefined
    })
  }
}

async function namesIn({ ensemble }: WiredEnsemble): Promise<Map<string, string>> {
  const session = await ensemble.members[0].session(SESSION_MS)
  const listing = asked(OpCode.getChildren, GetChildrenRequest, { path: keys.names, watch: false })
  const [, listed] = await session.askAll([asked(OpCode.sync, SyncRequest, { path: '/' }), listing])
  const names = recordOf<GetChildrenResponse>(listed).children as string[]
  const replies = await session.askAll(names.map((name) => asked(OpCode.getData, GetDataRequest, { path: `${keys.names}/${name}`, watch: false })))
  await session.close()
  return new Map(names.map((name, index) => [name, Buffer.from(recordOf<GetDataResponse>(replies[index]).data!).toString()]))
}

function longestGap(clients: readonly HistoryClient[]): { readonly lengthMs: number; readonly until: number } {
  const times = clients.flatMap(({ acknowledgedAt }) => acknowledgedAt).sort((a, b) => a - b)
  const gaps = times.map((until, index) => ({ lengthMs: until - (times[index - 1] ?? until), until }))
  return gaps.reduce((longest, gap) => (gap.lengthMs > longest.lengthMs ? gap : longest))
}

async function keep(history: History, seed: number): Promise<void> {
  const directory = process.env['TSK_HISTORIES_KEEP']
  if (directory === undefined) return
  await mkdir(directory, { recursive: true })
  const text = JSON.stringify(history, (_key, value: unknown) => (typeof value === 'bigint' ? `0x${value.toString(16)}` : value === Infinity ? null : value), 1)
  await writeFile(join(directory, `history-${seed}.json`), text)
}

function endOfLog(member: Member): string {
  const lines = member
    .log()
    .split('\n')
    .filter((line) => !line.includes('srvr command'))
  return `${member.name} wrote:\n${lines.join('\n').slice(-LOG_CHARS)}`
}

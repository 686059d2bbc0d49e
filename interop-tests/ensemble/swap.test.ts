// The way of docs/migrate.md: a Java ensemble becomes ours, one server after the other on its own configuration and data directory, and Java again,
// while clients go on. TSK_ENSEMBLE_LONG=1 goes the way there and back three times.
import { afterEach, describe, expect, it } from 'vitest'
import { needPeer } from '../peers/peers.ts'
import { eventually } from '../peers/processes.ts'
import { setData } from '../storage/requests.ts'
import { Ensemble } from './ensemble.ts'
import { HeldSession } from './held-session.ts'
import type { Kind, Member } from './member.ts'
import { writeThrough } from './workload.ts'

const rounds = process.env['TSK_ENSEMBLE_LONG'] === '1' ? 3 : 1
const java = await needPeer('java')

const CLIENTS = 6
const SESSION_MS = 30_000
const EVENT_LIMIT_MS = 60_000

let ensemble: Ensemble | undefined
let clients: HeldSession[] = []
/** Which kinds have led each member in the life that it has now. */
let leaders = new Map<Member, Set<Kind>>()

afterEach(async () => {
  for (const client of clients) client.drop()
  clients = []
  await ensemble?.end()
  ensemble = undefined
})

describe.skipIf(java === undefined)('a rolling swap', () => {
  it('loses no write, applies none twice, and keeps sessions, ephemerals and watches', async () => {
    const members = (ensemble = await Ensemble.start({ voters: ['java', 'java', 'java'] }))
    leaders = new Map(members.members.map((member) => [member, new Set<Kind>(['java'])]))
    const ports = members.members.map(({ port }) => port)
    clients = Array.from({ length: CLIENTS }, (_none, index) => new HeldSession(`/held-${index}`, ports, index, SESSION_MS))
    await Promise.all(clients.map((client) => client.begin()))
    const ids = clients.map(({ id }) => id)

    await everyWatchFires(members)
    for (let round = 0; round < rounds; round++) {
      await swapAll(members, 'ours')
      await swapAll(members, 'java')
    }

    await Promise.all(clients.map((client) => client.end()))
    expect(clients.map(({ id }) => id)).toEqual(ids)
    const mismatches = await ofSnapshotsUnderLoad(members)
    await members.agree(mismatches)
    await Promise.all(members.members.map((member) => writeThrough(member, `/after-${member.place.id}`)))
    const { nodes } = await members.agree(mismatches)
    const stats = new Map(nodes.map(({ path, stat }) => [path, stat]))
    for (const client of clients) {
      expect(stats.get(`${client.base}/ephemeral`)).toMatchObject({ ephemeralOwner: client.id, version: 0 })
      expect(stats.get(`${client.base}/counter`)!.version).toBe(client.written)
      expect(client.reconnects).toBeGreaterThan(0)
    }
  })
})

/** As the page says: those that follow first, the leader last, and none before the one before it follows. */
async function swapAll(members: Ensemble, kind: Kind): Promise<void> {
  for (;;) {
    const leader = await members.leader()
    const others = members.members.filter((member) => member.kind !== kind)
    const next = others.find((member) => member !== leader) ?? others[0]
    if (next === undefined) return
    await next.stop()
    await next.start(kind)
    leaders.set(next, new Set())
    await next.serves()
    await members.allServe()
    const { kind: leaderKind } = await members.leader()
    for (const kinds of leaders.values()) kinds.add(leaderKind)
    await everyWatchFires(members)
  }
}

/**
 * A tree that is sent while writes go on is fuzzy, and has nothing to say where it ceases to be: what a Java leader has sent, a Java learner
 * compares with digests at once, and counts mismatches until it has caught up. What a leader of ours has sent costs none.
 */
async function ofSnapshotsUnderLoad(members: Ensemble): Promise<Map<Member, number>> {
  const learners = members.members.filter((member) => member.kind === 'java' && member.wasSentSnapshot && leaders.get(member)!.has('java'))
  return new Map(await Promise.all(learners.map(async (member) => [member, (await member.digestMismatches())!] as const)))
}

/** Each client is told, once, of a change that is made while it may be anywhere. */
async function everyWatchFires(members: Ensemble): Promise<void> {
  const session = await (await members.leader()).session(SESSION_MS)
  try {
    for (const client of clients) {
      const before = client.events.length
      await eventually(`${client.base} hears of a change`, EVENT_LIMIT_MS, async () => {
        if (client.failure !== undefined) throw client.failure
        if (client.events.length > before) return true
        await session.ask(setData(client.watched, ''))
        return undefined
      })
    }
  } finally {
    await session.close()
  }
}

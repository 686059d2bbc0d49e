// Elections with Java servers: they and a bare voter of ours come to the same leader, in the same bytes.
import { createServer } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { parseQuorumConfig } from '../../src/quorum/config/quorum-config.ts'
import type { QuorumConfig } from '../../src/quorum/config/quorum-config.ts'
import { needPeer } from '../peers/peers.ts'
import { freePort } from '../peers/ports.ts'
import { BareVoter, rewritten } from './bare-voter.ts'
import { startJavaVoter } from './java-voter.ts'
import type { JavaVoter } from './java-voter.ts'

const java = await needPeer('java')

const cleanups: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

interface Ensemble {
  readonly config: QuorumConfig
  ours(sid: number): BareVoter
  theirs(sid: number, options?: { version?: string; directory?: string }): Promise<JavaVoter>
}

async function ensemble(...roles: string[]): Promise<Ensemble> {
  const members: Record<string, string> = {}
  for (const [index, role] of roles.entries()) {
    members[`server.${index + 1}`] = `127.0.0.1:${await freePort()}:${await freePort()}:${role}`
  }
  const config = parseQuorumConfig(
    Object.entries(members)
      .map(([key, value]) => `${key}=${value}`)
      .join('\n'),
  )
  return {
    config,
    ours(sid) {
      const voter = new BareVoter(BigInt(sid), config)
      cleanups.push(() => voter.stop())
      return voter
    },
    async theirs(sid, options = {}) {
      const voter = await startJavaVoter({ sid, members, ...options })
      cleanups.push(() => voter.kill())
      return voter
    },
  }
}

const three = (): Promise<Ensemble> => ensemble('participant', 'participant', 'participant')
const heardOf = (sid: number, state: string): RegExp => new RegExp(`Notification: .*n\\.sid:${sid}, n\\.state:${state}`)
const following = /FOLLOWING - LEADER ELECTION TOOK/
const leading = /LEADING - LEADER ELECTION TOOK/

describe.skipIf(java === undefined)('with one Java server, the third down', () => {
  it('ours leads when it has the larger id', async () => {
    const servers = await three()
    const [ours, theirs] = [servers.ours(2), await servers.theirs(1)]
    ours.look()
    expect(await ours.decision()).toMatchObject({ role: 'leading', vote: { leader: 2n, zxid: 0n, peerEpoch: 0n } })
    await theirs.says(following)
    expect(await theirs.says(heardOf(2, 'LOOKING'))).toContain('n.leader:2, n.round:0x1, n.peerEpoch:0x0, n.zxid:0x0, message format version:0x2')
    // Nobody leads it, so it looks again, and now it is told that ours is settled.
    expect(await theirs.says(heardOf(2, 'LEADING'))).toContain('n.leader:2, n.round:0x1')
  })

  it('theirs leads when it has the larger id', async () => {
    const servers = await three()
    const [ours, theirs] = [servers.ours(1), await servers.theirs(2)]
    ours.look()
    expect(await ours.decision()).toMatchObject({ role: 'following', vote: { leader: 2n, zxid: 0n, peerEpoch: 0n } })
    await theirs.says(leading)
  })

  it('theirs leads when ours has no data to speak of, whatever the ids', async () => {
    const servers = await three()
    const [ours, theirs] = [servers.ours(3), await servers.theirs(1)]
    ours.look({ peerEpoch: -1n, zxid: -5n })
    expect(await ours.decision()).toMatchObject({ role: 'following', vote: { leader: 1n } })
    await theirs.says(leading)
  })
})

describe.skipIf(java === undefined)('with two Java servers', () => {
  it('ours takes part, joins, and comes to the next leader with them', async () => {
    const servers = await three()
    const ours = servers.ours(1)
    ours.look()
    const [second, third] = await Promise.all([servers.theirs(2), servers.theirs(3)])
    await Promise.all([second.says(/FOLLOWING - LEADER|LEADING - LEADER/), third.says(/FOLLOWING - LEADER|LEADING - LEADER/)])
    const [leader, follower] = leading.test(third.log()) ? [third, second] : [second, third]
    const leaderSid = leader === third ? 3n : 2n
    // They were started at once, so ours may have seen one of them before the other was there.
    expect(await ours.agree(leaderSid)).toMatchObject({ role: 'following' })

    // A newcomer, or one that has just been away, joins them in the epoch that has begun meanwhile.
    await follower.says(/Learner received UPTODATE message/)
    ours.look()
    expect(await ours.decision()).toMatchObject({ role: 'following', vote: { leader: leaderSid, peerEpoch: 1n } })

    // With the leader gone, the other Java server is chosen for its epoch, in a newer round than the last.
    await leader.kill()
    ours.look()
    const next = await ours.decision()
    expect(next).toMatchObject({ role: 'following', vote: { leader: leader === third ? 2n : 3n, peerEpoch: 1n } })
    await follower.says(leading)

    // Back again, the dead one is told by ours, too, whom it has.
    const back = await servers.theirs(Number(leaderSid), { directory: leader.directory })
    expect(await back.says(heardOf(1, 'FOLLOWING'))).toContain(`n.leader:${next.vote.leader}`)
  })

  it('ours is chosen when it has the better ballot', async () => {
    const servers = await three()
    const ours = servers.ours(1)
    ours.look({ peerEpoch: 3n, zxid: 0x3_0000_0001n })
    const theirs = await Promise.all([servers.theirs(2), servers.theirs(3)])
    expect((await ours.decision()).role).toBe('leading')
    // Who comes when the first has found out that ours does not really lead may see it otherwise.
    await Promise.any(theirs.map((server) => server.says(following)))
  })

  it('the bytes are the same, and so is the text of the configuration', async () => {
    const servers = await three()
    const ours = servers.ours(3)
    ours.look()
    await Promise.all([servers.theirs(1), servers.theirs(2)])
    await ours.decision()
    const looking = ours.received.filter((payload) => payload.length > 44)
    expect(looking.length).toBeGreaterThan(0)
    for (const payload of looking) {
      expect(Buffer.from(rewritten(payload)).toString('hex')).toBe(Buffer.from(payload).toString('hex'))
      expect(Buffer.from(payload.subarray(44)).toString()).toBe(servers.config.text)
    }
  })

  it('ours observes', async () => {
    const servers = await ensemble('participant', 'participant', 'observer')
    const ours = servers.ours(3)
    ours.look()
    const [first] = await Promise.all([servers.theirs(1), servers.theirs(2)])
    expect(await ours.decision()).toMatchObject({ role: 'observing', vote: { leader: 2n } })
    expect(first.log()).not.toMatch(heardOf(3, 'LOOKING'))
  })
})

describe('with a Java server of', () => {
  it.each(['3.5.10', '3.6.4', '3.7.2', '3.8.6'])('%s', async (version) => {
    if ((await needPeer(`java-${version}`)) === undefined) return
    const servers = await three()
    const follower = firstFollower(servers.config.members.get(2n)!.addresses[0].quorumPort)
    const ours = servers.ours(2)
    await servers.theirs(1, { version })
    ours.look()
    expect(await ours.decision()).toMatchObject({ role: 'leading', vote: { leader: 2n } })
    // Old servers log elsewhere, but all say FOLLOWERINFO, and from whom.
    expect(await follower).toMatchObject({ type: 11, sid: 1n })
    expect(Buffer.from(rewritten(ours.received[0]))).toEqual(Buffer.from(ours.received[0]))
  })
})

/** What the first server says that comes to follow. */
function firstFollower(quorumPort: number): Promise<{ type: number; sid: bigint }> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined)
      socket.once('data', (packet) => resolve({ type: packet.readInt32BE(0), sid: packet.readBigInt64BE(16) }))
      cleanups.push(() => Promise.resolve(void socket.destroy()))
    })
    server.once('error', reject)
    server.listen(quorumPort, '127.0.0.1')
    cleanups.push(() => new Promise((closed) => server.close(() => closed())))
  })
}

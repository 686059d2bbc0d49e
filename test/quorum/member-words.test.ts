// What the four-letter words say of members: the values that only a leader, a follower or an observer has.
import { connect } from 'node:net'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { startTestEnsemble } from '../../src/testing/index.ts'
import type { TestEnsemble, TestMember } from '../../src/testing/index.ts'
import { create } from '../support/requests.ts'
import { TcpSession } from '../support/tcp-session.ts'

const WORDS = { tickTime: 1000, syncLimit: 20, fourLetterWords: 'all' } as const

const ensembles: TestEnsemble[] = []
afterEach(async () => {
  for (const ensemble of ensembles.splice(0)) await ensemble.close()
})

async function start(size: number, observers: number): Promise<TestEnsemble> {
  const ensemble = await startTestEnsemble(size, { observers, settings: WORDS })
  ensembles.push(ensemble)
  return ensemble
}

function ask({ port }: TestMember, word: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = ''
    const socket = connect({ port, host: '127.0.0.1' })
    socket.setEncoding('utf8')
    socket.on('connect', () => socket.write(word))
    socket.on('data', (text: string) => (answer += text))
    socket.on('error', reject)
    socket.on('close', () => resolve(answer))
  })
}

/** Name and value of each line. */
async function monitored(member: TestMember): Promise<Map<string, string>> {
  const text = await ask(member, 'mntr')
  return new Map(
    text
      .trimEnd()
      .split('\n')
      .map((line) => line.split('\t') as [string, string]),
  )
}

/** What a client was told of may be on its way to the others. */
async function allHaveApplied({ members }: TestEnsemble): Promise<void> {
  await vi.waitFor(
    async () => {
      const answers = await Promise.all(members.map((member) => ask(member, 'srvr')))
      expect(new Set(answers.map((answer) => /^Zxid: .*$/m.exec(answer)![0])).size).toBe(1)
    },
    { timeout: 60_000 },
  )
}

const LEADER_NAMES = [
  'zk_last_proposal_size',
  'zk_leader_uptime',
  'zk_learners',
  'zk_max_proposal_size',
  'zk_min_proposal_size',
  'zk_pending_syncs',
  'zk_quorum_size',
  'zk_synced_followers',
  'zk_synced_non_voting_followers',
  'zk_synced_observers',
]

describe('mntr', () => {
  it('has the values of its role', async () => {
    const ensemble = await start(3, 1)
    const leader = await ensemble.leader()
    const follower = ensemble.members.find(({ role }) => role === 'follower')!
    const session = await TcpSession.open(leader.port)
    await session.ok(create('/x', { data: Buffer.alloc(1000) }))
    await session.drop()
    await allHaveApplied(ensemble)
    const [ofLeader, ofFollower, ofObserver] = await Promise.all([leader, follower, ensemble.members[3]].map(monitored))
    const onlyOfLeader = [...ofLeader.keys()].filter((name) => !ofFollower.has(name))
    const ofLearners = onlyOfLeader.filter((name) => name.includes('_learner_handler_qp_'))
    expect(onlyOfLeader.filter((name) => !ofLearners.includes(name)).sort()).toEqual(LEADER_NAMES.filter((name) => name !== 'zk_quorum_size'))
    const learners = ensemble.members.map(({ id }) => id).filter((id) => id !== leader.id)
    expect(ofLearners.filter((name) => name.startsWith('zk_sum_')).sort()).toEqual(
      learners.flatMap((id) => [`zk_sum_${id}_learner_handler_qp_size`, `zk_sum_${id}_learner_handler_qp_time_ms`]),
    )
    for (const id of learners) expect(Number(ofLeader.get(`zk_cnt_${id}_learner_handler_qp_size`))).toBeGreaterThan(0)
    // A session and a node, as each of them has seen it.
    expect([ofLeader.get('zk_proposal_count'), ofLeader.get('zk_commit_count')]).toEqual(['2', '2'])
    expect(ofLeader.get('zk_cnt_quorum_ack_latency')).toBe('2')
    expect([ofFollower.get('zk_learner_proposal_received_count'), ofFollower.get('zk_cnt_proposal_latency')]).toEqual(['2', '2'])
    expect([ofObserver.get('zk_learner_proposal_received_count'), ofObserver.get('zk_learner_commit_received_count')]).toEqual(['0', '2'])
    for (const values of [ofLeader, ofFollower, ofObserver]) {
      expect(values.get('zk_cnt_propagation_latency')).toBe('2')
      expect([values.get('zk_looking_count'), values.get('zk_cnt_unavailable_time')]).toEqual(['1', '1'])
    }
    expect([ofLeader, ofFollower, ofObserver].map((values) => values.get('zk_cnt_election_time'))).toEqual(['1', '1', '0'])
    expect([ofFollower.get('zk_cnt_follower_sync_time'), ofObserver.get('zk_cnt_observer_sync_time')]).toEqual(['1', '1'])
    expect([...ofFollower.keys()].filter((name) => !ofLeader.has(name))).toEqual([])
    expect([...ofObserver.keys()].filter((name) => !ofFollower.has(name))).toEqual(['zk_observer_master_id'])
    expect(ofObserver.get('zk_observer_master_id')).toBe(String(leader.id))
    const states = [ofLeader, ofFollower, ofObserver].map((values) => [
      values.get('zk_server_state'),
      values.get('zk_peer_state'),
      values.get('zk_quorum_size'),
    ])
    expect(states).toEqual([
      ['leader', 'leading - broadcast', '3'],
      ['follower', 'following - broadcast', '3'],
      ['observer', 'observing - broadcast', '3'],
    ])
    const values = Object.fromEntries(LEADER_NAMES.map((name) => [name.slice(3), Number(ofLeader.get(name))] as const))
    expect(values).toMatchObject({ learners: 3, synced_followers: 2, synced_non_voting_followers: 0, synced_observers: 1, pending_syncs: 0 })
    expect(values['leader_uptime']).toBeGreaterThanOrEqual(0)
    expect(values['max_proposal_size']).toBeGreaterThan(1000)
    expect(values['last_proposal_size']).toBe(values['max_proposal_size'])
    expect(values['min_proposal_size']).toBeLessThan(200)
  })
})

describe('srvr', () => {
  it('names the mode, and the sizes of proposals on the leader alone', async () => {
    const ensemble = await start(2, 1)
    const leader = await ensemble.leader()
    for (const member of ensemble.members) {
      const text = await ask(member, 'srvr')
      expect(text).toContain(`\nMode: ${member.role}\n`)
      expect(text.includes('\nProposal sizes last/min/max: -1/-1/-1\n')).toBe(member === leader)
    }
  })
})

describe('conf', () => {
  it('goes on with the ensemble', async () => {
    const ensemble = await start(2, 1)
    const members =
      '\nmembership: \nserver.1=member-1:2888:3888:participant\nserver.2=member-2:2888:3888:participant\nserver.3=member-3:2888:3888:observer\nversion=0'
    for (const [index, peerType] of [0, 0, 1].entries()) {
      const text = await ask(ensemble.members[index], 'conf')
      const own = `\nserverId=${index + 1}\ninitLimit=10\nsyncLimit=20\nelectionAlg=3\nelectionPort=3888\nquorumPort=2888\npeerType=${peerType}`
      expect(text).toMatch(new RegExp(`${own}${members}$`))
    }
  })
})

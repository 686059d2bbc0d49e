// Peers that say what cannot be, to whole members: nothing is thrown out of an event, nobody stops, nobody else notices.
import { describe, expect, test } from 'vitest'
import { QuorumPacket } from '../../src/jute/generated/quorum.ts'
import { JuteWriter } from '../../src/jute/writer.ts'
import { Code, OpCode } from '../../src/protocol/codes.ts'
import { OPS } from '../../src/server/ops/index.ts'
import { FakeEnsemble } from '../support/fake-ensemble.ts'
import { seededRandom } from '../support/fake-host.ts'
import { ImpostorLeader, strangerTo } from '../support/impostors.ts'
import type { RawPeer } from '../support/impostors.ts'
import * as ask from '../support/requests.ts'
import { packetOf } from '../support/zab-script.ts'

/** Of spoiled conversations; more are not needed every day. */
const SEEDS = Number(process.env.HOSTILE_SEEDS ?? 8)

function bytesOf(...texts: string[]): Buffer {
  const w = new JuteWriter()
  for (const text of texts) QuorumPacket.write(w, packetOf(text))
  return Buffer.from(w.copy())
}

/** Some bytes changed, some perhaps missing, some perhaps twice. */
function spoiled(bytes: Uint8Array, seed: number): Buffer {
  const { below } = seededRandom(seed)
  const copy = Buffer.from(bytes)
  for (let change = below(4); change >= 0; change--) copy[below(copy.length)] = [0, 0xff, 0x7f, 0x80, below(256)][below(5)]!
  const at = below(copy.length)
  switch (below(4)) {
    case 0:
      return Buffer.concat([copy.subarray(0, at), copy.subarray(at + below(8))])
    case 1:
      return Buffer.concat([copy.subarray(0, at), copy.subarray(Math.max(0, at - below(64)))])
    default:
      return copy
  }
}

describe('a leader', () => {
  const GREETING = 'FOLLOWERINFO 1:0 sid=7'
  const PHASES = [[], [GREETING], [GREETING, 'ACKEPOCH 1:0 -1'], [GREETING, 'ACKEPOCH 1:0 -1', 'ACK 1:0']]
  const WORDS = [
    'ACK 1:1',
    'PING 1:0 7/4000',
    'REVALIDATE -1 7/4000',
    'REQUEST -1 null',
    'SYNC 0:0',
    'UPTODATE',
    'ACKEPOCH 1:0 5',
    GREETING,
    'TYPE-1 -1',
    'TYPE2147483647 5:5',
  ]

  test('goes on, whatever is said to it in whatever phase', () => {
    const ensemble = new FakeEnsemble('1 2 3')
    const leader = ensemble.converge()
    const session = leader.session()
    let seed = 1
    for (const phase of PHASES) {
      for (let round = 0; round < 60; round++) {
        const peer = strangerTo(ensemble, 3)
        peer.say(bytesOf(...phase))
        peer.say(spoiled(bytesOf(...WORDS.slice(round % WORDS.length), ...WORDS), seed++))
        peer.socket.destroy()
        ensemble.world.settle()
      }
      session.ok(ask.setData('/', String(seed)))
    }
    expect(ensemble.states).toEqual({ 1: 'following broadcast', 2: 'following broadcast', 3: 'leading broadcast' })
    expect(leader.fatal).toEqual([])
    expect([...leader.server!.replica.tree.walks]).toEqual([])
  })

  test('makes room for learners among those who connect and say nothing', () => {
    const ensemble = new FakeEnsemble('1 2 3', {}, [2, 3])
    ensemble.converge()
    const silent = Array.from({ length: 400 }, () => strangerTo(ensemble, 3))
    expect(silent.filter(({ isEnded }) => isEnded).length).toBe(144)
    ensemble.member(1).start()
    ensemble.converge()
    expect(ensemble.states[1]).toBe('following broadcast')
    ensemble.world.advance(5000)
    expect(silent.every(({ isEnded }) => isEnded)).toBe(true)
    expect(ensemble.states).toEqual({ 1: 'following broadcast', 2: 'following broadcast', 3: 'leading broadcast' })
  })

  /** One that is served and forwards requests. */
  function forwarder(ensemble: FakeEnsemble): RawPeer {
    const peer = strangerTo(ensemble, 3)
    // One after the other: its history is looked for on the disk between two.
    for (const packet of PHASES[3]) peer.say(bytesOf(packet))
    peer.take()
    return peer
  }

  function forward(peer: RawPeer, type: number, body: string, ids = 'ffffffff'): void {
    const data = `0000000000000007 00000001 ${(type >>> 0).toString(16).padStart(8, '0')} ${body}`.replaceAll(' ', '')
    peer.sayHex(`00000001 ffffffffffffffff ${(data.length / 2).toString(16).padStart(8, '0')} ${data} ${ids}`)
  }

  test('refuses forwarded writes that cannot be decoded with a txn, and goes on', () => {
    const ensemble = new FakeEnsemble('1 2 3')
    const leader = ensemble.converge()
    const peer = forwarder(ensemble)
    const writes = [...OPS.values()].filter(({ kind, type }) => kind === 'write' && type > 0)
    let zxid = leader.zxid
    for (const { type } of writes) {
      for (const body of ['', 'ff', '7fffffff', '00000001', 'ffffffff', `00000000${'ff'.repeat(20)}`, '00000001 2f ffffffff ffffffff 00000000']) {
        forward(peer, type, body)
        expect(leader.zxid).toBe(++zxid)
      }
    }
    expect(peer.isEnded).toBe(false)
    expect(ensemble.states).toEqual({ 1: 'following broadcast', 2: 'following broadcast', 3: 'leading broadcast' })
    expect(leader.session().err(ask.create('/good'))).toBe(Code.OK)
    ensemble.world.settle()
    expect(ensemble.member(1).zxid).toBe(ensemble.member(3).zxid)
  })

  test('minds neither identities without a name nor random bodies', () => {
    const ensemble = new FakeEnsemble('1 2 3')
    const leader = ensemble.converge()
    leader.session().ok(ask.create('/closed', { acl: [ask.acl(31, 'digest', 'u:x')] }))
    const types = [...OPS.keys(), OpCode.createSession, OpCode.closeSession, OpCode.deleteContainer, OpCode.check, OpCode.sync]
    const { bytes, below } = seededRandom(5)
    for (let round = 0; round < 200; round++) {
      const peer = forwarder(ensemble)
      const body = Buffer.concat([Buffer.from('000000072f636c6f736564', 'hex'), bytes(below(40))]).toString('hex')
      forward(peer, types[below(types.length)], body, '00000001 ffffffff ffffffff')
      forward(peer, types[below(types.length)], Buffer.from(bytes(below(40))).toString('hex'), '00000001 00000006 646967657374 ffffffff')
      peer.socket.destroy()
    }
    expect(ensemble.converge().sid).toBe(3)
    expect(ensemble.member(3).fatal).toEqual([])
    ensemble.member(1).session().ok(ask.create('/good'))
  })

  test('lets go of who asks for more than can be under way, behind a sync or not', () => {
    for (const isBehindSync of [false, true]) {
      const ensemble = new FakeEnsemble('1 2 3', { learnersAskedBytes: 100_000 })
      const leader = ensemble.converge()
      const peer = forwarder(ensemble)
      // Nothing is committed, and no sync answered, any more.
      for (const sid of [1, 2]) ensemble.member(sid).kill()
      if (isBehindSync) forward(peer, OpCode.sync, '00000001 2f')
      for (let count = 0; count < 50; count++) forward(peer, OpCode.delete, '00000002 2f78 ffffffff')
      expect(peer.isEnded).toBe(false)
      for (let count = 0; count < 150; count++) forward(peer, OpCode.delete, '00000002 2f78 ffffffff')
      expect(peer.isEnded).toBe(true)
      expect(leader.state).toBe('leading broadcast')
    }
  })

  test('never executes deleteContainer and check for a learner, and closes who forwards a read', () => {
    const ensemble = new FakeEnsemble('1 2 3')
    const leader = ensemble.converge()
    leader.session().ok(ask.create('/kept'))
    const peer = forwarder(ensemble)
    forward(peer, OpCode.deleteContainer, '00000005 2f6b657074')
    forward(peer, OpCode.check, '00000005 2f6b657074 00000000')
    expect(leader.data('/kept')).toBe('')
    expect(leader.zxid).toBe(0x1_0000_0004n)
    expect(peer.isEnded).toBe(false)
    forward(peer, OpCode.getData, '00000005 2f6b657074 00')
    expect(peer.isEnded).toBe(true)
  })
})

describe('a learner', () => {
  const SNAPSHOT = Buffer.from(
    (
      '00000001 0000000000000007 00000fa0 00000001 0000000000000001 00000001 0000001f 00000005 776f726c64 00000006 616e796f6e65' +
      ['00000000', '00000005 2f6e6f6465'].map((path) => `${path} 00000002 6869 0000000000000001 ${'00'.repeat(60)}`).join('') +
      '00000001 2f 0000000a 42656e57617348657265'
    ).replaceAll(' ', ''),
    'hex',
  )
  const SESSION = '03000022e32e0000'
  const OPEN = '000000010000001f00000005776f726c6400000006616e796f6e65'
  const TXNS = [
    `${SESSION} 00000000 0000000100000001 000001a1ffea5701 fffffff6 00002710`,
    `${SESSION} 00000001 0000000100000002 000001a1ffea5701 00000001 00000002 2f78 00000002 3130 ${OPEN} 01 00000001`,
    `${SESSION} 00000002 0000000100000003 000001a1ffea5701 00000005 00000002 2f78 00000002 3131 00000001 00000002 0000000143b91ba4`,
    `${SESSION} 00000003 0000000100000004 000001a1ffea5701 0000000e 00000002 00000001 0000002c 00000002 2f79 00000002 3131 ${OPEN} 00 00000002 00000002 00000006 00000002 2f79`,
    `${SESSION} 00000004 0000000100000005 000001a1ffea5701 fffffff5 00000001 00000002 2f78`,
  ].flatMap((txn, index) => [`PROPOSAL 1:${index + 1} hex=${txn.replaceAll(' ', '')}`, `COMMIT 1:${index + 1}`])
  const DIFF = bytesOf('DIFF 1:5', ...TXNS, 'NEWLEADER 1:0')
  const SNAP = Buffer.concat([bytesOf('SNAP 1:2'), SNAPSHOT, bytesOf('PROPOSAL 1:3', 'COMMIT 1:3', 'NEWLEADER 1:0')])
  const BROADCAST = bytesOf(...TXNS.slice(6), 'PING 1:4', 'REVALIDATE -1 7/yes', 'SYNC 0:0', 'INFORM 1:6')
  const LEADERINFO = bytesOf('LEADERINFO 1:0')

  test('takes both histories as they are, unspoiled', () => {
    for (const [history, zxid] of [
      [DIFF, 5n],
      [SNAP, 3n],
    ] as const) {
      const ensemble = new FakeEnsemble('1 2', {}, [1])
      const leader = new ImpostorLeader(ensemble, 2)
      ensemble.until('it dials', () => leader.followers.length === 1)
      for (const good of [LEADERINFO, history, bytesOf('UPTODATE')]) leader.follower.say(good)
      expect([ensemble.states[1], ensemble.member(1).zxid]).toEqual(['following broadcast', (1n << 32n) + zxid])
    }
  })

  test('that has found a hole asks the leader anew, and does not wait for one that looks', () => {
    const ensemble = new FakeEnsemble('1 2', {}, [1])
    const member = ensemble.member(1)
    const leader = new ImpostorLeader(ensemble, 2)
    ensemble.until('it dials', () => leader.followers.length === 1)
    leader.follower.say(LEADERINFO)
    leader.shut()
    leader.follower.say(bytesOf('DIFF 1:9', 'PROPOSAL 1:5'))
    expect(member.state).toBe('following discovery')
    leader.stand()
    ensemble.world.settle()
    expect(member.state).toBe('looking')
  })

  test('that is refused again and again takes its time', () => {
    const ensemble = new FakeEnsemble('1 2', {}, [1])
    const leader = new ImpostorLeader(ensemble, 2)
    let seen = 0
    for (let ms = 0; ms < 3000; ms += 10) {
      ensemble.world.advance(10)
      if (seen === leader.followers.length) continue
      leader.follower.say(bytesOf('DIFF 1:1'))
      leader.stand()
      seen = leader.followers.length
    }
    expect(seen).toBeGreaterThan(8)
    expect(seen).toBeLessThan(20)
  })

  test.each<[string, Buffer[], Buffer]>([
    ['LEADERINFO', [], Buffer.concat([LEADERINFO, DIFF])],
    ['a DIFF', [LEADERINFO], DIFF],
    ['a SNAP', [LEADERINFO], SNAP],
    ['the broadcast', [LEADERINFO, SNAP, bytesOf('UPTODATE')], BROADCAST],
  ])('that gets %s spoiled leaves its leader or ends as Java would, and nothing else', (_, before, bytes) => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const ensemble = new FakeEnsemble('1 2', {}, [1])
      const member = ensemble.member(1)
      const leader = new ImpostorLeader(ensemble, 2)
      ensemble.until('it dials', () => leader.followers.length === 1)
      for (const good of before) leader.follower.say(good)
      leader.follower.say(spoiled(bytes, seed))
      leader.follower.say(bytesOf('UPTODATE'))
      ensemble.world.advance(200)
      leader.follower.socket.destroy()
      ensemble.world.advance(200)
      expect(member.fatal.filter((reason) => !/^1[23]: /.test(reason))).toEqual([])
      if (member.fatal.length === 0) expect([seed, member.state]).toEqual([seed, 'looking'])
      // What it has taken for good is on its disk, whole.
      member.kill()
      member.fatal.length = 0
      member.start()
      ensemble.world.settle()
      expect([seed, member.fatal, member.server === undefined]).toEqual([seed, [], false])
    }
  })
})

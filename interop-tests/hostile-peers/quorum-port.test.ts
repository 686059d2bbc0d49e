// The quorum port of a leader of ours under everything that may come there: noise, learners that are none, and learners that are served and then say
// what no learner would. TSK_HOSTILE=full sends ten times as much.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Code, OpCode } from '../../src/protocol/codes.ts'
import { PacketType } from '../../src/quorum/zab/packets.ts'
import type { Member } from '../ensemble/member.ts'
import { Random } from '../oracle/random.ts'
import { inUse, megabytes } from '../peers/memory.ts'
import type { Memory } from '../peers/memory.ts'
import { eventually } from '../peers/processes.ts'
import { all, create, play, setData } from '../storage/requests.ts'
import { FalseLearner, lastZxid } from './learner.ts'
import { crowd, dropAll, RawPeer } from './raw-peer.ts'
import { Stage } from './stage.ts'
import { asking, greeting, int, joining, LARGEST, long, ODD_INTS, ODD_LONGS, packet, SMALLEST, text } from './words.ts'
import type { Greeting } from './words.ts'

const TIMES = process.env['TSK_HOSTILE'] === 'full' ? 10 : 1
const MB = 1024 * 1024
const CLOSE_ALL_BYTES = 32 * MB
/** Beside what waits: a room of up to twice the length of a packet, what is on its way to the socket, and what goes out before the next cut. */
const MOST_BESIDE_BYTES = 4 * MB
const LOG_LIMIT_MS = 10_000
/** Of 4 MB each. */
const ROUNDS = 6 * TIMES
/** Half of what a leader waits for a first word: initLimit of the members. */
const CUT_LIMIT_MS = 5000
/** A server that no line names. */
const NOBODY = 99n
const LEADER = 3n

let stage: Stage
let before: ReadonlyMap<Member, Memory>

beforeAll(async () => {
  const config = {
    'tskeeper.learnerCloseBytes': String(8 * MB),
    'tskeeper.learnersCloseBytes': String(CLOSE_ALL_BYTES),
    'tskeeper.learnersAskedBytes': String(32 * MB),
  }
  stage = await Stage.open({ config })
  const session = await stage.leader.session(20_000)
  await play(session, all(create('/big')))
  await session.close()
  await writeMuch(1)
  before = await stage.memories()
})
afterAll(() => stage.end())

/** Writes through a follower; gives the most that the leader had in use meanwhile. */
async function writeMuch(rounds = ROUNDS): Promise<Memory> {
  const session = await stage.ensemble.member(2).session(20_000)
  let most = await stage.memory(stage.leader)
  for (let round = 0; round < rounds; round++) {
    await play(
      session,
      Array.from({ length: 4 }, () => [setData('/big', Buffer.alloc(MB - 1000, round)), Code.OK]),
    )
    const now = await stage.memory(stage.leader)
    if (inUse(now) > inUse(most)) most = now
  }
  // The newest txns stay in memory in any case: small ones take the place of the large ones.
  for (let times = 0; times < 3; times++)
    await play(
      session,
      Array.from({ length: 200 }, () => [setData('/big', 'small'), Code.OK]),
    )
  await session.close()
  return most
}

const port = (): number => stage.leader.place.ports.quorum

/** Each on a connection of its own. */
async function sayAll(sayings: readonly Uint8Array[]): Promise<void> {
  await stage.undisturbed(async () => {
    const peers = await crowd(port(), sayings.length, (index) => sayings[index])
    await Promise.all(peers.map((peer) => peer.hasSpoken()))
    await stage.goesOn()
    dropAll(peers)
  })
}

describe('the quorum port', () => {
  it('hears garbage', async () => {
    const random = new Random(1)
    await sayAll(Array.from({ length: 200 * TIMES }, () => random.bytes(random.below(4096))))
  })

  it('hears packets of any type and length, and halves of them', async () => {
    const sayings: Buffer[] = []
    for (let type = -1; type <= 20; type++) sayings.push(packet(type, -1n), packet(type, LARGEST, Buffer.alloc(20, 0xff)))
    for (const length of [-2, 1025, 2_097_151, 0x7fff_ffff, -0x8000_0000])
      sayings.push(Buffer.concat([int(PacketType.FOLLOWERINFO), long(0n), int(length), Buffer.alloc(1000)]))
    for (const ids of [-2, 10_001, 0x7fff_ffff]) sayings.push(Buffer.concat([greeting(NOBODY).subarray(0, -4), int(ids), Buffer.alloc(1000)]))
    for (let length = 1; length < greeting(NOBODY).length; length++) sayings.push(greeting(NOBODY).subarray(0, length))
    await sayAll(sayings)
  })

  it('hears nothing from 500, and learners all the same', async () => {
    const peers = await crowd(port(), 500 * TIMES, (index) => greeting(NOBODY).subarray(0, (index % 5) * 9))
    await stage.undisturbed(async () => {
      const learner = await FalseLearner.join(stage.leader, NOBODY)
      expect(learner.peer.isClosed).toBe(false)
      learner.peer.drop()
    })
    // At once, and not when the leader waits for nobody's first word any more.
    await eventually('most are cut', CUT_LIMIT_MS, () => (peers.filter(({ isClosed }) => !isClosed).length <= 256 ? true : undefined))
    dropAll(peers)
  })
})

describe('a learner that is none', () => {
  const epochs = { last: 0x7fff_ffffn, negative: -1n }

  it.each<[string, bigint, Greeting]>([
    ['has the id of the leader', LEADER, {}],
    ...Object.entries(epochs).map(([what, acceptedEpoch]): [string, bigint, Greeting] => [
      `has accepted an epoch that cannot be (${what})`,
      1n,
      { acceptedEpoch },
    ]),
    ['knows a newer configuration', 1n, { configVersion: LARGEST }],
    ['speaks an older protocol', 1n, { protocolVersion: 0xffff }],
  ])('and %s is sent away', async (_what, sid, words) => {
    await stage.undisturbed(async () => {
      const peer = await RawPeer.open(port())
      peer.say(greeting(sid, words))
      await peer.untilClosed()
    })
  })

  it('and says that it is a member that is there already harms nobody, however often', async () => {
    await sayAll([1n, 2n].flatMap((sid) => Array.from({ length: 50 * TIMES }, () => greeting(sid))))
  })

  it('and holds a history that nobody has is synchronized or sent away', async () => {
    const histories = [...ODD_LONGS, ...ODD_LONGS.map((zxid) => BigInt.asIntN(64, zxid + (1n << 32n))), 1n << 32n, (1n << 32n) + 0xffff_ffffn]
    const endings = [int(-1), int(0), int(0x7fff_ffff), int(-0x8000_0000), null, Buffer.alloc(3), Buffer.alloc(2000)]
    await sayAll(histories.flatMap((zxid) => endings.map((data) => Buffer.concat([greeting(NOBODY), packet(PacketType.ACKEPOCH, zxid, data)]))))
  })

  it('and comes with every type at every step is sent away or passed over', async () => {
    const zxid = await lastZxid(stage.leader)
    const steps = [joining(NOBODY, zxid).subarray(0, 44), joining(NOBODY, zxid)]
    const types = Array.from({ length: 22 }, (_none, index) => index - 1).filter((type) => type !== PacketType.REQUEST)
    await sayAll(
      steps.flatMap((step) =>
        types.flatMap((type) =>
          [null, Buffer.alloc(0), Buffer.alloc(3), Buffer.alloc(1000, 0xff)].map((data) => Buffer.concat([step, packet(type, -1n, data)])),
        ),
      ),
    )
  })
})

describe('a learner that is served', () => {
  it('acknowledges what was never proposed', async () => {
    const zxid = await lastZxid(stage.leader)
    const acks = [...ODD_LONGS, zxid + 1_000_000n, zxid - 1n, 0n].map((one) => packet(PacketType.ACK, one))
    await sayAll([NOBODY, 1n].map((sid) => Buffer.concat([joining(sid, zxid), ...acks])))
  })

  it('echoes pings that nobody sent, for sessions that nobody has, in pieces', async () => {
    const zxid = await lastZxid(stage.leader)
    const touches = ODD_LONGS.flatMap((session) => ODD_INTS.map((timeout) => Buffer.concat([long(session), int(timeout)])))
    const pings = [Buffer.alloc(0), Buffer.concat(touches), Buffer.alloc(12 * 100_000, 1)].map((data) => packet(PacketType.PING, zxid, data))
    const broken = [null, Buffer.alloc(5), Buffer.alloc(13)].map((data) => packet(PacketType.PING, zxid, data))
    await sayAll([Buffer.concat([joining(NOBODY, zxid), ...pings]), ...broken.map((ping) => Buffer.concat([joining(NOBODY, zxid), ping]))])
  })

  it('asks for sessions that nobody has, with timeouts that are none', async () => {
    const learner = await FalseLearner.join(stage.leader, NOBODY)
    await stage.undisturbed(async () => {
      for (const session of ODD_LONGS)
        for (const timeout of ODD_INTS) learner.peer.say(packet(PacketType.REVALIDATE, -1n, Buffer.concat([long(session), int(timeout)])))
      expect([...(await learner.hears(PacketType.REVALIDATE)).data!].at(-1)).toBe(0)
    })
    expect(learner.peer.isClosed).toBe(false)
    learner.peer.say(packet(PacketType.REVALIDATE, -1n, long(7n)))
    await learner.peer.untilClosed()
  })

  it('forwards writes of every type with bodies that are none, for sessions that cannot be', async () => {
    const bodies = [
      Buffer.alloc(0),
      int(-1),
      int(0x7fff_ffff),
      int(-2),
      text('/x'),
      Buffer.concat([text('/x'), int(-1, 0x7fff_ffff)]),
      Buffer.alloc(64, 0xff),
      Buffer.alloc(64),
    ]
    const writes = [1, 2, 5, 7, 13, 14, 15, 16, 19, 20, 21, -10, -11]
    const sessions = [0n, 7n, -1n, LARGEST, SMALLEST, BigInt.asIntN(64, 0xff00_0000_0000_0001n)]
    const learner = await FalseLearner.join(stage.leader, NOBODY)
    await stage.undisturbed(async () => {
      for (const session of sessions) for (const type of writes) for (const body of bodies) learner.peer.say(asking(session, 1, type, body))
      learner.peer.say(asking(7n, 2, OpCode.sync, text('/')))
      // Answered last: everything before it has been judged.
      await learner.hears(PacketType.SYNC)
    })
    expect(learner.heard).toContain(PacketType.PROPOSAL)
    learner.peer.drop()
  })

  it.each([
    ['a read', OpCode.getData],
    ['a ping', OpCode.ping],
    ['what nobody knows', 12345],
  ])('and forwards %s is sent away', async (_what, type) => {
    const learner = await FalseLearner.join(stage.leader, NOBODY)
    await stage.undisturbed(async () => {
      learner.peer.say(asking(7n, 1, type, text('/')))
      await learner.peer.untilClosed()
    })
  })

  it('makes nodes that belong to sessions that cannot be', async () => {
    const sessions = [1n, -1n, LARGEST, SMALLEST, SMALLEST + 1n, BigInt.asIntN(64, 0xff00_0000_0000_0001n)]
    const openAcl = Buffer.concat([int(1, 31), text('world'), text('anyone')])
    const learner = await FalseLearner.join(stage.leader, NOBODY)
    await stage.undisturbed(async () => {
      sessions.forEach((session, index) => {
        learner.peer.say(asking(session, 0, OpCode.createSession, int(ODD_INTS[index])))
        learner.peer.say(asking(session, 1, OpCode.create, Buffer.concat([text(`/odd-${index}`), text('x'), openAcl, int(1)])))
        learner.peer.say(asking(session, 2, OpCode.closeSession, Buffer.alloc(0)))
      })
      learner.peer.say(asking(7n, 3, OpCode.sync, text('/')))
      await learner.hears(PacketType.SYNC)
    })
    learner.peer.drop()
  })

  it('asks for more than a leader may have under way', async () => {
    const learner = await FalseLearner.join(stage.leader, NOBODY)
    const write = asking(7n, 1, OpCode.setData, Buffer.concat([text('/nowhere'), text('x'), int(-1)]))
    const flood = Buffer.concat(Array.from({ length: 2000 }, () => write))
    await stage.undisturbed(async () => {
      for (let count = 0; count < 5 * TIMES; count++) learner.peer.say(flood)
      await learner.peer.hasSpoken()
    })
    learner.peer.drop()
  })

  it('never reads: its leader keeps some for each and some for all, and cuts the rest', async () => {
    const alone = await writeMuch()
    const zxid = await lastZxid(stage.leader)
    const kinds = [PacketType.FOLLOWERINFO, PacketType.OBSERVERINFO]
    const sids = [...Array.from({ length: 20 }, (_none, index) => NOBODY + BigInt(index)), 1n, 2n]
    const first = (index: number): Buffer => joining(sids[index % sids.length], index % 3 === 0 ? 0n : zxid, kinds[index % 2])
    const logged = stage.leader.log().length
    await stage.undisturbed(async () => {
      const peers = await crowd(port(), 40, first, { reads: false })
      const beside = await writeMuch()
      console.log(`${ROUNDS * 4} MB written: the leader has ${megabytes(alone)}, beside ${peers.length} that never read ${megabytes(beside)}`)
      // With neither bound it has 400 MB more and above. What the system takes of the packets decides how near to the bounds it comes.
      expect(inUse(beside) - inUse(alone)).toBeLessThan(CLOSE_ALL_BYTES + peers.length * MOST_BESIDE_BYTES)
      // Each of the two bounds has cut somebody.
      for (const reason of ['it is too far behind', 'it is the furthest behind, and all together are too far']) {
        await eventually(`the leader cuts one that never reads: ${reason}`, LOG_LIMIT_MS, () =>
          stage.leader.log().slice(logged).includes(`is gone: ${reason}`) ? true : undefined,
        )
      }
      dropAll(peers)
    })
  })

  it('has left nothing behind', async () => {
    await stage.forgets(before)
    await stage.finish()
  })
})

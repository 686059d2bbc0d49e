// The election ports of three servers of ours under everything that may come there. TSK_HOSTILE=full sends ten times as much.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Memory } from '../peers/memory.ts'
import type { Member } from '../ensemble/member.ts'
import { Random } from '../oracle/random.ts'
import { crowd, dropAll } from './raw-peer.ts'
import type { RawPeer } from './raw-peer.ts'
import { Stage } from './stage.ts'
import { initial, int, LARGEST, long, notification, ODD_INTS, ODD_LONGS, SMALLEST, text } from './words.ts'

const TIMES = process.env['TSK_HOSTILE'] === 'full' ? 10 : 1
/** More than the anonymous one's names: ids of members, of nobody, and of no kind. */
const IDS: readonly bigint[] = [1n, 2n, 3n, 0n, 4n, 99n, -1n, -2n, LARGEST, LARGEST - 1n, SMALLEST]
const ADDRESSES: readonly string[] = [
  '127.0.0.1:1',
  '0.0.0.0:1',
  'localhost:1',
  'nowhere.invalid:3888',
  Array.from({ length: 100 }, (_none, index) => `192.0.2.${index}:1`).join('|'),
  '|'.repeat(500),
  ':1',
  '127.0.0.1',
  '127.0.0.1:0',
  '127.0.0.1:99999',
  '127.0.0.1:-1',
  '[::1:1',
  '[::1]:1',
  '\0\0\0\0:1',
  '\ufffd:1',
  'x'.repeat(2048),
]

let stage: Stage
let before: ReadonlyMap<Member, Memory>

beforeAll(async () => {
  stage = await Stage.open({ served: [2, 3] })
  await stage.goesOn()
  before = await stage.memories()
})
afterAll(() => stage.end())

const ports = (): number[] => stage.ensemble.members.map(({ place }) => place.ports.election)

/** The same at the port of each member, at once. */
async function everywhere(work: (port: number, index: number) => Promise<void>): Promise<void> {
  await stage.undisturbed(() => Promise.all(ports().map(work)))
}

/** Says it and waits until it was heard or refused. */
async function sayAll(port: number, sayings: readonly Uint8Array[]): Promise<void> {
  const peers = await crowd(port, sayings.length, (index) => sayings[index])
  await Promise.all(peers.map((peer) => peer.hasSpoken()))
  await stage.goesOn()
  dropAll(peers)
}

describe('the election port', () => {
  it('hears garbage', async () => {
    await everywhere(async (port, index) => {
      const random = new Random(index)
      await sayAll(
        port,
        Array.from({ length: 100 * TIMES }, () => random.bytes(random.below(4096))),
      )
    })
  })

  it('hears versions, lengths and addresses that are none', async () => {
    await everywhere(async (port) => {
      const heads = [0, -1, -2, 2049, 0x7fff_ffff, -0x8000_0000].map((length) => Buffer.concat([long(-65536n, 99n), int(length)]))
      const versions = [-1n, -2n, -65534n, -65537n, SMALLEST].map((version) => initial(99n, '127.0.0.1:1', version))
      const addresses = [2n, 99n].flatMap((sid) => ADDRESSES.flatMap((address) => [-65536n, -65535n].map((version) => initial(sid, address, version))))
      await sayAll(port, [...heads, ...versions, ...addresses])
    })
  })

  it('hears frames of any length behind a good beginning, and half of a long one', async () => {
    await everywhere(async (port) => {
      const lengths = [0, -1, 1, 27, 28, 524_289, 0x7fff_ffff, -0x8000_0000]
      const short = [99n, 3n, 2n].flatMap((sid) => lengths.map((length) => Buffer.concat([initial(sid), int(length), Buffer.alloc(40, 0xff)])))
      const half = Array.from({ length: 80 * TIMES }, (_none, index) => Buffer.concat([initial(100n + BigInt(index)), int(524_288), Buffer.alloc(262_144)]))
      await sayAll(port, [...short, ...half])
    })
  })

  it('hears half a beginning and then nothing, 500 times', async () => {
    const peers: RawPeer[] = []
    await everywhere(async (port) => {
      const beginnings = [Buffer.alloc(0), long(-65536n).subarray(0, 7), long(-65536n, 2n), initial(3n).subarray(0, 25)]
      peers.push(...(await crowd(port, 167 * TIMES, (index) => beginnings[index % beginnings.length])))
    })
    // While all of them are silent, a true peer comes and is heard: it finds its leader.
    const first = stage.ensemble.member(1)
    await stage.undisturbed(async () => {
      await first.kill()
      await first.start()
      expect(await first.serves()).toBe('follower')
    }, [first])
    dropAll(peers)
  })

  it('is told by whom it is dialled, and none of it is true', async () => {
    await everywhere(async (port) => {
      const ids = IDS.flatMap((sid) => [long(sid), ...['127.0.0.1:1', ...ports().map((other) => `127.0.0.1:${other}`)].map((address) => initial(sid, address))])
      await sayAll(port, ids)
    })
  })

  it('hears votes for nobody, of no state, from any round and any epoch', async () => {
    await everywhere(async (port, index) => {
      const random = new Random(index)
      const votes = Array.from({ length: 300 * TIMES }, () =>
        notification({
          state: random.chance(80) ? random.below(4) : random.pick(ODD_INTS),
          leader: random.pick(IDS),
          zxid: random.pick(ODD_LONGS),
          electionEpoch: random.pick(ODD_LONGS),
          peerEpoch: random.pick(ODD_LONGS),
          version: random.chance(70) ? 2 : random.pick(ODD_INTS),
          config: random.pick([
            text(''),
            text('version=7fffffffffffffff'),
            text('server.1=nowhere.invalid:1:1\nversion=ffff'),
            int(-1),
            int(0x7fff_ffff),
            random.bytes(300),
          ]),
        }),
      )
      await sayAll(
        port,
        IDS.map((sid) => Buffer.concat([initial(sid), ...votes])),
      )
    })
  })

  it('hears votes without end from those who never read the answers', async () => {
    await everywhere(async (port) => {
      const vote = notification({ leader: 3n, electionEpoch: 99n })
      const flood = Buffer.concat(Array.from({ length: 2000 * TIMES }, () => vote))
      const peers = await crowd(port, 8, (index) => Buffer.concat([initial(200n + BigInt(index)), flood]), { reads: false })
      await Promise.all(peers.map((peer) => peer.hasSpoken()))
      dropAll(peers)
    })
  })

  it('has left nothing behind', async () => {
    await stage.forgets(before)
  })
})

describe('beside all of that', () => {
  it('the members elect another leader when theirs dies, and the dead one comes back', async () => {
    let isOver = false
    const random = new Random(9)
    const noise = ports().map(async (port) => {
      while (!isOver) {
        const saying = (): Buffer =>
          random.pick([
            random.bytes(100),
            initial(random.pick(IDS), random.pick(ADDRESSES)),
            Buffer.concat([initial(random.pick([99n, -1n])), notification({ leader: 99n })]),
          ])
        const peers = await crowd(port, 20, saying).catch(() => [])
        await new Promise((resolve) => setTimeout(resolve, 20))
        dropAll(peers)
      }
    })
    try {
      const { ensemble } = stage
      await ensemble.member(3).kill()
      // Mostly member 2. Member 1 has one txn more, and leads, if the leader dies between its words to the two.
      expect([1, 2]).toContain((await ensemble.leader()).place.id)
      await ensemble.member(3).start()
      await ensemble.allServe()
      expect(await ensemble.member(3).serves()).toBe('follower')
    } finally {
      isOver = true
      await Promise.all(noise)
    }
    await stage.finish()
  })
})

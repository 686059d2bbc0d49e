// Whole members and the configuration of their ensemble: the first version, what a restart finds of it, and the end of a member whose ensemble has
// other members. Java's part, where it takes one, is played by a leader that only says what a test lets it say.
import { describe, expect, test } from 'vitest'
import { QuorumPacket } from '../../src/jute/generated/quorum.ts'
import { JuteReader } from '../../src/jute/reader.ts'
import { JuteWriter } from '../../src/jute/writer.ts'
import { Code } from '../../src/protocol/codes.ts'
import { QuorumConfig } from '../../src/quorum/config/quorum-config.ts'
import { PacketType } from '../../src/quorum/zab/packets.ts'
import type { Notification } from '../../src/quorum/zab/vote.ts'
import type { Settings } from '../../src/server/config/settings.ts'
import { finish, readWhole } from '../../src/server/host/disk-work.ts'
import { immediateFiles } from '../../src/server/host/files-over.ts'
import { Elector } from '../support/elections.ts'
import { DATA_DIRECTORY, FakeEnsemble } from '../support/fake-ensemble.ts'
import type { FakeMember } from '../support/fake-ensemble.ts'
import { ImpostorLeader } from '../support/impostors.ts'
import * as ask from '../support/requests.ts'
import { reconfigTxn, zxidOf } from '../support/txns.ts'
import { packetOf } from '../support/zab-script.ts'

const DYNAMIC: Partial<Settings> = { reconfigEnabled: true }
const SEEN = `${DATA_DIRECTORY}/version-2/configuration.seen`
/** Of a membership that a txn has changed. */
const CHANGED = 0x10_0000_0000_0001n

/** The configuration of an ensemble with other settings than those of its members. */
function configOf(settings: Settings, version: bigint, change: Partial<Settings> = {}): QuorumConfig {
  return new QuorumConfig({ ...settings, ...change }, version)
}

/** One server more. */
function grown({ settings }: FakeMember, version = CHANGED): QuorumConfig {
  const addresses = [{ host: '127.0.0.1', quorumPort: 2299, electionPort: 2399 }]
  return configOf(settings, version, { servers: [...settings.servers, { sid: 9, addresses, learnerType: 'participant', clientAddress: undefined }] })
}

function configNode(member: FakeMember): string {
  return member.data('/zookeeper/config')!
}

function fileOf({ disk }: FakeMember, path: string): Buffer {
  return Buffer.from(finish(readWhole(immediateFiles(disk.now), path)))
}

function seenBy(member: FakeMember): string {
  return fileOf(member, SEEN).toString()
}

function hasSeenFile({ disk }: FakeMember): boolean {
  return disk.now.stat(SEEN) !== undefined
}

function bytesOf(packets: readonly QuorumPacket[]): Buffer {
  const w = new JuteWriter()
  for (const packet of packets) QuorumPacket.write(w, packet)
  return Buffer.from(w.copy())
}

function typesIn(bytes: Buffer): number[] {
  const reader = new JuteReader()
  reader.reset(bytes)
  const types: number[] = []
  while (reader.remaining > 0) types.push(QuorumPacket.read(reader).type)
  return types
}

function packet(name: keyof typeof PacketType, zxid: string, data: Uint8Array | null = null): QuorumPacket {
  return { type: PacketType[name], zxid: zxidOf(zxid), data, authinfo: null }
}

const EPOCH = '1048577:0'
const FIRST = '1048577:1'

/** Server 1 of three follows a leader of epoch 1048577, or ends over its NEWLEADER. Server 2 is the leader; 3 is away. */
function followed({ settings = DYNAMIC, config = undefined as QuorumConfig | undefined } = {}) {
  const ensemble = new FakeEnsemble('1 2 3', settings, [1])
  const member = ensemble.member(1)
  const leader = new ImpostorLeader(ensemble, 2)
  const text = (config ?? configOf(member.settings, 0n)).text
  ensemble.until('it dials', () => leader.followers.length === 1)
  leader.follower.say(bytesOf([packetOf(`LEADERINFO ${EPOCH}`), packetOf('DIFF 0:0'), packet('NEWLEADER', EPOCH, Buffer.from(text))]))
  return { ensemble, member, leader, say: (...packets: QuorumPacket[]) => leader.follower.say(bytesOf(packets)) }
}

function active(options: Parameters<typeof followed>[0] = {}) {
  const scene = followed(options)
  scene.say(packetOf('UPTODATE'))
  expect(scene.member.state).toBe('following broadcast')
  scene.leader.follower.take()
  return scene
}

/** It starts again and says why it does not, and nothing else. */
function expectRefused(ensemble: FakeEnsemble, member: FakeMember, reason: string, settings: Partial<Settings> = {}): void {
  member.kill()
  member.fatal.length = 0
  member.start(settings)
  ensemble.world.settle()
  expect(member.fatal).toEqual([expect.stringContaining(reason)])
  expect(member.server).toBeUndefined()
}

describe('the version of the configuration', () => {
  test('is that of the first epoch with reconfigEnabled, on all members, in what they say and in their tree', () => {
    const ensemble = new FakeEnsemble('1 2 3 4:observer', DYNAMIC)
    ensemble.converge()
    for (const member of ensemble.members.values()) {
      expect(member.server!.current.inForce.version).toBe(0x1_0000_0000n)
      expect(configNode(member)).toBe(configOf(member.settings, 0x1_0000_0000n).text)
      expect(member.server!.replica.tree.config().version).toBe(0x1_0000_0000n)
    }
  })

  test('stays 0 without', () => {
    const ensemble = new FakeEnsemble('1 2 3')
    ensemble.converge()
    for (const member of ensemble.members.values()) {
      expect(configNode(member)).toBe(configOf(member.settings, 0n).text)
      expect(hasSeenFile(member)).toBe(false)
    }
  })

  test('is found again by a restart, and by one of all', () => {
    const ensemble = new FakeEnsemble('1 2 3', DYNAMIC)
    ensemble.converge()
    ensemble.world.settle()
    for (const member of ensemble.members.values()) member.kill()
    for (const member of ensemble.members.values()) member.start()
    ensemble.converge()
    for (const member of ensemble.members.values()) expect(configNode(member)).toMatch(/\nversion=100000000$/)
  })

  test('that the file gives is told, with reconfigEnabled or without', () => {
    for (const reconfigEnabled of [true, false]) {
      const ensemble = new FakeEnsemble('1 2 3', { reconfigEnabled, configVersion: 0x77n })
      ensemble.converge()
      for (const member of ensemble.members.values()) expect(configNode(member)).toMatch(/\nversion=77$/)
    }
  })

  test('that one member alone knows is that of all: it is led by others, and leads them', () => {
    for (const informed of [1, 3]) {
      const ensemble = new FakeEnsemble('1 2 3', DYNAMIC, [])
      for (const sid of [1, 2, 3]) ensemble.member(sid).start(sid === informed ? { configVersion: 0x5_0000_0000n } : {})
      ensemble.converge()
      for (const member of ensemble.members.values()) expect(configNode(member)).toMatch(/\nversion=500000000$/)
    }
  })

  test('that a learner knows keeps no leader from it that has no reconfigEnabled', () => {
    const ensemble = new FakeEnsemble('1 2 3', {}, [])
    for (const sid of [1, 2, 3]) ensemble.member(sid).start(sid === 1 ? { ...DYNAMIC, configVersion: 0x1_0000_0000n } : {})
    expect(ensemble.converge().sid).toBe(3)
    expect([1, 2, 3].map((sid) => configNode(ensemble.member(sid)).split('=').at(-1))).toEqual(['100000000', '0', '0'])
  })

  test('stands in the first snapshot', () => {
    const ensemble = new FakeEnsemble('1 2 3', { configVersion: 0x77n }, [1])
    ensemble.world.settle()
    const bytes = fileOf(ensemble.member(1), `${DATA_DIRECTORY}/version-2/snapshot.0`)
    expect(bytes.includes(configOf(ensemble.member(1).settings, 0x77n).text)).toBe(true)
  })
})

describe('a leader', () => {
  test('proposes no reconfiguration, and a follower forwards none', () => {
    for (const settings of [{}, DYNAMIC]) {
      const ensemble = new FakeEnsemble('1 2 3', { ...settings, skipAcl: true })
      ensemble.converge()
      for (const sid of [3, 1]) {
        const session = ensemble.member(sid).session()
        session.send(ask.create(`/before${sid}`))
        expect(session.err(ask.reconfig({ leavingServers: '2' }))).toBe(Code.RECONFIGDISABLED)
      }
      ensemble.world.settle()
      for (const member of ensemble.members.values()) expect([member.data('/before1'), member.fatal]).toEqual(['', []])
      expect(ensemble.member(1).server!.processor.inFlight).toBe(0)
    }
  })
})

describe.each([true, false])('a member with reconfigEnabled=%s whose leader has other members', (reconfigEnabled) => {
  const settings = { reconfigEnabled }

  test('ends on NEWLEADER, says what to do, and does not start before its configuration is that one', () => {
    const { ensemble, member, leader } = followed({ settings, config: grown(new FakeEnsemble('1 2 3', settings, []).member(1)) })
    expect(member.fatal).toEqual([
      expect.stringMatching(/^2: The ensemble has a membership of version 10000000000001 .*server\.9 is new.*server\.9=127\.0\.0\.1:2299:2399:participant/),
    ])
    expect(seenBy(member)).toBe(`# not in force here\n${grown(member).text}`)
    // Neither the epoch nor the history was acknowledged: FOLLOWERINFO and ACKEPOCH are all that it said.
    expect(leader.follower.isEnded).toBe(true)
    expectRefused(ensemble, member, 'server.9 is new')
    expectRefused(ensemble, member, 'server.9 is new', { configVersion: CHANGED - 1n })
    const servers = [
      ...member.settings.servers,
      { sid: 9, addresses: [{ host: '127.0.0.1', quorumPort: 2299, electionPort: 2399 }], learnerType: 'participant' as const, clientAddress: undefined },
    ]
    member.fatal.length = 0
    member.start({ servers, configVersion: 0n })
    ensemble.world.settle()
    expect([member.fatal, member.server!.current.newest.version, member.server!.current.inForce.version]).toEqual([[], CHANGED, 0n])
  })

  test('starts where its own lines are said to be the newer ones', () => {
    const { ensemble, member } = followed({ settings, config: grown(new FakeEnsemble('1 2 3', settings, []).member(1)) })
    member.kill()
    member.fatal.length = 0
    member.start({ configVersion: CHANGED + 1n })
    ensemble.world.settle()
    expect([member.fatal, member.server === undefined]).toEqual([[], false])
  })

  test('ends on a proposal, and neither logs nor acknowledges it', () => {
    const { ensemble, member, leader, say } = active({ settings })
    say(packetOf(`PROPOSAL ${FIRST}`))
    expect(leader.follower.take().length).toBeGreaterThan(0)
    say(packet('PROPOSAL', '1048577:2', reconfigTxn(zxidOf('1048577:2'), grown(member).text).payload))
    expect(leader.follower.take()).toEqual(Buffer.alloc(0))
    expect(leader.follower.isEnded).toBe(true)
    expect(member.fatal).toEqual([expect.stringMatching(/^2: The ensemble has a membership/)])
    expect(member.state).toBe('looking')
    expectRefused(ensemble, member, 'server.9 is new')
  })

  test('does not vote any more, from the moment on at which it knows', () => {
    const { ensemble, member, say } = active({ settings })
    member.holdDisk()
    say(packet('PROPOSAL', FIRST, reconfigTxn(zxidOf(FIRST), grown(member).text).payload))
    const other = new Elector({
      host: { clock: ensemble.world.clock, log: ensemble.world.log, network: ensemble.networkOf(3) },
      self: 3n,
      config: configOf(member.settings, 0n),
    })
    other.look({ zxid: 2n ** 41n, peerEpoch: 2n ** 21n })
    ensemble.world.advance(2000)
    expect([member.fatal, other.heard.filter((line) => line.startsWith('1: '))]).toEqual([[], []])
    member.releaseDisk()
    ensemble.world.settle()
    expect(member.fatal).toEqual([expect.stringMatching(/^2: /)])
  })

  test('goes on where the txn changes the version only', () => {
    const { ensemble, member, say } = active({ settings })
    const same = configOf(member.settings, zxidOf(FIRST))
    say(packet('PROPOSAL', FIRST, reconfigTxn(zxidOf(FIRST), same.text).payload), packetOf(`COMMITANDACTIVATE ${FIRST} 2`))
    say(packetOf('PROPOSAL 1048577:2'), packetOf('COMMIT 1048577:2'))
    expect([member.state, member.fatal, member.zxid]).toEqual(['following broadcast', [], zxidOf('1048577:2')])
    expect(configNode(member)).toBe(same.text)
    expect(member.server!.current.inForce.version).toBe(reconfigEnabled ? same.version : 0n)
    member.kill()
    member.start()
    ensemble.world.settle()
    expect([member.fatal, member.server!.current.newest.version]).toEqual([[], same.version])
  })
})

describe.each([true, false])('a member with reconfigEnabled=%s that the ensemble does not list', (reconfigEnabled) => {
  /** Three, and server 4, which counts itself as one of them. */
  function joined() {
    const ensemble = new FakeEnsemble('1 2 3 4', { reconfigEnabled, configVersion: CHANGED }, [])
    const joiner = ensemble.member(4)
    const servers = joiner.settings.servers.filter(({ sid }) => sid !== 4)
    const others = [1, 2, 3].map((sid) => ensemble.member(sid))
    for (const other of others) other.start({ servers })
    joiner.start({ configVersion: 0n })
    ensemble.converge()
    return { ensemble, joiner, others, servers }
  }

  test('goes on without a vote, and says so', () => {
    const { ensemble, joiner, others } = joined()
    expect([joiner.state, joiner.fatal]).toEqual(['observing broadcast', []])
    others[0].session().send(ask.create('/there'))
    ensemble.world.settle()
    expect(joiner.data('/there')).toBe('')
    expect(seenBy(joiner)).toMatch(/^# in force\nserver\.1=.*\n.*\nserver\.3=.*\nversion=10000000000001$/)
  })

  test('votes for nobody, from its start on, whoever goes by its own list', () => {
    const { ensemble, joiner, others } = joined()
    for (const member of [...others, joiner]) member.kill()
    const host = { clock: ensemble.world.clock, log: ensemble.world.log, network: ensemble.networkOf(3) }
    const stale = new Elector({ host, self: 3n, config: configOf(joiner.settings, 0n) })
    stale.look({ zxid: 2n ** 41n, peerEpoch: 2n ** 21n })
    joiner.start()
    ensemble.world.advance(60_000)
    const heard = stale.heard.filter((line) => line.startsWith('4: '))
    expect([joiner.fatal, joiner.state, heard.length > 3]).toEqual([[], 'looking', true])
    expect(heard.filter((line) => !line.startsWith('4: looking none '))).toEqual([])
  })

  test('has one when the ensemble lists it, now and after a restart', () => {
    const { ensemble, joiner, others } = joined()
    for (const other of others) other.kill()
    for (const other of others) other.start({ servers: joiner.settings.servers, configVersion: CHANGED + 1n })
    ensemble.converge()
    ensemble.until('it follows', () => joiner.state.endsWith('ing broadcast') && joiner.state !== 'observing broadcast')
    for (const member of [...others, joiner]) member.kill()
    joiner.start()
    for (const other of others.slice(1)) other.start()
    ensemble.until('three of four serve', () => [2, 3, 4].every((sid) => ['leading broadcast', 'following broadcast'].includes(ensemble.member(sid).state)))
  })

  test('ends where a txn takes it out', () => {
    const { ensemble, member, say } = active({ settings: { reconfigEnabled } })
    const servers = member.settings.servers.slice(1)
    say(packet('PROPOSAL', FIRST, reconfigTxn(zxidOf(FIRST), configOf(member.settings, CHANGED, { servers }).text).payload))
    expect(member.fatal).toEqual([expect.stringMatching(/^2: The ensemble has a membership.*server\.1 is gone/)])
    expectRefused(ensemble, member, 'server.1 is gone')
  })

  test('acknowledges nothing to the leader that tells it so, as long as that counts it', () => {
    const servers = new FakeEnsemble('1 2 3', {}, []).member(1).settings.servers.slice(1)
    const { member, leader } = followed({
      settings: { reconfigEnabled },
      config: configOf(new FakeEnsemble('1 2 3', {}, []).member(1).settings, CHANGED, { servers }),
    })
    expect([member.fatal, member.state, leader.follower.isEnded]).toEqual([[], 'looking', true])
    // FOLLOWERINFO and ACKEPOCH, and no ACK of NEWLEADER.
    expect(typesIn(leader.follower.take())).toEqual([PacketType.FOLLOWERINFO, PacketType.ACKEPOCH])
  })
})

describe('a log', () => {
  test('that holds another membership, as a Java server leaves it, is refused', () => {
    const { ensemble, member, say } = active()
    // The same members now, and others at the next start.
    const same = configOf(member.settings, zxidOf(FIRST))
    say(packet('PROPOSAL', FIRST, reconfigTxn(zxidOf(FIRST), same.text).payload))
    ensemble.world.settle()
    expect(hasSeenFile(member)).toBe(false)
    const servers = member.settings.servers.map((line) => (line.sid === 3 ? { ...line, sid: 4 } : line))
    expectRefused(ensemble, member, 'server.4 is gone, server.3 is new', { servers })
  })
})

describe('a notification', () => {
  function hear(reconfigEnabled: boolean, config: (member: FakeMember) => QuorumConfig) {
    const ensemble = new FakeEnsemble('1 2 3', { reconfigEnabled }, [1])
    const member = ensemble.member(1)
    ensemble.world.settle()
    const host = { clock: ensemble.world.clock, log: ensemble.world.log, network: ensemble.networkOf(3) }
    const other = new Elector({ host, self: 3n, config: config(member) })
    const notification: Notification = { state: 'looking', leader: 3n, zxid: 0n, electionEpoch: 1n, peerEpoch: 0n, version: 2, configText: config(member).text }
    other.mesh.send(1n, notification)
    ensemble.world.settle()
    return member
  }

  test('of other members ends one that looks and is to believe it; its next start hears it again', () => {
    const member = hear(true, (one) => grown(one))
    expect(member.fatal).toEqual([expect.stringContaining('server.9 is new')])
    expect(hasSeenFile(member)).toBe(false)
  })

  test('of other members is nothing to one without reconfigEnabled', () => {
    const member = hear(false, (one) => grown(one))
    expect([member.fatal, member.state, member.server!.current.newest.version]).toEqual([[], 'looking', 0n])
  })

  test('of the same members brings their version', () => {
    const [dynamic, fixed] = [true, false].map((enabled) => hear(enabled, ({ settings }) => configOf(settings, CHANGED)).server!.current)
    expect([dynamic.inForce.version, dynamic.newest.version]).toEqual([CHANGED, CHANGED])
    expect([fixed.inForce.version, fixed.newest.version]).toEqual([0n, CHANGED])
  })

  test.each(['', 'version=', 'version=zzz', 'version=ffffffffffffffff', 'server.1=h\nversion=5', 'x=y\nversion=7fffffffffffffff', 'version=10000000000000000'])(
    'that tells %j changes nothing',
    (text) => {
      const member = hear(true, ({ settings }) => Object.assign(configOf(settings, 0n), { text }))
      expect([member.fatal, member.state, member.server!.current.newest.version]).toEqual([[], 'looking', 0n])
    },
  )
})

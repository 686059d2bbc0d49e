// What a quorum makes of writes: the textbook scenes, with whole servers and clients on their ports.
import { describe, expect, it } from 'vitest'
import { create, exists, getChildren, setData, setWatches, sync } from '../../support/requests.ts'
import { ConnectionLost, TcpSession } from '../../support/tcp-session.ts'
import { behind, client, follower, IMPATIENT, others, stage, until, untilEqual } from './stage.ts'

const NODE_CREATED = 1
const SEQUENTIAL = 2

describe('a write', () => {
  it('through the leader, a follower and an observer is seen through all of them', async () => {
    const ensemble = await stage(3, { observers: 1 })
    const members = [await ensemble.leader(), follower(ensemble), ensemble.members[3]]
    expect(members.map(({ role }) => role)).toEqual(['leader', 'follower', 'observer'])
    const clients = await Promise.all(members.map((member) => client(member)))
    for (const [index, session] of clients.entries()) await session.ok(create(`/by-${members[index].role}`))
    for (const session of clients) {
      await session.ok(sync('/'))
      const { children } = await session.ok(getChildren('/'))
      expect(children!.filter((name) => name !== 'zookeeper').sort()).toEqual(['by-follower', 'by-leader', 'by-observer'])
    }
  })

  it('with five voters and two stopped is still acknowledged', async () => {
    const ensemble = await stage(5)
    const leader = await ensemble.leader()
    const [one, two, ...rest] = others(ensemble, leader.id)
    await ensemble.stop(one.id)
    await ensemble.kill(two.id)
    for (const member of [leader, ...rest]) await (await client(member)).ok(create('/x-', { flags: SEQUENTIAL }))
    expect(ensemble.reigns).toHaveLength(1)
    await ensemble.stop(rest[0].id)
    await until('no leader', () => ensemble.members.every(({ role }) => role === undefined))
  })

  it('is applied by INFORM on observers, which never count', async () => {
    const ensemble = await stage(3, { observers: 2, ...IMPATIENT })
    const leader = await ensemble.leader()
    const session = await client(leader)
    const observer = await client(ensemble.members[3])
    await session.ok(create('/seen'))
    await until('the observers have it', () => [3, 4].every((index) => behind(ensemble.members[index]).replica.lastProcessedZxid === session.zxid))
    // Leader and observers are three of five members, but one of three voters.
    for (const { id } of others(ensemble, leader.id, 4, 5)) ensemble.pause(id)
    const answers = [session, observer].map((asking) => asking.call(create('/unseen')).catch((error: Error) => error))
    for (const answer of await Promise.all(answers)) expect(answer).toBeInstanceOf(ConnectionLost)
    expect(leader.role).toBeUndefined()
  })
})

describe('commits', () => {
  it('come in the order of their zxids, on every member', async () => {
    const ensemble = await stage(3, { observers: 1 })
    const clients = await Promise.all(ensemble.members.map((member) => client(member)))
    const perClient = 100
    const zxids = await Promise.all(
      clients.map(async (session) => {
        const replies = await Promise.all(Array.from({ length: perClient }, () => session.call(create('/x-', { flags: SEQUENTIAL }))))
        return replies.map(({ zxid, err }) => (err === 0 ? zxid : -1n))
      }),
    )
    for (const seen of zxids) expect(seen).toEqual([...seen].sort((a, b) => (a < b ? -1 : 1)))
    const acknowledged = zxids.flat().sort((a, b) => (a < b ? -1 : 1))
    expect(new Set(acknowledged).size).toBe(clients.length * perClient)
    await untilEqual(ensemble)
    const histories = ensemble.members.map((member) =>
      behind(member)
        .committed.txns()
        .map(({ zxid }) => zxid),
    )
    for (const history of histories) {
      expect(history).toEqual(histories[0])
      expect(history.every((zxid, index) => index === 0 || zxid === history[index - 1] + 1n)).toBe(true)
      expect(acknowledged.every((zxid) => history.includes(zxid))).toBe(true)
    }
  })
})

describe('a minority', () => {
  it('serves no write, and a majority does', async () => {
    const ensemble = await stage(5, IMPATIENT)
    const leader = await ensemble.leader()
    const [near, ...far] = others(ensemble, leader.id)
    const sessions = [await client(leader), await client(near)]
    ensemble.partition(
      [leader.id, near.id],
      far.map(({ id }) => id),
    )
    const answers = sessions.map((session) => session.call(create('/by-few')).catch((error: Error) => error))
    const majority = await client(await ensemble.leader())
    await majority.ok(create('/by-many'))
    for (const answer of await Promise.all(answers)) expect(answer).toBeInstanceOf(ConnectionLost)
    await expect(TcpSession.open(leader.port)).rejects.toBeInstanceOf(ConnectionLost)
    ensemble.heal()
    await until('all follow', () => [leader, near].every(({ role }) => role === 'follower'))
    const back = await client(leader)
    expect([(await back.call(exists('/by-few'))).err, (await back.call(exists('/by-many'))).err]).toEqual([-101, 0])
    await untilEqual(ensemble)
  })
})

describe('false death', () => {
  it('a paused leader that goes on acknowledges nothing, follows, and its tail is cut', async () => {
    const ensemble = await stage(3, IMPATIENT)
    const old = await ensemble.leader()
    const session = await client(old)
    await session.ok(create('/a'))
    await untilEqual(ensemble)
    const voters = others(ensemble, old.id).map(({ id }) => id)
    for (const id of voters) ensemble.cut(old.id, id)
    const inTheTail = session.call(create('/tail')).catch((error: Error) => error)
    const { zxid } = session
    await until('the tail is logged', () => behind(old).preparer.lastZxid > zxid)
    ensemble.pause(old.id)
    const successor = await ensemble.leader()
    expect(voters).toContain(successor.id)
    await (await client(successor)).ok(create('/b'))
    const whilePaused = session.call(create('/late')).catch((error: Error) => error)
    ensemble.heal()
    ensemble.resume(old.id)
    expect(await inTheTail).toBeInstanceOf(ConnectionLost)
    expect(await whilePaused).toBeInstanceOf(ConnectionLost)
    await until('it follows', () => old.role === 'follower')
    expect((await ensemble.leader()).id).toBe(successor.id)
    const back = await client(old, session.identity)
    expect(back.id).toBe(session.id)
    const found = await Promise.all(['/a', '/b', '/tail', '/late'].map(async (path) => (await back.call(exists(path))).err))
    expect(found).toEqual([0, 0, -101, -101])
    await untilEqual(ensemble)
  })

  it('a paused follower is missed by nobody, and catches up', async () => {
    const ensemble = await stage(3)
    const leader = await ensemble.leader()
    const { id } = follower(ensemble)
    const session = await client(leader)
    ensemble.pause(id)
    await session.ok(create('/meanwhile'))
    ensemble.resume(id)
    await until('it serves', () => ensemble.members[id - 1].role === 'follower')
    await untilEqual(ensemble)
    expect(ensemble.reigns).toHaveLength(1)
  })
})

describe('a watch', () => {
  it('set before a quick reconnect to another member still fires', async () => {
    const ensemble = await stage(3)
    const [one, two] = others(ensemble, (await ensemble.leader()).id)
    const writer = await client(await ensemble.leader())
    const session = await client(one)
    expect((await session.call(exists('/awaited', true))).err).toBe(-101)
    await session.call(exists('/later', true))
    const seen = session.zxid
    await session.drop()
    await writer.ok(create('/awaited'))
    const back = await client(two, session.identity)
    expect(back.id).toBe(session.id)
    await back.call(setWatches(seen, { exist: ['/awaited', '/later'] }), -8)
    expect(await back.event()).toMatchObject({ type: NODE_CREATED, path: '/awaited' })
    await writer.ok(create('/later'))
    expect(await back.event()).toMatchObject({ type: NODE_CREATED, path: '/later' })
    await writer.ok(setData('/later', 'x'))
    await back.ok(sync('/'))
    expect(back.events).toEqual([])
  })
})

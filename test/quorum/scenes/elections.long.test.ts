// Who leads: the textbook scenes, with whole servers.
import { describe, expect, it } from 'vitest'
import { create, exists } from '../../support/requests.ts'
import { behind, client, follower, IMPATIENT, others, roles, stage, until, untilEqual } from './stage.ts'

describe('five servers started one by one', () => {
  it('1 and 2 stay looking, the third makes 3 leader, 4 and 5 follow', async () => {
    const ensemble = await stage(5, { running: [1] })
    await ensemble.start(2)
    expect(roles(ensemble)).toEqual(Array(5).fill(undefined))
    await ensemble.start(3)
    expect((await ensemble.leader()).id).toBe(3)
    await until('three serve', () => roles(ensemble).filter(Boolean).length === 3)
    expect(roles(ensemble)).toEqual(['follower', 'follower', 'leader', undefined, undefined])
    await ensemble.start(4)
    await until('4 serves', () => ensemble.members[3].role !== undefined)
    await ensemble.start(5)
    await until('5 serves', () => ensemble.members[4].role !== undefined)
    expect(roles(ensemble)).toEqual(['follower', 'follower', 'leader', 'follower', 'follower'])
    // Nobody led before, and nobody was disturbed.
    expect(ensemble.reigns).toEqual([{ epoch: 1, member: 3 }])
  })
})

describe('a restarted follower', () => {
  it('finds the sitting leader, follows, and gets what it missed', async () => {
    const ensemble = await stage(3)
    const leader = await ensemble.leader()
    const { id } = follower(ensemble)
    await ensemble.kill(id)
    const session = await client(leader)
    await session.ok(create('/meanwhile'))
    await ensemble.start(id)
    await until('it follows', () => ensemble.members[id - 1].role === 'follower')
    await (await client(ensemble.members[id - 1])).ok(exists('/meanwhile'))
    expect([(await ensemble.leader()).id, ensemble.reigns.length]).toEqual([leader.id, 1])
  })
})

describe('after the leader’s death', () => {
  it('the higher epoch wins, though the other has more txns; those were never acknowledged and go', async () => {
    const ensemble = await stage(3, IMPATIENT)
    expect((await ensemble.leader()).id).toBe(3)
    const session = await client(ensemble.members[2])
    await session.ok(create('/first'))
    // 3 alone logs what nobody else has.
    for (const id of [1, 2]) ensemble.cut(3, id)
    const lost = session.call(create('/tail')).catch((error: Error) => error)
    await until('3 has logged it', () => behind(ensemble.members[2]).preparer.lastZxid > session.zxid)
    await ensemble.kill(3)
    expect(await lost).toBeInstanceOf(Error)
    expect((await ensemble.leader()).id).toBe(2)
    await until('1 follows', () => ensemble.members[0].role === 'follower')
    await Promise.all([ensemble.kill(1), ensemble.kill(2)])
    ensemble.heal()
    await Promise.all([ensemble.start(3), ensemble.start(1)])
    expect((await ensemble.leader()).id).toBe(1)
    await until('3 follows', () => ensemble.members[2].role === 'follower')
    const back = await client(ensemble.members[2])
    expect([(await back.call(exists('/first'))).err, (await back.call(exists('/tail'))).err]).toEqual([0, -101])
  })

  it('then the higher zxid: (3, 11, 1) beats (3, 10, 2)', async () => {
    const ensemble = await stage(3, IMPATIENT)
    const session = await client(await ensemble.leader())
    ensemble.cut(3, 2)
    await session.ok(create('/with-1'))
    await ensemble.kill(3)
    expect((await ensemble.leader()).id).toBe(1)
    await until('2 follows', () => ensemble.members[1].role === 'follower')
    await (await client(ensemble.members[1])).ok(exists('/with-1'))
  })

  it('then the higher id; the old leader comes back as a follower, with its clients’ sessions', async () => {
    const ensemble = await stage(3)
    const session = await client(await ensemble.leader())
    await session.ok(create('/e', { flags: 1 }))
    await untilEqual(ensemble)
    await ensemble.kill(3)
    expect((await ensemble.leader()).id).toBe(2)
    await ensemble.start(3)
    await until('3 follows', () => ensemble.members[2].role === 'follower')
    const back = await client(ensemble.members[2], session.identity)
    expect(back.id).toBe(session.id)
    expect((await back.ok(exists('/e'))).stat.ephemeralOwner).toBe(session.id)
    expect(ensemble.reigns).toEqual([
      { epoch: 1, member: 3 },
      { epoch: 2, member: 2 },
    ])
  })
})

describe('no two leaders', () => {
  it('in one epoch, over deaths, pauses and cuts', async () => {
    const ensemble = await stage(3, IMPATIENT)
    for (const blow of ['kill', 'pause', 'cut', 'part', 'kill', 'stop'] as const) {
      const { id } = await ensemble.leader()
      const rest = others(ensemble, id).map((member) => member.id)
      if (blow === 'kill') await ensemble.kill(id)
      else if (blow === 'stop') await ensemble.stop(id)
      else if (blow === 'pause') ensemble.pause(id)
      else if (blow === 'cut') rest.forEach((other) => ensemble.cut(id, other))
      else ensemble.partition([id], rest)
      await until('another leads', () => others(ensemble, id).some(({ role }) => role === 'leader'))
      ensemble.heal()
      ensemble.resume(id)
      await ensemble.start(id)
      // One that was paused takes itself for the leader until it has heard what happened meanwhile.
      await until('one leads and two follow', () => String(roles(ensemble).sort()) === 'follower,follower,leader')
      await (await client(ensemble.members[id - 1])).ok(create('/x-', { flags: 2 }))
    }
    await untilEqual(ensemble)
    const epochs = ensemble.reigns.map(({ epoch }) => epoch)
    expect(epochs.length).toBeGreaterThanOrEqual(7)
    expect(new Set(epochs).size).toBe(epochs.length)
  })
})

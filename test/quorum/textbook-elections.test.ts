// The textbook scenes of elections, with elections and meshes as in production on a network in memory.
import { describe, expect, it } from 'vitest'
import { Electorate } from '../support/elections.ts'
import { configOf } from '../support/lone-election.ts'

const FIVE = configOf('1 2 3 4 5')
const THREE = configOf('1 2 3')

describe('five servers started one by one', () => {
  it('1 and 2 stay looking, the third makes 3 leader, 4 and 5 follow', () => {
    const servers = new Electorate(FIVE)
    servers.start(1)
    servers.host.advance(3000)
    servers.start(2)
    servers.host.advance(3000)
    expect(servers.decisions).toEqual({ 1: 'looking', 2: 'looking' })
    servers.start(3)
    servers.elect()
    expect(servers.decisions).toEqual({ 1: 'following 3 z0 r1 e0', 2: 'following 3 z0 r1 e0', 3: 'leading 3 z0 r1 e0' })
    servers.start(4)
    servers.elect()
    servers.start(5)
    servers.elect()
    expect(servers.decisions).toMatchObject({ 3: 'leading 3 z0 r1 e0', 4: 'following 3 z0 r1 e0', 5: 'following 3 z0 r1 e0' })
  })
})

describe('all at once', () => {
  it('the highest id leads, without a wait', () => {
    const servers = new Electorate(FIVE)
    for (const sid of [1, 2, 3, 4, 5]) servers.start(sid)
    expect(servers.elect()).toBeLessThan(5)
    expect(new Set(Object.values(servers.decisions))).toEqual(new Set(['following 5 z0 r1 e0', 'leading 5 z0 r1 e0']))
  })
})

describe('a restarted follower', () => {
  it('finds the sitting leader and follows', () => {
    const servers = new Electorate(THREE)
    for (const sid of [1, 2, 3]) servers.start(sid)
    servers.elect()
    for (const { election } of servers.running.values()) election.onEpochEstablished(1n)
    servers.kill(1)
    servers.start(1)
    expect(servers.elect()).toBeLessThan(5)
    expect(servers.decisions[1]).toMatch(/^following 3 /)
  })
})

describe('after the leader’s death', () => {
  const ballots = [
    ['the higher epoch wins', { 1: [4n, 1n], 2: [3n, 99n], 3: [3n, 10n] }, 1],
    ['then the higher zxid: (3, 11, 1) beats (3, 10, 2)', { 1: [3n, 11n], 2: [3n, 10n] }, 1],
    ['then the higher id', { 1: [3n, 10n], 2: [3n, 10n] }, 2],
  ] as const

  it.each(ballots)('%s', (_, histories, winner) => {
    const servers = new Electorate(configOf('1 2 3 4'))
    for (const sid of [1, 2, 3, 4]) servers.start(sid)
    servers.elect()
    servers.kill(4)
    for (const [sid, elector] of servers.running) {
      const [peerEpoch, zxid] = (histories as Record<number, readonly [bigint, bigint]>)[sid] ?? [3n, 1n]
      elector.look({ peerEpoch, zxid })
    }
    // The dead one refuses the dial, so nobody waits for its vote.
    expect(servers.elect()).toBeLessThan(5)
    expect(servers.decisions[winner]).toMatch(/^leading/)
    expect(Object.values(servers.decisions).filter((decision) => decision.startsWith(`following ${winner} `))).toHaveLength(2)
  })

  it.each([
    [1, 2],
    [2, 1],
  ])('the choice is quick when %i notices before %i', (first, second) => {
    const servers = new Electorate(THREE)
    for (const sid of [1, 2, 3]) servers.start(sid)
    servers.elect()
    servers.kill(3)
    servers.running.get(first)!.look({ peerEpoch: 1n, zxid: 7n })
    servers.host.advance(20)
    servers.running.get(second)!.look({ peerEpoch: 1n, zxid: 7n })
    expect(servers.elect()).toBeLessThan(5)
    expect(servers.decisions).toEqual({ 1: 'following 2 z7 r2 e1', 2: 'leading 2 z7 r2 e1' })
  })

  it('the old leader comes back as a follower', () => {
    const servers = new Electorate(THREE)
    for (const sid of [1, 2, 3]) servers.start(sid)
    servers.elect()
    servers.kill(3)
    for (const elector of servers.running.values()) elector.look({ peerEpoch: 1n, zxid: 7n })
    servers.elect()
    for (const { election } of servers.running.values()) election.onEpochEstablished(2n)
    servers.start(3, { peerEpoch: 1n, zxid: 99n })
    servers.elect()
    expect(servers.decisions[3]).toBe('following 2 z7 r2 e2')
  })

  it('a silent one is waited for, 200 ms', () => {
    const servers = new Electorate(THREE)
    // Nobody at 127.0.0.3, and nobody who says so.
    servers.host.network.blackHoles.add('127.0.0.3')
    servers.start(1)
    servers.start(2)
    const took = servers.elect()
    expect(took).toBeGreaterThanOrEqual(200)
    expect(took).toBeLessThan(250)
  })
})

describe('a minority', () => {
  it('elects nobody, and a majority does', () => {
    const servers = new Electorate(FIVE)
    for (const sid of [1, 2, 3, 4, 5]) servers.start(sid)
    servers.elect()
    for (const sid of [3, 4, 5]) servers.kill(sid)
    for (const elector of servers.running.values()) elector.look()
    servers.host.advance(30_000)
    expect(servers.decisions).toEqual({ 1: 'looking', 2: 'looking' })
    servers.start(4)
    servers.elect()
    expect(servers.decisions[4]).toMatch(/^leading/)
  })
})

describe('observers', () => {
  const config = configOf('1 2 3 9:observer')

  it('find the leader and never count', () => {
    const servers = new Electorate(config)
    servers.start(9)
    servers.start(1)
    servers.host.advance(3000)
    expect(servers.decisions).toEqual({ 9: 'looking', 1: 'looking' })
    servers.start(2)
    servers.elect()
    expect(servers.decisions).toEqual({ 1: 'following 2 z0 r1 e0', 2: 'leading 2 z0 r1 e0', 9: 'observing 2 z0 r1 e0' })
  })

  it('find one that has been there for long', () => {
    const servers = new Electorate(config)
    for (const sid of [1, 2, 3]) servers.start(sid)
    servers.elect()
    servers.start(9, { peerEpoch: 99n, zxid: 99n })
    expect(servers.elect()).toBeLessThan(5)
    expect(servers.decisions[9]).toBe('observing 3 z0 r1 e0')
  })
})

describe('groups', () => {
  it('elect with a majority of groups, never one without weight', () => {
    const config = configOf('1 2 3 4 5', 'group.1=1:2:3', 'group.2=4:5', 'weight.4=0', 'weight.5=0')
    const servers = new Electorate(config)
    for (const sid of [1, 2, 3, 4, 5]) servers.start(sid, sid === 5 ? { peerEpoch: 9n } : {})
    servers.elect()
    expect(servers.decisions).toMatchObject({ 3: 'leading 3 z0 r1 e0', 5: 'following 3 z0 r1 e0' })
  })
})

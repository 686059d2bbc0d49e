// Fast leader election rule by rule: quorum-protocol 3.3 to 3.7, as conversations of one server with a script.
import { describe, expect, it } from 'vitest'
import type { LetDown } from '../../../src/quorum/zab/absentees.ts'
import { configOf, LoneElection } from '../../support/lone-election.ts'

const THREE = configOf('1 2 3')
const FIVE = configOf('1 2 3 4 5')

/** Server `self` has begun to look and its first ballot is out. */
function looking(self: number, config = THREE, history = {}): LoneElection {
  const server = new LoneElection(self, config)
  server.look(history)
  server.said()
  return server
}

describe('the own ballot', () => {
  it('names the server itself, its last txn and its epoch, to all other voters', () => {
    const server = new LoneElection(2, configOf('1 2 3 4:observer'))
    server.look({ zxid: 7n, peerEpoch: 1n })
    expect(server.said()).toEqual(['1: looking 2 z7 r1 e1', '3: looking 2 z7 r1 e1'])
  })

  it('names nobody when it is an observer’s', () => {
    const server = new LoneElection(4, configOf('1 2 3 4:observer'))
    server.look({ zxid: 7n, peerEpoch: 1n })
    expect(server.said()).toEqual([1, 2, 3].map((sid) => `${sid}: looking none znone r1 enone`))
  })

  it('is proposed even without weight', () => {
    const server = new LoneElection(3, configOf('1 2 3', 'group.1=1:2:3', 'weight.3=0'))
    server.look()
    expect(server.said()).toContain('1: looking 3 z0 r1 e0')
  })

  it('belongs to a new round each time', () => {
    const server = looking(2)
    server.hear('3: leading 3 z0 r1 e0', '1: following 3 z0 r1 e0')
    expect(server.decision).toBe('following 3 z0 r1 e0')
    server.look()
    expect(server.said()).toContain('1: looking 2 z0 r2 e0')
  })
})

describe('silence', () => {
  it('is broken after 0.2, 0.6, 1.4, 3.0 and 6.2 s', () => {
    const server = looking(1)
    const at: number[] = []
    while (at.length < 5) {
      server.advance(100)
      if (server.said().length > 0) at.push(server.elapsedMs)
    }
    expect(at).toEqual([200, 600, 1400, 3000, 6200])
  })

  it('lasts a minute at most', () => {
    const server = looking(1)
    server.advance(300_000)
    server.said()
    server.advance(60_000)
    expect(server.said()).toHaveLength(2)
  })

  it('is short again after news', () => {
    const server = looking(1)
    server.advance(10_000)
    server.hear('2: looking 2 z0 r1 e0')
    server.said()
    server.advance(199)
    expect(server.said()).toEqual([])
    server.advance(1)
    expect(server.said()).toContain('3: looking 2 z0 r1 e0')
  })

  it('is not put off by others who talk', () => {
    const server = looking(2)
    for (let i = 0; i < 3; i++) {
      server.hear('1: looking 3 z0 r0 e0')
      server.said()
      server.advance(99)
    }
    expect(server.said()).toContain('3: looking 2 z0 r1 e0')
  })

  it('is broken when a connection is lost, once', () => {
    const server = looking(1)
    server.election.onPeerLost(3n)
    server.election.onPeerLost(3n)
    server.election.onPeerLost(77n)
    expect(server.said()).toEqual(['3: looking 1 z0 r1 e0'])
    server.advance(200)
    server.said()
    server.election.onPeerLost(3n)
    expect(server.said()).toEqual(['3: looking 1 z0 r1 e0'])
  })

  it('follows the decision and the end', () => {
    const server = looking(2)
    server.hear('1: looking 2 z0 r1 e0')
    server.advance(200)
    expect(server.decision).toBe('leading 2 z0 r1 e0')
    server.said()
    const stopped = looking(1)
    stopped.election.stop()
    for (const silent of [server, stopped]) {
      silent.advance(100_000)
      silent.election.onPeerLost(3n)
      expect(silent.said()).toEqual([])
    }
  })
})

describe('a better ballot', () => {
  it.each([
    ['a higher epoch', 'looking 1 z5 r1 e2'],
    ['a higher zxid in the same epoch', 'looking 1 z11 r1 e1'],
    ['a higher id with the same history', 'looking 3 z10 r1 e1'],
  ])('by %s is adopted', (_, ballot) => {
    const server = looking(2, THREE, { zxid: 10n, peerEpoch: 1n })
    server.hear(`1: ${ballot}`)
    expect(server.said()).toEqual([`1: ${ballot}`, `3: ${ballot}`])
  })

  it.each([
    ['an older epoch', 'looking 3 z99 r1 e0'],
    ['a lower zxid', 'looking 3 z9 r1 e1'],
    ['a lower id', 'looking 1 z10 r1 e1'],
    ['a zxid below zero', 'looking 3 z-5 r1 e1'],
    ['the epoch of an observer', 'looking 3 z99 r1 enone'],
  ])('is not one with %s, and its sender is told', (_, ballot) => {
    const server = looking(2, THREE, { zxid: 10n, peerEpoch: 1n })
    server.hear(`1: ${ballot}`)
    expect(server.said()).toEqual(['1: looking 2 z10 r1 e1'])
  })

  it('is none when it is the same', () => {
    const server = looking(2, FIVE)
    server.hear('1: looking 2 z0 r1 e0')
    expect(server.said()).toEqual([])
  })

  it('is never that of a server without weight', () => {
    const config = configOf('1 2 3', 'group.1=1:2:3', 'weight.3=0')
    const server = looking(1, config)
    server.hear('3: looking 3 z99 r1 e9')
    expect(server.said()).toEqual([])
    server.hear('2: looking 2 z0 r1 e0')
    expect(server.said()).toEqual(['2: looking 2 z0 r1 e0', '3: looking 2 z0 r1 e0'])
  })
})

describe('rounds', () => {
  it('begins a newer one with the better of the own first ballot and theirs', () => {
    const server = looking(2, FIVE, { zxid: 10n })
    server.hear('5: looking 5 z20 r1 e0')
    server.said()
    server.hear('1: looking 1 z9 r4 e0')
    expect(server.said()).toEqual([1, 3, 4, 5].map((sid) => `${sid}: looking 2 z10 r4 e0`))
    server.hear('4: looking 4 z12 r5 e0')
    expect(server.said()).toEqual([1, 3, 4, 5].map((sid) => `${sid}: looking 4 z12 r5 e0`))
  })

  it('forgets the votes of the older one', () => {
    const server = looking(1, FIVE)
    server.hear('2: looking 5 z0 r1 e0', '3: looking 5 z0 r2 e0')
    server.advance(10_000)
    expect(server.decision).toBeUndefined()
    server.hear('4: looking 5 z0 r2 e0')
    server.advance(200)
    expect(server.decision).toBe('following 5 z0 r2 e0')
  })

  it('answers who is behind, and does not count him', () => {
    const server = looking(2, THREE)
    server.hear('3: looking 3 z0 r7 e0')
    server.said()
    server.hear('1: looking 3 z0 r6 e0')
    expect(server.said()).toEqual(['1: looking 3 z0 r7 e0'])
    expect(server.election.round).toBe(7n)
  })

  it('end at the top without harm', () => {
    const server = looking(1)
    const last = String(2n ** 63n - 1n)
    server.hear(`2: looking 2 z0 r${last} e0`)
    server.advance(200)
    expect(server.decision).toBe(`following 2 z0 r${last} e0`)
    server.said()
    server.look()
    expect(server.said()).toContain(`2: looking 1 z0 r${-(2n ** 63n)} e0`)
  })
})

describe('servers that lost their data', () => {
  it('does not listen while its own zxid is -1', () => {
    const server = looking(3, THREE, { zxid: -1n })
    server.hear('1: looking 1 z5 r1 e0', '2: looking 1 z5 r1 e0')
    server.advance(1000)
    expect(server.decision).toBeUndefined()
    expect(server.said().every((line) => line.endsWith('looking 3 z-1 r1 e0'))).toBe(true)
  })

  it('does not count a vote with zxid -1', () => {
    const server = looking(1)
    server.hear('2: looking 1 z-1 r1 e0')
    server.advance(1000)
    expect(server.decision).toBeUndefined()
  })
})

describe('a decision', () => {
  it('takes 200 ms of no better vote once a quorum agrees', () => {
    const server = looking(2)
    server.hear('1: looking 2 z0 r1 e0')
    server.advance(199)
    expect(server.decision).toBeUndefined()
    server.advance(1)
    expect(server.decision).toBe('leading 2 z0 r1 e0')
  })

  it('is put off by a better vote', () => {
    const server = looking(2)
    server.hear('1: looking 2 z0 r1 e0')
    server.advance(199)
    server.hear('3: looking 3 z0 r1 e0')
    server.advance(199)
    expect(server.decision).toBeUndefined()
    server.advance(1)
    expect(server.decision).toBe('following 3 z0 r1 e0')
  })

  it('needs votes for the same round, zxid and epoch', () => {
    const server = looking(1, FIVE)
    server.hear('2: looking 5 z9 r1 e1', '3: looking 5 z8 r1 e1', '4: looking 5 z9 r1 e0')
    server.advance(10_000)
    expect(server.decision).toBeUndefined()
  })

  it('is weighed by groups', () => {
    const config = configOf('1 2 3 4 5 6 7 8 9', 'group.1=1:2:3', 'group.2=4:5:6', 'group.3=7:8:9')
    const server = looking(1, config)
    server.hear('2: looking 9 z0 r1 e0', '7: looking 9 z0 r1 e0', '3: looking 9 z0 r1 e0', '4: looking 9 z0 r1 e0')
    server.advance(1000)
    expect(server.decision).toBeUndefined()
    server.hear('9: looking 9 z0 r1 e0')
    server.advance(200)
    expect(server.decision).toBe('following 9 z0 r1 e0')
  })

  it('is made alone by an only voter, but not before look returns', () => {
    const server = new LoneElection(1, configOf('1 2:observer'))
    server.election.look({ zxid: 3n, peerEpoch: 1n }, () => undefined)
    expect(server.election.state).toBe('looking')
    server.clock.finishTurn()
    expect(server.election.state).toBe('leading')
  })
})

/** As `looking`, in a second election, of round 2. */
function lookingAgain(self: number, config = THREE): LoneElection {
  const server = looking(self, config)
  for (const sid of config.voters) if (sid !== BigInt(self)) server.hear(`${sid}: looking ${config.voters.size} z0 r1 e0`)
  expect(server.decision).toContain(` ${config.voters.size} z0 r1 e0`)
  server.forget()
  server.look()
  server.said()
  return server
}

describe('an undisputed decision', () => {
  it('comes at once when every voter has cast the same vote', () => {
    const server = looking(1)
    server.hear('2: looking 3 z0 r1 e0')
    expect(server.decision).toBeUndefined()
    server.hear('3: looking 3 z0 r1 e0')
    expect(server.decision).toBe('following 3 z0 r1 e0')
  })

  it('comes at once when all others are known to be down', () => {
    const server = lookingAgain(2)
    server.down.add(3n)
    server.hear('1: looking 2 z0 r2 e0')
    expect(server.decision).toBe('leading 2 z0 r2 e0')
  })

  it('does not come in a first election for want of others: they may be starting, too', () => {
    const server = looking(2)
    server.down.add(3n)
    server.hear('1: looking 2 z0 r1 e0')
    server.advance(199)
    expect(server.decision).toBeUndefined()
    server.advance(1)
    expect(server.decision).toBe('leading 2 z0 r1 e0')
  })

  it('comes when the last of the others is found to be down', () => {
    const server = lookingAgain(2, FIVE)
    server.hear('1: looking 2 z0 r2 e0', '3: looking 2 z0 r2 e0')
    server.advance(50)
    server.lose(4n)
    expect(server.decision).toBeUndefined()
    server.lose(5n)
    expect(server.decision).toBe('leading 2 z0 r2 e0')
  })

  it('does not come while one that might be there is silent', () => {
    const server = lookingAgain(2, FIVE)
    server.down.add(5n)
    server.hear('1: looking 2 z0 r2 e0', '3: looking 2 z0 r2 e0')
    expect(server.decision).toBeUndefined()
  })

  it('does not come while one wants something else', () => {
    const server = looking(2, configOf('1 2 3 4', 'group.1=1:2:3:4', 'weight.4=0'))
    server.hear('1: looking 3 z0 r1 e0', '3: looking 3 z0 r1 e0', '4: looking 4 z0 r1 e0')
    expect(server.decision).toBeUndefined()
    server.advance(200)
    expect(server.decision).toBe('following 3 z0 r1 e0')
  })

  it('needs a quorum all the same', () => {
    const server = lookingAgain(2)
    server.lose(1n)
    server.lose(3n)
    server.advance(10_000)
    expect(server.decision).toBeUndefined()
  })

  it('is not for observers, who hear of old votes', () => {
    const server = looking(4, configOf('1 2 3 4:observer'))
    server.hear(...[1, 2, 3].map((sid) => `${sid}: looking 3 z0 r1 e0`))
    expect(server.decision).toBeUndefined()
    server.advance(200)
    expect(server.decision).toBe('observing 3 z0 r1 e0')
  })
})

// Verified with Java 3.9.6: server 1 joins in round 1 while 2 and 3 say so, 3 being their leader.
describe('a joiner', () => {
  it.each([
    ['follows when both say so', ['2: following 3 z5 r9 e1', '3: leading 3 z5 r9 e1'], 'following 3 z5 r9 e1'],
    ['does not mind other zxids and rounds', ['2: following 3 z4 r8 e1', '3: leading 3 z5 r9 e1'], 'following 3 z5 r9 e1'],
    ['minds other epochs', ['2: following 3 z5 r9 e1', '3: leading 3 z5 r9 e2'], undefined],
    ['does not mind other epochs in its own round', ['2: following 3 z5 r1 e1', '3: leading 3 z5 r1 e2'], 'following 3 z5 r1 e2'],
    ['does not mind other epochs when one form has no version', ['2: following 3 z5 r9 e1 v0', '3: leading 3 z5 r9 e2'], 'following 3 z5 r9 e2'],
    ['minds other epochs when both forms have none', ['2: following 3 z5 r9 e1 v0', '3: leading 3 z5 r9 e2 v0'], undefined],
    ['waits for the leader’s own word', ['2: following 3 z5 r9 e1', '3: following 3 z5 r9 e1'], undefined],
    ['waits for the leader’s own word in its own round', ['2: following 3 z5 r1 e1', '3: following 3 z5 r1 e1'], undefined],
    ['takes a looking voter of its round into account', ['2: looking 3 z5 r1 e1', '3: leading 3 z5 r1 e1'], 'following 3 z5 r1 e1'],
    ['does not take the leader’s word alone', ['3: leading 3 z5 r9 e1', '3: leading 3 z5 r9 e1'], undefined],
    ['does not count observers', ['2: observing 3 z5 r9 e1', '3: leading 3 z5 r9 e1'], undefined],
    ['minds other leaders', ['2: following 2 z5 r9 e1', '3: leading 3 z5 r9 e1'], undefined],
  ])('%s', (_, lines, decision) => {
    const server = looking(1)
    server.hear(...lines)
    expect(server.decision).toBe(decision)
    // The order of arrival does not matter but for whose zxid and round are taken over.
    const other = looking(1)
    other.hear(...[...lines].reverse())
    expect(other.decision === undefined).toBe(decision === undefined)
  })

  it('takes over the round of the ensemble', () => {
    const server = looking(1)
    server.hear('2: following 3 z5 r9 e1', '3: leading 3 z5 r9 e1')
    expect(server.election.round).toBe(9n)
  })

  it('leads when the others say so in its own round only', () => {
    const server = looking(3)
    server.hear('1: following 3 z0 r9 e0', '2: following 3 z0 r9 e0')
    expect(server.decision).toBeUndefined()
    server.hear('1: following 3 z0 r1 e0', '2: following 3 z0 r1 e0')
    expect(server.decision).toBe('leading 3 z0 r1 e0')
  })

  it('does not believe in the follower of a leader that now looks itself', () => {
    const server = looking(1, FIVE)
    server.hear('2: following 5 z5 r9 e1', '3: following 5 z5 r9 e1', '3: looking 3 z5 r10 e1', '5: leading 5 z5 r9 e1')
    expect(server.decision).toBeUndefined()
  })

  it('who observes needs a quorum of voters too', () => {
    const server = looking(4, configOf('1 2 3 4:observer'))
    server.hear('3: leading 3 z5 r9 e1')
    expect(server.decision).toBeUndefined()
    server.hear('1: following 3 z5 r9 e1')
    expect(server.decision).toBe('observing 3 z5 r9 e1')
  })
})

describe('a leader of which there is no proof', () => {
  const FOLLOWED = ['2: following 3 z5 r9 e1']

  it.each([
    ['on the word of a follower that is a quorum with it', THREE, 1, FOLLOWED, 'following 3 z5 r9 e1'],
    ['on its own word', FIVE, 1, ['3: leading 3 z5 r9 e1', ...FOLLOWED], 'following 3 z5 r9 e1'],
    ['by an observer', configOf('1 2 3 4:observer'), 4, FOLLOWED, 'observing 3 z5 r9 e1'],
    ['though it says that it looks', THREE, 1, ['3: looking 3 z4 r1 e1', ...FOLLOWED], 'following 3 z5 r9 e1'],
  ])('is followed %s when that has held for long and is said again', (_, config, self, lines, decision) => {
    const server = looking(self, config, { zxid: 5n, peerEpoch: 1n })
    server.hear(...lines)
    server.advance(9_999)
    server.hear(...lines)
    expect(server.decision).toBeUndefined()
    server.said()
    server.advance(1)
    expect(server.said().map((line) => line.split(':')[0])).toContain('2')
    expect(server.decision).toBeUndefined()
    server.hear(...lines)
    expect(server.decision).toBe(decision)
  })

  it.each([
    ['too few others say so', FIVE, ['2: following 3 z5 r9 e1']],
    ['a follower has looked meanwhile', THREE, [...FOLLOWED, '2: looking 2 z5 r10 e1', ...FOLLOWED]],
    ['it says itself that it looks and nobody says otherwise', FIVE, ['3: leading 3 z5 r9 e1', '3: looking 3 z5 r10 e1', ...FOLLOWED]],
    ['it would be this server', THREE, ['2: following 1 z5 r9 e1']],
  ])('is not when %s', (_, config, lines) => {
    const server = looking(1, config, { zxid: 5n, peerEpoch: 2n })
    server.advance(5000)
    server.hear(...lines)
    server.advance(5000)
    server.hear(lines.at(-1)!)
    server.advance(4999)
    server.hear(lines.at(-1)!)
    expect(server.decision).toBeUndefined()
  })

  it('is not when nobody says so again', () => {
    const server = looking(1)
    server.hear(...FOLLOWED)
    server.advance(20_000)
    server.hear(...FOLLOWED)
    expect(server.decision).toBeUndefined()
  })

  it('is not while it counts as absent', () => {
    const server = looking(1)
    server.election.onLetDown(3n, 'unreached')
    server.hear(...FOLLOWED)
    server.advance(10_000)
    server.hear(...FOLLOWED)
    server.advance(10_000)
    server.hear(...FOLLOWED)
    expect(server.decision).toBeUndefined()
  })

  it('gives way to another leader of which there is word', () => {
    const server = looking(1, configOf('1 2 3 4:observer'))
    server.hear(...FOLLOWED)
    server.advance(10_000)
    server.hear('3: following 2 z5 r11 e2')
    server.advance(10_000)
    server.hear('3: following 2 z5 r11 e2')
    expect(server.decision).toBe('following 2 z5 r11 e2')
  })

  it('is given up when one looks on whose word it was followed', () => {
    const server = looking(1)
    let told = 0
    server.election.onLeaderLooks = () => void told++
    server.hear(...FOLLOWED)
    server.advance(10_000)
    server.hear(...FOLLOWED, '2: looking 2 z5 r9 e1')
    expect(told).toBe(0)
    server.hear('2: looking 2 z5 r10 e1')
    expect(told).toBe(1)
  })
})

describe('strangers and observers', () => {
  const withObserver = configOf('1 2 3 4:observer')

  it('are answered with the last vote, the state and the round, and never counted', () => {
    const server = looking(2, withObserver)
    server.hear('3: looking 3 z0 r6 e0')
    server.said()
    server.hear('4: looking none znone r1 enone', '77: leading 77 z9 r9 e9')
    expect(server.said()).toEqual(['4: looking 2 z0 r6 e0', '77: looking 2 z0 r6 e0'])
    expect(server.election.round).toBe(6n)
  })

  it('are not named as leaders', () => {
    const server = looking(2, withObserver)
    server.hear('1: looking 4 z99 r1 e9', '3: looking 77 z99 r1 e9', '1: following 4 z0 r1 e0', '3: leading 4 z0 r1 e0')
    server.advance(150)
    expect([server.said(), server.decision]).toEqual([[], undefined])
  })

  it('do not make an observer answer without end', () => {
    const observer = looking(4, withObserver)
    observer.hear('3: looking 3 z5 r1 e1')
    observer.said()
    observer.hear('2: looking 2 z4 r1 e1', '2: looking 2 z4 r0 e1', '2: looking 77 z4 r0 e1')
    expect(observer.said()).toEqual([])
    // One of Java answers without end, if it is let.
    const voter = looking(2, withObserver)
    for (let i = 0; i < 5; i++) voter.hear('4: looking none znone r9 enone')
    expect(voter.said()).toEqual(['4: looking 2 z0 r1 e0'])
    voter.advance(200)
    voter.said()
    voter.hear('4: looking none znone r9 enone')
    expect(voter.said()).toEqual(['4: looking 2 z0 r1 e0'])
  })
})

describe('a settled server', () => {
  function settled(): LoneElection {
    const server = looking(2, configOf('1 2 3 4:observer'), { zxid: 5n, peerEpoch: 1n })
    server.hear('1: looking 3 z5 r1 e1', '3: looking 3 z5 r1 e1')
    server.said()
    return server
  }

  it('tells who looks what it has', () => {
    const server = settled()
    server.hear('1: looking 1 z9 r5 e9', '4: looking none znone r1 enone')
    expect(server.said()).toEqual(['1: following 3 z5 r1 e1', '4: following 3 z5 r1 e1'])
  })

  it('says nothing to who has a leader too', () => {
    const server = settled()
    server.hear('1: following 3 z5 r1 e1', '3: leading 3 z5 r1 e1', '1: observing 3 z5 r1 e1')
    expect(server.said()).toEqual([])
  })

  it('reports the new epoch once it is established, with the old zxid and round', () => {
    const server = settled()
    server.election.onEpochEstablished(2n)
    server.hear('1: looking 1 z9 r5 e9')
    expect(server.said()).toEqual(['1: following 3 z5 r1 e2'])
    expect(server.election.vote).toMatchObject({ peerEpoch: 2n })
  })

  it('reports its last vote to observers while it looks again', () => {
    const server = settled()
    server.election.onEpochEstablished(2n)
    server.look({ zxid: 6n, peerEpoch: 2n })
    server.said()
    server.hear('4: looking none znone r1 enone')
    expect(server.said()).toEqual(['4: looking 3 z5 r2 e2'])
  })

  it('hears what a voter asked just before it looked itself', () => {
    const server = settled()
    server.hear('1: looking 1 z9 r2 e1')
    server.said()
    server.advance(150)
    server.look({ zxid: 6n, peerEpoch: 1n })
    expect(server.said().slice(2)).toEqual(['1: looking 1 z9 r2 e1', '3: looking 1 z9 r2 e1'])
    server.lose(3n)
    expect(server.decision).toBe('following 1 z9 r2 e1')
  })

  it.each([
    ['long before', ['1: looking 1 z9 r2 e1'], 201],
    ['and then something else', ['1: looking 1 z9 r2 e1', '1: looking 1 z7 r2 e1'], 10],
  ])('does not hear what a voter asked %s', (_, lines, ms) => {
    const server = settled()
    server.hear(...lines)
    server.advance(ms)
    server.look({ zxid: 8n, peerEpoch: 1n })
    expect(server.said().every((line) => !line.includes('z9') || line.includes('following'))).toBe(true)
  })
})

it('is deaf before the first look and after the end', () => {
  const server = new LoneElection(1, THREE)
  server.hear('2: looking 2 z0 r1 e0', '77: looking 2 z0 r1 e0')
  server.look()
  server.election.stop()
  server.said()
  server.hear('2: looking 2 z0 r1 e0', '77: looking 2 z0 r1 e0')
  server.lose(2n)
  expect(server.said()).toEqual([])
  expect(server.clock.timerCount).toBe(0)
})

it('leaves no timers behind', () => {
  const server = looking(1)
  server.hear('2: looking 3 z0 r1 e0', '3: looking 3 z0 r1 e0')
  expect(server.clock.timerCount).toBe(0)
})

describe('a voter that has let this server down', () => {
  /** Server 2 of three has followed 3 in vain, or led in vain because 1 did not come, and looks again. */
  function again(self: number, absent: bigint, how: LetDown = 'silent', config = THREE): LoneElection {
    const server = looking(self, config)
    server.hear('1: following 3 z0 r1 e0', '3: leading 3 z0 r1 e0')
    expect(server.decision).toBe('following 3 z0 r1 e0')
    server.forget()
    server.election.onLetDown(absent, how)
    server.look()
    server.said()
    return server
  }

  it('is not voted for, and does not count, where another is there', () => {
    const server = again(2, 3n)
    server.hear('3: looking 3 z9 r7 e9', '1: looking 1 z0 r2 e0')
    expect(server.said()).toEqual(['1: looking 2 z0 r2 e0'])
    server.advance(1000)
    expect(server.decision).toBeUndefined()
    server.hear('1: looking 2 z0 r2 e0')
    expect(server.decision).toBe('leading 2 z0 r2 e0')
  })

  it('is waited for no longer than others may need to be heard, where it is the only one', () => {
    const server = again(2, 3n)
    server.hear('3: looking 3 z9 r2 e9')
    server.advance(399)
    expect(server.said().some((line) => line.includes('looking 3'))).toBe(false)
    server.advance(1)
    expect(server.said()).toContain('1: looking 3 z9 r2 e9')
    server.advance(200)
    expect(server.decision).toBe('following 3 z9 r2 e9')
  })

  it('counts again when the other one is gone', () => {
    const server = again(2, 3n)
    server.hear('3: looking 3 z9 r2 e9', '1: looking 1 z0 r2 e0')
    server.advance(1000)
    expect(server.decision).toBeUndefined()
    server.lose(1n)
    server.advance(200)
    expect(server.decision).toBe('following 3 z9 r2 e9')
  })

  it.each([
    ['in an older round', '1: looking 1 z0 r1 e0'],
    ['for worse', '1: looking 1 z0 r2 e0'],
  ])('counts again when the other one goes on voting %s', (_, vote) => {
    const server = again(2, 3n)
    server.hear('3: looking 3 z9 r2 e9', vote)
    server.advance(1000)
    expect(server.decision).toBeUndefined()
    server.hear(vote)
    server.advance(200)
    expect(server.decision).toBe('following 3 z9 r2 e9')
  })

  it('but not when the other one has only been slow to change its mind', () => {
    const server = again(2, 3n)
    server.hear('3: looking 3 z9 r2 e9', '1: looking 1 z0 r1 e0')
    server.advance(1000)
    server.hear('1: looking 2 z0 r2 e0', '3: looking 3 z9 r2 e9')
    expect(server.decision).toBe('leading 2 z0 r2 e0')
  })

  it('counts again when the other one has no data', () => {
    const server = again(2, 3n)
    server.hear('1: looking 1 z0 r2 e0', '1: looking 1 z-1 r2 e0', '3: looking 3 z9 r2 e9')
    server.advance(600)
    expect(server.decision).toBe('following 3 z9 r2 e9')
  })

  it('counts again after a while', () => {
    const server = again(2, 3n)
    server.hear('3: looking 3 z9 r2 e9', '1: looking 1 z0 r2 e0')
    server.advance(39_999)
    expect(server.decision).toBeUndefined()
    server.advance(201)
    expect(server.decision).toBe('following 3 z9 r2 e9')
  })

  it('is voted for when somebody else that counts votes for it', () => {
    const server = again(2, 3n)
    server.hear('3: looking 3 z9 r2 e9', '1: looking 3 z9 r2 e9')
    expect(server.said()).toContain('1: looking 3 z9 r2 e9')
  })

  it('is followed at once when it leads a quorum', () => {
    const server = again(2, 3n)
    server.hear('3: leading 3 z9 r5 e9', '1: following 3 z9 r5 e9')
    expect(server.decision).toBe('following 3 z9 r5 e9')
  })

  it('but not when it could not be reached twice, as long as there are others', () => {
    const server = again(2, 3n, 'unreached')
    server.election.onLetDown(3n, 'unreached')
    server.hear('3: leading 3 z9 r5 e9', '1: following 3 z9 r5 e9')
    server.advance(1000)
    expect(server.decision).toBeUndefined()
    server.said()
    server.advance(40_000)
    expect(server.said()).toContain('1: looking 2 z0 r2 e0')
    server.hear('3: leading 3 z9 r5 e9', '1: following 3 z9 r5 e9')
    expect(server.decision).toBe('following 3 z9 r5 e9')
  })

  it('is not followed by the same claim again, as long as there are others, for half as long', () => {
    const server = again(2, 3n)
    const claims = ['3: leading 3 z0 r1 e0', '1: following 3 z0 r1 e0']
    server.hear(...claims)
    server.advance(19_999)
    expect(server.decision).toBeUndefined()
    server.said()
    server.advance(1)
    expect(server.said()).toContain('1: looking 2 z0 r2 e0')
    server.hear(...claims)
    expect(server.decision).toBe('following 3 z0 r1 e0')
  })

  it('is followed at once when its epoch has begun since', () => {
    const server = again(2, 3n)
    server.hear('3: leading 3 z0 r1 e1', '1: following 3 z0 r1 e1')
    expect(server.decision).toBe('following 3 z0 r1 e1')
  })

  it('is followed again by the claim with which it has served before it fell silent', () => {
    const server = looking(2)
    const claims = ['1: following 3 z0 r1 e0', '3: leading 3 z0 r1 e0']
    server.hear(...claims)
    server.election.onEpochEstablished(0n)
    server.forget()
    server.election.onLetDown(3n, 'silent')
    server.look()
    server.hear(...claims)
    expect(server.decision).toBe('following 3 z0 r1 e0')
    server.forget()
    server.election.onLetDown(3n, 'silent')
    server.look()
    server.hear(...claims)
    expect(server.decision).toBeUndefined()
  })

  it('is one that closed the connection twice before it served', () => {
    const server = again(2, 3n, 'closed')
    server.hear('3: looking 3 z9 r2 e9', '1: looking 1 z0 r2 e0')
    expect(server.said()).toContain('1: looking 3 z9 r2 e9')
    const other = again(2, 3n, 'closed')
    other.election.onLetDown(3n, 'closed')
    other.hear('3: looking 3 z9 r2 e9', '1: looking 1 z0 r2 e0')
    expect(other.said()).toEqual(['1: looking 2 z0 r2 e0'])
  })

  it('is forgiven when it has led this server into an epoch', () => {
    const server = again(2, 3n)
    server.hear('3: leading 3 z9 r5 e9', '1: following 3 z9 r5 e9')
    server.election.onEpochEstablished(10n)
    server.forget()
    server.look()
    server.said()
    server.hear('3: looking 3 z9 r6 e9')
    expect(server.said()).toContain('1: looking 3 z9 r6 e9')
  })
})

describe('between a role and the next look', () => {
  function between(): LoneElection {
    const server = looking(1)
    server.hear('2: following 3 z0 r1 e0', '3: leading 3 z0 r1 e0')
    server.election.onRoleOver()
    server.forget()
    server.said()
    return server
  }

  it('says nothing of the role that is over', () => {
    const server = between()
    server.hear('2: looking 2 z0 r2 e0', '77: looking 2 z0 r2 e0')
    expect(server.said()).toEqual([])
    expect(server.election.state).toBe('looking')
  })

  it('keeps what voters say that look', () => {
    const server = between()
    server.hear('77: looking 2 z9 r9 e0', '3: leading 3 z0 r1 e0', '2: looking 2 z0 r2 e0')
    server.look()
    expect(server.said()).toContain('2: looking 2 z0 r2 e0')
  })
})

describe('while it does not look', () => {
  function leading(): { readonly server: LoneElection; readonly told: bigint[] } {
    const server = looking(3)
    const told: bigint[] = []
    server.election.onElectorLooks = (sid) => void told.push(sid)
    server.hear('1: looking 3 z0 r1 e0')
    server.advance(200)
    expect(server.decision).toBe('leading 3 z0 r1 e0')
    return { server, told }
  }

  it('a leader is told when an elector looks for another', () => {
    const { server, told } = leading()
    server.hear('1: looking 1 z0 r2 e0', '2: looking 2 z0 r2 e0')
    expect(told).toEqual([1n])
    server.hear('1: looking 1 z0 r1 e0')
    expect(told).toEqual([1n, 1n])
  })

  it('but not when an elector only says again what has elected it', () => {
    const { server, told } = leading()
    server.hear('1: looking 3 z0 r1 e0')
    expect(told).toEqual([])
  })

  it('a follower is told when its leader looks for one', () => {
    const server = looking(1)
    let told = 0
    server.election.onLeaderLooks = () => void told++
    server.hear('3: looking 3 z0 r1 e0')
    server.advance(200)
    expect(server.decision).toBe('following 3 z0 r1 e0')
    server.hear('3: looking 3 z0 r1 e0', '2: looking 2 z0 r2 e0')
    expect(told).toBe(0)
    server.hear('3: looking 3 z0 r2 e0')
    expect(told).toBe(1)
  })
})

// Who belongs to an ensemble: quorum-protocol 1.2 (the canonical text) and 9 (which sets decide).
import { describe, expect, it } from 'vitest'
import { parseQuorumConfig, QuorumConfig } from '../../../src/quorum/config/quorum-config.ts'
import { ConfigRefused } from '../../../src/server/config/config-refused.ts'
import { readMembership } from '../../../src/server/config/membership.ts'
import { configOf } from '../../support/lone-election.ts'

function textOf(lines: Record<string, string>): string {
  return new QuorumConfig(readMembership(new Map(Object.entries(lines)), true)).text
}

const sids = (...numbers: number[]): ReadonlySet<bigint> => new Set(numbers.map(BigInt))

describe('the canonical text', () => {
  it('is that of the specification', () => {
    const text = [
      'server.1=127.0.0.1:21831:21841:participant;127.0.0.1:21821',
      'server.5=127.0.0.1:21835:21845:observer;127.0.0.1:21825',
      'version=100000002',
    ].join('\n')
    const config = parseQuorumConfig(text)
    expect(config.text).toBe(text)
    expect(config.version).toBe(0x1_0000_0002n)
    expect([[...config.voters], [...config.observers]]).toEqual([[1n], [5n]])
  })

  it('gives the role always, the client only if the line has one, and version 0', () => {
    const lines = { 'server.2': 'zk2:2888:3888', 'server.1': 'zk1:2888:3888:OBSERVER;2181', 'server.10': 'zk10:2888:3888;[::1]:2181' }
    expect(textOf(lines)).toBe(
      [
        'server.1=zk1:2888:3888:observer;0.0.0.0:2181',
        'server.2=zk2:2888:3888:participant',
        'server.10=zk10:2888:3888:participant;[0:0:0:0:0:0:0:1]:2181',
        'version=0',
      ].join('\n'),
    )
  })

  it('sorts several addresses by their hosts and writes IPv6 in full', () => {
    expect(textOf({ 'server.1': 'localhost:21851:21855:participant|127.0.0.1:21831:21841|[::1]:21833:21843' })).toBe(
      'server.1=[0:0:0:0:0:0:0:1]:21833:21843|127.0.0.1:21831:21841|localhost:21851:21855:participant\nversion=0',
    )
  })

  it('fills in the weights when there are groups', () => {
    const text = configOf('1 2 3 4', 'group.2=4:3', 'group.1=1:2', 'weight.3=0').text
    expect(text.split('\n').slice(4)).toEqual(['group.1=1:2', 'group.2=3:4', 'weight.1=1', 'weight.2=1', 'weight.3=0', 'weight.4=1', 'version=0'])
    expect(parseQuorumConfig(text).text).toBe(text)
  })

  it('is read in any order, with escapes and comments as Java writes them', () => {
    const config = parseQuorumConfig('version=1f\n# hash order\nserver.8:h\\:1\\:2\nserver.1 = h:3:4\n')
    expect([config.version, [...config.members.keys()]]).toEqual([31n, [1n, 8n]])
  })

  it.each([
    ['another key', 'server.1=h:1:2\nsyncLimit=5'],
    ['a server without ports', 'server.1=h'],
    ['equal ports', 'server.1=h:1:1'],
    ['the form of 3.10', 'server.1=h:1:2;3;4'],
    ['a version that is no hex', 'server.1=h:1:2\nversion=xyz'],
    ['a version without digits', 'server.1=h:1:2\nversion='],
    ['a version that is too long', 'server.1=h:1:2\nversion=8000000000000000'],
    ['a sid that is none', 'server.x=h:1:2'],
    ['a broken escape', 'server.1=h:1:2\\u12'],
    ['a voter outside the groups', 'server.1=h:1:2\nserver.2=h:3:4\ngroup.1=1'],
  ])('is refused with %s', (_, text) => {
    expect(() => parseQuorumConfig(text)).toThrow(ConfigRefused)
  })
})

describe('a majority', () => {
  it.each([
    ['1', [1], true],
    ['1', [], false],
    ['1 2', [2], false],
    ['1 2', [1, 2], true],
    ['1 2 3', [1, 3], true],
    ['1 2 3', [3], false],
    ['1 2 3 4', [1, 2], false],
    ['1 2 3 4', [1, 2, 4], true],
    ['1 2 3 4 5', [1, 2, 5], true],
  ])('of %s: %j %s', (members, set, isQuorum) => {
    expect(configOf(members).containsQuorum(sids(...set))).toBe(isQuorum)
  })

  it('counts voters only', () => {
    const config = configOf('1 2 3 4:observer 5:observer')
    expect(config.containsQuorum(sids(1, 4, 5, 99))).toBe(false)
    expect(config.containsQuorum(sids(1, 2))).toBe(true)
  })
})

describe('a hierarchical quorum', () => {
  const nine = configOf('1 2 3 4 5 6 7 8 9', 'group.1=1:2:3', 'group.2=4:5:6', 'group.3=7:8:9')

  it.each([
    [[1, 2, 4, 5], true],
    [[1, 2, 3, 4, 7], false],
    [[1, 2, 9, 8], true],
    [[1, 2, 3], false],
    [[], false],
  ])('of three groups of three: %j %s', (set, isQuorum) => {
    expect(nine.containsQuorum(sids(...set))).toBe(isQuorum)
  })

  it('goes by weight, and groups without any do not count', () => {
    const config = configOf('1 2 3 4 5', 'group.1=1:2:3', 'group.2=4:5', 'weight.1=3', 'weight.4=0', 'weight.5=0')
    expect(config.containsQuorum(sids(1))).toBe(true)
    expect(config.containsQuorum(sids(2, 3, 4, 5))).toBe(false)
    expect([1, 2, 4].map((sid) => config.weight(BigInt(sid)))).toEqual([3, 1, 0])
  })

  it('comes of weights alone only with groups for all', () => {
    expect(() => configOf('1 2 3', 'weight.1=2')).toThrow('Server 1is not in a group')
  })

  it('does not count observers', () => {
    const config = configOf('1 2 3 4:observer', 'group.1=1:2:3:4', 'weight.4=1')
    expect(config.containsQuorum(sids(1, 2, 4))).toBe(false)
    expect(config.containsQuorum(sids(1, 2, 3))).toBe(true)
  })
})

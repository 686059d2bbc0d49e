// What a member makes of configurations that it hears of: the same members with a newer version are taken, other members are told apart.
import { describe, expect, test } from 'vitest'
import { CurrentConfig } from '../../../src/quorum/config/current-config.ts'
import { parseQuorumConfig } from '../../../src/quorum/config/quorum-config.ts'
import type { QuorumConfig } from '../../../src/quorum/config/quorum-config.ts'

const LINES = ['server.1=zk1:2888:3888:participant', 'server.2=zk2:2888:3888:participant', 'server.3=10.0.0.3:2888:3888:participant']
/** Given by the leader of epoch 1. */
const ESTABLISHED = 0x1_0000_0000n
/** Made by a txn. */
const CHANGED = 0x1_0000_0004n

function configOf(version: bigint, lines: readonly string[] = LINES): QuorumConfig {
  return parseQuorumConfig([...lines, `version=${version.toString(16)}`].join('\n'))
}

function current({ version = 0n, isDynamic = true, lines = LINES } = {}): CurrentConfig {
  return new CurrentConfig({ self: 1n, own: configOf(version, lines), client: { host: '127.0.0.1', port: 2181 }, isDynamic })
}

/** The lines with that of a server replaced, left out or added. */
function withLine(line: string): readonly string[] {
  const key = line.slice(0, line.indexOf('='))
  return [...LINES.filter((other) => !other.startsWith(`${key}=`)), ...(line.endsWith('=') ? [] : [line])]
}

function heardBy(config: CurrentConfig, version: bigint, lines: readonly string[] = LINES, mayUnlist = false): string {
  const heard = config.hear(configOf(version, lines), mayUnlist)
  return heard.kind === 'other' ? heard.changes.join(', ') : heard.kind
}

describe('the same members', () => {
  test('with a newer version are taken, and come into force when they are adopted', () => {
    const config = current()
    expect(heardBy(config, ESTABLISHED)).toBe('newer')
    expect([config.newest.version, config.inForce.version]).toEqual([ESTABLISHED, 0n])
    expect(config.adopt()).toBe(true)
    expect(config.inForce.text).toBe(configOf(ESTABLISHED).text)
    expect(config.adopt()).toBe(false)
    expect([heardBy(config, ESTABLISHED), heardBy(config, 7n)]).toEqual(['known', 'known'])
  })

  test('without reconfigEnabled keep the version of their own file, and a leader knows of the newer one', () => {
    const config = current({ isDynamic: false, version: 5n })
    expect(heardBy(config, ESTABLISHED)).toBe('newer')
    expect(config.adopt()).toBe(false)
    expect([config.inForce.version, config.newest.version]).toEqual([5n, ESTABLISHED])
  })

  test.each([
    ['a name and an address', 'server.3=zk3:2888:3888:participant'],
    ['the address of all interfaces', 'server.1=0.0.0.0:2888:3888:participant'],
    ['other ports, as seen from elsewhere', 'server.2=zk2:12888:13888:participant'],
    ['a client address', 'server.2=zk2:2888:3888:participant;0.0.0.0:2181'],
  ])('that were given their version by a leader may be named otherwise: %s', (_, line) => {
    expect(heardBy(current(), ESTABLISHED, withLine(line))).toBe('newer')
  })

  test.each([
    ['a client address of another server', 'server.2=zk2:2888:3888:participant;10.9.9.9:2181'],
    ['the client address that this server has', 'server.1=zk1:2888:3888:participant;127.0.0.1:2181'],
    ['all interfaces', 'server.1=zk1:2888:3888:participant;2181'],
    ['the address of all interfaces', 'server.1=0.0.0.0:2888:3888:participant'],
    ['capital letters', 'server.2=ZK2:2888:3888:participant'],
  ])('that a txn has made may have %s', (_, line) => {
    expect(heardBy(current(), CHANGED, withLine(line))).toBe('newer')
  })

  test('may be named as the leader names them once it has been heard', () => {
    const config = current()
    const renamed = withLine('server.3=zk3:2888:3888:participant')
    expect(heardBy(config, CHANGED, renamed)).toBe('server.3 is at zk3:2888:3888, not at 10.0.0.3:2888:3888')
    expect(heardBy(config, ESTABLISHED, renamed)).toBe('newer')
    expect(heardBy(config, CHANGED, renamed)).toBe('newer')
    expect(heardBy(config, CHANGED + 1n)).toBe('newer')
  })
})

describe('other members', () => {
  test.each([
    ['server.4=zk4:2888:3888:participant', 'server.4 is new'],
    ['server.4=zk4:2888:3888:observer', 'server.4 is new'],
    ['server.3=', 'server.3 is gone'],
    ['server.1=', 'server.1 is gone'],
    ['server.2=zk2:2888:3888:observer', 'server.2 is observer, not participant'],
  ])('%s', (line, change) => {
    for (const version of [ESTABLISHED, CHANGED]) {
      const config = current()
      expect(heardBy(config, version, withLine(line))).toBe(change)
      expect([config.newest.version, config.inForce.version]).toEqual([0n, 0n])
    }
  })

  test.each([
    ['server.2=zk2:2889:3888:participant', 'server.2 is at zk2:2889:3888, not at zk2:2888:3888'],
    ['server.2=zk2:2888:3889:participant', 'server.2 is at zk2:2888:3889, not at zk2:2888:3888'],
    ['server.2=zk9:2888:3888:participant', 'server.2 is at zk9:2888:3888, not at zk2:2888:3888'],
    ['server.3=10.0.0.4:2888:3888:participant', 'server.3 is at 10.0.0.4:2888:3888, not at 10.0.0.3:2888:3888'],
    ['server.2=zk2:2888:3888|10.0.0.2:2888:3888:participant', 'server.2 is at zk2:2888:3888|10.0.0.2:2888:3888, not at zk2:2888:3888'],
    ['server.1=zk1:2888:3888:participant;2182', 'server.1 serves clients at 0.0.0.0:2182, not at 127.0.0.1:2181'],
    ['server.1=zk1:2888:3888:participant;10.0.0.1:2181', 'server.1 serves clients at 10.0.0.1:2181, not at 127.0.0.1:2181'],
  ])('after a change by a txn: %s', (line, change) => {
    expect(heardBy(current({ version: ESTABLISHED }), CHANGED, withLine(line))).toBe(change)
  })

  test('are those of other groups, too', () => {
    expect(heardBy(current(), ESTABLISHED, [...LINES, 'group.1=1:2:3', 'weight.1=2'])).toBe('groups or weights are others')
  })

  test('of an older version are nothing new', () => {
    expect(heardBy(current({ version: CHANGED }), ESTABLISHED, withLine('server.4=zk4:2888:3888'))).toBe('known')
    expect(heardBy(current({ version: CHANGED }), CHANGED, withLine('server.4=zk4:2888:3888'))).toBe('known')
  })
})

describe('members without this server', () => {
  const WITHOUT = withLine('server.1=')

  test.each([ESTABLISHED, CHANGED])('are an ensemble that has not added it: it has no vote, and they elect by their own list (%i)', (version) => {
    const config = current()
    expect([config.isListed, config.electorate.voters.size]).toEqual([true, 3])
    expect(heardBy(config, version, WITHOUT, true)).toBe('unlisted')
    expect([config.isListed, [...config.electorate.voters]]).toEqual([false, [2n, 3n]])
    expect([heardBy(config, version, WITHOUT), heardBy(config, version + 1n, WITHOUT)]).toEqual(['known', 'newer'])
    expect(config.isListed).toBe(false)
  })

  test('may have other groups', () => {
    const config = current({ lines: [...LINES, 'group.1=1:2:3'] })
    expect(heardBy(config, CHANGED, [...WITHOUT, 'group.1=2:3'], true)).toBe('unlisted')
  })

  test('add it, and it has a vote', () => {
    const config = current()
    heardBy(config, CHANGED, WITHOUT, true)
    expect(heardBy(config, CHANGED + 1n)).toBe('newer')
    expect([config.isListed, [...config.electorate.voters]]).toEqual([true, [1n, 2n, 3n]])
  })

  test('are others where more is different', () => {
    const config = current()
    expect(heardBy(config, CHANGED, [...WITHOUT, 'server.4=zk4:2888:3888:participant'], true)).toBe('server.4 is new')
    heardBy(config, CHANGED, WITHOUT, true)
    expect(heardBy(config, CHANGED + 1n, withLine('server.2='))).toBe('server.2 is gone')
    expect(heardBy(config, CHANGED + 1n, [...LINES, 'group.1=1:2:3'])).toBe('groups or weights are others')
  })
})

describe('the first version', () => {
  test('is that of the first epoch that is led, with reconfigEnabled alone', () => {
    const config = current()
    config.establish(ESTABLISHED)
    config.establish(2n * ESTABLISHED)
    expect([config.newest.version, config.inForce.version]).toEqual([ESTABLISHED, 0n])
    const fixed = current({ isDynamic: false })
    fixed.establish(ESTABLISHED)
    expect(fixed.newest.version).toBe(0n)
  })
})

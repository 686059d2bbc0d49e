// client-protocol 9: containers and TTL nodes, and who takes them away.
import { describe, expect, it } from 'vitest'
import { ownerKind, ttlOf, ttlOwner } from '../../../src/server/tree/ephemeral-owner.ts'
import { FakeServer } from '../../support/fake-server.ts'
import * as ask from '../../support/requests.ts'

const { create, createContainer, createTtl, exists, remove } = ask
const MINUTE = 60_000

function stage(settings = {}) {
  const fake = new FakeServer({ extendedTypesEnabled: true, maxSessionTimeout: 100_000_000, ...settings })
  const session = fake.session({ timeOut: 100_000_000 })
  /** Lets time pass with a client that says something now and then; whether the node is there. */
  const after = (ms: number, path: string): boolean => {
    fake.host.advance(ms)
    return session.err(exists(path)) === 0
  }
  return { fake, session, after }
}

describe('owners', () => {
  it.each<[bigint, boolean, string]>([
    [0n, true, 'none'],
    [0n, false, 'none'],
    [-0x8000_0000_0000_0000n, true, 'container'],
    [-0x8000_0000_0000_0000n, false, 'container'],
    [ttlOwner(5000n), true, 'ttl'],
    [ttlOwner(5000n), false, 'session'],
    [0x0100_0000_0000_0000n, true, 'session'],
    [-1n, true, 'session'],
    [-1n, false, 'session'],
    [-0x7fff_ffff_ffff_ffffn, true, 'session'],
  ])('%d with extended types %s is a %s', (owner, extended, kind) => expect(ownerKind(owner, extended)).toBe(kind))

  it('hold the time to live in 40 bits', () => {
    for (const ttl of [1n, 5000n, (1n << 40n) - 1n]) expect([ttlOf(ttlOwner(ttl)), ownerKind(ttlOwner(ttl), true)]).toEqual([ttl, 'ttl'])
    expect(ownerKind(BigInt.asIntN(64, 0xff00_0100_0000_0001n), true)).toBe('session')
  })
})

describe('containers', () => {
  it('go when their last child has gone, at the next look', () => {
    const { fake, session, after } = stage()
    session.ok(createContainer('/c'))
    session.ok(create('/c/child', { flags: 1 }))
    session.ok(ask.addWatch('/c', 0))
    expect(after(2 * MINUTE, '/c')).toBe(true)
    session.ok(remove('/c/child'))
    session.takeEvents()
    const before = fake.lastZxid
    expect(after(MINUTE, '/c')).toBe(false)
    expect(session.takeEvents()).toMatchObject([{ type: 2, path: '/c', zxid: before + 1n }])
  })

  it('that never had a child stay, unless there is a limit to that', () => {
    const forever = stage()
    forever.session.ok(createContainer('/c'))
    expect(forever.after(1000 * MINUTE, '/c')).toBe(true)

    const limited = stage({ containerMaxNeverUsedIntervalMs: 5 * MINUTE })
    limited.session.ok(createContainer('/c'))
    expect(limited.after(5 * MINUTE, '/c')).toBe(true)
    expect(limited.after(MINUTE, '/c')).toBe(false)
  })

  it('are not deleted when somebody comes first', () => {
    const { fake, session, after } = stage()
    session.ok(createContainer('/c'))
    session.ok(create('/c/child'))
    session.ok(remove('/c/child'))
    // The new child is under way while the reaper asks.
    fake.host.advance(MINUTE - 1)
    session.send(create('/c/late'))
    fake.host.turn()
    expect(after(10, '/c')).toBe(true)
    expect(session.err(exists('/c/late'))).toBe(0)
  })

  it('are known again after a restart', () => {
    const { fake, session } = stage()
    session.ok(createContainer('/c'))
    session.ok(create('/c/child'))
    session.ok(remove('/c/child'))
    fake.restart()
    fake.host.advance(MINUTE + 1)
    expect(fake.session().err(exists('/c'))).toBe(-101)
  })

  it('go no faster than so many in a minute', () => {
    const { fake, session } = stage({ containerMaxPerMinute: 6 })
    session.ok(create('/all'))
    for (let i = 0; i < 5; i++) {
      session.ok(createContainer(`/all/${i}`))
      session.ok(create(`/all/${i}/child`))
      session.ok(remove(`/all/${i}/child`))
    }
    fake.host.advance(MINUTE)
    const left = [0, 10, 10, 10, 10].map((seconds) => {
      fake.host.advance(seconds * 1000)
      return session.ok(exists('/all')).stat.numChildren
    })
    expect(left).toEqual([4, 3, 2, 1, 0])
  })
})

describe('TTL nodes', () => {
  it('go when they have not been written to for so long', () => {
    const { session, after } = stage()
    session.ok(createTtl('/t', BigInt(2.5 * MINUTE)))
    expect(after(2 * MINUTE, '/t')).toBe(true)
    session.ok(ask.setData('/t', 'again'))
    expect(after(2 * MINUTE, '/t')).toBe(true)
    expect(after(MINUTE, '/t')).toBe(false)
  })

  it('are kept by their children, and go soon after the last of them', () => {
    const { session, after } = stage()
    session.ok(createTtl('/t', 1000n))
    session.ok(create('/t/child'))
    expect(after(10 * MINUTE, '/t')).toBe(true)
    session.ok(remove('/t/child'))
    expect(after(MINUTE, '/t')).toBe(false)
  })

  it('are plain nodes to a reaper that does not know them', () => {
    const { fake, session } = stage()
    session.ok(create('/plain'))
    fake.host.advance(10 * MINUTE)
    expect(session.err(exists('/plain'))).toBe(0)
  })
})

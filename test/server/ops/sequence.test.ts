// client-protocol 4.4: sequence numbers, versions, and what happens where their numbers end.
import { describe, expect, it } from 'vitest'
import { sequenceSuffix } from '../../../src/server/ops/create.ts'
import { FakeServer } from '../../support/fake-server.ts'
import { multi, outline } from '../../support/multi.ts'
import type { MultiResult } from '../../support/multi.ts'
import { create, exists, getData, OPEN, remove, setAcl, setData } from '../../support/requests.ts'

const next = { flags: 2 }

/** A node whose counters are as they would be after a very long life. */
function aged(column: 'cversion' | 'version' | 'aversion', value: number) {
  const fake = new FakeServer({ digestEnabled: false })
  const session = fake.session()
  session.ok(create('/p'))
  const { store } = fake.server.replica.tree
  const id = store.find('/p')
  if (column === 'cversion') store.setCversion(id, value)
  else if (column === 'version') store.setVersion(id, value)
  else store.setAversion(id, value)
  return { fake, session, stat: () => session.ok(exists('/p')).stat }
}

describe('sequence numbers', () => {
  it.each([
    [0, '0000000000'],
    [12, '0000000012'],
    [2_147_483_647, '2147483647'],
    [-1, '-000000001'],
    [-2_147_483_648, '-2147483648'],
  ])('%d is written %s', (counter, suffix) => expect(sequenceSuffix(counter)).toBe(suffix))

  it('count every creation under the parent, not deletions and not failures', () => {
    const session = new FakeServer().session()
    session.ok(create('/s'))
    expect(session.ok(create('/s/n-', next)).path).toBe('/s/n-0000000000')
    session.ok(create('/s/named'))
    expect(session.err(create('/s/named'))).toBe(-110)
    session.ok(remove('/s/named'))
    expect(session.ok(create('/s/n-', { flags: 3 })).path).toBe('/s/n-0000000002')
    expect(session.ok(create('/s/', next)).path).toBe('/s/0000000003')
    expect(session.ok(create('/s/.', next)).path).toBe('/s/.0000000004')
    expect(session.ok(create('/s/..', next)).path).toBe('/s/..0000000005')
    expect(session.err(create('/s//', next))).toBe(-101)
    expect(session.ok(exists('/s')).stat).toMatchObject({ cversion: 7, numChildren: 5 })
  })

  it('are given out in order to requests that come together', () => {
    const fake = new FakeServer()
    const sessions = [fake.session(), fake.session()]
    for (let round = 0; round < 3; round++) for (const session of sessions) session.send(create('/q-', next))
    fake.host.settle()
    const paths = sessions.flatMap((session) => session.replies().map(({ body }) => (body as { path: string }).path))
    expect(paths.sort()).toEqual([1, 2, 3, 4, 5, 6].map((n) => `/q-000000000${n - 1}`))
  })

  it('stop at the largest number: its name comes once for each prefix', () => {
    const { session, stat } = aged('cversion', 2_147_483_646)
    expect(session.ok(create('/p/a', next)).path).toBe('/p/a2147483646')
    expect(session.ok(create('/p/a', next)).path).toBe('/p/a2147483647')
    expect(session.err(create('/p/a', next))).toBe(-110)
    expect(session.ok(create('/p/b', next)).path).toBe('/p/b2147483647')
    const before = stat()
    session.ok(create('/p/named'))
    expect(stat().pzxid).toBe(before.pzxid)
    expect(stat().numChildren).toBe(4)
  })

  it('go on below zero within one multi', () => {
    const { session } = aged('cversion', 2_147_483_647)
    const results = session.ok(multi([create('/p/a', next), create('/p/a', next), create('/p/a', next)]))
    const paths = results.map(({ body }: MultiResult) => (body as { path: string }).path)
    expect(paths).toEqual(['/p/a2147483647', '/p/a-2147483648', '/p/a-2147483647'])
  })
})

describe('versions', () => {
  it('must be those of the node, but for -1', () => {
    const session = new FakeServer().session()
    session.ok(create('/v'))
    for (const [version, err] of [
      [1, -103],
      [-2, -103],
      [0, 0],
      [0, -103],
      [-1, 0],
      [2, 0],
    ] as const) {
      expect(session.err(setData('/v', 'x', version))).toBe(err)
    }
    expect(session.err(setAcl('/v', OPEN, 1))).toBe(-103)
    expect(session.err(setAcl('/v', OPEN, 0))).toBe(0)
    expect(session.err(remove('/v', 4))).toBe(-103)
    expect(session.err(remove('/v', 3))).toBe(0)
  })

  it('wrap around, over a -1 that nobody can name', () => {
    const { session, stat } = aged('version', 2_147_483_647)
    expect(session.ok(setData('/p', 'x', 2_147_483_647)).stat.version).toBe(-2_147_483_648)
    expect(session.err(setData('/p', 'x', -2_147_483_648))).toBe(0)
    expect(stat().version).toBe(-2_147_483_647)
    const low = aged('version', -2)
    expect(low.session.ok(setData('/p', 'x', -2)).stat.version).toBe(-1)
    expect(low.session.ok(setData('/p', 'x', -1)).stat.version).toBe(0)
  })

  it('of ACLs wrap around too', () => {
    const { session, stat } = aged('aversion', -2)
    session.ok(setAcl('/p', OPEN, -2))
    expect(stat().aversion).toBe(-1)
    session.ok(setAcl('/p', OPEN, -1))
    expect(stat().aversion).toBe(0)
    const high = aged('aversion', 2_147_483_647)
    expect(high.session.ok(setAcl('/p', OPEN)).stat.aversion).toBe(-2_147_483_648)
  })

  it('are shown as of each operation of a multi', () => {
    const session = new FakeServer().session()
    const results = session.ok(multi([create('/v'), setData('/v', 'a', 0), setData('/v', 'b', 1)]))
    expect(outline(results)).toBe('1:0 5:0 5:0')
    expect(results.slice(1).map(({ body }) => (body as { stat: { version: number } }).stat.version)).toEqual([1, 2])
    expect(session.ok(getData('/v')).stat.version).toBe(2)
  })
})

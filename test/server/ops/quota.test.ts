// client-protocol 8: usage, limits, and texts that would end a Java server.
import { describe, expect, it } from 'vitest'
import { parseQuota } from '../../../src/server/tree/quota.ts'
import { FakeServer } from '../../support/fake-server.ts'
import { multi, outline } from '../../support/multi.ts'
import * as ask from '../../support/requests.ts'
import type { RawSession } from '../../support/raw-session.ts'

const { create, exists, remove, setData } = ask
const QUOTA = '/zookeeper/quota'
const text = (session: RawSession, path: string): string => Buffer.from(session.ok(ask.getData(path)).data!).toString()

/** Puts limits on a path, with the nodes in between, as zkCli does. */
function limit(session: RawSession, path: string, limits: string): void {
  let node = QUOTA
  for (const part of path.split('/').filter((part) => part !== '')) {
    node = `${node}/${part}`
    session.err(create(node))
  }
  session.ok(create(`${node}/zookeeper_limits`, { data: limits }))
  session.ok(create(`${node}/zookeeper_stats`, { data: 'count=0,bytes=0' }))
}

function stage(limits: string, enforceQuota = true) {
  const fake = new FakeServer({ enforceQuota })
  const session = fake.session()
  session.ok(create('/q', { data: '1234567' }))
  limit(session, '/q', limits)
  return { fake, session, usage: () => text(session, `${QUOTA}/q/zookeeper_stats`) }
}

describe('usage', () => {
  it('is counted when the node for it is made, and kept up to date in place', () => {
    const { session, usage } = stage('count=100,bytes=100')
    expect(usage()).toBe('count=1,bytes=7')
    const before = session.ok(exists(`${QUOTA}/q/zookeeper_stats`)).stat
    session.ok(ask.addWatch(`${QUOTA}/q/zookeeper_stats`, 0))
    session.ok(create('/q/a', { data: 'abc' }))
    session.ok(create('/q/a/e', { data: 'x', flags: 1 }))
    expect(usage()).toBe('count=3,bytes=11')
    session.ok(setData('/q/a', 'much longer'))
    expect(usage()).toBe('count=3,bytes=19')
    session.ok(setData('/q/a', null))
    session.ok(remove('/q/a/e'))
    session.ok(remove('/q/a'))
    expect(usage()).toBe('count=1,bytes=7')
    session.ok(create('/elsewhere', { data: 'x' }))
    session.ok(create('/q2', { data: 'x' }))
    expect(usage()).toBe('count=1,bytes=7')
    expect(session.ok(exists(`${QUOTA}/q/zookeeper_stats`)).stat).toEqual(before)
    expect(session.takeEvents()).toEqual([])
  })

  it('is charged to the deepest limits only, and stops with them', () => {
    const { session, usage } = stage('count=100,bytes=100')
    session.ok(create('/q/deep'))
    limit(session, '/q/deep', 'count=100,bytes=100')
    session.ok(create('/q/deep/a', { data: 'xx' }))
    expect([usage(), text(session, `${QUOTA}/q/deep/zookeeper_stats`)]).toEqual(['count=2,bytes=7', 'count=2,bytes=2'])
    session.ok(remove(`${QUOTA}/q/deep/zookeeper_limits`))
    session.ok(create('/q/deep/b'))
    expect([usage(), text(session, `${QUOTA}/q/deep/zookeeper_stats`)]).toEqual(['count=3,bytes=7', 'count=2,bytes=2'])
  })

  it('is counted anew when a server starts', () => {
    const { fake, session, usage } = stage('count=100,bytes=100')
    session.ok(create('/q/a', { data: 'abc' }))
    const before = usage()
    fake.restart()
    const again = fake.session()
    expect(text(again, `${QUOTA}/q/zookeeper_stats`)).toBe(before)
    again.ok(create('/q/b'))
    expect(text(again, `${QUOTA}/q/zookeeper_stats`)).toBe('count=3,bytes=10')
  })

  it('of a missing stats node is nobody’s business', () => {
    const { session } = stage('count=1,bytes=1=;byteHardLimit=1;countHardLimit=1')
    session.ok(remove(`${QUOTA}/q/zookeeper_stats`))
    expect(session.err(create('/q/a', { data: 'long enough' }))).toBe(0)
  })
})

describe('limits', () => {
  const hard = (count: number, bytes: number): string => `count=-1,bytes=-1=;byteHardLimit=${bytes};countHardLimit=${count}`

  it('that are soft stop nobody', () => {
    const { fake, session } = stage('count=1,bytes=7')
    expect([session.err(create('/q/a', { data: 'x' })), session.err(setData('/q', 'longer than before'))]).toEqual([0, 0])
    expect(fake.host.warnings.filter((line) => line.startsWith('Quota exceeded: /q'))).toHaveLength(3)
  })

  it('that are hard are reached, not passed', () => {
    const { session } = stage(hard(3, 12))
    expect(session.err(create('/q/a', { data: '12345' }))).toBe(0)
    expect(session.err(create('/q/b', { data: 'x' }))).toBe(-125)
    expect(session.err(create('/q/b', { flags: 1 }))).toBe(0)
    expect(session.err(create('/q/c-', { flags: 2 }))).toBe(-125)
    expect(session.err(setData('/q/a', '123456'))).toBe(-125)
    expect(session.err(setData('/q/a', '54321'))).toBe(0)
    expect(session.err(setData('/q/a', ''))).toBe(0)
    expect(session.err(setData('/q/a', '12345'))).toBe(0)
  })

  it('come before a wrong version and after everything else', () => {
    const { session } = stage(hard(1, 7))
    expect(session.err(setData('/q', '12345678', 99))).toBe(-125)
    expect(session.err(setData('/q', '1234567', 99))).toBe(-103)
    expect(session.err(create('/q/a'))).toBe(-125)
    expect(session.err(create('/q'))).toBe(-110)
  })

  it('are compared with what is committed, so a multi may pass them', () => {
    const { session, usage } = stage(hard(2, -1))
    expect(outline(session.ok(multi([create('/q/a'), create('/q/b'), create('/q/c')])))).toBe('1:0 1:0 1:0')
    expect(usage()).toBe('count=4,bytes=7')
    expect(outline(session.ok(multi([create('/q/d')])))).toBe('-1:-125')
  })

  it('mean nothing unless they are enforced', () => {
    const { session } = stage(hard(1, 1), false)
    expect(session.err(create('/q/a', { data: 'x' }))).toBe(0)
  })

  it('that cannot be read refuse every write below, when they are enforced', () => {
    for (const [enforced, err] of [
      [true, -5],
      [false, 0],
    ] as const) {
      const { session } = stage('nonsense', enforced)
      expect([session.err(create('/q/a')), session.err(setData('/q', 'x'))]).toEqual([err, err])
      expect(session.err(ask.ping())).toBe(0)
    }
  })
})

describe('texts', () => {
  it.each([
    ['count=2,bytes=7', { count: 2, bytes: 7, countHardLimit: -1, byteHardLimit: -1 }],
    ['count=-1,bytes=-1=;byteHardLimit=5;countHardLimit=3', { count: -1, bytes: -1, countHardLimit: 3, byteHardLimit: 5 }],
    ['bytes=1;count=2', { count: 2, bytes: 1, countHardLimit: -1, byteHardLimit: -1 }],
    ['count=+1,other=9', { count: 1, bytes: -1, countHardLimit: -1, byteHardLimit: -1 }],
    ['', { count: -1, bytes: -1, countHardLimit: -1, byteHardLimit: -1 }],
    ['count=a,bytes=b', undefined],
    ['nonsense', undefined],
    ['count=1,,bytes', undefined],
    ['count=', undefined],
    ['count==5', { count: -1, bytes: -1, countHardLimit: -1, byteHardLimit: -1 }],
  ])('%j', (data, quota) => expect(parseQuota(Buffer.from(data))).toEqual(quota))

  it('that would end a Java server are refused at the door', () => {
    const { session, usage } = stage('count=10,bytes=100')
    expect(session.err(create(`${QUOTA}/zookeeper_limits`))).toBe(-8)
    for (const data of ['nonsense', 'count=a,bytes=b', null]) expect(session.err(setData(`${QUOTA}/q/zookeeper_stats`, data))).toBe(-8)
    expect(session.err(create('/q/a'))).toBe(0)
    expect(usage()).toBe('count=2,bytes=7')
    expect(session.err(setData(`${QUOTA}/q/zookeeper_stats`, 'count=77,bytes=1'))).toBe(0)
    expect(session.err(create('/q/b'))).toBe(0)
    expect(usage()).toBe('count=78,bytes=1')
  })

  it('of limits that a Java server takes for something else are refused at the door', () => {
    const { session } = stage('count=10,bytes=100')
    for (const parent of [`${QUOTA}s`, '/zookeeper/x', '/zookeepers', `${QUOTA}/zookeeper_limits2`, `${QUOTA}/ `, `${QUOTA}/ /  `]) {
      expect(session.err(create(parent))).toBe(0)
      expect(session.err(create(`${parent}/zookeeper_limits`))).toBe(-8)
      expect(session.err(remove(`${parent}/zookeeper_limits`))).toBe(-8)
    }
    expect(session.err(create(`${QUOTA}/q/ `))).toBe(0)
    expect(session.err(create(`${QUOTA}/q/ /zookeeper_limits`))).toBe(0)
  })

  it('that somebody has put beside the usage stay there', () => {
    const { session, usage } = stage('count=10,bytes=100')
    session.ok(setData(`${QUOTA}/q/zookeeper_stats`, 'note=7,count=3;byteHardLimit=+05'))
    session.ok(create('/q/a', { data: 'xy' }))
    expect(usage()).toBe('count=4,bytes=1=;byteHardLimit=5;note=7')
    session.ok(remove('/q/a'))
    expect(usage()).toBe('count=3,bytes=-1=;byteHardLimit=5;note=7')
  })

  it('of usage are recomputed when the node is made, whatever they say', () => {
    const { session, usage } = stage('count=10,bytes=100')
    session.ok(remove(`${QUOTA}/q/zookeeper_stats`))
    session.ok(create(`${QUOTA}/q/zookeeper_stats`, { data: 'garbage' }))
    expect(usage()).toBe('count=1,bytes=7')
  })
})

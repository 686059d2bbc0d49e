// client-protocol 4.8: reads, their permissions and their corners.
import { describe, expect, it } from 'vitest'
import { digestId } from '../../../src/server/auth/digest-scheme.ts'
import { FakeServer } from '../../support/fake-server.ts'
import * as ask from '../../support/requests.ts'
import type { Asked } from '../../support/requests.ts'

const { acl, create, getAcl } = ask

/** /hidden may not be read, /admin only administered. */
function stage() {
  const fake = new FakeServer()
  const session = fake.session()
  session.ok(create('/a', { data: 'data' }))
  session.ok(create('/a/b'))
  session.ok(create('/a/b/c'))
  session.ok(create('/hidden', { acl: [acl(2 | 4 | 8)] }))
  session.ok(create('/hidden/child'))
  session.ok(create('/admin', { acl: [acl(16)] }))
  return { fake, session }
}

describe('reads', () => {
  const reads: [string, (path: string) => Asked][] = [
    ['exists', ask.exists],
    ['getData', ask.getData],
    ['getChildren', ask.getChildren],
    ['getChildren2', ask.getChildren2],
    ['getACL', getAcl],
    ['getAllChildrenNumber', ask.getAllChildrenNumber],
  ]

  it.each(reads)('%s: missing, unreadable, malformed, and the root by two names', (name, read) => {
    const { session } = stage()
    expect(session.err(read('/missing'))).toBe(-101)
    expect(session.err(read('/hidden/missing'))).toBe(-101)
    expect(session.err(read('/hidden'))).toBe(-102)
    expect(session.err(read('/hidden/child'))).toBe(0)
    for (const path of ['a', '/a/', '//', '/a//b', '/a/.', 'zookeeper', '/zookeeper/']) expect(session.err(read(path))).toBe(-101)
    expect(session.err(read('/a\0'))).toBe(name === 'exists' ? -8 : -101)
    expect([session.err(read('/')), session.err(read(''))]).toEqual([0, 0])
    expect(session.err(read('/admin'))).toBe(name === 'getACL' ? 0 : -102)
  })

  it('give what is there', () => {
    const { session } = stage()
    const { stat } = session.ok(ask.exists('/a'))
    expect(stat).toMatchObject({ dataLength: 4, numChildren: 1, cversion: 1 })
    expect(session.ok(ask.getData('/a'))).toEqual({ data: Uint8Array.from(Buffer.from('data')), stat })
    expect(session.ok(ask.getChildren('/'))).toEqual({ children: expect.arrayContaining(['a', 'admin', 'hidden', 'zookeeper']) })
    expect(session.ok(ask.getChildren('')).children).toHaveLength(4)
    expect(session.ok(ask.getChildren2('/a'))).toEqual({ children: ['b'], stat })
    expect(session.ok(ask.getChildren('/a/b/c'))).toEqual({ children: [] })
  })

  it('getAllChildrenNumber counts everything below', () => {
    const { session } = stage()
    const count = (path: string) => session.ok(ask.getAllChildrenNumber(path)).totalNumber
    expect([count('/a'), count('/a/b'), count('/a/b/c'), count('/')]).toEqual([2, 1, 0, 9])
  })

  it('getEphemerals knows the session’s own only, and filters by prefix', () => {
    const { fake, session } = stage()
    for (const path of ['/a/e1', '/a/e2', '/b']) session.ok(create(path, { flags: 1 }))
    fake.session().ok(create('/a/foreign', { flags: 1 }))
    const find = (prefix: string | null) => session.ok(ask.getEphemerals(prefix)).ephemerals!.toSorted()
    for (const everything of [null, '', '/', ' ', '\t / \n']) expect(find(everything)).toEqual(['/a/e1', '/a/e2', '/b'])
    expect(find('/a')).toEqual(['/a/e1', '/a/e2'])
    expect(find('/a/e1')).toEqual(['/a/e1'])
    expect(find('/x')).toEqual([])
    expect(find('a')).toEqual([])
  })

  it('getEphemerals takes its time from the length of the prefix, not from its square', () => {
    const { session } = stage()
    expect(session.ok(ask.getEphemerals(`${' '.repeat(500_000)}x${' '.repeat(500_000)}`)).ephemerals).toEqual([])
  })
})

describe('getACL', () => {
  const id = digestId('bob:secret', 'SHA1')
  const list = [acl(1), acl(31, 'digest', id), acl(16, 'ip', '10.0.0.1')]

  it('hides hashes from who may not administer', () => {
    const { fake, session } = stage()
    session.ok(create('/secret', { acl: list }))
    const shown = session.ok(getAcl('/secret'))
    expect(shown.acl).toEqual([acl(1), acl(31, 'digest', 'bob:x'), acl(16, 'ip', '10.0.0.1')])
    expect(shown.stat).toEqual(session.ok(ask.exists('/secret')).stat)
    session.ok(ask.auth('digest', 'bob:secret'))
    expect(session.ok(getAcl('/secret')).acl).toEqual(list)
    expect(fake.session().ok(getAcl('/secret')).acl).toEqual(shown.acl)
    expect(fake.session({}, '10.0.0.1').ok(getAcl('/secret')).acl).toEqual(list)
  })

  it('shows the open list of the first nodes', () => {
    expect(stage().session.ok(getAcl('/')).acl).toEqual(ask.OPEN)
    expect(stage().session.ok(getAcl('/zookeeper/config')).acl).toEqual([acl(1)])
  })
})

describe('whoAmI', () => {
  it('tells all identities of the connection', () => {
    const { fake } = stage()
    const session = fake.session({}, '10.1.2.3')
    session.ok(ask.auth('digest', 'bob:secret'))
    session.ok(ask.auth('digest', 'bob:secret'))
    session.ok(ask.auth('digest', 'nocolon'))
    session.ok(ask.auth('digest', ''))
    session.ok(ask.auth('ip', 'whatever'))
    const { clientInfo } = session.ok(ask.whoAmI())
    expect(clientInfo).toEqual([
      { authScheme: 'ip', user: '10.1.2.3' },
      { authScheme: 'digest', user: 'bob' },
      { authScheme: 'digest', user: 'nocolon' },
      { authScheme: 'digest', user: '' },
    ])
  })
})

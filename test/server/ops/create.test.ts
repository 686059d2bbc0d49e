// client-protocol 4.2 to 4.6: what create makes, and which refusal comes first.
import { describe, expect, it } from 'vitest'
import { FakeServer } from '../../support/fake-server.ts'
import { multi, outline } from '../../support/multi.ts'
import { acl, create, create2, createContainer, createTtl, exists, getAcl, getChildren, getData, remove } from '../../support/requests.ts'
import type { Asked } from '../../support/requests.ts'

const CREATES = { create, create2, createContainer: (path: string | null, options = {}) => createContainer(path, { flags: 0, ...options }) }
const BAD_ACL = [acl(31, 'nosuch', 'x')]

/** A server with /open, /locked (nobody may create below), /e (ephemeral), /open/there. */
function stage(settings = {}) {
  const fake = new FakeServer(settings)
  const session = fake.session()
  session.ok(create('/open'))
  session.ok(create('/open/there'))
  session.ok(create('/locked', { acl: [acl(1 | 16)] }))
  session.ok(create('/e', { flags: 1 }))
  return { fake, session }
}

describe('what is refused first', () => {
  const cases: [string, (make: (path: string | null, options?: object) => Asked) => Asked, number][] = [
    ['flags that do not exist', (make) => make('no slash', { flags: 7 }), -8],
    ['negative flags', (make) => make('/x', { flags: -1 }), -8],
    ['TTL flags while they are off', (make) => make('no slash', { flags: 5 }), -6],
    ['TTL flags with a suffix while they are off', (make) => make('/x', { flags: 6 }), -6],
    ['a path without a slash', (make) => make('x', { acl: BAD_ACL }), -8],
    ['a path with NUL', (make) => make('/missing/\0', { acl: BAD_ACL }), -8],
    ['a bad ACL before a missing parent', (make) => make('/missing/x', { acl: BAD_ACL }), -114],
    ['a null ACL', (make) => make('/x', { acl: null }), -114],
    ['an empty ACL', (make) => make('/x', { acl: [] }), -114],
    ['a missing parent before a malformed path', (make) => make('/missing/.'), -101],
    ['an empty parent name', (make) => make('/open//b'), -101],
    ['a slash at the end of what is missing', (make) => make('/missing/'), -101],
    ['no permission before a malformed path', (make) => make('/locked/..'), -102],
    ['no permission', (make) => make('/locked/x'), -102],
    ['two slashes', (make) => make('//'), -8],
    ['a slash at the end', (make) => make('/open/'), -8],
    ['a dot', (make) => make('/open/.'), -8],
    ['a surrogate', (make) => make('/open/\ud83d\ude00'), -8],
    ['what exists', (make) => make('/open/there'), -110],
    ['the root', (make) => make('/'), -110],
    ['the special nodes', (make) => make('/zookeeper/quota'), -110],
    ['a child of an ephemeral', (make) => make('/e/child'), -108],
  ]

  for (const [name, make] of Object.entries(CREATES)) {
    it.each(cases)(`by ${name}: %s`, (_, build, err) => {
      const { session } = stage()
      expect(session.err(build(make as never))).toBe(err)
    })
  }

  it('permission hides nothing that exists: it comes first', () => {
    const { session } = stage()
    session.ok(create('/half', { acl: [acl(31)] }))
    session.ok(create('/half/there'))
    expect(session.err(create('/half/there'))).toBe(-110)
    expect(session.err(create('/locked/anything'))).toBe(-102)
  })

  it('takes children anywhere else, below /zookeeper and the quota too', () => {
    const { session } = stage()
    for (const path of ['/zookeeper/x', '/zookeeper/quota/x', '/open/there/deep']) expect(session.err(create(path))).toBe(0)
    expect(session.err(create('/zookeeper/e', { flags: 1 }))).toBe(0)
    expect(session.err(create('/zookeeper/config/x'))).toBe(-102)
  })
})

describe('what is made', () => {
  const owner = { container: -0x8000_0000_0000_0000n, plain: 0n }

  it.each<[string, (path: string) => Asked, bigint | 'session']>([
    ['create 0', (path) => create(path, { flags: 0 }), owner.plain],
    ['create 1', (path) => create(path, { flags: 1 }), 'session'],
    ['create 2', (path) => create(path, { flags: 2 }), owner.plain],
    ['create 3', (path) => create(path, { flags: 3 }), 'session'],
    ['create 4', (path) => create(path, { flags: 4 }), owner.plain],
    ['create2 4', (path) => create2(path, { flags: 4 }), owner.plain],
    ['createContainer 0', (path) => createContainer(path, { flags: 0 }), owner.container],
    ['createContainer 1', (path) => createContainer(path, { flags: 1 }), owner.container],
    ['createContainer 2', (path) => createContainer(path, { flags: 2 }), owner.container],
    ['createContainer 4', (path) => createContainer(path, { flags: 4 }), owner.container],
  ])('by %s', (_, make, expected) => {
    const { fake, session } = stage()
    const path = (session.ok(make('/new')) as { path: string }).path
    const { store } = fake.server.replica.tree
    const wanted = expected === 'session' ? session.id : expected
    expect(store.ephemeralOwner(store.find(path))).toBe(wanted)
    expect(session.ok(exists(path)).stat.ephemeralOwner).toBe(expected === 'session' ? session.id : 0n)
  })

  it('create answers with the path, the others with the stat too', () => {
    const { fake, session } = stage()
    expect(session.ok(create('/a'))).toEqual({ path: '/a' })
    const { path, stat } = session.ok(create2('/b', { data: 'four', flags: 1 }))
    const time = BigInt(fake.host.clock.wallTime())
    const zxid = fake.lastZxid
    expect({ path, stat }).toEqual({
      path: '/b',
      stat: {
        czxid: zxid,
        mzxid: zxid,
        ctime: time,
        mtime: time,
        version: 0,
        cversion: 0,
        aversion: 0,
        ephemeralOwner: session.id,
        dataLength: 4,
        numChildren: 0,
        pzxid: zxid,
      },
    })
    expect(session.ok(createContainer('/c')).stat.ephemeralOwner).toBe(0n)
  })

  it('null and empty data stay apart', () => {
    const { session } = stage()
    session.ok(create('/null', { data: null }))
    session.ok(create('/empty', { data: '' }))
    expect(session.ok(getData('/null'))).toMatchObject({ data: null, stat: { dataLength: 0 } })
    expect(session.ok(getData('/empty')).data).toHaveLength(0)
  })

  it('permissions are kept as they were given', () => {
    const { session } = stage()
    for (const perms of [0, 64, -1]) {
      session.ok(create(`/p${perms}`, { acl: [acl(perms), acl(1)] }))
      expect(session.ok(getAcl(`/p${perms}`)).acl![0].perms).toBe(perms)
    }
  })
})

describe('TTL nodes', () => {
  const max = (1n << 40n) - 1n
  const stageTtl = () => stage({ extendedTypesEnabled: true })

  it.each([
    [1n, 5, 0],
    [max, 5, 0],
    [1000n, 6, 0],
    [0n, 5, -8],
    [-1n, 5, -8],
    [max + 1n, 5, -8],
    [-(1n << 63n), 6, -8],
    [1000n, 0, -8],
    [1000n, 1, -8],
    [1000n, 4, -8],
    // What ends a Java server.
    [-1n, 0, -8],
    [-5n, 1, -8],
    [-1n, 2, -8],
    [-1n, 4, -8],
  ])('ttl %d with flags %d is answered %d', (ttl, flags, err) => {
    const { session } = stageTtl()
    expect(session.err(createTtl('/ttl', ttl, { flags }))).toBe(err)
  })

  it.each([0, 1, 2, 4])('with extended types off, ttl -1 and flags %d take a zxid and change nothing', (flags) => {
    const { fake, session } = stage()
    const before = fake.lastZxid
    expect(session.call(createTtl('/ttl', -1n, { flags }))).toMatchObject({ err: -8, zxid: before + 1n })
    expect(session.ok(getChildren('/')).children).not.toContain('ttl')
  })

  it('need their own opcode', () => {
    const { session } = stageTtl()
    for (const flags of [5, 6]) {
      expect(session.err(create('/x', { flags }))).toBe(-8)
      expect(session.err(create2('/x', { flags }))).toBe(-8)
      expect(session.err(createContainer('/x', { flags }))).toBe(-8)
    }
  })

  it('show no owner', () => {
    const { fake, session } = stageTtl()
    expect(session.ok(createTtl('/ttl', 5000n)).stat.ephemeralOwner).toBe(0n)
    const { store } = fake.server.replica.tree
    expect(BigInt.asUintN(64, store.ephemeralOwner(store.find('/ttl')))).toBe(0xff00_0000_0000_1388n)
  })

  it('are -6 while extended types are off, and the connection stays', () => {
    const { session } = stage()
    expect(session.err(createTtl('/ttl', 1000n))).toBe(-6)
    expect(outline(session.ok(multi([createTtl('/ttl', 1000n)])))).toBe('-1:-6')
    expect(session.err(remove('/open/there'))).toBe(0)
  })
})

// client-protocol 5: multi and multiRead.
import { describe, expect, it } from 'vitest'
import { converse } from '../../support/conversation.ts'
import { FakeServer } from '../../support/fake-server.ts'
import { multi, multiRead, outline } from '../../support/multi.ts'
import type { MultiResult } from '../../support/multi.ts'
import * as ask from '../../support/requests.ts'
import type { Asked } from '../../support/requests.ts'

const { acl, check, create, create2, createContainer, createTtl, exists, remove, setData } = ask

function stage(settings = {}) {
  const fake = new FakeServer(settings)
  const session = fake.session()
  session.ok(create('/there', { data: 'x' }))
  const run = (...ops: Asked[]): string => outline(session.ok(multi(ops)))
  return { fake, session, run }
}

describe('a multi', () => {
  it('answers each kind of operation with its own record', () => {
    const { session } = stage({ extendedTypesEnabled: true })
    const results = session.ok(
      multi([create('/1'), create2('/15'), createContainer('/19'), createTtl('/21', 1000n), setData('/1', 'four'), check('/1', 1), remove('/1', 1)]),
    )
    expect(outline(results)).toBe('1:0 15:0 15:0 15:0 5:0 13:0 2:0')
    expect(results.map(({ body }: MultiResult) => (body as { path?: string } | undefined)?.path)).toEqual([
      '/1',
      '/15',
      '/19',
      '/21',
      undefined,
      undefined,
      undefined,
    ])
    expect(results[4].body).toMatchObject({ stat: { version: 1, dataLength: 4 } })
  })

  it('has one zxid and one time for all', () => {
    const { fake, session } = stage()
    const reply = session.call(multi([create('/a'), create('/b')]))
    const [a, b] = [session.ok(exists('/a')).stat, session.ok(exists('/b')).stat]
    expect([a.czxid, b.czxid]).toEqual([reply.zxid, reply.zxid])
    expect(a.ctime).toBe(b.ctime)
    expect(fake.lastZxid).toBe(reply.zxid)
  })

  it('that fails changes nothing, and says so in these bytes', () => {
    const { fake, session } = stage()
    const before = fake.server.replica.tree.digest
    const reply = session.call(multi([create('/new'), remove('/missing'), setData('/there', 'y')]))
    expect([reply.err, Buffer.from(reply.bytes).toString('hex')]).toEqual([
      0,
      'ffffffff000000000000000000ffffffff00ffffff9bffffff9bffffffff00fffffffefffffffeffffffff01ffffffff',
    ])
    expect(session.err(exists('/new'))).toBe(-101)
    expect(fake.server.replica.tree.digest).toBe(before)
    expect(session.ok(create('/next-', { flags: 2 })).path).toBe('/next-0000000001')
  })

  it.each<[string, Asked[], string]>([
    ['nothing', [], ''],
    ['parent and child', [create('/p'), create('/p/c')], '1:0 1:0'],
    ['child and parent deleted', [create('/p'), create('/p/c'), remove('/p/c'), remove('/p')], '1:0 1:0 2:0 2:0'],
    ['a full parent deleted', [create('/p'), create('/p/c'), remove('/p')], '-1:0 -1:0 -1:-111'],
    ['the same node twice', [create('/p'), create('/p')], '-1:0 -1:-110'],
    ['deleted and made again', [remove('/there'), create('/there')], '2:0 1:0'],
    ['versions in flight', [setData('/there', 'a', 0), check('/there', 1), setData('/there', 'b', 1)], '5:0 13:0 5:0'],
    ['an old version', [setData('/there'), check('/there', 0)], '-1:0 -1:-103'],
    ['a child of an ephemeral made before', [create('/e', { flags: 1 }), create('/e/c')], '-1:0 -1:-108'],
    ['the first failing', [check('/missing'), create('/p'), create('/q')], '-1:-101 -1:-2 -1:-2'],
    ['the second failing would be worse', [check('/there', 9), remove('/there', 8)], '-1:-103 -1:-2'],
    ['permission of what is made before', [create('/p', { acl: [acl(1)] }), create('/p/c')], '-1:0 -1:-102'],
    ['a bad ACL', [create('/p', { acl: [acl(31, 'nosuch', 'x')] })], '-1:-114'],
    ['a path without a slash', [create('p')], '-1:-8'],
    ['an empty ACL', [create('/p', { acl: [] })], '-1:-114'],
  ])('sees its own earlier operations: %s', (_, ops, expected) => expect(stage().run(...ops)).toBe(expected))

  it('sees what is in flight', () => {
    const { fake, session } = stage()
    const other = fake.session()
    session.send(create('/flight'))
    other.send(multi([create('/flight/child')]))
    other.send(multi([remove('/flight/child'), remove('/flight')]))
    fake.host.settle()
    expect(other.replies().map(({ body }) => outline(body as MultiResult[]))).toEqual(['1:0', '2:0 2:0'])
  })

  it('gives its ephemerals to the session', () => {
    const { fake, session } = stage()
    const [result] = session.ok(multi([create2('/e', { flags: 1 })]))
    expect((result.body as { stat: { ephemeralOwner: bigint } }).stat.ephemeralOwner).toBe(session.id)
    session.ok(ask.closeSession())
    expect(fake.session().err(exists('/e'))).toBe(-101)
  })

  it('fires its watches in the order of its operations, one-shot ones once', () => {
    converse(
      new FakeServer(),
      `
      a > create /w
      a > create /w/x
      a < ok /w
      a < ok /w/x
      b > getChildren /w watch
      b > getData /w/x watch
      b > addWatch /w/x mode=0
      b < ok x
      b < ok "" v0
      b < ok
      a > multi setData /w/x data=1; setData /w/x data=2; create /w/y; delete /w/x
      a < ok 5:0 5:0 1:0 2:0
      b ! NodeDataChanged /w/x
      b ! NodeDataChanged /w/x
      b ! NodeChildrenChanged /w
      b ! NodeDeleted /w/x
      a > multi create /w/z; create /w/z
      a < ok -1:0 -1:-110
      `,
    )
  })
})

describe('what a multi makes of creates', () => {
  const kindOf = (fake: FakeServer, path: string): bigint => {
    const { store } = fake.server.replica.tree
    return store.ephemeralOwner(store.find(path))
  }
  const container = -0x8000_0000_0000_0000n

  it.each<[string, Asked, string, bigint]>([
    ['create 4', create('/x', { flags: 4 }), '15:0', container],
    ['create2 4', create2('/x', { flags: 4 }), '15:0', container],
    ['create2 0', create2('/x'), '15:0', 0n],
    ['createContainer 0', createContainer('/x', { flags: 0 }), '15:0', container],
    ['createContainer 1', createContainer('/x', { flags: 1 }), '15:0', container],
    ['createTTL 0', createTtl('/x', -1n, { flags: 0 }), '1:0', 0n],
    ['createTTL 0 with a time', createTtl('/x', 77n, { flags: 0 }), '1:0', 0n],
    ['createTTL 4', createTtl('/x', -5n, { flags: 4 }), '15:0', container],
  ])('%s', (_, op, expected, owner) => {
    const { fake, run } = stage()
    expect(run(op)).toBe(expected)
    expect(kindOf(fake, '/x')).toBe(owner)
  })

  it('a sequential createContainer is a container with a suffix or none, as its flags say', () => {
    const { session } = stage()
    const [result] = session.ok(multi([createContainer('/s-', { flags: 4 })]))
    expect(result).toMatchObject({ type: 15, body: { path: '/s-' } })
  })

  it('times to live that cannot be are refused one by one', () => {
    const { run } = stage({ extendedTypesEnabled: true })
    for (const ttl of [0n, -1n, 1n << 40n]) expect(run(createTtl('/x', ttl))).toBe('-1:-8')
    expect(run(createTtl('/x', 1000n, { flags: 6 }))).toBe('15:0')
  })
})

describe('a multi that is refused as a whole', () => {
  const closed = { type: 1, body: new Uint8Array(2), response: undefined }

  it.each<[string, Asked]>([
    ['setACL', multi([ask.setAcl('/there', ask.OPEN)])],
    ['deleteContainer', multi([{ ...remove('/there'), type: 20 }])],
    ['sync', multi([ask.sync('/there')])],
    ['a multi in it', multi([multi([])])],
    ['reads', multi([ask.getData('/there')])],
    ['reads and writes', multi([setData('/there'), ask.getData('/there')])],
    ['no end', multi([create('/x')], { end: 'missing' })],
    ['create 5', multi([create('/x', { flags: 5 })])],
    ['create2 6', multi([create2('/x', { flags: 6 })])],
    ['createContainer 5', multi([createContainer('/x', { flags: 5 })])],
    ['create 7', multi([create('/x', { flags: 7 })])],
    ['create -1', multi([create('/x', { flags: -1 })])],
    ['a null ACL', multi([create('/x', { acl: null })])],
    ['a null id', multi([create('/x', { acl: [acl(31, 'world', null)] })])],
    ['a null path', multi([create('/x'), create(null)])],
    ['a null path to delete', multi([remove(null)])],
    ['half a record', multi([closed])],
  ])('%s', (_, asked) => {
    const { session } = stage()
    const reply = session.call(asked)
    expect([reply.err, reply.bytes.length]).toEqual([-5, 0])
    expect([session.err(exists('/x')), session.err(ask.ping())]).toEqual([-101, 0])
  })

  it.each([-1, 0, 1, 77])('any type ends the list that says done: %d', (end) => {
    expect(outline(stage().session.ok(multi([create('/x')], { end })))).toBe('1:0')
  })

  it('what stands behind the end is ignored', () => {
    const { session } = stage()
    const good = multi([create('/x')])
    expect(outline(session.ok({ ...good, body: Buffer.concat([good.body, Buffer.from('more')]) }))).toBe('1:0')
  })
})

describe('multiRead', () => {
  it('reads each on its own, and leaves no watch', () => {
    const { session } = stage()
    session.ok(create('/hidden', { acl: [acl(2)] }))
    const results = session.ok(multiRead([ask.getData('/there', true), ask.getData('/missing'), ask.getChildren('/', true), ask.getData('/hidden')]))
    expect(outline(results)).toBe('4:0 -1:-101 8:0 -1:-102')
    expect(results[0].body).toMatchObject({ data: Uint8Array.of(0x78), stat: { version: 0 } })
    session.ok(setData('/there', 'y'))
    expect(session.takeEvents()).toEqual([])
  })

  it('takes no zxid and may be empty', () => {
    const { fake, session } = stage()
    const before = fake.lastZxid
    expect(session.call(multiRead([]))).toMatchObject({ err: 0, zxid: before, body: [] })
  })

  const END = 'ffffffff01ffffffff'

  it.each<[string, Asked, string]>([
    ['only writes', multiRead([setData('/there')]), END],
    ['a null path', multiRead([ask.getData(null)]), END],
    ['reads and writes', multiRead([ask.getData('/there'), setData('/there')]), ''],
    ['exists', multiRead([exists('/there')]), ''],
    ['no end', multiRead([ask.getData('/there')], { end: 'missing' }), ''],
  ])('of %s is refused', (_, asked, bytes) => {
    const { session } = stage()
    const reply = session.call(asked)
    expect([reply.err, Buffer.from(reply.bytes).toString('hex')]).toEqual([-5, bytes])
    expect(session.err(ask.ping())).toBe(0)
  })
})

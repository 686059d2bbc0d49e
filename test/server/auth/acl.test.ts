// client-protocol 7.2, 7.4, 7.5, 7.7: auth packets, ACL lists, who may do what, enforced authentication.
import { describe, expect, it } from 'vitest'
import { digestId } from '../../../src/server/auth/digest-scheme.ts'
import { converse } from '../../support/conversation.ts'
import { FakeServer } from '../../support/fake-server.ts'
import * as ask from '../../support/requests.ts'
import type { Asked } from '../../support/requests.ts'

const { acl, auth, create } = ask
const BOB = digestId('bob:pw', 'SHA1')
const ALICE = digestId('alice:pw', 'SHA1')

describe('an auth packet that fails', () => {
  it.each<[string, Asked]>([
    ['an unknown scheme', auth('nosuch', 'x')],
    ['world', auth('world', 'anyone')],
    ['auth', auth('auth', '')],
    ['null', auth(null, 'x')],
    ['digest without data', auth('digest', null)],
    ['sasl', auth('sasl', 'bob')],
    ['host', auth('host', 'x')],
    ['x509', auth('x509', 'CN=x')],
  ])('%s: -115, zxid 0, the end; the session lives, what is behind is lost', (_, asked) => {
    const fake = new FakeServer()
    const session = fake.session()
    session.send(create('/before'))
    session.send(asked, -4)
    session.send(create('/behind'))
    fake.host.settle()
    expect(session.messages()).toMatchObject([{ err: 0 }, { xid: -4, zxid: 0n, err: -115, bytes: { length: 0 } }])
    expect(session.isEnded).toBe(true)
    const again = fake.reattach(session)
    expect([again.err(ask.exists('/before')), again.err(ask.exists('/behind'))]).toEqual([0, -101])
  })

  it('is digest when it is turned off', () => {
    expect(new FakeServer({ digestAuthEnabled: false }).session().err(auth('digest', 'u:p'))).toBe(-115)
  })

  it('is one for another ensemble: the end without a word', () => {
    const fake = new FakeServer({ authProviders: ['x.EnsembleAuthenticationProvider'], ensembleAuthName: new Set(['red']) })
    const session = fake.session()
    expect(session.err(auth('ensemble', 'red'))).toBe(0)
    session.send(auth('ensemble', 'green'))
    fake.host.settle()
    expect([session.messages(), session.isEnded]).toEqual([[], true])
    expect(fake.reattach(session).err(ask.ping())).toBe(0)
  })
})

describe('ACL lists', () => {
  /** What becomes of a list when a connection with these credentials sends it. */
  function kept(list: ask.CreateOptions['acl'], ...credentials: string[]): unknown {
    const fake = new FakeServer({ superDigest: digestId('super:test', 'SHA1') })
    const session = fake.session()
    for (const each of credentials) session.ok(auth('digest', each))
    const err = session.err(create('/n', { acl: list! }))
    const { tree } = fake.server.replica
    return err === 0 ? tree.aclOf(tree.store.find('/n')).map(({ perms, id }) => `${perms}:${id.scheme}:${id.id}`) : err
  }

  it.each<[string, unknown, string[], unknown]>([
    ['world and anyone', [acl(31)], [], ['31:world:anyone']],
    ['world and anything else', [acl(31, 'world', 'me')], [], -114],
    ['world and null', [acl(31, 'world', null)], [], -5],
    ['a null scheme', [acl(31, null, 'x')], [], -114],
    ['an unknown scheme', [acl(31, 'nosuch', 'x')], [], -114],
    ['an unknown scheme and null', [acl(31, 'nosuch', null)], [], -114],
    ['super', [acl(31, 'super', '')], ['super:test'], -114],
    ['host', [acl(31, 'host', 'h')], [], -114],
    ['sasl, not registered', [acl(31, 'sasl', 'bob')], [], -114],
    ['a bad digest id', [acl(31, 'digest', 'nocolon')], [], -114],
    ['digest and null', [acl(31, 'digest', null)], [], -5],
    ['a bad address', [acl(31, 'ip', 'somewhere')], [], -114],
    ['one bad among good', [acl(31), acl(1, 'ip', 'x')], [], -114],
    ['duplicates', [acl(1), acl(31), acl(1), acl(31)], [], ['1:world:anyone', '31:world:anyone']],
    ['auth without an identity', [acl(31, 'auth', '')], [], -114],
    ['auth', [acl(7, 'auth', '')], ['bob:pw'], [`7:digest:${BOB}`]],
    ['auth with a null id', [acl(7, 'auth', null)], ['bob:pw'], [`7:digest:${BOB}`]],
    ['auth with any text', [acl(7, 'auth', 'whatever')], ['bob:pw'], [`7:digest:${BOB}`]],
    ['auth of two identities', [acl(7, 'auth', '')], ['bob:pw', 'alice:pw'], [`7:digest:${BOB}`, `7:digest:${ALICE}`]],
    ['auth twice', [acl(7, 'auth', 'a'), acl(7, 'auth', null)], ['bob:pw'], [`7:digest:${BOB}`, `7:digest:${BOB}`]],
    ['auth of super', [acl(31, 'auth', '')], ['super:test'], [`31:digest:${digestId('super:test', 'SHA1')}`]],
    ['auth behind others', [acl(1), acl(31, 'auth', '')], ['bob:pw'], ['1:world:anyone', `31:digest:${BOB}`]],
    ['an address', [acl(31, 'ip', '10.0.0.0/8')], [], ['31:ip:10.0.0.0/8']],
  ])('%s', (_, list, credentials, expected) => expect(kept(list as never, ...credentials)).toEqual(expected))

  it('of a hundred thousand entries take no time to speak of', () => {
    const list = Array.from({ length: 80_000 }, (_, perms) => acl(perms, '', ''))
    expect(kept(list)).toBe(-114)
  })

  it('that identities would make endless are refused', () => {
    const fake = new FakeServer()
    const session = fake.session()
    for (let i = 0; i < 300; i++) session.send(auth('digest', `user${i}:pw`))
    fake.host.settle()
    session.replies()
    const list = Array.from({ length: 40_000 }, (_, perms) => acl(perms, 'auth', ''))
    expect(session.err(create('/n', { acl: list }))).toBe(-5)
    expect(session.err(ask.exists('/n'))).toBe(-101)
  })
})

describe('who may do what', () => {
  const settings = { superDigest: digestId('super:test', 'SHA1') }
  const needs: [number, Asked][] = [
    [1, ask.getData('/n')],
    [1, ask.exists('/n')],
    [1, ask.getChildren('/n')],
    [2, ask.setData('/n', 'x')],
    [4, create('/n/new')],
    [8, ask.remove('/n/child')],
    [16, ask.setAcl('/n', ask.OPEN)],
  ]

  it.each(needs)('permission %d and no other', (needed, asked) => {
    for (const perms of [0, 1, 2, 4, 8, 16, 31 & ~needed, needed, 31, -1]) {
      const session = new FakeServer(settings).session()
      session.ok(create('/n'))
      session.ok(create('/n/child', { acl: [acl(0)] }))
      session.ok(ask.setAcl('/n', [acl(perms)]))
      expect(session.err(asked)).toBe((perms & needed) !== 0 ? 0 : -102)
    }
  })

  it.each<[string, ask.CreateOptions['acl'], string, string[], boolean]>([
    ['a digest', [acl(1, 'digest', BOB)], '1.1.1.1', ['bob:pw'], true],
    ['a wrong password', [acl(1, 'digest', BOB)], '1.1.1.1', ['bob:other'], false],
    ['one of many identities', [acl(1, 'digest', ALICE)], '1.1.1.1', ['bob:pw', 'alice:pw'], true],
    ['nobody', [acl(1, 'digest', BOB)], '1.1.1.1', [], false],
    ['an address', [acl(1, 'ip', '1.1.1.0/24')], '1.1.1.1', [], true],
    ['another address', [acl(1, 'ip', '1.1.2.0/24')], '1.1.1.1', [], false],
    ['an IPv6 address', [acl(1, 'ip', 'fd00::/8')], 'fd00::7', [], true],
    ['a mapped address', [acl(1, 'ip', '1.1.1.1')], '::ffff:1.1.1.1', [], true],
    ['super', [acl(0, 'digest', BOB)], '1.1.1.1', ['super:test'], true],
    ['the second entry', [acl(1, 'digest', ALICE), acl(1, 'digest', BOB)], '1.1.1.1', ['bob:pw'], true],
    ['an entry without the permission', [acl(30, 'digest', BOB)], '1.1.1.1', ['bob:pw'], false],
  ])('by %s', (_, list, address, credentials, allowed) => {
    const fake = new FakeServer(settings)
    fake.session().ok(create('/n', { acl: list! }))
    const session = fake.session({}, address)
    for (const each of credentials) session.ok(auth('digest', each))
    expect(session.err(ask.getData('/n'))).toBe(allowed ? 0 : -102)
  })

  it('the identities at receipt count, not those at execution', () => {
    const fake = new FakeServer()
    fake.session().ok(create('/n', { acl: [acl(31, 'digest', BOB)] }))
    converse(
      fake,
      `
      a > setData /n data=1
      a > create /slow
      a > getData /n
      a > auth digest bob:pw
      a > getData /n
      a < NOAUTH
      a < ok /slow
      a < NOAUTH
      a < ok
      a < ok "" v0
      `,
    )
  })

  it('everybody with skipACL', () => {
    const session = new FakeServer({ skipAcl: true }).session()
    session.ok(create('/n', { acl: [acl(0)] }))
    for (const [, asked] of needs.filter(([perms]) => perms !== 8)) expect(session.err(asked)).toBe(0)
  })

  it('identities end with the connection', () => {
    const fake = new FakeServer()
    const session = fake.session()
    session.ok(auth('digest', 'bob:pw'))
    session.ok(create('/n', { acl: [acl(31, 'auth', '')] }))
    expect(fake.reattach(session).err(ask.getData('/n'))).toBe(-102)
  })
})

describe('enforced authentication', () => {
  const enforced = { enforceAuthEnabled: true, enforceAuthSchemes: ['digest'] }

  it.each<[string, Asked]>([
    ['ping', ask.ping()],
    ['closeSession', ask.closeSession()],
    ['a read', ask.getData('/')],
    ['a write', create('/x')],
    ['deleteContainer', { type: 20, body: new Uint8Array(0), response: undefined }],
    ['a type that does not exist', ask.check('/')],
  ])('%s: -124 with zxid 0, then the end', (_, asked) => {
    const fake = new FakeServer(enforced)
    const session = fake.session()
    session.send(asked, 9)
    session.send(create('/behind'))
    fake.host.settle()
    expect(session.messages()).toMatchObject([{ zxid: 0n, err: -124 }])
    expect(session.isEnded).toBe(true)
    expect([fake.lastZxid, fake.reattach(session).handshake!.sessionId]).toEqual([1n, session.id])
  })

  it('lets in who has one of the schemes', () => {
    const session = new FakeServer(enforced).session()
    expect([session.err(auth('ip', '')), session.err(auth('digest', 'u:p')), session.err(create('/x'))]).toEqual([0, 0, 0])
  })

  it('by the old name asks for SASL', () => {
    const session = new FakeServer({ sessionRequireClientSaslAuth: true }).session()
    expect([session.err(auth('digest', 'u:p')), session.err(ask.ping())]).toEqual([0, -124])
  })
})

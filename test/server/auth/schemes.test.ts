// client-protocol 7.1 and 7.3: ids, what proves them, and which may stand in an ACL.
import { describe, expect, it } from 'vitest'
import { javaAddress } from '../../../src/protocol/addresses.ts'
import { createDigestScheme, digestId } from '../../../src/server/auth/digest-scheme.ts'
import { createEnsembleScheme } from '../../../src/server/auth/ensemble-scheme.ts'
import { ipScheme } from '../../../src/server/auth/ip-scheme.ts'
import { createSaslScheme } from '../../../src/server/auth/sasl-scheme.ts'
import { createAuthSchemes } from '../../../src/server/auth/schemes.ts'
import { defaultSettings } from '../../../src/server/config/settings.ts'

describe('digest', () => {
  it('hashes user and password together', () => {
    expect(digestId('u:p', 'SHA1')).toBe('u:Jq7wMyA/w2Vd5WIDAKdu4OIIFEQ=')
    expect(digestId('super:test', 'SHA1')).toBe('super:D/InIHSb7yEEbrWz8b9l71RjZJU=')
    expect(digestId('u:p:q', 'SHA1')).toMatch(/^u:/)
    expect(digestId('u', 'SHA1')).toMatch(/^u:/)
    expect(digestId('', 'SHA1')).toMatch(/^:/)
    expect(digestId('u:p', 'SHA-256')).toBe('u:/Y8xRBngpX5duYn15uUqIRaIaCviy5TEwSk419hCwuA=')
  })

  const scheme = createDigestScheme('SHA1', 'super:D/InIHSb7yEEbrWz8b9l71RjZJU=')

  it('refuses nothing but null', () => {
    expect(scheme.authenticate(null)).toBe('failed')
    for (const credentials of ['', 'u', 'u:', ':', 'u:p']) {
      expect(scheme.authenticate(Buffer.from(credentials))).toEqual([{ scheme: 'digest', id: digestId(credentials, 'SHA1') }])
    }
  })

  it('makes the super user of one of them', () => {
    expect(scheme.authenticate(Buffer.from('super:test'))).toEqual([
      { scheme: 'super', id: '' },
      { scheme: 'digest', id: 'super:D/InIHSb7yEEbrWz8b9l71RjZJU=' },
    ])
  })

  it.each([
    ['a:b', true],
    [':b', true],
    ['a:b:', true],
    ['a', false],
    ['a:', false],
    [':', false],
    ['', false],
    ['a:b:c', false],
  ])('%j in an ACL: %s', (id, valid) => expect(scheme.isValid(id)).toBe(valid))

  it('matches by equality', () => expect([scheme.matches('a:b', 'a:b'), scheme.matches('a:b', 'a:c')]).toEqual([true, false]))
})

describe('ip', () => {
  it.each([
    ['127.0.0.1', true],
    ['0127.0.0.1', true],
    ['127.0.0.1/8', true],
    ['127.0.0.1/+8', true],
    ['127.0.0.1/0', true],
    ['127.0.0.1/32', true],
    ['127.0.0.1/33', false],
    ['127.0.0.1/-1', false],
    ['127.0.0.1/', false],
    ['127.0.0.1/x', false],
    ['127.1', false],
    ['256.0.0.1', false],
    ['1.2.3.4.5', false],
    ['', false],
    ['localhost', false],
    ['::1', true],
    ['::', true],
    ['0:0:0:0:0:0:0:1', true],
    ['2001:db8::1/64', true],
    ['::1/128', true],
    ['::1/129', false],
    ['1:2:3:4:5:6:7', false],
    ['1:2:3:4:5:6:7:8:9', false],
    ['1::2::3', false],
    ['fe80::1%eth0', false],
    ['::ffff:1.2.3.4', false],
    ['12345::', false],
  ])('%j in an ACL: %s', (id, valid) => expect(ipScheme.isValid(id)).toBe(valid))

  it.each([
    ['127.0.0.1', '127.0.0.1', true],
    ['127.0.0.1', '127.0.0.2', false],
    ['127.0.0.77', '127.0.0.1/24', true],
    ['127.0.1.77', '127.0.0.1/24', false],
    ['127.0.1.77', '127.0.0.1/23', true],
    ['10.9.8.7', '0.0.0.0/0', true],
    ['10.0.0.127', '10.0.0.0/25', true],
    ['10.0.0.128', '10.0.0.0/25', false],
    ['0:0:0:0:0:0:0:1', '::1', true],
    ['2001:db8:0:0:0:0:0:1', '2001:db8::/32', true],
    ['2001:db9:0:0:0:0:0:1', '2001:db8::/32', false],
    ['2001:db8:0:0:8000:0:0:1', '2001:db8::/65', false],
    ['127.0.0.1', '::/0', false],
    ['0:0:0:0:0:0:0:1', '0.0.0.0/0', false],
  ])('%s is in %s: %s', (address, id, inside) => expect(ipScheme.matches(address, id)).toBe(inside))

  it.each([
    ['127.0.0.1', '127.0.0.1'],
    ['::ffff:10.1.2.3', '10.1.2.3'],
    ['::1', '0:0:0:0:0:0:0:1'],
    ['2001:db8::ff', '2001:db8:0:0:0:0:0:ff'],
    ['fe80::1%eth0', 'fe80:0:0:0:0:0:0:1'],
    ['', ''],
  ])('%s is known as %s', (address, name) => expect(javaAddress(address)).toBe(name))

  it('counts for nothing where an ACL says auth', () => expect(ipScheme.isAuthenticated).toBe(false))
})

describe('sasl', () => {
  const scheme = createSaslScheme('anybody')

  it.each([
    ['', true],
    ['bob', true],
    ['bob@R', true],
    ['bob/h@R', true],
    ['a@b@c', false],
    ['a/b/c@R', false],
  ])('%j in an ACL: %s', (id, valid) => expect(scheme.isValid(id)).toBe(valid))

  it('matches its user, super and the wildcard', () => {
    expect([scheme.matches('bob', 'bob'), scheme.matches('super', 'bob'), scheme.matches('bob', 'anybody'), scheme.matches('bob', 'eve')]).toEqual([
      true,
      true,
      true,
      false,
    ])
    expect(createSaslScheme(undefined).matches('bob', 'anybody')).toBe(false)
    expect(scheme.authenticate(Buffer.from('bob'))).toBe('failed')
  })
})

describe('ensemble', () => {
  it('takes its names, nothing, or anything when it has none', () => {
    const named = createEnsembleScheme(new Set(['red', 'blue']))
    expect(['red', 'blue', '', 'green'].map((name) => named.authenticate(Buffer.from(name)))).toEqual([[], [], [], 'close'])
    expect(named.authenticate(null)).toEqual([])
    expect(createEnsembleScheme(new Set()).authenticate(Buffer.from('green'))).toEqual([])
    expect(named.isValid('red')).toBe(false)
  })
})

describe('the schemes of a server', () => {
  const names = (settings: object) => [...createAuthSchemes(defaultSettings(settings), () => {}).keys()].sort()

  it('are ip and digest, and what is configured', () => {
    expect(names({})).toEqual(['digest', 'ip'])
    expect(names({ digestAuthEnabled: false })).toEqual(['ip'])
    const prefix = 'org.apache.zookeeper.server.auth.'
    expect(names({ authProviders: [`${prefix}SASLAuthenticationProvider`, `${prefix}EnsembleAuthenticationProvider`] })).toEqual([
      'digest',
      'ensemble',
      'ip',
      'sasl',
    ])
  })

  it('tell of classes that do not exist here', () => {
    const told: string[] = []
    createAuthSchemes(defaultSettings({ authProviders: ['com.example.Own'] }), (message) => told.push(message))
    expect(told).toEqual(['Problems loading com.example.Own'])
  })
})

// client-protocol 2.1 to 2.5: the forms of the handshake, the order of its checks, coming back to a session.
import { describe, expect, it } from 'vitest'
import { sessionPassword } from '../../../src/server/session/session-password.ts'
import { firstSessionId } from '../../../src/server/session/session-table.ts'
import { FakeServer } from '../../support/fake-server.ts'
import { connectRequest, frame, RawSession, requestFrame } from '../../support/raw-session.ts'
import type { HandshakeOptions } from '../../support/raw-session.ts'
import { closeSession, create, getData, ping, setData } from '../../support/requests.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/** The bytes that the server says to these. */
function answerTo(fake: FakeServer, bytes: Uint8Array): { hex: string; isEnded: boolean } {
  const connection = fake.dial()
  connection.send(bytes)
  fake.host.settle()
  return { hex: hex(connection.takeBytes()), isEnded: connection.isEnded }
}

describe('the forms of a handshake', () => {
  const zeros = '00'.repeat(16)

  it('answers the 45-byte request with 37 bytes', () => {
    const fake = new FakeServer()
    const request = Buffer.from(`0000002d 00000000 0000000000000000 00002710 0000000000000000 00000010 ${zeros} 00`.replaceAll(' ', ''), 'hex')
    const id = firstSessionId(1, fake.host.clock.wallTime())
    const idHex = id.toString(16).padStart(16, '0')
    const expected = `00000025 00000000 00002710 ${idHex} 00000010 ${hex(sessionPassword(id))} 00`
    expect(answerTo(fake, request)).toEqual({ hex: expected.replaceAll(' ', ''), isEnded: false })
  })

  it('answers the 44-byte request of old clients with 36 bytes', () => {
    const fake = new FakeServer()
    const { hex: answer, isEnded } = answerTo(fake, connectRequest({ readOnly: undefined }))
    expect(connectRequest({ readOnly: undefined }).length).toBe(48)
    expect(answer).toMatch(/^000000240000000000002710.{16}00000010.{32}$/)
    expect(isEnded).toBe(false)
  })

  it.each([
    ['37 bytes to new clients', false, 37],
    ['36 bytes to old clients', undefined, 36],
  ])('refuses with %s', (_, readOnly, length) => {
    const { hex: answer, isEnded } = answerTo(new FakeServer(), connectRequest({ sessionId: 77n, readOnly }))
    expect(answer).toBe(hex(frame(Buffer.concat([Buffer.alloc(16), Buffer.from([0, 0, 0, 16]), Buffer.alloc(length - 20)]))))
    expect(isEnded).toBe(true)
  })

  it.each<[string, HandshakeOptions]>([
    ['any protocol version', { protocolVersion: 12345 }],
    ['a null password', { passwd: null }],
    ['an empty password', { passwd: new Uint8Array(0) }],
    ['an odd password', { passwd: Buffer.from('guess') }],
    ['a wish for read-only', { readOnly: true }],
    ['a negative zxid', { lastZxidSeen: -5n }],
  ])('takes %s for a new session', (_, options) => {
    const { handshake } = new FakeServer().session(options)
    expect(handshake).toMatchObject({ protocolVersion: 0, timeOut: 10_000 })
    expect(handshake!.passwd).toHaveLength(16)
    expect((handshake as { readOnly?: boolean }).readOnly).toBe(false)
  })

  it('ignores what stands behind the record', () => {
    const longer = Buffer.concat([connectRequest().subarray(4), Buffer.from('and more')])
    expect(answerTo(new FakeServer(), frame(longer)).hex).toMatch(/^00000025/)
  })

  it.each([
    ['a truncated record', connectRequest().subarray(4, 20)],
    ['a password of impossible length', Buffer.concat([connectRequest().subarray(4, 28), Buffer.from('fffffffe', 'hex'), Buffer.alloc(16)])],
    ['a request where the handshake should be', requestFrame(1, 4, getData('/').body).subarray(4)],
    ['an empty frame', new Uint8Array(0)],
  ])('closes without a word on %s', (_, payload) => {
    expect(answerTo(new FakeServer(), frame(payload))).toEqual({ hex: '', isEnded: true })
  })

  it('reads a handshake that comes byte by byte', () => {
    const fake = new FakeServer()
    const connection = fake.dial()
    for (const byte of connectRequest()) {
      connection.send(Uint8Array.of(byte))
      fake.host.turn()
    }
    fake.host.settle()
    expect(connection.takeFrame()).toHaveLength(37)
  })
})

describe('the checks of a handshake', () => {
  it.each([
    [1, 4000],
    [-5, 4000],
    [0, 4000],
    [4000, 4000],
    [12_345, 12_345],
    [40_000, 40_000],
    [1_000_000_000, 40_000],
  ])('negotiates %d ms to %d at a tick of 2 s', (timeOut, negotiated) => {
    expect(new FakeServer().session({ timeOut }).handshake!.timeOut).toBe(negotiated)
  })

  it('takes configured limits of the timeout', () => {
    const fake = new FakeServer({ minSessionTimeout: 1000, maxSessionTimeout: 6000 })
    expect([500, 5000, 7000].map((timeOut) => fake.session({ timeOut }).handshake!.timeOut)).toEqual([1000, 5000, 6000])
  })

  it('sends a client that has seen more to another server, without a word', () => {
    const fake = new FakeServer()
    fake.session()
    const ahead = fake.session({ lastZxidSeen: fake.lastZxid + 1n })
    expect([ahead.handshake, ahead.isEnded]).toEqual([undefined, true])
    expect(fake.session({ lastZxidSeen: fake.lastZxid }).handshake).toBeDefined()
  })

  it('does that before it closes the connection of the session', () => {
    const fake = new FakeServer()
    const session = fake.session()
    fake.reattach(session, { lastZxidSeen: 1000n })
    expect(session.err(ping())).toBe(0)
  })

  it('makes a session by a txn of its own', () => {
    const fake = new FakeServer()
    const before = fake.lastZxid
    fake.session()
    expect(fake.lastZxid).toBe(before + 1n)
  })

  it('gives out ids of server 1 that go up by one', () => {
    const fake = new FakeServer()
    const ids = [fake.session().id, fake.session().id]
    expect(ids[0] >> 56n).toBe(1n)
    expect(ids[1]).toBe(ids[0] + 1n)
  })

  it('answers what came in one segment with the handshake', () => {
    const fake = new FakeServer()
    const { type, body } = create('/early')
    const session = new RawSession(fake.dial(), {}, [requestFrame(5, type, body), requestFrame(6, ping().type, new Uint8Array(0))])
    expect(session.handshake).toBeDefined()
    expect(session.messages()).toMatchObject([
      { xid: 5, err: 0 },
      { xid: -2, err: 0 },
    ])
  })

  it('takes a second handshake for a request of type 0', () => {
    const session = new FakeServer().session()
    session.connection.send(connectRequest())
    session.connection.host.settle()
    expect(session.messages()).toMatchObject([{ xid: 0, zxid: -1n, err: -6 }])
    expect(session.isEnded).toBe(true)
  })
})

describe('coming back to a session', () => {
  it('gives the same session on with a timeout negotiated anew, and ends the old connection', () => {
    const fake = new FakeServer()
    const old = fake.session({ timeOut: 10_000 })
    const next = fake.reattach(old, { timeOut: 20_000 })
    expect(next.handshake).toMatchObject({ timeOut: 20_000, sessionId: old.id, passwd: old.password })
    expect([old.isEnded, next.err(ping())]).toEqual([true, 0])
    expect(old.messages()).toEqual([])
  })

  it('takes no zxid', () => {
    const fake = new FakeServer()
    const session = fake.session()
    const before = fake.lastZxid
    fake.reattach(session)
    expect(fake.lastZxid).toBe(before)
  })

  it('ends the old connection even when the password is wrong, and keeps the session', () => {
    const fake = new FakeServer()
    const old = fake.session()
    const wrong = fake.reattach(old, { passwd: Buffer.alloc(16, 1) })
    expect(wrong.handshake).toMatchObject({ timeOut: 0, sessionId: 0n, passwd: new Uint8Array(16) })
    expect([wrong.isEnded, old.isEnded]).toEqual([true, true])
    expect(fake.reattach(old).err(ping())).toBe(0)
  })

  it.each([
    ['null', null],
    ['empty', new Uint8Array(0)],
    ['short', Buffer.alloc(15)],
    ['zero', Buffer.alloc(16)],
  ])('refuses a password that is %s', (_, passwd) => {
    const fake = new FakeServer()
    expect(fake.reattach(fake.session(), { passwd }).handshake).toMatchObject({ timeOut: 0, sessionId: 0n })
  })

  it.each([
    ['unknown', 0x123n],
    ['the mark of containers', -0x8000_0000_0000_0000n],
    ['negative', -1n],
  ])('refuses an id that is %s, with the right password', (_, sessionId) => {
    const refused = new FakeServer().session({ sessionId, passwd: sessionPassword(sessionId) })
    expect(refused.handshake).toMatchObject({ timeOut: 0, sessionId: 0n })
    expect(refused.isEnded).toBe(true)
  })

  it('refuses a session that was closed', () => {
    const fake = new FakeServer()
    const session = fake.session()
    expect(session.err(closeSession())).toBe(0)
    expect(fake.reattach(session).handshake).toMatchObject({ timeOut: 0, sessionId: 0n })
  })

  it('finds the session and its password after a restart', () => {
    const fake = new FakeServer()
    const session = fake.session()
    session.ok(create('/mine', { flags: 1 }))
    fake.restart()
    const again = fake.reattach(session)
    expect(again.handshake).toMatchObject({ sessionId: session.id, timeOut: 10_000 })
    expect(again.ok(getData('/mine')).stat.ephemeralOwner).toBe(session.id)
  })

  it('drops what the old connection was still waiting for, but not its writes', () => {
    const fake = new FakeServer()
    const old = fake.session()
    const other = fake.session()
    other.ok(create('/x'))
    old.send(setData('/x', 'last'))
    const next = fake.reattach(old)
    expect(Buffer.from(next.ok(getData('/x')).data!).toString()).toBe('last')
  })
})

// client-protocol 1.1, 1.2, 3.1, 3.2 and 3.4: what a server refuses, and how.
import { describe, expect, it } from 'vitest'
import { OpCode } from '../../../src/protocol/codes.ts'
import { FakeServer } from '../../support/fake-server.ts'
import { frame, requestFrame } from '../../support/raw-session.ts'
import type { RawSession } from '../../support/raw-session.ts'
import * as ask from '../../support/requests.ts'
import type { Asked } from '../../support/requests.ts'

const withBody = (type: number, hex: string): Asked => ({ type, body: Buffer.from(hex.replaceAll(' ', ''), 'hex'), response: undefined })

/** Frames as they are, then what the server made of them. */
function hears(session: RawSession, ...frames: Uint8Array[]): { errors: number[]; isEnded: boolean } {
  session.connection.send(...frames)
  session.connection.host.settle()
  return { errors: session.replies().map(({ err }) => err), isEnded: session.isEnded }
}

describe('types that do not exist', () => {
  it.each([0, 10, 13, 23, 99, 108, 1000, -1, -2, -10, -100, 0x7fff_ffff, -0x8000_0000])('%d: -6 with zxid -1, then the end', (type) => {
    const fake = new FakeServer()
    const session = fake.session()
    session.ok(ask.create('/a'))
    session.send({ type, body: ask.exists('/a').body, response: undefined }, 17)
    session.send(ask.create('/behind'))
    fake.host.settle()
    expect(session.messages()).toMatchObject([{ xid: 17, zxid: -1n, err: -6 }])
    expect(session.isEnded).toBe(true)
    expect(fake.session().err(ask.exists('/behind'))).toBe(-101)
  })

  it('says so behind the answers that are still due', () => {
    const fake = new FakeServer()
    const session = fake.session()
    session.send(ask.create('/a'))
    session.send(ask.check('/a'))
    fake.host.settle()
    expect(session.messages()).toMatchObject([
      { xid: 1, err: 0 },
      { xid: 2, err: -6 },
    ])
  })
})

describe('deleteContainer from a client', () => {
  it.each([
    ['alone', ask.create('/c').body],
    ['without a body', new Uint8Array(0)],
  ])('%s: the end without a word, nothing is deleted, the session lives', (_, body) => {
    const fake = new FakeServer()
    const session = fake.session()
    session.ok(ask.createContainer('/c'))
    session.send({ type: OpCode.deleteContainer, body, response: undefined })
    session.send(ask.create('/behind'))
    fake.host.settle()
    expect([session.messages(), session.isEnded]).toEqual([[], true])
    const again = fake.reattach(session)
    expect([again.err(ask.exists('/c')), again.err(ask.exists('/behind'))]).toEqual([0, -101])
    expect(fake.host.warnings.join()).toContain('Received deleteContainer opcode from client session 0x')
  })

  it('does not cost the answers to what was asked before it', () => {
    const fake = new FakeServer()
    const session = fake.session()
    session.send(ask.create('/before'))
    session.send({ type: OpCode.deleteContainer, body: new Uint8Array(0), response: undefined })
    fake.host.settle()
    expect(session.messages()).toMatchObject([{ xid: 1, err: 0 }])
    expect(session.isEnded).toBe(true)
  })
})

describe('bodies that cannot be decoded', () => {
  const known = [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 14, 15, 16, 17, 18, 19, 21, 22, 101, 103, 104, 105, 106]

  it.each(known)('type %d with nothing behind the header: -5, and the connection stays', (type) => {
    const session = new FakeServer().session()
    const reply = session.call(withBody(type, ''))
    expect([reply.err, reply.bytes.length]).toEqual([-5, 0])
    expect(session.err(ask.ping())).toBe(0)
  })

  it.each([
    ['a path longer than the frame', withBody(OpCode.exists, '00000010 2f')],
    ['a path of length -2', withBody(OpCode.exists, 'fffffffe 00')],
    ['a path above jute.maxbuffer and its extra', withBody(OpCode.exists, '00200000 2f 00')],
    ['a vector without an end', withBody(OpCode.setWatches, '0000000000000000 7fffffff 00000001 2f')],
    ['an ACL without an end', withBody(OpCode.setACL, '00000001 2f 7fffffff 0000001f')],
  ])('%s: -5', (_, asked) => {
    const session = new FakeServer().session()
    expect([session.err(asked), session.err(ask.ping())]).toEqual([-5, 0])
  })

  it.each([
    ['auth', OpCode.auth],
    ['SASL', OpCode.sasl],
  ])('%s: the end without a word', (_, type) => {
    const fake = new FakeServer()
    const session = fake.session()
    expect(hears(session, requestFrame(1, type, Buffer.from('0000', 'hex')))).toEqual({ errors: [], isEnded: true })
    expect(fake.reattach(session).err(ask.ping())).toBe(0)
  })

  it('a SASL packet with a null token: the end without a word', () => {
    expect(hears(new FakeServer().session(), requestFrame(1, OpCode.sasl, ask.sasl(null).body))).toEqual({ errors: [], isEnded: true })
  })

  it.each([-2, -5, -7])('a vector of count %d is empty', (count) => {
    const w = Buffer.alloc(4)
    w.writeInt32BE(count)
    const counted = w.toString('hex')
    const session = new FakeServer().session()
    expect(session.err(withBody(OpCode.setACL, `00000001 2f ${counted} ffffffff`))).toBe(-114)
    expect(session.err(withBody(OpCode.setWatches, `0000000000000000 ${counted} ${counted} ${counted}`))).toBe(0)
  })

  it('takes any byte but 0 for true', () => {
    const fake = new FakeServer()
    const session = fake.session()
    expect(session.err(withBody(OpCode.exists, '00000002 2f61 80'))).toBe(-101)
    session.ok(ask.create('/a'))
    expect(session.takeEvents()).toMatchObject([{ type: 1, path: '/a' }])
  })

  it('ignores what stands behind a record', () => {
    const session = new FakeServer().session()
    const { type, body } = ask.create('/a')
    expect(session.err({ type, body: Buffer.concat([body, Buffer.from('garbage')]), response: undefined })).toBe(0)
    expect(session.err(withBody(OpCode.ping, 'deadbeef'))).toBe(0)
  })
})

describe('null paths', () => {
  it.each<[string, Asked, number]>([
    ['exists', ask.exists(null), -5],
    ['getData', ask.getData(null), -5],
    ['getChildren', ask.getChildren(null), -5],
    ['getChildren2', ask.getChildren2(null), -5],
    ['getACL', ask.getAcl(null), -5],
    ['getAllChildrenNumber', ask.getAllChildrenNumber(null), -5],
    ['create', ask.create(null), -5],
    ['create2', ask.create2(null), -5],
    ['delete', ask.remove(null), -5],
    ['setData', ask.setData(null), -8],
    ['setACL', ask.setAcl(null, ask.OPEN), -8],
    ['sync', ask.sync(null), 0],
    ['getEphemerals', ask.getEphemerals(null), 0],
    ['addWatch', ask.addWatch(null, 0), 0],
    ['setWatches', ask.setWatches(0n, { data: [null] }), -5],
  ])('%s: %s is answered %d', (_, asked, err) => {
    const session = new FakeServer().session()
    expect([session.err(asked), session.err(ask.ping())]).toEqual([err, 0])
  })

  it('sync gives it back', () => {
    expect(new FakeServer().session().ok(ask.sync(null))).toEqual({ path: null })
  })
})

describe('frames', () => {
  const limit = 0xfffff

  /** A setData whose frame has exactly so many bytes. */
  function frameOf(length: number): Uint8Array {
    const empty = requestFrame(1, OpCode.setData, ask.setData('/big').body)
    const { body } = ask.setData('/big', new Uint8Array(length - (empty.length - 4)))
    return requestFrame(1, OpCode.setData, body)
  }

  it('up to jute.maxbuffer are taken, and what they wrote comes back in a larger one', () => {
    const session = new FakeServer().session()
    session.ok(ask.create('/big'))
    session.connection.send(frameOf(limit))
    session.connection.host.settle()
    expect(session.replies()).toMatchObject([{ err: 0 }])
    const answer = session.call(ask.getData('/big'))
    expect(answer.body.data).toHaveLength(limit - 24)
    expect(16 + answer.bytes.length).toBe(limit - 24 + 16 + 4 + 68)
  })

  it('above it end the connection, and the session lives', () => {
    const fake = new FakeServer()
    const session = fake.session()
    session.ok(ask.create('/big'))
    expect(hears(session, frameOf(limit + 1))).toEqual({ errors: [], isEnded: true })
    expect(fake.reattach(session).ok(ask.getData('/big')).stat.version).toBe(0)
  })

  it.each([
    ['of length -1', Buffer.from('ffffffff', 'hex')],
    ['that are a word after the handshake', Buffer.from('ruok')],
    ['of length 0', frame(new Uint8Array(0))],
    ['shorter than a header', frame(new Uint8Array(7))],
  ])('%s end the connection', (_, bytes) => {
    expect(hears(new FakeServer().session(), bytes)).toEqual({ errors: [], isEnded: true })
  })

  it('end it only after the requests before them', () => {
    const fake = new FakeServer()
    const session = fake.session()
    const { type, body } = ask.create('/before')
    hears(session, requestFrame(1, type, body), Buffer.from('ffffffff', 'hex'))
    expect(fake.session().err(ask.exists('/before'))).toBe(0)
  })

  it('may be cut anywhere', () => {
    const fake = new FakeServer()
    const session = fake.session()
    const { type, body } = ask.create('/cut')
    const bytes = Buffer.concat([requestFrame(1, type, body), requestFrame(2, OpCode.ping, new Uint8Array(0))])
    for (const byte of bytes) {
      session.connection.send(Uint8Array.of(byte))
      fake.host.turn()
    }
    fake.host.settle()
    expect(session.messages()).toMatchObject([
      { xid: 1, err: 0 },
      { xid: -2, err: 0 },
    ])
  })
})

describe('strings', () => {
  it('come back as the bytes that Java would write', () => {
    const session = new FakeServer().session()
    const echo = (hex: string): string =>
      Buffer.from(session.call({ ...withBody(OpCode.sync, `${(hex.length / 2).toString(16).padStart(8, '0')}${hex}`) }).bytes).toString('hex')
    expect(echo('2ff09f9880')).toBe('000000072feda0bdedb880')
    expect(echo('2fffff')).toBe('000000072fefbfbdefbfbd')
  })
})

// What one client, or many together, can make the server hold: each bound, what happens at it, and that others do not notice.
import { describe, expect, it } from 'vitest'
import { FakeServer } from '../../support/fake-server.ts'
import { multiRead } from '../../support/multi.ts'
import { connectRequest } from '../../support/raw-session.ts'
import * as ask from '../../support/requests.ts'

const KB = 1024
const block = (size: number): string => 'x'.repeat(size)

describe('reads that wait behind a write', () => {
  const limits = { outgoingPauseBytes: 100 * KB, outgoingCloseBytes: 1000 * KB, waitingPauseBytes: 250 * KB }

  it.each([
    ['of a node that is there', (fake: FakeServer) => fake.session().ok(ask.create('/big', { data: block(50 * KB) })), ask.setData('/', 'x')],
    ['of a node that the write makes', () => {}, ask.create('/big', { data: block(50 * KB) })],
  ])('are all answered, however much they ask for: %s', (_case, before, write) => {
    const fake = new FakeServer(limits)
    before(fake)
    const session = fake.session()
    session.send(write)
    for (let i = 0; i < 200; i++) session.send(ask.getData('/big'))
    fake.host.settle()
    expect(session.replies().map(({ err }) => err)).toEqual(new Array(201).fill(0))
  })

  it('are answered as of their place among the writes', () => {
    const fake = new FakeServer({ ...limits, waitingPauseBytes: 1 })
    const session = fake.session()
    session.ok(ask.create('/n', { data: '0' }))
    for (let i = 1; i <= 20; i++) {
      session.send(ask.setData('/n', String(i)))
      session.send(ask.getData('/n'))
      session.send(ask.getData('/n'))
    }
    fake.host.settle()
    const read = session.replies().flatMap(({ body }) => (body as { data?: Uint8Array }).data ?? [])
    expect(read.map((data) => Buffer.from(data).toString())).toEqual(Array.from({ length: 40 }, (_, i) => String((i >> 1) + 1)))
  })

  it('count names and the reads of a multiRead too', () => {
    const fake = new FakeServer({ ...limits, waitingPauseBytes: 60 * 32 })
    const session = fake.session()
    for (let i = 0; i < 50; i++) session.ok(ask.create(`/n${i}`))
    session.send(ask.setData('/', 'x'))
    for (let i = 0; i < 10; i++) session.send(i % 2 === 0 ? ask.getChildren('/') : multiRead([ask.getChildren('/'), ask.getData('/')]))
    fake.host.turn()
    fake.host.turn()
    expect(fake.server.processor.inFlight).toBeLessThanOrEqual(3)
    fake.host.settle()
    expect(session.replies()).toHaveLength(11)
  })
})

describe('a multiRead', () => {
  it('that asks for too much is refused, and the client may go on', () => {
    const fake = new FakeServer({ multiReadMaxBytes: 100 * KB })
    const session = fake.session()
    session.ok(ask.create('/big', { data: block(30 * KB) }))
    session.ok(ask.create(`/big/${block(30 * KB)}`))
    const reads = [ask.getData('/big'), ask.getChildren('/big'), ask.getData('/big')]
    expect(session.call(multiRead(reads)).err).toBe(0)
    const refused = session.call(multiRead([...reads, ask.getChildren('/big')]))
    expect([refused.err, refused.bytes.length]).toEqual([-5, 0])
    expect(session.call(multiRead(reads)).err).toBe(0)
  })
})

describe('unread answers of all connections together', () => {
  it('are bounded: whoever would add to too many is closed, others are served', () => {
    const fake = new FakeServer({ outgoingTotalBytes: 2000 * KB })
    const slow = Array.from({ length: 10 }, () => fake.session({ timeOut: 40_000 }))
    for (const session of slow) {
      session.ok(ask.addWatch('/', 1))
      session.connection.socket.pause()
    }
    const writer = fake.session({ timeOut: 40_000 })
    const held = (): number => slow.reduce((sum, { id }) => sum + (fake.server.service.connectionOf(id)?.backlogBytes ?? 0), 0)
    let most = 0
    for (let i = 0; i < 600; i++) {
      expect(writer.err(ask.create(`/${block(1000)}${i}`))).toBe(0)
      most = Math.max(most, held())
    }
    expect(most).toBeGreaterThan(1500 * KB)
    // What is not worth counting comes on top.
    expect(most).toBeLessThanOrEqual(2000 * KB + slow.length * 66 * KB)
    expect(slow.filter(({ id }) => fake.server.service.connectionOf(id) === undefined).length).toBeGreaterThan(0)
  })

  it('are counted off when they are read', () => {
    const fake = new FakeServer({ outgoingTotalBytes: 500 * KB })
    const session = fake.session({ timeOut: 40_000 })
    session.ok(ask.create('/big', { data: block(80 * KB) }))
    for (let round = 0; round < 20; round++) {
      session.connection.socket.pause()
      for (let i = 0; i < 4; i++) session.send(ask.getData('/big'))
      fake.host.settle()
      session.connection.socket.resume()
      fake.host.settle()
      expect(session.replies()).toHaveLength(4)
    }
  })
})

describe('requests under way', () => {
  it('are bounded in bytes: reading stops, nothing is lost', () => {
    const fake = new FakeServer({ outstandingPauseBytes: 200 * KB })
    const sessions = [fake.session(), fake.session()]
    sessions[0].ok(ask.create('/n'))
    for (const session of sessions) for (let i = 0; i < 40; i++) session.send(ask.setData('/n', block(50 * KB)))
    let most = 0
    while (fake.host.turn()) most = Math.max(most, fake.server.processor.inFlight)
    expect(most).toBeLessThanOrEqual(4 + sessions.length)
    for (const session of sessions)
      expect(
        session
          .replies()
          .map(({ err }) => err)
          .slice(-40),
      ).toEqual(new Array(40).fill(0))
  })
})

describe('identities', () => {
  it('beyond the bound are refused as those that fail are', () => {
    const fake = new FakeServer({ identitiesMaxBytes: 1000 })
    const session = fake.session()
    const add = (i: number): number => session.call(ask.auth('digest', `user${i}:secret`), -4).err
    // One that is there already takes nothing.
    for (let i = 0; i < 50; i++) expect(add(i % 5)).toBe(0)
    const errs = Array.from({ length: 10 }, (_, i) => (session.isEnded ? undefined : add(5 + i)))
    expect(errs.filter((err) => err === -115)).toHaveLength(1)
    expect(errs.indexOf(-115)).toBeGreaterThan(0)
    expect(session.isEnded).toBe(true)
    expect(fake.reattach(session).err(ask.ping())).toBe(0)
  })
})

describe('watches', () => {
  const limits = { watchesCloseBytes: 10 * KB }

  it('beyond the bound end their connection, and go with it', () => {
    const fake = new FakeServer(limits)
    const session = fake.session()
    for (let i = 0; i < 100 && !session.isEnded; i++) {
      session.send(ask.exists(`/missing${i}`, true))
      fake.host.settle()
    }
    expect(session.isEnded).toBe(true)
    expect(session.replies().length).toBeGreaterThan(30)
    expect(fake.server.replica.watches.watchCount).toBe(0)
    expect(fake.reattach(session).err(ask.ping())).toBe(0)
  })

  it('that have fired or were taken back do not count', () => {
    const fake = new FakeServer(limits)
    const session = fake.session()
    for (let i = 0; i < 200; i++) {
      session.ok(ask.addWatch(`/p${i}`, i % 2))
      session.ok(ask.removeWatches(`/p${i}`, 3))
      session.err(ask.exists(`/n${i}`, true))
      session.ok(ask.create(`/n${i}`))
    }
    expect(session.takeEvents()).toHaveLength(200)
  })
})

describe('half a handshake', () => {
  it('is not waited for longer because it comes slowly', () => {
    const fake = new FakeServer()
    const connection = fake.dial()
    const bytes = connectRequest()
    for (let i = 0; i < 20 && !connection.isEnded; i++) {
      connection.send(bytes.subarray(i, i + 1))
      fake.host.advance(2000)
    }
    expect(connection.isEnded).toBe(true)
    expect(fake.server.service.connections.size).toBe(0)
  })
})

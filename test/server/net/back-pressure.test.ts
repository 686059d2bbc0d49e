// Clients that do not read: first no longer read from, then closed; memory stays within its limits.
import { describe, expect, it } from 'vitest'
import { FakeServer } from '../../support/fake-server.ts'
import type { RawSession } from '../../support/raw-session.ts'
import * as ask from '../../support/requests.ts'

const KB = 1024
const LIMITS = { outgoingPauseBytes: 256 * KB, outgoingCloseBytes: 1024 * KB }

function stage(settings = {}) {
  const fake = new FakeServer({ ...LIMITS, ...settings })
  const session = fake.session({ timeOut: 40_000 })
  session.ok(ask.create('/big', { data: new Uint8Array(50 * KB) }))
  return { fake, session }
}

/** What the server holds of answers for its one such client. */
function held(fake: FakeServer, session: RawSession): number {
  const connection = fake.server.service.connectionOf(session.id)
  return connection === undefined ? 0 : Math.max(connection.socket.bufferedBytes, connection.backlogBytes)
}

describe('a client that does not read', () => {
  it('is not read from while its answers wait, and gets all of them when it reads again', () => {
    const { fake, session } = stage()
    session.connection.socket.pause()
    for (let i = 0; i < 100; i++) session.send(ask.getData('/big'))
    fake.host.settle()
    expect(held(fake, session)).toBeGreaterThan(0)
    expect(held(fake, session)).toBeLessThanOrEqual(LIMITS.outgoingPauseBytes + 51 * KB)
    expect(session.isEnded).toBe(false)
    session.connection.socket.resume()
    fake.host.settle()
    expect(session.replies().map(({ err }) => err)).toEqual(new Array(100).fill(0))
    expect(held(fake, session)).toBe(0)
  })

  it('does not keep its own requests waiting in the server', () => {
    const { fake, session } = stage()
    session.connection.socket.pause()
    for (let i = 0; i < 100; i++) session.send(ask.getData('/big'))
    for (let i = 0; i < 20_000; i++) session.send(ask.setData('/big', 'x'))
    fake.host.settle()
    expect(session.connection.socket.bufferedBytes).toBeGreaterThan(200 * KB)
    expect(fake.server.processor.inFlight).toBe(0)
    expect(fake.session().ok(ask.exists('/big')).stat.version).toBe(0)
  })

  it('is closed when notifications go on piling up, and its session lives', () => {
    const { fake, session } = stage()
    const name = 'n'.repeat(1000)
    session.ok(ask.addWatch('/', 1))
    session.connection.socket.pause()
    const writer = fake.session({ timeOut: 40_000 })
    let most = 0
    for (let i = 0; i < 2000; i++) {
      writer.call(ask.create(`/${name}${i}`))
      most = Math.max(most, held(fake, session))
    }
    expect(most).toBeLessThanOrEqual(LIMITS.outgoingCloseBytes + 2 * KB)
    expect(fake.server.service.connectionOf(session.id)).toBeUndefined()
    expect(fake.server.replica.watches.watchCount).toBe(0)
    expect(fake.reattach(session).handshake!.sessionId).toBe(session.id)
  })

  it('is closed when one turn makes more answers than anybody should hold', () => {
    const { fake, session } = stage()
    session.connection.socket.pause()
    // Reads that wait behind a write are all answered at once when it is applied.
    session.send(ask.setData('/', 'x'))
    for (let i = 0; i < 200; i++) session.send(ask.getData('/big'))
    fake.host.settle()
    expect(fake.server.service.connectionOf(session.id)).toBeUndefined()
    expect(fake.server.processor.inFlight).toBe(0)
  })

  it('gets long data as they were when it asked, and holds no more of them than of others', () => {
    const { fake, session } = stage()
    const writer = fake.session({ timeOut: 40_000 })
    const long = 100 * KB
    writer.ok(ask.create('/long', { data: Buffer.alloc(long, 1) }))
    writer.ok(ask.create('/short-lived', { data: Buffer.alloc(long, 2) }))
    session.connection.socket.pause()
    session.send(ask.getData('/big'))
    for (let i = 0; i < 3; i++) {
      session.send(ask.getData('/long'))
      session.send(ask.getData('/short-lived'))
    }
    fake.host.settle()
    expect(held(fake, session)).toBeGreaterThan(long)
    expect(held(fake, session)).toBeLessThanOrEqual(LIMITS.outgoingPauseBytes + long + KB)
    writer.ok(ask.setData('/long', Buffer.alloc(long, 3)))
    writer.ok(ask.remove('/short-lived'))
    writer.ok(ask.create('/another', { data: Buffer.alloc(long, 4) }))
    session.connection.socket.resume()
    fake.host.settle()
    const seen = session
      .replies()
      .slice(1)
      .map(({ err, body }) => (err === 0 ? [...new Set((body as { data: Uint8Array }).data)] : err))
    const before = seen.findIndex((what) => JSON.stringify(what) === '[3]' || what === -101)
    // What was answered before the change shows nothing of it; what was still to be read follows behind it.
    expect(seen.slice(0, before)).toEqual([[1], [2], [1], [2], [1], [2]].slice(0, before))
    expect(seen.slice(before)).toEqual([[3], -101, [3], -101, [3], -101].slice(before))
    expect(before).toBeGreaterThan(2)
  })

  it('leaves nothing of its long answers when it goes away', () => {
    const { fake, session } = stage()
    session.ok(ask.create('/long', { data: Buffer.alloc(400 * KB, 1) }))
    session.connection.socket.pause()
    for (let i = 0; i < 5; i++) session.send(ask.getData('/long'))
    fake.host.turn()
    session.connection.socket.destroy()
    fake.host.settle()
    expect(fake.server.service.connections.size).toBe(0)
    expect(fake.server.processor.inFlight).toBe(0)
    expect(fake.server.service.slabs.cellsInUse).toBe(0)
    expect(fake.session().ok(ask.getData('/long')).data).toHaveLength(400 * KB)
  })

  it('does not disturb those who read', () => {
    const { fake, session } = stage()
    session.connection.socket.pause()
    for (let i = 0; i < 100; i++) session.send(ask.getData('/big'))
    const other = fake.session()
    for (let i = 0; i < 100; i++) expect(other.err(ask.getData('/big'))).toBe(0)
  })

  it('expires like everybody who is silent, although it has said more than was read', () => {
    const fake = new FakeServer(LIMITS)
    const session = fake.session({ timeOut: 4000 })
    session.ok(ask.create('/big', { data: new Uint8Array(50 * KB) }))
    session.connection.socket.pause()
    for (let i = 0; i < 100; i++) session.send(ask.getData('/big'))
    fake.host.advance(7000)
    expect(fake.server.sessions.size).toBe(0)
  })
})

describe('a client that reads slowly', () => {
  it('gets every notification, in order, and what it asked meanwhile, up to the end', () => {
    const { fake, session } = stage({ outgoingCloseBytes: 4000 * KB })
    session.ok(ask.addWatch('/', 1))
    session.connection.socket.pause()
    const writer = fake.session({ timeOut: 40_000 })
    const names = Array.from({ length: 500 }, (_, i) => `/${'n'.repeat(i % 7 === 0 ? 5000 : 900)}${i}`)
    for (const name of names) writer.call(ask.create(name))
    session.send(ask.closeSession())
    expect(fake.server.service.slabs.cellsInUse).toBeGreaterThan(0)
    for (let i = 0; !session.isEnded && i < 5000; i++) {
      if (i % 5 === 0) session.connection.socket.resume()
      else session.connection.socket.pause()
      fake.host.turn()
    }
    session.connection.socket.resume()
    fake.host.settle()
    expect(session.replies().map(({ err }) => err)).toEqual([0])
    expect(session.takeEvents().map(({ path }) => path)).toEqual(names)
    expect(session.isEnded).toBe(true)
    expect(fake.server.service.slabs.cellsInUse).toBe(0)
  })

  it('gets everything, in order', () => {
    const { fake, session } = stage()
    for (let i = 0; i < 60; i++) session.send(ask.getData(i % 2 === 0 ? '/big' : '/missing'))
    for (let i = 0; i < 2000; i++) {
      if (i % 5 === 0) session.connection.socket.resume()
      else session.connection.socket.pause()
      fake.host.turn()
    }
    expect(session.replies().map(({ err }) => err)).toEqual(Array.from({ length: 60 }, (_, i) => (i % 2 === 0 ? 0 : -101)))
  })
})

// client-protocol 2.6: when a session ends, and that only silence ends it.
import { describe, expect, it } from 'vitest'
import { FakeServer } from '../../support/fake-server.ts'
import { connectRequest } from '../../support/raw-session.ts'
import * as ask from '../../support/requests.ts'

const DAY = 86_400_000

/** How long after its last word a session of so many ms is gone, at a tick of 2 s. */
function lifetime(timeOut: number, phaseMs: number): number {
  const fake = new FakeServer()
  fake.host.advance(phaseMs)
  const session = fake.session({ timeOut })
  fake.host.advance(333)
  session.ok(ask.ping())
  let ms = 0
  while (fake.server.sessions.size > 0) {
    fake.host.advance(50)
    ms += 50
  }
  return ms
}

describe('a silent session', () => {
  it.each([0, 1, 500, 1000, 1500, 1999])('of 4 s dies between its timeout and a tick later, whenever it began (%d ms on)', (phase) => {
    const ms = lifetime(4000, phase)
    expect(ms).toBeGreaterThan(4000)
    expect(ms).toBeLessThanOrEqual(6050)
  })

  it('is closed by a txn: its ephemerals go, its connection ends without a word', () => {
    const fake = new FakeServer()
    const session = fake.session({ timeOut: 4000 })
    const other = fake.session({ timeOut: 40_000 })
    session.ok(ask.create('/e', { flags: 1 }))
    session.ok(ask.create('/stays'))
    other.call(ask.exists('/e', true))
    const before = fake.lastZxid
    fake.host.advance(6100)
    expect(fake.lastZxid).toBe(before + 1n)
    expect([session.messages(), session.isEnded]).toEqual([[], true])
    expect(other.takeEvents()).toMatchObject([{ type: 2, path: '/e', zxid: fake.lastZxid }])
    expect([other.err(ask.exists('/e')), other.err(ask.exists('/stays'))]).toEqual([-101, 0])
    expect(fake.reattach(session).handshake).toMatchObject({ timeOut: 0, sessionId: 0n })
  })

  it('dies without a connection too', () => {
    const fake = new FakeServer()
    const session = fake.session({ timeOut: 4000 })
    session.connection.socket.destroy()
    fake.host.advance(3900)
    expect(fake.server.sessions.size).toBe(1)
    fake.host.advance(2200)
    expect(fake.server.sessions.size).toBe(0)
  })

  it('may come back in time, and has its new timeout then', () => {
    const fake = new FakeServer()
    const session = fake.session({ timeOut: 4000 })
    session.connection.socket.destroy()
    fake.host.advance(3900)
    const again = fake.reattach(session, { timeOut: 20_000 })
    fake.host.advance(19_000)
    expect(again.err(ask.ping())).toBe(0)
  })

  it('is not kept alive by its watches', () => {
    const fake = new FakeServer()
    const session = fake.session({ timeOut: 4000 })
    const writer = fake.session({ timeOut: 40_000 })
    session.ok(ask.addWatch('/', 0))
    for (let i = 0; i < 7; i++) {
      fake.host.advance(1000)
      writer.ok(ask.create(`/n${i}`))
    }
    expect([session.takeEvents().length > 0, session.isEnded]).toEqual([true, true])
  })
})

describe('a session that talks', () => {
  it.each<[string, () => ask.Asked]>([
    ['pings', ask.ping],
    ['reads', () => ask.getData('/')],
    ['is refused', () => ask.create('bad')],
    ['authenticates', () => ask.auth('digest', 'u:p')],
  ])('lives as long as it %s', (_, word) => {
    const fake = new FakeServer()
    const session = fake.session({ timeOut: 4000 })
    for (let i = 0; i < 20; i++) {
      fake.host.advance(3900)
      session.call(word())
    }
    expect([session.isEnded, fake.server.sessions.size]).toEqual([false, 1])
  })

  it.each([DAY, -DAY, 365 * DAY, -365 * DAY])('does not notice that the time of day is set by %d ms', (step) => {
    const fake = new FakeServer()
    const session = fake.session({ timeOut: 4000 })
    const silent = fake.session({ timeOut: 10_000 })
    for (let i = 0; i < 8; i++) {
      fake.host.stepWallClock(i % 2 === 0 ? step : -step / 2)
      fake.host.advance(1000)
      session.ok(ask.ping())
    }
    expect([session.isEnded, silent.isEnded, fake.server.sessions.size]).toEqual([false, false, 2])
    fake.host.advance(6001)
    expect([session.isEnded, silent.isEnded]).toEqual([true, true])
  })
})

describe('after a stall of the server', () => {
  it('what waits in the sockets is read before anybody is expired', () => {
    const fake = new FakeServer()
    const alive = Array.from({ length: 20 }, () => fake.session({ timeOut: 4000 }))
    const dead = fake.session({ timeOut: 4000 })
    for (const session of alive) session.send(ask.ping())
    fake.host.stall(60_000)
    fake.host.settle()
    expect(alive.map((session) => session.replies().length)).toEqual(alive.map(() => 1))
    expect([alive.some((session) => session.isEnded), dead.isEnded]).toEqual([false, true])
  })

  it('a client that comes back on a new connection is in time too', () => {
    const fake = new FakeServer()
    const session = fake.session({ timeOut: 4000 })
    session.connection.socket.destroy()
    fake.host.settle()
    const coming = fake.dialing(connectRequest({ sessionId: session.id, passwd: session.password }))
    fake.host.stall(60_000)
    fake.host.settle()
    expect(coming().takeFrame()).toHaveLength(37)
    fake.host.advance(3900)
    expect(fake.server.sessions.size).toBe(1)
  })

  it('steady traffic of others does not put expiry off for ever', () => {
    const fake = new FakeServer()
    const dead = fake.session({ timeOut: 4000 })
    const busy = fake.session({ timeOut: 40_000 })
    fake.host.stall(60_000)
    for (let i = 0; i < 3000 && !dead.isEnded; i++) {
      busy.send(ask.ping())
      fake.host.turn()
      fake.host.clock.nowMs += 1
    }
    expect(dead.isEnded).toBe(true)
    expect(busy.isEnded).toBe(false)
  })

  it('sessions have their full time after a restart', () => {
    const fake = new FakeServer()
    const session = fake.session({ timeOut: 4000 })
    fake.stop()
    fake.host.advance(DAY)
    fake.start()
    fake.host.advance(3900)
    expect(fake.reattach(session).handshake!.sessionId).toBe(session.id)
  })
})

describe('connections that say nothing', () => {
  it('before a handshake end on a grid of 10 s', () => {
    for (const phase of [0, 3000, 9000]) {
      const fake = new FakeServer()
      fake.host.advance(phase)
      const connection = fake.dial()
      connection.send(Uint8Array.of(0, 0))
      fake.host.advance(10_000)
      expect(connection.isEnded).toBe(false)
      fake.host.advance(10_001)
      expect(connection.isEnded).toBe(true)
    }
  })

  it('leave no connection behind', () => {
    const fake = new FakeServer()
    fake.dial()
    fake.host.advance(21_000)
    expect([fake.server.service.connections.size, fake.host.network.socketCount]).toEqual([0, 0])
  })
})

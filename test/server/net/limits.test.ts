// client-protocol 2.8 and 10: limits of connections, handshakes, requests in flight and their size.
import { describe, expect, it } from 'vitest'
import { FakeServer } from '../../support/fake-server.ts'
import { RawSession } from '../../support/raw-session.ts'
import * as ask from '../../support/requests.ts'

const { create, getData, ping, setData } = ask

describe('maxClientCnxns', () => {
  it('counts connections by address, and closes what is too much before it says anything', () => {
    const fake = new FakeServer({ maxClientCnxns: 2 })
    const first = fake.session({}, '10.0.0.1')
    fake.session({}, '10.0.0.1')
    expect(fake.dial('10.0.0.1').isEnded).toBe(true)
    expect(fake.session({}, '10.0.0.2').handshake).toBeDefined()
    expect(fake.session({}, '::ffff:10.0.0.1').handshake).toBeUndefined()
    first.connection.socket.destroy()
    fake.host.settle()
    expect(fake.session({}, '10.0.0.1').handshake).toBeDefined()
  })

  it('0 is no limit, and maxCnxns counts all', () => {
    const fake = new FakeServer({ maxClientCnxns: 0, maxCnxns: 3 })
    for (const n of [1, 2, 3]) expect(fake.session({}, `10.0.0.${n}`).handshake).toBeDefined()
    expect(fake.session({}, '10.0.0.4').handshake).toBeUndefined()
  })
})

describe('the token bucket of handshakes', () => {
  const bucket = { connectionThrottleTokens: 3, connectionThrottleFillTimeMs: 1000, connectionThrottleFillCount: 1 }

  it('turns away by closing, and fills up with time', () => {
    const fake = new FakeServer(bucket)
    const opened = () => fake.session().handshake !== undefined
    expect([opened(), opened(), opened(), opened()]).toEqual([true, true, true, false])
    fake.host.advance(1001)
    expect([opened(), opened()]).toEqual([true, false])
    fake.host.advance(100_000)
    expect([opened(), opened(), opened(), opened()]).toEqual([true, true, true, false])
  })

  it('weighs kinds of session when it is told to', () => {
    const fake = new FakeServer({ ...bucket, connectionThrottleTokens: 6, connectionThrottleWeightEnabled: true })
    const session = fake.session()
    expect(fake.reattach(session).handshake).toBeDefined()
    expect(fake.session().handshake).toBeUndefined()
  })

  it('drops more by chance while it is empty, fewer when it is full', () => {
    const blue = { connectionThrottleTokens: 5, connectionThrottleFillTimeMs: 1000, connectionThrottleFreezeTimeMs: 100 }
    const fake = new FakeServer({ ...blue, connectionThrottleDropIncrease: 0.5, connectionThrottleDropDecrease: 0.25 })
    const { throttle } = fake.server.service
    const after = (ms: number): number => {
      fake.host.advance(ms)
      fake.session()
      return throttle.dropChance
    }
    for (let i = 0; i < 5; i++) fake.session()
    expect([throttle.deficit, throttle.dropChance]).toEqual([5, 0])
    expect([after(50), after(60), after(101), after(101)]).toEqual([0, 0.5, 1, 1])
    const before = fake.lastZxid
    expect(after(2000)).toBe(1)
    expect(fake.lastZxid).toBe(before)
    expect([after(5000), after(5000), after(5000), after(5000), after(5000)]).toEqual([0.75, 0.5, 0.25, 0, 0])
    expect(fake.session().handshake).toBeDefined()
  })

  it('leaves the connection of the session alone when it turns its client away', () => {
    const fake = new FakeServer({ ...bucket, connectionThrottleTokens: 1 })
    const session = fake.session()
    expect(fake.reattach(session).handshake).toBeUndefined()
    expect(session.err(ping())).toBe(0)
  })
})

describe('globalOutstandingLimit', () => {
  it('holds back connections without losing or reordering anything', () => {
    const fake = new FakeServer({ globalOutstandingLimit: 3, turnMaxRequests: 10 })
    const sessions = [fake.session(), fake.session(), fake.session()]
    sessions[0].ok(create('/n'))
    for (const session of sessions) for (let i = 0; i < 50; i++) session.send(i % 5 === 4 ? getData('/n') : setData('/n', `${i}`))
    let most = 0
    while (fake.host.turn()) most = Math.max(most, fake.server.processor.inFlight)
    for (const session of sessions)
      expect(
        session
          .replies()
          .map(({ xid, err }) => [xid, err])
          .slice(-50),
      ).toHaveLength(50)
    expect(most).toBeLessThanOrEqual(3 + sessions.length)
    expect(fake.server.processor.inFlight).toBe(0)
  })

  it('lets every connection have one request in', () => {
    const fake = new FakeServer({ globalOutstandingLimit: 1 })
    const sessions = Array.from({ length: 10 }, () => fake.session())
    for (const [i, session] of sessions.entries()) session.send(create(`/n${i}`))
    fake.host.settle()
    expect(sessions.flatMap((session) => session.replies().map(({ err }) => err))).toEqual(sessions.map(() => 0))
  })
})

describe('the throttler', () => {
  const throttled = { requestThrottleMaxRequests: 1, throttledOpWaitTimeMs: 50, requestThrottleStallTimeMs: 100 }

  /** A server whose disk takes so long, while a session has asked all this. */
  function slowly(settings: object, asked: ask.Asked[], stallMs: number) {
    const fake = new FakeServer(settings)
    const session = fake.session()
    session.ok(create('/n'))
    for (const each of asked) session.send(each)
    fake.host.turn()
    fake.host.stall(stallMs)
    fake.host.settle()
    fake.host.advance(500)
    return { fake, session }
  }

  it('is off by default', () => {
    const { session } = slowly({ throttledOpWaitTimeMs: 50 }, [setData('/n'), setData('/n')], 1000)
    expect(session.replies().map(({ err }) => err)).toEqual([0, 0])
  })

  it('answers -127 to what has waited too long, without a zxid, in order, and never to pings', () => {
    const { fake, session } = slowly(throttled, [setData('/n', '1'), setData('/n', '2'), ping(), getData('/n'), ask.closeSession()], 1000)
    const replies = session.replies()
    expect(replies.map(({ xid, err }) => [xid, err])).toEqual([
      [2, 0],
      [3, -127],
      [-2, 0],
      [5, -127],
      [6, 0],
    ])
    expect(replies.map(({ bytes }) => bytes.length)).toEqual([68, 0, 0, 0, 0])
    expect(fake.lastZxid).toBe(4n)
  })

  it('never ends a connection whose auth packet had to wait', () => {
    const { session } = slowly(throttled, [setData('/n'), ask.auth('digest', 'u:p'), ask.whoAmI()], 1000)
    expect(session.replies().map(({ err }) => err)).toEqual([0, 0, -127])
    expect(session.isEnded).toBe(false)
  })

  it('keeps the order and answers everything when nothing waits too long', () => {
    const fake = new FakeServer({ requestThrottleMaxRequests: 2 })
    const sessions = [fake.session(), fake.session()]
    for (let i = 0; i < 20; i++) for (const session of sessions) session.send(create('/n-', { flags: 2 }))
    fake.host.advance(5000)
    for (const session of sessions) expect(session.replies().map(({ err }) => err)).toEqual(new Array(20).fill(0))
    expect(fake.server.service.throttler.held).toBe(0)
  })

  it('holds no more than the limit of requests under way: who sends on is not read from', () => {
    const fake = new FakeServer({ requestThrottleMaxRequests: 1, globalOutstandingLimit: 10 })
    const sessions = [fake.session(), fake.session()]
    const { throttler } = fake.server.service
    for (const session of sessions) for (let i = 0; i < 100; i++) session.send(create('/n-', { flags: 2 }))
    let most = 0
    while (fake.host.turn()) most = Math.max(most, throttler.held)
    fake.host.advance(5000)
    expect(most).toBeLessThanOrEqual(10 + sessions.length)
    for (const session of sessions) expect(session.replies().map(({ err }) => err)).toEqual(new Array(100).fill(0))
    expect(throttler.held).toBe(0)
  })

  it('lets others in again when what it held went with its connection', () => {
    const fake = new FakeServer({ requestThrottleMaxRequests: 1, globalOutstandingLimit: 5 })
    const [flood, other] = [fake.session(), fake.session()]
    for (let i = 0; i < 20; i++) flood.send(create('/n-', { flags: 2 }))
    for (let i = 0; i < 20; i++) other.send(ping())
    fake.host.turn()
    flood.connection.socket.reset()
    fake.host.advance(5000)
    expect(other.replies()).toHaveLength(20)
  })

  it('drops what is left of a connection that has gone', () => {
    const fake = new FakeServer({ requestThrottleMaxRequests: 1 })
    const session = fake.session()
    for (let i = 0; i < 10; i++) session.send(create(`/n${i}`))
    fake.host.turn()
    session.connection.socket.reset()
    fake.host.advance(5000)
    expect([fake.server.service.throttler.held, fake.server.processor.inFlight]).toEqual([0, 0])
    expect(fake.session().ok(ask.getChildren('/')).children!.length).toBeLessThan(11)
  })
})

describe('stale requests', () => {
  it('of live connections are dropped with them, when that is asked for', () => {
    const fake = new FakeServer({ requestThrottleMaxRequests: 1, requestStaleLatencyCheck: true })
    const session = fake.session({ timeOut: 4000 })
    session.send(create('/first'))
    session.send(create('/second'))
    fake.host.turn()
    fake.host.stall(5000)
    fake.host.settle()
    expect([session.isEnded, fake.server.metrics.staleRequestsDropped.value]).toEqual([true, 1])
    const other = fake.session()
    expect([other.err(ask.exists('/first')), other.err(ask.exists('/second'))]).toEqual([0, -101])
  })
})

describe('large requests', () => {
  const settings = { largeRequestThreshold: 1000, largeRequestMaxBytes: 5000 }
  const big = 'x'.repeat(2000)

  it('are counted while they are in flight, and too many close the connection', () => {
    const fake = new FakeServer(settings)
    const session = fake.session()
    session.ok(create('/n'))
    const other = fake.session()
    for (let i = 0; i < 3; i++) session.send(setData('/n', big))
    other.send(setData('/n', 'small'))
    fake.host.settle()
    expect([session.isEnded, other.replies()[0].err]).toEqual([true, 0])
    expect(fake.host.warnings).toContain('Rejecting large request')
    const again = fake.reattach(session)
    for (let i = 0; i < 5; i++) expect(again.err(setData('/n', big))).toBe(0)
  })

  it('are not looked for before the handshake, nor when the threshold is off', () => {
    const fake = new FakeServer({ ...settings, largeRequestMaxBytes: 10, largeRequestThreshold: 10 })
    expect(new RawSession(fake.dial()).handshake).toBeDefined()
    const free = new FakeServer({ largeRequestMaxBytes: 10 }).session()
    expect(free.err(create('/n', { data: big }))).toBe(0)
  })
})

describe('a turn', () => {
  it('has a share for each connection: a flood does not keep others waiting', () => {
    const fake = new FakeServer({ turnMaxRequests: 10 })
    const [flood, other] = [fake.session(), fake.session()]
    for (let i = 0; i < 1000; i++) flood.send(ping())
    other.send(ping())
    fake.host.turn()
    fake.host.turn()
    expect(other.replies()).toHaveLength(1)
    const early = flood.replies().length
    expect(early).toBeLessThanOrEqual(20)
    fake.host.settle()
    expect(flood.replies()).toHaveLength(1000 - early)
  })

  it('has a limit in bytes too', () => {
    const fake = new FakeServer({ turnMaxBytes: 1000 })
    const session = fake.session()
    session.ok(create('/n'))
    for (let i = 0; i < 20; i++) session.send(getData(`/${'x'.repeat(490)}`))
    fake.host.turn()
    fake.host.turn()
    const early = session.replies().length
    expect(early).toBeLessThanOrEqual(6)
    fake.host.settle()
    expect(session.replies()).toHaveLength(20 - early)
  })
})

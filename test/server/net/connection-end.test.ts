// client-protocol 1.3 and 2.6: how connections end, what is still executed, and that nothing stays behind.
import { describe, expect, it } from 'vitest'
import { converse } from '../../support/conversation.ts'
import { FakeServer } from '../../support/fake-server.ts'
import { connectRequest, requestFrame } from '../../support/raw-session.ts'
import * as ask from '../../support/requests.ts'

const { create, exists } = ask

describe('closeSession', () => {
  it('is answered, then the connection ends; what comes behind has no effect', () => {
    converse(
      new FakeServer(),
      `
      a > create /e flags=1
      a < ok /e
      b > exists /e watch
      b < ok v0
      a > close
      a > create /behind
      a < ok
      a .
      b ! NodeDeleted /e
      b > exists /behind
      b < NONODE
      `,
    )
  })

  it('takes the ephemerals that are still being made with it', () => {
    const fake = new FakeServer()
    const session = fake.session()
    for (let i = 0; i < 5; i++) session.send(create('/e-', { flags: 3 }))
    session.send(ask.remove('/e-0000000001'))
    session.send(ask.closeSession())
    fake.host.settle()
    expect(session.replies().map(({ err }) => err)).toEqual([0, 0, 0, 0, 0, 0, 0])
    expect(fake.session().ok(ask.getChildren('/')).children).toEqual(['zookeeper'])
    expect(fake.server.metrics.digestMismatchesCount.value).toBe(0)
  })

  it('leaves no ephemeral that another request of its session could still make', () => {
    const fake = new FakeServer()
    const session = fake.session()
    const second = fake.reattach(session)
    second.send(ask.closeSession())
    fake.host.settle()
    expect(fake.server.sessions.size).toBe(0)
    expect([...fake.server.replica.tree.owners.sessions()]).toEqual([])
  })
})

describe('a client that goes', () => {
  it.each(['destroy', 'halfClose'] as const)('by %s: complete frames are executed, half ones are not', (how) => {
    const fake = new FakeServer()
    const session = fake.session()
    session.send(create('/whole'))
    const { type, body } = create('/half')
    session.connection.send(requestFrame(9, type, body).subarray(0, 20))
    session.connection.socket[how]()
    fake.host.settle()
    const other = fake.session()
    expect([other.err(exists('/whole')), other.err(exists('/half'))]).toEqual([0, -101])
    expect(fake.reattach(session).err(ask.ping())).toBe(0)
  })

  it('half-closed is not told anything any more', () => {
    const fake = new FakeServer()
    const session = fake.session()
    session.ok(ask.addWatch('/', 0))
    session.connection.socket.halfClose()
    fake.host.settle()
    fake.session().ok(create('/x'))
    expect([session.messages(), session.isEnded]).toEqual([[], true])
  })

  it('right behind its handshake and a request: the request is executed', () => {
    const fake = new FakeServer()
    const connection = fake.dial()
    const { type, body } = create('/farewell')
    connection.send(Buffer.concat([connectRequest(), requestFrame(1, type, body)]))
    connection.socket.halfClose()
    fake.host.settle()
    expect(connection.isEnded).toBe(true)
    expect(fake.session().err(exists('/farewell'))).toBe(0)
  })

  it('with more requests than a turn handles: all are executed', () => {
    const fake = new FakeServer({ turnMaxRequests: 3 })
    const session = fake.session()
    for (let i = 0; i < 20; i++) session.send(create('/n-', { flags: 2 }))
    session.connection.socket.halfClose()
    fake.host.settle()
    expect(fake.session().ok(exists('/')).stat.numChildren).toBe(21)
  })

  it('during its handshake leaves a session that expires, and nothing else', () => {
    const fake = new FakeServer()
    const connection = fake.dial()
    connection.send(connectRequest({ timeOut: 4000 }))
    fake.host.turn()
    connection.socket.reset()
    fake.host.settle()
    expect(fake.server.sessions.size).toBe(1)
    fake.host.advance(6001)
    expect([fake.server.sessions.size, fake.server.service.connections.size]).toEqual([0, 0])
  })
})

describe('four-letter words', () => {
  const say = (fake: FakeServer, ...parts: string[]): [string, boolean] => {
    const connection = fake.dial()
    for (const part of parts) {
      connection.send(Buffer.from(part, 'latin1'))
      fake.host.turn()
    }
    fake.host.settle()
    return [Buffer.from(connection.takeBytes()).toString(), connection.isEnded]
  }

  it('are known before the handshake, in pieces, with more behind them, and from clients that are done', () => {
    const fake = new FakeServer({ fourLetterWords: 'all' })
    expect(say(fake, 'ruok')).toEqual(['imok', true])
    expect(say(fake, 'r', 'u', 'o', 'k')).toEqual(['imok', true])
    expect(say(fake, 'ruok\r\n')).toEqual(['imok', true])
    expect(say(fake, 'isro')).toEqual(['rw', true])
    expect(say(fake, 'nope')).toEqual(['', true])
    const connection = fake.dial()
    connection.send(Buffer.from('ruok'))
    connection.socket.halfClose()
    fake.host.settle()
    expect(Buffer.from(connection.takeBytes()).toString()).toBe('imok')
  })

  it('must be allowed', () => {
    expect(say(new FakeServer(), 'ruok')).toEqual(['ruok is not executed because it is not in the whitelist.\n', true])
  })

  it('wait for their arguments', () => {
    const fake = new FakeServer({ fourLetterWords: 'all' })
    expect(say(fake, 'stmk', '\0\0\0\0', '\0\0\0\x7f')[1]).toBe(true)
    expect(say(fake, 'stmk', '\0\0')).toEqual(['', false])
  })
})

describe('what the throttler holds of a client that is gone', () => {
  it.each([1, 2, 5, 7])('is written or forgotten, and keeps nobody waiting (%d turns)', (turns) => {
    const fake = new FakeServer({ requestThrottleMaxRequests: 1, requestStaleConnectionCheck: false })
    const other = fake.session()
    const session = fake.session()
    for (let i = 0; i < 4; i++) other.send(create(`/other${i}`))
    session.send(create('/last'))
    for (let i = 0; i < 5; i++) session.send(ask.exists(`/watched${i}`, true))
    for (let turn = 0; turn < turns; turn++) fake.host.turn()
    const { processor, replica, service } = fake.server
    expect(service.throttler.held).toBeGreaterThan(5)
    session.connection.socket.destroy()
    fake.host.settle()
    expect([processor.inFlight, service.throttler.held, replica.watches.watchCount]).toEqual([0, 0, 0])
    expect(other.replies()).toHaveLength(4)
    other.ok(ask.exists('/last'))
  })
})

describe('a connection that says nothing', () => {
  it.each([1000, 10_000, 60_000])('is closed between one and two times nio.sessionlessCnxnTimeout, here %d ms', (sessionlessCnxnTimeoutMs) => {
    const fake = new FakeServer({ sessionlessCnxnTimeoutMs })
    const silent = fake.dial()
    fake.host.advance(sessionlessCnxnTimeoutMs - 1)
    expect(silent.isEnded).toBe(false)
    fake.host.advance(sessionlessCnxnTimeoutMs + 1)
    expect(silent.isEnded).toBe(true)
    silent.send(Buffer.from('srvr'))
    fake.host.settle()
    expect(silent.receivedBytes).toBe(0)
  })

  it('is left alone for 24 days where the timeout is that long', () => {
    const fake = new FakeServer({ sessionlessCnxnTimeoutMs: 2 ** 31 - 1 })
    const silent = fake.dial()
    fake.host.advance(24 * 86_400)
    expect(silent.isEnded).toBe(false)
  })
})

describe('a server that stops', () => {
  it.each([0, 1])('ends all connections and leaves nothing running (throttled to %d)', (requestThrottleMaxRequests) => {
    const fake = new FakeServer({ requestThrottleMaxRequests })
    const session = fake.session()
    const silent = fake.dial()
    for (let i = 0; i < 5; i++) session.send(create(`/late${i}`))
    fake.host.turn()
    const { server } = fake
    fake.stop()
    expect([session.isEnded, silent.isEnded]).toEqual([true, true])
    expect([fake.host.clock.timerCount, fake.host.network.socketCount, server.service.connections.size]).toEqual([0, 0, 0])
    expect(fake.host.network.poll()).toBe(false)
  })

  it('keeps everything that it has acknowledged', () => {
    const fake = new FakeServer()
    const session = fake.session()
    for (let i = 0; i < 50; i++) session.send(create('/n-', { flags: 2, data: `${i}` }))
    for (let turns = 0; turns < 4; turns++) fake.host.turn()
    const acknowledged = session.replies().length
    fake.restart()
    const children = fake.session().ok(ask.getChildren('/')).children!.length - 1
    expect(children).toBeGreaterThanOrEqual(acknowledged)
  })
})

describe('maps of connections', () => {
  it('shrink again, whatever the end was', () => {
    const fake = new FakeServer()
    for (let i = 0; i < 10; i++) {
      const session = fake.session({}, `10.0.0.${i}`)
      session.ok(ask.addWatch('/', 1))
      session.call(exists('/missing', true))
      if (i % 3 === 0) session.connection.socket.reset()
      else if (i % 3 === 1) session.call(ask.closeSession())
      else session.send(ask.check('/'))
      fake.host.settle()
    }
    fake.host.advance(60_000)
    const { service, sessions, replica, processor } = fake.server
    expect([service.connections.size, sessions.size, replica.watches.watchCount, processor.inFlight]).toEqual([0, 0, 0, 0])
    expect([...service.idleBuckets()].length + sessions.expiryBuckets().length).toBe(0)
    expect(replica.watches.summary()).toEqual({ connections: 0, paths: 0, watches: 0 })
  })
})

// client-protocol 2.8: a member that finds no quorum serves reads, where that is wanted, to clients that say that this is enough for them.
import { describe, expect, test } from 'vitest'
import { Code } from '../../src/protocol/codes.ts'
import { FakeEnsemble } from '../support/fake-ensemble.ts'
import type { FakeMember } from '../support/fake-ensemble.ts'
import { multi } from '../support/multi.ts'
import type { RawSession } from '../support/raw-session.ts'
import * as ask from '../support/requests.ts'

/** How long a member looks for a leader before it serves reads. */
const DELAY_MS = 2000
const SETTINGS = { readOnlyModeEnabled: true, fourLetterWords: 'all' } as const

interface Scene {
  readonly ensemble: FakeEnsemble
  readonly alone: FakeMember
  /** A session that all three knew. */
  readonly global: RawSession
}

/** Of three members one is left. */
function oneLeft({ nodes = 0 } = {}): Scene {
  const ensemble = new FakeEnsemble('1 2 3', SETTINGS)
  ensemble.converge()
  const global = ensemble.member(1).session()
  global.ok(ask.create('/a', { data: 'x' }))
  if (nodes > 0) global.ok(multi(Array.from({ length: nodes }, (_, i) => ask.create(`/n${i}`))))
  ensemble.world.settle()
  ensemble.member(2).kill()
  ensemble.member(3).kill()
  ensemble.breakLinks(1, 2)
  ensemble.breakLinks(1, 3)
  const alone = ensemble.member(1)
  ensemble.until('it looks', () => alone.state === 'looking')
  return { ensemble, alone, global }
}

function readOnly(): Scene {
  const scene = oneLeft()
  scene.ensemble.world.advance(DELAY_MS)
  return scene
}

function word(member: FakeMember, name: string): string {
  const connection = member.dial()
  connection.send(Buffer.from(name))
  connection.host.settle()
  return Buffer.from(connection.takeBytes()).toString()
}

describe('a member without a quorum', () => {
  test('serves nobody at first, then reads to whoever asks for no more', () => {
    const { ensemble, alone } = oneLeft()
    ensemble.world.advance(DELAY_MS - 100)
    expect(alone.session({ readOnly: true }).handshake).toBeUndefined()
    ensemble.world.advance(100)
    const session = alone.session({ readOnly: true })
    expect(session.handshake).toMatchObject({ readOnly: true, timeOut: 10_000 })
    expect(Buffer.from(session.ok(ask.getData('/a')).data!).toString()).toBe('x')
    for (const options of [{}, { readOnly: undefined }]) {
      const refused = alone.session(options)
      expect([refused.handshake, refused.isEnded]).toEqual([undefined, true])
    }
  })

  test('serves nobody where that is not wanted', () => {
    const ensemble = new FakeEnsemble('1 2 3', {}, [1])
    ensemble.world.advance(10 * DELAY_MS)
    expect(ensemble.member(1).session({ readOnly: true }).handshake).toBeUndefined()
  })

  test('refuses what only a quorum can do, in the order of the requests, and goes on', () => {
    const { alone } = readOnly()
    const session = alone.session({ readOnly: true })
    const { zxid } = alone
    const changes = [
      ask.create('/b'),
      ask.setData('/a'),
      ask.remove('/a'),
      ask.setAcl('/a', ask.OPEN),
      ask.sync('/a'),
      multi([ask.create('/b')]),
      ask.reconfig(),
      { ...ask.create('/b'), body: new Uint8Array(3) },
    ]
    for (const change of changes) {
      session.send(change)
      session.send(ask.exists('/a', true))
    }
    session.connection.host.settle()
    expect(session.replies().map((reply) => [reply.err, reply.zxid])).toEqual(
      changes.flatMap(() => [
        [Code.NOTREADONLY, zxid],
        [Code.OK, zxid],
      ]),
    )
    session.ok(ask.ping())
    session.ok(ask.auth('digest', 'a:b'))
    session.ok(ask.whoAmI())
    session.ok(ask.setWatches(zxid, { data: ['/a'] }))
    expect(alone.zxid).toBe(zxid)
  })

  test('ends a session that it has begun', () => {
    const { alone } = readOnly()
    const session = alone.session({ readOnly: true })
    expect(session.call(ask.closeSession())).toMatchObject({ err: Code.OK, zxid: alone.zxid })
    expect(session.isEnded).toBe(true)
    expect(alone.reattach(session, { readOnly: true }).handshake).toMatchObject({ sessionId: 0n, timeOut: 0 })
  })

  test('answers what was asked before the end of a session, however long that takes', () => {
    const { ensemble, alone } = oneLeft({ nodes: 10_000 })
    ensemble.world.advance(DELAY_MS)
    const session = alone.session({ readOnly: true })
    for (const request of [ask.getChildren('/'), ask.closeSession()]) session.send(request)
    session.connection.host.settle()
    const [children, end] = session.replies()
    expect((children.body as { children: string[] }).children).toHaveLength(10_002)
    expect([end.err, session.isEnded]).toEqual([Code.OK, true])
  })

  test('does not end a session that others know, whoever asks for it', () => {
    const { ensemble, alone, global } = readOnly()
    alone.server!.expireSession(global.id)
    ensemble.world.settle()
    expect(alone.server!.sessions.get(global.id)).toBeDefined()
    alone.session({ readOnly: true }).ok(ask.exists('/a'))
  })

  test('knows the sessions that it has begun, and resumes no other', () => {
    const { alone, global } = readOnly()
    const session = alone.session({ readOnly: true })
    const again = alone.reattach(session, { readOnly: true, timeOut: 20_000 })
    expect(again.handshake).toMatchObject({ sessionId: session.id, timeOut: 20_000, readOnly: true })
    expect(session.isEnded).toBe(true)
    expect(alone.reattach(again, { readOnly: true, passwd: new Uint8Array(16) }).handshake).toMatchObject({ sessionId: 0n, timeOut: 0 })
    expect(alone.session({ readOnly: true, sessionId: 7n }).handshake).toMatchObject({ sessionId: 0n, timeOut: 0 })
    const refused = alone.reattach(global, { readOnly: true })
    expect([refused.handshake, refused.isEnded]).toEqual([undefined, true])
  })

  test('ends the sessions that fall silent', () => {
    const { ensemble, alone } = readOnly()
    const silent = alone.session({ readOnly: true })
    const lively = alone.session({ readOnly: true })
    for (let seconds = 0; seconds < 30; seconds += 5) {
      ensemble.world.advance(5000)
      lively.ok(ask.ping())
    }
    expect([silent.isEnded, lively.isEnded]).toEqual([true, false])
    expect(alone.reattach(silent, { readOnly: true }).handshake).toMatchObject({ sessionId: 0n, timeOut: 0 })
  })

  test('says what it is', () => {
    const { alone } = readOnly()
    alone.session({ readOnly: true })
    expect(word(alone, 'isro')).toBe('ro')
    expect(word(alone, 'srvr')).toMatch(/^Zookeeper version: .*\nREAD-ONLY mode; serving only read-only clients\nLatency [^]*\nMode: read-only\n/)
    expect(word(alone, 'conf')).toMatch(/\npeerType=0\n$/)
    const monitored = word(alone, 'mntr')
    expect(monitored).toMatch(/^zk_server_state\tread-only$/m)
    expect(monitored).toMatch(/^zk_local_sessions\t1$/m)
    expect(monitored).not.toMatch(/^zk_(peer_state|quorum_size)\t/m)
  })

  test('sends everybody away when there is a quorum again, and they write', () => {
    const { ensemble, alone, global } = readOnly()
    const session = alone.session({ readOnly: true })
    ensemble.member(2).start()
    ensemble.converge()
    expect(session.isEnded).toBe(true)
    expect(alone.reattach(session, { readOnly: true }).handshake).toMatchObject({ sessionId: 0n, timeOut: 0 })
    const back = alone.reattach(global, { readOnly: true })
    expect(back.handshake).toMatchObject({ sessionId: global.id, readOnly: false })
    back.ok(ask.setData('/a', 'y'))
    expect(word(alone, 'isro')).toBe('rw')
  })

  test('does not begin behind a failure', () => {
    const { ensemble, alone } = oneLeft()
    ensemble.world.advance(DELAY_MS / 2)
    alone.server!.fail(new Error('EIO'), 10)
    ensemble.world.advance(10 * DELAY_MS)
    expect(alone.session({ readOnly: true }).handshake).toBeUndefined()
  })

  test('stops', () => {
    const { ensemble, alone } = readOnly()
    const session = alone.session({ readOnly: true })
    const isDone = alone.stop()
    ensemble.world.settle()
    expect([isDone(), session.isEnded]).toEqual([true, true])
  })
})

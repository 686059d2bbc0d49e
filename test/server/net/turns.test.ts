// No turn grows with what there is to do: what one has no time for follows in the next, in order, and others come in between.
import { describe, expect, it } from 'vitest'
import { FakeServer } from '../../support/fake-server.ts'
import * as ask from '../../support/requests.ts'

/** Turns until the condition holds. */
function turnsUntil(fake: FakeServer, condition: () => boolean): number {
  for (let turns = 1; turns < 1000; turns++) {
    fake.host.turn()
    if (condition()) return turns
  }
  throw new Error('that never came')
}

describe('much at once', () => {
  it('sessions that expire together end over several turns, all of them, and a request in between is answered', () => {
    const fake = new FakeServer()
    const silent = Array.from({ length: 300 }, (_, i) => {
      const session = fake.session({ timeOut: 4000 })
      session.ok(ask.create(`/e${i}`, { flags: 1 }))
      return session
    })
    const other = fake.session({ timeOut: 40_000 })
    for (const session of silent) session.send(ask.ping())
    fake.host.settle()
    const { sessions } = fake.server
    const before = sessions.size
    fake.host.stall(6100)
    turnsUntil(fake, () => sessions.size < before)
    expect(sessions.size).toBeGreaterThan(1)
    other.send(ask.getChildren('/'))
    turnsUntil(fake, () => other.replies().length === 1)
    expect(sessions.size).toBeGreaterThan(1)
    fake.host.settle()
    expect(sessions.size).toBe(1)
    expect(other.ok(ask.getChildren('/')).children).toEqual(['zookeeper'])
    expect(silent.every((session) => session.isEnded)).toBe(true)
  })

  it('writes that one sync made durable are applied over several turns, in order', () => {
    const fake = new FakeServer()
    const writer = fake.session()
    const reader = fake.session()
    for (let i = 0; i < 900; i++) writer.send(ask.create(`/n${i}`))
    turnsUntil(fake, () => fake.server.replica.tree.nodeCount > 10)
    const seen = fake.server.replica.tree.nodeCount
    expect(seen).toBeLessThan(900)
    expect(reader.call(ask.getChildren('/')).err).toBe(0)
    const replies = writer.replies()
    expect(replies.map(({ body }) => (body as { path: string }).path)).toEqual(Array.from({ length: 900 }, (_, i) => `/n${i}`))
    expect(replies.every(({ zxid }, i) => i === 0 || zxid === replies[i - 1].zxid + 1n)).toBe(true)
  })

  it('answers of many megabytes leave over several turns, in order, and those of others beside them', () => {
    const fake = new FakeServer()
    const [session, other] = [fake.session(), fake.session()]
    for (let i = 0; i < 6; i++) session.ok(ask.create(`/big${i}`, { data: Buffer.alloc(900_000, i) }))
    for (let i = 0; i < 6; i++) session.send(ask.getData(`/big${i}`))
    other.send(ask.getData('/big5'))
    fake.host.turn()
    const first = session.replies()
    expect(first.length).toBeLessThan(6)
    fake.host.settle()
    const bytes = [...first, ...session.replies()].map(({ body }) => (body as { data: Uint8Array }).data[0])
    expect(bytes).toEqual([0, 1, 2, 3, 4, 5])
    expect(other.replies()).toHaveLength(1)
  })

  it('clients that ask for more than they take keep nobody waiting, and each gets all of it, in order', () => {
    const fake = new FakeServer()
    const greedy = Array.from({ length: 4 }, () => fake.session())
    const other = fake.session()
    // Short enough for a connection to be asked on before it has taken all it was handed.
    for (let i = 0; i < 10; i++) other.ok(ask.create(`/big${i}`, { data: Buffer.alloc(200_000, i) }))
    for (const session of greedy) for (let i = 0; i < 15; i++) session.send(ask.getData(`/big${i % 10}`))
    for (let i = 0; i < 3; i++) {
      other.send(ask.exists('/big0'))
      // One turn or two to hand a share to each of the four, besides those that its own way takes.
      expect(turnsUntil(fake, () => other.replies().length === 1)).toBeLessThanOrEqual(4)
    }
    fake.host.settle()
    for (const session of greedy) {
      const bytes = session.replies().map(({ body }) => (body as { data: Uint8Array }).data[0])
      expect(bytes).toEqual(Array.from({ length: 15 }, (_, i) => i % 10))
    }
  })

  it('a notification to very many goes out over several turns, and before any later answer to each', () => {
    const fake = new FakeServer()
    const writer = fake.session()
    writer.ok(ask.create('/w'))
    const watchers = Array.from({ length: 600 }, () => fake.session())
    for (const session of watchers) session.send(ask.getData('/w', true))
    fake.host.settle()
    for (const session of watchers) session.replies()
    writer.send(ask.setData('/w', 'new'))
    const told = (): number => watchers.reduce((sum, session) => sum + (session.connection.receivedBytes > 0 ? 1 : 0), 0)
    turnsUntil(fake, () => told() > 0)
    expect(told()).toBeLessThan(600)
    for (const session of watchers) session.send(ask.getData('/w'))
    fake.host.settle()
    for (const session of watchers) expect(session.messages().map(({ kind }) => kind)).toEqual(['event', 'reply'])
  })

  it('a word with a long answer is told over several turns, and others are answered in between', () => {
    const fake = new FakeServer({ fourLetterWords: 'all' })
    const session = fake.session()
    for (let i = 0; i < 9000; i++) session.send(ask.addWatch(`/some/longer/path/${i}`, 0))
    fake.host.settle()
    expect(session.replies()).toHaveLength(9000)
    const asking = fake.dial()
    asking.send(Buffer.from('wchp'))
    fake.host.turn()
    session.send(ask.exists('/'))
    turnsUntil(fake, () => session.replies().length === 1)
    expect(asking.isEnded).toBe(false)
    fake.host.settle()
    expect(asking.isEnded).toBe(true)
    const lines = Buffer.from(asking.takeBytes()).toString().split('\n')
    const id = `\t0x${session.id.toString(16)}`
    expect(lines).toEqual([...Array.from({ length: 9000 }, (_, i) => [`/some/longer/path/${i}`, id]).flat(), '', ''])
  })

  it('a word whose asker goes away is told no further', () => {
    const fake = new FakeServer({ fourLetterWords: 'all' })
    const session = fake.session()
    for (let i = 0; i < 9000; i++) session.send(ask.addWatch(`/some/longer/path/${i}`, 0))
    fake.host.settle()
    const asking = fake.dial()
    asking.send(Buffer.from('wchc'))
    fake.host.turn()
    asking.socket.destroy()
    fake.host.settle()
    expect(fake.server.service.connections.size).toBe(1)
  })
})

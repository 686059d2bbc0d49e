// Answers that take many turns: they are of the moment when they were asked for, and everything else keeps its place around them.
import { describe, expect, it } from 'vitest'
import { FakeServer } from '../../support/fake-server.ts'
import { multi } from '../../support/multi.ts'
import type { RawSession } from '../../support/raw-session.ts'
import * as ask from '../../support/requests.ts'

const COUNT = 20_000
const names = Array.from({ length: COUNT }, (_, i) => `n${i}`)

function withMany(): { fake: FakeServer; session: RawSession; other: RawSession } {
  const fake = new FakeServer()
  const session = fake.session()
  session.ok(ask.create('/many'))
  for (let from = 0; from < COUNT; from += 1000) session.ok(multi(names.slice(from, from + 1000).map((name) => ask.create(`/many/${name}`))))
  return { fake, session, other: fake.session() }
}

/** What came in, as short texts. */
function heard(session: RawSession): string[] {
  return session.messages().map((message) => {
    if (message.kind === 'event') return `event ${message.path}`
    const body = message.body as { children?: string[]; path?: string } | undefined
    return `${message.xid} ${message.err} ${body?.children?.length ?? body?.path ?? ''}`
  })
}

describe('the children of a node that has very many', () => {
  it('are those of the moment of the request, and so is the stat', () => {
    const { fake, session, other } = withMany()
    session.send(ask.getChildren2('/many'))
    // The request is under way and its first slice is not done; what follows is applied while slices are told.
    fake.host.turn()
    for (let i = 0; i < 10; i++) {
      other.send(ask.create(`/many/new${i}`))
      other.send(ask.remove(`/many/n${COUNT - 1 - i}`))
      other.send(ask.remove(`/many/n${i}`))
    }
    fake.host.turn()
    expect(heard(session)).toEqual([])
    fake.host.settle()
    const [reply] = session.replies()
    const { children, stat } = reply.body as { children: string[]; stat: { numChildren: number; pzxid: bigint } }
    expect(children.length).toBe(COUNT)
    expect(new Set(children)).toEqual(new Set(names))
    // The last txn before the request was the session that `other` is.
    expect(stat).toMatchObject({ numChildren: COUNT, pzxid: reply.zxid - 1n })
    expect(session.ok(ask.getChildren('/many')).children!.slice(-2)).toEqual(['new8', 'new9'])
  })

  it('come before the notification of a change that came while they were told', () => {
    const { fake, session, other } = withMany()
    session.send(ask.getChildren('/many', true), 7)
    fake.host.turn()
    other.send(ask.create('/many/new'))
    fake.host.settle()
    expect(heard(session)).toEqual([`7 0 ${COUNT}`, 'event /many'])
  })

  it('keep the answers to later requests behind them, writes and their reads as they were applied', () => {
    const { fake, session, other } = withMany()
    session.send(ask.getChildren('/many'), 1)
    session.send(ask.create('/many/x'), 2)
    session.send(ask.getChildren('/many'), 3)
    session.send(ask.create2('/y'), 4)
    session.send(ask.remove('/y'), 5)
    session.send(ask.exists('/y'), 6)
    session.send(ask.ping(), 7)
    fake.host.turn()
    fake.host.turn()
    expect(other.ok(ask.whoAmI())).toBeDefined()
    fake.host.settle()
    expect(heard(session)).toEqual([`1 0 ${COUNT}`, '2 0 /many/x', `3 0 ${COUNT + 1}`, '4 0 /y', '5 0 ', '6 -101 ', '-2 0 '])
    expect(fake.server.processor.inFlight).toBe(0)
  })

  it('asked for by several are told one after the other, none with what its own client wrote behind it', () => {
    const { fake, session, other } = withMany()
    const third = fake.session()
    for (const [i, each] of [session, other, third].entries()) {
      each.send(ask.getChildren('/many', true), 1)
      if (each !== third) each.send(ask.create(`/many/of${i}`), 2)
    }
    let firstTold = false
    while (!firstTold) {
      fake.host.turn()
      firstTold = session.connection.receivedBytes > 0
    }
    expect([other, third].map((each) => each.connection.receivedBytes)).toEqual([0, 0])
    fake.host.settle()
    const said = [session, other, third].map(heard)
    expect(said[0]).toEqual([`1 0 ${COUNT}`, 'event /many', '2 0 /many/of0'])
    expect(said[1]).toEqual([`1 0 ${COUNT}`, 'event /many', '2 0 /many/of1'])
    // It wrote nothing, so it is asked when the others are told, and its watch is set then.
    expect(said[2]).toEqual([`1 0 ${COUNT + 2}`])
  })

  it('whose node goes before their turn comes are refused', () => {
    const { fake, session, other } = withMany()
    session.send(ask.getChildren('/many'), 1)
    other.send(ask.getChildren('/many', true), 1)
    const { tree } = fake.server.replica
    fake.host.turn()
    for (const name of names) tree.deleteNode(`/many/${name}`, 1000n)
    tree.deleteNode('/many', 1000n)
    fake.host.settle()
    expect([heard(session), heard(other)]).toEqual([[`1 0 ${COUNT}`], ['1 -101 ']])
  })

  it('do not keep others waiting', () => {
    const { fake, session, other } = withMany()
    session.send(ask.getChildren('/many'))
    fake.host.turn()
    other.send(ask.exists('/many'), 1)
    fake.host.turn()
    fake.host.turn()
    expect([heard(session), heard(other)]).toEqual([[], ['1 0 ']])
    fake.host.settle()
    expect(heard(session)).toHaveLength(1)
  })

  it('are forgotten when their connection goes, with what waited behind them', () => {
    const { fake, session, other } = withMany()
    session.send(ask.getChildren('/many'), 1)
    session.send(ask.create('/z'), 2)
    session.send(ask.getChildren('/many'), 3)
    fake.host.turn()
    session.connection.socket.destroy()
    fake.host.settle()
    expect(heard(session)).toEqual([])
    expect(other.err(ask.exists('/z'))).toBe(0)
    expect(fake.server.processor.inFlight).toBe(0)
    expect(fake.server.replica.tree.walks.size).toBe(0)
  })

  it('and the end of a session behind them is told in its place', () => {
    const { fake, session } = withMany()
    session.send(ask.getChildren('/many'), 1)
    session.send(ask.closeSession(), 2)
    fake.host.settle()
    expect(heard(session)).toEqual([`1 0 ${COUNT}`, '2 0 '])
    expect(session.isEnded).toBe(true)
    expect(fake.server.processor.inFlight).toBe(0)
  })
})

it('names of all kinds go out as they are', () => {
  const session = new FakeServer().session()
  const kinds = ['plain', 'caf\u00e9', '\u65e5\u672c', '\u00ff'.repeat(300), 'x'.repeat(300)]
  for (const name of kinds) session.ok(ask.create(`/k${name}`))
  const { children } = session.ok(ask.getChildren('/'))
  expect(children!.slice(1)).toEqual(kinds.map((name) => `k${name}`))
})

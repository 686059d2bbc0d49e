// The checks of orders, by answers and names made by hand.
import { describe, expect, it } from 'vitest'
import type { Answer, Naming } from '../../interop-tests/histories/history.ts'
import { answerFaults, namingFaults } from '../../interop-tests/histories/orders.ts'

/** `1.1 x5 z7`: client 1 on its first connection had the answer 5 with the zxid 7; `w`: of a write. */
function answerOf(text: string): Answer {
  const [, client, connection, xid, zxid, write] = /^(\d+)\.(\d+) x(\d+) z(\d+)( w)?$/.exec(text)!
  return { client: Number(client), connection: Number(connection), xid: Number(xid), zxid: BigInt(zxid), isWrite: write !== undefined }
}

describe('answers', () => {
  it('in good order pass', () => {
    expect(answerFaults(['1.1 x1 z5 w', '1.1 x2 z5', '2.1 x1 z6 w', '1.1 x3 z7 w', '1.2 x9 z7', '1.2 x10 z9'].map(answerOf))).toEqual([])
  })

  it.each([
    ['a zxid that goes back', ['1.1 x1 z5', '1.1 x2 z4'], /the zxid goes back, from 0x5 to 0x4/],
    ['a zxid that goes back over a reconnect', ['1.1 x1 z5', '2.1 x1 z3', '1.2 x5 z4'], /the zxid goes back/],
    ['answers in another order', ['1.1 x1 z5', '1.1 x3 z5'], /answer 3 of client 1.1 came after answer 1/],
    ['two writes with one zxid', ['1.1 x1 z5 w', '2.1 x1 z5 w'], /have the same zxid/],
    ['a write with a zxid that was seen before', ['1.1 x1 z5', '1.1 x2 z5 w'], /a write with the zxid that was seen before it/],
  ])('%s is found', (_name, answers, fault) => {
    expect(answerFaults(answers.map(answerOf)).join('\n')).toMatch(fault)
  })
})

/** `1.1 0-5 a n1`: client 1 asked on its first connection for a name of `a` and was given n1; `1.1 0-? a`: it was not answered. */
function namingOf(text: string): Naming {
  const [, client, connection, from, to, value, name] = /^(\d+)\.(\d+) (\d+)-(\d+|\?) (\w+)(?: (\w+))?$/.exec(text)!
  return { client: Number(client), connection: Number(connection), value: value, invokedAt: Number(from), answeredAt: to === '?' ? Infinity : Number(to), name }
}

/** `n1=a n2=b` */
function faults(namings: string[], there: string): string {
  return namingFaults(namings.map(namingOf), new Map(there.split(' ').map((pair) => pair.split('=') as [string, string]))).join('\n')
}

describe('names', () => {
  it('in good order pass', () => {
    expect(faults(['1.1 0-5 a n1', '2.1 0-? b', '1.1 2-7 c n3', '3.1 4-? d', '3.1 4-? e', '3.2 8-9 f n4'], 'n1=a n2=b n3=c n4=f')).toBe('')
  })

  it.each([
    ['a lost one', ['1.1 0-5 a n1', '1.1 6-7 b n2'], 'n1=a', /^b was acknowledged as n2 and is lost$/],
    ['one that was applied twice', ['1.1 0-5 a n1'], 'n1=a n2=a', /^a was applied twice, as n1 and n2$/],
    ['one under another name', ['1.1 0-5 a n1'], 'n2=a', /^a was acknowledged as n1 and is lost$/],
    ['one that nobody asked for', ['1.1 0-5 a n1'], 'n1=a n2=b', /^n2 holds b, which nobody has asked for$/],
    ['an order that time forbids', ['1.1 0-1 a n2', '2.1 2-3 b n1'], 'n1=b n2=a', /^a is n2, though it was answered before b, n1, was asked for$/],
    ['a pipeline in another order', ['1.1 0-9 a n2', '1.1 0-9 b n1'], 'n1=b n2=a', /^a of client 1 is n2, behind what that client asked for later$/],
    ['a gap in a pipeline', ['1.1 0-? a', '1.1 0-? b'], 'n1=b', /^b was done, and a before it on the connection 1.1 was not$/],
  ])('%s is found', (_name, namings, there, fault) => {
    expect(faults(namings, there)).toMatch(fault)
  })
})

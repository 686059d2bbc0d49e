import { beforeEach, describe, expect, it } from 'vitest'
import { Code, OpCode } from '../../src/protocol/codes.ts'
import { TXN_KINDS } from '../../src/server/ops/index.ts'
import { encodeTxn } from '../../src/server/txn/txn-codec.ts'
import type { Action } from '../../src/sim/actions.ts'
import { Ledger } from '../../src/sim/ledger.ts'

const SESSION = 7n

describe('what a session has asked for on two connections', () => {
  let ledger: Ledger

  function ask(connection: number, xid: number, action: Action): void {
    ledger.onAsked(SESSION, { xid, action, connection })
  }

  const create = (xid: number): Action => ({ kind: 'create', path: `/${xid}`, data: '', mode: 'ephemeral' })

  function apply(xid: number, type: number, record: object): void {
    const header = { clientId: SESSION, cxid: xid, zxid: ledger.lastApplied + 1n, time: 0n, type }
    ledger.onTxn(encodeTxn(header, TXN_KINDS.get(type)!, record, undefined, undefined))
  }

  const done = (xid: number): void => apply(xid, OpCode.create, { path: `/${xid}`, data: new Uint8Array(), acl: [], ephemeral: true, parentCVersion: 1 })
  const refused = (xid: number, err: number): void => apply(xid, OpCode.error, { err })
  const ended = (xid: number): void => apply(xid, OpCode.closeSession, { paths2Delete: [] })

  beforeEach(() => {
    ledger = new Ledger()
    apply(0, OpCode.createSession, { timeOut: 1000 })
    for (const xid of [1, 2]) ask(1, xid, create(xid))
    ask(1, 3, { kind: 'close' })
    ask(1, 4, create(4))
    for (const xid of [5, 6]) ask(2, xid, create(xid))
    ask(2, 7, { kind: 'close' })
  })

  it('may be lost behind what is done on the first', () => {
    for (const xid of [1, 5, 6]) done(xid)
    expect(ledger.ephemeralCount).toBe(3)
  })

  it('may be refused when it has moved, and its end asked for there still comes, and once', () => {
    done(1)
    done(5)
    refused(2, Code.SESSIONMOVED)
    ended(3)
    expect([ledger.sessionCount, ledger.ephemeralCount]).toEqual([0, 0])
    refused(6, Code.SESSIONEXPIRED)
    refused(4, Code.SESSIONEXPIRED)
    ended(7)
    ended(0)
    expect(ledger.sessionCount).toBe(0)
  })

  it.each<[string, () => void, RegExp]>([
    ['twice', () => [1, 1].forEach(done), /xid 1, or it has had its txn before/],
    ['unasked', () => done(8), /did not ask for xid 8/],
    ['out of order', () => done(2), /xid 2 has a txn and xid 1, sent before it, has none/],
    ['after some was left out', () => ended(3), /xid 3 has a txn and xid 1, sent before it, has none/],
    ['after it had moved', () => [1, 5, 2].forEach(done), /xid 2 was looked at after what was sent on a later connection/],
    ['after a refusal for it had moved', () => (refused(1, Code.SESSIONMOVED), done(2)), /xid 2 was looked at, and what was sent before it was refused/],
    ['after its end', () => ([1, 2].forEach(done), ended(3), done(4)), /xid 4 was done after its end/],
  ])('is not done %s', (_, act, message) => {
    expect(act).toThrow(message)
  })

  it('is not denied an end', () => {
    for (const xid of [1, 2]) done(xid)
    expect(() => refused(3, Code.SESSIONMOVED)).toThrow(/xid 3, its end, is refused/)
  })
})

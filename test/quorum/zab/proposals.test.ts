import { describe, expect, test } from 'vitest'
import { parseQuorumConfig } from '../../../src/quorum/config/quorum-config.ts'
import { Proposals } from '../../../src/quorum/zab/proposals.ts'
import type { LoggedTxn } from '../../../src/server/txn/logged-txn.ts'

const config = parseQuorumConfig([1, 2, 3].map((sid) => `server.${sid}=127.0.0.1:2888:3888`).join('\n'))
const EPOCH = 0x500000000n

function proposals(count: number): Proposals {
  const all = new Proposals(config, EPOCH)
  for (let index = 1; index <= count; index++) all.add(txn(index))
  return all
}

function txn(index: number): LoggedTxn {
  return { header: { zxid: EPOCH + BigInt(index) }, payload: Buffer.alloc(100_000) } as unknown as LoggedTxn
}

function ack(all: Proposals, voter: bigint, index: number): number[] {
  return all.ack(voter, EPOCH + BigInt(index)).map(({ header }) => Number(header.zxid - EPOCH))
}

describe('proposals', () => {
  test('are committed once a quorum holds them', () => {
    const all = proposals(1)
    expect(ack(all, 1n, 1)).toEqual([])
    expect(ack(all, 3n, 1)).toEqual([1])
    expect(all.lastCommitted).toBe(EPOCH + 1n)
    expect(all.size).toBe(0)
  })

  test('are committed in order, whatever the order of the acknowledgements', () => {
    const all = proposals(3)
    for (const voter of [1n, 2n]) for (const index of [3, 2]) expect(ack(all, voter, index)).toEqual([])
    expect(ack(all, 1n, 1)).toEqual([])
    expect(ack(all, 2n, 1)).toEqual([1, 2, 3])
  })

  test('count no more what a voter may lose, until it acknowledges it again', () => {
    const all = proposals(2)
    for (const index of [1, 2]) expect(ack(all, 1n, index)).toEqual([])
    all.forget(1n)
    expect(ack(all, 3n, 1)).toEqual([])
    expect(ack(all, 1n, 1)).toEqual([1])
    expect(ack(all, 3n, 2)).toEqual([])
  })

  test('count a voter once, and nobody else', () => {
    const all = proposals(1)
    expect(ack(all, 1n, 1)).toEqual([])
    expect(ack(all, 1n, 1)).toEqual([])
    expect(ack(all, 9n, 1)).toEqual([])
  })

  test('are not committed twice, and what was never proposed is not committed', () => {
    const all = proposals(1)
    ack(all, 1n, 1)
    ack(all, 2n, 1)
    for (const index of [0, 1, 2, -5]) expect(ack(all, 3n, index)).toEqual([])
    expect(all.ack(3n, 0n)).toEqual([])
  })

  test('are weighed until they are committed', () => {
    const all = proposals(3)
    expect(Math.round(all.bytes / 100_000)).toBe(3)
    for (const index of [1, 2, 3]) for (const voter of [1n, 2n]) ack(all, voter, index)
    expect(all.bytes).toBe(0)
  })

  test('leave no gaps', () => {
    expect(() => proposals(1).add(txn(3))).toThrow('without gaps')
  })
})

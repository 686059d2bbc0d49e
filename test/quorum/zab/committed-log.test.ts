import { expect, test } from 'vitest'
import { CommittedLog } from '../../../src/quorum/zab/committed-log.ts'

function zxids(log: CommittedLog): bigint[] {
  return log.txns().map(({ zxid }) => zxid)
}

test('keeps the latest txns', () => {
  const log = new CommittedLog(3)
  expect([log.min, log.max, log.isEmpty]).toEqual([undefined, undefined, true])
  for (let zxid = 1n; zxid <= 10n; zxid++) log.add(zxid, new Uint8Array(8))
  expect(zxids(log)).toEqual([8n, 9n, 10n])
  expect([log.min, log.max]).toEqual([8n, 10n])
  log.clear()
  expect(zxids(log)).toEqual([])
})

test('keeps fewer when they are large', () => {
  const log = new CommittedLog(500)
  for (let zxid = 1n; zxid <= 100n; zxid++) log.add(zxid, new Uint8Array(1 << 20))
  expect(log.txns().length).toBe(64)
  expect(log.max).toBe(100n)
})

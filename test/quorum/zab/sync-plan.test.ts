import { describe, expect, test } from 'vitest'
import type { CommittedTxn } from '../../../src/quorum/zab/committed-log.ts'
import { planSync } from '../../../src/quorum/zab/sync-plan.ts'
import type { LeaderHistory, SyncPlan } from '../../../src/quorum/zab/sync-plan.ts'

function txns(epoch: bigint, from: number, to: number): CommittedTxn[] {
  return Array.from({ length: to - from + 1 }, (_, index) => ({ zxid: (epoch << 32n) + BigInt(from + index), payload: new Uint8Array(0) }))
}

/** Two epochs of seven txns each, all in memory, as in the table of what a Java leader does. */
const TWO_EPOCHS = [...txns(1n, 1, 7), ...txns(2n, 1, 7)]

function history(given: Partial<LeaderHistory> = {}): LeaderHistory {
  return { lastZxid: 0x200000007n, committed: TWO_EPOCHS, isSnapshotForced: false, logReaches: false, ...given }
}

function text(plan: SyncPlan): string {
  if (plan.kind === 'snap') return 'SNAP'
  if (plan.kind === 'look') return `LOOK(${plan.zxid.toString(16)})`
  const rest = plan.txns.map(({ zxid }) => zxid.toString(16)).join(' ')
  const kind = plan.kind === 'log' ? `LOG(${plan.after.toString(16)})` : plan.kind.toUpperCase()
  return `${kind}(${plan.zxid.toString(16)})${rest === '' ? '' : ` ${rest}`}`
}

const EPOCH_2 = '200000001 200000002 200000003 200000004 200000005 200000006 200000007'

describe('a leader at 200000007 with two epochs in memory', () => {
  test.each([
    [0x200000007n, 'DIFF(200000007)'],
    [0x200000003n, 'DIFF(200000007) 200000004 200000005 200000006 200000007'],
    [0x100000007n, `DIFF(200000007) ${EPOCH_2}`],
    [0x100000003n, `DIFF(200000007) 100000004 100000005 100000006 100000007 ${EPOCH_2}`],
    [0x200000000n, `DIFF(200000007) ${EPOCH_2}`],
    [0n, 'SNAP'],
    [0x100000000n, 'SNAP'],
    [-1n, 'SNAP'],
    [0x200000039n, 'TRUNC(200000007)'],
    [0x100000057n, 'SNAP'],
    [0x300000000n, 'SNAP'],
    [0x300000005n, 'TRUNC(200000007)'],
  ])('a learner at %s', (zxid, plan) => {
    expect(text(planSync(zxid, history()))).toBe(plan)
  })

  test('a learner below memory gets the log, if that reaches so far', () => {
    const committed = TWO_EPOCHS.slice(10)
    expect(text(planSync(0x100000003n, history({ committed, logReaches: undefined })))).toBe('LOOK(100000003)')
    expect(text(planSync(0x100000003n, history({ committed, logReaches: true })))).toBe('LOG(100000003)(200000007) 200000004 200000005 200000006 200000007')
    expect(text(planSync(0x100000003n, history({ committed })))).toBe('SNAP')
  })

  test('snapshots can be forced', () => {
    expect(text(planSync(0x200000007n, history({ isSnapshotForced: true })))).toBe('SNAP')
  })
})

test('a txn that the leader does not have is cut off within its epoch, and replaced across epochs', () => {
  const committed = [...txns(1n, 1, 3), ...txns(1n, 5, 6)]
  expect(text(planSync(0x100000004n, history({ lastZxid: 0x100000006n, committed })))).toBe('TRUNC(100000003) 100000005 100000006')
})

test('a leader that has just begun its epoch takes its voters as they are', () => {
  const idle = history({ lastZxid: 0x300000000n })
  expect(text(planSync(0x200000007n, idle))).toBe('DIFF(200000007)')
  expect(text(planSync(0x200000009n, idle))).toBe('TRUNC(200000007)')
  expect(text(planSync(0x300000000n, idle))).toBe('DIFF(300000000)')
})

test('a learner that is ahead of an epoch without txns is not cut back to what is no txn', () => {
  expect(text(planSync(0x100000001n, history({ lastZxid: 0x100000000n, committed: [] })))).toBe('SNAP')
  expect(text(planSync(0x100000009n, history({ lastZxid: 0x100000007n, committed: [] })))).toBe('TRUNC(100000007)')
})

test('without anything in memory only its equals get no snapshot', () => {
  const fresh = history({ lastZxid: 0x100000000n, committed: [] })
  expect(text(planSync(0n, fresh))).toBe('SNAP')
  expect(text(planSync(0x100000000n, fresh))).toBe('DIFF(100000000)')
})

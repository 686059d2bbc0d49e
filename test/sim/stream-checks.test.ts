// What is held against a leader's streams, with the words of test/support/lone-leader.ts.
import { expect, test, vi } from 'vitest'
import type { EnsembleServer } from '../../src/quorum/member/ensemble-server.ts'
import { Proposals } from '../../src/quorum/zab/proposals.ts'
import { StreamChecks } from '../../src/sim/stream-checks.ts'
import { configOf } from '../support/lone-election.ts'
import { LoneLeader } from '../support/lone-leader.ts'

/** 2 is synced when 1 and the leader commit 2:1, and 1 comes back before 2 is told. */
const COMING_BACK = `
  1> FOLLOWERINFO 1:0 sid=1
  acceptedEpoch 2
  done
  1< LEADERINFO 2:0
  1> ACKEPOCH 1:3 1
  sync
  done
  currentEpoch 2
  done
  1< DIFF 1:3
  1< NEWLEADER 2:0
  1> ACK 2:0
  serve 2:0
  1< UPTODATE -1
  2> FOLLOWERINFO 2:0 sid=2
  2< LEADERINFO 2:0
  2> ACKEPOCH 2:0 -1
  2< DIFF 2:0
  2< NEWLEADER 2:0
  propose
  1< PROPOSAL 2:1
  propose
  1< PROPOSAL 2:2
  1> ACK 2:1
  1> ACK 2:2
  logged 2:1
  1< COMMIT 2:1
  commit 2:1
  1 lost
  1< closed: lost
  1 is gone
  back> FOLLOWERINFO 2:0 sid=1
  back< LEADERINFO 2:0
  back> ACKEPOCH 2:2 -1
  back< TRUNC 2:1
  back< NEWLEADER 2:0`

function watched(): { leader: LoneLeader; faults: string[] } {
  const leader = new LoneLeader()
  const faults: string[] = []
  const checks = new StreamChecks(
    { self: 3n, config: configOf('1 2 3') } as EnsembleServer,
    (check) => {
      try {
        check()
      } catch (error) {
        faults.push((error as Error).message)
      }
    },
    { isJava: () => false },
  )
  checks.watch(leader.leader)
  return { leader, faults }
}

test('what was committed stays so, though who acknowledged it has come back since', () => {
  const { leader, faults } = watched()
  leader.play(`
    ${COMING_BACK}
    2> ACK 2:0
    2< UPTODATE -1
    2< PROPOSAL 2:1
    2< PROPOSAL 2:2
    2< COMMIT 2:1`)
  expect(faults).toEqual([])
})

test('what a follower has acknowledged before it was cut back counts no more', () => {
  const forget = vi.spyOn(Proposals.prototype, 'forget').mockReturnValue()
  try {
    const { leader, faults } = watched()
    leader.play(`
      ${COMING_BACK}
      logged 2:2
      commit 2:2`)
    expect(faults).toContain('server 3 commits 0x200000002: only 1 have acknowledged it')
  } finally {
    forget.mockRestore()
  }
})

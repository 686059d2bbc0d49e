// A learner and its leader as conversations: see test/support/lone-learner.ts for the words.
import { describe, expect, test } from 'vitest'
import { LoneLearner } from '../../support/lone-learner.ts'
import type { LoneLearnerOptions } from '../../support/lone-learner.ts'

const JOINED = `
  > FOLLOWERINFO 1:0 sid=1
  < LEADERINFO 2:0
  acceptedEpoch 2
  done
  > ACKEPOCH 1:3 1`

/** One that holds 1:3 and has acknowledged epoch 2. */
function joined(options: LoneLearnerOptions = {}): LoneLearner {
  const script = options.kind === 'observer' ? JOINED.replace('FOLLOWER', 'OBSERVER') : JOINED
  return new LoneLearner({ last: '1:3', accepted: 1, current: 1, ...options }).play(script)
}

const NOTHING_MISSING = `
  < DIFF 1:3
  < NEWLEADER 2:0
  sync
  done
  currentEpoch 2
  done
  > ACK 2:0`

/** One that has acknowledged NEWLEADER. */
function synced(options: LoneLearnerOptions = {}): LoneLearner {
  return joined(options).play(NOTHING_MISSING)
}

function active(options: LoneLearnerOptions = {}): LoneLearner {
  return synced(options).play(`
    < UPTODATE
    > ACK 2:0
    serve epoch 2`)
}

describe('discovery', () => {
  test('the accepted epoch is durable before it is acknowledged', () => {
    joined()
  })

  test('an epoch that was accepted before is acknowledged with -1', () => {
    new LoneLearner({ last: '2:3', accepted: 2, current: 2 }).play(`
      > FOLLOWERINFO 2:0 sid=1
      < LEADERINFO 2:0
      > ACKEPOCH 2:3 -1`)
  })

  test('a lower epoch is refused', () => {
    new LoneLearner({ accepted: 5, current: 5 }).play(`
      > FOLLOWERINFO 5:0 sid=1
      < LEADERINFO 4:0
      > closed: Leaders epoch, 4 is less than accepted epoch, 5: this server can follow a leader that is elected later; a restart of the leader brings one
      leave: Leaders epoch, 4 is less than accepted epoch, 5: this server can follow a leader that is elected later; a restart of the leader brings one`)
  })

  test('nobody takes the last epochs there are by saying that he leads in one of them', () => {
    new LoneLearner({ accepted: 5, current: 5 }).play(`
      > FOLLOWERINFO 5:0 sid=1
      < LEADERINFO 1073741830:0
      > closed: the leader's epoch cannot be, 1073741830
      leave: the leader's epoch cannot be, 1073741830`)
    new LoneLearner({ accepted: 5, current: 5 }).play(`
      > FOLLOWERINFO 5:0 sid=1
      < LEADERINFO 1073741829:0
      acceptedEpoch 1073741829`)
  })

  test('a first packet that is no LEADERINFO leaves no trace in acceptedEpoch', () => {
    new LoneLearner().play(`
      > FOLLOWERINFO 0:0 sid=1
      < DIFF 7:0
      > closed: First packet should have been LEADERINFO, it is of type 13
      leave: First packet should have been LEADERINFO, it is of type 13`)
  })

  test('an old protocol is refused', () => {
    new LoneLearner().play(`
      > FOLLOWERINFO 0:0 sid=1
      < LEADERINFO 1:0 1
      > closed: the leader speaks a protocol older than ZooKeeper 3.4
      leave: the leader speaks a protocol older than ZooKeeper 3.4`)
  })

  test('an epoch file that comes late is nothing to a role that is over', () => {
    new LoneLearner().play(`
      > FOLLOWERINFO 0:0 sid=1
      < LEADERINFO 1:0
      acceptedEpoch 1
      lost
      > closed: lost
      leave: lost
      done`)
  })
})

describe('DIFF', () => {
  test('history is durable and applied, then the epoch is its own, then NEWLEADER is acknowledged', () => {
    joined().play(`
      < DIFF 1:5
      < PROPOSAL 1:4
      < COMMIT 1:4
      < PROPOSAL 1:5
      < COMMIT 1:5
      < NEWLEADER 2:0
      append 1:4
      append 1:5
      sync
      done
      commit 1:4
      commit 1:5
      currentEpoch 2
      done
      > ACK 2:0
      < UPTODATE
      > ACK 2:0
      serve epoch 2`)
  })

  test('what is proposed and not committed at NEWLEADER is logged and acknowledged after UPTODATE', () => {
    joined().play(`
      < DIFF 1:4
      < PROPOSAL 1:4
      < COMMIT 1:4
      < PROPOSAL 2:1
      < NEWLEADER 2:0
      append 1:4
      sync
      done
      commit 1:4
      currentEpoch 2
      done
      > ACK 2:0
      < UPTODATE
      > ACK 2:0
      append 2:1
      serve epoch 2
      logged 2:1
      > ACK 2:1
      < COMMIT 2:1
      commit 2:1`)
  })

  test('what is committed between NEWLEADER and UPTODATE is acknowledged as well: a Java leader cuts off who leaves a proposal unanswered', () => {
    joined().play(`
      < DIFF 1:3
      < PROPOSAL 2:1
      < NEWLEADER 2:0
      sync
      done
      currentEpoch 2
      done
      > ACK 2:0
      < COMMIT 2:1
      < PROPOSAL 2:2
      < COMMIT 2:2
      < PROPOSAL 2:3
      < UPTODATE
      > ACK 2:0
      append 2:1
      append 2:2
      append 2:3
      commit 2:1
      commit 2:2
      serve epoch 2
      logged 2:2
      > ACK 2:1
      > ACK 2:2
      logged 2:3
      > ACK 2:3`)
  })

  test('txns of several epochs follow each other', () => {
    joined().play(`
      < DIFF 3:1
      < PROPOSAL 1:4
      < COMMIT 1:4
      < PROPOSAL 3:1
      < COMMIT 3:1
      < NEWLEADER 2:0
      append 1:4
      append 3:1
      sync`)
  })

  test.each([
    ['a packet and a txn of different zxids', 'PROPOSAL 1:4 1:5', 'a proposal of 0x100000004 holds the txn 0x100000005'],
    ['no txn', 'PROPOSAL 1:4 hex=00', "the leader's packet of type 2 is malformed: the frame ends 31 bytes early"],
    ['no data', 'PROPOSAL 1:4 null', "the leader's packet of type 2 is malformed: the frame ends 32 bytes early"],
    ['UPTODATE', 'UPTODATE', 'UPTODATE came before NEWLEADER'],
  ])('%s ends it', (_, packet, reason) => {
    joined().play(`
      < DIFF 1:9
      < ${packet}
      > closed: ${reason}
      leave: ${reason}`)
  })

  test.each([
    ['a txn that is not the next', 'PROPOSAL 1:5', 'Got zxid 0x100000005 expected 0x100000004'],
    ['an epoch that does not begin with its first txn', 'PROPOSAL 2:2', 'Got zxid 0x200000002 expected 0x100000004'],
    ['a zxid that names an epoch', 'PROPOSAL 2:0', 'Got zxid 0x200000000 expected 0x100000004'],
  ])('%s is a hole', (_, packet, reason) => {
    joined().play(`
      < DIFF 1:9
      < ${packet}
      hole in epoch 2
      > closed: ${reason}
      ask anew: ${reason}`)
  })

  test('a hole in what is sent to one who wanted everything, or behind a cut, is left', () => {
    const reason = 'Got zxid 0x100000005 expected 0x100000004'
    const again = joined()
    again.hole = 2n
    again.play(`
      < DIFF 1:9
      < PROPOSAL 1:5
      hole in epoch 2
      > closed: ${reason}
      leave: ${reason}`)
    joined().play(`
      < TRUNC 1:2
      warned: Truncating log to get in sync with the leader 0x100000002
      begin replacement
      done
      truncate 1:2
      done
      < PROPOSAL 1:5
      hole in epoch 2
      > closed: Got zxid 0x100000005 expected 0x100000003
      leave: Got zxid 0x100000005 expected 0x100000003`)
  })

  test('that ends before the leader said is a hole', () => {
    const reason = 'The history ends with 0x100000004, and the leader said that it ends with 0x100000005'
    joined().play(`
      < DIFF 1:5
      < PROPOSAL 1:4
      < COMMIT 1:4
      < NEWLEADER 2:0
      hole in epoch 2
      > closed: ${reason}
      ask anew: ${reason}`)
  })

  test('behind a hole a leader of the same epoch is told that nothing is here; nobody else is', () => {
    const joins = (accepted: number): LoneLearner => {
      const learner = new LoneLearner({ last: '2:3', accepted, current: 1 })
      learner.hole = 2n
      return learner
    }
    joins(2).play(`
      > FOLLOWERINFO 2:0 sid=1
      < LEADERINFO 2:0
      > ACKEPOCH 0:0 -1`)
    joins(2).play(`
      > FOLLOWERINFO 2:0 sid=1
      < LEADERINFO 3:0
      acceptedEpoch 3
      done
      > ACKEPOCH 2:3 1`)
    joins(1).play(`
      > FOLLOWERINFO 1:0 sid=1
      < LEADERINFO 2:0
      acceptedEpoch 2
      done
      > ACKEPOCH 2:3 1`)
  })

  describe('from one epoch to another', () => {
    const script = (first: string): string => `
      < DIFF 3:2
      < PROPOSAL ${first}
      < COMMIT ${first}
      < PROPOSAL 3:2
      < COMMIT 3:2
      < NEWLEADER 2:0
      append ${first}
      append 3:2
      sync
      done
      commit ${first}
      commit 3:2`

    test('shows what it lacks by the digests', () => {
      const reason = 'The history of the leader goes from one epoch to the next, and the tree is not the one that it promises: txns are missing'
      const learner = joined()
      learner.spoilt.add(0x3_0000_0002n)
      learner.play(`${script('3:1')}
      spoilt
      > closed: ${reason}
      leave: ${reason}`)
    })

    test('is taken where the digests agree', () => {
      joined().play(`${script('3:1')}
      currentEpoch 2`)
    })
  })

  test('a COMMIT that leaves one out ends it', () => {
    joined().play(`
      < DIFF 1:5
      < PROPOSAL 1:4
      < PROPOSAL 1:5
      < COMMIT 1:5
      > closed: Committing 0x100000005, but 0x100000004 is next
      leave: Committing 0x100000005, but 0x100000004 is next`)
  })

  test('a log that is durable too late is nothing to a role that is over', () => {
    joined().play(`
      < DIFF 1:4
      < PROPOSAL 1:4
      < COMMIT 1:4
      < NEWLEADER 2:0
      append 1:4
      sync
      lost
      > closed: lost
      leave: lost
      done`)
  })
})

describe('a disk that refuses', () => {
  test.each([
    [
      'the accepted epoch',
      new LoneLearner(),
      `
      > FOLLOWERINFO 0:0 sid=1
      < LEADERINFO 1:0
      acceptedEpoch 1`,
    ],
    [
      'the current epoch',
      joined(),
      `
      < DIFF 1:3
      < NEWLEADER 2:0
      sync
      done
      currentEpoch 2`,
    ],
  ])('%s ends the role, and nothing is acknowledged', (_, learner, script) => {
    learner.play(`${script}
      failed
      > closed: the disk says no
      leave: the disk says no`)
  })
})

describe('SNAP', () => {
  test('the tree is replaced, what follows is applied to it, and a snapshot stands on disk before the epoch', () => {
    joined().play(`
      < SNAP 2:7
      begin replacement
      done
      receive snapshot
      done
      adopt 2:7
      < PROPOSAL 2:6
      < COMMIT 2:6
      < PROPOSAL 2:8
      < COMMIT 2:8
      commit 2:8
      < PROPOSAL 2:9
      < NEWLEADER 2:0
      persist
      done
      currentEpoch 2
      done
      > ACK 2:0
      < COMMIT 2:9
      < UPTODATE
      > ACK 2:0
      append 2:9
      commit 2:9
      serve epoch 2
      logged 2:9
      > ACK 2:9`)
  })

  test('lost before its end, it is never adopted', () => {
    joined().play(`
      < SNAP 2:7
      begin replacement
      done
      receive snapshot
      lost
      > closed: lost
      leave: lost`)
  })

  test('a snapshot that cannot be written ends it before the epoch', () => {
    joined().play(`
      < SNAP 2:7
      begin replacement
      done
      receive snapshot
      done
      adopt 2:7
      < NEWLEADER 2:0
      persist
      failed
      > closed: the disk says no
      leave: the disk says no`)
  })
})

describe('TRUNC', () => {
  test('the history is cut back, then stored as it is', () => {
    joined().play(`
      < TRUNC 1:2
      warned: Truncating log to get in sync with the leader 0x100000002
      begin replacement
      done
      truncate 1:2
      done
      < PROPOSAL 2:1
      < COMMIT 2:1
      commit 2:1
      < NEWLEADER 2:0
      persist
      done
      currentEpoch 2
      done
      > ACK 2:0`)
  })

  test('nothing is cut by a learner that is gone by the time when it could be', () => {
    joined().play(`
      < TRUNC 1:2
      warned: Truncating log to get in sync with the leader 0x100000002
      begin replacement
      lost
      > closed: lost
      leave: lost
      done`)
  })

  test('one that is impossible is not survived', () => {
    joined().play(`
      < TRUNC 1:2
      warned: Truncating log to get in sync with the leader 0x100000002
      begin replacement
      done
      truncate 1:2
      failed
      > closed: Not able to truncate the log to 0x100000002: the disk says no
      exit 13: Not able to truncate the log to 0x100000002: the disk says no`)
  })

  test('to a history that it does not hold is no end: it comes back for all of it', () => {
    joined().play(`
      < TRUNC 1:2
      warned: Truncating log to get in sync with the leader 0x100000002
      begin replacement
      done
      truncate 1:2
      not held
      > closed: Not able to truncate the log to 0x100000002: it is not there
      leave: Not able to truncate the log to 0x100000002: it is not there`)
  })
})

test('an answer to ACKEPOCH that is no way to synchronize ends the role, not the server', () => {
  joined().play(`
    < NEWLEADER 2:0
    > closed: Got unexpected packet from leader: 10
    leave: Got unexpected packet from leader: 10`)
})

describe('pings', () => {
  test('are not answered before UPTODATE', () => {
    joined().play(`
      < DIFF 1:3
      < PING 1:3
      < NEWLEADER 2:0
      sync
      done
      currentEpoch 2
      done
      > ACK 2:0
      < PING 1:3
      < UPTODATE
      > ACK 2:0
      serve epoch 2
      < PING 2:0
      > PING 2:0 ()`)
  })

  test('take along who has shown life, once', () => {
    const learner = active()
    learner.touched = [
      { session: 7n, timeoutMs: 4000 },
      { session: 9n, timeoutMs: 6000 },
    ]
    learner.play(`
      < PING 2:5
      > PING 2:5 7/4000 9/6000
      < PING 2:5
      > PING 2:5 ()`)
  })

  test('a table too long for one packet goes ahead in parts, and the echo comes last', () => {
    const learner = active()
    learner.touched = [1n, 2n, 3n, 4n, 5n, 6n, 7n].map((session) => ({ session, timeoutMs: 4000 }))
    learner.play(`
      < PING 2:5
      > PING -1 1/4000 2/4000 3/4000
      > PING -1 4/4000 5/4000 6/4000
      > PING 2:5 7/4000`)
  })
})

describe('broadcast', () => {
  test('a proposal is acknowledged once it is durable, one by one and in order', () => {
    active().play(`
      < PROPOSAL 2:1
      append 2:1
      < PROPOSAL 2:2
      append 2:2
      < PROPOSAL 2:3
      append 2:3
      logged 2:2
      > ACK 2:1
      > ACK 2:2
      < COMMIT 2:1
      commit 2:1
      < COMMIT 2:2
      commit 2:2
      logged 2:3
      > ACK 2:3`)
  })

  test('a commit need not wait for the own log', () => {
    active().play(`
      < PROPOSAL 2:1
      append 2:1
      < COMMIT 2:1
      commit 2:1
      logged 2:1
      > ACK 2:1`)
  })

  test('a commit of another txn than the oldest ends the role, not the server', () => {
    active().play(`
      < PROPOSAL 2:1
      append 2:1
      < PROPOSAL 2:2
      append 2:2
      < COMMIT 2:2
      > closed: Committing zxid 0x200000002 but next pending txn 0x200000001
      leave: Committing zxid 0x200000002 but next pending txn 0x200000001`)
  })

  test('a commit of nothing is warned of', () => {
    active().play(`
      < COMMIT 2:1
      warned: Committing 0x200000001 without seeing txn`)
  })

  test('a gap ends it', () => {
    active().play(`
      < PROPOSAL 2:2
      hole in epoch 2
      > closed: Got zxid 0x200000002 expected 0x100000004
      leave: Got zxid 0x200000002 expected 0x100000004`)
  })

  test('what is not for a follower is passed over', () => {
    active().play(`
      < INFORM 2:1
      < UPTODATE
      warned: Unknown packet type 12 from the leader is ignored
      < TYPE99 2:1
      warned: Unknown packet type 99 from the leader is ignored
      < SYNC 0:0
      synced
      < REVALIDATE -1 7/yes
      session 7 lives
      < REVALIDATE -1 7/no
      session 7 is over`)
  })

  test('an answer without a session ends it', () => {
    active().play(`
      < REVALIDATE -1
      > closed: the leader's packet of type 6 is malformed: the frame ends 8 bytes early
      leave: the leader's packet of type 6 is malformed: the frame ends 8 bytes early`)
  })

  test('nothing is acknowledged by a role that is over', () => {
    active().play(`
      < PROPOSAL 2:1
      append 2:1
      lost
      > closed: lost
      leave: lost
      logged 2:1`)
  })
})

describe('an observer', () => {
  test('logs and applies what it is informed of, and acknowledges NEWLEADER and UPTODATE alone', () => {
    active({ kind: 'observer' }).play(`
      < INFORM 2:1
      append 2:1
      commit 2:1
      < PROPOSAL 2:2
      < COMMIT 2:2
      logged 2:1`)
  })

  test('is not left with a proposal', () => {
    synced({ kind: 'observer' }).play(`
      < PROPOSAL 2:1
      < UPTODATE
      > closed: an observer was sent what is not committed
      leave: an observer was sent what is not committed`)
  })

  test('takes PROPOSAL and COMMIT of the history, and INFORMs that come before UPTODATE', () => {
    joined({ kind: 'observer' }).play(`
      < DIFF 1:4
      < PROPOSAL 1:4
      < COMMIT 1:4
      < NEWLEADER 2:0
      append 1:4
      sync
      done
      commit 1:4
      currentEpoch 2
      done
      > ACK 2:0
      < INFORM 2:1
      < UPTODATE
      > ACK 2:0
      append 2:1
      commit 2:1
      serve epoch 2
      logged 2:1`)
  })
})

describe('a leader that says nothing', () => {
  test('is given initLimit before it has sent the history', () => {
    joined().play(`
      wait 10000
      wait 500
      > closed: the leader has been silent for 10000 ms
      leave: the leader has been silent for 10000 ms`)
  })

  test.each([
    ['waits for others', synced],
    ['leads', active],
  ])('is given syncLimit while it %s', (_, start) => {
    start().play(`
      wait 5000
      wait 500
      > closed: the leader has been silent for 5000 ms
      leave: the leader has been silent for 5000 ms`)
  })

  test('is not missed while this server does not listen', () => {
    joined().play(`
      < DIFF 1:3
      < NEWLEADER 2:0
      sync
      wait 60000
      done
      currentEpoch 2
      wait 60000
      done
      > ACK 2:0
      wait 5000`)
  })
})

describe('the configuration', () => {
  test('of NEWLEADER comes into force with UPTODATE, and the next leader is told its version', () => {
    const learner = joined().play(`
      < DIFF 1:3
      < NEWLEADER 2:0 v100000000
      heard of version 100000000
      sync
      done
      currentEpoch 2
      done
      > ACK 2:0
      < UPTODATE
      > ACK 2:0
      version 100000000 is in force
      serve epoch 2`)
    expect(learner.config.inForce.version).toBe(0x1_0000_0000n)
    new LoneLearner({ version: '100000000' }).play('> FOLLOWERINFO 0:0 sid=1 config=0x100000000')
  })

  test('of NEWLEADER with other members ends the server before anything of the history is stored or acknowledged', () => {
    joined().play(`
      < DIFF 1:4
      < PROPOSAL 1:4
      < COMMIT 1:4
      < NEWLEADER 2:0 v100000004:1,2,3,4,5
      end: server.4 is new, server.5 is new
      > closed: the members are others than those of this server`)
    joined().play(`
      < SNAP 1:7
      begin replacement
      done
      receive snapshot
      done
      adopt 1:7
      < NEWLEADER 2:0 v100000004:1,2,3:observer
      end: server.3 is observer, not participant
      > closed: the members are others than those of this server`)
    joined({ kind: 'observer' }).play(`
      < DIFF 1:3
      < NEWLEADER 2:0 v100000004:1,2
      end: server.3 is gone
      > closed: the members are others than those of this server`)
  })

  test('that a txn of the history made counts if NEWLEADER tells none that is newer', () => {
    const history = (proposed: string, told: string): string => `
      < DIFF 1:4
      < PROPOSAL 1:4 ${proposed}
      < COMMIT 1:4
      < NEWLEADER 2:0 ${told}`
    for (const told of ['v100000000', 'v0']) {
      joined().play(`${history('v100000004:1,2,3,4', told)}
        end: server.4 is new
        > closed: the members are others than those of this server`)
    }
    // It was changed back.
    joined().play(`${history('v100000004:1,2,3,4', 'v100000005')}
      heard of version 100000005
      append 1:4
      sync`)
  })

  test('proposed while it syncs, behind NEWLEADER, ends the server at once', () => {
    synced().play(`
      < PROPOSAL 1:4 v100000004:1,2,3,4
      end: server.4 is new
      > closed: the members are others than those of this server`)
  })

  test('proposed to a follower: other members are neither logged nor acknowledged', () => {
    active().play(`
      < PROPOSAL 2:1
      append 2:1
      < PROPOSAL 2:2 v200000002:1,2,3,4
      end: server.4 is new
      > closed: the members are others than those of this server
      logged 2:1`)
  })

  test('proposed to a follower: the same members are a txn as any other, and in force once it is committed', () => {
    active().play(`
      < PROPOSAL 2:1 v200000001
      heard of version 200000001
      append 2:1
      logged 2:1
      > ACK 2:1
      < COMMITANDACTIVATE 2:1 3
      version 200000001 is in force
      commit 2:1
      < PROPOSAL 2:2
      append 2:2
      < COMMIT 2:2
      commit 2:2`)
  })

  test('comes to an observer as it is committed', () => {
    const observer = (): LoneLearner => active({ kind: 'observer' })
    observer().play(`
      < INFORMANDACTIVATE 2:1 3 v200000001
      heard of version 200000001
      append 2:1
      commit 2:1
      version 200000001 is in force
      < INFORM 2:2
      append 2:2
      commit 2:2`)
    observer().play(`
      < INFORMANDACTIVATE 2:1 3 v200000001:1,2
      end: server.3 is gone
      > closed: the members are others than those of this server`)
    observer().play(`
      < INFORMANDACTIVATE 2:1 null
      > closed: the leader's packet of type 19 is malformed: the frame ends 8 bytes early
      leave: the leader's packet of type 19 is malformed: the frame ends 8 bytes early`)
  })

  test('may be activated while it syncs', () => {
    synced().play(`
      < PROPOSAL 1:4 v100000004
      heard of version 100000004
      < COMMITANDACTIVATE 1:4 3
      < UPTODATE
      > ACK 2:0
      append 1:4
      commit 1:4
      version 100000004 is in force
      serve epoch 2`)
    joined({ kind: 'observer' }).play(`
      < DIFF 1:4
      < INFORMANDACTIVATE 1:4 3 v100000004
      < NEWLEADER 2:0 v100000004
      heard of version 100000004
      append 1:4
      sync`)
  })
})

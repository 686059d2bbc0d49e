// A leader and its learners as conversations: see test/support/lone-leader.ts for the words.
import { describe, expect, test } from 'vitest'
import { LoneLeader } from '../../support/lone-leader.ts'
import type { LoneLeaderOptions } from '../../support/lone-leader.ts'

const PROVING = `
  1> FOLLOWERINFO 1:0 sid=1
  acceptedEpoch 2
  done
  1< LEADERINFO 2:0`

const ADOPTED = `
  1> ACKEPOCH 1:3 1
  sync
  done
  currentEpoch 2
  done
  1< DIFF 1:3
  1< NEWLEADER 2:0`

const SERVING = `
  1> ACK 2:0
  serve 2:0
  1< UPTODATE -1`

function proving(options: LoneLeaderOptions = {}): LoneLeader {
  return new LoneLeader(options).play(PROVING)
}

/** Waits for the ACK of NEWLEADER. */
function adopted(options: LoneLeaderOptions = {}): LoneLeader {
  return proving(options).play(ADOPTED)
}

/** Serves, with 1 as its only follower. */
function serving(options: LoneLeaderOptions = {}): LoneLeader {
  return adopted(options).play(SERVING)
}

/** Brings a second learner to where the first is. */
function join(leader: LoneLeader, sid: number, kind: 'FOLLOWER' | 'OBSERVER' = 'FOLLOWER'): LoneLeader {
  leader.play(`
    ${sid}> ${kind}INFO 2:0 sid=${sid}
    ${sid}< LEADERINFO 2:0
    ${sid}> ACKEPOCH 2:0 -1
    ${sid}< DIFF 2:0
    ${sid}< NEWLEADER 2:0
    ${sid}> ACK 2:0
    ${sid}< UPTODATE -1`)
  return leader
}

describe('discovery', () => {
  test('an epoch is accepted durably before anybody hears of it, and adopted durably before anybody gets its history', () => {
    serving()
  })

  test('the epoch is above all that were accepted by those who come before the quorum is complete', () => {
    new LoneLeader({ members: '1 2 3 4 5' }).play(`
      1> FOLLOWERINFO 41:0 sid=1
      6> OBSERVERINFO 50:0 sid=6
      2> FOLLOWERINFO 7:0 sid=2
      acceptedEpoch 51
      4> FOLLOWERINFO 90:0 sid=4
      done
      1< LEADERINFO 51:0
      6< LEADERINFO 51:0
      2< LEADERINFO 51:0
      4< LEADERINFO 51:0
      5> FOLLOWERINFO 90:0 sid=5
      5< LEADERINFO 51:0`)
  })

  test('after the time that is set for that one elector that looks again ends it, while it waits for epochs', () => {
    new LoneLeader().play(`
      wait 3000
      elector 1
      wait 500
      elector 2
      abdicate: Quit leading due to voter changed mind.
      missing 2`)
    serving().play('elector 1')
  })

  test('it ends at once when those of its electors that do not look again are no quorum', () => {
    new LoneLeader({ electors: '1 3' }).play(`
      elector 1
      abdicate: voter 1 looks for a leader again, and without it no quorum can follow this one
      missing 1`)
    new LoneLeader({ members: '1 2 3 4 5', electors: '1 2 3 4' }).play(`
      elector 1
      elector 2
      abdicate: voter 2 looks for a leader again, and without it no quorum can follow this one
      missing 1 2`)
  })

  test('whoever has come makes up for an elector that looks again, and one that comes after all is waited for again', () => {
    new LoneLeader({ members: '1 2 3 4 5', electors: '1 3 4' }).play(`
      2> FOLLOWERINFO 1:0 sid=2
      elector 1
      5> FOLLOWERINFO 1:0 sid=5
      acceptedEpoch 2
      elector 4`)
    new LoneLeader({ members: '1 2 3 4 5', electors: '1 2 3' }).play(`
      4> FOLLOWERINFO 1:0 sid=4
      elector 1
      1> FOLLOWERINFO 1:0 sid=1
      acceptedEpoch 2
      elector 2`)
  })

  test('an elector that came, and looks again before it has acknowledged the epoch or the history, ends it, too', () => {
    const reason = 'voter 1 looks for a leader again, and without it no quorum can follow this one'
    for (const leader of [proving({ electors: '1 3' }), adopted({ electors: '1 3' })]) {
      leader.play(`
        elector 1
        1< closed: ${reason}
        abdicate: ${reason}
        missing 1`)
    }
  })

  test('neither observers nor strangers make a quorum', () => {
    new LoneLeader({ members: '1 2 3 4:observer' }).play(`
      4> OBSERVERINFO 1:0 sid=4
      9> FOLLOWERINFO 1:0 sid=9
      1> FOLLOWERINFO 1:0 sid=1
      acceptedEpoch 2`)
  })

  test('two connections of one voter count once', () => {
    new LoneLeader({ members: '1 2 3 4 5' }).play(`
      1> FOLLOWERINFO 1:0 sid=1
      9> FOLLOWERINFO 1:0 sid=1
      2> FOLLOWERINFO 1:0 sid=2
      acceptedEpoch 2`)
  })

  test.each([
    ['a higher epoch', '0:5 2'],
    ['the same epoch and a higher zxid', '1:4 1'],
  ])('a voter with %s is refused while the quorum is open', (_, ack) => {
    const leader = proving()
    leader.play(`
      1> ACKEPOCH ${ack}
      1< closed: Follower is ahead of the leader
      1 is gone`)
  })

  test('after the quorum is complete a voter that is ahead is cut back', () => {
    serving().play(`
      2> FOLLOWERINFO 2:0 sid=2
      2< LEADERINFO 2:0
      2> ACKEPOCH 1:9 1
      2< TRUNC 1:3
      2< NEWLEADER 2:0`)
  })

  test.each([
    ['without data, zxid -1,', '-1 0'],
    ['that has accepted the epoch before', '1:3 -1'],
  ])('a voter %s does not count', (_, ack) => {
    proving().play(`
      1> ACKEPOCH ${ack}
      wait 10000
      1< closed: Timeout while waiting for epoch to be acked by quorum
      abdicate: Timeout while waiting for epoch to be acked by quorum
      missing 1 2`)
  })

  test('nobody has the id of the leader itself', () => {
    new LoneLeader({ members: '1 2 3 4 5' }).play(`
      9> FOLLOWERINFO 1:0 sid=3
      9< closed: it has the id of this server
      9 is gone
      1> FOLLOWERINFO 1:0 sid=1`)
  })

  test('an acceptedEpoch that is hardly true takes no epochs away while there is a quorum without it', () => {
    new LoneLeader().play(`
      1> FOLLOWERINFO 1048578:0 sid=1
      9> FOLLOWERINFO 1048579:0 sid=9
      2> FOLLOWERINFO 1:0 sid=2
      acceptedEpoch 2
      done
      1< LEADERINFO 2:0
      9< LEADERINFO 2:0
      2< LEADERINFO 2:0`)
    new LoneLeader().play(`
      1> FOLLOWERINFO 1048577:0 sid=1
      acceptedEpoch 1048578`)
  })

  test('but a voter that has it counts when there is no other', () => {
    new LoneLeader().play(`
      9> FOLLOWERINFO 1048579:0 sid=9
      1> FOLLOWERINFO 1048578:0 sid=1
      wait 4999
      wait 1
      acceptedEpoch 1048579`)
    new LoneLeader().play(`
      1> FOLLOWERINFO 1048578:0 sid=1
      1 lost
      1< closed: lost
      1 is gone
      wait 5000
      2> FOLLOWERINFO 1048579:0 sid=2
      acceptedEpoch 1048580`)
  })

  test('without a quorum it gives up after initLimit', () => {
    new LoneLeader({ electors: '1 3' }).play(`
      wait 10000
      abdicate: Timeout while waiting for epoch from quorum
      missing 1`)
  })

  test('a disk that refuses ends it', () => {
    new LoneLeader().play(`
      1> FOLLOWERINFO 1:0 sid=1
      acceptedEpoch 2
      failed
      1< closed: acceptedEpoch cannot be written: the disk says no
      abdicate: acceptedEpoch cannot be written: the disk says no`)
    proving().play(`
      1> ACKEPOCH 1:3 1
      sync
      done
      currentEpoch 2
      failed
      1< closed: currentEpoch cannot be written: the disk says no
      abdicate: currentEpoch cannot be written: the disk says no`)
  })

  test('an epoch file that comes late is nothing to a leader that has given up', () => {
    new LoneLeader().play(`
      1> FOLLOWERINFO 1:0 sid=1
      acceptedEpoch 2
      wait 10000
      1< closed: Timeout while waiting for epoch from quorum
      abdicate: Timeout while waiting for epoch from quorum
      done`)
  })

  test('a lone voter needs nobody', () => {
    const leader = new LoneLeader({ members: '3 4:observer' })
    leader.play(`
      acceptedEpoch 2
      done
      sync
      done
      currentEpoch 2
      done
      serve 2:0
      propose
      logged 2:1
      commit 2:1
      confirm
      confirmed`)
  })
})

describe('synchronization', () => {
  test('a quorum that does not hold the history in initLimit ends it', () => {
    const leader = adopted()
    leader.play('wait 400')
    for (const { link } of leader.links.values()) link.heardAt = Infinity
    leader.perform('wait 9600')
    expect(leader.take().filter((line) => !line.includes('PING'))).toEqual([
      '1< closed: Timeout while waiting for a quorum to hold the history',
      'abdicate: Timeout while waiting for a quorum to hold the history',
      'missing 1 2',
    ])
  })

  test('whoever holds the history hears that its leader lives', () => {
    adopted().play(`
      wait 500
      1< PING 2:0`)
  })

  test('ACKs of single txns before that of NEWLEADER are passed over', () => {
    adopted().play(`
      1> ACK 1:3
      ${SERVING.trim()}
      1> ACK 1:3`)
  })

  test('an observer with the history is no quorum', () => {
    adopted().play(`
      4> OBSERVERINFO 2:0 sid=4
      4< LEADERINFO 2:0
      4> ACKEPOCH 1:3 1
      4< DIFF 1:3
      4< NEWLEADER 2:0
      4> ACK 2:0
      1> ACK 2:0
      serve 2:0
      1< UPTODATE -1
      4< UPTODATE -1`)
  })

  test('each gets what it lacks', () => {
    serving().play(`
      2> FOLLOWERINFO 2:0 sid=2
      2< LEADERINFO 2:0
      2> ACKEPOCH 1:1 1
      2< DIFF 1:3
      2< PROPOSAL 1:2
      2< COMMIT 1:2
      2< PROPOSAL 1:3
      2< COMMIT 1:3
      2< NEWLEADER 2:0
      4> OBSERVERINFO 2:0 sid=4
      4< LEADERINFO 2:0
      4> ACKEPOCH 0:0 0
      4< SNAP 2:0
      4< [snapshot]
      4< NEWLEADER 2:0`)
  })
})

describe('too many at once', () => {
  const ASKS = (id: number, kind: string, zxid: string): string => `
      ${id}> ${kind}INFO 2:0 sid=${id}
      ${id}< LEADERINFO 2:0
      ${id}> ACKEPOCH ${zxid} 0`

  test('an observer that is to get a snapshot comes back later, a voter gets one', () => {
    serving({ members: '1 2 3 4:observer 5:observer' }).play(`
      ${ASKS(4, 'OBSERVER', '0:0')}
      4< SNAP 2:0
      4< [snapshot]
      4< NEWLEADER 2:0
      ${ASKS(5, 'OBSERVER', '0:0')}
      5< closed: too many learners get a snap already
      5 is gone
      ${ASKS(2, 'FOLLOWER', '0:0')}
      2< SNAP 2:0
      2< [snapshot]
      2< NEWLEADER 2:0
      4> ACK 2:0
      4< UPTODATE -1
      ${ASKS(6, 'OBSERVER', '0:0')}
      6< closed: too many learners get a snap already
      6 is gone
      2> ACK 2:0
      2< UPTODATE -1
      ${ASKS(7, 'OBSERVER', '0:0')}
      7< SNAP 2:0
      7< [snapshot]
      7< NEWLEADER 2:0`)
  })

  test('diffs are counted for themselves', () => {
    serving({ members: '1 2 3' }).play(`
      ${ASKS(4, 'OBSERVER', '1:3')}
      4< DIFF 1:3
      4< NEWLEADER 2:0
      ${ASKS(5, 'OBSERVER', '1:3')}
      5< DIFF 1:3
      5< NEWLEADER 2:0
      ${ASKS(6, 'OBSERVER', '1:3')}
      6< closed: too many learners get a diff already
      6 is gone
      5 lost
      5< closed: lost
      5 is gone
      ${ASKS(7, 'OBSERVER', '1:3')}
      7< DIFF 1:3
      7< NEWLEADER 2:0`)
  })
})

describe('from the choice of the history to UPTODATE', () => {
  test('what is proposed and committed is held back, so that nothing is lost and nothing comes too early', () => {
    serving().play(`
      propose
      1< PROPOSAL 2:1
      2> FOLLOWERINFO 2:0 sid=2
      2< LEADERINFO 2:0
      2> ACKEPOCH 1:3 1
      2< DIFF 1:3
      2< NEWLEADER 2:0
      propose
      1< PROPOSAL 2:2
      1> ACK 2:1
      logged 2:1
      1< COMMIT 2:1
      commit 2:1
      2> ACK 2:0
      2< UPTODATE -1
      2< PROPOSAL 2:1
      2< PROPOSAL 2:2
      2< COMMIT 2:1
      2> ACK 2:0
      2> ACK 2:1
      2> ACK 2:2
      logged 2:2
      1< COMMIT 2:2
      2< COMMIT 2:2
      commit 2:2`)
  })

  test('an observer gets INFORMs of what was committed meanwhile', () => {
    serving({ members: '1 2 3 4:observer' }).play(`
      propose
      1< PROPOSAL 2:1
      4> OBSERVERINFO 2:0 sid=4
      4< LEADERINFO 2:0
      4> ACKEPOCH 1:3 1
      4< DIFF 1:3
      4< NEWLEADER 2:0
      1> ACK 2:1
      logged 2:1
      1< COMMIT 2:1
      commit 2:1
      4> ACK 2:0
      4< UPTODATE -1
      4< INFORM 2:1`)
  })
})

describe('the connections of', () => {
  function connect(leader: LoneLeader, names: readonly number[], greeting: (name: number) => string): string[] {
    for (const name of names) leader.perform(`${name}> FOLLOWERINFO 2:0 sid=${greeting(name)}`)
    return leader.take().filter((line) => line.includes('closed'))
  }
  const from = (first: number, count: number): number[] => Array.from({ length: count }, (_, index) => first + index)

  test('one member are four: of those that are not served the oldest gives way', () => {
    const leader = serving()
    expect(connect(leader, from(101, 5), () => '1')).toEqual(['101< closed: others have come', '102< closed: others have come'])
    leader.play(`
      propose
      1< PROPOSAL 2:1`)
  })

  test('servers that no configuration names are sixteen, and no member has to go for them', () => {
    const leader = serving()
    expect(connect(leader, from(101, 20), String)).toEqual(from(101, 4).map((name) => `${name}< closed: others have come`))
    expect(connect(leader, [2], String)).toEqual([])
  })

  test('others than these are let go at once where all are served', () => {
    const leader = serving()
    for (const sid of from(101, 16)) join(leader, sid)
    expect(connect(leader, [200], String)).toEqual(['200< closed: others have come'])
  })
})

describe('what waits for learners', () => {
  test('ends at a bound for each, whatever it waits for', () => {
    for (const asked of ['REVALIDATE -1 7/4000', 'PING 2:0']) {
      const leader = serving()
      leader.links.get('1')!.link.queuedBytes = 1001
      leader.perform(`1> ${asked}`)
      leader.perform('wait 500')
      expect(leader.take()).toContain('1< closed: it is too far behind')
    }
  })

  test('ends at a bound for all: the one with the most goes', () => {
    const leader = join(join(serving(), 2), 9)
    for (const [name, bytes] of [
      ['1', 600],
      ['2', 501],
      ['9', 900],
    ] as const)
      leader.links.get(name)!.link.queuedBytes = bytes
    leader.play(`
      propose
      1< PROPOSAL 2:1
      2< PROPOSAL 2:1
      9< PROPOSAL 2:1
      9< closed: it is the furthest behind, and all together are too far
      9 is gone
      propose
      1< PROPOSAL 2:2
      2< PROPOSAL 2:2`)
  })

  test('is no endless row of pings that nobody echoes', () => {
    const { learner, link } = serving().links.get('1')!
    for (let round = 0; round < 100_001 && !link.isClosed; round++) learner.ping(0n, round)
    expect(link.isClosed).toBe(true)
  })
})

describe('broadcast', () => {
  test('a txn is committed once a quorum has it, the leader or not among them', () => {
    join(serving(), 2).play(`
      propose
      1< PROPOSAL 2:1
      2< PROPOSAL 2:1
      1> ACK 2:1
      2> ACK 2:1
      1< COMMIT 2:1
      2< COMMIT 2:1
      commit 2:1
      logged 2:1`)
  })

  test('txns are committed in the order of their zxids, whatever the order of the ACKs', () => {
    serving().play(`
      propose
      1< PROPOSAL 2:1
      propose
      1< PROPOSAL 2:2
      logged 2:2
      1> ACK 2:2
      1> ACK 2:1
      1< COMMIT 2:1
      commit 2:1
      1< COMMIT 2:2
      commit 2:2`)
  })

  test('ACKs of observers, of strangers, of epochs and of what was never proposed do not count', () => {
    const leader = join(join(serving({ members: '1 2 3 4:observer' }), 4, 'OBSERVER'), 9)
    leader.play(`
      propose
      1< PROPOSAL 2:1
      9< PROPOSAL 2:1
      logged 2:1
      4> ACK 2:1
      9> ACK 2:1
      1> ACK 2:0
      1> ACK 2:2
      1> ACK -1
      1> ACK 2:1
      1< COMMIT 2:1
      4< INFORM 2:1
      9< COMMIT 2:1
      commit 2:1`)
  })

  test('sessions are touched, claimed and refused', () => {
    const leader = serving()
    leader.sessions.add(7n)
    leader.play(`
      wait 500
      1< PING 2:0
      1> PING 2:0 7/4000 9/4000
      touched 7 9
      1> REVALIDATE -1 7/4000
      1< REVALIDATE -1 7/yes
      1> REVALIDATE -1 8/4000
      1< REVALIDATE -1 8/no`)
  })

  test('requests are heard from those that are active', () => {
    serving().play(`
      1> REQUEST -1 hex=00000000000000070000000100000001
      1 asks REQUEST -1 7 1 1
      2> FOLLOWERINFO 2:0 sid=2
      2< LEADERINFO 2:0
      2> REQUEST -1 hex=00000000000000070000000100000001
      2< closed: it does not acknowledge the epoch
      2 is gone`)
  })
})

describe('a sync', () => {
  test('is confirmed once a quorum has echoed a ping that was sent after it', () => {
    serving().play(`
      confirm
      1< PING 2:0
      1> PING 2:0
      confirmed`)
  })

  test('is not confirmed by the echo of an older ping', () => {
    serving().play(`
      wait 500
      1< PING 2:0
      confirm
      1< PING 2:0
      1> PING 2:0
      1> PING 2:0
      confirmed`)
  })

  test('is not confirmed by touches that had no room in the echo of the ping before', () => {
    serving().play(`
      wait 500
      1< PING 2:0
      confirm
      1< PING 2:0
      1> PING -1 7/4000
      touched 7
      1> PING 2:0
      1> PING 2:0
      confirmed`)
  })

  test('waits for what was proposed before it', () => {
    serving().play(`
      propose
      1< PROPOSAL 2:1
      confirm
      1< PING 2:1
      1> PING 2:1
      logged 2:1
      1> ACK 2:1
      1< COMMIT 2:1
      commit 2:1
      confirmed`)
  })

  test('is not confirmed by an observer', () => {
    join(serving({ members: '1 2 3 4:observer' }), 4, 'OBSERVER').play(`
      confirm
      1< PING 2:0
      4< PING 2:0
      4> PING 2:0
      1> PING 2:0
      confirmed`)
  })
})

describe('what learners know of sessions', () => {
  test('is heard once all active ones have echoed a ping that was sent after the question', () => {
    join(serving({ members: '1 2 3 4:observer' }), 4, 'OBSERVER').play(`
      wait 500
      1< PING 2:0
      4< PING 2:0
      hear
      1< PING 2:0
      4< PING 2:0
      1> PING 2:0
      1> PING 2:0
      4> PING 2:0
      4> PING 2:0
      heard`)
  })

  test('is not waited for when they are gone', () => {
    serving().play(`
      hear
      1< PING 2:0
      1 lost
      1< closed: lost
      1 is gone
      heard`)
  })
})

/** The second learner gets its history, and has nothing to say meanwhile. */
function syncing(kind: 'FOLLOWER' | 'OBSERVER' = 'FOLLOWER'): LoneLeader {
  return serving().play(`
    2> ${kind}INFO 2:0 sid=2
    2< LEADERINFO 2:0
    2> ACKEPOCH 2:0 -1
    2< DIFF 2:0
    2< NEWLEADER 2:0`)
}

/** Half ticks in which 1 answers its pings. */
function passWith(leader: LoneLeader, halfTicks: number, each: () => void = () => {}): string[] {
  for (let half = 0; half < halfTicks; half++) {
    each()
    leader.perform('wait 500')
    leader.perform('1> PING 2:0')
  }
  return leader.take().filter((line) => !line.includes('PING'))
}

describe('a learner that is busy with what it was given', () => {
  test('is waited for as long as it takes bytes, and dropped after initLimit without', () => {
    const leader = syncing()
    const { link } = leader.links.get('2')!
    expect(passWith(leader, 60, () => (link.takenAt = leader.clock.nowMs))).toEqual([])
    expect(passWith(leader, 19)).toEqual([])
    expect(passWith(leader, 1)).toEqual(['2< closed: it has been silent for 10000 ms', '2 is gone'])
  })

  test('is no burden to the quorum: who waits for it is not silent, and the leader goes on until nothing is taken any more', () => {
    const leader = new LoneLeader({ members: '1 2 3 4 5' })
    leader.play(`
      1> FOLLOWERINFO 1:0 sid=1
      2> FOLLOWERINFO 1:0 sid=2
      acceptedEpoch 2
      done
      1< LEADERINFO 2:0
      2< LEADERINFO 2:0
      1> ACKEPOCH 1:3 1
      2> ACKEPOCH 1:1 1
      sync
      done
      currentEpoch 2
      done
      1< DIFF 1:3
      1< NEWLEADER 2:0
      2< DIFF 1:3
      2< PROPOSAL 1:2
      2< COMMIT 1:2
      2< PROPOSAL 1:3
      2< COMMIT 1:3
      2< NEWLEADER 2:0
      1> ACK 2:0`)
    const { link } = leader.links.get('2')!
    const wait = (halfTicks: number): string[] => {
      for (let half = 0; half < halfTicks; half++) leader.perform('wait 500')
      return leader.take().filter((line) => !line.includes('PING'))
    }
    for (let second = 0; second < 30; second++) {
      link.takenAt = leader.clock.nowMs
      expect(wait(2)).toEqual([])
    }
    expect(wait(16)).toEqual([])
    expect(wait(4)).toContain('abdicate: Timeout while waiting for a quorum to hold the history')
  })

  test('with its history comes nothing that has not waited for it: what is proposed meanwhile follows', () => {
    syncing().play(`
      propose
      1< PROPOSAL 2:1
      2> ACK 2:0
      2< UPTODATE -1
      2< PROPOSAL 2:1`)
  })

  // A quarter of 1000 bytes is held for it.
  const proposed = (last: number): string =>
    Array.from(
      { length: last },
      (_none, index) => `
      propose
      1< PROPOSAL 2:${index + 1}
      1> ACK 2:${index + 1}
      logged 2:${index + 1}
      1< COMMIT 2:${index + 1}
      commit 2:${index + 1}`,
    ).join('')

  test('is told from memory or from the log what was too much to be held, and then what is proposed', () => {
    syncing().play(`${proposed(6)}
      propose
      1< PROPOSAL 2:7
      2> ACK 2:0
      2< UPTODATE -1
      sync
      done
      2< PROPOSAL 2:1
      2< COMMIT 2:1
      2< PROPOSAL 2:2
      2< COMMIT 2:2
      2< PROPOSAL 2:3
      2< COMMIT 2:3
      2< PROPOSAL 2:4
      2< COMMIT 2:4
      2< PROPOSAL 2:5
      2< COMMIT 2:5
      2< PROPOSAL 2:6
      2< COMMIT 2:6
      2< PROPOSAL 2:7
      propose
      1< PROPOSAL 2:8
      2< PROPOSAL 2:8`)
  })

  test('as an observer is told the same as INFORMs, and hears of its sessions and syncs behind them', () => {
    syncing('OBSERVER').play(`${proposed(4)}
      2> ACK 2:0
      2< UPTODATE -1
      sync
      2> REVALIDATE -1 7/4000
      done
      2< INFORM 2:1
      2< INFORM 2:2
      2< INFORM 2:3
      2< INFORM 2:4
      2< REVALIDATE -1 7/no`)
  })

  test('is told what is proposed and not committed whatever its length', () => {
    const leader = syncing()
    for (let count = 0; count < 40; count++) leader.perform('propose')
    leader.take()
    leader.perform('2> ACK 2:0')
    expect(leader.take()).toEqual(['2< UPTODATE -1', 'sync'])
    const { link } = leader.links.get('2')!
    link.queuedBytes = 2000
    leader.perform('done')
    expect(leader.take()).toEqual(Array.from({ length: 40 }, (_none, index) => `2< PROPOSAL 2:${index + 1}`))
    expect(link.isClosed).toBe(false)
  })

  test('counts its acknowledgements and echoes from when it was told, not from when it was to be told', () => {
    const leader = join(serving(), 2)
    const { link } = leader.links.get('2')!
    link.sentBytes = 1000
    leader.perform('propose')
    leader.take()
    const taking = (): void => {
      link.takenAt = leader.clock.nowMs
      link.takenBytes += 10
      link.sentBytes += 10
    }
    const acked = (): string[] => {
      leader.perform('1> ACK 2:1')
      return leader.take()
    }
    acked()
    expect(passWith(leader, 30, taking)).toEqual([])
    link.takenBytes = link.sentBytes
    link.takenAt = leader.clock.nowMs
    expect(passWith(leader, 10)).toEqual([])
    expect(passWith(leader, 1)).toEqual(['2< closed: it has been silent for 5000 ms', '2 is gone'])
  })
})

describe('a learner that falls behind', () => {
  test('is cut off when it has been silent for syncLimit, and with it the quorum is gone', () => {
    const leader = serving()
    leader.perform('wait 5000')
    expect(leader.take().every((line) => line === '1< PING 2:0')).toBe(true)
    leader.play(`
      wait 500
      1< closed: it has been silent for 5000 ms
      1 is gone
      wait 500
      abdicate: Not sufficient followers synced`)
  })

  test('is cut off when it answers pings and acknowledges nothing for syncLimit', () => {
    const leader = serving()
    leader.perform('propose')
    for (let half = 0; half < 10; half++) {
      leader.perform('wait 500')
      leader.perform('1> PING 2:1')
    }
    leader.take()
    leader.play(`
      wait 500
      1< closed: it does not acknowledge what it is told
      1 is gone`)
  })

  test('is cut off when too much waits for it', () => {
    const leader = serving()
    leader.links.get('1')!.link.queuedBytes = 129 << 20
    leader.play(`
      propose
      1< PROPOSAL 2:1
      1< closed: it is too far behind
      1 is gone`)
  })
})

describe('whoever says what cannot be is cut off, and the leader goes on', () => {
  const elsewhere = (script: string): void => {
    serving().play(`
      ${script.trim()}
      2 is gone
      propose
      1< PROPOSAL 2:1
      1> ACK 2:1
      logged 2:1
      1< COMMIT 2:1
      commit 2:1`)
  }

  test.each([
    ['ACK 2:0', 'First packet is not FOLLOWERINFO or OBSERVERINFO!'],
    ['TYPE-5 -1', 'First packet is not FOLLOWERINFO or OBSERVERINFO!'],
    ['FOLLOWERINFO 1:0 null', 'it speaks a protocol older than ZooKeeper 3.5'],
    ['FOLLOWERINFO 1:0 hex=00000001', 'it speaks a protocol older than ZooKeeper 3.5'],
    ['FOLLOWERINFO 1:0 sid=2 protocol=1', 'protocol version 1 is not spoken here'],
    ['FOLLOWERINFO 1:0 sid=2 config=7', 'it knows a newer configuration, version 7, ours is 0'],
    ['FOLLOWERINFO -1 sid=2', 'it has accepted an epoch that cannot be, -1'],
    ['FOLLOWERINFO 2147483647:0 sid=2', 'it has accepted an epoch that cannot be, 2147483647'],
  ])('greeting with %s', (packet, reason) => {
    elsewhere(`
      2> ${packet}
      2< closed: ${reason}`)
  })

  test.each([
    ['ACK 2:0', 'it does not acknowledge the epoch'],
    ['ACKEPOCH 1:3 null', 'it does not acknowledge the epoch'],
    ['ACKEPOCH 1:3 hex=00', 'its packet of type 18 is malformed: the frame ends 3 bytes early'],
  ])('answering LEADERINFO with %s', (packet, reason) => {
    elsewhere(`
      2> FOLLOWERINFO 2:0 sid=2
      2< LEADERINFO 2:0
      2> ${packet}
      2< closed: ${reason}`)
  })

  test('answering LEADERINFO before it has come', () => {
    new LoneLeader().play(`
      2> FOLLOWERINFO 1:0 sid=2
      acceptedEpoch 2
      2> ACKEPOCH 1:3 1
      2< closed: it sent a packet of type 18 while it has to wait
      2 is gone`)
  })

  test('answering NEWLEADER with something else', () => {
    elsewhere(`
      2> FOLLOWERINFO 2:0 sid=2
      2< LEADERINFO 2:0
      2> ACKEPOCH 1:3 1
      2< DIFF 1:3
      2< NEWLEADER 2:0
      2> PING 2:0
      2< closed: Next packet was supposed to be an ACK`)
  })

  test.each([
    ['PING 2:0 hex=00', 'its packet of type 5 is malformed: the frame ends 7 bytes early'],
    ['REVALIDATE -1 null', 'its packet of type 6 is malformed: the frame ends 8 bytes early'],
    ['REVALIDATE -1 hex=0000000000000007', 'its packet of type 6 is malformed: the frame ends 4 bytes early'],
  ])('as an active learner, %s', (packet, reason) => {
    const leader = join(serving(), 2)
    leader.play(`
      2> ${packet}
      2< closed: ${reason}
      2 is gone`)
  })

  test('what means nothing is passed over', () => {
    const leader = serving()
    for (const packet of ['PROPOSAL 2:9', 'SYNC 0:0', 'TYPE77 5:5', 'COMMIT 2:1', 'NEWLEADER 9:0', 'PING 2:0 null', 'PING 2:0']) leader.play(`1> ${packet}`)
  })
})

describe('a learner with the id of one that is served', () => {
  const CLAIMED = `
    b> FOLLOWERINFO 2:0 sid=1
    b< LEADERINFO 2:0
    b> ACKEPOCH 2:0 -1
    1< PING 2:0
    2< PING 2:0`

  test('is sent away when that one echoes what it is sent now', () => {
    join(serving(), 2).play(`${CLAIMED}
      1> PING 2:0
      b< closed: the server of that id is connected already
      b is gone
      propose
      1< PROPOSAL 2:1
      2< PROPOSAL 2:1`)
  })

  test('has come back when the former connection ends', () => {
    join(serving(), 2).play(`${CLAIMED}
      1 lost
      1< closed: lost
      1 is gone
      b< DIFF 2:0
      b< NEWLEADER 2:0`)
  })

  test('is nobody any more when it is gone before that is known', () => {
    join(serving(), 2).play(`${CLAIMED}
      b lost
      b< closed: lost
      b is gone
      1 lost
      1< closed: lost
      1 is gone`)
  })

  test('has come back when nothing is heard on the former one for a tick', () => {
    const leader = join(serving(), 2).play(CLAIMED)
    leader.perform('wait 1000')
    expect(leader.take().filter((line) => !line.includes('PING'))).toEqual(['1< closed: it has come back', 'b< DIFF 2:0', 'b< NEWLEADER 2:0', '1 is gone'])
  })
})

test('a leader that was told to stop says nothing more', () => {
  const leader = serving()
  leader.leader.stop('the end')
  leader.play(`
    1< closed: the end
    wait 20000`)
})

describe('the configuration', () => {
  test('has the version of the first epoch that is led with it, with reconfigEnabled', () => {
    proving({ reconfigEnabled: true }).play(ADOPTED.replace('NEWLEADER 2:0', 'NEWLEADER 2:0 v200000000')).play(SERVING)
    proving({ reconfigEnabled: true, version: '100000000' }).play(ADOPTED.replace('NEWLEADER 2:0', 'NEWLEADER 2:0 v100000000'))
  })

  test('is the newest that was heard of, with reconfigEnabled or without', () => {
    for (const reconfigEnabled of [true, false]) {
      const leader = new LoneLeader({ reconfigEnabled })
      leader.play(`
        1> FOLLOWERINFO 1:0 sid=1 config=4294967297
        1< closed: it knows a newer configuration, version 100000001, ours is 0
        1 is gone
        config v100000001
        2> FOLLOWERINFO 1:0 sid=2 config=4294967297
        acceptedEpoch 2
        done
        2< LEADERINFO 2:0`)
      leader.play(ADOPTED.replaceAll('1>', '2>').replaceAll('1<', '2<').replace('NEWLEADER 2:0', 'NEWLEADER 2:0 v100000001'))
    }
  })

  test('of a learner, as a leader has given it to the lines that servers were started with, is no other one', () => {
    new LoneLeader({}).play(`
      2> FOLLOWERINFO 1:0 sid=2 config=4294967296
      acceptedEpoch 2
      done
      2< LEADERINFO 2:0`)
  })

  test('that was heard of while it leads is told whoever comes later', () => {
    serving().play(`
      config v100000000
      2> FOLLOWERINFO 1:0 sid=2 config=4294967296
      2< LEADERINFO 2:0
      2> ACKEPOCH 1:3 1
      2< DIFF 1:3
      2< NEWLEADER 2:0 v100000000`)
  })

  test('that a learner alone knows of is not that of this leader', () => {
    new LoneLeader({ version: '100000000' }).play(`
      2> FOLLOWERINFO 1:0 sid=2 config=4294967300
      2< closed: it knows a newer configuration, version 100000004, ours is 100000000
      2 is gone`)
  })
})

// The bytes of Java servers, as recorded between them: a follower that joins with a DIFF, and a write through a follower.
import { expect, test } from 'vitest'
import { FakeEnsemble } from '../support/fake-ensemble.ts'
import { ImpostorLeader, strangerTo } from '../support/impostors.ts'
import * as ask from '../support/requests.ts'

function bytes(hex: string): string {
  return hex.replace(/\s/g, '')
}

const EMPTY_PING = '00000005 0000000100000004 ffffffff ffffffff'

/** Member 1 follows 2, which the test plays, in epoch 1 and has two txns: a session and /x. */
function follower() {
  const ensemble = new FakeEnsemble('1 2', {}, [1])
  const leader = new ImpostorLeader(ensemble, 2)
  ensemble.until('it dials', () => leader.followers.length === 1)
  expect(leader.follower.takeHex()).toBe(bytes('0000000b 0000000000000000 00000014 0000000000000001 00010000 0000000000000000 ffffffff'))
  leader.follower.sayHex('00000011 0000000100000000 00000004 00010000 ffffffff')
  expect(leader.follower.takeHex()).toBe(bytes('00000012 0000000000000000 00000004 00000000 ffffffff'))
  leader.follower.sayHex('0000000d 0000000100000002 ffffffff ffffffff')
  leader.follower.sayHex('00000002 0000000100000001 00000024 03000022e32e0000 00000000 0000000100000001 000001a1ffea5701 fffffff6 00002710 ffffffff')
  leader.follower.sayHex('00000004 0000000100000001 ffffffff ffffffff')
  leader.follower.sayHex(`00000002 0000000100000002 0000004c 03000022e32e0000 00000001 0000000100000002 000001a1ffea5701 00000001
    00000002 2f78 00000002 3130 00000001 0000001f 00000005 776f726c64 00000006 616e796f6e65 00 00000001 ffffffff`)
  leader.follower.sayHex('00000004 0000000100000002 ffffffff ffffffff 0000000a 0000000100000000 ffffffff ffffffff')
  expect(leader.follower.takeHex()).toBe(bytes('00000003 0000000100000000 ffffffff ffffffff'))
  leader.follower.sayHex('0000000c ffffffffffffffff ffffffff ffffffff')
  expect(leader.follower.takeHex()).toBe(bytes('00000003 0000000100000000 ffffffff ffffffff'))
  return { ensemble, leader, member: ensemble.member(1) }
}

test('a follower joins with DIFF (§14.1)', () => {
  const { ensemble, leader, member } = follower()
  leader.follower.socket.reset()
  leader.stand()
  ensemble.until('it comes back', () => leader.followers.length === 2)
  expect(leader.follower.takeHex()).toBe(bytes('0000000b 0000000100000000 00000014 0000000000000001 00010000 0000000000000000 ffffffff'))
  leader.follower.sayHex('00000011 0000000100000000 00000004 00010000 ffffffff')
  expect(leader.follower.takeHex()).toBe(bytes('00000012 0000000100000002 00000004 ffffffff ffffffff'))
  leader.follower.sayHex(`0000000d 0000000100000004 ffffffff ffffffff
    00000002 0000000100000003 00000058
      03000022e32e0000 00000002 0000000100000003 000001a1ffea5701 00000001
      00000002 2f79  00000002 6869
      00000001 0000001f 00000005 776f726c64 00000006 616e796f6e65
      00  00000002
      00000002 00000002a061f6dc
      ffffffff
    00000004 0000000100000003 ffffffff ffffffff
    00000002 0000000100000004 0000003c
      03000022e32e0000 00000003 0000000100000004 000001a1ffea5705 00000005
      00000002 2f78 00000002 3131 00000001
      00000002 000000023171373d ffffffff
    00000004 0000000100000004 ffffffff ffffffff`)
  expect(leader.follower.takeHex()).toBe('')
  expect(member.data('/y')).toBeUndefined()
  leader.follower.sayHex(`0000000a 0000000100000000 00000009 76657273696f6e3d30 ffffffff`)
  expect(leader.follower.takeHex()).toBe(bytes('00000003 0000000100000000 ffffffff ffffffff'))
  expect([member.data('/x'), member.data('/y')]).toEqual(['11', 'hi'])
  leader.follower.sayHex('0000000c ffffffffffffffff ffffffff ffffffff')
  // As 3.9.3 and later, which do not acknowledge single txns of the history.
  expect(leader.follower.takeHex()).toBe(bytes('00000003 0000000100000000 ffffffff ffffffff'))
  leader.follower.sayHex(EMPTY_PING)
  expect(leader.follower.takeHex()).toBe(bytes('00000005 0000000100000004 00000000 ffffffff'))
})

test('a write through a follower, the follower’s side (§14.2)', () => {
  const { leader, member } = follower()
  leader.follower.sayHex('00000005 0000000100000002 ffffffff ffffffff')
  leader.follower.takeHex()
  const connection = member.dial()
  connection.send(Buffer.from(bytes('0000002d 00000000 0000000000000000 00002710 0000000000000000 00000010 00000000000000000000000000000000 00'), 'hex'))
  const created = leader.follower.takeHex()
  const session = created.slice(32, 48)
  expect(created).toBe(bytes(`00000001 ffffffffffffffff 00000014 ${session} 00000000 fffffff6 00002710 ffffffff`))
  leader.follower.sayHex(`00000002 0000000100000003 00000024 ${session} 00000000 0000000100000003 000001a1ffea68c0 fffffff6 00002710 ffffffff`)
  expect(leader.follower.takeHex()).toBe(bytes('00000003 0000000100000003 ffffffff ffffffff'))
  leader.follower.sayHex('00000004 0000000100000003 ffffffff ffffffff')
  expect(connection.takeFrame()).toHaveLength(37)
  connection.send(
    Buffer.from(bytes(`00000034 00000001 00000001 000000022f77 0000000376616c 00000001 0000001f 00000005776f726c64 00000006616e796f6e65 00000000`), 'hex'),
  )
  expect(leader.follower.takeHex()).toBe(
    bytes(`00000001 ffffffffffffffff 0000003c
    ${session} 00000001 00000001
    000000022f77 0000000376616c 00000001 0000001f 00000005776f726c64 00000006616e796f6e65 00000000
    00000001 00000002 6970 00000009 3132372e302e302e31`),
  )
  leader.follower.sayHex(`00000002 0000000100000004 00000059
    ${session} 00000001 0000000100000004 000001a1ffea68ca 00000001
    000000022f77 0000000376616c 00000001 0000001f 00000005776f726c64 00000006616e796f6e65 00 00000003
    00000002 00000002792481b7 ffffffff`)
  expect(leader.follower.takeHex()).toBe(bytes('00000003 0000000100000004 ffffffff ffffffff'))
  expect(connection.takeFrame()).toBeUndefined()
  leader.follower.sayHex('00000004 0000000100000004 ffffffff ffffffff')
  expect(Buffer.from(connection.takeFrame()!).toString('hex')).toBe(bytes('00000001 0000000100000004 00000000 000000022f77'))
  leader.follower.sayHex('00000005 0000000100000004 ffffffff ffffffff')
  expect(leader.follower.takeHex()).toBe(bytes(`00000005 0000000100000004 0000000c ${session} 00002710 ffffffff`))
})

test('a follower joins and writes, the leader’s side', () => {
  const ensemble = new FakeEnsemble('1 2 3', {}, [2, 3])
  const leader = ensemble.converge()
  const session = leader.session()
  session.ok(ask.create('/x', { data: '10' }))
  ensemble.world.settle()
  const learner = strangerTo(ensemble, 3)
  learner.sayHex('0000000b 0000000000000000 00000014 0000000000000001 00010000 0000000000000000 ffffffff')
  expect(learner.takeHex()).toBe(bytes('00000011 0000000100000000 00000004 00010000 ffffffff'))
  learner.sayHex('00000012 0000000100000001 00000004 00000000 ffffffff')
  const history = learner.takeHex()
  expect(history.slice(0, 40)).toBe(bytes('0000000d 0000000100000002 ffffffff ffffffff'))
  const id = BigInt.asUintN(64, session.id).toString(16).padStart(16, '0')
  expect(history.slice(40)).toMatch(
    new RegExp(
      `^${bytes(`00000002 0000000100000002 00000058 ${id} 00000001 0000000100000002 [0-9a-f]{16} 00000001
        00000002 2f78 00000002 3130 00000001 0000001f 00000005 776f726c64 00000006 616e796f6e65 00 00000001 00000002 [0-9a-f]{16} ffffffff
        00000004 0000000100000002 ffffffff ffffffff
        0000000a 0000000100000000 [0-9a-f]{8} ${Buffer.from('server.1=').toString('hex')}[0-9a-f]* ${Buffer.from('version=0').toString('hex')} ffffffff`)}$`,
    ),
  )
  learner.sayHex('00000003 0000000100000000 ffffffff ffffffff')
  expect(learner.takeHex()).toBe(bytes('0000000c ffffffffffffffff ffffffff ffffffff'))
  learner.sayHex('00000003 0000000100000000 ffffffff ffffffff')
  ensemble.world.advance(100)
  expect(learner.takeHex()).toBe(bytes('00000005 0000000100000002 ffffffff ffffffff'))
  learner.sayHex('00000005 0000000100000002 00000000 ffffffff')

  learner.sayHex(`00000001 ffffffffffffffff 0000003c 01000022ecc00000 00000001 00000001
    000000022f77 0000000376616c 00000001 0000001f 00000005776f726c64 00000006616e796f6e65 00000000
    00000001 00000002 6970 00000009 3132372e302e302e31`)
  // Nobody knows the session: the write becomes a txn that says so, without a digest.
  expect(learner.takeHex()).toMatch(
    new RegExp(
      `^${bytes(`00000002 0000000100000003 00000024 01000022ecc00000 00000001 0000000100000003 [0-9a-f]{16} ffffffff ffffff90 ffffffff
      00000004 0000000100000003 ffffffff ffffffff`)}$`,
    ),
  )
  learner.sayHex(`00000001 ffffffffffffffff 00000014 01000022ecc00000 00000000 fffffff6 00002710 ffffffff`)
  expect(learner.takeHex()).toMatch(
    new RegExp(
      `^${bytes(`00000002 0000000100000004 00000030 01000022ecc00000 00000000 0000000100000004 [0-9a-f]{16} fffffff6 00002710
      00000002 [0-9a-f]{16} ffffffff 00000004 0000000100000004 ffffffff ffffffff`)}$`,
    ),
  )
  learner.sayHex('00000001 ffffffffffffffff 00000016 01000022ecc00000 00000002 00000009 00000002 2f77 ffffffff')
  const synced = learner.takeHex()
  expect(synced).toBe(bytes('00000005 0000000100000004 ffffffff ffffffff 00000007 0000000000000000 ffffffff ffffffff'))
})

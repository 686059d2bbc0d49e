// A leader that was stalled, for less than its learners wait for it: it has heard nothing meanwhile of their clients, who were served all the time.
import { expect, test } from 'vitest'
import { FakeEnsemble } from '../support/fake-ensemble.ts'
import * as ask from '../support/requests.ts'

test('expires no session whose client has been heard of by a learner', () => {
  const ensemble = new FakeEnsemble('1 2 3 4:observer')
  const leader = ensemble.converge()
  const learners = [...ensemble.members.values()].filter((member) => member !== leader)
  const alive = learners.map((member) => member.session({ timeOut: 600 }))
  const dead = learners.map((member) => member.session({ timeOut: 600 }))
  ensemble.world.advance(300)
  for (const session of alive) session.send(ask.ping())
  const arrive = ensemble.delay(leader.sid)
  ensemble.world.stall(900)
  ensemble.world.settle()
  arrive()
  ensemble.world.settle()
  expect(ensemble.leader).toBe(leader)
  expect(alive.map(({ isEnded }) => isEnded)).toEqual([false, false, false])
  expect(dead.map(({ isEnded }) => isEnded)).toEqual([true, true, true])
  for (const session of alive) session.ok(ask.exists('/'))
})

test('does not wait for a learner that is gone', () => {
  const ensemble = new FakeEnsemble('1 2 3')
  const leader = ensemble.converge()
  const session = leader.session({ timeOut: 600 })
  session.connection.socket.destroy()
  ensemble.world.advance(300)
  ensemble.member(1).kill()
  ensemble.world.stall(900)
  ensemble.world.settle()
  ensemble.until('it is expired', () => leader.server!.sessions.get(session.id) === undefined)
  expect(ensemble.leader).toBe(leader)
})

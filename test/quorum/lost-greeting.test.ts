// A connection to the leader that is lost before the leader has said anything, as one that was passed on to where nobody listens yet.
import { expect, test } from 'vitest'
import { FakeEnsemble } from '../support/fake-ensemble.ts'
import type { FakeMember } from '../support/fake-ensemble.ts'

/** Its connections to the leader are broken as often before anything comes on them; then how it goes on until it follows. */
function statesOf(ensemble: FakeEnsemble, learner: FakeMember, leader: FakeMember, times: number): Set<string> {
  const states = new Set<string>()
  const isSeen = (what: string) => (): boolean => {
    states.add(learner.state)
    return learner.state === what
  }
  ensemble.until('it dials', isSeen('following discovery'))
  for (let time = 0; time < times; time++) {
    ensemble.until('it is connected', () => ensemble.isLinked(learner.sid, leader.sid))
    ensemble.breakLinks(learner.sid, leader.sid)
  }
  ensemble.until('it follows', isSeen('following broadcast'))
  return states
}

test('is made again, without another election', () => {
  const ensemble = new FakeEnsemble('1 2 3')
  const leader = ensemble.converge()
  const learner = ensemble.member(1)
  learner.kill()
  ensemble.world.settle()
  learner.start()
  ensemble.until('it runs', () => learner.state === 'looking')
  ensemble.until('it follows', () => learner.state === 'following discovery')
  expect(statesOf(ensemble, learner, leader, 3)).toEqual(new Set(['following discovery', 'following synchronization', 'following broadcast']))
})

test('is not made again without end', () => {
  const ensemble = new FakeEnsemble('1 2 3')
  const leader = ensemble.converge()
  const learner = ensemble.member(1)
  learner.kill()
  ensemble.world.settle()
  learner.start()
  expect(statesOf(ensemble, learner, leader, 12)).toContain('looking')
})

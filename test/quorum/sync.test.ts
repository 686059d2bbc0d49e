// How members come to one history: what a leader sends to whom, out of memory, out of its log, or as a whole.
import { expect, test } from 'vitest'
import { FakeEnsemble } from '../support/fake-ensemble.ts'
import * as ask from '../support/requests.ts'

/** Trees of all that run, as text. */
function trees(ensemble: FakeEnsemble): Set<string> {
  const running = [...ensemble.members.values()].filter(({ server }) => server !== undefined)
  return new Set(running.map(({ server }) => `${server!.replica.tree.digest} ${server!.replica.tree.store.size}`))
}

function write(ensemble: FakeEnsemble, name: string, count: number): void {
  const session = ensemble.leader!.session()
  for (let index = 0; index < count; index++) session.ok(ask.create(`/${name}-${index}`))
  ensemble.world.settle()
}

test('a log that lacks what its server got as a snapshot is not sent across the hole', () => {
  const ensemble = new FakeEnsemble('1 2 3 4 5', { snapshotSizeFactor: 0 }, [1, 2, 3, 5])
  ensemble.member(4).start({ forceSnapshotSync: true })
  ensemble.converge()
  write(ensemble, 'all', 3)
  ensemble.member(1).kill()
  ensemble.member(5).kill()
  ensemble.world.settle()
  expect(ensemble.converge().sid).toBe(4)
  write(ensemble, 'without 1 and 5', 3)
  ensemble.member(5).start()
  ensemble.converge()
  ensemble.member(4).kill()
  expect(ensemble.converge().sid).toBe(5)
  ensemble.member(1).start()
  ensemble.converge()
  write(ensemble, 'more', 1)
  expect(trees(ensemble).size).toBe(1)
})

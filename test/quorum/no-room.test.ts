// A voter whose disk has no room for an epoch file, and then has.
import { expect, it } from 'vitest'
import { FakeEnsemble } from '../support/fake-ensemble.ts'
import type { FakeMember } from '../support/fake-ensemble.ts'
import * as ask from '../support/requests.ts'

/** Until it is called nothing can be written under that name. */
function fill(ensemble: FakeEnsemble, { disk }: FakeMember, name: string): () => void {
  const { clock } = ensemble.world
  const { open } = disk
  disk.open = (path, mode, done) => {
    if (mode === 'create' && path.endsWith(`/${name}.tmp`))
      clock.endOfTurn(() => done(new Error(`ENOSPC: no space left on device, open '${path}'`), undefined as never))
    else open(path, mode, done)
  }
  return () => void (disk.open = open)
}

it('votes for nobody until it has room, and follows then', () => {
  const ensemble = new FakeEnsemble('1 2 3')
  expect(ensemble.converge().sid).toBe(3)
  ensemble.member(3).session().ok(ask.create('/before'))
  const makeRoom = fill(ensemble, ensemble.member(3), 'acceptedEpoch')
  // The leader would be elected again: it has the highest id and nobody has more than it.
  for (const sid of [1, 2]) ensemble.member(sid).kill()
  ensemble.until('it leads no more', () => ensemble.states[3] === 'looking')
  for (const sid of [1, 2]) ensemble.member(sid).start()
  ensemble.until('the others serve', () => [1, 2].every((sid) => ensemble.states[sid].endsWith('broadcast')))
  const { current } = ensemble.server(1).epochs
  ensemble.world.advance(30_000)
  expect(ensemble.states).toEqual({ 1: 'following broadcast', 2: 'leading broadcast', 3: 'looking' })
  expect(ensemble.server(1).epochs.current).toBe(current)
  expect(ensemble.world.warnings.filter((line) => line.startsWith('The disk still refuses to store an epoch')).length).toBeGreaterThan(3)

  makeRoom()
  ensemble.until('it follows', () => ensemble.states[3] === 'following broadcast', 5000)
  expect(ensemble.member(3).data('/before')).toBe('')
})

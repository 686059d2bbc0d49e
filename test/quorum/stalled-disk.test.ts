// Members whose disks hang: the others go on, and so do they with all that needs no disk.
import { describe, expect, test } from 'vitest'
import { storedFiles } from '../../src/server/storage/file-names.ts'
import { DATA_DIRECTORY, FakeEnsemble } from '../support/fake-ensemble.ts'
import * as ask from '../support/requests.ts'

/** syncLimit is a second. */
const LONG_MS = 5000

describe('a leader whose disk hangs', () => {
  test('goes on leading, with the acknowledgements of the others', () => {
    const ensemble = new FakeEnsemble('1 2 3')
    const leader = ensemble.converge()
    const [here, there] = [leader.session({ timeOut: 1000 }), ensemble.member(1).session({ timeOut: 1000 })]
    leader.holdDisk()
    for (let ms = 0; ms < LONG_MS; ms += 250) {
      here.ok(ask.create(`/here-${ms}`))
      there.ok(ask.create(`/there-${ms}`))
      ensemble.world.advance(250)
      expect(leader.state).toBe('leading broadcast')
    }
    leader.releaseDisk()
    ensemble.world.settle()
    expect(ensemble.states).toEqual({ 1: 'following broadcast', 2: 'following broadcast', 3: 'leading broadcast' })
    expect([here.isEnded, there.isEnded]).toEqual([false, false])
    expect(new Set([...ensemble.members.values()].map(({ zxid }) => zxid)).size).toBe(1)
    leader.kill()
    leader.start()
    ensemble.converge()
    expect(leader.data(`/there-${LONG_MS - 250}`)).toBe('')
  })

  test('sends its tree to whom it cannot read its log for', () => {
    const ensemble = new FakeEnsemble('1 2 3', { preAllocSizeKb: 1024 })
    const leader = ensemble.converge()
    leader.session().ok(ask.create('/all'))
    ensemble.world.settle()
    const member = ensemble.member(1)
    const { zxid } = member
    member.kill()
    const session = leader.session()
    for (let index = 0; index < 600; index++) session.ok(ask.create(`/without-${index}`))
    leader.holdDisk()
    member.start()
    ensemble.until('it follows', () => member.state === 'following broadcast')
    const snapshots = storedFiles(member.disk.now.list(`${DATA_DIRECTORY}/version-2`), 'snapshot')
    expect(snapshots.some((snapshot) => snapshot.zxid > zxid)).toBe(true)
    expect(member.data('/without-599')).toBe('')
    leader.releaseDisk()
    ensemble.world.settle()
    expect(ensemble.states).toEqual({ 1: 'following broadcast', 2: 'following broadcast', 3: 'leading broadcast' })
  })
})

describe('a follower whose disk hangs', () => {
  test('keeps its clients and their sessions, serves reads and follows', () => {
    const ensemble = new FakeEnsemble('1 2 3')
    ensemble.converge()
    const member = ensemble.member(1)
    const session = member.session({ timeOut: 1000 })
    session.ok(ask.create('/e', { flags: 1 }))
    member.holdDisk()
    for (let ms = 0; ms < LONG_MS; ms += 250) {
      expect(session.err(ask.exists('/e'))).toBe(0)
      ensemble.world.advance(250)
    }
    expect(ensemble.states).toEqual({ 1: 'following broadcast', 2: 'following broadcast', 3: 'leading broadcast' })
    expect(ensemble.leader!.data('/e')).toBe('')
  })

  test('acknowledges late, and sees what the others have committed meanwhile', () => {
    const ensemble = new FakeEnsemble('1 2 3')
    const leader = ensemble.converge()
    const member = ensemble.member(1)
    const session = member.session()
    member.holdDisk()
    session.ok(ask.create('/late'))
    ensemble.world.advance(800)
    expect([member.state, member.data('/late')]).toEqual(['following broadcast', ''])
    member.releaseDisk()
    ensemble.world.settle()
    leader.kill()
    ensemble.converge()
    expect(ensemble.leader!.data('/late')).toBe('')
  })

  test('is let go where it acknowledges nothing for syncLimit, and comes back', () => {
    const ensemble = new FakeEnsemble('1 2 3')
    const leader = ensemble.converge()
    const member = ensemble.member(1)
    member.holdDisk()
    const session = leader.session()
    session.ok(ask.create('/a'))
    ensemble.until('it is let go', () => member.state === 'looking', 2000)
    session.ok(ask.create('/b'))
    expect(leader.state).toBe('leading broadcast')
    member.releaseDisk()
    ensemble.converge()
    expect([member.data('/a'), member.data('/b')]).toEqual(['', ''])
    expect(member.fatal).toEqual([])
  })

  test('looks for another leader only once what it has logged is durable, and a tree that it reads again holds up nothing', () => {
    const ensemble = new FakeEnsemble('1 2 3', { fourLetterWords: 'all' })
    const leader = ensemble.converge()
    const member = ensemble.member(1)
    leader.session().ok(ask.create('/a'))
    member.holdDisk()
    ensemble.breakLinks(1, 3)
    ensemble.world.advance(3000)
    const connection = member.dial()
    connection.send(Buffer.from('ruok'))
    ensemble.world.settle()
    expect(Buffer.from(connection.takeBytes()).toString()).toBe('imok')
    member.releaseDisk()
    ensemble.converge()
    expect(member.data('/a')).toBe('')
  })
})

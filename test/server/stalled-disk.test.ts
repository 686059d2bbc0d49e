// A disk that hangs holds up whoever waits for it, and nobody else.
import { describe, expect, it } from 'vitest'
import type { DiskDone } from '../../src/server/host/host.ts'
import type { MemoryDisk } from '../../src/server/host/memory-disk.ts'
import { FakeServer } from '../support/fake-server.ts'
import { holdable } from '../support/held-disk.ts'
import type { HeldDisk } from '../support/held-disk.ts'
import * as ask from '../support/requests.ts'

function begin(settings: object = {}): { fake: FakeServer; disk: HeldDisk } {
  const fake = new FakeServer({ fourLetterWords: 'all', ...settings })
  const disk = holdable(fake.host.disk as MemoryDisk)
  fake.restart()
  return { fake, disk }
}

/** What the word is answered by now. */
function asked(fake: FakeServer, word: string): () => string {
  const connection = fake.dial()
  connection.send(Buffer.from(word))
  fake.host.settle()
  let text = ''
  return () => (text += Buffer.from(connection.takeBytes()).toString('latin1'))
}

describe('a server whose disk hangs', () => {
  it('answers reads, pings and words, and writes and what tells of files once it is back', () => {
    const { fake, disk } = begin()
    const session = fake.session({ timeOut: 4000 })
    const reader = fake.session({ timeOut: 4000 })
    session.ok(ask.create('/before'))
    disk.hold()
    session.send(ask.create('/after'))
    for (let second = 0; second < 30; second++) {
      session.send(ask.ping(), -2)
      fake.host.advance(1000)
      expect(reader.err(ask.exists('/before'))).toBe(0)
      expect(asked(fake, 'ruok')()).toBe('imok')
      expect(asked(fake, 'srvr')()).toContain('Mode: standalone')
    }
    const dirs = asked(fake, 'dirs')
    expect(dirs()).toBe('')
    expect(disk.waiting).toBeGreaterThan(1)
    disk.release()
    fake.host.settle()
    expect(dirs()).toMatch(/^datadir_size: [1-9]\d*\nlogdir_size: \d+\n$/)
    expect(session.isEnded).toBe(false)
    expect(session.err(ask.exists('/after'))).toBe(0)
    expect(reader.isEnded).toBe(false)
  })

  it('rolls its log and takes its snapshots without holding anybody up', () => {
    const { fake, disk } = begin({ snapCount: 4, txnLogSizeLimitKb: 1, preAllocSizeKb: 0 })
    const session = fake.session({ timeOut: 4000 })
    const reader = fake.session({ timeOut: 4000 })
    for (let round = 0; round < 10; round++) {
      disk.hold()
      for (let index = 0; index < 5; index++) session.send(ask.create(`/${round}-${index}`, { data: Buffer.alloc(300) }))
      fake.host.advance(1500)
      expect(reader.err(ask.exists('/'))).toBe(0)
      session.send(ask.ping(), -2)
      disk.release()
      fake.host.settle()
    }
    for (let round = 0; round < 10; round++) expect(session.err(ask.exists(`/${round}-4`))).toBe(0)
    expect(fake.fatal).toEqual([])
  })

  it('asks it once for the sizes of its directories, whoever wants to know', () => {
    const { fake, disk } = begin()
    disk.hold()
    const answers = Array.from({ length: 50 }, (_, index) => asked(fake, index % 2 === 0 ? 'dirs' : 'conf'))
    expect(disk.waiting).toBe(1)
    disk.release()
    fake.host.settle()
    for (const answer of answers) expect(answer()).toMatch(/datadir_?size[:=]/i)
  })
})

describe('a purge that hangs', () => {
  /** The purge of a start finds something to remove, and its first removal does not come back. */
  function hanging(): { fake: FakeServer; let: () => void; removed: string[] } {
    const fake = new FakeServer({ autopurgePurgeIntervalHours: 1, snapCount: 4 })
    const session = fake.session()
    for (let index = 0; index < 60; index++) session.ok(ask.create(`/${index}`))
    const disk = fake.host.disk as MemoryDisk
    const { remove } = disk
    const removed: string[] = []
    let first: (() => void) | undefined
    disk.remove = (path: string, done: DiskDone) => {
      const work = (): void => void (removed.push(path), remove(path, done))
      if (removed.length === 0 && first === undefined) first = work
      else work()
    }
    fake.restart()
    expect(first).toBeDefined()
    return { fake, let: first!, removed }
  }

  it('holds up nobody', () => {
    const { fake, let: goOn, removed } = hanging()
    const session = fake.session()
    for (let index = 0; index < 20; index++) session.ok(ask.create(`/more-${index}`))
    expect(removed).toEqual([])
    goOn()
    fake.host.settle()
    expect(removed.length).toBeGreaterThan(3)
  })

  it('is given up by a stop, which waits for the one file', () => {
    const { fake, let: goOn, removed } = hanging()
    let isStopped = false
    fake.server.stop(() => (isStopped = true))
    fake.host.settle()
    expect(isStopped).toBe(false)
    goOn()
    fake.host.settle()
    expect([isStopped, removed.length]).toEqual([true, 1])
  })
})

// The purges of a running server, which others interrupt: nothing may be removed while files are cut off the history, nor behind a stop.
import { describe, expect, it } from 'vitest'
import { AutoPurge } from '../../../src/server/storage/auto-purge.ts'
import { dataDirs } from '../../../src/server/storage/data-dirs.ts'
import { DIRECTORY, TestHost } from './support.ts'

/** All that the quick check looks at. */
const COMPLETE = Buffer.from('5a4b534e00000000000000012f', 'hex')

/** Eight snapshots, of which five are too many; a purge has begun and its first file is about to go. */
function begun(): { host: TestHost; purge: AutoPurge; turns: (() => void)[] } {
  const host = new TestHost()
  for (let zxid = 1; zxid <= 8; zxid++) host.write(`${DIRECTORY}/snapshot.${zxid}`, COMPLETE)
  const timers: (() => void)[] = []
  host.clock.after = (_delayMs, callback) => (timers.push(callback), { cancel: () => undefined })
  const purge = new AutoPurge(host, { autopurgeSnapRetainCount: 3, autopurgePurgeIntervalHours: 1 }, dataDirs('/data'))
  purge.start()
  while (host.names().length === 8) expect(host.step()).toBe(true)
  return { host, purge, turns: timers }
}

describe('a purge that is under way', () => {
  it('removes what is too much, and comes again', () => {
    const { host, turns } = begun()
    host.settle()
    expect(host.names()).toEqual(['snapshot.6', 'snapshot.7', 'snapshot.8'])
    host.write(`${DIRECTORY}/snapshot.9`, COMPLETE)
    turns.splice(0).forEach((ring) => ring())
    host.settle()
    expect(host.names()).toEqual(['snapshot.7', 'snapshot.8', 'snapshot.9'])
  })

  it('is given up for who cuts the history, and decides anew behind it', () => {
    const { host, purge } = begun()
    let isResting = false
    purge.pause(() => (isResting = true))
    expect(isResting).toBe(false)
    host.settle()
    expect([isResting, host.names().length]).toEqual([true, 7])
    // What the cut takes away counts no more as one of those that are kept.
    for (const name of ['snapshot.7', 'snapshot.8']) host.memory.now.remove(`${DIRECTORY}/${name}`)
    purge.resume()
    host.settle()
    expect(host.names()).toEqual(['snapshot.4', 'snapshot.5', 'snapshot.6'])
  })

  it('comes again behind two pauses, whenever the second begins', () => {
    for (const isFirstOver of [false, true]) {
      const { host, purge } = begun()
      purge.pause(() => undefined)
      if (isFirstOver) host.settle()
      purge.pause(() => undefined)
      host.settle()
      purge.resume()
      host.settle()
      expect(host.names(), String(isFirstOver)).toEqual(['snapshot.6', 'snapshot.7', 'snapshot.8'])
    }
  })

  it('whose time comes in a pause waits for its end', () => {
    const { host, purge, turns } = begun()
    host.settle()
    purge.pause(() => undefined)
    host.settle()
    host.write(`${DIRECTORY}/snapshot.9`, COMPLETE)
    turns.splice(0).forEach((ring) => ring())
    host.settle()
    expect(host.names()).toHaveLength(4)
    purge.resume()
    host.settle()
    expect(host.names()).toHaveLength(3)
  })

  it('is given up by a stop, also by one in a pause', () => {
    for (const isPausedFirst of [false, true]) {
      const { host, purge } = begun()
      const ended: string[] = []
      if (isPausedFirst) purge.pause(() => ended.push('paused'))
      purge.stop(() => ended.push('stopped'))
      expect(ended).toEqual([])
      host.settle()
      purge.resume()
      host.settle()
      expect(ended).toEqual(isPausedFirst ? ['paused', 'stopped'] : ['stopped'])
      expect(host.names()).toHaveLength(7)
    }
  })
})

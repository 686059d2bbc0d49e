import { describe, expect, it } from 'vitest'
import { dataDirs } from '../../../src/server/storage/data-dirs.ts'
import { oldLogs, oldSnapshots, purge } from '../../../src/server/storage/purge.ts'
import { DIRECTORY, TestHost } from './support.ts'

/** All that the quick check looks at. */
const COMPLETE = Buffer.from('5a4b534e00000000000000012f', 'hex')
const TORN = new Uint8Array(20)

describe('a purge', () => {
  it('is that of the format reference', () => {
    const host = new TestHost()
    for (const zxid of ['24', '40', '5e', '6d', '79']) host.write(`${DIRECTORY}/snapshot.${zxid}`, COMPLETE)
    host.write(`${DIRECTORY}/snapshot.7f`, TORN)
    const logs = ['log.1', 'log.2.bak', 'log.40', 'log.4e', 'log.60', 'log.7f', 'log.junk']
    for (const name of [...logs, 'snapshot.24.tmp', 'snapshot.junk', 'other']) {
      host.write(`${DIRECTORY}/${name}`, TORN)
    }
    const removed: string[] = []
    const observer = {
      onRemoving: (path: string, modifiedAt: number) => {
        expect(modifiedAt).toBe(1_700_000_000_000)
        expect(host.exists(path)).toBe(true)
        removed.push(path.slice(DIRECTORY.length + 1))
      },
      onFailed: () => expect.unreachable(),
    }
    host.finish(purge(host.disk, dataDirs('/data'), 3, observer))
    expect(removed).toEqual(['log.1', 'log.2.bak', 'log.40', 'log.junk', 'snapshot.24', 'snapshot.24.tmp', 'snapshot.40', 'snapshot.junk'])
    expect(host.names()).toEqual(['log.4e', 'log.60', 'log.7f', 'other', 'snapshot.5e', 'snapshot.6d', 'snapshot.79', 'snapshot.7f'])
  })

  it('keeps everything from the oldest on when there are fewer, and everything when there is none', () => {
    const host = new TestHost()
    const observer = { onRemoving: () => undefined, onFailed: () => expect.unreachable() }
    for (const name of ['log.1', 'log.5', 'snapshot.3']) host.write(`${DIRECTORY}/${name}`, TORN)
    host.finish(purge(host.disk, dataDirs('/data'), 3, observer))
    expect(host.names()).toEqual(['log.1', 'log.5', 'snapshot.3'])
    for (const zxid of ['6', '9']) host.write(`${DIRECTORY}/snapshot.${zxid}`, COMPLETE)
    host.finish(purge(host.disk, dataDirs('/data'), 3, observer))
    expect(host.names()).toEqual(['log.5', 'snapshot.6', 'snapshot.9'])
  })

  it('goes on when a file cannot be removed', () => {
    const host = new TestHost()
    for (const zxid of ['1', '2', '3', '4', '5']) host.write(`${DIRECTORY}/snapshot.${zxid}`, COMPLETE)
    const remove = host.memory.remove.bind(host.memory)
    host.memory.remove = (path, done) => {
      if (path.endsWith('.1')) done(new Error('EPERM'))
      else remove(path, done)
    }
    const failed: string[] = []
    const observer = { onRemoving: () => undefined, onFailed: (path: string, error: Error) => failed.push(`${path} ${error.message}`) }
    host.finish(purge(host.disk, dataDirs('/data'), 3, observer))
    expect(failed).toEqual([`${DIRECTORY}/snapshot.1 EPERM`])
    expect(host.names()).toEqual(['snapshot.1', 'snapshot.3', 'snapshot.4', 'snapshot.5'])
  })
})

describe('what is old', () => {
  it('among logs leaves the one that a snapshot starts in', () => {
    expect(oldLogs(['log.1', 'log.5', 'log.9'], 7n)).toEqual(['log.1'])
    expect(oldLogs(['log.1', 'log.5', 'log.9'], 9n)).toEqual(['log.1', 'log.5'])
    expect(oldLogs(['log.8', 'log.9'], 7n)).toEqual([])
    expect(oldLogs(['log.5', 'log.5.bak', 'log.x'], 7n)).toEqual(['log.x'])
  })

  it('among snapshots is everything below', () => {
    expect(oldSnapshots(['snapshot.1', 'snapshot.a.gz', 'snapshot.b', 'snapshots', 'log.1'], 11n)).toEqual(['snapshot.1', 'snapshot.a.gz'])
  })
})

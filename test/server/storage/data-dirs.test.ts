import { describe, expect, it } from 'vitest'
import { dataDirs, directorySize, openDataDirs } from '../../../src/server/storage/data-dirs.ts'
import { StartupRefused } from '../../../src/server/storage/storage-errors.ts'
import { TestHost } from './support.ts'

function refusal(work: () => void): { message: string; exitCode: number } {
  try {
    work()
  } catch (error) {
    expect(error).toBeInstanceOf(StartupRefused)
    return error as StartupRefused
  }
  throw new Error('the directories were not refused')
}

describe('data directories', () => {
  it('are version-2 below dataDir and dataLogDir, one when they are the same', () => {
    expect(dataDirs('/a//b/')).toEqual({
      dataDir: '/a/b',
      dataLogDir: '/a/b',
      snapshotDirectory: '/a/b/version-2',
      logDirectory: '/a/b/version-2',
    })
    expect(dataDirs('/snap', '/log')).toMatchObject({ snapshotDirectory: '/snap/version-2', logDirectory: '/log/version-2' })
  })

  it('are made', () => {
    const host = new TestHost()
    host.finish(openDataDirs(host.disk, { dataDir: '/x/y', dataLogDir: '/z', autocreate: true }))
    expect([host.exists('/x/y/version-2'), host.exists('/z/version-2')]).toEqual([true, true])
  })

  it('are missed when they are not to be made', () => {
    const host = new TestHost()
    const open = (dataDir: string, dataLogDir: string) => () => host.finish(openDataDirs(host.disk, { dataDir, dataLogDir, autocreate: false }))
    const rest = 'automatic data directory creation is disabled (zookeeper.datadir.autocreate is false). Please create this directory manually.'
    expect(refusal(open('/data', '/none'))).toMatchObject({ message: `Missing data directory /none/version-2, ${rest}`, exitCode: 3 })
    expect(refusal(open('/none', '/data'))).toMatchObject({ message: `Missing snap directory /none/version-2, ${rest}`, exitCode: 3 })
    expect(host.exists('/none')).toBe(false)
  })

  it('must be possible to make and to write to', () => {
    const host = new TestHost()
    const { disk, memory } = host
    memory.makeDirectory = (_path, done) => done(new Error('EACCES'))
    expect(refusal(() => host.finish(openDataDirs(disk, { dataDir: '/x', autocreate: true })))).toMatchObject({
      message: 'Unable to create data directory /x/version-2',
      exitCode: 3,
    })
    memory.canWrite = (_directory, done) => done(undefined, false)
    expect(refusal(() => host.finish(openDataDirs(disk, { dataDir: '/data', autocreate: true })))).toMatchObject({
      message: 'Cannot write to data directory /data/version-2',
      exitCode: 3,
    })
  })

  it('must not be mixed up', () => {
    const host = new TestHost()
    const open = (dataDir: string, dataLogDir: string) => host.finish(openDataDirs(host.disk, { dataDir, dataLogDir, autocreate: true }))
    open('/snap', '/log')
    host.write('/log/version-2/snapshot.junk', new Uint8Array(0))
    expect(refusal(() => open('/snap', '/log'))).toMatchObject({
      message: 'Log directory has snapshot files. Check if dataLogDir and dataDir configuration is correct.',
      exitCode: 3,
    })
    expect(open('/log', '/log').logDirectory).toBe('/log/version-2')
    host.write('/data/version-2/log.1', new Uint8Array(0))
    expect(refusal(() => open('/data', '/snap'))).toMatchObject({
      message: 'Snapshot directory has log files. Check if dataLogDir and dataDir configuration is correct.',
      exitCode: 3,
    })
  })

  it('have a size', () => {
    const host = new TestHost()
    expect(host.finish(directorySize(host.disk, '/none'))).toBe(0)
    host.write('/data/version-2/log.1', new Uint8Array(100))
    host.write('/data/myid', new Uint8Array(2))
    expect(host.finish(directorySize(host.disk, '/data'))).toBe(102)
  })
})

import { describe, expect, it } from 'vitest'
import { logName, logsFrom, NO_ZXID, snapshotName, storedFiles, unfinishedName, zxidFromName } from '../../../src/server/storage/file-names.ts'

describe('names of logs and snapshots', () => {
  it('are made with the zxid in bare hex', () => {
    expect(logName(0x1_0000_0abcn)).toBe('log.100000abc')
    expect(snapshotName(0n, '')).toBe('snapshot.0')
    expect(snapshotName(0x2fn, 'gz')).toBe('snapshot.2f.gz')
    expect(snapshotName(-1n, '')).toBe('snapshot.ffffffffffffffff')
  })

  it.each([
    ['log.1', 1n],
    ['log.1.bak', 1n],
    ['log.1.chopped16', 1n],
    ['log.+F', 15n],
    ['log.-f', -15n],
    ['log.7fffffffffffffff', 0x7fffffffffffffffn],
    ['log.8000000000000000', NO_ZXID],
    ['log.-8000000000000000', -0x8000000000000000n],
    ['log.ffffffffffffffff', NO_ZXID],
    ['log.zzz', NO_ZXID],
    ['log.', NO_ZXID],
    ['log..1', NO_ZXID],
    ['log', NO_ZXID],
    ['log. 1', NO_ZXID],
    ['log.0x1', NO_ZXID],
    ['logs.1', NO_ZXID],
    ['snapshot.1', NO_ZXID],
    [unfinishedName('log.1'), NO_ZXID],
  ])('%s stands for %s', (name, zxid) => {
    expect(zxidFromName(name, 'log')).toBe(zxid)
  })

  it('sort by zxid, not by text, and a copy comes before the real one', () => {
    const names = ['log.100', 'log.20', 'log.20.bak', 'log.3', 'log.junk', 'foo', 'snapshot.1']
    expect(storedFiles(names, 'log').map(({ name }) => name)).toEqual(['log.3', 'log.20.bak', 'log.20', 'log.100'])
  })

  it('tell which logs hold what comes from a zxid on', () => {
    const names = ['log.1', 'log.14', 'log.20', 'log.20.bak']
    const from = (zxid: bigint) => logsFrom(names, zxid).map(({ name }) => name)
    expect(from(0n)).toEqual(['log.1', 'log.14', 'log.20.bak', 'log.20'])
    expect(from(1n)).toEqual(['log.1', 'log.14', 'log.20.bak', 'log.20'])
    expect(from(2n)).toEqual(['log.1', 'log.14', 'log.20.bak', 'log.20'])
    expect(from(0x14n)).toEqual(['log.1', 'log.14', 'log.20.bak', 'log.20'])
    expect(from(0x15n)).toEqual(['log.14', 'log.20.bak', 'log.20'])
    expect(from(0x21n)).toEqual(['log.20'])
    expect(logsFrom(['log.junk'], 0n)).toEqual([])
  })
})

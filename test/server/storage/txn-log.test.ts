import { describe, expect, it } from 'vitest'
import type { Disk, DiskFile } from '../../../src/server/host/host.ts'
import { TxnLog, type TxnLogOptions } from '../../../src/server/storage/txn-log.ts'
import { TxnLogReader } from '../../../src/server/storage/txn-log-reader.ts'
import { changedDisk, changedFiles, changedOpen } from '../../support/changed-disk.ts'
import { DIRECTORY, MAX_LENGTH, TestHost, txn } from './support.ts'

const OPTIONS: TxnLogOptions = {
  directory: DIRECTORY,
  preAllocSizeBytes: 0,
  forceSync: true,
  txnLogSizeLimitBytes: 0,
  fsyncWarningThresholdMs: 1000,
}

function openLog(host: TestHost, changes: Partial<TxnLogOptions> = {}): TxnLog {
  const log = new TxnLog(host, { ...OPTIONS, ...changes })
  log.onFailure = (error) => {
    throw error
  }
  return log
}

function commit(host: TestHost, log: TxnLog, ...zxids: bigint[]): void {
  for (const zxid of zxids) log.append(zxid, txn(zxid))
  let durable = false
  log.commit(() => (durable = true))
  host.settle()
  expect(durable).toBe(true)
}

function readAll(host: TestHost, from = 0n): bigint[] {
  const reader = new TxnLogReader(host.disk, DIRECTORY, from, { maxLength: MAX_LENGTH })
  const zxids: bigint[] = []
  while (host.finish(reader.next())) {
    expect(Buffer.from(reader.payload).equals(txn(reader.zxid, reader.payload.length - 32))).toBe(true)
    zxids.push(reader.zxid)
  }
  return zxids
}

/** Says in order what is done to the disk below. */
function traced(disk: Disk, trace: string[]): Disk {
  const short = (path: string) => path.slice(DIRECTORY.length + 1)
  const tracedFile = (name: string, file: DiskFile): Partial<DiskFile> => ({
    write: (position, bytes, done) => {
      trace.push(`write ${name} ${position}+${bytes.length}`)
      file.write(position, bytes, done)
    },
    writeAndSync: (position, bytes, done) => {
      trace.push(`writeAndSync ${name} ${position}+${bytes.length}`)
      file.writeAndSync(position, bytes, (error) => {
        trace.push('synced')
        done(error)
      })
    },
    truncate: (length, done) => {
      trace.push(`truncate ${name} ${length}`)
      file.truncate(length, done)
    },
    close: (done) => {
      trace.push(`close ${name}`)
      file.close(done)
    },
  })
  const open = changedOpen(disk, (file, path) => tracedFile(short(path), file))
  return changedDisk(disk, {
    open: (path, mode, done) => {
      if (mode !== 'read') trace.push(`${mode} ${short(path)}`)
      open(path, mode, done)
    },
    rename: (from, to, done) => {
      trace.push(`rename ${short(from)} ${short(to)}`)
      disk.rename(from, to, done)
    },
    renameAndSync: (from, to, done) => {
      trace.push(`renameAndSync ${short(from)} ${short(to)}`)
      disk.renameAndSync(from, to, (error) => {
        trace.push('renamed')
        done(error)
      })
    },
  })
}

describe('the log being written', () => {
  it('is the sample of the format reference, byte for byte', () => {
    const host = new TestHost()
    const log = openLog(host)
    const header = '0100000cd80800000000000000000000' + '00000001000001a1ffd4477ffffffff6'
    const payload = Buffer.from(`${header}00002710000000020000000051c6d660`, 'hex')
    log.append(1n, payload)
    log.commit(() => undefined)
    host.settle()
    expect(Buffer.from(host.bytes(`${DIRECTORY}/log.1`)).toString('hex')).toBe(
      '5a4b4c47000000020000000000000000' + '00000000c6200aa3' + '00000030' + payload.toString('hex') + '42',
    )
  })

  it('appears under its name only when header and first entries are durable', () => {
    const host = new TestHost()
    const trace: string[] = []
    host.disk = traced(host.memory, trace)
    const log = openLog(host)
    log.append(0x10n, txn(0x10n))
    log.append(0x11n, txn(0x11n))
    log.commit(() => trace.push('durable'))
    expect(trace.at(-1)).not.toBe('durable')
    host.settle()
    expect(trace).toEqual([
      'create .unfinished-log.10',
      'writeAndSync .unfinished-log.10 0+122',
      'synced',
      'renameAndSync .unfinished-log.10 log.10',
      'renamed',
      'durable',
    ])
    trace.length = 0
    log.append(0x12n, txn(0x12n))
    log.commit(() => trace.push('durable'))
    host.settle()
    expect(trace).toEqual(['writeAndSync .unfinished-log.10 122+53', 'synced', 'durable'])
    expect(readAll(host)).toEqual([0x10n, 0x11n, 0x12n])
  })

  it('commits in groups: what comes while a write is under way goes into the next, and is answered in order', () => {
    const host = new TestHost()
    const trace: string[] = []
    host.disk = traced(host.memory, trace)
    const log = openLog(host)
    commit(host, log, 1n)
    trace.length = 0
    log.append(2n, txn(2n))
    log.commit(() => trace.push('durable 2'))
    expect(log.busy).toBe(true)
    log.append(3n, txn(3n))
    log.commit(() => trace.push('durable 3'))
    log.append(4n, txn(4n))
    log.commit(() => {
      trace.push('durable 4')
      expect(log.lastDurableZxid).toBe(4n)
    })
    host.settle()
    const answers = trace.filter((line) => !line.startsWith('writeAndSync'))
    expect(answers).toEqual(['synced', 'durable 2', 'synced', 'durable 3', 'durable 4'])
    expect(readAll(host)).toEqual([1n, 2n, 3n, 4n])
  })

  it('syncs a commit of more than 4 MiB in parts, so that not more than that is ever in doubt', () => {
    const host = new TestHost()
    const trace: string[] = []
    host.disk = traced(host.memory, trace)
    const log = openLog(host)
    for (let zxid = 1n; zxid <= 10n; zxid++) log.append(zxid, txn(zxid, 1 << 20))
    log.commit(() => trace.push('durable'))
    host.settle()
    const entry = 12 + 32 + (1 << 20) + 1
    expect(trace.filter((step) => !step.startsWith('rename') && !step.startsWith('create'))).toEqual([
      `writeAndSync .unfinished-log.1 0+${16 + 4 * entry}`,
      'synced',
      `writeAndSync .unfinished-log.1 ${16 + 4 * entry}+${4 * entry}`,
      'synced',
      `writeAndSync .unfinished-log.1 ${16 + 8 * entry}+${2 * entry}`,
      'synced',
      'durable',
    ])
    expect(readAll(host)).toHaveLength(10)
  })

  it('answers a commit of nothing, but not at once', () => {
    const host = new TestHost()
    const log = openLog(host)
    let durable = false
    log.commit(() => (durable = true))
    expect(durable).toBe(false)
    host.settle()
    expect(durable).toBe(true)
    expect(host.names()).toEqual([])
  })

  it('takes what a callback appends and commits', () => {
    const host = new TestHost()
    const log = openLog(host)
    const answers: bigint[] = []
    log.append(1n, txn(1n))
    log.commit(() => {
      answers.push(1n)
      log.append(3n, txn(3n))
      log.commit(() => answers.push(3n))
    })
    log.append(2n, txn(2n))
    log.commit(() => answers.push(2n))
    host.settle()
    expect(answers).toEqual([1n, 2n, 3n])
    expect(readAll(host)).toEqual([1n, 2n, 3n])
  })

  it('begins a new file after a roll, also between two txns of one commit', () => {
    const host = new TestHost()
    const log = openLog(host)
    log.append(1n, txn(1n))
    log.append(2n, txn(2n))
    expect(log.txnsSinceRoll).toBe(2)
    log.roll()
    expect(log.txnsSinceRoll).toBe(0)
    commit(host, log, 3n, 4n)
    expect(host.names()).toEqual(['log.1', 'log.3'])
    log.roll()
    log.roll()
    commit(host, log, 5n)
    expect(host.names()).toEqual(['log.1', 'log.3', 'log.5'])
    expect(readAll(host)).toEqual([1n, 2n, 3n, 4n, 5n])
  })

  it('writes to the old file what was appended before a roll while a write was under way', () => {
    const host = new TestHost()
    const log = openLog(host)
    log.append(1n, txn(1n))
    log.commit(() => undefined)
    log.append(2n, txn(2n))
    log.roll()
    log.append(3n, txn(3n))
    log.commit(() => undefined)
    host.settle()
    expect(host.names()).toEqual(['log.1', 'log.3'])
    expect(host.size(`${DIRECTORY}/log.1`)).toBe(16 + 2 * 53)
  })

  it('lets go of a file once the next one is begun', () => {
    const host = new TestHost()
    const trace: string[] = []
    host.disk = traced(host.memory, trace)
    const log = openLog(host)
    commit(host, log, 1n)
    log.roll()
    expect(trace).not.toContain('close .unfinished-log.1')
    commit(host, log, 2n)
    expect(trace.filter((line) => line.startsWith('close'))).toEqual(['close .unfinished-log.1'])
  })

  it('rolls by itself at the size limit, and counts on', () => {
    const host = new TestHost()
    const log = openLog(host, { txnLogSizeLimitBytes: 100 })
    for (let zxid = 1n; zxid <= 5n; zxid++) commit(host, log, zxid)
    expect(host.names()).toEqual(['log.1', 'log.3', 'log.5'])
    expect(log.txnsSinceRoll).toBe(5)
    expect(log.bytesSinceRoll).toBe(122 + 122 + 69)
  })

  it('does not take a file for too long that it has left already', () => {
    const host = new TestHost()
    const log = openLog(host, { txnLogSizeLimitBytes: 100 })
    log.append(1n, txn(1n))
    log.append(2n, txn(2n))
    log.commit(() => undefined)
    log.roll()
    log.append(3n, txn(3n))
    // The first write ends here, and its file is above the limit; the new one is not.
    while (log.lastDurableZxid < 2n) expect(host.step()).toBe(true)
    log.append(4n, txn(4n))
    commit(host, log)
    expect(host.names()).toEqual(['log.1', 'log.3'])
    expect(log.bytesSinceRoll).toBe(122)
  })

  it('rolls at every commit when the padding alone is above the size limit', () => {
    const host = new TestHost()
    const log = openLog(host, { txnLogSizeLimitBytes: 1024, preAllocSizeBytes: 65536 })
    for (let zxid = 1n; zxid <= 3n; zxid++) commit(host, log, zxid)
    expect(host.names()).toEqual(['log.1', 'log.2', 'log.3'])
  })

  it('never overwrites a txn when a zxid is logged twice', () => {
    const host = new TestHost()
    const log = openLog(host)
    commit(host, log, 7n)
    log.roll()
    commit(host, log, 7n, 8n)
    expect(host.names()).toEqual(['log.7', 'log.8'])
    expect(readAll(host)).toEqual([7n, 7n, 8n])
    expect(host.lines).toContain('warn Current zxid 7 is <= 7')
  })

  it('replaces a file of the same name whose first entry was torn', () => {
    const host = new TestHost()
    const log = openLog(host)
    commit(host, log, 7n)
    const whole = host.bytes(`${DIRECTORY}/log.7`)
    host.write(`${DIRECTORY}/log.7`, whole.subarray(0, whole.length - 1))
    commit(host, openLog(host), 7n, 8n)
    expect(readAll(host)).toEqual([7n, 8n])
  })

  it('does without syncs when told so', () => {
    const host = new TestHost()
    const trace: string[] = []
    host.disk = traced(host.memory, trace)
    const log = openLog(host, { forceSync: false })
    commit(host, log, 1n)
    commit(host, log, 2n)
    expect(trace).toEqual(['create .unfinished-log.1', 'write .unfinished-log.1 0+69', 'rename .unfinished-log.1 log.1', 'write .unfinished-log.1 69+53'])
  })

  it('commits the rest and closes its file at the end', () => {
    const host = new TestHost()
    const trace: string[] = []
    host.disk = traced(host.memory, trace)
    const log = openLog(host)
    commit(host, log, 1n)
    log.append(2n, txn(2n))
    log.close(() => trace.push('closed'))
    host.settle()
    expect(trace.slice(-3)).toEqual(['synced', 'close .unfinished-log.1', 'closed'])
    expect(readAll(host)).toEqual([1n, 2n])
    expect(() => log.append(3n, txn(3n))).toThrow('closed log')
  })

  it('tells when a zxid is durable', () => {
    const host = new TestHost()
    const log = openLog(host)
    const told: string[] = []
    log.whenDurable(9n, () => told.push('nothing under way'))
    expect(told).toEqual([])
    host.settle()
    expect(told).toEqual(['nothing under way'])
    log.append(10n, txn(10n))
    log.append(11n, txn(11n))
    log.whenDurable(10n, () => told.push('10'))
    log.whenDurable(12n, () => told.push('12, which never comes'))
    host.settle()
    expect(told).toEqual(['nothing under way'])
    commit(host, log)
    expect(told).toEqual(['nothing under way', '10', '12, which never comes'])
    log.whenDurable(11n, () => told.push('11'))
    host.settle()
    expect(told.at(-1)).toBe('11')
  })

  it('warns of a slow sync in the words operators look for', () => {
    const host = new TestHost()
    const log = openLog(host, { fsyncWarningThresholdMs: 20 })
    const syncs: [number, boolean][] = []
    log.onSync = (elapsedMs, slow) => syncs.push([elapsedMs, slow])
    log.append(1n, txn(1n))
    log.commit(() => undefined)
    host.timeMs += 20
    host.settle()
    log.append(2n, txn(2n))
    log.commit(() => undefined)
    host.timeMs += 21.5
    host.settle()
    expect(syncs).toEqual([
      [20, false],
      [21.5, true],
    ])
    expect(host.lines.filter((line) => line.startsWith('warn'))).toEqual([
      'warn fsync-ing the write ahead log in SyncThread took 21ms which will adversely effect operation latency.' +
        'File size is 122 bytes. See the ZooKeeper troubleshooting guide',
    ])
  })
})

describe('padding', () => {
  function sizes(preAllocSizeBytes: number, bodies: number[]): number[] {
    const host = new TestHost()
    const log = openLog(host, { preAllocSizeBytes })
    const seen: number[] = []
    bodies.forEach((body, index) => {
      log.append(BigInt(index + 1), txn(BigInt(index + 1), body))
      log.commit(() => undefined)
      host.settle()
      const size = host.size(`${DIRECTORY}/log.1`)
      if (size !== seen.at(-1)) seen.push(size)
    })
    return seen
  }

  /** The body that makes an entry of so many bytes in the file. */
  const entry = (size: number) => size - 13 - 32

  it('of 64 MiB makes a fresh file 64 MiB and a header long, sparsely', () => {
    expect(sizes(64 << 20, [8])).toEqual([67_108_880])
  })

  it('of 8 KiB grows as Java grows it', () => {
    const small = Array.from({ length: 41 }, () => entry(100))
    // 16 + 41 × 100 = 4116: the next entry finds less than 4096 bytes left of 8208.
    const upTo16400 = [...small, entry(100)]
    const upTo32366 = [...upTo16400, entry(32_366 - 16 - 42 * 100)]
    expect(sizes(8192, upTo32366)).toEqual([8208, 16_400, 32_366])
    const rest = Array.from({ length: 140 }, () => entry(100))
    expect(sizes(8192, [...upTo32366, ...rest]).slice(0, 6)).toEqual([8208, 16_400, 32_366, 32_768, 40_960, 49_152])
  })

  it('of 0 leaves the file as long as its entries', () => {
    expect(sizes(0, [8, 8])).toEqual([69, 122])
  })

  it('counts in what is held against the snapshot size limit', () => {
    const host = new TestHost()
    const log = openLog(host, { preAllocSizeBytes: 65_536 })
    commit(host, log, 1n)
    expect(log.bytesSinceRoll).toBe(65_552)
    log.roll()
    expect(log.bytesSinceRoll).toBe(0)
  })
})

describe('failure', () => {
  interface Fault {
    readonly name: string
    readonly break: (disk: Disk) => Disk
  }

  const error = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' })

  const faults: Fault[] = [
    {
      name: 'a write and sync',
      break: (disk) => changedFiles(disk, (file) => ({ writeAndSync: (_at, _bytes, done) => file.sync(() => done(error)) })),
    },
    { name: 'padding', break: (disk) => changedFiles(disk, (file) => ({ truncate: (_length, done) => file.sync(() => done(error)) })) },
    {
      name: 'a rename',
      break: (disk) => changedDisk(disk, { renameAndSync: (_from, _to, done) => disk.renameAndSync('/none', '/gone', () => done(error)) }),
    },
    {
      name: 'making a file',
      break: (disk) => changedDisk(disk, { open: (_path, _mode, done) => disk.rename('/none', '/gone', () => done(error, undefined as never)) }),
    },
  ]

  it.each(faults)('of $name is told once, and nothing is written or answered from then on', (fault) => {
    const host = new TestHost()
    host.disk = fault.break(host.memory)
    const log = new TxnLog(host, { ...OPTIONS, preAllocSizeBytes: 8192 })
    const failures: Error[] = []
    const answered: string[] = []
    log.onFailure = (failure) => failures.push(failure)
    log.append(1n, txn(1n))
    log.commit(() => answered.push('first'))
    expect(failures).toEqual([])
    log.append(2n, txn(2n))
    log.commit(() => answered.push('second'))
    log.whenDurable(1n, () => answered.push('durable'))
    host.settle()
    expect(failures).toEqual([error])
    expect(log.lastDurableZxid).toBe(-1n)
    const trace: string[] = []
    host.disk = traced(host.memory, trace)
    log.append(3n, txn(3n))
    log.commit(() => answered.push('third'))
    host.settle()
    expect(answered).toEqual([])
    expect(trace).toEqual([])
    expect(host.names()).not.toContain('log.1')
    log.close(() => answered.push('closed'))
    host.settle()
    expect(answered).toEqual(['closed'])
    expect(failures).toHaveLength(1)
  })

  it('calls nobody back who waits for a txn once it is abandoned', () => {
    const host = new TestHost()
    const log = new TxnLog(host, OPTIONS)
    log.onFailure = () => expect.unreachable()
    log.append(1n, txn(1n))
    log.commit(() => expect.unreachable())
    log.append(2n, txn(2n))
    log.commit(() => expect.unreachable())
    log.whenDurable(1n, () => expect.unreachable())
    log.abandon()
    host.settle()
    let closed = false
    log.close(() => (closed = true))
    host.settle()
    expect(closed).toBe(true)
  })

  it('leaves the history as it was before', () => {
    const host = new TestHost()
    const log = new TxnLog(host, OPTIONS)
    let failed = false
    log.onFailure = () => (failed = true)
    commit(host, log, 1n, 2n)
    log.roll()
    host.memory.renameAndSync = (_from, _to, done) => done(error)
    log.append(3n, txn(3n))
    log.commit(() => expect.unreachable())
    host.settle()
    expect(failed).toBe(true)
    expect(readAll(host)).toEqual([1n, 2n])
  })

  it('cuts off what is not durable, so that no restart serves it', () => {
    const host = new TestHost()
    let isBroken = false
    // As a system that shows the bytes and cannot get them to the disk.
    host.disk = changedFiles(host.memory, (file) => ({
      writeAndSync: (at, bytes, done) => file.write(at, bytes, () => done(isBroken ? error : undefined)),
    }))
    const log = new TxnLog(host, OPTIONS)
    commit(host, log, 1n, 2n)
    const length = host.size(`${DIRECTORY}/log.1`)
    isBroken = true
    log.append(3n, txn(3n))
    log.commit(() => expect.unreachable())
    host.settle()
    expect(host.size(`${DIRECTORY}/log.1`)).toBe(length)
    expect(readAll(host)).toEqual([1n, 2n])
  })

  it('is told after a second where the disk does not even cut back', () => {
    const host = new TestHost()
    let second: (() => void) | undefined
    host.clock.after = (delayMs, callback) => {
      expect(delayMs).toBe(1000)
      second = callback
      return { cancel: () => undefined }
    }
    let isBroken = false
    host.disk = changedFiles(host.memory, (file) => ({
      writeAndSync: (at, bytes, done) => (isBroken ? file.sync(() => done(error)) : file.writeAndSync(at, bytes, done)),
      truncate: () => undefined,
    }))
    const log = new TxnLog(host, OPTIONS)
    const failures: Error[] = []
    log.onFailure = (failure) => failures.push(failure)
    commit(host, log, 1n)
    isBroken = true
    log.append(2n, txn(2n))
    log.commit(() => expect.unreachable())
    host.settle()
    expect(failures).toEqual([])
    second!()
    host.settle()
    expect(failures).toEqual([error])
  })

  it.each([undefined, error])('lets nobody have the directory while the disk is at a write that was abandoned, and ends with %s', (outcome) => {
    const host = new TestHost()
    const trace: string[] = []
    let end: (() => void) | undefined
    let isHeld = false
    const held = changedFiles(host.memory, (file) => ({
      writeAndSync: (at, bytes, done) => (isHeld ? (end = () => done(outcome)) : file.writeAndSync(at, bytes, done)),
    }))
    host.disk = traced(held, trace)
    const log = new TxnLog(host, OPTIONS)
    commit(host, log, 1n)
    isHeld = true
    for (const zxid of [2n, 3n]) {
      log.append(zxid, txn(zxid))
      log.commit(() => expect.unreachable())
      log.roll()
    }
    log.abandon()
    trace.length = 0
    log.close(() => trace.push('closed'))
    host.settle()
    expect(trace).toEqual([])
    end!()
    host.settle()
    expect(trace).toEqual(['synced', ...(outcome === undefined ? [] : ['truncate .unfinished-log.1 69']), 'close .unfinished-log.1', 'closed'])
  })

  it('lets nobody have the directory while the log is cut back', () => {
    const host = new TestHost()
    const trace: string[] = []
    let end: (() => void) | undefined
    let isBroken = false
    const broken = changedFiles(host.memory, (file) => ({
      writeAndSync: (at, bytes, done) => (isBroken ? file.sync(() => done(error)) : file.writeAndSync(at, bytes, done)),
      truncate: (_length, done) => (end = () => done(undefined)),
    }))
    host.disk = traced(broken, trace)
    const log = new TxnLog(host, OPTIONS)
    commit(host, log, 1n)
    isBroken = true
    log.append(2n, txn(2n))
    log.commit(() => expect.unreachable())
    host.settle()
    trace.length = 0
    log.close(() => trace.push('closed'))
    host.settle()
    expect(trace).toEqual([])
    end!()
    host.settle()
    expect(trace).toEqual(['close .unfinished-log.1', 'closed'])
  })

  it('writes nothing more once it is abandoned, whatever the disk was at', () => {
    const host = new TestHost()
    const trace: string[] = []
    let end: (() => void) | undefined
    host.disk = traced(
      changedFiles(host.memory, () => ({ close: (done) => (end = done) })),
      trace,
    )
    const log = new TxnLog(host, OPTIONS)
    commit(host, log, 1n)
    log.roll()
    log.append(2n, txn(2n))
    log.commit(() => expect.unreachable())
    host.settle()
    trace.length = 0
    log.abandon()
    end!()
    host.settle()
    expect(trace).toEqual([])
  })

  it('while the last txns are written is told, and ends the closing', () => {
    const host = new TestHost()
    const log = new TxnLog(host, OPTIONS)
    const told: string[] = []
    log.onFailure = () => told.push('failed')
    host.disk = changedFiles(host.memory, (file) => ({ writeAndSync: (_at, _bytes, done) => file.sync(() => done(error)) }))
    log.append(1n, txn(1n))
    log.close(() => told.push('closed'))
    host.settle()
    expect(told).toEqual(['failed', 'closed'])
  })
})

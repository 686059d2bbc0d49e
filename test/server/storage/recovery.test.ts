import { describe, expect, it } from 'vitest'
import { dataDirs } from '../../../src/server/storage/data-dirs.ts'
import { recover, type Recovery, type RecoveryOptions } from '../../../src/server/storage/recovery.ts'
import { SnapshotWriter } from '../../../src/server/storage/snapshot-writer.ts'
import { CorruptStorage, StartupRefused } from '../../../src/server/storage/storage-errors.ts'
import { TxnLog } from '../../../src/server/storage/txn-log.ts'
import type { DiskFile } from '../../../src/server/host/host.ts'
import { MalformedFrame } from '../../../src/jute/malformed-frame.ts'
import { changedFiles } from '../../support/changed-disk.ts'
import { DIRECTORY, Image, MAX_LENGTH, sampleImage, TestHost, txn } from './support.ts'

const OPTIONS: RecoveryOptions = { dirs: dataDirs('/data'), maxLength: MAX_LENGTH, trustEmptySnapshot: false, autocreateDb: true }

function writeLog(host: TestHost, ...zxids: bigint[]): void {
  const options = { directory: DIRECTORY, preAllocSizeBytes: 8192, forceSync: true, txnLogSizeLimitBytes: 0, fsyncWarningThresholdMs: 1000 }
  const log = new TxnLog(host, options)
  for (const zxid of zxids) log.append(zxid, txn(zxid))
  log.close(() => undefined)
  host.settle()
}

function writeSnapshot(host: TestHost, zxid: bigint, digestZxid = zxid): void {
  const image = sampleImage()
  image.zxid = zxid
  image.zxidDigest = { zxid: digestZxid, version: 2, value: 1n }
  const options = { directory: DIRECTORY, compression: '', digestEnabled: true, serializeLastProcessedZxid: true } as const
  new SnapshotWriter(host, options).write(image, (error) => expect(error).toBeUndefined())
  host.settle()
  host.lines.length = 0
}

function run(host: TestHost, changes: Partial<RecoveryOptions> = {}, image = new Image()): { image: Image; recovery: Recovery } {
  return { recovery: host.finish(recover(host, { ...OPTIONS, ...changes }, image)), image }
}

function refusal(host: TestHost, changes: Partial<RecoveryOptions> = {}, image = new Image()): StartupRefused {
  try {
    run(host, changes, image)
  } catch (error) {
    expect(error).toBeInstanceOf(StartupRefused)
    return error as StartupRefused
  }
  throw new Error('the start was not refused')
}

describe('recovery', () => {
  it('loads the newest snapshot and replays what follows', () => {
    const host = new TestHost()
    writeSnapshot(host, 0n)
    writeLog(host, 1n, 2n, 3n, 4n)
    writeSnapshot(host, 2n)
    writeLog(host, 5n, 6n)
    const { image, recovery } = run(host)
    expect(recovery).toMatchObject({ kind: 'restored', lastZxid: 6n, txns: 4 })
    expect(recovery.snapshot).toEqual({ zxid: 2n, path: `${DIRECTORY}/snapshot.2`, modifiedAt: 1_700_000_000_000 })
    expect(image.replayed).toEqual([3n, 4n, 5n, 6n])
    expect(image.clears).toBe(1)
    expect(image.info?.zxid).toBe(2n)
    expect(host.lines).toContain('info 4 txns loaded in 0 ms')
  })

  it('without logs ends at the snapshot', () => {
    const host = new TestHost()
    writeSnapshot(host, 0x20n)
    expect(run(host).recovery).toMatchObject({ kind: 'restored', lastZxid: 0x20n, txns: 0 })
  })

  it('goes back to an older snapshot, and starts it clean', () => {
    const host = new TestHost()
    writeSnapshot(host, 0n)
    writeLog(host, 1n, 2n, 3n)
    writeSnapshot(host, 3n)
    const torn = host.bytes(`${DIRECTORY}/snapshot.3`)
    torn[40] ^= 1
    host.write(`${DIRECTORY}/snapshot.3`, torn)
    const { image, recovery } = run(host)
    expect(recovery).toMatchObject({ lastZxid: 3n, txns: 3, snapshot: { zxid: 0n } })
    expect(image.clears).toBe(2)
    expect(image.sessionTable).toHaveLength(2)
    expect(host.lines.some((line) => line === `warn problem reading snap file ${DIRECTORY}/snapshot.3`)).toBe(true)
  })

  describe('with a snapshot in the place of txns that the log never held', () => {
    const LEADER = { hasLeader: true }

    /** 1:1 to 1:3 are logged, the snapshot stands for what came up to its zxid, 2:1 and 2:2 are logged behind it. */
    function holed(zxid: bigint, damage: 'wrong' | 'torn', behind: bigint[] = [0x2_0000_0001n, 0x2_0000_0002n]): TestHost {
      const host = new TestHost()
      writeSnapshot(host, 0n)
      writeLog(host, 0x1_0000_0001n, 0x1_0000_0002n, 0x1_0000_0003n)
      writeSnapshot(host, zxid)
      if (behind.length > 0) writeLog(host, ...behind)
      const path = `${DIRECTORY}/snapshot.${zxid.toString(16)}`
      const bytes = host.bytes(path)
      bytes[40] ^= 1
      host.write(path, damage === 'torn' ? bytes.subarray(0, bytes.length - 1) : bytes)
      return host
    }

    it.each(['wrong', 'torn'] as const)('that is %s, refuses to go on behind the hole, and a member begins before it', (damage) => {
      const host = holed(0x1_0000_0008n, damage)
      expect(refusal(host).message).toBe('The log goes on with 0x200000001 behind the snapshot 0x100000008, which cannot be read: what came before it is lost')
      const { recovery, image } = run(host, LEADER)
      expect(recovery).toMatchObject({ kind: 'cut short', lastZxid: 0x1_0000_0003n, txns: 3 })
      expect(image.replayed).toEqual([0x1_0000_0001n, 0x1_0000_0002n, 0x1_0000_0003n])
    })

    it('and an epoch as its name, does so too', () => {
      const host = holed(0x2_0000_0000n, 'wrong')
      expect(refusal(host).exitCode).toBe(1)
      expect(run(host, LEADER).recovery).toMatchObject({ kind: 'cut short', lastZxid: 0x1_0000_0003n })
    })

    it('at the end of all, is what a member may have acknowledged, but not if it was never complete', () => {
      expect(run(holed(0x1_0000_0008n, 'wrong', []), LEADER).recovery.kind).toBe('cut short')
      expect(run(holed(0x1_0000_0008n, 'torn', []), LEADER).recovery.kind).toBe('restored')
      expect(run(holed(0x1_0000_0008n, 'wrong', [])).recovery).toMatchObject({ kind: 'restored', lastZxid: 0x1_0000_0003n })
    })

    it('is not seen in one whose last txn is logged', () => {
      for (const options of [LEADER, {}]) {
        expect(run(holed(0x1_0000_0003n, 'wrong'), options).recovery).toMatchObject({ kind: 'restored', lastZxid: 0x2_0000_0002n })
      }
    })
  })

  it('takes a node that cannot be as a reason to go back, and a disk error too', () => {
    const host = new TestHost()
    writeSnapshot(host, 0n)
    writeSnapshot(host, 3n)
    const image = new Image()
    const node = image.node.bind(image)
    image.node = (path, ...rest) => {
      if (image.clears === 1) throw new CorruptStorage('Invalid Datatree, unable to find parent')
      node(path, ...rest)
    }
    expect(run(host, {}, image).recovery.snapshot?.zxid).toBe(0n)

    const unreadable: DiskFile['read'] = (_position, _length, done) => done(Object.assign(new Error('EIO'), { code: 'EIO' }), undefined as never)
    host.disk = changedFiles(host.memory, (file, path) => ({
      read: (position, length, done) => (length > 5 && path.endsWith('snapshot.3') ? unreadable : file.read)(position, length, done),
    }))
    expect(run(host).recovery.snapshot?.zxid).toBe(0n)
  })

  it('lets a bug in the tree be a bug', () => {
    const host = new TestHost()
    writeSnapshot(host, 0n)
    const image = new Image()
    image.node = () => {
      throw new TypeError('a bug')
    }
    expect(() => run(host, {}, image)).toThrow(TypeError)
  })

  it('refuses when no snapshot that looks complete can be read', () => {
    const host = new TestHost()
    writeSnapshot(host, 3n)
    const bytes = host.bytes(`${DIRECTORY}/snapshot.3`)
    bytes[40] ^= 1
    host.write(`${DIRECTORY}/snapshot.3`, bytes)
    expect(refusal(host)).toMatchObject({ message: `Not able to find valid snapshots in ${DIRECTORY}`, exitCode: 1 })
  })

  it('tries a hundred snapshots and no more', () => {
    const host = new TestHost()
    for (let zxid = 0n; zxid <= 100n; zxid++) writeSnapshot(host, zxid)
    let tried = 0
    const image = new Image()
    image.node = () => {
      tried++
      throw new CorruptStorage('no')
    }
    expect(refusal(host, {}, image).message).toContain('Not able to find valid snapshots')
    expect(tried).toBe(100)
  })

  it('removes what a crash left half written, and nothing else', () => {
    const host = new TestHost()
    writeSnapshot(host, 0n)
    host.write(`${DIRECTORY}/.unfinished-log.5`, new Uint8Array(5))
    host.write(`${DIRECTORY}/.unfinished-snapshot.5`, new Uint8Array(5))
    host.write(`${DIRECTORY}/currentEpoch`, Buffer.from('1'))
    run(host)
    expect(host.names()).toEqual(['currentEpoch', 'snapshot.0'])
  })

  it('warns when the txns end before a fuzzy snapshot does', () => {
    const host = new TestHost()
    writeSnapshot(host, 0n, 0x30n)
    writeLog(host, 1n, 2n)
    run(host)
    expect(host.lines).toContain('warn Highest txn zxid 0x2 is not covering the snapshot digest zxid 0x30, which might lead to inconsistent state')
  })
})

describe('an empty directory', () => {
  it('is a new server', () => {
    const host = new TestHost()
    const { image, recovery } = run(host)
    expect(recovery).toMatchObject({ kind: 'created', lastZxid: 0n, snapshot: undefined, txns: 0 })
    expect([image.clears, image.empties]).toEqual([1, 1])
  })

  it('is one even when a torn snapshot lies there', () => {
    const host = new TestHost()
    host.write(`${DIRECTORY}/snapshot.5`, new Uint8Array(100))
    expect(run(host).recovery.kind).toBe('created')
    expect(host.lines).toContain('info Invalid snapshot snapshot.5. len = 100')
  })

  it('is one even when something lies there that ends like a snapshot, but is too short for one', () => {
    const host = new TestHost()
    host.write(`${DIRECTORY}/snapshot.5`, Buffer.from('00000000000000012f', 'hex').subarray(-9))
    expect(run(host).recovery.kind).toBe('created')
  })

  it('is suspicious when databases are not to be made by themselves', () => {
    const host = new TestHost()
    expect(run(host, { autocreateDb: false }).recovery).toMatchObject({ kind: 'suspicious', lastZxid: -1n })
    expect(host.lines).toContain('warn Unexpected empty data tree, setting zxid to -1')
  })

  it('is trusted once by a file called initialize beside the logs', () => {
    const host = new TestHost()
    host.write('/data/initialize', new Uint8Array(0))
    expect(run(host, { autocreateDb: false }).recovery.kind).toBe('created')
    expect(host.exists('/data/initialize')).toBe(false)
    expect(run(host, { autocreateDb: false }).recovery.kind).toBe('suspicious')
  })

  it('loses that file at any start, but not at one that fails before', () => {
    const host = new TestHost()
    writeSnapshot(host, 0n)
    host.write('/data/initialize', new Uint8Array(0))
    expect(run(host, { autocreateDb: false }).recovery.kind).toBe('restored')
    expect(host.exists('/data/initialize')).toBe(false)
  })
})

describe('logs without a snapshot', () => {
  it.each([
    ['with txns', (host: TestHost) => writeLog(host, 1n, 2n)],
    ['with a header only', (host: TestHost) => host.write(`${DIRECTORY}/log.1`, Buffer.from('5a4b4c47000000020000000000000000', 'hex'))],
  ])('%s are refused', (_what, lay) => {
    const host = new TestHost()
    lay(host)
    expect(refusal(host)).toMatchObject({ message: 'No snapshot found, but there are log entries. Something is broken!', exitCode: 1 })
  })

  it('are replayed from nothing when that is trusted', () => {
    const host = new TestHost()
    writeLog(host, 1n, 2n)
    const { image, recovery } = run(host, { trustEmptySnapshot: true })
    expect(image.empties).toBe(1)
    expect(recovery).toMatchObject({ kind: 'restored', lastZxid: 2n, snapshot: undefined })
    expect(image.replayed).toEqual([1n, 2n])
    expect(host.lines).toContain('warn No snapshot found, but there are log entries. This should only be allowed during upgrading.')
  })

  it('of junk names are none', () => {
    const host = new TestHost()
    host.write(`${DIRECTORY}/log.junk`, new Uint8Array(5))
    expect(run(host).recovery.kind).toBe('created')
  })
})

describe('the order of txns', () => {
  function replay(...files: bigint[][]): { host: TestHost; result: () => bigint[] } {
    const host = new TestHost()
    writeSnapshot(host, 0n)
    for (const zxids of files) writeLog(host, ...zxids)
    return { host, result: () => run(host).image.replayed }
  }

  it('may jump to a new epoch anywhere, and begin anywhere', () => {
    const epochs = [0x1_0000_0005n, 0x1_0000_0006n, 0x3_0000_0002n, 0x3_0000_0003n]
    expect(replay(epochs).result()).toEqual(epochs)
  })

  it.each([
    { where: 'between files', files: [[1n, 2n], [4n]], message: '0x4 is not the next proposal of 0x2' },
    { where: 'within a file', files: [[1n, 2n, 3n, 5n]], message: '0x5 is not the next proposal of 0x3' },
    {
      where: 'in a later epoch',
      files: [[0x1_0000_0001n], [0x1_0000_0003n]],
      message: '0x100000003 is not the next proposal of 0x100000001',
    },
  ])('must not have a hole $where', ({ files, message }) => {
    const { host } = replay(...files)
    expect(refusal(host)).toMatchObject({ message: `Committed proposal cached out of order: ${message}`, exitCode: 1 })
  })

  it('is not turned back by a forgotten copy of a log, nor by a zxid logged twice', () => {
    const { host, result } = replay([1n, 2n, 3n], [4n, 5n])
    host.write(`${DIRECTORY}/log.1.bak`, host.bytes(`${DIRECTORY}/log.1`).subarray(0, 16 + 2 * 53))
    expect(result()).toEqual([1n, 2n, 3n, 4n, 5n])
    expect(host.lines.filter((line) => line.startsWith('error'))).toEqual(['error 2(highestZxid) >= 1(next log) for type 5'])
    expect(host.lines).toContain('warn 2 txns of the logs are not newer than those before them and were left out')
  })
})

describe('damaged logs', () => {
  it('refuse the start with the reason', () => {
    const host = new TestHost()
    writeSnapshot(host, 0n)
    writeLog(host, 1n, 2n)
    const bytes = host.bytes(`${DIRECTORY}/log.1`)
    bytes[60] ^= 1
    host.write(`${DIRECTORY}/log.1`, bytes)
    expect(refusal(host)).toMatchObject({ message: `CRC check failed: ${DIRECTORY}/log.1 at 16`, exitCode: 1 })
  })

  it('lose an empty last file, with a warning', () => {
    const host = new TestHost()
    writeSnapshot(host, 0n)
    writeLog(host, 1n)
    host.write(`${DIRECTORY}/log.2`, new Uint8Array(0))
    expect(run(host).recovery.lastZxid).toBe(1n)
    expect(host.names()).toEqual(['log.1', 'snapshot.0'])
    expect(host.lines).toContain('warn Delete empty tail log file to recover from corruption file: log.2')
  })

  it('lose a last write that a loss of power cut through, for good', () => {
    const host = new TestHost()
    writeSnapshot(host, 0n)
    writeLog(host, 1n, 2n)
    const path = `${DIRECTORY}/log.1`
    const whole = host.bytes(path).slice(0, 16 + 2 * 53)
    const long = txn(3n, 2000)
    const log = new TxnLog(host, { directory: '/other', preAllocSizeBytes: 0, forceSync: true, txnLogSizeLimitBytes: 0, fsyncWarningThresholdMs: 1000 })
    host.memory.now.makeDirectory('/other')
    log.append(3n, long)
    log.append(4n, txn(4n))
    log.close(() => undefined)
    host.settle()
    const torn = Uint8Array.from(Buffer.concat([whole, host.bytes('/other/log.3').subarray(16), new Uint8Array(500)]))
    torn.fill(0, 1024, 1536)
    host.write(path, torn)
    expect(run(host)).toMatchObject({ recovery: { lastZxid: 2n }, image: { replayed: [1n, 2n] } })
    expect(host.lines.filter((line) => line.startsWith('warn'))).toEqual([
      `warn ${path} ends at ${whole.length} with a write that was cut short by a loss of power: what is left of it is cut off`,
    ])
    expect(Buffer.from(host.bytes(path)).equals(whole)).toBe(true)
    // What follows goes into a file of its own, and nothing is torn any more.
    writeLog(host, 3n)
    host.lines.length = 0
    expect(run(host).recovery.lastZxid).toBe(3n)
    expect(host.lines.filter((line) => line.startsWith('warn'))).toEqual([])
  })

  it('refuse the start when the tree cannot read a txn', () => {
    const host = new TestHost()
    writeSnapshot(host, 0n)
    writeLog(host, 1n)
    const image = new Image()
    image.replay = () => {
      throw new MalformedFrame('length', 'Unreasonable length = 7000000')
    }
    expect(refusal(host, {}, image)).toMatchObject({ message: 'Unreasonable length = 7000000', exitCode: 1 })
  })

  it('end with a txn that is whole and whose record is not, each file for itself', () => {
    const host = new TestHost()
    writeSnapshot(host, 0n)
    writeLog(host, 1n, 2n, 3n)
    writeLog(host, 5n)
    const image = new Image()
    const replay = image.replay.bind(image)
    const cut = (zxid: bigint): void => {
      image.replay = (header, payload) => {
        if (header.zxid === zxid) throw new MalformedFrame('end', 'the frame ends 4 bytes early')
        replay(header, payload)
      }
    }
    cut(2n)
    expect(refusal(host, {}, image).message).toBe('Committed proposal cached out of order: 0x5 is not the next proposal of 0x1')
    host.memory.now.remove(`${DIRECTORY}/log.5`)
    writeLog(host, 2n)
    host.lines.length = 0
    cut(3n)
    expect(run(host, {}, image).recovery).toMatchObject({ lastZxid: 2n, txns: 2 })
    expect(host.lines).toContain('warn The txn 0x3 is cut short, what follows it in its file is left out: the frame ends 4 bytes early')
  })
})

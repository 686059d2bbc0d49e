import { describe, expect, it } from 'vitest'
import { dataDirs } from '../../../src/server/storage/data-dirs.ts'
import { recover } from '../../../src/server/storage/recovery.ts'
import { SnapshotWriter } from '../../../src/server/storage/snapshot-writer.ts'
import { TxnLog } from '../../../src/server/storage/txn-log.ts'
import { truncateHistory } from '../../../src/server/storage/txn-log-truncate.ts'
import { DIRECTORY, Image, MAX_LENGTH, sampleImage, TestHost, txn } from './support.ts'

const DIRS = dataDirs('/data')

/** Snapshots and logs as a server leaves them: `snapshots` by zxid, each inner list one log. */
function lay(snapshots: bigint[], logs: bigint[][]): TestHost {
  const host = new TestHost()
  for (const zxid of snapshots) {
    const image = sampleImage()
    image.zxid = zxid
    const options = { directory: DIRECTORY, compression: '', digestEnabled: false, serializeLastProcessedZxid: false } as const
    new SnapshotWriter(host, options).write(image, (error) => expect(error).toBeUndefined())
    host.settle()
  }
  const options = { directory: DIRECTORY, preAllocSizeBytes: 8192, forceSync: true, txnLogSizeLimitBytes: 0, fsyncWarningThresholdMs: 1000 }
  for (const zxids of logs) {
    const log = new TxnLog(host, options)
    for (const zxid of zxids) log.append(zxid, txn(zxid))
    log.close(() => undefined)
    host.settle()
  }
  return host
}

function truncate(host: TestHost, zxid: bigint): Error | undefined {
  try {
    host.finish(truncateHistory(host.disk, DIRS, zxid, MAX_LENGTH))
    return undefined
  } catch (error) {
    return error as Error
  }
}

function recovered(host: TestHost): { lastZxid: bigint; replayed: bigint[] } {
  const image = new Image()
  const options = { dirs: DIRS, maxLength: MAX_LENGTH, trustEmptySnapshot: false, autocreateDb: true }
  return { lastZxid: host.finish(recover(host, options, image)).lastZxid, replayed: image.replayed }
}

describe('cutting history back', () => {
  it('leaves exactly what is at or below the zxid', () => {
    const host = lay(
      [0n, 3n, 5n],
      [
        [1n, 2n, 3n, 4n],
        [5n, 6n, 7n],
        [8n, 9n],
      ],
    )
    expect(truncate(host, 6n)).toBeUndefined()
    expect(host.names()).toEqual(['log.1', 'log.5', 'snapshot.0', 'snapshot.3', 'snapshot.5'])
    expect(host.size(`${DIRECTORY}/log.5`)).toBe(16 + 2 * 53)
    expect(recovered(host)).toEqual({ lastZxid: 6n, replayed: [6n] })
  })

  it('removes snapshots above, which would bring back what was cut', () => {
    const host = lay(
      [0n, 3n, 5n],
      [
        [1n, 2n, 3n, 4n],
        [5n, 6n, 7n],
      ],
    )
    expect(truncate(host, 4n)).toBeUndefined()
    expect(host.names()).toEqual(['log.1', 'snapshot.0', 'snapshot.3'])
    expect(recovered(host)).toEqual({ lastZxid: 4n, replayed: [4n] })
  })

  it('cuts before the first txn above when the zxid itself was never logged', () => {
    const host = lay([0n], [[0x1_0000_0001n, 0x1_0000_0002n, 0x2_0000_0001n]])
    expect(truncate(host, 0x1_0000_0009n)).toBeUndefined()
    expect(recovered(host).lastZxid).toBe(0x1_0000_0002n)
  })

  it('may leave a log with nothing but its header', () => {
    const host = lay([0n], [[1n, 2n]])
    host.memory.now.rename(`${DIRECTORY}/log.1`, `${DIRECTORY}/log.0`)
    expect(truncate(host, 0n)).toBeUndefined()
    expect(host.size(`${DIRECTORY}/log.0`)).toBe(16)
    expect(recovered(host)).toEqual({ lastZxid: 0n, replayed: [] })
  })

  it('does nothing when there is nothing above', () => {
    const host = lay([0n], [[1n, 2n]])
    const before = host.bytes(`${DIRECTORY}/log.1`)
    expect(truncate(host, 2n)).toBeUndefined()
    expect(host.bytes(`${DIRECTORY}/log.1`)).toEqual(before)
  })

  it('removes snapshots that no log belongs to', () => {
    const noLogs = lay([0n, 3n, 5n], [])
    expect(truncate(noLogs, 3n)).toBeUndefined()
    expect(noLogs.names()).toEqual(['snapshot.0', 'snapshot.3'])
  })

  it('fails, and changes nothing, without a snapshot to go back to', () => {
    const noSnapshot = lay([5n], [[1n, 2n, 3n, 4n, 5n, 6n]])
    expect(truncate(noSnapshot, 3n)?.message).toContain('No snapshot at or below 0x3')
    expect(noSnapshot.names()).toEqual(['log.1', 'snapshot.5'])
  })

  it('fails over a damaged log', () => {
    const host = lay([0n], [[1n, 2n, 3n]])
    const bytes = host.bytes(`${DIRECTORY}/log.1`)
    bytes[50] ^= 1
    host.write(`${DIRECTORY}/log.1`, bytes)
    expect(truncate(host, 2n)?.message).toContain('CRC check failed')
  })

  it('ended by a crash at any step leaves a whole history', () => {
    for (let steps = 0; steps < 10; steps++) {
      const host = lay(
        [0n, 3n, 5n, 8n],
        [
          [1n, 2n, 3n, 4n],
          [5n, 6n, 7n],
          [8n, 9n],
        ],
      )
      const remove = host.memory.remove.bind(host.memory)
      let left = steps
      host.memory.remove = (path, done) => {
        if (left-- <= 0) done(new Error('crash'))
        else remove(path, done)
      }
      truncate(host, 4n)
      host.memory.remove = remove
      const { lastZxid, replayed } = recovered(host)
      expect([4n, 7n, 9n]).toContain(lastZxid)
      replayed.forEach((zxid, index) => expect(zxid - replayed[0]).toBe(BigInt(index)))
    }
  })
})

import { describe, expect, it } from 'vitest'
import type { DiskWork } from '../../../src/server/host/disk-work.ts'
import { LogCursor } from '../../../src/server/storage/log-cursor.ts'
import { CorruptStorage } from '../../../src/server/storage/storage-errors.ts'
import { TxnLog } from '../../../src/server/storage/txn-log.ts'
import { TxnLogReader } from '../../../src/server/storage/txn-log-reader.ts'
import { DIRECTORY, MAX_LENGTH, TestHost, txn } from './support.ts'

const HEADER = 16
/** Bytes of a txn of 8 body bytes in a file. */
const ENTRY = 13 + 32 + 8

/** Writes the txns into one new log and gives its bytes. */
function logOf(host: TestHost, zxids: bigint[], bodySize = 8): Uint8Array {
  const options = { directory: DIRECTORY, preAllocSizeBytes: 0, forceSync: true, txnLogSizeLimitBytes: 0, fsyncWarningThresholdMs: 1000 }
  const log = new TxnLog(host, options)
  for (const zxid of zxids) log.append(zxid, txn(zxid, bodySize))
  log.close(() => undefined)
  host.settle()
  return host.bytes(`${DIRECTORY}/log.${zxids[0].toString(16)}`)
}

function read(host: TestHost, from = 0n, maxLength = MAX_LENGTH): { zxids: bigint[]; error: unknown; deleted: string[]; torn: number[] } {
  const deleted: string[] = []
  const torn: number[] = []
  const observer = {
    onDeleted: (name: string) => deleted.push(name),
    *onTorn(_path: string, position: number): DiskWork<void> {
      torn.push(position)
    },
  }
  const reader = new TxnLogReader(host.disk, DIRECTORY, from, { maxLength, ...observer })
  const zxids: bigint[] = []
  try {
    while (host.finish(reader.next())) {
      expect(reader.header().zxid).toBe(reader.zxid)
      expect(Buffer.from(reader.payload).equals(txn(reader.zxid, reader.payload.length - 32))).toBe(true)
      zxids.push(reader.zxid)
    }
    return { zxids, error: undefined, deleted, torn }
  } catch (error) {
    return { zxids, error, deleted, torn }
  } finally {
    host.finish(reader.close())
  }
}

function upTo(count: number): bigint[] {
  return Array.from({ length: count }, (_, index) => BigInt(index + 1))
}

describe('reading logs', () => {
  it('goes from file to file and skips what lies below', () => {
    const host = new TestHost()
    logOf(host, [1n, 2n, 3n])
    logOf(host, [4n, 5n])
    logOf(host, [0x1_0000_0001n])
    expect(read(host).zxids).toEqual([1n, 2n, 3n, 4n, 5n, 0x1_0000_0001n])
    expect(read(host, 3n).zxids).toEqual([3n, 4n, 5n, 0x1_0000_0001n])
    expect(read(host, 6n).zxids).toEqual([0x1_0000_0001n])
    expect(read(host, 0x1_0000_0002n).zxids).toEqual([])
    expect(read(new TestHost()).zxids).toEqual([])
  })

  it('reads entries larger than what is read at once', () => {
    const host = new TestHost()
    logOf(host, [1n, 2n, 3n, 4n], 700_000)
    expect(read(host).zxids).toEqual([1n, 2n, 3n, 4n])
  })

  it('takes an entry of the longest length and none above', () => {
    const host = new TestHost()
    logOf(host, [1n], 100)
    expect(read(host, 0n, 132).zxids).toEqual([1n])
    const { error } = read(host, 0n, 131)
    expect(error).toBeInstanceOf(CorruptStorage)
    expect((error as Error).message).toContain('Unreasonable length = 132')
  })

  it('looks at nothing but the magic of a header', () => {
    const host = new TestHost()
    const bytes = logOf(host, [1n])
    bytes[7] = 77
    bytes[14] = 0x30
    host.write(`${DIRECTORY}/log.1`, bytes)
    expect(read(host).zxids).toEqual([1n])
    const cursor = host.finish(LogCursor.open(host.disk, `${DIRECTORY}/log.1`))
    expect([cursor.version, cursor.dbid]).toEqual([77, 12288n])
  })

  it.each(['00000000', 'ffffffff'])('stops reading a file at the length %s', (length) => {
    const host = new TestHost()
    const bytes = Buffer.concat([logOf(host, [1n]), Buffer.from(`0000000000000001${length}`, 'hex'), new Uint8Array(50)])
    host.write(`${DIRECTORY}/log.1`, bytes)
    expect(read(host)).toMatchObject({ zxids: [1n], error: undefined })
  })

  it('stops reading a file at a payload without a whole header', () => {
    const host = new TestHost()
    const bytes = Buffer.concat([logOf(host, [1n]), Buffer.from('0000000000620062' + '00000001' + '61' + '42', 'hex')])
    host.write(`${DIRECTORY}/log.1`, bytes)
    expect(read(host)).toMatchObject({ zxids: [1n], error: undefined })
  })
})

describe('a log cut short', () => {
  it.each(['bare', 'followed by zeros'])('at any byte, %s, ends after its last whole entry', (form) => {
    const host = new TestHost()
    const bytes = logOf(host, upTo(4))
    for (let length = HEADER; length <= bytes.length; length++) {
      const tail = form === 'bare' ? new Uint8Array(0) : new Uint8Array(100)
      host.write(`${DIRECTORY}/log.1`, Buffer.concat([bytes.subarray(0, length), tail]))
      const whole = Math.floor((length - HEADER) / ENTRY)
      expect(read(host), `cut at ${length}`).toMatchObject({ zxids: upTo(whole), error: undefined, deleted: [] })
    }
  })

  it('in the middle of the history goes on with the next file: gaps are for the caller', () => {
    const host = new TestHost()
    const bytes = logOf(host, upTo(4))
    logOf(host, [5n, 6n])
    host.write(`${DIRECTORY}/log.1`, bytes.subarray(0, HEADER + 2 * ENTRY + 20))
    expect(read(host).zxids).toEqual([1n, 2n, 5n, 6n])
  })

  it('within the header is an error', () => {
    const host = new TestHost()
    const bytes = logOf(host, [1n])
    for (let length = 1; length < HEADER; length++) {
      host.write(`${DIRECTORY}/log.1`, bytes.subarray(0, length))
      expect(read(host).error, `${length}`).toBeInstanceOf(CorruptStorage)
    }
  })

  it('to nothing is deleted if it is the last, and an error otherwise', () => {
    const host = new TestHost()
    logOf(host, [1n])
    host.write(`${DIRECTORY}/log.2`, new Uint8Array(0))
    expect(read(host)).toMatchObject({ zxids: [1n], error: undefined, deleted: ['log.2'] })
    expect(host.names()).toEqual(['log.1'])
    host.write(`${DIRECTORY}/log.0`, new Uint8Array(0))
    expect(read(host).error).toBeInstanceOf(CorruptStorage)
    expect(host.names()).toEqual(['log.0', 'log.1'])
  })
})

describe('a log with one bit turned over', () => {
  it('is refused, or ends, according to where', () => {
    const host = new TestHost()
    const bytes = logOf(host, upTo(3))
    for (let at = 0; at < bytes.length; at++) {
      const flipped = Uint8Array.from(bytes)
      flipped[at] ^= 0x01
      host.write(`${DIRECTORY}/log.1`, flipped)
      const { zxids, error } = read(host)
      const where = `byte ${at}`
      if (at < 4) {
        expect((error as Error).message, where).toMatch(/invalid magic number \d+ != 1514884167/)
      } else if (at < HEADER) {
        expect({ zxids, error }, where).toEqual({ zxids: upTo(3), error: undefined })
      } else {
        const before = upTo(Math.floor((at - HEADER) / ENTRY))
        const inEntry = (at - HEADER) % ENTRY
        expect(zxids, where).toEqual(before)
        if (inEntry >= 8 && inEntry < 11) {
          // A length of 65,536 and more: beyond the file, or beyond reason.
          if (inEntry === 8) expect((error as Error).message, where).toContain('Unreasonable length')
          else expect(error, where).toBeUndefined()
        } else if (inEntry === 11 || inEntry === ENTRY - 1) {
          expect(error, where).toBeUndefined()
        } else {
          expect((error as Error).message, where).toContain('CRC check failed')
        }
      }
    }
  })

  it('is refused even in what is skipped', () => {
    const host = new TestHost()
    const bytes = logOf(host, upTo(3))
    bytes[HEADER + ENTRY - 5] ^= 1
    host.write(`${DIRECTORY}/log.1`, bytes)
    expect(read(host, 3n).error).toBeInstanceOf(CorruptStorage)
  })
})

describe('a log cut through by a loss of power', () => {
  const SECTOR = 512
  const BODY = 2700

  /** Two long txns, and one sector of the second did not reach the disk. */
  function torn(lost: number): { host: TestHost; position: number } {
    const host = new TestHost()
    const bytes = Uint8Array.from(logOf(host, [1n, 2n], BODY))
    const position = HEADER + (bytes.length - HEADER) / 2
    const sector = (Math.floor(position / SECTOR) + lost) * SECTOR
    bytes.fill(0, Math.max(position, sector), sector + SECTOR)
    host.write(`${DIRECTORY}/log.1`, bytes)
    return { host, position }
  }

  it.each([0, 1, 3, 4])('ends before the entry that lacks sector %i', (lost) => {
    const { host, position } = torn(lost)
    const found = read(host)
    expect(found).toMatchObject({ zxids: [1n], error: undefined })
    // Without its first sector an entry has no length, and the padding begins there.
    expect(found.torn).toEqual(lost === 0 ? [] : [position])
  })

  it('was not written to any more if another file follows it, and is refused', () => {
    const { host, position } = torn(2)
    logOf(host, [2n, 3n])
    expect((read(host).error as Error).message).toBe(`CRC check failed: ${DIRECTORY}/log.1 at ${position}`)
  })

  it('is refused for who would not mend it', () => {
    const { host } = torn(2)
    const reader = new TxnLogReader(host.disk, DIRECTORY, 0n, { maxLength: MAX_LENGTH })
    expect(host.finish(reader.next())).toBe(true)
    expect(() => host.finish(reader.next())).toThrow('CRC check failed')
    host.finish(reader.close())
  })

  it('is not what a wrong bit makes of a log, be there sectors of zeros behind it', () => {
    const host = new TestHost()
    const bytes = Uint8Array.from(logOf(host, upTo(2)))
    bytes[HEADER + 20] ^= 1
    host.write(`${DIRECTORY}/log.1`, Buffer.concat([bytes, new Uint8Array(4 * SECTOR)]))
    expect((read(host).error as Error).message).toContain('CRC check failed')
  })
})

describe('a cursor', () => {
  it('tells entries, wrong checksums and ends apart', () => {
    const host = new TestHost()
    const path = `${DIRECTORY}/log.1`
    const bytes = logOf(host, upTo(2))
    bytes[HEADER + 20] ^= 1
    host.write(path, Buffer.concat([bytes, new Uint8Array(40)]))
    const cursor = host.finish(LogCursor.open(host.disk, path, MAX_LENGTH))
    expect(host.finish(cursor.next())).toMatchObject({ kind: 'entry', position: HEADER, checksumRight: false })
    expect(host.finish(cursor.next())).toMatchObject({ kind: 'entry', position: HEADER + ENTRY, checksumRight: true })
    const end = { kind: 'end', position: HEADER + 2 * ENTRY, why: 'padding' }
    expect([host.finish(cursor.next()), host.finish(cursor.next())]).toEqual([end, end])
    host.write(path, bytes.subarray(0, HEADER + 2 * ENTRY - 1))
    const cut = host.finish(LogCursor.open(host.disk, path))
    host.finish(cut.next())
    expect(host.finish(cut.next())).toMatchObject({ kind: 'end', why: 'eof', position: HEADER + ENTRY })
    bytes[HEADER + ENTRY - 1] = 0
    host.write(path, bytes)
    expect(host.finish(host.finish(LogCursor.open(host.disk, path)).next())).toMatchObject({ kind: 'end', why: 'trailer', position: HEADER })
  })
})

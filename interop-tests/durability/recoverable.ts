// What a server would find after a loss of power at this moment: the newest snapshot that is there as a whole, and the txns behind it that are in
// the logs without a gap. Read with a few lines of its own, so that the server's recovery is not asked whether the server is right.
import { basename } from 'node:path'
import { OpCode } from '../../src/protocol/codes.ts'
import { adler32 } from '../../src/server/storage/adler32.ts'
import type { TracedFile, VolatileDisk } from './volatile-disk.ts'

const FILE_HEADER_BYTES = 16
const LOG_MAGIC = 0x5a4b4c47
const SNAPSHOT_END = Buffer.from([0, 0, 0, 1, 0x2f])
/** From the end of a snapshot: seal, last zxid, seal, and at last the zxid of the digest. */
const DIGEST_BLOCK_FROM_END = 13 + 8 + 13 + 8 + 4 + 8

/** The zxid in the name of a log or snapshot. */
export function namedZxid(path: string, kind: 'log' | 'snapshot'): bigint | undefined {
  const digits = new RegExp(`^${kind}\\.([0-9a-f]+)(\\.\\w+)?$`).exec(basename(path))?.[1]
  return digits === undefined ? undefined : BigInt(`0x${digits}`)
}

interface LogEntry {
  readonly zxid: bigint
  readonly type: number
  readonly clientId: bigint
}

export class Recoverable {
  /** The highest zxid that would be found; -1 when there would be no snapshot. */
  zxid = -1n
  /** Sessions whose beginning would be found in the logs. */
  readonly sessions = new Set<bigint>()
  readonly #disk: VolatileDisk
  readonly #logged = new Set<bigint>()
  /** How far the entries of a log have been read. */
  readonly #read = new Map<TracedFile, number>()

  constructor(disk: VolatileDisk) {
    this.#disk = disk
  }

  /** To be called after a sync. */
  update(): void {
    let snapshot = -1n
    for (const [path, file] of this.#disk.durableFiles()) {
      const zxid = namedZxid(path, 'snapshot')
      if (zxid !== undefined && zxid > snapshot && isWhole(file)) snapshot = zxid
      if (namedZxid(path, 'log') !== undefined) this.#readLog(file)
    }
    this.zxid = snapshot
    if (snapshot >= 0n) while (this.#logged.has(this.zxid + 1n)) this.zxid += 1n
  }

  /** To be called after something was taken away. */
  updateFromScratch(): void {
    this.#logged.clear()
    this.sessions.clear()
    this.#read.clear()
    this.update()
  }

  #readLog(file: TracedFile): void {
    const bytes = file.durable
    if (bytes.length < FILE_HEADER_BYTES || bytes.readUInt32BE(0) !== LOG_MAGIC) return
    let at = this.#read.get(file) ?? FILE_HEADER_BYTES
    for (let entry = entryAt(bytes, at); entry !== undefined; entry = entryAt(bytes, at)) {
      this.#logged.add(entry.zxid)
      if (entry.type === OpCode.createSession) this.sessions.add(entry.clientId)
      at = entry.end
    }
    this.#read.set(file, at)
  }
}

/** The zxid of the last txn that is in an uncompressed snapshot with all its blocks. */
export function digestZxid(snapshot: Buffer): bigint {
  return snapshot.readBigInt64BE(snapshot.length - DIGEST_BLOCK_FROM_END)
}

function isWhole({ unsynced, durable }: TracedFile): boolean {
  return unsynced.count === 0 && !unsynced.failed && durable.subarray(-SNAPSHOT_END.length).equals(SNAPSHOT_END)
}

function entryAt(bytes: Buffer, at: number): (LogEntry & { readonly end: number }) | undefined {
  if (at + 12 > bytes.length) return undefined
  const length = bytes.readInt32BE(at + 8)
  const end = at + 12 + length + 1
  if (length <= 0 || end > bytes.length || bytes[end - 1] !== 0x42) return undefined
  const payload = bytes.subarray(at + 12, end - 1)
  if (bytes.readBigUInt64BE(at) !== BigInt(adler32(payload))) return undefined
  return { zxid: payload.readBigInt64BE(12), type: payload.readInt32BE(28), clientId: payload.readBigInt64BE(0), end }
}

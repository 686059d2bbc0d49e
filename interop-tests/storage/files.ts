// Our storage on real files, for comparison with a Java server's: read what is there, write the same again.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { pino } from 'pino'
import type { ACL, StatPersisted } from '../../src/jute/generated/data.ts'
import type { TxnHeader } from '../../src/jute/generated/txn.ts'
import { finish } from '../../src/server/host/disk-work.ts'
import { immediateFiles } from '../../src/server/host/files-over.ts'
import { blockingNodeFiles } from '../../src/server/host/blocking-node-files.ts'
import { nodeDisk } from '../../src/server/host/node-disk.ts'
import { nodeGzip } from '../../src/server/host/node-gzip.ts'
import type { Clock } from '../../src/server/host/host.ts'
import type { NodeWalk, SnapshotInfo, SnapshotNode, SnapshotSource, SnapshotTarget, ZxidDigest } from '../../src/server/storage/image.ts'
import { loadSnapshot } from '../../src/server/storage/snapshot-loader.ts'
import type { Compression } from '../../src/server/storage/snapshot-compression.ts'
import { SnapshotWriter, type WrittenSnapshot } from '../../src/server/storage/snapshot-writer.ts'
import { TxnLog } from '../../src/server/storage/txn-log.ts'
import { TxnLogReader } from '../../src/server/storage/txn-log-reader.ts'
import { zxidFromName } from '../../src/server/storage/file-names.ts'

export const MAX_LENGTH = 0xfffff * 2

const clock: Clock = {
  now: () => performance.now(),
  wallTime: () => Date.now(),
  after: () => ({ cancel: () => undefined }),
  endOfTurn: (callback) => void setImmediate(callback),
}

export const host = { disk: nodeDisk, clock, log: pino({ level: 'silent' }), gzip: nodeGzip }

/** Everything in a snapshot, in the order of the file. */
export class Content implements SnapshotTarget, SnapshotSource {
  readonly sessionList: { id: bigint; timeoutMs: number }[] = []
  readonly aclList: { key: bigint; acl: ACL[] }[] = []
  readonly nodes: SnapshotNode[] = []
  info: SnapshotInfo = { zxid: 0n, digest: undefined, lastZxid: undefined }

  session(id: bigint, timeoutMs: number): void {
    this.sessionList.push({ id, timeoutMs })
  }

  acl(key: bigint, acl: ACL[]): void {
    this.aclList.push({ key, acl })
  }

  node(path: string, data: Uint8Array | null, aclKey: bigint, stat: StatPersisted): void {
    this.nodes.push({ path, data: data === null ? null : Uint8Array.from(data), aclKey, stat })
  }

  lastZxid(): bigint {
    return this.info.zxid
  }

  sessions(): Iterable<{ id: bigint; timeoutMs: number }> {
    return this.sessionList
  }

  acls(): Iterable<{ key: bigint; acl: ACL[] }> {
    return this.aclList
  }

  walk(): NodeWalk {
    let index = 0
    return { next: (into) => index < this.nodes.length && Object.assign(into, this.nodes[index++]) !== undefined, close: () => undefined }
  }

  digest(): ZxidDigest {
    return this.info.digest ?? { zxid: 0n, version: 2, value: 0n }
  }
}

export function readSnapshot(path: string): Content {
  const content = new Content()
  const name = path.slice(path.lastIndexOf('/') + 1)
  content.info = finish(loadSnapshot(immediateFiles(blockingNodeFiles), path, zxidFromName(name, 'snapshot'), content, { maxLength: MAX_LENGTH }))
  return content
}

const ALL_BLOCKS = { digestEnabled: true, serializeLastProcessedZxid: true }

export async function writeSnapshot(directory: string, content: SnapshotSource, compression: Compression = '', blocks = ALL_BLOCKS): Promise<WrittenSnapshot> {
  const writer = new SnapshotWriter(host, { directory, compression, ...blocks })
  return await new Promise((resolve, reject) => {
    writer.write(content, (error, snapshot) => (snapshot === undefined ? reject(error!) : resolve(snapshot)))
  })
}

export interface Entry {
  readonly header: TxnHeader
  readonly payload: Uint8Array
}

export function readLogs(directory: string, from = 0n): Entry[] {
  const reader = new TxnLogReader(immediateFiles(blockingNodeFiles), directory, from, { maxLength: MAX_LENGTH })
  const entries: Entry[] = []
  while (finish(reader.next())) entries.push({ header: reader.header(), payload: Uint8Array.from(reader.payload) })
  return entries
}

export async function writeLog(directory: string, entries: readonly Entry[], preAllocSizeBytes: number): Promise<void> {
  const log = new TxnLog(host, { directory, preAllocSizeBytes, forceSync: true, txnLogSizeLimitBytes: 0, fsyncWarningThresholdMs: 10_000 })
  await new Promise<void>((resolve, reject) => {
    log.onFailure = reject
    for (const { header, payload } of entries) log.append(header.zxid, payload)
    log.close(resolve)
  })
}

/** The newest snapshot in a `version-2`. */
export function newestSnapshot(directory: string): string {
  const zxid = (name: string): bigint => zxidFromName(name, 'snapshot')
  const names = readdirSync(directory).filter((name) => zxid(name) >= 0n)
  return join(
    directory,
    names.reduce((newest, name) => (zxid(name) > zxid(newest) ? name : newest)),
  )
}

// A host whose disk is memory and whose turns the test runs itself, so that every step is seen and nothing waits; and an
// image that can be stored and restored.
import { pino } from 'pino'
import type { ACL, StatPersisted } from '../../../src/jute/generated/data.ts'
import { TxnHeader } from '../../../src/jute/generated/txn.ts'
import { JuteWriter } from '../../../src/jute/writer.ts'
import { run } from '../../../src/server/host/disk-work.ts'
import type { DiskWork } from '../../../src/server/host/disk-work.ts'
import type { Clock, Disk, Host, Timer } from '../../../src/server/host/host.ts'
import { MemoryDisk } from '../../../src/server/host/memory-disk.ts'
import type { NodeWalk, RecoveryTarget, SnapshotInfo, SnapshotNode, SnapshotSource, ZxidDigest } from '../../../src/server/storage/image.ts'

export const DIRECTORY = '/data/version-2'
export const MAX_LENGTH = 0xfffff * 2

export class TestHost implements Pick<Host, 'disk' | 'clock' | 'log'> {
  readonly memory: MemoryDisk
  disk: Disk
  readonly clock: { -readonly [K in keyof Clock]: Clock[K] }
  readonly log: Host['log']
  /** What was logged: level and text. */
  readonly lines: string[] = []
  /** What `clock.now` says. */
  timeMs = 0
  readonly gzip = () => {
    throw new Error('no gzip in this test')
  }
  #turns: (() => void)[] = []

  constructor() {
    const later = (callback: () => void) => void this.#turns.push(callback)
    this.memory = new MemoryDisk({ later, wallTime: () => 1_700_000_000_000 })
    this.memory.now.makeDirectory(DIRECTORY)
    this.disk = this.memory
    this.clock = {
      now: () => this.timeMs,
      wallTime: () => 1_700_000_000_000,
      after: (): Timer => ({ cancel: () => undefined }),
      endOfTurn: later,
    }
    const stream = {
      write: (line: string) => {
        const { level, msg } = JSON.parse(line) as { level: string; msg: string }
        this.lines.push(`${level} ${msg}`)
      },
    }
    this.log = pino({ level: 'debug', base: null, timestamp: false, formatters: { level: (level) => ({ level }) } }, stream)
  }

  /** One callback that is due; false when there is none. */
  step(): boolean {
    const callback = this.#turns.shift()
    callback?.()
    return callback !== undefined
  }

  /** Runs turns until nothing is left to do. */
  settle(): void {
    while (this.step()) {
      // The steps do the work.
    }
  }

  write(path: string, bytes: Uint8Array): void {
    this.memory.now.open(path, 'create').write(0, bytes)
  }

  /** Does the work turn by turn, and returns or throws what comes of it. */
  finish<T>(work: DiskWork<T>): T {
    let outcome: { readonly error: Error | undefined; readonly value: T } | undefined
    run(work, (error, value) => void (outcome = { error, value }))
    this.settle()
    if (outcome === undefined) throw new Error('the work has not come to an end')
    if (outcome.error !== undefined) throw outcome.error
    return outcome.value
  }

  bytes(path: string): Uint8Array {
    return this.memory.now.open(path, 'read').read(0, this.size(path))
  }

  size(path: string): number {
    return this.memory.now.stat(path)!.sizeBytes
  }

  exists(path: string): boolean {
    return this.memory.now.stat(path) !== undefined
  }

  /** Names in version-2. */
  names(): string[] {
    return this.memory.now.list(DIRECTORY)
  }
}

/** A payload as the log takes it: a header and a body of so many bytes. */
export function txn(zxid: bigint, bodySize = 8): Uint8Array {
  const w = new JuteWriter()
  TxnHeader.write(w, { clientId: 0x100n, cxid: 7, zxid, time: 1_700_000_000_000n, type: 5 })
  for (let index = 0; index < bodySize; index++) w.byte((Number(zxid) * 31 + index) & 0xff)
  return w.copy()
}

interface StoredNode {
  readonly path: string
  readonly data: string | null
  readonly aclKey: bigint
  readonly stat: StatPersisted
}

export function stat(changes: Partial<StatPersisted> = {}): StatPersisted {
  return {
    czxid: 0n,
    mzxid: 0n,
    ctime: 0n,
    mtime: 0n,
    version: 0,
    cversion: 0,
    aversion: 0,
    ephemeralOwner: 0n,
    pzxid: 0n,
    ...changes,
  }
}

export const OPEN: ACL[] = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }]

/** Holds what it is told, in order; `log` remembers what happened to it. */
export class Image implements RecoveryTarget, SnapshotSource {
  sessionTable: { id: bigint; timeoutMs: number }[] = []
  aclTable: { key: bigint; acl: ACL[] }[] = []
  nodes: StoredNode[] = []
  replayed: bigint[] = []
  info: SnapshotInfo | undefined
  clears = 0
  empties = 0
  walksClosed = 0
  zxid = 0n
  zxidDigest: ZxidDigest = { zxid: 0n, version: 2, value: 0n }
  /** Called for each node that the walk gives. */
  onWalk: (path: string) => void = () => undefined

  clear(): void {
    this.sessionTable = []
    this.aclTable = []
    this.nodes = []
    this.replayed = []
    this.info = undefined
    this.clears++
  }

  startEmpty(): void {
    this.clear()
    this.empties++
  }

  session(id: bigint, timeoutMs: number): void {
    this.sessionTable.push({ id, timeoutMs })
  }

  acl(key: bigint, acl: ACL[]): void {
    this.aclTable.push({ key, acl })
  }

  node(path: string, data: Uint8Array | null, aclKey: bigint, nodeStat: StatPersisted): void {
    this.nodes.push({ path, data: data === null ? null : Buffer.from(data).toString('latin1'), aclKey, stat: nodeStat })
  }

  loaded(info: SnapshotInfo): void {
    this.info = info
    this.zxid = info.zxid
  }

  replay(header: TxnHeader, payload: Uint8Array): void {
    if (!Buffer.from(payload).equals(txn(header.zxid, payload.length - 32))) throw new Error('a payload that was never logged')
    this.replayed.push(header.zxid)
    this.zxid = header.zxid
  }

  lastZxid(): bigint {
    return this.zxid
  }

  sessions(): Iterable<{ id: bigint; timeoutMs: number }> {
    return this.sessionTable
  }

  acls(): Iterable<{ key: bigint; acl: ACL[] }> {
    return this.aclTable
  }

  walk(): NodeWalk {
    let index = 0
    return {
      next: (into: SnapshotNode) => {
        const node = this.nodes[index++]
        if (node === undefined) return false
        this.onWalk(node.path)
        into.path = node.path
        into.data = node.data === null ? null : Buffer.from(node.data, 'latin1')
        into.aclKey = node.aclKey
        into.stat = { ...node.stat }
        return true
      },
      close: () => void this.walksClosed++,
    }
  }

  digest(): ZxidDigest {
    return this.zxidDigest
  }

  content(): unknown {
    return { sessions: this.sessionTable, acls: this.aclTable, nodes: this.nodes }
  }
}

/** A small tree with everything a snapshot can hold. */
export function sampleImage(): Image {
  const image = new Image()
  image.zxid = 0x2fn
  image.zxidDigest = { zxid: 0x2fn, version: 2, value: 0x51c6d660n }
  image.session(0x100000de9a30000n, 15000)
  image.session(-2n, 12000)
  image.acl(1n, OPEN)
  image.acl(3n, [
    { perms: 31, id: { scheme: 'digest', id: 'user:h\u00e4sh' } },
    { perms: 1, id: { scheme: 'ip', id: '127.0.0.1' } },
  ])
  image.node('', new Uint8Array(0), -1n, stat({ cversion: 3, pzxid: 0x2en }))
  image.node('/zookeeper', null, -1n, stat())
  image.node('/zookeeper/quota', null, -1n, stat())
  image.node('/\u00e4', Buffer.from('hello'), 3n, stat({ czxid: 2n, mzxid: 3n, pzxid: 2n, ctime: 5n, mtime: 6n, version: 1, aversion: 2 }))
  image.node('/e', Buffer.from([0, 255]), 1n, stat({ czxid: 0x2en, ephemeralOwner: 0x100000de9a30000n }))
  return image
}

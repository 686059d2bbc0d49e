/** A snapshot file as the tools look at it: its nodes and sessions whatever its seals say, in the order in which Java's tools see them. */
import { basename } from 'node:path'
import type { StatPersisted } from '../../jute/generated/data.ts'
import { parentOf } from '../../protocol/paths.ts'
import { blockingNodeFiles } from '../../server/host/blocking-node-files.ts'
import { finish } from '../../server/host/disk-work.ts'
import { immediateFiles } from '../../server/host/files-over.ts'
import { zxidFromName } from '../../server/storage/file-names.ts'
import type { SnapshotTarget } from '../../server/storage/image.ts'
import { loadSnapshot } from '../../server/storage/snapshot-loader.ts'
import { CorruptStorage } from '../../server/storage/storage-errors.ts'
import { inHashOrder, longHash, stringHash } from './java-text.ts'

export interface TreeNode {
  /** '' for the root. */
  readonly path: string
  readonly data: Uint8Array | null
  readonly stat: StatPersisted
  readonly children: TreeNode[]
}

export interface TreeSession {
  readonly id: bigint
  readonly timeoutMs: number
}

/** A snapshot of jute.maxbuffer as it is by default, and the extra size. */
const MAX_LENGTH = 0xfffff * 2
/** What DataNode makes the set of a node's children for, and SnapshotFormatter its map of sessions. */
const CHILDREN_CAPACITY = 8
const SESSIONS_CAPACITY = 16

export class SnapshotTree implements SnapshotTarget {
  readonly fileZxid: bigint
  readonly #nodes = new Map<string, TreeNode>()
  readonly #sessions: TreeSession[] = []

  /** Throws CorruptStorage, or what the disk throws. */
  constructor(path: string) {
    this.fileZxid = zxidFromName(basename(path), 'snapshot')
    finish(loadSnapshot(immediateFiles(blockingNodeFiles), path, this.fileZxid, this, { maxLength: MAX_LENGTH, seals: 'ignore' }))
  }

  get root(): TreeNode {
    return this.#nodes.get('')!
  }

  get size(): number {
    return this.#nodes.size
  }

  find(path: string): TreeNode | undefined {
    return this.#nodes.get(path === '/' ? '' : path)
  }

  all(): Iterable<TreeNode> {
    return this.#nodes.values()
  }

  sessions(): TreeSession[] {
    return inHashOrder(this.#sessions, ({ id }) => longHash(id), SESSIONS_CAPACITY)
  }

  session(id: bigint, timeoutMs: number): void {
    this.#sessions.push({ id, timeoutMs })
  }

  acl(): void {
    // No tool shows them.
  }

  node(path: string, data: Uint8Array | null, _aclKey: bigint, stat: StatPersisted): void {
    const node = { path, data: data === null ? null : Uint8Array.from(data), stat, children: [] }
    if (path !== '') {
      const parent = this.#nodes.get(parentOf(path))
      if (parent === undefined) throw new CorruptStorage(`Invalid Datatree, unable to find parent ${parentOf(path)} of path ${path}`)
      parent.children.push(node)
    }
    this.#nodes.set(path, node)
  }
}

/** In the order of a Java server's set. */
export function childrenOf({ path, children }: TreeNode): TreeNode[] {
  return inHashOrder(children, (child) => stringHash(child.path.slice(path.length + 1)), CHILDREN_CAPACITY)
}

export function dataLength({ data }: TreeNode): number {
  return data === null ? 0 : data.length
}

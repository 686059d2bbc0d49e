/** `snapshot`: prints what a snapshot holds, as zkSnapShotToolkit.sh (SnapshotFormatter). */
import { existsSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { nameOf } from '../../protocol/paths.ts'
import type { CommandContext, Target } from '../context.ts'
import { dateText, hexOf, paddedHex } from './java-text.ts'
import { openSnapshot } from './open-snapshot.ts'
import { childrenOf, dataLength } from './snapshot-tree.ts'
import type { SnapshotTree, TreeNode } from './snapshot-tree.ts'

const USAGE = `usage: tskeeper snapshot [-d|-json] <snapshot file>
 -d      with the data of each node
 -json   nodes and sizes as JSON, for ncdu
`
const FIRST_INODE = 1001

export function snapshotTool(args: readonly string[], _target: Target, context: CommandContext): number {
  const refuse = (text: string): number => {
    context.err(text)
    return 2
  }
  const flags = args.slice(0, -1)
  const name = args.at(-1)
  if (name === undefined || ['-d', '-json'].includes(name) || flags.some((flag) => !['-d', '-json'].includes(flag))) return refuse(USAGE)
  const path = resolve(context.cwd, name)
  if (!existsSync(path)) return refuse(`File '${path}' does not exist.\n`)
  if (statSync(path).isDirectory()) return refuse(`'${path}' is a directory. it must be a file.\n`)
  const [withData, asJson] = [flags.includes('-d'), flags.includes('-json')]
  if (withData && asJson) return refuse('Cannot specify both data dump (-d) and json mode (-json) in same call\n')
  const tree = openSnapshot(path, context)
  if (tree === undefined) return 1
  if (asJson) printJson(tree, context)
  else printDetails(tree, withData, context)
  return 0
}

function printDetails(tree: SnapshotTree, withData: boolean, context: CommandContext): void {
  // The root counts twice, as in a server.
  context.out(`ZNode Details (count=${tree.size + 1}):\n`)
  let last = tree.fileZxid
  for (const node of inOrder(tree.root)) {
    context.out(nodeText(node, withData))
    for (const zxid of [node.stat.mzxid, node.stat.pzxid]) if (zxid > last) last = zxid
  }
  context.out('----\nSession Details (sid, timeout, ephemeralCount):\n')
  const ephemerals = new Map<bigint, number>()
  for (const { stat } of tree.all()) ephemerals.set(stat.ephemeralOwner, (ephemerals.get(stat.ephemeralOwner) ?? 0) + 1)
  for (const { id, timeoutMs } of tree.sessions()) context.out(`${paddedHex(id)}, ${timeoutMs}, ${ephemerals.get(id) ?? 0}\n`)
  context.out(`----\nLast zxid: 0x${hexOf(last)}\n`)
}

function nodeText(node: TreeNode, withData: boolean): string {
  const { stat } = node
  const data = withData ? `data = ${Buffer.from(node.data ?? []).toString('base64')}` : `dataLength = ${dataLength(node)}`
  return `----
${node.path === '' ? '/' : node.path}
  cZxid = ${paddedHex(stat.czxid)}
  ctime = ${dateText(stat.ctime)}
  mZxid = ${paddedHex(stat.mzxid)}
  mtime = ${dateText(stat.mtime)}
  pZxid = ${paddedHex(stat.pzxid)}
  cversion = ${stat.cversion}
  dataVersion = ${stat.version}
  aclVersion = ${stat.aversion}
  ephemeralOwner = ${paddedHex(stat.ephemeralOwner)}
  ${data}
`
}

/** Pre-order, without a stack of calls: trees may be deep. */
function* inOrder(root: TreeNode): IterableIterator<TreeNode> {
  const stack = [root]
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    yield node
    stack.push(...childrenOf(node).reverse())
  }
}

/** One line without an end. A node with children is a list that begins with itself. */
function printJson(tree: SnapshotTree, context: CommandContext): void {
  let inode = FIRST_INODE
  context.out(`[1,0,{"progname":"SnapshotFormatter.java","progver":"0.01","timestamp":${Date.now()}}`)
  const print = (node: TreeNode): void => {
    const size = dataLength(node)
    const name = JSON.stringify(node.path === '' ? '/' : nameOf(node.path))
    const self = `{"name":${name},"asize":${size},"dsize":${size},"dev":0,"ino":${inode++}}`
    const children = childrenOf(node)
    context.out(children.length === 0 ? `,${self}` : `,[${self}`)
    children.forEach(print)
    if (children.length > 0) context.out(']')
  }
  print(tree.root)
  context.out(']')
}

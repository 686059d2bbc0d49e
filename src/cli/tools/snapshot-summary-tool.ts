/** `snapshot-summary`: sums up nodes and data below a node, as zkSnapshotRecursiveSummaryToolkit.sh (SnapshotRecursiveSummary). */
import { resolve } from 'node:path'
import { plainInt32 } from '../../server/config/java-values.ts'
import type { CommandContext, Target } from '../context.ts'
import { openSnapshot } from './open-snapshot.ts'
import { childrenOf, dataLength } from './snapshot-tree.ts'
import type { TreeNode } from './snapshot-tree.ts'

const USAGE = `usage: tskeeper snapshot-summary <snapshot file> <path> <depth>
 path    where to begin
 depth   how many levels below it are shown, 0 for all; the sums are always of everything
`

interface Summary {
  readonly nodes: number
  readonly bytes: number
  readonly text: string
}

export function snapshotSummaryTool(args: readonly string[], _target: Target, context: CommandContext): number {
  const [file, start, depthText] = args
  const depth = args.length === 3 ? plainInt32(depthText) : undefined
  if (depth === undefined) {
    context.err(USAGE)
    return 2
  }
  const tree = openSnapshot(resolve(context.cwd, file), context)
  if (tree === undefined) return 1
  const node = tree.find(start)
  if (node === undefined) {
    context.err(`${start} is not in the snapshot\n`)
    return 1
  }
  context.out(`${summarize(node, start, 0, depth).text}\n`)
  return 0
}

/** Nodes without children are counted and not shown. */
function summarize(node: TreeNode, name: string, level: number, depth: number): Summary {
  if (node.children.length === 0) return { nodes: 1, bytes: dataLength(node), text: '' }
  const below = childrenOf(node).map((child) => summarize(child, child.path, level + 1, depth))
  const nodes = below.reduce((sum, part) => sum + part.nodes, 1)
  const bytes = below.reduce((sum, part) => sum + part.bytes, dataLength(node))
  if (depth !== 0 && level > depth) return { nodes, bytes, text: '' }
  const indent = '--'.repeat(level)
  const own = `${indent} ${name}\n${indent}   children: ${nodes - 1}\n${indent}   data: ${bytes}\n`
  return { nodes, bytes, text: own + below.map(({ text }) => text).join('') }
}

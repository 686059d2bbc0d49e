/** `snapshot-comparer`: where two snapshots differ in size, level by level, as zkSnapshotComparer.sh (SnapshotComparer). */
import { basename, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { plainInt32 } from '../../server/config/java-values.ts'
import type { CommandContext, Target } from '../context.ts'
import { openSnapshot } from './open-snapshot.ts'
import { dataLength } from './snapshot-tree.ts'
import type { TreeNode } from './snapshot-tree.ts'

const options = {
  left: { type: 'string', short: 'l' },
  right: { type: 'string', short: 'r' },
  bytes: { type: 'string', short: 'b' },
  nodes: { type: 'string', short: 'n' },
  debug: { type: 'boolean', short: 'd' },
  interactive: { type: 'boolean', short: 'i' },
} as const

const USAGE = `usage: tskeeper snapshot-comparer -l <snapshot> -r <snapshot> -b <bytes> -n <nodes> [-d] [-i]
 -l,--left <arg>     one snapshot
 -r,--right <arg>    the other
 -b,--bytes <arg>    a node is shown when the data below it differs by more
 -n,--nodes <arg>    or when so many more nodes are below it
 -d,--debug          tell of each comparison
 -i,--interactive    ask which level or node comes next
`

/** A node with the sums of what is below it. */
interface Subtree {
  readonly label: string
  readonly size: number
  readonly count: number
  readonly children: readonly Subtree[]
}

interface Side {
  readonly levels: readonly Subtree[][]
  readonly byLabel: ReadonlyMap<string, Subtree>
}

interface Comparison {
  readonly left: Side
  readonly right: Side
  readonly bytes: number
  readonly nodes: number
  readonly isDebug: boolean
  readonly isInteractive: boolean
  say(line: string): void
}

export function snapshotComparerTool(args: readonly string[], _target: Target, context: CommandContext): number {
  const values = parse(args)
  if (typeof values === 'string') {
    context.err(`${values}\n`)
    context.out(USAGE)
    return 2
  }
  const [bytes, nodes] = [plainInt32(values.bytes!), plainInt32(values.nodes!)]
  if (bytes === undefined || nodes === undefined) {
    context.err(`For input string: "${bytes === undefined ? values.bytes : values.nodes}"\n`)
    return 1
  }
  const say = (line: string): void => context.out(`${line}\n`)
  say('Successfully parsed options!')
  const left = readSide(values.left!, context, say)
  const right = left && readSide(values.right!, context, say)
  if (left === undefined || right === undefined) return 1
  for (const side of [left, right]) describe(side, say)
  const comparison = { left, right, bytes, nodes, isDebug: values.debug === true, isInteractive: values.interactive === true, say }
  if (comparison.isInteractive) converse(comparison, context)
  else compareAll(comparison)
  say('All layers compared.')
  return 0
}

/** The options, or what is wrong with them. */
function parse(args: readonly string[]) {
  try {
    const { values } = parseArgs({ args: [...args], options, allowPositionals: true })
    const missing = (['left', 'right', 'bytes', 'nodes'] as const).filter((name) => values[name] === undefined)
    if (missing.length === 0) return values
    return `Missing required option${missing.length > 1 ? 's' : ''}: ${missing.map((name) => options[name].short).join(', ')}`
  } catch (error) {
    return (error as Error).message
  }
}

function readSide(file: string, context: CommandContext, say: (line: string) => void): Side | undefined {
  const startedAt = performance.now()
  const tree = openSnapshot(resolve(context.cwd, file), context)
  if (tree === undefined) return undefined
  const readAt = performance.now()
  say(`Deserialized snapshot in ${basename(file)} in ${seconds(readAt - startedAt)} seconds`)
  const levels: Subtree[][] = []
  const byLabel = new Map<string, Subtree>()
  const add = (node: TreeNode, depth: number): Subtree => {
    const children = node.children.map((child) => add(child, depth + 1))
    const size = children.reduce((sum, child) => sum + child.size, dataLength(node))
    const count = children.reduce((sum, child) => sum + child.count, children.length)
    const subtree = { label: node.path, size, count, children }
    ;(levels[depth] ??= []).push(subtree)
    byLabel.set(node.path, subtree)
    return subtree
  }
  add(tree.root, 0)
  say(`Processed data tree in ${seconds(performance.now() - readAt)} seconds`)
  return { levels, byLabel }
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(6)
}

function describe({ levels, byLabel }: Side, say: (line: string) => void): void {
  say(`Node count: ${byLabel.size}`)
  say(`Total size: ${byLabel.get('')!.size}`)
  say(`Max depth: ${levels.length}`)
  levels.forEach((level, depth) => say(`Count of nodes at depth ${depth}: ${level.length}`))
  say('')
}

function compareAll(comparison: Comparison): void {
  sayThresholds(comparison)
  for (let depth = 0; depth < depthOf(comparison); depth++) compareLevel(comparison, depth)
}

/** Asks the operator what comes next, until the tool has shown the last level or standard input ends. */
function converse(comparison: Comparison, context: CommandContext): void {
  const { say } = comparison
  const deepest = depthOf(comparison) - 1
  for (let depth = 0; depth <= deepest;) {
    say(`Current depth is ${depth}`)
    say('- Press enter to move to print current depth layer;')
    say('- Type a number to jump to and print all nodes at a given depth;')
    say("- Enter an ABSOLUTE path to print the immediate subtree of a node. Path must start with '/'.")
    const answer = context.readLine?.()
    if (answer === undefined) return
    sayThresholds(comparison)
    const wanted = plainInt32(answer)
    if (answer === '') compareLevel(comparison, depth++)
    else if (answer.startsWith('/')) compareBelow(comparison, answer)
    else if (wanted === undefined) {
      say(`Input ${answer} is not valid. Depth must be in range [0, ${deepest}]. Path must be an absolute path which starts with '/'.`)
    } else if (wanted < 0 || wanted > deepest) {
      say(`Depth must be in range [0, ${deepest}]`)
      continue
    } else {
      depth = wanted
      compareLevel(comparison, depth)
    }
    say('')
  }
}

function depthOf({ left, right }: Comparison): number {
  return Math.max(left.levels.length, right.levels.length)
}

function sayThresholds({ bytes, nodes, say }: Comparison): void {
  say(`Printing analysis for nodes difference larger than ${bytes} bytes or node count difference larger than ${nodes}.`)
}

function compareLevel(comparison: Comparison, depth: number): void {
  comparison.say(`Analysis for depth ${depth}`)
  compareLists(comparison, comparison.left.levels[depth] ?? [], comparison.right.levels[depth] ?? [])
}

function compareBelow(comparison: Comparison, path: string): void {
  comparison.say(`Analysis for node ${path}`)
  const [left, right] = [comparison.left.byLabel.get(path), comparison.right.byLabel.get(path)]
  if (left === undefined && right === undefined) comparison.say(`Path ${path} is neither found in left tree nor right tree.`)
  else compareLists(comparison, left?.children ?? [], right?.children ?? [])
}

function compareLists(comparison: Comparison, left: readonly Subtree[], right: readonly Subtree[]): void {
  const debug = (line: string): void => (comparison.isDebug ? comparison.say(line) : undefined)
  const [ours, theirs] = [byLabel(left), byLabel(right)]
  for (let i = 0, j = 0; i < ours.length || j < theirs.length;) {
    const [a, b] = [ours[i], theirs[j]]
    if (a !== undefined && b !== undefined) {
      debug(`Comparing ${a.label} to ${b.label}`)
      debug(a.label < b.label ? 'left is less' : a.label > b.label ? 'right is less' : 'same')
    }
    if (b === undefined || (a !== undefined && a.label < b.label)) sayOnly(comparison, 'left', ours[i++])
    else if (a === undefined || a.label > b.label) sayOnly(comparison, 'right', theirs[j++])
    else {
      sayBoth(comparison, a, b)
      i++
      j++
    }
  }
}

function byLabel(list: readonly Subtree[]): Subtree[] {
  return [...list].sort((a, b) => (a.label < b.label ? -1 : 1))
}

function sayOnly({ bytes, nodes, isDebug, isInteractive, say }: Comparison, side: 'left' | 'right', { label, size, count }: Subtree): void {
  if (size > bytes || count > nodes) {
    say(`Node ${label} found only in ${side} tree. Descendant size: ${size}. Descendant count: ${count}`)
  } else if (isDebug || isInteractive) say(`Filtered ${side} node ${label} of size ${size}`)
}

function sayBoth({ bytes, nodes, isDebug, isInteractive, say }: Comparison, left: Subtree, right: Subtree): void {
  const [size, count] = [right.size - left.size, right.count - left.count]
  if (Math.abs(size) > bytes || Math.abs(count) > nodes) {
    say(`Node ${left.label} found in both trees. Delta: ${size} bytes, ${count} descendants`)
  } else if (isDebug || isInteractive) say(`Filtered node ${left.label} of left size ${left.size}, right size ${right.size}`)
}

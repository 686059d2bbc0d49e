// Whether there is one order of all operations that explains every answer: each operation takes effect at one moment between its request and its
// answer, those of one client in the order in which it asked. A search as of Wing and Gong: what may come next is tried, what was tried is kept.
// Keys are looked at one by one, but for those that some request touches together. Nothing that the servers say of order (zxids) is believed.
import { Code } from '../../src/protocol/codes.ts'
import type { Node, Operation, Step } from './history.ts'

/** For each group of keys without such an order, how far the search came. */
export function linearizabilityFaults(operations: readonly Operation[]): string[] {
  return groupsOf(operations).flatMap(({ keys, operations: own }) => new Search(keys, own).fault() ?? [])
}

interface Group {
  readonly keys: readonly string[]
  readonly operations: readonly Operation[]
}

function groupsOf(operations: readonly Operation[]): Group[] {
  const groups = new Map<string, { keys: Set<string>; operations: Operation[] }>()
  for (const operation of operations) {
    const keys = operation.steps.map(({ key }) => key)
    const [first, ...others] = new Set(keys.flatMap((key) => groups.get(key) ?? []))
    const group = first ?? { keys: new Set(), operations: [] }
    for (const other of others) {
      for (const key of other.keys) group.keys.add(key)
      group.operations.push(...other.operations)
    }
    for (const key of keys) group.keys.add(key)
    group.operations.push(operation)
    for (const key of group.keys) groups.set(key, group)
  }
  const order = new Map(operations.map((operation, index) => [operation, index]))
  const inOrder = (a: Operation, b: Operation): number => order.get(a)! - order.get(b)!
  return [...new Set(groups.values())].map((group) => ({ keys: [...group.keys], operations: group.operations.sort(inOrder) }))
}

type Nodes = ReadonlyMap<string, Node>

interface Effect {
  /** The same, if nothing has changed. */
  readonly nodes: Nodes
  /** After each step, of its key. */
  readonly seen: readonly (Node | null)[]
}

interface Refusal {
  readonly step: number
  readonly code: number
}

/** What the request does to these nodes. */
function perform(steps: readonly Step[], nodes: Nodes): Effect | Refusal {
  const changed = new Map(nodes)
  const seen: (Node | null)[] = []
  for (const [index, step] of steps.entries()) {
    const node = changed.get(step.key) ?? null
    const code = refusalOf(step, node)
    if (code !== undefined) return { step: index, code }
    if (step.kind === 'create') changed.set(step.key, { value: step.value, version: 0 })
    if (step.kind === 'set') changed.set(step.key, { value: step.value, version: node!.version + 1 })
    if (step.kind === 'delete') changed.delete(step.key)
    seen.push(changed.get(step.key) ?? null)
  }
  return { nodes: steps.some(changes) ? changed : nodes, seen }
}

function changes({ kind }: Step): boolean {
  return kind !== 'read' && kind !== 'check'
}

function refusalOf(step: Step, node: Node | null): number | undefined {
  if (step.kind === 'read') return undefined
  if (step.kind === 'create') return node === null ? undefined : Code.NODEEXISTS
  if (node === null) return Code.NONODE
  return step.version === -1 || step.version === node.version ? undefined : Code.BADVERSION
}

/** The nodes afterwards, if the answer is the one that they call for. */
function explained({ steps, outcome }: Operation, nodes: Nodes): Nodes | undefined {
  const result = perform(steps, nodes)
  if (outcome!.kind === 'refused') {
    return 'code' in result && result.code === outcome!.code && result.step === outcome!.step ? nodes : undefined
  }
  if ('code' in result) return undefined
  const isAsTold = outcome!.nodes.every((told, index) => told === undefined || isSame(told, result.seen[index]))
  return isAsTold ? result.nodes : undefined
}

function isSame(a: Node | null, b: Node | null): boolean {
  return a === null || b === null ? a === b : a.value === b.value && a.version === b.version
}

/** Where a search stands: how many operations of each lane it has placed, and what they have come to. */
interface Position {
  readonly placed: readonly number[]
  readonly nodes: Nodes
}

/**
 * Operations that are placed in their order. Each client has two lanes, since what was not answered may be done after reads without a sync have been
 * answered on the next connection; but it is done before anything else is.
 */
interface Lane {
  readonly operations: readonly Operation[]
  /** How many of the client's other lane must be placed before an operation. */
  readonly behind: readonly number[]
  /** When an operation must have taken effect: at its answer, or when somebody was told of its value. */
  readonly due: readonly number[]
  /** The earliest of this operation's and all later ones. */
  readonly nextDue: readonly number[]
}

class Search {
  readonly #keys: readonly string[]
  /** Of each client that of the answered, then that of the others. */
  readonly #lanes: readonly Lane[]
  readonly #known = new Set<string>()
  #furthest: Position

  constructor(keys: readonly string[], operations: readonly Operation[]) {
    this.#keys = keys
    const asked = operations.filter((operation) => operation.outcome !== undefined || operation.steps.some(changes))
    const sightings = sightingsIn(asked)
    const clients = [...new Set(asked.map(({ client }) => client))]
    this.#lanes = clients.flatMap((client) =>
      lanesOf(
        asked.filter((operation) => operation.client === client),
        sightings,
      ),
    )
    this.#furthest = { placed: this.#lanes.map(() => 0), nodes: new Map() }
  }

  /** Undefined: there is an order. */
  fault(): string | undefined {
    const waiting: Position[] = [this.#furthest]
    for (let position = waiting.pop(); position !== undefined; position = waiting.pop()) {
      if (this.#isDone(position)) return undefined
      if (this.#isKnown(position)) continue
      if (sum(position.placed) > sum(this.#furthest.placed)) this.#furthest = position
      // The last is tried first.
      waiting.push(...this.#next(position).reverse())
    }
    return this.#story(this.#furthest)
  }

  /** What is left may never have happened. */
  #isDone({ placed }: Position): boolean {
    return this.#lanes.every(({ nextDue }, index) => (nextDue[placed[index]] ?? Infinity) === Infinity)
  }

  #isKnown({ placed, nodes }: Position): boolean {
    const name = `${placed.join()} ${textOf(this.#keys, nodes)}`
    if (this.#known.has(name)) return true
    this.#known.add(name)
    return false
  }

  /** The likely ones first. */
  #next(position: Position): Position[] {
    const { placed, nodes } = position
    // Nothing comes before an operation that was answered before it was asked for.
    const bound = Math.min(...this.#lanes.map(({ nextDue }, index) => nextDue[placed[index]] ?? Infinity))
    const likely: { readonly due: number; readonly position: Position }[] = []
    const unlikely: Position[] = []
    for (const [index, { operations, behind, due }] of this.#lanes.entries()) {
      const at = placed[index]
      const operation = operations[at]
      if (operation === undefined || placed[index ^ 1] < behind[at]) continue
      if (operation.outcome === undefined) unlikely.push(...this.#withLost(position, index))
      if (!operation.mayBeStale && operation.invokedAt > bound) continue
      const after = operation.outcome === undefined ? doneOrNot(operation, nodes) : explained(operation, nodes)
      if (after === undefined) continue
      const next = { placed: placed.with(index, at + 1), nodes: after }
      // What changes nothing is best placed at once: no order that is found without it becomes impossible.
      if (after === nodes && operation.outcome !== undefined) return [next]
      if (operation.outcome !== undefined) likely.push({ due: due[at], position: next })
      else unlikely.unshift(next)
    }
    return [...likely.sort((a, b) => a.due - b.due).map((one) => one.position), ...unlikely]
  }

  /** The request was lost on its way, and so was whatever followed it on its connection. */
  #withLost({ placed, nodes }: Position, index: number): Position[] {
    const { operations, due } = this.#lanes[index]
    const { connection } = operations[placed[index]]
    let at = placed[index]
    for (; operations[at]?.connection === connection; at++) if (due[at] !== Infinity) return []
    return [{ placed: placed.with(index, at), nodes }]
  }

  #story({ placed, nodes }: Position): string {
    const heads = this.#lanes.flatMap(({ operations }, index) => operations.slice(placed[index], placed[index] + 3).map(operationText))
    const total = this.#lanes.reduce((all, { operations }) => all + operations.length, 0)
    return `no order explains ${this.#keys.join(' and ')}: ${sum(placed)} of ${total} operations lead to ${textOf(this.#keys, nodes)}, then\n  ${heads.join('\n  ')}`
  }
}

/** A write without an answer is done, or refused without a trace. */
function doneOrNot({ steps }: Operation, nodes: Nodes): Nodes {
  const result = perform(steps, nodes)
  return 'code' in result ? nodes : result.nodes
}

/** When somebody was first told of a value. */
function sightingsIn(operations: readonly Operation[]): Map<string, number> {
  const sightings = new Map<string, number>()
  for (const { steps, outcome, answeredAt } of operations) {
    if (outcome?.kind !== 'done') continue
    for (const [index, node] of outcome.nodes.entries()) {
      if (steps[index].kind !== 'read' || node === null || node === undefined) continue
      sightings.set(node.value, Math.min(answeredAt, sightings.get(node.value) ?? Infinity))
    }
  }
  return sightings
}

function lanesOf(operations: readonly Operation[], sightings: ReadonlyMap<string, number>): Lane[] {
  const [answered, unanswered] = [operations.filter(isAnswered), operations.filter((operation) => !isAnswered(operation))]
  const order = new Map(operations.map((operation, index) => [operation, index]))
  const before = (operation: Operation, others: readonly Operation[]): number => {
    const next = others.findIndex((other) => order.get(other)! > order.get(operation)!)
    return next < 0 ? others.length : next
  }
  return [
    laneOf(
      answered,
      answered.map((operation) => (operation.mayBeStale ? 0 : before(operation, unanswered))),
      sightings,
    ),
    laneOf(
      unanswered,
      unanswered.map((operation) => before(operation, answered)),
      sightings,
    ),
  ]
}

function isAnswered({ outcome }: Operation): boolean {
  return outcome !== undefined
}

function laneOf(operations: readonly Operation[], behind: readonly number[], sightings: ReadonlyMap<string, number>): Lane {
  const due = operations.map(({ steps, answeredAt }) => {
    const seen = steps.map((step) => ('value' in step ? (sightings.get(step.value) ?? Infinity) : Infinity))
    return Math.min(answeredAt, ...seen)
  })
  const nextDue = [...due]
  for (let at = due.length - 2; at >= 0; at--) nextDue[at] = Math.min(due[at], nextDue[at + 1])
  return { operations, behind, due, nextDue }
}

function textOf(keys: readonly string[], nodes: Nodes): string {
  return keys.map((key) => nodeText(nodes.get(key) ?? null)).join(' ')
}

function nodeText(node: Node | null): string {
  return node === null ? '-' : `${node.value}@${node.version}`
}

function operationText({ client, connection, steps, mayBeStale, invokedAt, answeredAt, outcome }: Operation): string {
  const what = steps.map((step) => `${step.kind} ${step.key}${'value' in step ? `=${step.value}` : ''}${'version' in step ? `@${step.version}` : ''}`)
  const told =
    outcome === undefined
      ? '?'
      : outcome.kind === 'refused'
        ? `${outcome.code} at ${outcome.step}`
        : outcome.nodes.map((node) => (node === undefined ? 'ok' : nodeText(node))).join(' ')
  const times = `${invokedAt.toFixed(1)}..${answeredAt.toFixed(1)}`
  return `client ${client}.${connection} ${times} ${mayBeStale ? 'plain ' : ''}${what.join(', ')} -> ${told}`
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, one) => all + one, 0)
}

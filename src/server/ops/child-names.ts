/**
 * The names of a node's children on their way into an answer: copied from the tree's memory to the wire without becoming strings, and in
 * slices where there are many. As Java copies the set under the node's lock, they are the names of the moment when they were asked for.
 */
import type { Codec } from '../../jute/codec.ts'
import { Stat } from '../../jute/generated/data.ts'
import { MalformedFrame } from '../../jute/malformed-frame.ts'
import { JuteWriter } from '../../jute/writer.ts'
import { body, writeBody } from '../../protocol/body.ts'
import type { Body } from '../../protocol/body.ts'
import { Code } from '../../protocol/codes.ts'
import { ChainWalk } from '../tree/chain-walk.ts'
import type { DataTree } from '../tree/data-tree.ts'
import { NO_NODE } from '../tree/node-store.ts'
import { frozen } from './op.ts'
import type { LongAnswer } from './op.ts'

/** More make a long answer: so many take a millisecond at the most (bench/turns.mjs). */
const SLICE_NAMES = 8192
/** Before the bytes of a ustring. */
const LENGTH_BYTES = 4

export interface Children {
  readonly tree: DataTree
  readonly id: number
  readonly path: string
  /** What follows the names in the answer to a getChildren2. */
  readonly stat: Stat | undefined
}

/** GetChildrenResponse and GetChildren2Response. */
export const ChildNames: Codec<Children> = {
  name: 'GetChildrenResponse',
  write(w, { tree, id, path, stat }) {
    const { store } = tree
    let units = 0
    w.int(store.childCount(id))
    for (let child = store.firstChild(id); child !== NO_NODE; child = store.nextSibling(child)) units += store.writeName(child, w)
    if (stat !== undefined) Stat.write(w, stat)
    tree.meter.onRead(path, units)
  },
  read(): never {
    throw new MalformedFrame('value', 'a server does not read the answer to a getChildren')
  },
}

/** What the names take in an answer, as long as they are ASCII. */
export function namesBytes({ tree: { store }, id }: Children): number {
  let bytes = 0
  for (let child = store.firstChild(id); child !== NO_NODE; child = store.nextSibling(child)) bytes += LENGTH_BYTES + store.nameLength(child)
  return bytes
}

/** Whether the names of so many children make a long answer. */
export function areMany(count: number): boolean {
  return count > SLICE_NAMES
}

export class ManyChildren implements LongAnswer {
  readonly codec = undefined
  err: Code = Code.OK
  readonly pieces: Uint8Array[] = []
  readonly #ask: () => Children | Code
  readonly #writer = new JuteWriter({ supplementary: 'cesu8' })
  #children: Children | undefined
  #walk: ChainWalk | undefined
  #stat: Body | undefined
  #units = 0

  /** `ask` is called at the moment of which the answer is. */
  constructor(ask: () => Children | Code) {
    this.#ask = ask
  }

  begin(): void {
    const children = this.#ask()
    if (typeof children === 'number') {
      this.err = children
      return
    }
    this.#children = children
    const { store } = children.tree
    const chain = {
      first: store.firstChild(children.id),
      next: (id: number) => store.nextSibling(id),
      holds: (id: number) => store.parent(id) === children.id,
    }
    this.#stat = children.stat && frozen(body(Stat, children.stat))
    this.#writer.int(store.childCount(children.id))
    this.#walk = new ChainWalk(children.tree, chain, (id) => (this.#units += store.writeName(id, this.#writer)))
  }

  advance(): boolean {
    if (this.#walk === undefined) return false
    const isLeft = this.#walk.advance(SLICE_NAMES)
    if (!isLeft) this.#finish(this.#children!)
    this.pieces.push(this.#writer.copy())
    this.#writer.reset()
    return isLeft
  }

  #finish({ tree, path }: Children): void {
    if (this.#stat !== undefined) writeBody(this.#writer, this.#stat)
    tree.meter.onRead(path, this.#units)
  }

  drop(): void {
    this.#walk?.close()
  }
}

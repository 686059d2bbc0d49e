/**
 * What a client watches, and in what state it saw it. A server must tell of a change before it shows it: an answer that
 * shows another state of something watched, with no notification before it, is a violation.
 */
import { SetWatches } from '../jute/generated/proto.ts'
import type { JuteWriter } from '../jute/writer.ts'
import { Code } from '../protocol/codes.ts'
import { EventType } from '../protocol/events.ts'
import type { Action, Answer } from './actions.ts'
import { Violation } from './world.ts'

/** Stands for a node that is not there. */
const ABSENT = -1n

export class WatchBook {
  /** By path: mzxid, or ABSENT. */
  readonly #data = new Map<string, bigint>()
  /** By path: pzxid. */
  readonly #children = new Map<string, bigint>()

  get isEmpty(): boolean {
    return this.#data.size === 0 && this.#children.size === 0
  }

  clear(): void {
    this.#data.clear()
    this.#children.clear()
  }

  onAnswer(action: Action, answer: Answer): void {
    if (action.kind !== 'get' && action.kind !== 'exists' && action.kind !== 'children') return
    if (answer.err !== Code.OK && answer.err !== Code.NONODE) return
    const isChildren = action.kind === 'children'
    const book = isChildren ? this.#children : this.#data
    const state = answer.stat === undefined ? ABSENT : isChildren ? answer.stat.pzxid : answer.stat.mzxid
    const seen = book.get(action.path)
    if (seen !== undefined && seen !== state) {
      throw new Violation(`${action.kind} ${action.path} shows ${state} where ${seen} was seen and watched, and no event came before it`)
    }
    // Only exists watches what is not there.
    if (action.watch && (answer.stat !== undefined || action.kind === 'exists')) book.set(action.path, state)
  }

  onEvent(type: number, path: string): void {
    if (type === EventType.NodeChildrenChanged || type === EventType.NodeDeleted) this.#children.delete(path)
    if (type !== EventType.NodeChildrenChanged) this.#data.delete(path)
  }

  /** The request that hands the watches to a new connection. */
  encode(w: JuteWriter, relativeZxid: bigint): void {
    const data: string[] = []
    const exist: string[] = []
    for (const [path, state] of this.#data) (state === ABSENT ? exist : data).push(path)
    SetWatches.write(w, { relativeZxid, dataWatches: data, existWatches: exist, childWatches: [...this.#children.keys()] })
  }
}

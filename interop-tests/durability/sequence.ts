// A client whose every write can be told afterwards: it changes a few nodes of its own, one step after the other with many under way, and knows
// what its nodes look like after each step. What a server shows after a crash must be the state after some step that was sent, none before the
// last that was acknowledged: so nothing is lost, nothing is there twice, and nothing comes before what was sent before it.
import { expect } from 'vitest'
import { Code } from '../../src/protocol/codes.ts'
import type { Random } from '../oracle/random.ts'
import type { Observation } from '../storage/observation.ts'
import { all, codeOf, create, Flags, play, remove, setData } from '../storage/requests.ts'
import { askedMulti, RawSession } from '../wire/raw-session.ts'
import type { Asked } from '../wire/raw-session.ts'

const DEFAULT_WINDOW = 16
const NAMES = 6
const MOST_QUEUED = 5
/** A session lives through every crash that a test makes. */
const SESSION_TIMEOUT_MS = 60_000

interface Node {
  readonly data: string
  readonly version: number
  readonly isEphemeral: boolean
}

/** What a writer has below its base. */
interface State {
  readonly nodes: Map<string, Node>
  creations: number
  deletions: number
}

interface Step {
  readonly asked: Asked
  readonly apply: (state: State) => void
}

export interface WriterOptions {
  readonly random: Random
  /** Longest data of a node. */
  readonly dataBytes?: number
  /** Milliseconds. */
  readonly sessionTimeoutMs?: number
  /** Requests under way at a time. */
  readonly window?: number
}

export class SequenceWriter {
  readonly base: string
  /** Steps that were acknowledged, from the beginning. */
  acknowledged = 0
  /** The highest zxid that an answer carried. */
  lastZxid = 0n
  #session: RawSession
  readonly #random: Random
  readonly #dataBytes: number
  readonly #window: number
  #settled: State = { nodes: new Map(), creations: 0, deletions: 0 }
  #ahead: State = copyOf(this.#settled)
  /** Steps behind `settled`, and how many of them were acknowledged. */
  #sent: Step[] = []
  #sure = 0
  #steps = 0

  private constructor(session: RawSession, base: string, { random, dataBytes = 100, window = DEFAULT_WINDOW }: WriterOptions) {
    this.#session = session
    this.base = base
    this.#random = random
    this.#dataBytes = dataBytes
    this.#window = window
  }

  /** Opens a session and makes the base. */
  static async open(port: number, base: string, options: WriterOptions): Promise<SequenceWriter> {
    const session = await RawSession.open(port, { timeoutMs: options.sessionTimeoutMs ?? SESSION_TIMEOUT_MS })
    await play(session, all(create(base)))
    return new SequenceWriter(session, base, options)
  }

  get sessionId(): bigint {
    return this.#session.id
  }

  /** Comes back to its session after a restart. */
  async attach(port: number): Promise<void> {
    this.#session = await RawSession.open(port, this.#session)
  }

  drop(): void {
    this.#session.drop()
  }

  /** Writes until it is enough, asked now and then, or the server goes. */
  async write(isEnough: () => boolean = () => false): Promise<void> {
    do {
      const steps = Array.from({ length: this.#window }, () => this.#nextStep())
      const replies = await this.#session.askUntilEnd(steps.map(({ asked }) => asked))
      expect(replies.map(codeOf)).toEqual(replies.map(() => Code.OK))
      this.#sure += replies.length
      this.acknowledged += replies.length
      this.lastZxid = replies.at(-1)?.header.zxid ?? this.lastZxid
      if (replies.length < this.#window) return
    } while (!isEnough())
  }

  /** Checks what is there, and takes it for the state to go on from. */
  settle(observation: Observation): void {
    const seen = JSON.stringify(this.#shownBy(observation))
    const state = copyOf(this.#settled)
    const possible: string[] = []
    for (let count = 0; ; count++) {
      if (count >= this.#sure) possible.push(JSON.stringify(portrait(state)))
      if (possible.at(-1) === seen || count === this.#sent.length) break
      this.#sent[count].apply(state)
    }
    expect(possible, `of ${this.base} ${this.#sure} to ${this.#sent.length} steps were to be found`).toContain(seen)
    this.#settled = state
    this.#ahead = copyOf(state)
    this.#sent = []
    this.#sure = 0
  }

  #shownBy({ nodes }: Observation): Portrait {
    const prefix = `${this.base}/`
    const own = nodes
      .filter(({ path }) => path.startsWith(prefix))
      .map(({ path, data, stat }) => {
        // Whoever else owns one of its nodes is shown as the owner.
        const owner = stat.ephemeralOwner === this.#session.id ? 'this session' : String(stat.ephemeralOwner)
        return [path.slice(prefix.length), Buffer.from(data ?? '', 'hex').toString(), stat.version, owner] as const
      })
    const base = nodes.find(({ path }) => path === this.base)
    return { nodes: sorted(own), changes: base?.stat.cversion ?? -1 }
  }

  #nextStep(): Step {
    const step = this.#chooseStep()
    step.apply(this.#ahead)
    this.#sent.push(step)
    return step
  }

  #chooseStep(): Step {
    const random = this.#random
    const data = `${++this.#steps} ${'x'.repeat(random.below(this.#dataBytes))}`
    const present = [...this.#ahead.nodes.keys()]
    const queued = present.filter((name) => name.startsWith('queue-'))
    const name = `node-${random.below(NAMES)}`
    if (queued.length > MOST_QUEUED) return this.#removal(queued[0])
    if (present.length > 0 && random.chance(40)) return this.#change(random.pick(present), data)
    if (random.chance(25)) return this.#queueing(data)
    if (this.#ahead.nodes.has(name)) return random.chance(50) ? this.#removal(name) : this.#replacement(name, data)
    return this.#creation(name, data, random.chance(30))
  }

  #creation(name: string, data: string, isEphemeral: boolean): Step {
    return { asked: create(this.#path(name), data, isEphemeral ? Flags.ephemeral : Flags.persistent), apply: added(name, data, isEphemeral) }
  }

  /** The number in the name says how many nodes were made here before it: a create that was done twice shows in all that follow. */
  #queueing(data: string): Step {
    const name = `queue-${String(this.#ahead.creations).padStart(10, '0')}`
    return { asked: create(this.#path('queue-'), data, Flags.sequential), apply: added(name, data, false) }
  }

  #change(name: string, data: string): Step {
    const apply = ({ nodes }: State): void => {
      const node = nodes.get(name)!
      nodes.set(name, { ...node, data, version: node.version + 1 })
    }
    return { asked: setData(this.#path(name), data), apply }
  }

  #removal(name: string): Step {
    return { asked: remove(this.#path(name)), apply: removed(name) }
  }

  /** A delete and a create of the same node in a multi. */
  #replacement(name: string, data: string): Step {
    const apply = (state: State): void => {
      removed(name)(state)
      added(name, data, false)(state)
    }
    return { asked: askedMulti([remove(this.#path(name)), create(this.#path(name), data)]), apply }
  }

  #path(name: string): string {
    return `${this.base}/${name}`
  }
}

interface Portrait {
  readonly nodes: readonly (readonly [name: string, data: string, version: number, owner: string])[]
  /** The cversion of the base. */
  readonly changes: number
}

function portrait({ nodes, creations, deletions }: State): Portrait {
  const own = [...nodes].map(([name, { data, version, isEphemeral }]) => [name, data, version, isEphemeral ? 'this session' : '0'] as const)
  return { nodes: sorted(own), changes: creations + deletions }
}

function sorted(nodes: Portrait['nodes'][number][]): Portrait['nodes'] {
  return nodes.sort(([a], [b]) => (a < b ? -1 : 1))
}

function copyOf({ nodes, creations, deletions }: State): State {
  return { nodes: new Map(nodes), creations, deletions }
}

function added(name: string, data: string, isEphemeral: boolean): Step['apply'] {
  return (state) => {
    state.nodes.set(name, { data, version: 0, isEphemeral })
    state.creations++
  }
}

function removed(name: string): Step['apply'] {
  return (state) => {
    state.nodes.delete(name)
    state.deletions++
  }
}

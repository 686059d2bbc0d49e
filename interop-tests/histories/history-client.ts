// A client that asks without a pause, several requests at a time, and writes down what it asks and what it is told. It keeps its session over
// whatever happens: it goes to another member when its connection is lost, when there is no answer, and now and then for no reason.
import { setTimeout as pause } from 'node:timers/promises'
import { SyncRequest } from '../../src/jute/generated/proto.ts'
import type { CreateResponse } from '../../src/jute/generated/proto.ts'
import { Code, OpCode } from '../../src/protocol/codes.ts'
import type { SeededRandom } from '../../src/sim/seeded-random.ts'
import { create, Flags } from '../storage/requests.ts'
import { decodeReply, recordOf, requestWithBytes } from '../wire/messages.ts'
import type { Reply } from '../wire/messages.ts'
import { RawClient } from '../wire/raw-client.ts'
import { asked, newSession, shakeHands } from '../wire/raw-session.ts'
import type { Asked, SessionIdentity } from '../wire/raw-session.ts'
import type { History, Naming, Node, Operation, Step } from './history.ts'
import { outcomeOf, requestOf } from './steps.ts'

const HANDSHAKE_LIMIT_MS = 1_500
const ANSWER_LIMIT_MS = 1_500
const CONNECT_PAUSE_MS = 20
const FINAL_LIMIT_MS = 60_000

/** What it works on: single nodes, and groups that are written together. All parents exist. */
export interface Keys {
  readonly single: readonly string[]
  readonly groups: readonly (readonly string[])[]
  /** Below it nodes with sequence numbers are made. */
  readonly names: string
}

export interface HistoryClientOptions {
  readonly id: number
  readonly ports: readonly number[]
  readonly timeoutMs: number
  readonly keys: Keys
  readonly history: History
  readonly random: SeededRandom
  /** A read behind a sync shows what is current. A Java leader only believes so. */
  readonly syncs: boolean
  /** Most requests without an answer. */
  readonly depth: number
  /** Longest pause between bursts. */
  readonly pauseMs: number
  /** Of all requests. */
  readonly readShare: number
  /** Goes to another member after so many bursts. */
  readonly hopAfter: number
}

/** A request under way. */
interface Pending {
  readonly type: number
  readonly isWrite: boolean
  readonly onReply: (reply: Reply, at: number) => void
}

interface Connection {
  readonly client: RawClient
  readonly number: number
  readonly firstXid: number
  readonly pending: Pending[]
  answered: number
  isOver: boolean
}

export class HistoryClient {
  /** Why it has given up. */
  failure: Error | undefined
  /** When a write of its was last acknowledged. */
  readonly acknowledgedAt: number[] = []
  connections = 0
  readonly #options: HistoryClientOptions
  #session: SessionIdentity
  #zxid = 0n
  #xid = 0
  #values = 0
  #isEnding = false
  /** The versions that it knows of. */
  readonly #versions = new Map<string, number>()
  #work: Promise<void> = Promise.resolve()
  #client: RawClient | undefined

  constructor(options: HistoryClientOptions) {
    this.#options = options
    this.#session = newSession(options.timeoutMs)
  }

  get id(): number {
    return this.#options.id
  }

  begin(): void {
    this.#work = this.#live().catch((error: Error) => this.#giveUp(error))
  }

  /** Asks no more, reads all keys a last time, and throws what went wrong on the way. */
  async end(): Promise<void> {
    this.#isEnding = true
    await this.#work
    if (this.failure !== undefined) throw this.failure
    const deadline = performance.now() + FINAL_LIMIT_MS
    while (performance.now() < deadline) if (await this.#readAll()) return
    throw new Error(`client ${this.id} does not come to read all keys`)
  }

  /** Lets go of everything. */
  drop(): void {
    this.#isEnding = true
    this.#client?.close()
  }

  #giveUp(error: Error): void {
    this.failure ??= error
  }

  async #live(): Promise<void> {
    let before: Connection | undefined
    while (!this.#isEnding && this.failure === undefined) {
      const connection = await this.#connect()
      // The old connection may still carry requests to a server that does not know that the session has moved.
      before?.client.close()
      void this.#listen(connection)
      await this.#talk(connection)
      before = connection
    }
    before?.client.close()
  }

  async #readAll(): Promise<boolean> {
    const { single, groups } = this.#options.keys
    const connection = await this.#connect()
    const frames: Uint8Array[] = []
    for (const keys of [...single.map((key) => [key]), ...groups]) this.#read(connection, frames, keys, true)
    connection.client.sendFrames(frames)
    void this.#listen(connection)
    const isDone = await this.#drained(connection)
    connection.isOver = true
    connection.client.close()
    if (this.failure !== undefined) throw this.failure
    return isDone
  }

  async #drained(connection: Connection): Promise<boolean> {
    const deadline = performance.now() + ANSWER_LIMIT_MS
    while (connection.pending.length > 0 && !connection.isOver && performance.now() < deadline) await pause(1)
    return connection.pending.length === 0
  }

  // Asking --------------------------------------------------------------------------------------------------------

  async #talk(connection: Connection): Promise<void> {
    const { random, depth, pauseMs, hopAfter } = this.#options
    while (!connection.isOver && !this.#isEnding) {
      const room = depth - connection.pending.length
      if (room > 0) this.#burst(connection, 1 + random.below(room))
      await pause(random.below(pauseMs))
      if (random.chance(1 / hopAfter)) connection.isOver = true
    }
    if (this.#isEnding) await this.#drained(connection)
    connection.isOver = true
  }

  #burst(connection: Connection, requests: number): void {
    const frames: Uint8Array[] = []
    for (let count = 0; count < requests; count++) this.#askSomething(connection, frames)
    connection.client.sendFrames(frames)
  }

  #askSomething(connection: Connection, frames: Uint8Array[]): void {
    const { random, readShare } = this.#options
    if (random.chance(readShare)) this.#readSomething(connection, frames)
    else this.#writeSomething(connection, frames)
  }

  #readSomething(connection: Connection, frames: Uint8Array[]): void {
    const { random, keys } = this.#options
    const wanted = random.chance(0.15) ? random.pick(keys.groups) : [random.pick(keys.single)]
    this.#read(connection, frames, wanted, random.chance(0.45))
  }

  #writeSomething(connection: Connection, frames: Uint8Array[]): void {
    const { random, keys } = this.#options
    const key = random.pick(keys.single)
    const dice = random.below(100)
    if (dice < 33) this.#write(connection, frames, [{ kind: 'set', key, value: this.#value(), version: -1 }])
    else if (dice < 58) this.#write(connection, frames, [{ kind: 'set', key, value: this.#value(), version: this.#guess(key) }])
    else if (dice < 72) this.#write(connection, frames, [{ kind: 'create', key, value: this.#value() }])
    else if (dice < 78) this.#write(connection, frames, [{ kind: 'delete', key, version: random.chance(0.5) ? -1 : this.#guess(key) }])
    else if (dice < 94) this.#write(connection, frames, this.#groupWrite(random.pick(keys.groups)))
    else this.#name(connection, frames)
  }

  #value(): string {
    return `${this.id}.${++this.#values}`
  }

  #guess(key: string): number {
    return this.#versions.get(key) ?? 0
  }

  #groupWrite(group: readonly string[]): Step[] {
    const { random } = this.#options
    const dice = random.below(10)
    if (dice < 2) return group.map((key) => ({ kind: 'create', key, value: this.#value() }))
    if (dice < 3) return group.map((key) => ({ kind: 'delete', key, version: -1 }))
    const sets = group.map((key): Step => ({ kind: 'set', key, value: this.#value(), version: -1 }))
    return dice < 7 ? sets : [{ kind: 'check', key: group[0], version: this.#guess(group[0]) }, ...sets]
  }

  #write(connection: Connection, frames: Uint8Array[], steps: readonly Step[]): void {
    const operation = this.#operation(connection, steps, false)
    this.#ask(connection, frames, requestOf(steps), true, (reply, at) => {
      this.#settle(operation, reply, at)
      if (operation.outcome?.kind === 'done') this.acknowledgedAt.push(at)
    })
  }

  /** With a sync before it: then the two together are one read of what is current. */
  #read(connection: Connection, frames: Uint8Array[], keys: readonly string[], isCurrent: boolean): void {
    const steps = keys.map((key): Step => ({ kind: 'read', key }))
    const operation = this.#operation(connection, steps, !isCurrent || !this.#options.syncs)
    if (isCurrent) {
      this.#ask(connection, frames, asked(OpCode.sync, SyncRequest, { path: '/' }), false, (reply) => {
        if (!this.#isVoid(reply)) mustBe(reply, Code.OK)
      })
    }
    this.#ask(connection, frames, requestOf(steps), false, (reply, at) => this.#settle(operation, reply, at))
  }

  #name(connection: Connection, frames: Uint8Array[]): void {
    const { history, keys } = this.#options
    const naming: Naming = {
      client: this.id,
      connection: connection.number,
      value: this.#value(),
      invokedAt: performance.now(),
      answeredAt: Infinity,
      name: undefined,
    }
    history.namings.push(naming)
    this.#ask(connection, frames, create(`${keys.names}/n-`, naming.value, Flags.sequential), true, (reply, at) => {
      if (this.#isVoid(reply)) return void history.namings.splice(history.namings.indexOf(naming), 1)
      mustBe(reply, Code.OK)
      naming.answeredAt = at
      naming.name = recordOf<CreateResponse>(reply).path!.slice(keys.names.length + 1)
      this.acknowledgedAt.push(at)
    })
  }

  #operation(connection: Connection, steps: readonly Step[], mayBeStale: boolean): Operation {
    const operation: Operation = {
      client: this.id,
      connection: connection.number,
      steps,
      mayBeStale,
      invokedAt: performance.now(),
      answeredAt: Infinity,
      outcome: undefined,
    }
    this.#options.history.operations.push(operation)
    return operation
  }

  #ask(connection: Connection, frames: Uint8Array[], { type, body }: Asked, isWrite: boolean, onReply: Pending['onReply']): void {
    frames.push(requestWithBytes(++this.#xid, type, body))
    connection.pending.push({ type, isWrite, onReply })
  }

  // Hearing -------------------------------------------------------------------------------------------------------

  async #listen(connection: Connection): Promise<void> {
    const { client, pending } = connection
    for (;;) {
      const payload = await client.next(ANSWER_LIMIT_MS).catch(() => undefined)
      // What comes when it has gone on elsewhere is not heard.
      if (payload === undefined || connection.isOver) break
      try {
        this.#hear(connection, pending.shift(), payload)
      } catch (error) {
        this.#giveUp(error as Error)
        break
      }
    }
    connection.isOver = true
  }

  #hear(connection: Connection, due: Pending | undefined, payload: Uint8Array): void {
    const at = performance.now()
    const reply = decodeReply(due?.type ?? OpCode.ping, payload)!
    const { xid, zxid } = reply.header
    const { history } = this.#options
    const isWrite = due?.isWrite === true
    history.answers.push({ client: this.id, connection: connection.number, xid, zxid, isWrite })
    const expected = connection.firstXid + connection.answered++
    if (due === undefined || xid !== expected) throw new Error(`client ${this.id}: answer ${xid} where ${due === undefined ? 'none' : expected} is due`)
    if (zxid > this.#zxid) this.#zxid = zxid
    due.onReply(reply, at)
  }

  /** It was refused for where it came from, not for what it asked: certainly nothing was done. */
  #isVoid({ header }: Reply): boolean {
    return header.err === Code.SESSIONMOVED
  }

  #settle(operation: Operation, reply: Reply, at: number): void {
    if (this.#isVoid(reply)) {
      const { operations } = this.#options.history
      return void operations.splice(operations.lastIndexOf(operation), 1)
    }
    operation.outcome = outcomeOf(operation.steps, reply)
    operation.answeredAt = at
    if (operation.outcome.kind === 'done') this.#learn(operation.steps, operation.outcome.nodes)
  }

  #learn(steps: readonly Step[], nodes: readonly (Node | null | undefined)[]): void {
    for (const [index, { key }] of steps.entries()) {
      const node = nodes[index]
      if (node !== undefined && node !== null) this.#versions.set(key, node.version)
      else this.#versions.delete(key)
    }
  }

  // Connecting ----------------------------------------------------------------------------------------------------

  /** Tries one member after the other, for as long as the session can live. */
  async #connect(): Promise<Connection> {
    const { ports, random, timeoutMs } = this.#options
    const deadline = performance.now() + timeoutMs
    while (performance.now() < deadline) {
      const client = await RawClient.open(random.pick(ports), { timeoutMs: HANDSHAKE_LIMIT_MS }).catch(() => undefined)
      if (client !== undefined && (await this.#shakeHands(client))) {
        this.#client = client
        return { client, number: ++this.connections, firstXid: this.#xid + 1, pending: [], answered: 0, isOver: false }
      }
      client?.close()
      await pause(CONNECT_PAUSE_MS)
    }
    throw new Error(`client ${this.id}: no member serves within the session's timeout`)
  }

  async #shakeHands(client: RawClient): Promise<boolean> {
    const response = await shakeHands(client, this.#session, this.#zxid, HANDSHAKE_LIMIT_MS)
    if (response === undefined) return false
    if (response.sessionId === 0n) throw new Error(`client ${this.id}: the session 0x${this.#session.id.toString(16)} is lost`)
    this.#session = { ...this.#session, id: response.sessionId, passwd: response.passwd! }
    return true
  }
}

function mustBe({ header }: Reply, code: number): void {
  if (header.err !== code) throw new Error(`answered with ${header.err}, not ${code}`)
}

// A client that holds one session over whatever happens to its servers, as a good client library does: it goes from member to member, takes its
// session and its watches along, and finds out what became of a write that was not answered. It works on nodes of its own, without a pause, and
// throws at the first write that was lost or applied twice.
import { ExistsRequest, GetChildrenRequest, GetDataRequest, SetWatches, SyncRequest } from '../../src/jute/generated/proto.ts'
import type { GetChildrenResponse, GetDataResponse, SetDataResponse } from '../../src/jute/generated/proto.ts'
import { Code, OpCode } from '../../src/protocol/codes.ts'
import { create, Flags, setData } from '../storage/requests.ts'
import { decodeNotification, decodeReply, PING_XID, recordOf, request, requestWithBytes } from '../wire/messages.ts'
import type { Reply } from '../wire/messages.ts'
import { RawClient } from '../wire/raw-client.ts'
import { asked, newSession, shakeHands } from '../wire/raw-session.ts'
import type { Asked, SessionIdentity } from '../wire/raw-session.ts'

const SET_WATCHES_XID = -8
const PAUSE_MS = 20
const PING_INTERVAL_MS = 2_000
const HANDSHAKE_LIMIT_MS = 5_000
/** Members that die close their connections; this long one that is alive may be kept from answering by a busy machine. */
const ANSWER_LIMIT_MS = 10_000

/** The server is gone, or as good as gone. */
class Disconnected extends Error {}

export class HeldSession {
  readonly base: string
  /** Writes that were acknowledged or, not answered, found to have been applied. */
  written = 0
  /** Of these, found out later. */
  resolved = 0
  reconnects = 0
  /** Paths of the events that came, in order. */
  readonly events: string[] = []
  /** What it found wrong; it has given up then. */
  failure: Error | undefined
  readonly #ports: readonly number[]
  readonly #timeoutMs: number
  #next: number
  #client: RawClient | undefined
  #session: SessionIdentity
  #zxid = 0n
  #xid = 0
  #isEnding = false
  #armed = false
  /** The sequence numbers that were given to it. */
  readonly #names = new Set<string>()
  #work: Promise<void> = Promise.resolve()
  #pings: NodeJS.Timeout | undefined

  constructor(base: string, ports: readonly number[], first: number, timeoutMs: number) {
    this.base = base
    this.#ports = ports
    this.#next = first
    this.#timeoutMs = timeoutMs
    this.#session = newSession(timeoutMs)
  }

  /** Of its session; 0 before it has one. */
  get id(): bigint {
    return this.#session.id
  }

  get watched(): string {
    return `${this.base}/watched`
  }

  /** Creates its nodes and its ephemeral and begins to write. */
  async begin(): Promise<void> {
    const nodes = [create(this.base), create(`${this.base}/counter`, '0'), create(`${this.base}/names`), create(this.watched)]
    for (const one of [...nodes, create(`${this.base}/ephemeral`, '', Flags.ephemeral)]) this.#mustBe(await this.#ask(one), Code.OK)
    this.#work = this.#writeOn()
    this.#work.catch((error: Error) => (this.failure = error))
  }

  /** Stops to write, checks everything once more, and only keeps the session alive; throws what went wrong on the way. */
  async end(): Promise<void> {
    this.#isEnding = true
    await this.#work
    await this.#insist(() => this.#checkNames())
    await this.#insist(() => this.#checkEphemeral())
    this.#pings = setInterval(() => this.#client?.sendFrames([request(PING_XID, OpCode.ping)]), PING_INTERVAL_MS)
  }

  drop(): void {
    this.#isEnding = true
    clearInterval(this.#pings)
    this.#client?.close()
  }

  async #writeOn(): Promise<void> {
    for (let count = 0; !this.#isEnding; count++) {
      await this.#count(count)
      await this.#name()
      if (!this.#armed) await this.#insist(() => this.#arm())
    }
  }

  /** The data and the version of the counter go up together, so that a write that is lost or applied twice cannot hide. */
  async #count(count: number): Promise<void> {
    const write = setData(`${this.base}/counter`, String(count + 1), count)
    const reply = await this.#once(write)
    if (reply === undefined) {
      const [data, version] = await this.#insist(() => this.#counter())
      if (data !== String(version)) throw new Error(`${this.base}: the counter is ${data} in version ${version}`)
      if (version === count) return await this.#count(count)
      if (version !== count + 1) throw new Error(`${this.base}: version ${version} after the write of ${count + 1}`)
      this.resolved++
    } else {
      this.#mustBe(reply, Code.OK)
      const { stat } = recordOf<SetDataResponse>(reply)
      if (stat.version !== count + 1) throw new Error(`${this.base}: version ${stat.version} for the write of ${count + 1}`)
    }
    this.written++
  }

  async #counter(): Promise<[string, number]> {
    await this.#ask(asked(OpCode.sync, SyncRequest, { path: '/' }))
    const reply = await this.#ask(asked(OpCode.getData, GetDataRequest, { path: `${this.base}/counter`, watch: false }))
    this.#mustBe(reply, Code.OK)
    const { data, stat } = recordOf<GetDataResponse>(reply)
    return [Buffer.from(data!).toString(), stat.version]
  }

  async #name(): Promise<void> {
    const reply = await this.#once(create(`${this.base}/names/n-`, '', Flags.sequential))
    if (reply === undefined) {
      await this.#insist(() => this.#checkNames(1))
    } else {
      this.#mustBe(reply, Code.OK)
      const name = recordOf<{ path: string }>(reply).path.split('/').at(-1)!
      if (this.#names.has(name)) throw new Error(`${this.base}: the name ${name} is given a second time`)
      this.#names.add(name)
    }
  }

  /** Each name that was given is there, and no others but what became of the write that was not answered. */
  async #checkNames(most = 0): Promise<void> {
    await this.#ask(asked(OpCode.sync, SyncRequest, { path: '/' }))
    const reply = await this.#ask(asked(OpCode.getChildren, GetChildrenRequest, { path: `${this.base}/names`, watch: false }))
    this.#mustBe(reply, Code.OK)
    const there = recordOf<GetChildrenResponse>(reply).children as string[]
    const lost = [...this.#names].filter((name) => !there.includes(name))
    const more = there.filter((name) => !this.#names.has(name))
    if (lost.length > 0 || more.length > most) throw new Error(`${this.base}: lost ${lost.join()}, not known ${more.join()}`)
    for (const name of more) this.#names.add(name)
  }

  async #checkEphemeral(): Promise<void> {
    const reply = await this.#ask(asked(OpCode.getData, GetDataRequest, { path: `${this.base}/ephemeral`, watch: false }))
    this.#mustBe(reply, Code.OK)
    const { ephemeralOwner } = recordOf<GetDataResponse>(reply).stat
    if (ephemeralOwner !== this.id) throw new Error(`${this.base}: the ephemeral is owned by 0x${ephemeralOwner.toString(16)}`)
  }

  async #arm(): Promise<void> {
    this.#mustBe(await this.#ask(asked(OpCode.exists, ExistsRequest, { path: this.watched, watch: true })), Code.OK)
    this.#armed = true
  }

  #mustBe({ header }: Reply, code: number): void {
    if (header.err !== code) throw new Error(`${this.base}: answered with ${header.err}, not ${code}`)
  }

  // The connection ------------------------------------------------------------------------------------------------

  /** Until there is an answer: for what may be done more than once. */
  async #insist<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await work()
      } catch (error) {
        if (!(error instanceof Disconnected)) throw error
      }
    }
  }

  /** Undefined when nobody can say whether it was done. */
  async #once(one: Asked): Promise<Reply | undefined> {
    try {
      return await this.#ask(one)
    } catch (error) {
      if (error instanceof Disconnected) return undefined
      throw error
    }
  }

  async #ask({ type, body }: Asked): Promise<Reply> {
    const client = (this.#client ??= await this.#connect())
    const xid = ++this.#xid
    client.sendFrames([requestWithBytes(xid, type, body)])
    return await this.#answer(client, xid, type)
  }

  async #answer(client: RawClient, xid: number, type: number): Promise<Reply> {
    for (;;) {
      const payload = await client.next(ANSWER_LIMIT_MS).catch(() => undefined)
      if (payload === undefined) {
        client.close()
        this.#client = undefined
        throw new Disconnected(`${this.base}: the connection is lost`)
      }
      const notification = decodeNotification(payload)
      if (notification !== undefined) {
        this.events.push(notification.event.path!)
        this.#armed = false
        continue
      }
      const reply = decodeReply(type, payload)!
      if (reply.header.xid === PING_XID) continue
      if (reply.header.xid !== xid) throw new Error(`${this.base}: answer ${reply.header.xid} where ${xid} is due`)
      if (reply.header.zxid < this.#zxid && reply.header.zxid > 0n) throw new Error(`${this.base}: the zxid goes back`)
      if (reply.header.zxid > this.#zxid) this.#zxid = reply.header.zxid
      return reply
    }
  }

  /** Tries the members in turn, for as long as the session can live. */
  async #connect(): Promise<RawClient> {
    const deadline = performance.now() + this.#timeoutMs
    while (performance.now() < deadline) {
      const port = this.#ports[this.#next++ % this.#ports.length]
      const client = await RawClient.open(port, { timeoutMs: HANDSHAKE_LIMIT_MS }).catch(() => undefined)
      if (client !== undefined && (await this.#shakeHands(client))) return client
      client?.close()
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
    }
    throw new Error(`${this.base}: no member serves within the session's timeout`)
  }

  async #shakeHands(client: RawClient): Promise<boolean> {
    const { id } = this
    const response = await shakeHands(client, this.#session, this.#zxid, HANDSHAKE_LIMIT_MS)
    if (response === undefined) return false
    if (response.sessionId === 0n) throw new Error(`${this.base}: the session 0x${id.toString(16)} is lost`)
    if (id !== 0n) this.reconnects++
    this.#session = { ...this.#session, id: response.sessionId, passwd: response.passwd! }
    return !this.#armed || (await this.#setWatches(client))
  }

  /** The server tells at once of what has happened since the last zxid that was seen. */
  async #setWatches(client: RawClient): Promise<boolean> {
    const none: string[] = []
    const watches: SetWatches = { relativeZxid: this.#zxid, dataWatches: [this.watched], existWatches: none, childWatches: none }
    client.sendFrames([request(SET_WATCHES_XID, OpCode.setWatches, SetWatches, watches)])
    try {
      await this.#answer(client, SET_WATCHES_XID, OpCode.setWatches)
      return true
    } catch (error) {
      if (error instanceof Disconnected) return false
      throw error
    }
  }
}

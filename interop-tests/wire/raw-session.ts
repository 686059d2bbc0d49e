// A session over bare frames that can be taken from one server to the next: it keeps its id and password, sends any request there is, and
// gives the code, the zxid and the record of each answer. It has no watches.
import type { Codec } from '../../src/jute/codec.ts'
import { AuthPacket } from '../../src/jute/generated/proto.ts'
import type { ConnectRequest, ConnectResponse } from '../../src/jute/generated/proto.ts'
import { OpCode } from '../../src/protocol/codes.ts'
import { connectRequest, connectResponse, decodeReply, encode, multiBody, PING_XID, request, requestWithBytes } from './messages.ts'
import type { MultiOperation, Reply } from './messages.ts'
import { RawClient } from './raw-client.ts'

const PING_INTERVAL_MS = 400
const ANSWER_LIMIT_MS = 60_000

/** What it takes to attach to a session. */
export interface SessionIdentity {
  readonly id: bigint
  readonly passwd: Uint8Array
  readonly timeoutMs: number
}

/** One request without its xid. */
export interface Asked {
  readonly type: number
  readonly body: Uint8Array
}

export class RawSession implements SessionIdentity {
  readonly id: bigint
  readonly passwd: Uint8Array
  readonly timeoutMs: number
  readonly #client: RawClient
  readonly #pings: NodeJS.Timeout
  #xid = 0

  private constructor(client: RawClient, identity: SessionIdentity) {
    this.#client = client
    this.id = identity.id
    this.passwd = identity.passwd
    this.timeoutMs = identity.timeoutMs
    this.#pings = setInterval(() => client.sendFrames([request(PING_XID, OpCode.ping)]), PING_INTERVAL_MS)
  }

  /** A new session, or with an identity the same session again. Throws when the server says that it has expired. */
  static async open(port: number, what: { timeoutMs: number } | SessionIdentity): Promise<RawSession> {
    const session = await RawSession.tryOpen(port, what)
    if (session === undefined) throw new Error('the session has expired')
    return session
  }

  /** As `open`, but gives undefined for a session that has expired. */
  static async tryOpen(port: number, what: { timeoutMs: number } | SessionIdentity): Promise<RawSession | undefined> {
    const client = await RawClient.open(port)
    const response = await shakeHands(client, 'id' in what ? what : newSession(what.timeoutMs), 0n, ANSWER_LIMIT_MS)
    if (response === undefined) throw new Error('no answer to the handshake')
    if (response.sessionId === 0n) {
      client.close()
      return undefined
    }
    return new RawSession(client, { id: response.sessionId, passwd: response.passwd!, timeoutMs: response.timeOut })
  }

  /** Sends one request and gives its answer. */
  async ask(one: Asked): Promise<Reply> {
    return (await this.askAll([one]))[0]
  }

  /** Sends all requests at once and gives their answers, in order. Throws when the server goes before the last. */
  async askAll(all: readonly Asked[]): Promise<Reply[]> {
    const replies = await this.askUntilEnd(all)
    if (replies.length < all.length) throw new Error(`the server answered ${replies.length} of ${all.length} requests`)
    return replies
  }

  /** As `askAll`, but gives the answers that came if the server goes before the last. */
  async askUntilEnd(all: readonly Asked[]): Promise<Reply[]> {
    const first = this.#xid + 1
    this.#xid += all.length
    this.#client.sendFrames(all.map(({ type, body }, index) => requestWithBytes(first + index, type, body)))
    const replies: Reply[] = []
    while (replies.length < all.length) {
      const payload = await this.#client.next(ANSWER_LIMIT_MS)
      if (payload === undefined) break
      const reply = decodeReply(all[replies.length].type, payload)!
      if (reply.header.xid === PING_XID) continue
      if (reply.header.xid !== first + replies.length) throw new Error(`answer ${reply.header.xid} where ${first + replies.length} is due`)
      replies.push(reply)
    }
    return replies
  }

  /** Adds a digest identity to the connection; it goes with it. */
  async addDigest(userAndPassword: string): Promise<void> {
    const auth: AuthPacket = { type: 0, scheme: 'digest', auth: Buffer.from(userAndPassword) }
    this.#client.sendFrames([request(-4, OpCode.auth, AuthPacket, auth)])
    for (;;) {
      const reply = decodeReply(OpCode.auth, (await this.#client.next(ANSWER_LIMIT_MS))!)!
      if (reply.header.xid === PING_XID) continue
      if (reply.header.err !== 0) throw new Error(`the identity was refused with ${reply.header.err}`)
      return
    }
  }

  /** Ends the session. */
  async close(): Promise<Reply> {
    const reply = await this.ask({ type: OpCode.closeSession, body: new Uint8Array(0) })
    this.drop()
    return reply
  }

  /** Lets go of the connection; the session lives on until it expires. */
  drop(): void {
    clearInterval(this.#pings)
    this.#client.close()
  }
}

/** What asks for a session that is not there yet. */
export function newSession(timeoutMs: number): SessionIdentity {
  return { id: 0n, passwd: new Uint8Array(16), timeoutMs }
}

/** Asks for the session on a new connection. Undefined when there is no answer in time, or the end instead of one. */
export async function shakeHands(client: RawClient, session: SessionIdentity, lastZxidSeen: bigint, limitMs: number): Promise<ConnectResponse | undefined> {
  const { id: sessionId, passwd, timeoutMs: timeOut } = session
  const record: ConnectRequest = { protocolVersion: 0, lastZxidSeen, timeOut, sessionId, passwd, readOnly: false }
  client.sendFrames([connectRequest(record)])
  const payload = await client.next(limitMs).catch(() => undefined)
  return payload === undefined ? undefined : connectResponse(payload)
}

/** A request from its record. */
export function asked<T>(type: number, codec: Codec<T>, record: T): Asked {
  return { type, body: encode(codec, record) }
}

/** A multi. */
export function askedMulti(operations: readonly MultiOperation[]): Asked {
  return { type: OpCode.multi, body: multiBody(operations) }
}

// What the generator knows of the servers: enough of the tree, the sessions and the connections to pick arguments that matter. It is learnt from
// the reference server's replies, so it never has to be right about a rule of ZooKeeper; where it is wrong, arguments are merely less telling.
import type { Stat } from '../../src/jute/generated/data.ts'
import { Code, OpCode } from '../../src/protocol/codes.ts'
import type { Body, Reply } from '../wire/messages.ts'
import { decodeRequest, isCreate } from './requests.ts'
import type { Operation, RequestBody } from './requests.ts'
import { SLOTS } from './steps.ts'

export interface KnownNode {
  version: number
  aversion: number
  /** The label of the session that owns it. */
  owner: number | undefined
  readonly children: Set<string>
}

export interface KnownSession {
  readonly label: number
  alive: boolean
  /** It lives as short as may be and has to be attended to. */
  short: boolean
}

export interface KnownConnection {
  session: KnownSession
  /** Auth data that was accepted. */
  readonly identities: string[]
  /** Paths that were watched here, whether or not the watch is still there. */
  readonly watched: string[]
  xid: number
}

const SPECIAL_PATHS = ['/', '/zookeeper', '/zookeeper/quota', '/zookeeper/config']
const WATCHED_LIMIT = 40
const GONE_LIMIT = 60

export class World {
  readonly nodes = new Map<string, KnownNode>()
  /** The keys of `nodes`, for a quick choice. */
  readonly paths: string[] = []
  readonly #positions = new Map<string, number>()
  /** Paths that were deleted lately. */
  readonly gone: string[] = []
  readonly sessions: KnownSession[] = []
  readonly connections: (KnownConnection | undefined)[] = Array.from({ length: SLOTS }, () => undefined)
  zxid = 0n

  constructor() {
    for (const path of SPECIAL_PATHS) this.#add(path, undefined)
  }

  /** A connection was accepted for that session, or refused (undefined). */
  connected(slot: number, label: number | undefined, short: boolean): void {
    if (label === undefined) return
    const session = this.sessions[label] ?? { label, alive: true, short }
    session.short = short
    this.sessions[label] = session
    this.connections[slot] = { session, identities: [], watched: [], xid: 1 }
  }

  ended(slot: number): void {
    this.connections[slot] = undefined
  }

  expired(slot: number): void {
    const connection = this.connections[slot]
    if (connection !== undefined) this.#sessionGone(connection.session)
    this.ended(slot)
  }

  /** Takes the reply to a request of that connection. */
  learn(connection: KnownConnection, payload: Uint8Array, reply: Reply | undefined): void {
    if (reply === undefined) return
    if (reply.header.zxid > this.zxid) this.zxid = reply.header.zxid
    const request = decodeRequest(payload)
    if (request === undefined) return
    if (reply.body.kind === 'multi') {
      reply.body.results.forEach(({ header, body }, at) => {
        const operation = request.operations[at]
        if (operation !== undefined && header.type !== OpCode.error) this.#learnOperation(connection, operation, body)
      })
      return
    }
    if (request.type === OpCode.closeSession) this.#sessionGone(connection.session)
    this.#learnWatch(connection, request)
    if (reply.header.err !== Code.OK) return
    this.#learnOperation(connection, request, reply.body.kind === 'record' ? reply.body : null)
  }

  #learnOperation(connection: KnownConnection, { type, body }: Operation, result: Body | null): void {
    const path = body?.path ?? undefined
    if (path === undefined && type !== OpCode.auth) return
    const reply = result?.record as { path?: string; stat?: Stat; children?: string[] } | undefined
    if (isCreate(type) && reply?.path !== undefined) this.#add(reply.path, ownerOf(type, body!) ? connection.session.label : undefined)
    else if (type === OpCode.delete) this.#remove(path!)
    else if (type === OpCode.auth) connection.identities.push(Buffer.from(body!.auth ?? []).toString())
    else if (reply?.stat !== undefined) this.#refresh(path!, reply.stat)
  }

  #learnWatch(connection: KnownConnection, { type, body }: Operation): void {
    if (body?.watch !== true && type !== OpCode.addWatch) return
    if (typeof body?.path !== 'string') return
    connection.watched.push(body.path)
    if (connection.watched.length > WATCHED_LIMIT) connection.watched.shift()
  }

  #refresh(path: string, stat: Stat): void {
    const node = this.nodes.get(path)
    if (node === undefined) return
    node.version = stat.version
    node.aversion = stat.aversion
  }

  #add(path: string, owner: number | undefined): void {
    if (this.nodes.has(path)) return
    this.nodes.set(path, { version: 0, aversion: 0, owner, children: new Set() })
    this.#positions.set(path, this.paths.length)
    this.paths.push(path)
    if (path !== '/') this.nodes.get(parentOf(path))?.children.add(path)
  }

  #remove(path: string): void {
    const position = this.#positions.get(path)
    if (position === undefined) return
    this.nodes.delete(path)
    this.#positions.delete(path)
    const last = this.paths.pop()!
    if (last !== path) {
      this.paths[position] = last
      this.#positions.set(last, position)
    }
    this.nodes.get(parentOf(path))?.children.delete(path)
    this.gone.push(path)
    if (this.gone.length > GONE_LIMIT) this.gone.shift()
  }

  #sessionGone(session: KnownSession): void {
    session.alive = false
    for (const [path, node] of this.nodes) if (node.owner === session.label) this.#remove(path)
  }
}

/** The path before the last slash. */
export function parentOf(path: string): string {
  const slash = path.lastIndexOf('/')
  return slash <= 0 ? '/' : path.slice(0, slash)
}

/** Does this create make an ephemeral node? */
function ownerOf(type: number, body: RequestBody): boolean {
  return (type === OpCode.create || type === OpCode.create2) && (body.flags === 1 || body.flags === 3)
}

// Makes a Java server log every kind of txn there is, through bare frames: no client library sends them all.
import type { Codec } from '../../src/jute/codec.ts'
import type { ACL } from '../../src/jute/generated/data.ts'
import {
  AuthPacket,
  CheckVersionRequest,
  CreateRequest,
  CreateTTLRequest,
  DeleteRequest,
  ExistsRequest,
  SetACLRequest,
  SetDataRequest,
} from '../../src/jute/generated/proto.ts'
import type { ConnectRequest } from '../../src/jute/generated/proto.ts'
import { OpCode } from '../../src/protocol/codes.ts'
import { eventually } from '../peers/processes.ts'
import { connectRequest, connectResponse, decodeReply, encode, multiBody, request, requestWithBytes } from '../wire/messages.ts'
import type { MultiOperation } from '../wire/messages.ts'
import { RawClient } from '../wire/raw-client.ts'

const EPHEMERAL = 1
const SEQUENTIAL = 2
const CONTAINER = 4
const TTL = 5

const open: ACL[] = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }]

/** Properties that switch on everything the workload uses; the container check is fast, so that one gets deleted. */
export const workloadFlags = ['-Dzookeeper.extendedTypesEnabled=true', '-Dznode.container.checkIntervalMs=300']

/** One session that sends a request at a time and gives the error code of its reply. */
export class Session {
  readonly id: bigint
  readonly #client: RawClient
  #xid = 0

  private constructor(client: RawClient, id: bigint) {
    this.#client = client
    this.id = id
  }

  static async open(port: number, timeOut = 20_000): Promise<Session> {
    const client = await RawClient.open(port)
    const passwd = new Uint8Array(16)
    const record: ConnectRequest = { protocolVersion: 0, lastZxidSeen: 0n, timeOut, sessionId: 0n, passwd, readOnly: false }
    client.sendFrames([connectRequest(record)])
    const response = connectResponse((await client.next())!)
    return new Session(client, response!.sessionId)
  }

  async call<T>(type: number, codec: Codec<T>, body: T): Promise<number> {
    return await this.#reply(type, request(++this.#xid, type, codec, body))
  }

  async multi(operations: MultiOperation[]): Promise<number> {
    return await this.#reply(OpCode.multi, requestWithBytes(++this.#xid, OpCode.multi, multiBody(operations)))
  }

  async close(): Promise<void> {
    await this.#reply(OpCode.closeSession, request(++this.#xid, OpCode.closeSession))
  }

  async #reply(type: number, payload: Uint8Array): Promise<number> {
    this.#client.sendFrames([payload])
    const answer = await this.#client.next()
    if (answer === undefined) throw new Error(`no reply to an operation of type ${type}`)
    return decodeReply(type, answer)!.header.err
  }
}

const text = (value: string): Uint8Array => Buffer.from(value)

export function create(path: string, data: Uint8Array | null, flags = 0, acl = open): CreateRequest {
  return { path, data, acl, flags }
}

function operation<T>(type: number, codec: Codec<T>, body: T): MultiOperation {
  return { type, body: encode(codec, body) }
}

/** Every type of txn, in and out of a multi, with data and ACLs of every kind. The second session is closed. */
export async function runWorkload(port: number): Promise<void> {
  const session = await Session.open(port)
  const other = await Session.open(port, 15_000)
  await session.call(OpCode.auth, AuthPacket, { type: 0, scheme: 'digest', auth: text('user:secret') })
  await session.call(OpCode.create, CreateRequest, create('/a', text('hello')))
  await session.call(OpCode.create2, CreateRequest, create('/a/b', null))
  await session.call(OpCode.create, CreateRequest, create('/a/s-', new Uint8Array(0), SEQUENTIAL))
  await session.call(OpCode.create, CreateRequest, create('/a', text('again')))
  await session.call(OpCode.create, CreateRequest, create('/\u00e4\u4e2d', Buffer.from([0, 128, 255])))
  await session.call(OpCode.create, CreateRequest, create('/big', new Uint8Array(3000).fill(7)))
  await session.call(OpCode.setData, SetDataRequest, { path: '/a', data: text('hello2'), version: -1 })
  await session.call(OpCode.setACL, SetACLRequest, {
    path: '/a/b',
    version: -1,
    acl: [
      { perms: 31, id: { scheme: 'auth', id: '' } },
      { perms: 1, id: { scheme: 'ip', id: '127.0.0.1' } },
      { perms: 1, id: { scheme: 'digest', id: 'us\u00e9r:x' } },
    ],
  })
  await session.call(OpCode.createContainer, CreateRequest, create('/c', text('container'), CONTAINER))
  await session.call(OpCode.createTTL, CreateTTLRequest, { path: '/t', data: text('ttl'), acl: open, flags: TTL, ttl: 600_000n })
  await other.call(OpCode.create, CreateRequest, create('/e1', text('mine'), EPHEMERAL))
  await other.call(OpCode.create2, CreateRequest, create('/e2-', null, EPHEMERAL | SEQUENTIAL))
  await session.call(OpCode.create, CreateRequest, create('/e3', text('stays'), EPHEMERAL))
  await session.multi([
    operation(OpCode.create, CreateRequest, create('/m', text('multi'))),
    operation(OpCode.create2, CreateRequest, create('/m/n', null)),
    operation(OpCode.createContainer, CreateRequest, create('/m/c', null, CONTAINER)),
    operation(OpCode.createTTL, CreateTTLRequest, { path: '/m/t', data: null, acl: open, flags: TTL, ttl: 1000n * 3600n }),
    operation(OpCode.check, CheckVersionRequest, { path: '/a', version: 1 }),
    operation(OpCode.setData, SetDataRequest, { path: '/m', data: text('2'), version: 0 }),
    operation(OpCode.delete, DeleteRequest, { path: '/m/n', version: -1 }),
  ])
  await session.multi([
    operation(OpCode.create, CreateRequest, create('/m2', text('no'))),
    operation(OpCode.check, CheckVersionRequest, { path: '/a', version: 99 }),
    operation(OpCode.create, CreateRequest, create('/m3', text('no'))),
  ])
  await session.multi([])
  await session.call(OpCode.delete, DeleteRequest, { path: '/big', version: -1 })
  await session.call(OpCode.delete, DeleteRequest, { path: '/none', version: -1 })
  // An empty container that once had a child is deleted by the server, with a txn of its own.
  await session.call(OpCode.create, CreateRequest, create('/c/child', null))
  await session.call(OpCode.delete, DeleteRequest, { path: '/c/child', version: -1 })
  await eventually('the container is gone', 60_000, async () =>
    (await session.call(OpCode.exists, ExistsRequest, { path: '/c', watch: false })) === -101 ? true : undefined,
  )
  await other.close()
  await session.call(OpCode.setData, SetDataRequest, { path: '/m', data: null, version: -1 })
}

/** The types that `runWorkload` leaves in the log. */
export const workloadTypes = [-11, -10, -1, 1, 2, 5, 7, 14, 15, 19, 20, 21]

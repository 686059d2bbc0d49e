// Requests in few words, and a way to send many of them at once together with the codes that they are to be answered with.
import { expect } from 'vitest'
import type { ACL } from '../../src/jute/generated/data.ts'
import {
  CheckVersionRequest,
  CreateRequest,
  CreateTTLRequest,
  DeleteRequest,
  ErrorResponse,
  ExistsRequest,
  SetACLRequest,
  SetDataRequest,
} from '../../src/jute/generated/proto.ts'
import { Code, OpCode } from '../../src/protocol/codes.ts'
import { eventually } from '../peers/processes.ts'
import type { Reply } from '../wire/messages.ts'
import { asked } from '../wire/raw-session.ts'
import type { Asked, RawSession } from '../wire/raw-session.ts'

/** The flags of a create request, as CreateMode has them. */
export const Flags = { persistent: 0, ephemeral: 1, sequential: 2, ephemeralSequential: 3, container: 4, ttl: 5, ttlSequential: 6 } as const

export const openAcl: ACL[] = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }]

type Data = string | Uint8Array | null

const bytes = (data: Data): Uint8Array | null => (typeof data === 'string' ? Buffer.from(data) : data)

export function create(path: string, data: Data = '', flags: number = Flags.persistent, acl = openAcl): Asked {
  return asked(OpCode.create, CreateRequest, { path, data: bytes(data), acl, flags })
}

export function create2(path: string, data: Data = '', flags: number = Flags.persistent, acl = openAcl): Asked {
  return asked(OpCode.create2, CreateRequest, { path, data: bytes(data), acl, flags })
}

export function createContainer(path: string, data: Data = ''): Asked {
  return asked(OpCode.createContainer, CreateRequest, { path, data: bytes(data), acl: openAcl, flags: Flags.container })
}

export function createTtl(path: string, ttlMs: number, flags: number = Flags.ttl): Asked {
  return asked(OpCode.createTTL, CreateTTLRequest, { path, data: bytes('ttl'), acl: openAcl, flags, ttl: BigInt(ttlMs) })
}

export function remove(path: string, version = -1): Asked {
  return asked(OpCode.delete, DeleteRequest, { path, version })
}

export function setData(path: string, data: Data, version = -1): Asked {
  return asked(OpCode.setData, SetDataRequest, { path, data: bytes(data), version })
}

export function setAcl(path: string, acl: ACL[], version = -1): Asked {
  return asked(OpCode.setACL, SetACLRequest, { path, acl, version })
}

/** Within a multi. */
export function check(path: string, version: number): Asked {
  return asked(OpCode.check, CheckVersionRequest, { path, version })
}

export type Step = readonly [request: Asked, code: Code]

/** Each request is to succeed. */
export function all(...requests: Asked[]): Step[] {
  return requests.map((request) => [request, Code.OK])
}

/** Sends everything at once and checks the code of every answer. */
export async function play(session: RawSession, steps: readonly Step[]): Promise<Reply[]> {
  const replies = await session.askAll(steps.map(([request]) => request))
  expect(replies.map(codeOf)).toEqual(steps.map(([, code]) => code))
  return replies
}

/** Of a multi that failed, the first error in its results: its header has none. */
export function codeOf({ header, body }: Reply): number {
  const results =
    body.kind === 'multi' ? body.results.flatMap((result) => (result.body?.codec === ErrorResponse ? [result.body.record as ErrorResponse] : [])) : []
  return results.find(({ err }) => err !== Code.OK)?.err ?? header.err
}

const DISAPPEARANCE_LIMIT_MS = 60_000

/** Waits until the server, or the end of a session, has removed the node. */
export async function gone(session: RawSession, path: string): Promise<void> {
  await eventually(`${path} is gone`, DISAPPEARANCE_LIMIT_MS, async () =>
    (await session.ask(asked(OpCode.exists, ExistsRequest, { path, watch: false }))).header.err === Code.NONODE ? true : undefined,
  )
}

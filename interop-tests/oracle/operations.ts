// One request of each kind with arguments from arguments.ts, and the ways to spoil a request that was well formed.
import type { ACL } from '../../src/jute/generated/data.ts'
import {
  AddWatchRequest,
  CheckVersionRequest,
  CheckWatchesRequest,
  CreateRequest,
  CreateTTLRequest,
  DeleteRequest,
  ExistsRequest,
  GetACLRequest,
  GetAllChildrenNumberRequest,
  GetChildrenRequest,
  GetDataRequest,
  GetEphemeralsRequest,
  MultiHeader,
  ReconfigRequest,
  SetACLRequest,
  SetDataRequest,
  SetWatches,
  SetWatches2,
  SyncRequest,
} from '../../src/jute/generated/proto.ts'
import { OpCode } from '../../src/protocol/codes.ts'
import { encode, multiBody, requestWithBytes } from '../wire/messages.ts'
import type { MultiOperation } from '../wire/messages.ts'
import { existingPath, expectedVersion, pathToCreate, pathToDelete, pathToWatch, someAcl, someData, somePath, watchList } from './arguments.ts'
import type { Context } from './arguments.ts'
import { quotaChange, quotaOperation } from './quota-operations.ts'
import type { Random } from './random.ts'

const OPEN_ACL_PERCENT = 72
const MAX_TTL = (1n << 40n) - 1n
const EMPTY = new Uint8Array(0)

type Build = (context: Context) => MultiOperation

function flagsFor({ random }: Context): number {
  return random.weighted<number | undefined>([
    [40, 0],
    [16, 1],
    [14, 2],
    [7, 3],
    [8, 4],
    [4, 5],
    [3, 6],
    [2, undefined],
  ]) ?? random.pick([7, -1, 8, 0x7fffffff, -0x80000000]) // prettier-ignore
}

function createFields(context: Context): { path: string | null; data: Uint8Array | null; acl: ACL[] | null; flags: number } {
  const path = pathToCreate(context)
  return { path, data: someData(context), acl: someAcl(context, path, OPEN_ACL_PERCENT), flags: flagsFor(context) }
}

const create: Build = (context) => ({ type: OpCode.create, body: encode(CreateRequest, createFields(context)) })
const create2: Build = (context) => ({ type: OpCode.create2, body: encode(CreateRequest, createFields(context)) })
const createContainer: Build = (context) => {
  const flags = context.random.chance(60) ? 4 : flagsFor(context)
  return { type: OpCode.createContainer, body: encode(CreateRequest, { ...createFields(context), flags }) }
}
const createTTL: Build = (context) => {
  const { random } = context
  const flags = random.chance(75) ? random.pick([5, 6]) : flagsFor(context)
  const ttl = random.chance(70) ? BigInt(random.between(1, 1_000_000_000)) : random.pick([0n, -1n, -5n, 1n, MAX_TTL, MAX_TTL + 1n, (1n << 63n) - 1n])
  return { type: OpCode.createTTL, body: encode(CreateTTLRequest, { ...createFields(context), flags, ttl }) }
}
const deleteNode: Build = (context) => {
  const path = pathToDelete(context)
  const version = expectedVersion(context, context.world.nodes.get(path ?? '')?.version)
  return { type: OpCode.delete, body: encode(DeleteRequest, { path, version }) }
}
const setData: Build = (context) => {
  const path = somePath(context)
  const version = expectedVersion(context, context.world.nodes.get(path ?? '')?.version)
  return { type: OpCode.setData, body: encode(SetDataRequest, { path, data: someData(context), version }) }
}
const check: Build = (context) => {
  const path = somePath(context)
  const version = expectedVersion(context, context.world.nodes.get(path ?? '')?.version)
  return { type: OpCode.check, body: encode(CheckVersionRequest, { path, version }) }
}
const setACL: Build = (context) => {
  const path = somePath(context)
  const version = expectedVersion(context, context.world.nodes.get(path ?? '')?.aversion)
  return { type: OpCode.setACL, body: encode(SetACLRequest, { path, acl: someAcl(context, path, 35), version }) }
}

const watched = (context: Context): { path: string | null; watch: boolean } => {
  const watch = context.random.chance(55)
  return { path: watch ? pathToWatch(context) : somePath(context), watch }
}
const exists: Build = (context) => ({ type: OpCode.exists, body: encode(ExistsRequest, watched(context)) })
const getData: Build = (context) => ({ type: OpCode.getData, body: encode(GetDataRequest, watched(context)) })
const getChildren: Build = (context) => ({ type: OpCode.getChildren, body: encode(GetChildrenRequest, watched(context)) })
const getChildren2: Build = (context) => ({ type: OpCode.getChildren2, body: encode(GetChildrenRequest, watched(context)) })
const getACL: Build = (context) => ({ type: OpCode.getACL, body: encode(GetACLRequest, { path: somePath(context) }) })
const getAllChildrenNumber: Build = (context) => ({
  type: OpCode.getAllChildrenNumber,
  body: encode(GetAllChildrenNumberRequest, { path: somePath(context) }),
})
const getEphemerals: Build = (context) => {
  const path = context.random.chance(50) ? context.random.pick([null, '', ' ', '/', '\t\n', ' /', '/a', '/n-', 'a']) : existingPath(context)
  return { type: OpCode.getEphemerals, body: encode(GetEphemeralsRequest, { prefixPath: path }) }
}
const sync: Build = (context) => ({ type: OpCode.sync, body: encode(SyncRequest, { path: somePath(context) }) })
const whoAmI: Build = () => ({ type: OpCode.whoAmI, body: EMPTY })
const ping: Build = () => ({ type: OpCode.ping, body: EMPTY })

const addWatch: Build = (context) => {
  const mode = context.random.chance(92) ? context.random.below(2) : context.random.pick([-1, 2, 3])
  return { type: OpCode.addWatch, body: encode(AddWatchRequest, { path: pathToWatch(context), mode }) }
}
const watcherType = ({ random }: Context): number => (random.chance(93) ? random.between(1, 5) : random.pick([0, 6, -1, 0x7fffffff]))
const checkWatches: Build = (context) => ({
  type: OpCode.checkWatches,
  body: encode(CheckWatchesRequest, { path: pathToWatch(context), type: watcherType(context) }),
})
const removeWatches: Build = (context) => ({ ...checkWatches(context), type: OpCode.removeWatches })

const relativeZxid = ({ random, world }: Context): bigint =>
  random.chance(70) ? world.zxid - BigInt(random.below(60)) : random.pick([0n, world.zxid, world.zxid + 1n, -1n, (1n << 63n) - 1n])
const watchLists = (context: Context): Pick<SetWatches, 'dataWatches' | 'existWatches' | 'childWatches'> => ({
  dataWatches: watchList(context),
  existWatches: watchList(context),
  childWatches: watchList(context),
})
const setWatches: Build = (context) => ({
  type: OpCode.setWatches,
  body: encode(SetWatches, { relativeZxid: relativeZxid(context), ...watchLists(context) }),
})
const setWatches2: Build = (context) => ({
  type: OpCode.setWatches2,
  body: encode(SetWatches2, {
    relativeZxid: relativeZxid(context),
    ...watchLists(context),
    persistentWatches: watchList(context),
    persistentRecursiveWatches: watchList(context),
  }),
})

const reconfig: Build = ({ random }) => {
  const server = (): string | null => random.pick([null, '', 'server.1=127.0.0.1:1:2;3', '1,2', 'x', 'server.2=localhost:1:2:participant;0.0.0.0:3'])
  const curConfigId = random.pick([-1n, 0n, 1n, 0x100000000n])
  return { type: OpCode.reconfig, body: encode(ReconfigRequest, { joiningServers: server(), leavingServers: server(), newMembers: server(), curConfigId }) }
}

const multiParts: readonly (readonly [number, Build])[] = [
  [22, create],
  [16, create2],
  [8, createContainer],
  [8, createTTL],
  [22, deleteNode],
  [26, setData],
  [20, check],
]
const readParts: readonly (readonly [number, Build])[] = [
  [10, getData],
  [10, getChildren],
]
const misplacedParts: readonly (readonly [number, Build])[] = [
  [3, getData],
  [3, getChildren],
  [2, setACL],
  [1, exists],
  [1, (context) => ({ ...deleteNode(context), type: OpCode.deleteContainer })],
  [1, sync],
  [1, (context) => ({ ...multi(context), type: OpCode.multi })],
  [1, (context) => ({ type: context.random.pick([0, -1, -11, 11, 99, 107]), body: EMPTY })],
]

function parts(context: Context, own: readonly (readonly [number, Build])[], strange: readonly (readonly [number, Build])[]): MultiOperation[] {
  const { random } = context
  const length = random.weighted([
    [8, 0],
    [24, 1],
    [28, 2],
    [20, 3],
    [12, 4],
    [6, 6],
    [2, 10],
  ] as const)
  const quotas = context.configuration.quotas === true && own === multiParts ? 80 : 0
  const list = Array.from({ length }, () => random.weighted([...own, [quotas, quotaChange] as const])(context))
  if (random.chance(5)) list.splice(random.below(length + 1), 0, random.weighted(strange)(context))
  return list
}

const OPEN_ACL: ACL[] = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }]

/** Operations that hang together, as clients send them: later ones see what earlier ones did. */
function connectedParts(context: Context): MultiOperation[] {
  const { random } = context
  const top = `${existingPath(context)}/m${random.below(4)}`.replace('//', '/')
  const make = (path: string, flags: number, type: number = OpCode.create): MultiOperation => ({
    type,
    body: encode(CreateRequest, { path, data: EMPTY, acl: OPEN_ACL, flags }),
  })
  const set = (path: string, version: number): MultiOperation => ({
    type: OpCode.setData,
    body: encode(SetDataRequest, { path, data: random.bytes(4), version }),
  })
  const confirm = (path: string, version: number): MultiOperation => ({ type: OpCode.check, body: encode(CheckVersionRequest, { path, version }) })
  const drop = (path: string, version: number): MultiOperation => ({ type: OpCode.delete, body: encode(DeleteRequest, { path, version }) })
  return random.pick<() => MultiOperation[]>([
    () => [make(top, 0), make(`${top}/c`, 0, OpCode.create2), set(`${top}/c`, 0), confirm(`${top}/c`, 1)],
    () => [make(top, 0), make(`${top}/s-`, 2), make(`${top}/s-`, 3, OpCode.create2), make(`${top}/s-`, 2)],
    () => [make(top, 0), drop(top, 0), make(top, 1), make(`${top}/c`, 0)],
    () => [make(top, 4), make(`${top}/c`, 1), drop(`${top}/c`, -1), drop(top, -1)],
    () => [make(top, 0), make(top, 0)],
    () => [set(top, -1), set(top, -1), confirm(top, -1), drop(top, -1)],
    () => [make(top, 1), confirm(top, 0), drop('/missing', -1), set(top, 0)],
    () => [drop(`${top}/c`, -1), drop(top, -1)],
  ])()
}

const multi: Build = (context) => {
  const { random } = context
  const list = random.chance(25) ? connectedParts(context) : parts(context, multiParts, misplacedParts)
  const body = multiBody(list)
  // Only `done` ends the list, whatever the type beside it.
  if (random.chance(3)) body.set(encode(MultiHeader, { type: random.pick([0, 1, 99]), done: true, err: 0 }), body.length - 9)
  if (random.chance(2)) return { type: OpCode.multi, body: body.subarray(0, body.length - 9) }
  return { type: OpCode.multi, body }
}
const multiRead: Build = (context) => ({ type: OpCode.multiRead, body: multiBody(parts(context, readParts, [...misplacedParts, [4, create], [4, check]])) })

const builders: readonly (readonly [number, Build])[] = [
  [16, create],
  [11, create2],
  [5, createContainer],
  [6, createTTL],
  [15, setData],
  [8, setACL],
  [14, multi],
  [8, exists],
  [10, getData],
  [5, getChildren],
  [6, getChildren2],
  [6, getACL],
  [3, getAllChildrenNumber],
  [3, getEphemerals],
  [3, sync],
  [2, whoAmI],
  [2, ping],
  [7, addWatch],
  [3, checkWatches],
  [5, removeWatches],
  [3, setWatches],
  [3, setWatches2],
  [4, multiRead],
  [1.2, reconfig],
]

/** The tree is kept at about this many nodes. */
const NODES_WANTED = 90

/** Any request that leaves the connection open, as payload. */
export function anyRequest(context: Context): Uint8Array {
  const { random, world, configuration } = context
  const deletes = Math.max(4, (14 * world.nodes.size) / NODES_WANTED)
  const quotas = configuration.quotas === true ? 34 : 3
  const { type, body } = random.weighted<Build>([...builders, [deletes, deleteNode], [quotas, quotaOperation]])(context)
  const payload = requestWithBytes(nextXid(context, type), type, body)
  if (random.chance(4)) return spoil(random, payload)
  if (random.chance(3)) return Buffer.concat([payload, random.bytes(random.between(1, 9))])
  return payload
}

/** Counts up, as clients do, with exceptions that a server has to echo just the same. */
export function nextXid({ random, connection }: Context, type: number): number {
  if (random.chance(96)) return connection.xid++
  // The xid of notifications would make a reply with a body ambiguous.
  const bodiless = type === OpCode.delete || type === OpCode.ping
  return random.pick([0, -2, -4, -8, -100, 1, 7, -0x80000000, 0x7fffffff, bodiless ? -1 : -3])
}

const HEADER_BYTES = 8

/** Damages what stands behind the header: cut off, a length or count that lies, or some bytes changed. */
export function spoil(random: Random, payload: Uint8Array): Uint8Array {
  const bytes = Uint8Array.from(payload)
  if (bytes.length === HEADER_BYTES) return bytes
  const at = random.between(HEADER_BYTES, bytes.length - 1)
  const kind = random.weighted([
    [50, 'cut'],
    [30, 'length'],
    [20, 'bytes'],
  ] as const)
  if (kind === 'cut') return bytes.subarray(0, at)
  if (kind === 'length') {
    if (bytes.length < HEADER_BYTES + 4) return bytes
    // Lengths stand anywhere; the first string's is at the front.
    const place = random.chance(50) ? HEADER_BYTES : Math.min(at, bytes.length - 4)
    new DataView(bytes.buffer).setInt32(place, random.pick([-1, -2, -5, 0, 1, 0x7fffffff, 0x200000, bytes.length]))
    return bytes
  }
  for (let count = random.between(1, 3); count > 0; count--) bytes[random.between(HEADER_BYTES, bytes.length - 1)] = random.pick([0, 1, 0x2f, 0x80, 0xff])
  return bytes
}

// Valid requests of every kind there is, and ways to spoil them: lengths, types, ends, bits, vectors, pieces of others. Everything is the seed's.
import type { ACL } from '../../src/jute/generated/data.ts'
import {
  AddWatchRequest,
  AuthPacket,
  CheckWatchesRequest,
  CreateTTLRequest,
  ExistsRequest,
  GetACLRequest,
  GetAllChildrenNumberRequest,
  GetChildren2Request,
  GetChildrenRequest,
  GetDataRequest,
  GetEphemeralsRequest,
  GetSASLRequest,
  ReconfigRequest,
  RemoveWatchesRequest,
  SetWatches,
  SetWatches2,
  SyncRequest,
} from '../../src/jute/generated/proto.ts'
import { OpCode } from '../../src/protocol/codes.ts'
import type { Random } from '../oracle/random.ts'
import { check, create, create2, createContainer, openAcl, remove, setAcl, setData } from '../storage/requests.ts'
import { multiBody, requestWithBytes } from '../wire/messages.ts'
import { asked, askedMulti } from '../wire/raw-session.ts'
import type { Asked } from '../wire/raw-session.ts'

const NAMES = ['a', 'b', 'c', 'd', 'n-', 'é', ' ', 'zookeeper_limits', 'zookeeper_stats']
const ROOTS = ['', '/a', '/b', '/q', '/q/a', '/zookeeper', '/zookeeper/quota', '/zookeeper/quota/q', '/zookeeper/quota/ ', '/zookeeper/quota/zookeeper_limits2']
const TEXTS = ['', 'count=0,bytes=0', 'count=100,bytes=100000', 'count=5,bytes=5=;byteHardLimit=50000;countHardLimit=5000', 'count=,bytes', 'x']
const TYPES = [...Object.values(OpCode)]
const ODD_INTS = [0, 1, -1, -2, -8, 4, 5, 6, 7, 8, 31, 0xff, 0xffff, 0xfffff, 0x100000, 0x1fffff, 0x7fff_ffff, -0x8000_0000]
const HEADER_BYTES = 8
const LARGE_BYTES = 200_000

/** What follows the header of a request that makes sense. */
export function validRequest(random: Random): Asked {
  const path = somePath(random)
  const data = someData(random)
  const flags = random.weighted([
    [60, 0],
    [12, 1],
    [12, 2],
    [4, 3],
    [4, 4],
    [4, 5],
    [4, 6],
  ])
  const watch = random.chance(30)
  const version = random.pick([-1, -1, -1, 0, 1])
  const ttl = BigInt(random.pick([-5, -1, 0, 1, 100_000]))
  const paths = (): string[] => Array.from({ length: random.below(4) }, () => somePath(random))
  const lists = (): { dataWatches: string[]; existWatches: string[]; childWatches: string[] } => ({
    dataWatches: paths(),
    existWatches: paths(),
    childWatches: paths(),
  })
  const relativeZxid = BigInt(random.below(1000))
  const write = random.weighted<() => Asked>([
    [20, () => create(path, data, flags, someAcl(random))],
    [8, () => create2(path, data, flags, someAcl(random))],
    [5, () => createContainer(path, data)],
    [8, () => asked(OpCode.createTTL, CreateTTLRequest, { path, data: null, acl: openAcl, flags: random.pick([0, 4, 5, 6]), ttl })],
    [25, () => remove(path, version)],
    [25, () => setData(path, data, version)],
    [5, () => setAcl(path, someAcl(random), version)],
  ])
  return random.weighted<() => Asked>([
    [45, write],
    [8, () => askedMulti(Array.from({ length: random.below(5) }, () => (random.chance(20) ? check(path, version) : validWrite(random))))],
    [4, () => ({ type: OpCode.multiRead, body: multiBody(Array.from({ length: random.below(5) }, () => aRead(random))) })],
    [5, () => asked(OpCode.exists, ExistsRequest, { path, watch })],
    [5, () => asked(OpCode.getData, GetDataRequest, { path, watch })],
    [3, () => asked(OpCode.getChildren, GetChildrenRequest, { path, watch })],
    [3, () => asked(OpCode.getChildren2, GetChildren2Request, { path, watch })],
    [3, () => asked(OpCode.getACL, GetACLRequest, { path })],
    [2, () => asked(OpCode.sync, SyncRequest, { path })],
    [2, () => asked(OpCode.getEphemerals, GetEphemeralsRequest, { prefixPath: path })],
    [2, () => asked(OpCode.getAllChildrenNumber, GetAllChildrenNumberRequest, { path })],
    [2, () => asked(OpCode.addWatch, AddWatchRequest, { path, mode: random.below(2) })],
    [2, () => asked(OpCode.removeWatches, RemoveWatchesRequest, { path, type: random.between(1, 5) })],
    [2, () => asked(OpCode.checkWatches, CheckWatchesRequest, { path, type: random.between(1, 5) })],
    [2, () => asked(OpCode.setWatches, SetWatches, { relativeZxid, ...lists() })],
    [2, () => asked(OpCode.setWatches2, SetWatches2, { relativeZxid, ...lists(), persistentWatches: paths(), persistentRecursiveWatches: paths() })],
    [
      1,
      () => asked(OpCode.auth, AuthPacket, { type: 0, scheme: random.pick(['digest', 'digest', 'ip', 'world']), auth: Buffer.from(`u${random.below(9)}:p`) }),
    ],
    [1, () => asked(OpCode.sasl, GetSASLRequest, { token: Buffer.from('token') })],
    [1, () => asked(OpCode.reconfig, ReconfigRequest, { joiningServers: 'server.1=x', leavingServers: null, newMembers: null, curConfigId: -1n })],
    [1, () => ({ type: random.pick([OpCode.whoAmI, OpCode.ping]), body: new Uint8Array(0) })],
    [0.3, () => ({ type: OpCode.closeSession, body: new Uint8Array(0) })],
  ])()
}

function validWrite(random: Random): Asked {
  for (;;) {
    const request = validRequest(random)
    if (request.type === OpCode.create || request.type === OpCode.setData || request.type === OpCode.delete) return request
  }
}

function aRead(random: Random): Asked {
  const path = somePath(random)
  if (random.chance(50)) return asked(OpCode.getData, GetDataRequest, { path, watch: false })
  return asked(OpCode.getChildren, GetChildrenRequest, { path, watch: false })
}

function somePath(random: Random): string {
  const path = `${random.pick(ROOTS)}/${random.pick(NAMES)}`
  return random.chance(4) ? random.pick(['/', '/zookeeper', '/zookeeper/quota', '/zookeeper/config']) : path
}

function someData(random: Random): Uint8Array | null {
  if (random.chance(0.05)) return Buffer.alloc(random.below(LARGE_BYTES), 7)
  return random.chance(10) ? null : Buffer.from(random.pick(TEXTS))
}

function someAcl(random: Random): ACL[] {
  if (random.chance(85)) return openAcl
  const scheme = random.pick(['world', 'auth', 'digest', 'ip'])
  return [{ perms: random.below(64), id: { scheme, id: random.pick(['anyone', 'u:p', '127.0.0.1/8', '']) } }, ...openAcl]
}

/** The payload of a frame that may be anything, with that xid if it has one. */
export function mutated(random: Random, pool: readonly Asked[], xid: number): Buffer {
  const { type, body } = random.pick(pool)
  let payload: Buffer = Buffer.from(requestWithBytes(xid, type, body))
  for (
    let times = random.weighted([
      [5, 0],
      [60, 1],
      [25, 2],
      [10, 5],
    ]);
    times > 0;
    times--
  )
    payload = mutatedOnce(random, pool, payload)
  return payload
}

function mutatedOnce(random: Random, pool: readonly Asked[], payload: Buffer): Buffer {
  const at = random.below(payload.length + 1)
  const other = random.pick(pool).body
  return random.weighted<() => Buffer>([
    [25, () => withBits(random, payload, random.between(1, 4))],
    [15, () => withInt(random, payload)],
    [15, () => withLength(random, payload)],
    [4, () => withType(random, payload)],
    [10, () => payload.subarray(0, random.chance(10) ? at : Math.max(HEADER_BYTES, at))],
    [6, () => Buffer.concat([payload, random.bytes(random.below(20))])],
    [10, () => repeated(random, payload)],
    [10, () => Buffer.concat([payload.subarray(0, Math.max(HEADER_BYTES, at)), other.subarray(random.below(other.length + 1))])],
    [5, () => Buffer.concat([payload.subarray(0, HEADER_BYTES), other])],
  ])()
}

/** In the body: a type that was changed by chance ends most connections, and that has a way of its own. */
function withBits(random: Random, payload: Buffer, count: number): Buffer {
  const bytes = Buffer.from(payload)
  for (let i = 0; i < count && bytes.length > HEADER_BYTES; i++) bytes[random.between(HEADER_BYTES, bytes.length - 1)] ^= 1 << random.below(8)
  return bytes
}

function withInt(random: Random, payload: Buffer): Buffer {
  if (payload.length < HEADER_BYTES + 4) return payload
  const bytes = Buffer.from(payload)
  bytes.writeInt32BE(random.pick(ODD_INTS), random.between(HEADER_BYTES, bytes.length - 4))
  return bytes
}

/** Of what looks like the length of something. */
function withLength(random: Random, payload: Buffer): Buffer {
  const places = lengthPlaces(payload)
  if (places.length === 0) return payload
  const at = random.pick(places)
  const rest = payload.length - at - 4
  const bytes = Buffer.from(payload)
  bytes.writeInt32BE(random.pick([payload.readInt32BE(at) + random.pick([-1, 1]), rest, rest + 1, rest - 1, ...ODD_INTS]), at)
  return bytes
}

/** A part of it once more, with the number before it, if there is one, one higher: a vector with an element too many. */
function repeated(random: Random, payload: Buffer): Buffer {
  if (payload.length <= HEADER_BYTES) return payload
  const from = random.between(HEADER_BYTES, payload.length - 1)
  const to = random.between(from + 1, payload.length)
  const bytes = Buffer.concat([payload.subarray(0, to), payload.subarray(from, to), payload.subarray(to)])
  if (from >= HEADER_BYTES + 4) bytes.writeInt32BE((bytes.readInt32BE(from - 4) + 1) | 0, from - 4)
  return bytes
}

function withType(random: Random, payload: Buffer): Buffer {
  if (payload.length < HEADER_BYTES) return payload
  const bytes = Buffer.from(payload)
  bytes.writeInt32BE(random.chance(85) ? random.pick(TYPES) : random.pick([0, 10, 23, 99, 108, ...ODD_INTS]), 4)
  return bytes
}

function lengthPlaces(payload: Buffer): number[] {
  const places: number[] = []
  const end = Math.min(payload.length, 400) - 4
  for (let at = HEADER_BYTES; at <= end; at++) {
    const value = payload.readInt32BE(at)
    if (value >= 0 && value <= payload.length - at - 4) places.push(at)
  }
  return places
}

/** A frame whose length is not that of what follows: the last that its connection makes sense of. */
export function mutatedFrame(random: Random, payload: Buffer): Buffer {
  const frame = Buffer.alloc(4 + payload.length)
  payload.copy(frame, 4)
  frame.writeInt32BE(random.pick([payload.length + 1, payload.length - 1, payload.length * 2, payload.length >> 1, ...ODD_INTS]))
  return random.chance(30) ? frame.subarray(0, random.below(frame.length)) : frame
}

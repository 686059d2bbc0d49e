// Requests as a client would put them: type, record, and what a good answer holds. All through the generated codecs.
import type { Codec } from '../../src/jute/codec.ts'
import type { ACL } from '../../src/jute/generated/data.ts'
import {
  AddWatchRequest,
  AuthPacket,
  CheckVersionRequest,
  CheckWatchesRequest,
  Create2Response,
  CreateRequest,
  CreateResponse,
  CreateTTLRequest,
  DeleteRequest,
  ErrorResponse,
  ExistsRequest,
  ExistsResponse,
  GetACLRequest,
  GetACLResponse,
  GetAllChildrenNumberRequest,
  GetAllChildrenNumberResponse,
  GetChildren2Request,
  GetChildren2Response,
  GetChildrenRequest,
  GetChildrenResponse,
  GetDataRequest,
  GetDataResponse,
  GetEphemeralsRequest,
  GetEphemeralsResponse,
  GetSASLRequest,
  ReconfigRequest,
  RemoveWatchesRequest,
  SetACLRequest,
  SetACLResponse,
  SetDataRequest,
  SetDataResponse,
  SetSASLResponse,
  SetWatches,
  SetWatches2,
  SyncRequest,
  SyncResponse,
  WhoAmIResponse,
} from '../../src/jute/generated/proto.ts'
import { JuteWriter } from '../../src/jute/writer.ts'
import { OpCode } from '../../src/protocol/codes.ts'

export interface Asked<R = unknown> {
  readonly type: number
  /** The request's body, encoded. */
  readonly body: Uint8Array
  readonly response: Codec<R> | undefined
}

export type Path = string | null
export type Data = string | Uint8Array | null

export const OPEN: ACL[] = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }]

export function acl(perms: number, scheme: string | null = 'world', id: string | null = 'anyone'): ACL {
  return { perms, id: { scheme, id } }
}

export function bytesOf(data: Data): Uint8Array | null {
  return typeof data === 'string' ? Buffer.from(data) : data
}

export function encode<T>(codec: Codec<T>, record: T): Uint8Array {
  const w = new JuteWriter({ supplementary: 'utf8' })
  codec.write(w, record)
  return w.copy()
}

function asked<Q, R>(type: number, codec: Codec<Q>, record: Q, response?: Codec<R>): Asked<R> {
  return { type, body: encode(codec, record), response }
}

function empty<R>(type: number, response?: Codec<R>): Asked<R> {
  return { type, body: new Uint8Array(0), response }
}

export interface CreateOptions {
  readonly data?: Data
  readonly acl?: ACL[] | null
  readonly flags?: number
}

function createRecord(path: Path, { data = '', acl: list = OPEN, flags = 0 }: CreateOptions): CreateRequest {
  return { path, data: bytesOf(data), acl: list, flags }
}

export const create = (path: Path, options: CreateOptions = {}) => asked(OpCode.create, CreateRequest, createRecord(path, options), CreateResponse)
export const create2 = (path: Path, options: CreateOptions = {}) => asked(OpCode.create2, CreateRequest, createRecord(path, options), Create2Response)
export const createContainer = (path: Path, options: CreateOptions = {}) =>
  asked(OpCode.createContainer, CreateRequest, createRecord(path, { flags: 4, ...options }), Create2Response)
export const createTtl = (path: Path, ttl: bigint, options: CreateOptions = {}) =>
  asked(OpCode.createTTL, CreateTTLRequest, { ...createRecord(path, { flags: 5, ...options }), ttl }, Create2Response)
export const remove = (path: Path, version = -1) => asked(OpCode.delete, DeleteRequest, { path, version })
export const exists = (path: Path, watch = false) => asked(OpCode.exists, ExistsRequest, { path, watch }, ExistsResponse)
export const getData = (path: Path, watch = false) => asked(OpCode.getData, GetDataRequest, { path, watch }, GetDataResponse)
export const setData = (path: Path, data: Data = '', version = -1) =>
  asked(OpCode.setData, SetDataRequest, { path, data: bytesOf(data), version }, SetDataResponse)
export const getAcl = (path: Path) => asked(OpCode.getACL, GetACLRequest, { path }, GetACLResponse)
export const setAcl = (path: Path, list: ACL[] | null, version = -1) => asked(OpCode.setACL, SetACLRequest, { path, acl: list, version }, SetACLResponse)
export const getChildren = (path: Path, watch = false) => asked(OpCode.getChildren, GetChildrenRequest, { path, watch }, GetChildrenResponse)
export const getChildren2 = (path: Path, watch = false) => asked(OpCode.getChildren2, GetChildren2Request, { path, watch }, GetChildren2Response)
export const getAllChildrenNumber = (path: Path) => asked(OpCode.getAllChildrenNumber, GetAllChildrenNumberRequest, { path }, GetAllChildrenNumberResponse)
export const getEphemerals = (prefixPath: Path) => asked(OpCode.getEphemerals, GetEphemeralsRequest, { prefixPath }, GetEphemeralsResponse)
export const sync = (path: Path) => asked(OpCode.sync, SyncRequest, { path }, SyncResponse)
export const ping = () => empty(OpCode.ping)
export const whoAmI = () => empty(OpCode.whoAmI, WhoAmIResponse)
export const closeSession = () => empty(OpCode.closeSession)
export const auth = (scheme: string | null, data: Data) => asked(OpCode.auth, AuthPacket, { type: 0, scheme, auth: bytesOf(data) })
export const sasl = (token: Uint8Array | null) => asked(OpCode.sasl, GetSASLRequest, { token }, SetSASLResponse)
export const addWatch = (path: Path, mode: number) => asked(OpCode.addWatch, AddWatchRequest, { path, mode }, ErrorResponse)
export const checkWatches = (path: Path, type: number) => asked(OpCode.checkWatches, CheckWatchesRequest, { path, type })
export const removeWatches = (path: Path, type: number) => asked(OpCode.removeWatches, RemoveWatchesRequest, { path, type })
export const reconfig = (change: Partial<ReconfigRequest> = {}) =>
  asked(OpCode.reconfig, ReconfigRequest, { joiningServers: null, leavingServers: null, newMembers: null, curConfigId: -1n, ...change })
/** A version test on its own, which only a multi may hold. */
export const check = (path: Path, version = -1) => asked(OpCode.check, CheckVersionRequest, { path, version })

export interface WatchLists {
  readonly data?: (string | null)[] | null
  readonly exist?: (string | null)[] | null
  readonly child?: (string | null)[] | null
  readonly persistent?: (string | null)[] | null
  readonly recursive?: (string | null)[] | null
}

export function setWatches(relativeZxid: bigint, { data = [], exist = [], child = [] }: WatchLists) {
  const record = { relativeZxid, dataWatches: data, existWatches: exist, childWatches: child }
  return asked(OpCode.setWatches, SetWatches, record)
}

export function setWatches2(relativeZxid: bigint, { data = [], exist = [], child = [], persistent = [], recursive = [] }: WatchLists) {
  const record = {
    relativeZxid,
    dataWatches: data,
    existWatches: exist,
    childWatches: child,
    persistentWatches: persistent,
    persistentRecursiveWatches: recursive,
  }
  return asked(OpCode.setWatches2, SetWatches2, record)
}

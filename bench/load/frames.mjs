// The client protocol as the bench writes it: request frames built once, to be patched in place and sent many times.

export const Op = {
  create: 1,
  delete: 2,
  exists: 3,
  getData: 4,
  setData: 5,
  getChildren: 8,
  ping: 11,
  multi: 14,
  closeSession: -11,
}

/** Length, xid, zxid, err: what stands before the body of a reply. */
export const REPLY_HEAD = 20

const OPEN_ACL = concat(int(1), int(31), str('world'), str('anyone'))

export function int(value) {
  const bytes = Buffer.allocUnsafe(4)
  bytes.writeInt32BE(value)
  return bytes
}

export function long(value) {
  const bytes = Buffer.allocUnsafe(8)
  bytes.writeBigInt64BE(value)
  return bytes
}

export function bool(value) {
  return Buffer.from([value ? 1 : 0])
}

export function buf(data) {
  return Buffer.concat([int(data.length), data])
}

export function str(text) {
  return buf(Buffer.from(text))
}

export function concat(...parts) {
  return Buffer.concat(parts)
}

/** A frame: the length, then the parts. */
export function frame(...parts) {
  const payload = Buffer.concat(parts)
  return Buffer.concat([int(payload.length), payload])
}

export function request(type, ...body) {
  return frame(int(0), int(type), ...body)
}

export function connectRequest({ timeoutMs = 30_000, sessionId = 0n, password = Buffer.alloc(16) } = {}) {
  return frame(int(0), long(0n), int(timeoutMs), long(sessionId), buf(password), bool(false))
}

export function getData(path, watch = false) {
  return request(Op.getData, str(path), bool(watch))
}

export function getChildren(path) {
  return request(Op.getChildren, str(path), bool(false))
}

export function setData(path, data) {
  return request(Op.setData, str(path), buf(data), int(-1))
}

function createBody(path, data, flags) {
  return concat(str(path), buf(data), OPEN_ACL, int(flags))
}

export const EPHEMERAL = 1

export function create(path, data, flags = 0) {
  return request(Op.create, createBody(path, data, flags))
}

const MULTI_END = concat(int(-1), bool(true), int(-1))

function multi(type, bodies) {
  const head = concat(int(type), bool(false), int(-1))
  const parts = []
  for (const body of bodies) parts.push(head, body)
  return request(Op.multi, ...parts, MULTI_END)
}

/** One multi of creates. */
export function createAll(paths, data, flags = 0) {
  return multi(
    Op.create,
    paths.map((path) => createBody(path, data, flags)),
  )
}

/** One multi of setDatas. */
export function setAll(paths, data) {
  return multi(
    Op.setData,
    paths.map((path) => concat(str(path), buf(data), int(-1))),
  )
}

export function setXid(bytes, at, xid) {
  bytes[at + 4] = xid >>> 24
  bytes[at + 5] = xid >>> 16
  bytes[at + 6] = xid >>> 8
  bytes[at + 7] = xid
}

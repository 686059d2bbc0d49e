// What is never sent. Some requests are accepted by the Java server, logged, and then end it and every restart on its directory; some make it do
// what its authors never meant and what we decided to do otherwise (docs/differences.md). Neither can be compared.
import type { ACL } from '../../src/jute/generated/data.ts'
import { OpCode } from '../../src/protocol/codes.ts'
import { decodeRequest, isCreate } from './requests.ts'
import type { Operation } from './requests.ts'

const QUOTA_ROOT = '/zookeeper/quota/'
const STATS = '/zookeeper_stats'
const LIMITS = '/zookeeper_limits'
/** What a client may write into a stats node without ending the Java server at the next change below its path. */
const STATS_TEXT = /^(count|bytes)=\d{1,9}([,;](count|bytes)=\d{1,9})*$/

/** Must this request not be sent? */
export function isTaboo(payload: Uint8Array): boolean {
  const request = decodeRequest(payload)
  if (request === undefined) return false
  // Java answers a client's createSession with a raw ConnectResponse.
  if (request.type === OpCode.createSession) return true
  return isTabooOperation(request, false) || request.operations.some((operation) => isTabooOperation(operation, true))
}

function isTabooOperation({ type, body }: Operation, inMulti: boolean): boolean {
  if (body === undefined) return false
  if (hasHiddenNull(body.acl ?? [])) return true
  const path = body.path ?? ''
  // A type 21 txn without a valid ttl. Within a multi such a request becomes another type before it is logged.
  if (type === OpCode.createTTL && !inMulti && body.flags! >= 0 && body.flags! <= 4 && body.ttl! < 0n) return true
  // Limits of the empty path end it when they appear; limits elsewhere under /zookeeper when they go.
  if (isCreate(type) && path.endsWith(LIMITS) && path.startsWith('/zookeeper')) return !isBelowQuota(path)
  // The usage is parsed at the next change below its path.
  if (type === OpCode.setData && path.endsWith(STATS)) return body.data === null || !STATS_TEXT.test(Buffer.from(body.data!).toString('latin1'))
  return false
}

function isBelowQuota(path: string): boolean {
  return path.startsWith(QUOTA_ROOT) && path.length > QUOTA_ROOT.length + LIMITS.length - 1
}

/** A null scheme or id is fine as such, but Java fails where it compares it with an entry of equal perms before it. */
function hasHiddenNull(acl: readonly ACL[]): boolean {
  return acl.some(({ perms, id }, at) => (id.scheme === null || id.id === null) && acl.slice(0, at).some((before) => before.perms === perms))
}

// Every request that ends or poisons a Java server, or that it answers as no server should, with the answer that ours gives. One row each.
import type { ACL } from '../../src/jute/generated/data.ts'
import { AddWatchRequest, CreateTTLRequest, DeleteRequest, ExistsRequest, GetACLRequest, GetDataRequest, SetWatches } from '../../src/jute/generated/proto.ts'
import { Code, OpCode } from '../../src/protocol/codes.ts'
import { all, check, create, create2, createContainer, openAcl, remove, setAcl, setData } from '../storage/requests.ts'
import type { Step } from '../storage/requests.ts'
import { multiBody } from '../wire/messages.ts'
import { asked, askedMulti } from '../wire/raw-session.ts'
import type { Asked } from '../wire/raw-session.ts'

/** What becomes of a Java server that is sent this. */
type Fate = 'dies' | 'does not start on a snapshot with it'

export interface MarkedRequest {
  readonly name: string
  /** Sent first. */
  readonly before?: readonly Step[]
  readonly request: Asked
  readonly answer:
    | { readonly kind: 'refused'; readonly code: Code; readonly takesZxid: boolean }
    | { readonly kind: 'good' }
    /** Then the connection ends. */
    | { readonly kind: 'last'; readonly code: Code }
    | { readonly kind: 'closed' }
  /** Sent after it: what would end a server that has taken the request. */
  readonly after?: readonly Step[]
  /** Where it is deadly: so that it can be seen to be. */
  readonly java?: Fate
  /** Whether the server knows TTL nodes. Default true. */
  readonly extendedTypes?: boolean
}

const QUOTA = '/zookeeper/quota'

/** A write that is refused takes a zxid. */
const refused = (code: Code) => ({ kind: 'refused', code, takesZxid: true }) as const
/** A read that is refused takes none, nor does a request that cannot be decoded unless it is a multi. */
const refusedRead = (code: Code) => ({ kind: 'refused', code, takesZxid: false }) as const
const undecoded = refusedRead(Code.MARSHALLINGERROR)
const good = { kind: 'good' } as const
const closed = { kind: 'closed' } as const
const last = (code: Code) => ({ kind: 'last', code }) as const

function createTtl(path: string, flags: number, ttl: bigint): Asked {
  return asked(OpCode.createTTL, CreateTTLRequest, { path, data: null, acl: openAcl, flags, ttl })
}

/** The rows that need the tree of one server; each has nodes of its own. */
export const markedRequests: readonly MarkedRequest[] = [...timesToLive(), ...limits(), ...usages(), ...internalTypes(), ...accessLists(), ...lengths()]

/** client-protocol 4.6: a time to live that is none. */
function timesToLive(): MarkedRequest[] {
  const rows: MarkedRequest[] = []
  for (const extendedTypes of [true, false]) {
    const types = extendedTypes ? 'with TTL nodes' : 'without TTL nodes'
    for (const flags of [0, 1, 2, 3, 4]) {
      for (const ttl of [-1n, -5n, -(1n << 63n)]) {
        const name = `createTTL with flags ${flags} and ttl ${ttl}, ${types}`
        const java = ttl === -1n && flags % 2 === 0 && extendedTypes ? 'dies' : undefined
        rows.push({ name, extendedTypes, request: createTtl(`/ttl-${flags}${ttl}`, flags, ttl), answer: refused(Code.BADARGUMENTS), ...(java && { java }) })
      }
      const path = `/in-multi-${flags}`
      rows.push({ name: `the same in a multi, flags ${flags}, ${types}`, extendedTypes, request: askedMulti([createTtl(path, flags, -1n)]), answer: good })
    }
    for (const [flags, ttl] of [
      [5, 0n],
      [6, -1n],
      [5, 1n << 40n],
    ] as const) {
      const code = extendedTypes ? Code.BADARGUMENTS : Code.UNIMPLEMENTED
      const request = createTtl('/never', flags, ttl)
      rows.push({ name: `createTTL with flags ${flags} and ttl ${ttl}, ${types}`, extendedTypes, request, answer: refused(code) })
      rows.push({ name: `the same in a multi, flags ${flags} and ttl ${ttl}, ${types}`, extendedTypes, request: askedMulti([request]), answer: refused(code) })
    }
  }
  return rows
}

/** client-protocol 8, storage-format 4.6: limits of no path, or of what is taken for another. */
function limits(): MarkedRequest[] {
  const rows: MarkedRequest[] = []
  const creations: [string, (path: string) => Asked][] = [
    ['create', (path) => create(path)],
    ['an ephemeral create', (path) => create(path, '', 1)],
    ['create2', (path) => create2(path)],
    ['createContainer', (path) => createContainer(path)],
    ['createTTL', (path) => createTtl(path, 5, 1000n)],
    ['a multi that creates', (path) => askedMulti([create('/beside-limits'), create(path)])],
  ]
  for (const [what, creation] of creations) {
    const java = what === 'create' ? 'dies' : undefined
    rows.push({
      name: `${what} of the limits of the empty path`,
      request: creation(`${QUOTA}/zookeeper_limits`),
      answer: refused(Code.BADARGUMENTS),
      ...(java && { java }),
    })
  }
  const places: [string, string, Fate][] = [
    ['whose parent is in /zookeeper, not among the quotas', '/zookeeper/x', 'dies'],
    ['whose parent only begins with /zookeeper', '/zookeepers', 'dies'],
    ['whose parent is as long as the path of the quotas', '/zookeeper/16abc', 'dies'],
    ['of a path of blanks', `${QUOTA}/ `, 'dies'],
    ['below a name like their own', `${QUOTA}/zookeeper_limits2`, 'does not start on a snapshot with it'],
  ]
  for (const [what, parent, java] of places) {
    const path = `${parent}/zookeeper_limits`
    // A server that makes them and dies, dies when they go.
    const after: Step[] = java === 'dies' ? [[remove(path), Code.BADARGUMENTS]] : []
    rows.push({ name: `limits ${what}`, before: all(create(parent)), request: create(path), answer: refused(Code.BADARGUMENTS), after, java })
    rows.push({ name: `their removal, ${what}`, request: remove(path), answer: refused(Code.BADARGUMENTS) })
    rows.push({ name: `their removal in a multi, ${what}`, request: askedMulti([remove(path)]), answer: refused(Code.BADARGUMENTS) })
  }
  const near = `${QUOTA}s`
  rows.push({
    name: 'limits whose parent begins like the quotas',
    before: all(create(near)),
    request: create(`${near}/zookeeper_limits`),
    answer: refused(Code.BADARGUMENTS),
  })
  return rows
}

/** client-protocol 8: usage that no server can read. */
function usages(): MarkedRequest[] {
  const rows: MarkedRequest[] = []
  const texts: [string, string | null, Fate | undefined][] = [
    ['no pairs', 'garbage', 'dies'],
    ['a pair without a value', 'count', undefined],
    ['no number', 'count=a,bytes=b', 'dies'],
    ['a number too long', `count=${'9'.repeat(30)}`, undefined],
    ['an empty value', 'count=,bytes=1', undefined],
    ['an empty pair', ',count=1', undefined],
    ['nothing but a sign', '=', undefined],
    ['null', null, 'dies'],
  ]
  for (const [index, [what, text, java]] of texts.entries()) {
    const path = `/usage-${index}`
    const quota = `${QUOTA}${path}`
    const stats = `${quota}/zookeeper_stats`
    const before = all(create(path, 'x'), create(quota), create(`${quota}/zookeeper_limits`, 'count=100,bytes=1000'), create(stats, 'count=0,bytes=0'))
    const after = all(create(`${path}/a`, 'abc'), setData(`${path}/a`, 'cba'), remove(`${path}/a`))
    rows.push({ name: `usage that is ${what}`, before, request: setData(stats, text), answer: refused(Code.BADARGUMENTS), after, ...(java && { java }) })
    rows.push({
      name: `the same in a multi: ${what}`,
      request: askedMulti([setData(path, ''), setData(stats, text)]),
      answer: refused(Code.BADARGUMENTS),
      after,
    })
    rows.push({ name: `the same where the node is made: ${what}`, before: all(remove(stats)), request: create(stats, text), answer: good, after })
    const spoil = all(setData(`${quota}/zookeeper_limits`, text))
    rows.push({ name: `limits instead: ${what}`, before: spoil, request: create(`${path}/b`), answer: refused(Code.MARSHALLINGERROR) })
  }
  return rows
}

/** client-protocol 2.6, 3.4, 4.10: types that are not for clients. */
function internalTypes(): MarkedRequest[] {
  const timeOut = Buffer.from([0, 0, 0x27, 0x10])
  const removal = (path: string): Asked => asked(OpCode.deleteContainer, DeleteRequest, { path, version: -1 })
  const holder = '/kept'
  const kept = (path: string): Step => [asked(OpCode.exists, ExistsRequest, { path, watch: false }), Code.OK]
  return [
    { name: 'createSession from a client', request: { type: OpCode.createSession, body: timeOut }, answer: last(Code.UNIMPLEMENTED) },
    { name: 'error as a request', request: { type: OpCode.error, body: timeOut }, answer: last(Code.UNIMPLEMENTED) },
    { name: 'a lone check', request: check('/', 0), answer: last(Code.UNIMPLEMENTED) },
    { name: 'a type that does not exist', request: { type: 0x7fff_ffff, body: new Uint8Array(0) }, answer: last(Code.UNIMPLEMENTED) },
    { name: 'deleteContainer of a plain node (CVE-2026-79993)', before: all(create(holder)), request: removal(holder), answer: closed, after: [kept(holder)] },
    {
      name: 'deleteContainer of a container',
      before: all(createContainer('/kept-too')),
      request: removal('/kept-too'),
      answer: closed,
      after: [kept('/kept-too')],
    },
    { name: 'deleteContainer in a multi', request: askedMulti([removal(holder)]), answer: refused(Code.MARSHALLINGERROR), after: [kept(holder)] },
    { name: 'setACL in a multi', request: askedMulti([setAcl(holder, openAcl)]), answer: refused(Code.MARSHALLINGERROR) },
  ]
}

/** client-protocol 7.4, 6.4, 6.5, 4.8; storage-format 4.6. */
function accessLists(): MarkedRequest[] {
  const entry = (perms: number, scheme: string | null, id: string | null): ACL => ({ perms, id: { scheme, id } })
  // A connection has room for some 60 KB of identities; every entry of other permissions holds all of them.
  const many = Array.from({ length: 60 }, (_, i) => entry(i, 'auth', ''))
  const hidden = '/hidden'
  const ofOthers = [entry(31, 'digest', 'somebody:else')]
  return [
    { name: 'an ACL entry without a scheme', request: create('/acl', '', 0, [entry(31, null, 'x')]), answer: refused(Code.INVALIDACL) },
    { name: 'an ACL entry without an id', request: create('/acl', '', 0, [entry(31, 'world', null)]), answer: refused(Code.MARSHALLINGERROR) },
    { name: 'a null id behind another auth entry', request: create('/acl-null', '', 0, [entry(31, 'auth', null), entry(31, 'auth', 'x')]), answer: good },
    { name: 'auth entries that make a txn too long to be read back', request: create('/acl-long', '', 0, many), answer: refused(Code.MARSHALLINGERROR) },
    { name: 'the same in setACL', before: all(create('/acl-set')), request: setAcl('/acl-set', many), answer: refused(Code.MARSHALLINGERROR) },
    { name: 'the same in a multi', request: askedMulti([create('/acl-multi', '', 0, many)]), answer: refused(Code.MARSHALLINGERROR) },
    {
      name: 'setWatches on what may not be read (CVE-2026-59739)',
      before: all(create(hidden, 'secret', 0, ofOthers)),
      request: asked(OpCode.setWatches, SetWatches, { relativeZxid: 0n, dataWatches: [hidden], existWatches: [hidden], childWatches: [hidden] }),
      answer: good,
    },
    { name: 'exists of what may not be read', request: asked(OpCode.exists, ExistsRequest, { path: hidden, watch: true }), answer: refusedRead(Code.NOAUTH) },
    {
      name: 'getData of what may not be read',
      request: asked(OpCode.getData, GetDataRequest, { path: hidden, watch: true }),
      answer: refusedRead(Code.NOAUTH),
    },
    {
      name: 'getACL of what may not be read (CVE-2019-0201)',
      request: asked(OpCode.getACL, GetACLRequest, { path: hidden }),
      answer: refusedRead(Code.NOAUTH),
    },
    { name: 'a change of the configuration node', request: setData('/zookeeper/config', 'server.1=evil:1:1'), answer: refused(Code.NOAUTH) },
    { name: 'removal of a special node', request: remove('/zookeeper/quota'), answer: refused(Code.BADARGUMENTS) },
  ]
}

/** client-protocol 1.1, 3.4, 5.1: counts and lengths that are not true. */
function lengths(): MarkedRequest[] {
  const int = (...values: number[]): Buffer => Buffer.concat(values.map((value) => Buffer.from([value >> 24, value >> 16, value >> 8, value])))
  const path = (text: string): Buffer => Buffer.concat([int(text.length), Buffer.from(text)])
  const raw = (type: number, ...parts: Uint8Array[]): Asked => ({ type, body: Buffer.concat(parts) })
  return [
    { name: 'a vector of 2,147,483,647 entries', request: raw(OpCode.create, path('/v'), int(0), int(0x7fff_ffff)), answer: undecoded },
    { name: 'setWatches with such a vector', request: raw(OpCode.setWatches, int(0, 0), int(0x7fff_ffff)), answer: undecoded },
    { name: 'a vector of -5 entries', request: raw(OpCode.create, path('/v'), int(0), int(-5), int(0)), answer: refused(Code.INVALIDACL) },
    { name: 'a string of -2 bytes', request: raw(OpCode.getData, int(-2), int(0)), answer: undecoded },
    { name: 'a string of 2,147,483,647 bytes', request: raw(OpCode.getData, int(0x7fff_ffff)), answer: undecoded },
    { name: 'no body at all', request: raw(OpCode.setData), answer: undecoded },
    { name: 'a multi without an end', request: raw(OpCode.multi, multiBody([create('/m')]).subarray(0, -9)), answer: refused(Code.MARSHALLINGERROR) },
    { name: 'a watch of no kind', request: asked(OpCode.addWatch, AddWatchRequest, { path: '/', mode: 7 }), answer: undecoded },
    { name: 'an auth packet of no shape', request: raw(OpCode.auth, int(0, -7)), answer: closed },
    { name: 'a SASL packet without a token', request: raw(OpCode.sasl, int(-1)), answer: closed },
  ]
}

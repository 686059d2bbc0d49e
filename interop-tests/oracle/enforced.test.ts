// Two answers that no configuration of the oracle's campaigns brings: −124, for whoever has not proved an identity of a scheme that is demanded,
// and −127, for requests that waited too long for their turn. The first depends on nothing but the requests and is compared step by step. Of the
// second, timing decides which requests get it, so each server is held against the rule on its own; the Java server is brought to it as reliably
// as ours, usually by the first burst.
import { describe, expect, test } from 'vitest'
import {
  AddWatchRequest,
  AuthPacket,
  CheckVersionRequest,
  CheckWatchesRequest,
  CreateRequest,
  CreateTTLRequest,
  DeleteRequest,
  ExistsRequest,
  GetACLRequest,
  GetAllChildrenNumberRequest,
  GetChildren2Request,
  GetChildrenRequest,
  GetDataRequest,
  GetEphemeralsRequest,
  ReconfigRequest,
  RemoveWatchesRequest,
  SetACLRequest,
  SetDataRequest,
  SetSASLRequest,
  SetWatches,
  SetWatches2,
  SyncRequest,
} from '../../src/jute/generated/proto.ts'
import type { Create2Response, CreateResponse, SetDataResponse } from '../../src/jute/generated/proto.ts'
import { Code, OpCode, Perms } from '../../src/protocol/codes.ts'
import { needPeer } from '../peers/peers.ts'
import { connectRequest, decodeReply, encode, multiBody, PING_XID, request, requestWithBytes } from '../wire/messages.ts'
import type { Reply } from '../wire/messages.ts'
import { frames, RawClient } from '../wire/raw-client.ts'
import { configurations, MAX_SESSION_TIMEOUT_MS } from './configurations.ts'
import type { Configuration } from './configurations.ts'
import { describeOutcomes } from './lockstep.ts'
import { Matrix } from './matrix.ts'
import { decodeRequest, typeName } from './requests.ts'
import { startPair } from './servers.ts'
import { Side } from './side.ts'
import type { Outcome } from './side.ts'
import { describeStep } from './steps.ts'
import type { ConnectStep, Step } from './steps.ts'

const java = await needPeer('java')

const TEST_LIMIT_MS = 60_000
const ANSWER_LIMIT_MS = 20_000
const WORLD = [{ perms: Perms.ALL, id: { scheme: 'world', id: 'anyone' } }]
const CREATOR = [{ perms: Perms.ALL, id: { scheme: 'auth', id: '' } }]
const DATA = Buffer.from('data')
const XID = 7

const create = (path: string, type: number = OpCode.create, flags = 0): Uint8Array => request(XID, type, CreateRequest, { path, data: DATA, acl: WORLD, flags })
const setData = (path: string): Uint8Array => request(XID, OpCode.setData, SetDataRequest, { path, data: DATA, version: -1 })
const getData = (path: string): Uint8Array => request(XID, OpCode.getData, GetDataRequest, { path, watch: false })
const ping = request(PING_XID, OpCode.ping)
const closeSession = request(XID, OpCode.closeSession)
const setWatches = (dataWatches: string[]): Uint8Array =>
  request(-8, OpCode.setWatches, SetWatches, { relativeZxid: 0n, dataWatches, existWatches: [], childWatches: [] })

const multi = (path: string): Uint8Array =>
  requestWithBytes(XID, OpCode.multi, multiBody([{ type: OpCode.setData, body: encode(SetDataRequest, { path, data: DATA, version: -1 }) }]))
const multiRead = (path: string): Uint8Array =>
  requestWithBytes(
    XID,
    OpCode.multiRead,
    multiBody([
      { type: OpCode.getData, body: encode(GetDataRequest, { path, watch: false }) },
      { type: OpCode.getChildren, body: encode(GetChildrenRequest, { path, watch: false }) },
    ]),
  )

/** Every type that a client may send, and some that it may not, in an order in which each finds what it asks for. */
const operations: readonly Uint8Array[] = [
  create('/node'),
  create('/node/two', OpCode.create2, 1),
  create('/container', OpCode.createContainer, 4),
  request(XID, OpCode.createTTL, CreateTTLRequest, { path: '/ttl', data: DATA, acl: WORLD, flags: 5, ttl: 1_000_000_000n }),
  request(XID, OpCode.setACL, SetACLRequest, { path: '/container', acl: CREATOR, version: -1 }),
  request(XID, OpCode.getACL, GetACLRequest, { path: '/container' }),
  getData('/container'),
  setData('/node'),
  request(XID, OpCode.exists, ExistsRequest, { path: '/node', watch: true }),
  request(XID, OpCode.getChildren, GetChildrenRequest, { path: '/node', watch: false }),
  request(XID, OpCode.getChildren2, GetChildren2Request, { path: '/', watch: false }),
  request(XID, OpCode.getAllChildrenNumber, GetAllChildrenNumberRequest, { path: '/' }),
  request(XID, OpCode.getEphemerals, GetEphemeralsRequest, { prefixPath: '/' }),
  request(XID, OpCode.sync, SyncRequest, { path: '/node' }),
  multi('/node'),
  multiRead('/node'),
  request(XID, OpCode.check, CheckVersionRequest, { path: '/node', version: -1 }),
  request(XID, OpCode.reconfig, ReconfigRequest, { joiningServers: null, leavingServers: null, newMembers: null, curConfigId: -1n }),
  request(XID, OpCode.addWatch, AddWatchRequest, { path: '/node', mode: 1 }),
  request(XID, OpCode.checkWatches, CheckWatchesRequest, { path: '/node', type: 3 }),
  request(XID, OpCode.removeWatches, RemoveWatchesRequest, { path: '/node', type: 3 }),
  setWatches(['/node']),
  request(-8, OpCode.setWatches2, SetWatches2, {
    relativeZxid: 0n,
    dataWatches: [],
    existWatches: ['/absent'],
    childWatches: [],
    persistentWatches: ['/node'],
    persistentRecursiveWatches: ['/'],
  }),
  request(XID, OpCode.whoAmI),
  request(XID, OpCode.delete, DeleteRequest, { path: '/ttl', version: -1 }),
  ping,
  // The body is missing.
  request(XID, OpCode.getData),
  request(XID, OpCode.deleteContainer, DeleteRequest, { path: '/container', version: -1 }),
  request(XID, 99),
  closeSession,
]

const auth = (scheme: string, text: string, xid = -4): Uint8Array => request(xid, OpCode.auth, AuthPacket, { type: 0, scheme, auth: Buffer.from(text) })
const DIGEST = auth('digest', 'user:secret')

const sasl = (token: Uint8Array | null): Uint8Array => request(XID, OpCode.sasl, SetSASLRequest, { token })

/** What a client may say for itself and keep its connection, whether or not that is enough for the request behind it. */
const introductions: readonly (readonly Uint8Array[])[] = [
  [DIGEST],
  [auth('digest', 'user:secret', XID)],
  [DIGEST, auth('digest', 'other:secret')],
  [auth('digest', 'nobody')],
  [auth('digest', '')],
  [auth('ip', '')],
  [auth('ip', ''), DIGEST],
  [sasl(Buffer.alloc(0))],
  [sasl(DATA)],
  [sasl(DATA), DIGEST],
  [DIGEST, sasl(DATA)],
]

/** What ends the connection: a scheme that proves nothing or is not there, a body that is missing or lacks its token. */
const failures: readonly Uint8Array[] = [
  auth('world', 'anyone'),
  auth('unheard-of', 'user:secret'),
  request(-4, OpCode.auth),
  sasl(null),
  request(XID, OpCode.sasl),
]

const extended = configurations.find(({ name }) => name === 'extended')!

const SLOT = 0
const newConnection: ConnectStep = {
  kind: 'connect',
  slot: SLOT,
  form: 'new',
  protocolVersion: 0,
  lastZxidSeen: 0n,
  timeOut: MAX_SESSION_TIMEOUT_MS,
  readOnly: false,
  session: 'new',
  password: 'own',
  behind: [],
}
const alone = (payload: Uint8Array): Step => ({ kind: 'alone', slot: SLOT, payload })
const drop: Step = { kind: 'drop', slot: SLOT, how: 'finish', bytes: new Uint8Array(0) }

/** Carries out each step on both servers; throws where they part. */
async function withPair(settings: Readonly<Record<string, string>>, body: (take: (step: Step) => Promise<Outcome>) => Promise<void>): Promise<void> {
  const pair = await startPair({ ...extended, name: 'enforced', settings: { ...extended.settings, ...settings } })
  const sides = [new Side(pair.ports.reference), new Side(pair.ports.subject)] as const
  try {
    await body(async (step) => {
      const [reference, subject] = await Promise.all([sides[0].run(step), sides[1].run(step)])
      expect(describeOutcomes(reference, subject).join('\n'), describeStep(step).join('\n')).toBe('')
      return reference
    })
  } finally {
    for (const side of sides) side.close()
    await pair.end()
  }
}

describe.skipIf(java === undefined)('enforced authentication', () => {
  test('is the same for every operation', { timeout: TEST_LIMIT_MS }, async () => {
    const [without, having, introduced] = [new Matrix(), new Matrix(), new Matrix()]
    await withPair({ 'enforce.auth.enabled': 'true', 'enforce.auth.schemes': 'digest' }, async (take) => {
      const refused = async (payload: Uint8Array): Promise<void> => {
        const step = alone(payload)
        const outcome = await take(step)
        without.count(step, outcome)
        const { xid } = decodeRequest(payload)!
        expect(outcome.lines[SLOT], describeStep(step).join('\n')).toEqual([`reply xid=${xid} zxid=0 err=${Code.SESSIONCLOSEDREQUIRESASLAUTH}`, 'end'])
      }
      for (const payload of operations) {
        await take(newConnection)
        await refused(payload)
      }
      for (const payload of operations) {
        const { accepted } = await take(newConnection)
        await take(alone(DIGEST))
        const step = alone(payload)
        const outcome = await take(step)
        having.count(step, outcome)
        expect(outcome.lines[SLOT].join(), describeStep(step).join('\n')).not.toContain(`err=${Code.SESSIONCLOSEDREQUIRESASLAUTH}`)
        await take(drop)
        if (decodeRequest(payload)!.type === OpCode.closeSession) continue
        // The identity went with the connection; the session is still there.
        await take({ ...newConnection, session: accepted!.label })
        await refused(getData('/'))
      }
      const say = async (step: Step): Promise<Outcome> => {
        const outcome = await take(step)
        introduced.count(step, outcome)
        return outcome
      }
      for (const payloads of introductions) {
        await take(newConnection)
        await say({ kind: 'requests', slot: SLOT, payloads, splits: [] })
        await say(alone(request(XID, OpCode.whoAmI)))
        await take(drop)
      }
      for (const before of [[], [DIGEST]]) {
        for (const payload of failures) {
          await take(newConnection)
          for (const one of before) await take(alone(one))
          const { lines } = await say(alone(payload))
          expect(lines[SLOT].at(-1), describeStep(alone(payload)).join('\n')).toBe('end')
        }
      }
    })
    console.log(
      `without an identity:\n${without.toString()}\n\nwith one:\n${having.toString()}\n\nauth and sasl, whoAmI behind them:\n${introduced.toString()}`,
    )
  })
})

// Throttled requests ------------------------------------------------------------------------------------------------

const throttling: Configuration = {
  ...extended,
  name: 'throttling',
  settings: {
    ...extended.settings,
    request_throttle_max_requests: '1',
    request_throttle_stall_time: '2',
    throttled_op_wait_time: '1',
  },
}

const MIN_BURSTS = 4
const MAX_BURSTS = 30
const CONNECTIONS = 4
/** How often each operation is in what one connection sends at once. */
const ROUNDS = 3

/** These are answered with the same bytes, but for xid and zxid, whenever they are answered. */
const steady: readonly Uint8Array[] = [
  getData('/fixed'),
  request(XID, OpCode.exists, ExistsRequest, { path: '/fixed', watch: false }),
  request(XID, OpCode.getACL, GetACLRequest, { path: '/fixed' }),
  request(XID, OpCode.getChildren, GetChildrenRequest, { path: '/fixed', watch: false }),
  request(XID, OpCode.getChildren2, GetChildren2Request, { path: '/fixed', watch: false }),
  request(XID, OpCode.getAllChildrenNumber, GetAllChildrenNumberRequest, { path: '/fixed' }),
  request(XID, OpCode.getEphemerals, GetEphemeralsRequest, { prefixPath: '/' }),
  request(XID, OpCode.sync, SyncRequest, { path: '/fixed' }),
  request(XID, OpCode.addWatch, AddWatchRequest, { path: '/fixed', mode: 0 }),
  request(XID, OpCode.checkWatches, CheckWatchesRequest, { path: '/absent', type: 3 }),
  request(XID, OpCode.whoAmI),
  setWatches([]),
  multiRead('/fixed'),
  request(XID, OpCode.delete, DeleteRequest, { path: '/absent', version: -1 }),
]
/** These leave a trace by which it can be told how many of them were carried out. */
const traced: readonly Uint8Array[] = [setData('/written'), multi('/written'), create('/many/n-', OpCode.create, 2), create('/many/n-', OpCode.create2, 2)]
const throttleable = [...steady, ...traced]
const consuming = new Set<number>([OpCode.delete, OpCode.setData, OpCode.multi, OpCode.create, OpCode.create2])

const typeOf = (payload: Uint8Array): number => decodeRequest(payload)!.type

/** The same request under another xid; pings and setWatches keep theirs, by which the server knows them. */
function withXid(payload: Uint8Array, xid: number): Uint8Array {
  const copy = Buffer.from(payload)
  if (copy.readInt32BE(0) > 0) copy.writeInt32BE(xid, 0)
  return copy
}

/** Everything behind xid and zxid. */
function answerOf(payload: Uint8Array): string {
  return Buffer.from(payload.subarray(12)).toString('hex')
}

async function openSession(port: number): Promise<RawClient> {
  const client = await RawClient.open(port)
  const record = { protocolVersion: 0, lastZxidSeen: 0n, timeOut: MAX_SESSION_TIMEOUT_MS, sessionId: 0n, passwd: new Uint8Array(16), readOnly: false }
  client.sendFrames([connectRequest(record)])
  if ((await client.next(ANSWER_LIMIT_MS)) === undefined) throw new Error('no answer to the handshake')
  return client
}

class ThrottledServer {
  /** Operation → code → how often. */
  readonly counts = new Map<string, Map<number, number>>()
  readonly #port: number
  readonly #observer: RawClient
  readonly #answers = new Map<Uint8Array, string>()
  /** Of the requests that left a trace. */
  readonly #versions: { zxid: bigint; number: number }[] = []
  readonly #names: { zxid: bigint; number: number }[] = []

  private constructor(port: number, observer: RawClient) {
    this.#port = port
    this.#observer = observer
  }

  /** Learns what each request is answered with when it does not have to wait. */
  static async prepare(port: number): Promise<ThrottledServer> {
    const server = new ThrottledServer(port, await openSession(port))
    for (const path of ['/fixed', '/fixed/child', '/written', '/many']) await server.#ask(create(path))
    for (const payload of steady) server.#answers.set(payload, answerOf(await server.#ask(payload)))
    return server
  }

  /** Several sessions that each send everything at once. */
  async burst(number: number): Promise<void> {
    const before = await this.#lastZxid()
    const clients = await Promise.all(Array.from({ length: CONNECTIONS }, () => openSession(this.#port)))
    const sent = clients.map((_, at) => {
      // Each time another request is the first: that one hardly has to wait.
      const turn = (number * CONNECTIONS + at) % throttleable.length
      const turned = [...throttleable.slice(turn), ...throttleable.slice(0, turn)]
      return [...Array.from({ length: ROUNDS }, () => [...turned, ping]).flat(), closeSession]
    })
    clients.forEach((client, at) => client.send(frames(sent[at].map((payload, index) => withXid(payload, index + 1)))))
    const received = await Promise.all(clients.map((client) => client.untilEnd(ANSWER_LIMIT_MS)))
    const executed = sent.map((payloads, at) => this.#check(payloads, received[at])).reduce((sum, count) => sum + count, 0)
    // One for the beginning of each session and one for its end.
    expect(await this.#lastZxid()).toBe(before + BigInt(2 * CONNECTIONS + executed))
  }

  /** Have all operations been throttled? */
  get isComplete(): boolean {
    return throttleable.every((payload) => this.count(payload, Code.THROTTLEDOP) > 0)
  }

  /** What was carried out, in the order of its zxids, is numbered without a gap. */
  checkTraces(): void {
    for (const trace of [this.#versions, this.#names]) {
      const numbers = trace.sort((one, other) => Number(one.zxid - other.zxid)).map(({ number }) => number)
      expect(numbers).toEqual(numbers.map((_, at) => numbers[0] + at))
      expect(new Set(trace.map(({ zxid }) => zxid)).size).toBe(trace.length)
    }
    expect(this.#versions[0]?.number ?? 1).toBe(1)
    expect(this.#names[0]?.number ?? 0).toBe(0)
  }

  count(payload: Uint8Array, code: number): number {
    return this.counts.get(typeName(typeOf(payload)))?.get(code) ?? 0
  }

  toString(): string {
    const rows = [...this.counts].map(([name, codes]) => `${name}  ${[...codes].map(([code, count]) => `${code}: ${count}`).join(', ')}`)
    return rows.join('\n')
  }

  close(): void {
    this.#observer.close()
  }

  /** Gives how many of the requests have consumed a zxid. */
  #check(payloads: readonly Uint8Array[], received: readonly Uint8Array[]): number {
    expect(received.length).toBe(payloads.length)
    let executed = 0
    let last = 0n
    payloads.forEach((payload, at) => {
      const type = typeOf(payload)
      const reply = decodeReply(type, received[at])!
      const { xid, zxid, err } = reply.header
      this.#add(type, err)
      expect(xid).toBe(decodeRequest(withXid(payload, at + 1))!.xid)
      expect(zxid).toBeGreaterThanOrEqual(last)
      last = zxid
      if (err === Code.THROTTLEDOP) {
        expect(received[at].length, 'a throttled request is answered by a header').toBe(16)
        expect([OpCode.ping, OpCode.closeSession]).not.toContain(type)
        return
      }
      if (consuming.has(type)) executed++
      const answer = this.#answers.get(payload)
      if (answer !== undefined) expect(answerOf(received[at]), typeName(type)).toBe(answer)
      else this.#note(type, reply)
    })
    return executed
  }

  #note(type: number, { header: { zxid, err }, body, rest }: Reply): void {
    expect([err, rest.length], typeName(type)).toEqual([Code.OK, 0])
    if (type === OpCode.setData || type === OpCode.multi) {
      const record = body.kind === 'multi' ? body.results[0].body!.record : body.kind === 'record' ? body.record : undefined
      this.#versions.push({ zxid, number: (record as SetDataResponse).stat.version })
    } else if (body.kind === 'record') {
      const { path } = body.record as CreateResponse | Create2Response
      this.#names.push({ zxid, number: Number(/^\/many\/n-(\d{10})$/.exec(path!)![1]) })
    } else {
      expect([OpCode.ping, OpCode.closeSession]).toContain(type)
    }
  }

  #add(type: number, code: number): void {
    const name = typeName(type)
    const codes = this.counts.get(name) ?? new Map<number, number>()
    this.counts.set(name, codes.set(code, (codes.get(code) ?? 0) + 1))
  }

  async #lastZxid(): Promise<bigint> {
    return decodeReply(OpCode.ping, await this.#ask(ping))!.header.zxid
  }

  /** Even a request that is alone may be late on a busy machine: then it is asked for again. */
  async #ask(payload: Uint8Array): Promise<Uint8Array> {
    for (let attempt = 0; attempt < 50; attempt++) {
      this.#observer.sendFrames([payload])
      const answer = await this.#observer.next(ANSWER_LIMIT_MS)
      if (answer === undefined) throw new Error('the server went away')
      if (decodeReply(typeOf(payload), answer)!.header.err !== Code.THROTTLEDOP) return answer
    }
    throw new Error('a request that is alone is always throttled')
  }
}

describe.skipIf(java === undefined)('throttled requests', () => {
  test('are answered by a header, in their turn, and never carried out', { timeout: TEST_LIMIT_MS }, async () => {
    const pair = await startPair(throttling)
    try {
      for (const [name, port] of Object.entries(pair.ports) as [string, number][]) {
        const server = await ThrottledServer.prepare(port)
        let bursts = 0
        while (bursts < MIN_BURSTS || (bursts < MAX_BURSTS && !server.isComplete)) await server.burst(bursts++)
        server.checkTraces()
        server.close()
        console.log(`${name}: ${bursts} bursts\n${server.toString()}`)
        expect(throttleable.filter((payload) => server.count(payload, Code.THROTTLEDOP) === 0).map((payload) => typeName(typeOf(payload)))).toEqual([])
        expect(server.count(ping, Code.OK)).toBeGreaterThan(0)
        expect(server.count(closeSession, Code.OK)).toBe(bursts * CONNECTIONS)
      }
    } finally {
      await pair.end()
    }
  })
})

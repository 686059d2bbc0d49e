// Chooses the steps of a run: the seed decides everything, the world (learnt from the reference server) makes the choices telling.
import { AuthPacket, CheckVersionRequest, DeleteRequest, GetDataRequest, SetDataRequest, SetSASLRequest } from '../../src/jute/generated/proto.ts'
import { OpCode } from '../../src/protocol/codes.ts'
import { connectRequest, encode, request, requestWithBytes } from '../wire/messages.ts'
import { frames } from '../wire/raw-client.ts'
import { CREDENTIALS, existingPath, somePath } from './arguments.ts'
import type { Context } from './arguments.ts'
import { MAX_SESSION_TIMEOUT_MS } from './configurations.ts'
import type { Configuration } from './configurations.ts'
import { anyRequest, nextXid } from './operations.ts'
import { Random } from './random.ts'
import { decodeRequest, isWrite } from './requests.ts'
import type { Outcome } from './side.ts'
import { SLOTS } from './steps.ts'
import type { ConnectStep, Step } from './steps.ts'
import { isTaboo } from './taboo.ts'
import { World } from './world.ts'
import type { KnownConnection } from './world.ts'

const MAX_FRAME = 0xfffff
const LONG_TIMEOUT_MS = MAX_SESSION_TIMEOUT_MS / 2
const EMPTY = new Uint8Array(0)

export interface GeneratorOptions {
  readonly seed: number
  readonly configuration: Configuration
  /** How many sessions the run lets expire, at some seconds each. */
  readonly expiries: number
}

/** Gives one step after the other; wants to be told what came of each before the next. */
export class Generator {
  readonly world = new World()
  readonly #random: Random
  readonly #configuration: Configuration
  #expiries: number
  /** Steps that have to come next: an attended session, what belongs behind an accident. */
  readonly #urgent: Step[] = []

  constructor(options: GeneratorOptions) {
    this.#random = new Random(options.seed)
    this.#configuration = options.configuration
    this.#expiries = options.expiries
  }

  next(): Step {
    const planned = this.#urgent.shift()
    if (planned !== undefined) return planned
    const slot = this.#random.below(SLOTS)
    const connection = this.world.connections[slot]
    return connection === undefined ? this.#comeIn(slot) : this.#goOn(slot, connection)
  }

  /** Takes what the reference server made of the step. */
  learn(step: Step, outcome: Outcome): void {
    if (step.kind === 'connect') this.world.connected(step.slot, outcome.accepted?.label, outcome.accepted?.short === true)
    const connection = this.world.connections[step.slot]
    if (connection !== undefined) outcome.exchanges.forEach(({ payload, reply }) => this.world.learn(connection, payload, reply))
    for (const slot of outcome.ended) {
      if (step.kind === 'expire' && slot === step.slot) this.world.expired(slot)
      else this.world.ended(slot)
    }
    this.#attendShortSessions()
  }

  #context(connection: KnownConnection): Context {
    return { random: this.#random, world: this.world, configuration: this.#configuration, connection }
  }

  #comeIn(slot: number): Step {
    const { world } = this
    const random = this.#random
    const step = this.#connectStep(slot)
    const idle = world.sessions.filter(({ label, alive }) => alive && !this.#isAttached(label))
    return random.weighted<() => Step>([
      [30, () => step],
      [idle.length > 3 ? 80 : 40, () => (idle.length === 0 ? step : { ...step, session: random.pick(idle).label })],
      // What stands behind a refused handshake could cost the refusal: the server closes with bytes unread.
      [4, () => ({ ...step, ...this.#strangeSession(), behind: [] })],
      [3, () => ({ ...step, ...this.#wrongPassword(idle.map(({ label }) => label)), behind: [] })],
      [2, () => ({ ...step, lastZxidSeen: world.zxid + BigInt(random.between(1, 1000)), behind: [] })],
      [2, () => ({ ...step, timeOut: random.pick([0, 1, -5, 3999, 4000, 4001]) })],
      [2, () => ({ ...step, length: random.below(60), behind: [] })],
      [1, () => ({ kind: 'bytes', slot, bytes: frames([request(1, OpCode.ping)]), why: 'a request before the handshake' })],
      [1, () => this.#badLength(slot)],
    ])()
  }

  #connectStep(slot: number): ConnectStep {
    const { world } = this
    const random = this.#random
    const behind: Uint8Array[] = []
    if (random.chance(10)) {
      const connection: KnownConnection = { session: { label: -1, alive: true, short: false }, identities: [], watched: [], xid: 1 }
      behind.push(...this.#pipeline(this.#context(connection), random.between(1, 3)))
    }
    return {
      kind: 'connect',
      slot,
      form: random.chance(70) ? 'new' : 'old',
      protocolVersion: random.chance(90) ? 0 : random.pick([1, -1, 0x7fffffff]),
      lastZxidSeen: random.weighted([
        [60, world.zxid],
        [20, 0n],
        [10, world.zxid - 1n],
        [5, -1n],
        [5, -(1n << 63n)],
      ] as const),
      timeOut: random.chance(85) ? LONG_TIMEOUT_MS : random.pick([MAX_SESSION_TIMEOUT_MS, MAX_SESSION_TIMEOUT_MS + 1, 1_000_000_000, 700_001]),
      readOnly: random.chance(30),
      session: 'new',
      password: 'own',
      behind,
    }
  }

  #strangeSession(): Partial<ConnectStep> {
    const closed = this.world.sessions.filter(({ alive }) => !alive)
    if (closed.length > 0 && this.#random.chance(60)) return { session: this.#random.pick(closed).label }
    return { session: this.#random.pick([1n, -1n, 0x123456789abcdef0n, -(1n << 63n)]) }
  }

  #wrongPassword(labels: readonly number[]): Partial<ConnectStep> {
    const random = this.#random
    const password = random.pick([null, EMPTY, new Uint8Array(16), random.bytes(16), random.bytes(15), random.bytes(40)])
    // For a new session the password does not matter.
    if (labels.length === 0 || random.chance(30)) return { password }
    return { password, session: random.pick(labels) }
  }

  #isAttached(label: number): boolean {
    return this.world.connections.some((connection) => connection?.session.label === label)
  }

  #goOn(slot: number, connection: KnownConnection): Step {
    const random = this.#random
    const context = this.#context(connection)
    return random.weighted<() => Step>([
      [100, () => this.#requests(slot, context)],
      [3, () => this.#alone(slot, this.#goodAuth(context))],
      [0.8, () => this.#alone(slot, this.#badAuth(context))],
      [0.8, () => this.#alone(slot, this.#sasl(context))],
      [0.5, () => this.#alone(slot, request(nextXid(context, 0), random.pick([0, 10, 23, 99, 108, 1000, -1, -2, -12, 0x7fffffff, -0x80000000])))],
      [0.5, () => this.#alone(slot, this.#loneCheck(context))],
      [0.5, () => this.#alone(slot, this.#deleteContainer(context))],
      [0.4, () => this.#alone(slot, this.#secondHandshake())],
      [1.6, () => this.#alone(slot, request(connection.xid++, OpCode.closeSession))],
      [0.5, () => this.#badLength(slot)],
      [2, () => this.#drop(slot)],
      [0.5, () => this.#bigFrame(slot, context)],
      [1.2, () => this.#steal(slot, connection)],
      [this.#expiries > 0 ? 0.3 : 0, () => this.#expire(slot, connection)],
    ])()
  }

  #requests(slot: number, context: Context): Step {
    const random = this.#random
    const most = random.weighted([
      [40, 1],
      [30, 4],
      [30, 14],
    ] as const)
    const payloads = this.#pipeline(context, random.between(1, most))
    const splits = random.chance(10) ? Array.from({ length: random.between(1, 4) }, () => random.uint32()) : []
    return { kind: 'requests', slot, payloads, splits }
  }

  /** Requests whose outcome does not depend on how fast they follow each other. */
  #pipeline(context: Context, most: number): Uint8Array[] {
    const payloads: Uint8Array[] = []
    let wrote = false
    while (payloads.length < most) {
      const payload = anyRequest(context)
      const decoded = decodeRequest(payload)
      if (decoded === undefined || isTaboo(payload)) continue
      // Java compares with the usage that is committed when it looks.
      if (wrote && this.#configuration.quotas === true && isWrite(decoded.type)) break
      wrote ||= isWrite(decoded.type)
      payloads.push(payload)
      // A multi on which Java stumbles leaves the changes of its first operations in sight until it is through the pipeline, and the ACL that
      // a setACL replaces goes on to count until then.
      if (decoded.type === OpCode.multi || decoded.type === OpCode.setACL) break
    }
    return payloads
  }

  #alone(slot: number, payload: Uint8Array): Step {
    return { kind: 'alone', slot, payload }
  }

  #goodAuth(context: Context): Uint8Array {
    const random = this.#random
    const configuration = this.#configuration
    const superAuth = configuration.superAuth
    const data =
      superAuth !== undefined && random.chance(15)
        ? superAuth
        : random.chance(85)
          ? random.pick(CREDENTIALS)
          : random.pick(['', 'nocolon', 'a:b:c', 'é:ü', 'super:wrong'])
    const scheme = random.chance(92) ? 'digest' : 'ip'
    const type = random.chance(80) ? 0 : random.pick([1, -1, 100])
    const xid = random.chance(50) ? -4 : nextXid(context, OpCode.auth)
    return requestWithBytes(xid, OpCode.auth, encode(AuthPacket, { type, scheme, auth: Buffer.from(data) }))
  }

  #badAuth(context: Context): Uint8Array {
    const random = this.#random
    const scheme = random.pick(['world', 'auth', 'sasl', 'super', 'nobody', '', 'Digest', null, 'x509', 'host'])
    const auth = random.chance(70) ? Buffer.from('amy:one') : null
    const body = random.chance(70) ? encode(AuthPacket, { type: 0, scheme, auth }) : encode(AuthPacket, { type: 0, scheme: 'digest', auth: null })
    const cut = random.chance(25) ? body.subarray(0, random.below(body.length)) : body
    return requestWithBytes(nextXid(context, OpCode.auth), OpCode.auth, cut)
  }

  #sasl(context: Context): Uint8Array {
    const random = this.#random
    const body = encode(SetSASLRequest, { token: random.pick([EMPTY, random.bytes(5), Buffer.from('x'), null]) })
    const cut = random.chance(15) ? body.subarray(0, random.below(body.length)) : body
    return requestWithBytes(nextXid(context, OpCode.sasl), OpCode.sasl, cut)
  }

  #loneCheck(context: Context): Uint8Array {
    const version = this.#random.pick([-1, 0, 5])
    return request(nextXid(context, OpCode.check), OpCode.check, CheckVersionRequest, { path: somePath(context), version })
  }

  #deleteContainer(context: Context): Uint8Array {
    const body = encode(DeleteRequest, { path: existingPath(context), version: -1 }).subarray(0, -4)
    return requestWithBytes(nextXid(context, OpCode.deleteContainer), OpCode.deleteContainer, this.#random.chance(80) ? body : EMPTY)
  }

  #badLength(slot: number): Step {
    const length = this.#random.pick([-1, 0, 3, 7, MAX_FRAME + 1, 0x7fffffff, -0x80000000])
    const bytes = Buffer.alloc(length >= 0 && length < 8 ? 4 + length : 4)
    bytes.writeInt32BE(length)
    return { kind: 'bytes', slot, bytes, why: `a frame of ${length} bytes` }
  }

  /** The largest frame there is, as data of a node. */
  #bigFrame(slot: number, context: Context): Step {
    const xid = nextXid(context, OpCode.setData)
    const head = 8 + 4 + 1 + 4 + 4
    const bytes = Buffer.alloc(MAX_FRAME)
    bytes.writeInt32BE(xid)
    bytes.writeInt32BE(OpCode.setData, 4)
    bytes.writeInt32BE(1, 8)
    bytes.write('/', 12)
    bytes.writeInt32BE(MAX_FRAME - head, 13)
    bytes.writeInt32BE(this.#random.chance(50) ? -1 : -2, MAX_FRAME - 4)
    this.#urgent.push({ kind: 'requests', slot, payloads: [this.#readRoot(), this.#emptyRoot()], splits: [] })
    return { kind: 'requests', slot, payloads: [bytes], splits: [] }
  }

  #readRoot(): Uint8Array {
    return request(1, OpCode.getData, GetDataRequest, { path: '/', watch: false })
  }

  #emptyRoot(): Uint8Array {
    return request(2, OpCode.setData, SetDataRequest, { path: '/', data: EMPTY, version: -1 })
  }

  #secondHandshake(): Uint8Array {
    const again = { protocolVersion: 0, lastZxidSeen: 0n, timeOut: LONG_TIMEOUT_MS, sessionId: 0n, passwd: new Uint8Array(16), readOnly: false }
    return connectRequest(again, this.#random.chance(50) ? 'new' : 'old')
  }

  #drop(slot: number): Step {
    const bytes = this.#random.chance(30) ? frames([request(1, OpCode.whoAmI)]).subarray(0, this.#random.between(1, 11)) : EMPTY
    return { kind: 'drop', slot, how: this.#random.chance(60) ? 'finish' : 'reset', bytes }
  }

  /** Another connection takes the session over, or tries to: the old one ends either way. */
  #steal(slot: number, { session }: KnownConnection): Step {
    const free = this.world.connections.findIndex((connection) => connection === undefined)
    if (free === -1) return this.#drop(slot)
    const step = this.#connectStep(free)
    const password = this.#random.chance(35) ? this.#random.bytes(16) : 'own'
    return { ...step, session: session.label, password, lastZxidSeen: this.world.zxid + (this.#random.chance(10) ? 5n : 0n), behind: [] }
  }

  #expire(slot: number, { session }: KnownConnection): Step {
    this.#expiries--
    const again: ConnectStep = { ...this.#connectStep(slot), session: session.label, timeOut: 1, lastZxidSeen: 0n, behind: [] }
    this.#urgent.push(again, { kind: 'expire', slot })
    return { kind: 'drop', slot, how: 'finish', bytes: EMPTY }
  }

  /** A session that could expire at an unknown moment is lengthened or closed at once. */
  #attendShortSessions(): void {
    if (this.#urgent.length > 0) return
    for (const session of this.world.sessions) {
      if (!session.short || !session.alive) continue
      session.short = false
      const attached = this.world.connections.findIndex((connection) => connection?.session === session)
      const slot = attached === -1 ? Math.max(0, this.world.connections.indexOf(undefined)) : attached
      if (this.world.connections[slot] !== undefined) this.#urgent.push({ kind: 'drop', slot, how: 'finish', bytes: EMPTY })
      this.#urgent.push({ ...this.#connectStep(slot), session: session.label, lastZxidSeen: 0n, timeOut: LONG_TIMEOUT_MS, behind: [] })
    }
  }
}

// One of the two servers with everything that is connected to it: carries out steps and gives back, per slot, what arrived, in words that are
// equal when the two servers agree.
import { Code, OpCode } from '../../src/protocol/codes.ts'
import { fourLetterWord } from '../peers/server-process.ts'
import { connectRequest, connectResponse, decodeNotification, decodeReply, request } from '../wire/messages.ts'
import type { Reply } from '../wire/messages.ts'
import { frames, RawClient } from '../wire/raw-client.ts'
import { sessionPassword } from '../wire/session-password.ts'
import { Masks } from './masks.ts'
import { decodeRequest, isWrite } from './requests.ts'
import { SLOTS } from './steps.ts'
import type { ConnectStep, Step } from './steps.ts'
import { isTaboo } from './taboo.ts'

/** A session whose timeout is below this could end within a run. */
const SHORT_TIMEOUT_MS = 600_000
/** Longer than any answer takes on a machine that is busy with other things. */
const PATIENCE_MS = 20_000
const ZERO_PASSWORD = new Uint8Array(16)
/** Of what mntr tells, what depends on nothing but the requests. */
const COUNTERS = new Set(['zk_znode_count', 'zk_watch_count', 'zk_ephemerals_count', 'zk_approximate_data_size', 'zk_global_sessions'])
const PING = request(-2, OpCode.ping)

export interface Exchange {
  readonly payload: Uint8Array
  readonly reply: Reply | undefined
}

/** What came of a step on one server. */
export interface Outcome {
  /** What arrived on each slot since the step before, in words. */
  readonly lines: readonly (readonly string[])[]
  /** The session that was given to a new connection. */
  readonly accepted: { readonly label: number; readonly short: boolean } | undefined
  /** Requests of the step with their replies. */
  readonly exchanges: readonly Exchange[]
  /** Slots whose connection is gone, by the step or by the server. */
  readonly ended: readonly number[]
}

type Expected = { readonly kind: 'handshake'; readonly form: 'new' | 'old' } | { readonly kind: 'request'; readonly type: number; readonly exchange: number }

interface Line {
  readonly text: string
  /** Of a notification: the txn it tells of. */
  readonly zxid?: bigint
}

interface Connection {
  readonly client: RawClient
  readonly expected: Expected[]
  lines: Line[]
}

export class Side {
  readonly #port: number
  readonly #masks = new Masks()
  readonly #connections: (Connection | undefined)[] = Array.from({ length: SLOTS + 1 }, () => undefined)
  // Of the step under way:
  #accepted: Outcome['accepted']
  #exchanges: { payload: Uint8Array; reply: Reply | undefined }[] = []
  #ended: number[] = []
  #lines: string[][] = []

  constructor(port: number) {
    this.#port = port
  }

  /** Carries out one step and waits until everything that it causes has arrived. */
  async run(step: Step): Promise<Outcome> {
    this.#accepted = undefined
    this.#exchanges = []
    this.#ended = []
    this.#lines = this.#connections.map(() => [])
    const ordered = await this.#perform(step)
    for (let slot = 0; slot < this.#connections.length; slot++) this.#collect(slot, ordered)
    return { lines: this.#lines, accepted: this.#accepted, exchanges: this.#exchanges, ended: this.#ended }
  }

  /** Lets go of all connections. */
  close(): void {
    for (const connection of this.#connections) connection?.client.close()
    this.#connections.fill(undefined)
  }

  /** Gives whether events of one txn came in an order that means something: the end of a session deletes its nodes in any order. */
  async #perform(step: Step): Promise<boolean> {
    const connection = this.#connections[step.slot]
    switch (step.kind) {
      case 'connect':
        if (connection === undefined) await this.#connect(step)
        return true
      case 'bytes':
        await this.#sendBytes(connection ?? (await this.#open(step.slot)), step.bytes)
        return true
      case 'requests':
        if (connection !== undefined) await this.#sendRequests(step.slot, connection, step.payloads, step.splits)
        return true
      case 'alone':
        if (connection !== undefined) await this.#sendAlone(step.slot, connection, step.payload)
        return decodeRequest(step.payload)?.type !== OpCode.closeSession
      case 'drop':
        if (connection !== undefined) this.#drop(step.slot, connection, step.how, step.bytes)
        return true
      case 'expire':
        if (connection !== undefined) {
          await this.#untilEnd(connection)
          await this.#pingOthers(step.slot)
        }
        return false
      case 'counters':
        this.#lines[step.slot].push(...(await this.#counters()))
        return true
    }
  }

  async #counters(): Promise<string[]> {
    const lines = (await fourLetterWord(this.#port, 'mntr')).split('\n')
    return lines.filter((line) => COUNTERS.has(line.split('\t', 1)[0])).sort()
  }

  async #open(slot: number): Promise<Connection> {
    const connection: Connection = { client: await RawClient.open(this.#port), expected: [], lines: [] }
    this.#connections[slot] = connection
    return connection
  }

  async #connect(step: ConnectStep): Promise<void> {
    const { form, protocolVersion, lastZxidSeen, timeOut, readOnly, length } = step
    const sessionId = step.session === 'new' ? 0n : typeof step.session === 'bigint' ? step.session : this.#masks.id(step.session)
    if (sessionId === undefined) return
    const passwd = step.password !== 'own' ? step.password : sessionId === 0n ? ZERO_PASSWORD : sessionPassword(sessionId)
    const whole = connectRequest({ protocolVersion, lastZxidSeen, timeOut, sessionId, passwd, readOnly }, form)
    const payload = length === undefined ? whole : resize(whole, length)
    const connection = await this.#open(step.slot)
    // A request that was cut off before its readOnly byte is a request of the old form, one that was lengthened is of the new.
    const shape = form === 'old' ? payload.length > whole.length : payload.length >= whole.length
    connection.expected.push({ kind: 'handshake', form: shape ? 'new' : 'old' })
    connection.client.send(frames([payload, ...step.behind.map((behind) => this.#expect(connection, behind))]))
    await this.#untilSettled(connection)
    if (this.#accepted === undefined) await this.#untilEnd(connection)
    await this.#pingOthers(step.slot)
  }

  async #sendBytes({ client, expected, lines }: Connection, bytes: Uint8Array): Promise<void> {
    client.send(bytes)
    await this.#untilEnd({ client, expected, lines })
  }

  async #sendRequests(slot: number, connection: Connection, payloads: readonly Uint8Array[], splits: readonly number[]): Promise<void> {
    const bytes = frames(payloads.map((payload) => this.#expect(connection, payload)))
    const cuts = splits.map((split) => split % bytes.length).sort((a, b) => a - b)
    let at = 0
    for (const cut of cuts) {
      connection.client.send(bytes.subarray(at, cut))
      at = cut
      await new Promise((resolve) => setImmediate(resolve))
    }
    connection.client.send(bytes.subarray(at))
    await this.#untilSettled(connection)
    if (payloads.some((payload) => isWrite(decodeRequest(payload)?.type ?? 0))) await this.#pingOthers(slot)
  }

  async #sendAlone(slot: number, connection: Connection, payload: Uint8Array): Promise<void> {
    connection.client.sendFrames([this.#expect(connection, payload)])
    await this.#untilSettled(connection)
    const { reply } = this.#exchanges[this.#exchanges.length - 1]
    if (reply !== undefined && isLast(payload, reply)) await this.#untilEnd(connection)
    else if (!connection.client.ended) await this.#ping(connection)
    await this.#pingOthers(slot)
  }

  #drop(slot: number, { client }: Connection, how: 'finish' | 'reset', bytes: Uint8Array): void {
    if (bytes.length > 0) client.send(bytes)
    client[how]()
    this.#collect(slot, true)
    this.#connections[slot] = undefined
    this.#ended.push(slot)
  }

  /** Notes that this request will be answered. */
  #expect(connection: Connection, payload: Uint8Array): Uint8Array {
    if (isTaboo(payload)) throw new Error('a request that must not be sent reached the connection')
    const type = new DataView(payload.buffer, payload.byteOffset).getInt32(4)
    connection.expected.push({ kind: 'request', type, exchange: this.#exchanges.length })
    this.#exchanges.push({ payload, reply: undefined })
    return payload
  }

  async #ping(connection: Connection): Promise<void> {
    connection.expected.push({ kind: 'request', type: OpCode.ping, exchange: -1 })
    connection.client.sendFrames([PING])
    await this.#untilSettled(connection)
  }

  /** Behind its answer there is no notification left that the step could have caused. */
  async #pingOthers(slot: number): Promise<void> {
    await Promise.all(this.#connections.map((other, at) => (other === undefined || at === slot || other.client.ended ? undefined : this.#ping(other))))
  }

  async #untilSettled(connection: Connection): Promise<void> {
    const settled = (): boolean => {
      this.#absorb(connection)
      return connection.expected.length === 0 || connection.client.ended
    }
    if (!(await connection.client.until(settled, PATIENCE_MS))) connection.lines.push({ text: `${connection.expected.length} answers are missing` })
    connection.expected.length = 0
  }

  async #untilEnd(connection: Connection): Promise<void> {
    if (!(await connection.client.until(() => connection.client.ended, PATIENCE_MS))) {
      connection.lines.push({ text: 'the connection was not closed' })
      connection.client.close()
    }
    connection.expected.length = 0
  }

  /** Puts what has arrived into words. */
  #absorb(connection: Connection): void {
    for (const payload of connection.client.take()) connection.lines.push(this.#read(connection, payload))
  }

  #read({ expected }: Connection, payload: Uint8Array): Line {
    const next = expected[0]
    if (next?.kind === 'handshake') {
      expected.shift()
      return { text: this.#readHandshake(next.form, payload) }
    }
    const notification = decodeNotification(payload)
    if (notification !== undefined) return { text: this.#masks.notification(notification), zxid: notification.header.zxid }
    expected.shift()
    const reply = next === undefined ? undefined : decodeReply(next.type, payload)
    if (reply === undefined) return { text: `unasked for: ${Buffer.from(payload.subarray(0, 200)).toString('hex')}` }
    if (next.exchange >= 0) this.#exchanges[next.exchange].reply = reply
    return { text: this.#masks.reply(reply, payload) }
  }

  #readHandshake(form: 'new' | 'old', payload: Uint8Array): string {
    const response = connectResponse(payload, form)
    if (response === undefined) return `no handshake: ${Buffer.from(payload).toString('hex')}`
    const line = this.#masks.connectResponse(response, payload.length)
    if (response.sessionId !== 0n) this.#accepted = { label: this.#masks.label(response.sessionId), short: response.timeOut < SHORT_TIMEOUT_MS }
    return line
  }

  /** Moves the lines of a slot into the outcome, and its end, if it has ended. */
  #collect(slot: number, ordered: boolean): void {
    const connection = this.#connections[slot]
    if (connection === undefined) return
    this.#absorb(connection)
    this.#lines[slot].push(...(ordered ? connection.lines.map(({ text }) => text) : sortWithinTxn(connection.lines)))
    connection.lines = []
    if (!connection.client.ended) return
    const cut = connection.client.unfinishedBytes
    this.#lines[slot].push(cut > 0 ? `end within a frame, ${cut} bytes` : 'end')
    this.#connections[slot] = undefined
    this.#ended.push(slot)
  }
}

/** Will the server close the connection behind this reply? */
function isLast(payload: Uint8Array, { header }: Reply): boolean {
  const type = decodeRequest(payload)!.type
  if (type === OpCode.closeSession) return true
  if (type === OpCode.auth || type === OpCode.sasl) return header.err !== Code.OK
  return header.err === Code.UNIMPLEMENTED && header.zxid === -1n
}

function resize(payload: Uint8Array, length: number): Uint8Array {
  const resized = new Uint8Array(length)
  resized.set(payload.subarray(0, length))
  return resized
}

function sortWithinTxn(lines: readonly Line[]): string[] {
  const sorted: string[] = []
  for (let start = 0; start < lines.length;) {
    let end = start + 1
    while (lines[start].zxid !== undefined && end < lines.length && lines[end].zxid === lines[start].zxid) end++
    sorted.push(
      ...lines
        .slice(start, end)
        .map(({ text }) => text)
        .sort(),
    )
    start = end
  }
  return sorted
}

// One who sends spoiled frames, connection after connection, and holds every answer against what was asked.
import { ExistsRequest } from '../../src/jute/generated/proto.ts'
import { Code, OpCode } from '../../src/protocol/codes.ts'
import type { Random } from '../oracle/random.ts'
import { connectRequest, connectResponse, decodeNotification, decodeReply, PING_XID, request } from '../wire/messages.ts'
import { frames, RawClient } from '../wire/raw-client.ts'
import type { Asked } from '../wire/raw-session.ts'
import { mutated, mutatedFrame, validRequest } from './mutations.ts'

const BATCH = 25
const POOL = 300
/** Batches until there are other valid requests to spoil. */
const POOL_LIFE = 40
const LIMIT_MS = 60_000
const HEADER_BYTES = 8
const ODD_XIDS = [0, -1, -2, -4, -8, 0x7fff_ffff, -0x8000_0000]
const SOUND_CODES: ReadonlySet<number> = new Set(Object.values(Code))

/** Types whose requests are answered and leave the connection as it is, whatever is in them. */
const { closeSession, createSession, check, deleteContainer, auth, sasl, error, notification, ...answered } = OpCode
const ENDING: ReadonlySet<number> = new Set([closeSession, createSession, check, deleteContainer, auth, sasl, error, notification])
const ANSWERED: ReadonlySet<number> = new Set(Object.values(answered))

export interface Attack {
  /** Frames that are still to be sent, by all attackers together. */
  left: number
  connections: number
  answers: number
}

/** Sends its share and returns. Throws what was wrong with an answer. */
export async function attack(port: number, random: Random, attack: Attack): Promise<void> {
  let pool: Asked[] = []
  for (let batch = 0; attack.left > 0;) {
    const client = await RawClient.open(port)
    attack.connections++
    if (!(await shakeHands(client, random, attack))) continue
    let xid = 1
    while (attack.left > 0 && !client.ended) {
      if (batch++ % POOL_LIFE === 0) pool = Array.from({ length: POOL }, () => validRequest(random))
      const payloads: Buffer[] = []
      while (payloads.length < BATCH && !payloads.some(mayEnd)) {
        const payload = mutated(random, pool, random.chance(10) ? random.pick(ODD_XIDS) : xid++)
        // Behind what ends a connection nothing is looked at, so there is not too much of it.
        if (!mayEnd(payload) || random.chance(20)) payloads.push(payload)
      }
      attack.left -= payloads.length
      if (random.chance(8)) {
        // From here on nobody can tell where a frame begins: the end is ours.
        client.send(Buffer.concat([frames(payloads), mutatedFrame(random, payloads[0])]))
        attack.left--
        client.finish()
        const received = await client.untilEnd(LIMIT_MS)
        attack.answers += inspect(payloads, received, 'cut')
      } else {
        const last = request(xid++, OpCode.exists, ExistsRequest, { path: '/', watch: false })
        client.sendFrames([...payloads, last])
        const answers = await answersTo(client, [...payloads, Buffer.from(last)])
        attack.answers += answers
      }
    }
    client.close()
  }
}

/** False when the handshake was spoiled too, and all is over. */
async function shakeHands(client: RawClient, random: Random, attack: Attack): Promise<boolean> {
  const timeOut = random.between(1000, 10_000)
  const handshake = connectRequest({ protocolVersion: 0, lastZxidSeen: 0n, timeOut, sessionId: 0n, passwd: new Uint8Array(16), readOnly: false })
  if (random.chance(3)) {
    const spoiled = Buffer.from(handshake)
    for (let i = random.between(1, 4); i > 0; i--) spoiled[random.below(spoiled.length)] = random.uint32()
    const cut = spoiled.subarray(0, random.chance(30) ? random.below(spoiled.length) : spoiled.length)
    client.send(random.chance(30) ? mutatedFrame(random, cut) : frames([cut]))
    attack.left--
    client.finish()
    await client.untilEnd(LIMIT_MS)
    client.close()
    return false
  }
  client.sendFrames([handshake])
  const payload = await client.next(LIMIT_MS)
  if (payload === undefined || connectResponse(payload)?.sessionId === 0n) throw new Error('a sound handshake was refused')
  return true
}

async function answersTo(client: RawClient, asked: readonly Buffer[]): Promise<number> {
  const received: Uint8Array[] = []
  const isOver = (): boolean => {
    received.push(...client.take().filter((payload) => decodeNotification(payload) === undefined))
    return client.ended || received.length >= asked.length
  }
  if (!(await client.until(isOver, LIMIT_MS))) throw new Error(`${received.length} answers to ${asked.length} requests, and no end`)
  return inspect(asked, received, client.ended ? 'ended' : 'answered')
}

/** The answers are to the requests, one to each, in order; if the server has ended it, after a request for which it may. */
function inspect(asked: readonly Buffer[], received: readonly Uint8Array[], how: 'answered' | 'ended' | 'cut'): number {
  let at = 0
  for (const payload of received) {
    if (decodeNotification(payload) !== undefined) continue
    const sent = asked[at]
    // The spoiled end of the stream may hold requests too.
    if (sent === undefined && how === 'cut') break
    const reply = decodeReply(0, payload)
    if (sent === undefined || reply === undefined) throw new Error(`an answer to nothing: ${Buffer.from(payload).toString('hex')}`)
    const due = typeOf(sent) === OpCode.ping ? PING_XID : sent.readInt32BE(0)
    if (reply.header.xid !== due || !SOUND_CODES.has(reply.header.err)) {
      throw new Error(`${sent.toString('hex')} was answered with xid ${reply.header.xid} and code ${reply.header.err}`)
    }
    at++
  }
  // A client that hangs up is not owed the rest.
  if (how === 'cut') return at
  const rest = asked.slice(Math.max(0, at - 1))
  if (how === 'ended' ? !rest.slice(0, 2).some(mayEnd) && !rest.some(endsAtOnce) : at !== asked.length) {
    throw new Error(`after ${asked[at - 1]?.toString('hex')} and before ${asked[at]?.toString('hex')} the connection was ${how}`)
  }
  return at
}

function typeOf(payload: Buffer): number | undefined {
  return payload.length < HEADER_BYTES ? undefined : payload.readInt32BE(4)
}

function mayEnd(payload: Buffer): boolean {
  const type = typeOf(payload)
  return type === undefined || ENDING.has(type) || !ANSWERED.has(type)
}

/** What is no request, or an undecodable one of these two, ends the connection with answers still owed. */
function endsAtOnce(payload: Buffer): boolean {
  const type = typeOf(payload)
  return type === undefined || type === auth || type === sasl
}

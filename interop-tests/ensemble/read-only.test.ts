// One member is left of an ensemble and serves reads: a Java server and ours answer the same requests in the same way, and say the same of themselves.
import { expect, it } from 'vitest'
import { ExistsRequest, GetChildren2Request, GetDataRequest, GetEphemeralsRequest, SyncRequest } from '../../src/jute/generated/proto.ts'
import type { ConnectRequest } from '../../src/jute/generated/proto.ts'
import { OpCode } from '../../src/protocol/codes.ts'
import { needPeer } from '../peers/peers.ts'
import { eventually } from '../peers/processes.ts'
import { fourLetterWord } from '../peers/server-process.ts'
import { create, create2, createContainer, createTtl, openAcl, remove, setAcl, setData } from '../storage/requests.ts'
import { connectRequest, connectResponse, decodeReply, PING_XID, requestWithBytes } from '../wire/messages.ts'
import { RawClient } from '../wire/raw-client.ts'
import { asked, askedMulti } from '../wire/raw-session.ts'
import type { Asked } from '../wire/raw-session.ts'
import { Ensemble } from './ensemble.ts'
import type { Kind, Member } from './member.ts'

const java = await needPeer('java')

const LIMIT_MS = 60_000
const SESSION_MS = 10_000
const NO_PASSWORD = new Uint8Array(16)
const WORDS = ['srvr', 'conf', 'dirs', 'isro', 'ruok', 'wchs', 'mntr'] as const

const empty = (type: number): Asked => ({ type, body: new Uint8Array(0) })
const requests: readonly (readonly [what: string, request: Asked])[] = [
  ['getData', asked(OpCode.getData, GetDataRequest, { path: '/a', watch: true })],
  ['exists', asked(OpCode.exists, ExistsRequest, { path: '/none', watch: true })],
  ['getChildren2', asked(OpCode.getChildren2, GetChildren2Request, { path: '/', watch: false })],
  ['getEphemerals', asked(OpCode.getEphemerals, GetEphemeralsRequest, { prefixPath: '/' })],
  ['create', create('/b')],
  ['create2', create2('/b')],
  ['createContainer', createContainer('/b')],
  ['createTTL', createTtl('/b', 1000)],
  ['setData', setData('/a', 'y')],
  ['delete', remove('/a')],
  ['setACL', setAcl('/a', openAcl)],
  ['sync', asked(OpCode.sync, SyncRequest, { path: '/' })],
  ['multi', askedMulti([create('/b')])],
  ['a create that cannot be decoded', { type: OpCode.create, body: new Uint8Array(3) }],
  ['whoAmI', empty(OpCode.whoAmI)],
  ['ping', empty(OpCode.ping)],
  ['getData again', asked(OpCode.getData, GetDataRequest, { path: '/a', watch: false })],
  ['closeSession', empty(OpCode.closeSession)],
]

interface Greeting {
  readonly readOnly?: boolean
  readonly sessionId?: bigint
  readonly passwd?: Uint8Array
}

async function greet(member: Member, { readOnly = true, sessionId = 0n, passwd = NO_PASSWORD }: Greeting, form: 'new' | 'old' = 'new') {
  const client = await RawClient.open(member.port)
  const record: ConnectRequest = { protocolVersion: 0, lastZxidSeen: 0n, timeOut: SESSION_MS, sessionId, passwd, readOnly }
  client.sendFrames([connectRequest(record, form)])
  const payload = await client.next()
  return { client, response: payload === undefined ? undefined : connectResponse(payload, form) }
}

/** What somebody is told who comes with that. */
async function greeted(member: Member, greeting: Greeting, form: 'new' | 'old' = 'new'): Promise<string> {
  const { client, response } = await greet(member, greeting, form)
  client.close()
  if (response === undefined) return 'closed without a word'
  return `session ${response.sessionId === 0n ? 'refused' : response.sessionId === greeting.sessionId ? 'resumed' : 'made'}, ${response.timeOut} ms, ${response.readOnly}`
}

async function answers(member: Member): Promise<Record<string, unknown>> {
  const { client } = await greet(member, {})
  const last = BigInt((await member.zxid())!)
  const found: Record<string, unknown> = {}
  for (const [index, [what, { type, body }]] of requests.entries()) {
    const xid = type === OpCode.ping ? PING_XID : index + 1
    client.sendFrames([requestWithBytes(xid, type, body)])
    const payload = await client.next()
    if (payload === undefined) throw new Error(`no answer to ${what}`)
    const { header, body: told } = decodeReply(type, payload)!
    found[what] = { xid: header.xid, zxid: header.zxid === last ? 'the last' : header.zxid, err: header.err, body: told.kind, bytes: payload.length }
  }
  await client.untilEnd()
  return found
}

/** Numbers and places taken out; of `mntr` the names. */
async function shapeOf(member: Member, word: string): Promise<string[]> {
  const text = await fourLetterWord(member.port, word)
  if (word === 'mntr')
    return text
      .split('\n')
      .map((line) => (/state/.test(line) ? line : line.split('\t')[0]))
      .sort()
  return text
    .replaceAll(member.place.directory, '')
    .split('\n')
    .map((line) => (line.startsWith('Zookeeper version') ? '' : line.replace(/0x[0-9a-f]+|\b\d+(\.\d+)?\b/g, '#')))
}

async function seen(kind: Kind): Promise<unknown> {
  const options = { config: { localSessionsEnabled: 'true', localSessionsUpgradingEnabled: 'true' }, properties: { 'readonlymode.enabled': 'true' } }
  const ensemble = await Ensemble.start({ voters: [kind, kind], ...options })
  try {
    const [alone, other] = ensemble.members as [Member, Member]
    const session = await alone.session(40_000)
    // An ephemeral makes its session known to all.
    await session.askAll([create('/a', 'x'), create('/e', '', 1)])
    await other.kill()
    await eventually('it is read-only', LIMIT_MS, async () => ((await fourLetterWord(alone.port, 'isro').catch(() => '')) === 'ro' ? true : undefined))
    const own = await greet(alone, {})
    const known = { sessionId: own.response!.sessionId, passwd: own.response!.passwd! }
    const greetings = {
      'a new session': await greeted(alone, {}),
      'a new session that is to write': await greeted(alone, { readOnly: false }),
      'a new session in the old form': await greeted(alone, {}, 'old'),
      'the session of before': await greeted(alone, { sessionId: session.id, passwd: session.passwd }),
      'a session that was made here': await greeted(alone, known),
      'the same with a wrong password': await greeted(alone, { ...known, passwd: NO_PASSWORD }),
      'a session that nobody has': await greeted(alone, { sessionId: 7n }),
    }
    own.client.close()
    const words = Object.fromEntries(await Promise.all(WORDS.map(async (word) => [word, await shapeOf(alone, word)] as const)))
    const found = { greetings, answers: await answers(alone), words }
    const reader = await greet(alone, {})
    await other.start()
    await reader.client.untilEnd(LIMIT_MS)
    await alone.serves()
    return { ...found, afterwards: await fourLetterWord(alone.port, 'isro') }
  } finally {
    await ensemble.end()
  }
}

it.skipIf(java === undefined)('a member that is left alone serves reads as a Java server does', async () => {
  const theirs = await seen('java')
  const ours = await seen('ours')
  expect(ours).toEqual(theirs)
})

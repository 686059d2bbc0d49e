/** Frames of a conversation with Apache ZooKeeper 3.9, byte for byte. */

import { Buffer } from 'node:buffer'
import { describe, expect, it } from 'vitest'
import type { Codec } from '../../src/jute/codec.ts'
import { Stat } from '../../src/jute/generated/data.ts'
import { ConnectRequestV33, ConnectResponseV33 } from '../../src/jute/generated/legacy.ts'
import { FileHeader } from '../../src/jute/generated/persistence.ts'
import {
  ConnectRequest,
  ConnectResponse,
  CreateRequest,
  CreateResponse,
  DeleteRequest,
  ErrorResponse,
  ExistsRequest,
  ExistsResponse,
  MultiHeader,
  ReplyHeader,
  RequestHeader,
  WatcherEvent,
} from '../../src/jute/generated/proto.ts'
import { CreateSessionTxn, TxnDigest, TxnHeader } from '../../src/jute/generated/txn.ts'
import { JuteReader } from '../../src/jute/reader.ts'
import { JuteWriter } from '../../src/jute/writer.ts'
import { Code, OpCode } from '../../src/protocol/codes.ts'

/** A record with its codec, so that a frame is a list of them. */
interface Part {
  write: (writer: JuteWriter) => void
  read: (reader: JuteReader) => unknown
  value: unknown
}

function part<T>(codec: Codec<T>, value: T): Part {
  return { write: (writer) => codec.write(writer, value), read: (reader) => codec.read(reader), value }
}

/** The hex is what the parts are encoded to, and they are what it is decoded to. */
function holds(hex: string, ...parts: Part[]): void {
  const bytes = Buffer.from(hex.replaceAll(/\s/g, ''), 'hex')
  const writer = new JuteWriter({ supplementary: 'cesu8' })
  for (const { write } of parts) write(writer)
  expect(Buffer.from(writer.copy()).toString('hex')).toBe(bytes.toString('hex'))
  const reader = new JuteReader()
  reader.reset(bytes)
  for (const { read, value } of parts) expect(read(reader)).toEqual(value)
  expect(reader.remaining).toBe(0)
}

/** As `holds`, with the length of the frame in front. */
function frame(hex: string, ...parts: Part[]): void {
  const bytes = Buffer.from(hex.replaceAll(/\s/g, ''), 'hex')
  expect(bytes.readInt32BE()).toBe(bytes.length - 4)
  holds(bytes.subarray(4).toString('hex'), ...parts)
}

const zeros = new Uint8Array(16)
const passwd = new Uint8Array(Buffer.from('c279c82ad710a9eb89e3bf5232e067be', 'hex'))
const reply = (xid: number, zxid: bigint, err: number = Code.OK): Part => part(ReplyHeader, { xid, zxid, err })
const request = (xid: number, type: number): Part => part(RequestHeader, { xid, type })

describe('the handshake', () => {
  const asked = { protocolVersion: 0, lastZxidSeen: 0n, timeOut: 10_000, sessionId: 0n, passwd: zeros }
  const answered = { protocolVersion: 0, timeOut: 10_000, sessionId: 0x10000104c320040n, passwd }
  const askedHex = `00000000 0000000000000000 00002710 0000000000000000 00000010 ${'00'.repeat(16)}`
  const answeredHex = '00000000 00002710 010000104c320040 00000010 c279c82ad710a9eb89e3bf5232e067be'

  it('has a byte for read-only servers', () => {
    frame(`0000002d ${askedHex} 00`, part(ConnectRequest, { ...asked, readOnly: false }))
    frame(`00000025 ${answeredHex} 00`, part(ConnectResponse, { ...answered, readOnly: false }))
    frame(`00000025 ${answeredHex} 01`, part(ConnectResponse, { ...answered, readOnly: true }))
  })

  it('has an old form without it', () => {
    frame(`0000002c ${askedHex}`, part(ConnectRequestV33, asked))
    frame(`00000024 ${answeredHex}`, part(ConnectResponseV33, answered))
  })
})

describe('a conversation', () => {
  it('creates a node', () => {
    frame(
      `00000035 00000001 00000001 00000004 2f766563 00000002 6869 00000001 0000001f
       00000005 776f726c64 00000006 616e796f6e65 00000000`,
      request(1, OpCode.create),
      part(CreateRequest, {
        path: '/vec',
        data: new Uint8Array([0x68, 0x69]),
        acl: [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }],
        flags: 0,
      }),
    )
    frame('00000018 00000001 00000000000001f7 00000000 00000004 2f766563', reply(1, 0x1f7n), part(CreateResponse, { path: '/vec' }))
  })

  it('asks whether it exists', () => {
    const stat: Stat = {
      czxid: 0x1f7n,
      mzxid: 0x1f8n,
      ctime: 0x190_0000_0001n,
      mtime: 0x190_0000_0002n,
      version: 1,
      cversion: -1,
      aversion: 2,
      ephemeralOwner: -(2n ** 63n),
      dataLength: 2,
      numChildren: 3,
      pzxid: 0x1f9n,
    }
    const statHex = `00000000000001f7 00000000000001f8 0000019000000001 0000019000000002 00000001 ffffffff 00000002
      8000000000000000 00000002 00000003 00000000000001f9`
    frame('00000011 00000002 00000003 00000004 2f766563 01', request(2, OpCode.exists), part(ExistsRequest, { path: '/vec', watch: true }))
    frame(`00000054 00000002 00000000000001f7 00000000 ${statHex}`, reply(2, 0x1f7n), part(ExistsResponse, { stat }))
    holds(statHex, part(Stat, stat))
  })

  it('pings', () => {
    frame('00000008 fffffffe 0000000b', request(-2, OpCode.ping))
    frame('00000010 fffffffe 00000000000001f7 00000000', reply(-2, 0x1f7n))
  })

  it('deletes the node and is notified', () => {
    frame('00000014 00000003 00000002 00000004 2f766563 ffffffff', request(3, OpCode.delete), part(DeleteRequest, { path: '/vec', version: -1 }))
    frame(
      '00000020 ffffffff 00000000000001f8 00000000 00000002 00000003 00000004 2f766563',
      reply(-1, 0x1f8n),
      part(WatcherEvent, { type: 2, state: 3, path: '/vec' }),
    )
    frame('00000010 00000003 00000000000001f8 00000000', reply(3, 0x1f8n))
  })

  it('says goodbye', () => {
    frame('00000008 00000004 fffffff5', request(4, OpCode.closeSession))
    frame('00000010 00000004 00000000000001f9 00000000', reply(4, 0x1f9n))
  })
})

describe('multi', () => {
  const result = (err: number): Part[] => [part(MultiHeader, { type: OpCode.error, done: false, err }), part(ErrorResponse, { err })]
  const end = part(MultiHeader, { type: -1, done: true, err: -1 })

  it('fails as a whole', () => {
    holds(
      'ffffffff 00 00000000 00000000   ffffffff 00 ffffff9b ffffff9b   ffffffff 00 fffffffe fffffffe   ffffffff 01 ffffffff',
      ...result(Code.OK),
      ...result(Code.NONODE),
      ...result(Code.RUNTIMEINCONSISTENCY),
      end,
    )
  })
})

describe('a transaction log', () => {
  it('begins with its header and the first session', () => {
    holds('5a4b4c47 00000002 0000000000000000', part(FileHeader, { magic: 0x5a4b4c47, version: 2, dbid: 0n }))
    holds(
      `0100000cd8080000 00000000 0000000000000001 000001a1ffd4477f fffffff6
       00002710
       00000002 0000000051c6d660`,
      part(TxnHeader, { clientId: 0x100000cd8080000n, cxid: 0, zxid: 1n, time: 0x1a1ffd4477fn, type: OpCode.createSession }),
      part(CreateSessionTxn, { timeOut: 10_000 }),
      part(TxnDigest, { version: 2, treeDigest: 1371985504n }),
    )
  })
})

it('an unvalidated path is echoed with each half of a surrogate pair by itself', () => {
  const writer = new JuteWriter({ supplementary: 'cesu8' })
  writer.ustring('/\u{1f600}')
  expect(Buffer.from(writer.copy(4)).toString('hex')).toBe('2feda0bdedb880')
})

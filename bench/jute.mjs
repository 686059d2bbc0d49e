// What the codec costs: nanoseconds per call on one core, and the alternatives that its fast paths were chosen over.
// Run after `make build`: node bench/jute.mjs [directory of the build]

import { Buffer } from 'node:buffer'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

const dist = pathToFileURL(`${resolve(process.argv[2] ?? 'dist')}/`)
const load = (path) => import(new URL(path, dist).href)
const { JuteReader } = await load('jute/reader.js')
const { JuteWriter } = await load('jute/writer.js')
const { Stat } = await load('jute/generated/data.js')
const { GetDataRequest, GetDataResponse, ReplyHeader, RequestHeader } = await load('jute/generated/proto.js')
const { CreateTxn } = await load('jute/generated/txn.js')

const ROUNDS = 5
const TURN_NS = 100_000_000n
let kept = 0

/** The best of some rounds: noise only ever adds. */
function measure(name, call) {
  let count = 1000
  let best = Infinity
  for (let round = 0; round <= ROUNDS;) {
    const start = process.hrtime.bigint()
    for (let index = 0; index < count; index++) kept += call(index)
    const elapsed = process.hrtime.bigint() - start
    if (elapsed < TURN_NS / 2n) {
      count *= 2
      continue
    }
    if (round++ > 0) best = Math.min(best, Number(elapsed) / count)
  }
  console.log(`${name.padEnd(64)}${best.toFixed(1).padStart(8)} ns`)
}

const stat = {
  czxid: 0x100000001n,
  mzxid: 0x100000002n,
  ctime: 1700000000000n,
  mtime: 1700000000001n,
  version: 1,
  cversion: 0,
  aversion: 0,
  ephemeralOwner: 0n,
  dataLength: 64,
  numChildren: 0,
  pzxid: 0x100000001n,
}
const header = { xid: 7, zxid: 0x100000002n, err: 0 }
const response = { data: Buffer.alloc(64, 'x'), stat }
const writer = new JuteWriter()

measure('write Stat', () => {
  writer.reset()
  Stat.write(writer, stat)
  return writer.position
})

measure('write getData reply (length, header, 64 bytes, Stat)', () => {
  writer.reset()
  const at = writer.reserve(4)
  ReplyHeader.write(writer, header)
  GetDataResponse.write(writer, response)
  writer.patchInt(at, writer.position - 4)
  return writer.position
})

const txn = {
  path: '/services/orders/members/member-0000000042',
  data: Buffer.alloc(64, 'x'),
  acl: [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }],
  ephemeral: true,
  parentCVersion: 43,
}
measure('write CreateTxn (42 character path, one ACL)', () => {
  writer.reset()
  CreateTxn.write(writer, txn)
  return writer.position
})
measure('  … and copy it', () => {
  writer.reset()
  CreateTxn.write(writer, txn)
  return writer.copy().length
})
measure('  … and copy it with slice', () => {
  writer.reset()
  CreateTxn.write(writer, txn)
  return Uint8Array.prototype.slice.call(writer.bytes, 0, writer.position).length
})

const reader = new JuteReader()
for (const length of [5, 20, 60]) {
  // Different paths, looked up in a Map, so that a string's flattening and hashing count.
  const paths = Array.from({ length: 64 }, (_, index) => `/${String(index).padStart(length - 1, 'n')}`)
  const nodes = new Map(paths.map((path, index) => [path, index]))
  const chunk = new JuteWriter()
  const starts = paths.map((path, index) => {
    const start = chunk.position
    RequestHeader.write(chunk, { xid: index, type: 4 })
    GetDataRequest.write(chunk, { path, watch: false })
    return start
  })
  const bytes = chunk.copy()
  measure(`read RequestHeader + GetDataRequest, find path of ${length}`, (index) => {
    reader.reset(bytes, starts[index & 63], bytes.length)
    const { type } = RequestHeader.read(reader)
    return nodes.get(GetDataRequest.read(reader).path) + type
  })
}

writer.reset()
Stat.write(writer, stat)
const statBytes = writer.copy()
measure('read Stat', () => {
  reader.reset(statBytes)
  return Stat.read(reader).version
})
writer.reset()
CreateTxn.write(writer, txn)
const txnBytes = writer.copy()
measure('read CreateTxn', () => {
  reader.reset(txnBytes)
  return CreateTxn.read(reader).parentCVersion
})

console.log('\nWhy src/jute/utf8.ts has its limits: string of n ASCII characters')
const scratch = Buffer.alloc(1024)
for (const length of [4, 8, 12, 16, 20, 24, 32, 60]) {
  const texts = Array.from({ length: 64 }, (_, index) => String(index).padStart(length, 'n'))
  const found = new Map(texts.map((text, index) => [text, index]))
  const bytes = Buffer.from(texts.join(''))
  measure(`n = ${length}: read by fromCharCode, four at a time`, (index) => found.get(byFours(bytes, (index & 63) * length, length)))
  measure(`n = ${length}: read by Buffer.toString`, (index) => found.get(bytes.toString('utf8', (index & 63) * length, ((index & 63) + 1) * length)))
  measure(`n = ${length}: write by charCodeAt`, (index) => byCharCode(scratch, texts[index & 63]))
  measure(`n = ${length}: write by Buffer.write`, (index) => scratch.write(texts[index & 63], 4, 'utf8'))
}

function byFours(bytes, start, length) {
  let text = ''
  let at = start
  const end = start + length
  for (; at + 4 <= end; at += 4) {
    const [a, b, c, d] = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]
    if ((a | b | c | d) > 0x7f) return undefined
    text += String.fromCharCode(a, b, c, d)
  }
  for (; at < end; at++) text += String.fromCharCode(bytes[at])
  return text
}

function byCharCode(bytes, text) {
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    if (unit > 0x7f) return 0
    bytes[4 + index] = unit
  }
  return text.length
}

if (kept === 0) throw new Error('nothing was measured')

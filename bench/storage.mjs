// What snapshots and the log cost: time, the longest turn of the event loop while a snapshot is written, commits per second.
// Run after `make build`: node bench/storage.mjs [directory of the build] [nodes]

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { pino } from 'pino'

const dist = pathToFileURL(`${resolve(process.argv[2] ?? 'dist')}/`)
const load = (path) => import(new URL(path, dist).href)
const { nodeDisk } = await load('server/host/node-disk.js')
const { run } = await load('server/host/disk-work.js')
const { nodeGzip } = await load('server/host/node-gzip.js')
const { adler32 } = await load('server/storage/adler32.js')
const { SnapshotWriter } = await load('server/storage/snapshot-writer.js')
const { loadSnapshot } = await load('server/storage/snapshot-loader.js')
const { TxnLog } = await load('server/storage/txn-log.js')
const { TxnLogReader } = await load('server/storage/txn-log-reader.js')
const { NodeStore } = await load('server/tree/node-store.js')

const NODES = Number(process.argv[3] ?? 1_000_000)
const DIRECTORIES = 1000
const MAX_LENGTH = 0xfffff * 2

const directory = mkdtempSync(join(tmpdir(), 'tskeeper-bench-'))
const clock = { now: () => performance.now(), endOfTurn: (callback) => setImmediate(callback) }
const host = { disk: nodeDisk, clock, log: pino({ level: 'silent' }), gzip: nodeGzip }

const stat = { czxid: 1n, mzxid: 1n, ctime: 5n, mtime: 5n, version: 0, cversion: 0, aversion: 0, ephemeralOwner: 0n, pzxid: 1n }
const data = Buffer.alloc(100, 'some data 123 ')

function pathOf(index) {
  if (index === 0) return ''
  if (index <= DIRECTORIES) return `/dir${index}`
  return `/dir${1 + (index % DIRECTORIES)}/node-${String(index).padStart(10, '0')}`
}

const source = {
  lastZxid: () => 1n,
  sessions: () => [],
  acls: () => [],
  digest: () => ({ zxid: 1n, version: 2, value: 0n }),
  walk: () => {
    let index = 0
    return {
      next: (into) => {
        if (index === NODES) return false
        Object.assign(into, { path: pathOf(index++), data, aclKey: -1n, stat })
        return true
      },
      close: () => {},
    }
  },
}

async function write(compression) {
  const writer = new SnapshotWriter(host, { directory, compression, digestEnabled: true, serializeLastProcessedZxid: true })
  let longest = 0
  let last = performance.now()
  let writing = true
  const watch = () => {
    const now = performance.now()
    longest = Math.max(longest, now - last)
    last = now
    if (writing) setImmediate(watch)
  }
  watch()
  const { path, sizeBytes, elapsedMs } = await new Promise((done, fail) => {
    writer.write(source, (error, written) => (error ? fail(error) : done(written)))
  })
  writing = false
  const megabytes = (sizeBytes / 1e6).toFixed(0)
  console.log(`snapshot ${compression || 'plain'}: ${elapsedMs.toFixed(0)} ms, ${megabytes} MB, longest turn ${longest.toFixed(1)} ms`)
  return path
}

const finished = (work) => new Promise((done, failed) => run(work, (error, value) => (error === undefined ? done(value) : failed(error))))

async function read(path, what, node) {
  const begin = performance.now()
  await finished(loadSnapshot(nodeDisk, path, 1n, { session: () => undefined, acl: () => undefined, node }, { maxLength: MAX_LENGTH }))
  console.log(`load ${path.slice(path.lastIndexOf('/') + 1)} into ${what}: ${(performance.now() - begin).toFixed(0)} ms`)
}

function intoStore() {
  const store = new NodeStore()
  return (path, bytes, _aclKey, nodeStat) => {
    if (path === '') return
    const slash = path.lastIndexOf('/')
    const id = store.create(store.find(path.slice(0, slash)), path.slice(slash + 1), bytes)
    store.setCzxid(id, nodeStat.czxid)
    store.setMzxid(id, nodeStat.mzxid)
  }
}

async function commits(batch, seconds) {
  const into = mkdtempSync(join(directory, 'log-'))
  const options = { directory: into, preAllocSizeBytes: 64 << 20, forceSync: true, txnLogSizeLimitBytes: 0, fsyncWarningThresholdMs: 1e9 }
  const log = new TxnLog(host, options)
  const payload = Buffer.alloc(150)
  let zxid = 0n
  let count = 0
  const begin = performance.now()
  while (performance.now() - begin < seconds * 1000) {
    for (let index = 0; index < batch; index++) log.append(++zxid, payload)
    await new Promise((done) => log.commit(done))
    count++
  }
  const elapsed = performance.now() - begin
  console.log(`log, ${batch} txns a commit: ${((elapsed * 1000) / count).toFixed(0)} µs a commit`)
  await new Promise((done) => log.close(done))
  const reading = performance.now()
  let entries = 0
  const reader = new TxnLogReader(nodeDisk, into, 0n, { maxLength: MAX_LENGTH })
  await finished(
    (function* () {
      while (yield* reader.next()) entries++
    })(),
  )
  console.log(`  read again: ${(((performance.now() - reading) * 1000) / entries).toFixed(2)} µs a txn`)
}

const MEGABYTE = Buffer.alloc(1 << 20, 'abcdefgh')
adler32(MEGABYTE)
const summing = performance.now()
for (let round = 0; round < 100; round++) adler32(MEGABYTE)
console.log(`adler32: ${(100_000 / (performance.now() - summing)).toFixed(0)} MiB/s`)

try {
  for (const compression of ['', 'gz', 'snappy']) {
    const path = await write(compression)
    await read(path, 'nothing', () => undefined)
    if (compression === '') await read(path, 'a NodeStore', intoStore())
    rmSync(path)
  }
  await commits(1, 2)
  await commits(100, 2)
} finally {
  rmSync(directory, { recursive: true })
}

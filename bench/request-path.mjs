// What a request costs in the core alone: eight connections with sixteen requests under way each, handed over in memory, and a disk that
// syncs at the end of the turn. Processor time and garbage a request, to be compared between builds on a machine that has other work too.
// Run after `make build`: node bench/request-path.mjs [directory of the build] [setData|create|mixed|getData …]

import { resolve } from 'node:path'
import { performance, PerformanceObserver } from 'node:perf_hooks'
import { pathToFileURL } from 'node:url'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { pino } from 'pino'
import { connectRequest, create, createAll, getData, setData, setXid } from './load/frames.mjs'

const dist = pathToFileURL(`${resolve(process.argv[2] ?? 'dist')}/`)
const load = (path) => import(new URL(path, dist).href)
const { createNodeHost } = await load('server/host/node-host.js')
const { MemoryDisk } = await load('server/host/memory-disk.js')
const { defaultSettings } = await load('server/config/settings.js')
const { startStandalone } = await load('server/standalone.js')

const CONNECTIONS = 8
const WINDOW = 16
const KEYS = 1000
const ROUND_MS = Number(process.env.ROUND_MS ?? 1500)
const ROUNDS = Number(process.env.ROUNDS ?? 5)
const DATA = Buffer.alloc(100, 'some data 123 ')

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc')
let collected = 0
new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) collected += duration
}).observe({ entryTypes: ['gc'] })

const keyPath = (number) => `/bench/k${String(number % KEYS).padStart(8, '0')}`
const ring = (make) => Array.from({ length: KEYS }, (_, i) => make(keyPath(Math.imul(i, 7919) >>> 0), i))
const reads = ring((path) => getData(path))
const writes = ring((path) => setData(path, DATA))
const mixed = ring((path, i) => (i % 10 === 0 ? writes : reads)[i])
const CREATE = create('/made/c0000000000', DATA)
const DIGITS_AT = 4 + 8 + 4 + '/made/c'.length
const LOADS = {
  setData: (n) => writes[n % KEYS],
  getData: (n) => reads[n % KEYS],
  mixed: (n) => mixed[n % KEYS],
  create: (n) => numbered(CREATE, DIGITS_AT, n),
}

/** Writes the number into the name: the frame is copied before it is made the next. */
function numbered(bytes, at, number) {
  for (let digit = at + 9, rest = number; digit >= at; digit--, rest = (rest / 10) | 0) bytes[digit] = 48 + (rest % 10)
  return bytes
}

/** A log whose syncs cost nothing: what is left is the server's own work. */
class QuickDisk extends MemoryDisk {
  constructor(options) {
    super(options)
    const { open } = this
    this.open = (path, mode, done) =>
      open(path, mode, (error, file) => {
        const isLog = error === undefined && mode === 'create' && /log\.[0-9a-f]+/.test(path)
        done(error, isLog ? { ...file, writeAndSync: (_position, _bytes, written) => setImmediate(written) } : file)
      })
  }
}

/** Both ends of a connection. */
class Pipe {
  remoteAddress = '127.0.0.1'
  remotePort = 1
  localAddress = '127.0.0.1'
  localPort = 1
  bufferedBytes = 0
  handlers = undefined
  onReply = () => {}
  write(bytes) {
    for (let at = 0; at < bytes.length; at += 4 + bytes.readInt32BE(at)) this.onReply()
  }
  pause() {}
  resume() {}
  end() {}
  destroy() {}
}

async function startServer() {
  const later = (callback) => void setImmediate(callback)
  const host = createNodeHost({ log: pino({ level: 'silent' }) })
  let accept
  const network = {
    ...host.network,
    listen(_options, onSocket, done) {
      accept = onSocket
      setImmediate(done, undefined, { host: '', port: 1, close: (closed) => setImmediate(closed) })
    },
  }
  const disk = new QuickDisk({ later, wallTime: () => Date.now() })
  await new Promise((made) => disk.makeDirectory('/data', made))
  const settings = defaultSettings({ dataDir: '/data', clientPort: 1, snapCount: 1 << 30, snapSizeLimitKb: 0 })
  await new Promise((done, failed) => {
    startStandalone({ ...host, network, disk }, settings, (error) => (error === undefined ? done() : failed(error)))
  })
  return () => {
    const pipe = new Pipe()
    accept(pipe)
    return pipe
  }
}

const call = (pipe, frame) =>
  new Promise((done) => {
    pipe.onReply = done
    pipe.handlers.onData(frame)
  })

const connect = await startServer()
const pipes = []
for (let i = 0; i < CONNECTIONS; i++) {
  const pipe = connect()
  await call(pipe, connectRequest())
  await new Promise((done) => setImmediate(done))
  pipes.push(pipe)
}
await call(pipes[0], create('/bench', Buffer.alloc(0)))
await call(pipes[0], create('/made', Buffer.alloc(0)))
await call(
  pipes[0],
  createAll(
    Array.from({ length: KEYS }, (_, i) => keyPath(i)),
    DATA,
  ),
)

let made = 0
let answered = 0
const chunk = Buffer.alloc(64 << 10)

/** Sends until told to stop; resolves when everything is answered. */
async function drive(makeFrame, goesOn) {
  const one = (pipe) =>
    new Promise((done) => {
      let xid = 0
      let due = 0
      const send = () => {
        let end = 0
        for (let i = 0; i < WINDOW; i++) {
          const frame = makeFrame(made++)
          chunk.set(frame, end)
          setXid(chunk, end, ++xid)
          end += frame.length
        }
        due = WINDOW
        pipe.handlers.onData(Buffer.from(chunk.subarray(0, end)))
      }
      pipe.onReply = () => {
        answered++
        if (--due > 0) return
        if (goesOn()) setImmediate(send)
        else done()
      }
      send()
    })
  await Promise.all(pipes.map(one))
}

async function measure(makeFrame) {
  const [from, gcFrom, cpuFrom] = [answered, collected, process.cpuUsage()]
  const started = performance.now()
  await drive(makeFrame, () => performance.now() - started < ROUND_MS)
  const cpu = process.cpuUsage(cpuFrom)
  await new Promise((done) => setTimeout(done, 20))
  const count = answered - from
  const ms = (cpu.user + cpu.system) / 1000
  return { ns: (ms / count) * 1e6, gc: ((collected - gcFrom) / ms) * 100 }
}

/** Bytes of heap a request, over a few requests without a collection between. */
async function garbage(makeFrame) {
  const seen = []
  for (let i = 0; i < 9; i++) {
    collect()
    const [from, before] = [answered, process.memoryUsage().heapUsed]
    await drive(makeFrame, () => answered - from < 1000)
    seen.push((process.memoryUsage().heapUsed - before) / (answered - from))
  }
  return seen.sort((a, b) => a - b)[4]
}

const names = process.argv.length > 3 ? process.argv.slice(3) : Object.keys(LOADS)
for (const name of names) {
  const makeFrame = LOADS[name]
  await measure(makeFrame)
  const runs = []
  for (let i = 0; i < ROUNDS; i++) runs.push(await measure(makeFrame))
  runs.sort((a, b) => a.ns - b.ns)
  const bytes = await garbage(makeFrame)
  console.log(
    `${name.padEnd(8)} ${runs[0].ns.toFixed(0)} ns best, ${runs[ROUNDS >> 1].ns.toFixed(0)} median of processor time, ` +
      `${runs[ROUNDS >> 1].gc.toFixed(1)} % of it collection, ${bytes.toFixed(0)} bytes of garbage`,
  )
}
process.exit()

// Many clients that behave badly in one way, in a process of their own: node crowd.mjs <port> <way> <count> <session timeout>. Says "ready" when
// all of them are in place, then what became of them when its input has ended.
import { connect } from 'node:net'

const way = process.argv[3]
const [port, count, timeoutMs] = [2, 4, 5].map((at) => Number(process.argv[at]))

/** A port takes so many at a time, whatever its backlog is. */
const AT_ONCE = 200
const LARGEST = 0xfffff
const PING = -2
const Op = { getData: 4, setData: 5, ping: 11, addWatch: 106 }
const RECURSIVE = 1
const BYTE_INTERVAL_MS = 50

function int(value) {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

function frame(...parts) {
  const payload = Buffer.concat(parts)
  return Buffer.concat([int(payload.length), payload])
}

const text = (value) => Buffer.concat([int(Buffer.byteLength(value)), Buffer.from(value)])
const request = (xid, type, ...body) => frame(int(xid), int(type), ...body)
const handshake = frame(int(0), Buffer.alloc(8), int(timeoutMs), Buffer.alloc(8), int(16), Buffer.alloc(16), Buffer.from([0]))
const getData = (path) => request(1, Op.getData, text(path), Buffer.from([0]))
const setData = (path, data) => request(1, Op.setData, text(path), text(data), int(-1))

let closed = 0
let bytesReceived = 0
const sockets = []

function dial() {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.removeListener('error', reject)
      socket.on('error', () => undefined)
      socket.on('close', () => closed++)
      socket.on('data', (chunk) => (bytesReceived += chunk.length))
      sockets.push(socket)
      resolve(socket)
    })
  })
}

/** A session, with everything that comes on the way of it read. */
async function open() {
  const socket = await dial()
  const answered = new Promise((resolve) => {
    socket.once('data', resolve)
    socket.once('close', resolve)
  })
  socket.write(handshake)
  await answered
  return socket
}

async function inGroups(one) {
  for (let from = 0; from < count; from += AT_ONCE) {
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - from) }, (_, i) => one(from + i)))
  }
}

function pingNowAndThen() {
  const ping = request(PING, Op.ping)
  setInterval(() => sockets.forEach((socket) => socket.writable && socket.write(ping)), timeoutMs / 3)
}

const ways = {
  /** A session each, and nothing but pings. */
  async idle() {
    await inGroups(open)
    pingNowAndThen()
  },

  /** Half of a frame as long as any may be. */
  async 'half a frame'() {
    const half = Buffer.concat([int(LARGEST), Buffer.alloc(LARGEST >> 1)])
    await inGroups(async () => {
      const socket = await open()
      await new Promise((resolve) => socket.write(half, resolve))
    })
  },

  /** Connected; every second one has begun to shake hands. */
  async 'half a handshake'() {
    await inGroups(async (i) => {
      const socket = await dial()
      if (i % 2 === 1) socket.write(handshake.subarray(0, handshake.length >> 1))
    })
  },

  /** Asks for much and reads nothing. */
  async 'not reading'() {
    const asking = Buffer.concat(Array.from({ length: 100 }, () => getData('/big')))
    await inGroups(async () => {
      const socket = await open()
      socket.pause()
      socket.write(asking)
    })
  },

  /** Is told of everything and reads nothing, while one of them writes. */
  async 'watching, not reading'() {
    await inGroups(async () => {
      const socket = await open()
      socket.pause()
      socket.write(request(1, Op.addWatch, text('/'), int(RECURSIVE)))
    })
    const writer = await open()
    const batch = Buffer.concat(Array.from({ length: 10 }, () => setData(`/${'w'.repeat(1000)}`, 'x')))
    const next = () => writer.writable && writer.write(batch)
    writer.on('data', next)
    next()
  },

  /** Says what it has to say a byte at a time. */
  async 'a byte at a time'() {
    const said = setData('/small', 'slowly')
    await inGroups(open)
    let at = 0
    setInterval(() => {
      const byte = said.subarray(at % said.length, (at % said.length) + 1)
      for (const socket of sockets) if (socket.writable) socket.write(byte)
      at++
    }, BYTE_INTERVAL_MS)
  },
}

process.stdin.resume()
process.stdin.on('end', () => {
  console.log(`${closed} of ${sockets.length} closed by the server, ${bytesReceived} bytes received`)
  for (const socket of sockets) socket.destroy()
  process.exit(0)
})
await ways[way]()
console.log('ready')

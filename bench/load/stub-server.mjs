// A server that knows one answer: it counts the requests that arrive by their length and sends as many prepared replies, without looking at
// them. It shows how fast the generator is, and with `--spin` it is the control for pauses: an event loop that has nothing to do but go round.
// With `--tell` each chunk is one request, and a setData sends a notification to every other connection.
//   node stub-server.mjs <length of a request> <length of a reply> [--spin] [--tell]
import { createServer } from 'node:net'
import { concat, frame, int, long, Op, str } from './frames.mjs'

const REQUEST = Number(process.argv[2])
const REPLY = Number(process.argv[3])
const MOST = 4096

const greeting = Buffer.alloc(41)
int(37).copy(greeting)
int(30_000).copy(greeting, 8)
int(1).copy(greeting, 16)
int(16).copy(greeting, 20)
const reply = Buffer.alloc(REPLY)
int(REPLY - 4).copy(reply)
const replies = Buffer.concat(Array.from({ length: MOST }, () => reply))

const notification = frame(int(-1), long(-1n), int(0), concat(int(3), int(3), str('/watched')))
const isTelling = process.argv.includes('--tell')
const sockets = new Set()

function tell(socket, bytes) {
  if (bytes.readInt32BE(8) === Op.setData) for (const other of sockets) if (other !== socket) other.write(notification)
  socket.write(reply)
}

const server = createServer({ noDelay: true }, () => undefined)
server.on('connection', (socket) => {
  sockets.add(socket)
  socket.on('close', () => sockets.delete(socket))
  let rest = -49 // The handshake comes first.
  socket.on('error', () => undefined)
  socket.on('data', (bytes) => {
    if (rest >= 0 && isTelling) return tell(socket, bytes)
    if (rest < 0) socket.write(greeting)
    rest += bytes.length
    let count = Math.floor(rest / REQUEST)
    rest -= count * REQUEST
    for (; count > 0; count -= MOST) socket.write(count >= MOST ? replies : replies.subarray(0, count * REPLY))
  })
})
server.listen(0, '127.0.0.1', () => process.stdout.write(`${server.address().port}\n`))
process.on('disconnect', () => process.exit())

if (process.argv.includes('--spin')) {
  const spin = () => setImmediate(spin)
  spin()
}

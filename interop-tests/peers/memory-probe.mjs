// Loaded into a server before its own code (node --import): whoever connects to the port of TSK_PROBE_PORT has everything collected that is garbage,
// and is told how much memory is left in use.
import { createServer } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc')

createServer((socket) => {
  socket.on('error', () => undefined)
  collect()
  // What the first round finalises is free for the second.
  setImmediate(() => {
    collect()
    socket.end(JSON.stringify(process.memoryUsage()))
  })
})
  .listen(Number(process.env.TSK_PROBE_PORT), '127.0.0.1')
  .unref()

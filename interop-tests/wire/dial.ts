// Connections of those who speak to a port below the level of a real client.
import { connect } from 'node:net'
import type { Socket } from 'node:net'

/** Throws where nobody listens or nothing comes of it in time. Who takes the socket has to hear of its errors at once. */
export function dial(port: number, timeoutMs: number, host = '127.0.0.1'): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host })
    const timer = setTimeout(() => socket.destroy(new Error(`no connection to port ${port}`)), timeoutMs)
    socket.once('error', (error) => {
      clearTimeout(timer)
      reject(error)
    })
    socket.once('connect', () => {
      clearTimeout(timer)
      socket.removeAllListeners('error')
      resolve(socket)
    })
  })
}

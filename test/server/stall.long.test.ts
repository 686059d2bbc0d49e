// On the real event loop: a process that was busy for longer than a session's timeout reads what waits in its sockets
// before it expires anybody. Node fires due timers before it reads, so this is the server's own doing.
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { startTestServer } from '../../src/testing/index.ts'
import { connectRequest, requestFrame } from '../support/raw-session.ts'
import { ping } from '../support/requests.ts'

const TIMEOUT_MS = 400
const STALL_MS = 2000

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

/** A connection with a session, and a way to wait for the next frame or the end. */
async function openSession(port: number): Promise<{ socket: Socket; next: () => Promise<Buffer | 'end'> }> {
  const socket = connect(port, '127.0.0.1')
  cleanups.push(() => socket.destroy())
  let received = Buffer.alloc(0)
  let isEnded = false
  let wake = (): void => {}
  socket.on('data', (bytes) => {
    received = Buffer.concat([received, bytes])
    wake()
  })
  socket.on('close', () => {
    isEnded = true
    wake()
  })
  const next = async (): Promise<Buffer | 'end'> => {
    for (;;) {
      const length = received.length < 4 ? Infinity : 4 + received.readInt32BE(0)
      if (received.length >= length) {
        const payload = received.subarray(4, length)
        received = received.subarray(length)
        return payload
      }
      if (isEnded) return 'end'
      await new Promise<void>((resolve) => (wake = resolve))
    }
  }
  socket.write(connectRequest({ timeOut: TIMEOUT_MS }))
  expect(await next()).toHaveLength(37)
  return { socket, next }
}

/** The whole process does nothing else, as in a long garbage collection or on a machine that was suspended. */
function beBusy(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end;) {
    // Busy.
  }
}

describe('a server that was stalled for longer than a session lives', () => {
  it('keeps the session whose ping was waiting, and expires the one that was silent', async () => {
    const server = await startTestServer({ settings: { tickTime: TIMEOUT_MS / 2 } })
    cleanups.push(() => server.close())
    const silent = await openSession(server.port)
    const alive = await openSession(server.port)
    const pingFrame = requestFrame(-2, ping().type, new Uint8Array(0))
    alive.socket.write(pingFrame)
    beBusy(STALL_MS)
    expect(await alive.next()).toHaveLength(16)
    alive.socket.write(pingFrame)
    expect(await alive.next()).toHaveLength(16)
    expect(await silent.next()).toBe('end')
  })
})

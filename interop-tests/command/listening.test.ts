// Where a server listens and how long it bears silence, seen from outside and beside the Java server.
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { networkInterfaces } from 'node:os'
import { afterEach, describe, expect, it } from 'vitest'
import { eventually } from '../peers/processes.ts'
import { fourLetterWord } from '../peers/server-process.ts'
import type { ServerProcess } from '../peers/server-process.ts'
import { startServerOf } from '../peers/server-under-test.ts'

const LIMIT_MS = 120_000
const servers: ServerProcess[] = []

afterEach(async () => {
  for (const server of servers.splice(0)) await server.kill()
})

async function start(kind: 'ours' | 'java', config: Record<string, string>): Promise<ServerProcess> {
  const server = await startServerOf(kind, { config })
  servers.push(server)
  return server
}

function dial(host: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port })
    socket.once('error', reject)
    socket.once('connect', () => resolve(socket))
  })
}

async function ask(host: string, port: number, word: string): Promise<string> {
  const socket = await dial(host, port)
  let answer = ''
  socket.setEncoding('utf8').on('data', (text: string) => (answer += text))
  const closed = new Promise((resolve) => socket.once('close', resolve))
  socket.write(word)
  await closed
  return answer
}

const hasIPv6 = Object.values(networkInterfaces()).some((addresses) => addresses!.some(({ address }) => address === '::1'))

describe.each(['ours', 'java'] as const)('%s', (kind) => {
  it.skipIf(!hasIPv6).each(['0.0.0.0', '::'])('answers clients of both families at %s', { timeout: LIMIT_MS }, async (clientPortAddress) => {
    const { port } = await start(kind, { clientPortAddress })
    expect(await ask('::1', port, 'cons')).toMatch(/^ \/\[?0:0:0:0:0:0:0:1\]?:\d+\[/)
    expect(await ask('127.0.0.1', port, 'cons')).toMatch(/^ \/127\.0\.0\.1:\d+\[/)
  })

  it('closes who says nothing between one and two times the timeout', { timeout: LIMIT_MS }, async () => {
    const { port } = await start(kind, { 'nio.sessionlessCnxnTimeout': '3000' })
    const socket = await dial('127.0.0.1', port)
    const before = performance.now()
    socket.resume()
    await new Promise((resolve) => socket.once('close', resolve))
    const silentMs = performance.now() - before
    expect(silentMs).toBeGreaterThan(2900)
    // Twice the timeout, and what a loaded machine takes to notice; on the grid of 10 s it might be 10 s more.
    expect(silentMs).toBeLessThan(8500)
    await eventually('others are served', LIMIT_MS, async () => ((await fourLetterWord(port, 'ruok')) === 'imok' ? true : undefined))
  })
})

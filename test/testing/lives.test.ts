// Calls that come at the same time, too late or twice: each is answered, in the order in which they were made, and nothing lives on.
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { ZooKeeperServer } from '../../src/index.ts'
import { startTestEnsemble, startTestServer } from '../../src/testing/index.ts'
import { answers } from '../support/answers.ts'
import { TcpSession } from '../support/tcp-session.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function sessionOn(port: number): Promise<TcpSession> {
  const session = await TcpSession.open(port, { timeOut: 10_000 })
  cleanups.push(() => session.drop())
  return session
}

describe('a test server', () => {
  it('is closed for good', async () => {
    const server = await startTestServer()
    const { port, connectString } = server
    await Promise.all([server.close(), server.close()])
    await server.close()
    for (const verb of ['restart', 'stop', 'kill'] as const) await expect(server[verb](), verb).rejects.toThrow('the test server is closed')
    await expect(server.expireSession(1n)).rejects.toThrow('the test server is closed')
    for (const verb of ['pause', 'resume'] as const) expect(() => server[verb](), verb).toThrow('the test server is closed')
    expect([await answers(port), server.port, server.connectString]).toEqual([false, port, connectString])
  })

  it('does not come back when it is closed while it starts again', async () => {
    const server = await startTestServer()
    const again = server.restart()
    await Promise.all([server.close(), again])
    expect(await answers(server.port)).toBe(false)
  })

  it('starts again as often as it is told to, all at once', async () => {
    const server = await startTestServer()
    cleanups.push(() => server.close())
    await Promise.all([server.restart(), server.kill(), server.restart(), server.stop(), server.stop(), server.restart(), server.restart()])
    expect(await answers(server.port)).toBe(true)
    await sessionOn(server.port)
  })

  it('can be killed when it is dead, and be stopped', async () => {
    const server = await startTestServer()
    cleanups.push(() => server.close())
    await Promise.all([server.kill(), server.kill()])
    await server.kill()
    await server.stop()
    server.pause()
    server.resume()
    await expect(server.expireSession(1n)).rejects.toThrow('the test server is stopped')
    await server.restart()
    expect(await answers(server.port)).toBe(true)
  })

  it('can be stopped, killed and closed while it is paused', async () => {
    for (const verb of ['stop', 'kill', 'restart', 'close'] as const) {
      const server = await startTestServer()
      cleanups.push(() => server.close())
      server.pause()
      await server[verb]()
    }
  })

  it.each([
    ['a bigint', (id: bigint) => id],
    ['a bigint without its sign', (id: bigint) => BigInt.asUintN(64, id)],
    ['hexadecimal text', (id: bigint) => BigInt.asUintN(64, id).toString(16)],
    ['hexadecimal text as in logs', (id: bigint) => `0x${BigInt.asUintN(64, id).toString(16)}`],
    ['capitals', (id: bigint) => `0X${BigInt.asUintN(64, id).toString(16).toUpperCase()}`],
    ['the Buffer of node-zookeeper-client', (id: bigint) => bufferOf(id)],
    ['a Uint8Array', (id: bigint) => new Uint8Array(bufferOf(id))],
  ])('ends a session that is named by %s, and says whether it was there', async (_name, form) => {
    const server = await startTestServer()
    cleanups.push(() => server.close())
    const { id } = await sessionOn(server.port)
    expect(await server.expireSession(form(id))).toBe(true)
    expect(await server.expireSession(form(id))).toBe(false)
  })

  it('answers who waits for the end of a session when it is killed meanwhile', async () => {
    const server = await startTestServer()
    cleanups.push(() => server.close())
    const { id } = await sessionOn(server.port)
    server.pause()
    const ended = server.expireSession(id)
    const refused = expect(ended).rejects.toThrow('the test server was killed')
    await server.kill()
    await refused
  })
})

describe('a test ensemble', () => {
  it('is closed for good', async () => {
    const ensemble = await startTestEnsemble(3, { running: [1] })
    const waiting = expect(ensemble.leader()).rejects.toThrow('the test ensemble is closed')
    await Promise.all([ensemble.close(), ensemble.close()])
    await waiting
    for (const verb of ['start', 'stop', 'kill', 'restart'] as const) await expect(ensemble[verb](1), verb).rejects.toThrow('the test ensemble is closed')
    await expect(ensemble.leader()).rejects.toThrow('the test ensemble is closed')
    await expect(ensemble.expireSession(1n)).rejects.toThrow('the test ensemble is closed')
    const atOnce = [() => ensemble.pause(1), () => ensemble.resume(1), () => ensemble.partition([1]), () => ensemble.cut(1, 2), () => ensemble.heal()]
    for (const call of atOnce) expect(call).toThrow('the test ensemble is closed')
    expect(await Promise.all(ensemble.members.map(({ port }) => answers(port)))).toEqual([false, false, false])
    expect(ensemble.members.map(({ role }) => role)).toEqual([undefined, undefined, undefined])
  })

  it('carries out what is asked for at once in its order', async () => {
    const ensemble = await startTestEnsemble(3)
    cleanups.push(() => ensemble.close())
    const { id, port } = ensemble.members[0]
    await Promise.all([
      ensemble.kill(id),
      ensemble.start(id),
      ensemble.start(id),
      ensemble.restart(id),
      ensemble.kill(id),
      ensemble.kill(id),
      ensemble.start(id),
    ])
    expect(ensemble.members[0].port).toBe(port)
    await ensemble.leader()
  })

  it('ends a session by the next leader when the one that was asked is killed or stopped', async () => {
    for (const verb of ['kill', 'stop'] as const) {
      const ensemble = await startTestEnsemble(3, { settings: { tickTime: 50 } })
      cleanups.push(() => ensemble.close())
      const { id } = await sessionOn((await ensemble.leader()).port)
      const leader = await ensemble.leader()
      const ended = ensemble.expireSession(id)
      // It is asked when nothing else is left to do in this turn; from then on nobody hears it.
      await new Promise<void>((resolve) => process.nextTick(resolve))
      ensemble.partition(
        [leader.id],
        ensemble.members.filter((member) => member !== leader).map((member) => member.id),
      )
      await new Promise<void>((resolve) => void setImmediate(resolve))
      await ensemble[verb](leader.id)
      expect(await ended, verb).toBe(true)
      expect(await ensemble.expireSession(id), verb).toBe(false)
    }
  })
})

describe('a server in a program', () => {
  let directory: string
  function create(): ZooKeeperServer {
    directory = mkdtempSync(join(tmpdir(), 'tskeeper-lives-'))
    const server = new ZooKeeperServer({ dataDir: directory, clientPort: 0, clientPortAddress: '127.0.0.1' })
    cleanups.push(async () => {
      await server.stop()
      rmSync(directory, { recursive: true })
    })
    return server
  }

  it('has stopped for all who stop it', async () => {
    const server = create()
    await server.start()
    const first = server.stop()
    await server.stop()
    expect(await answers(server.ports.client!)).toBe(false)
    await first
  })

  it('starts once at a time, and after the stop that is under way', async () => {
    const server = create()
    const started = server.start()
    await expect(server.start()).rejects.toThrow('the server is starting')
    await started
    await expect(server.start()).rejects.toThrow('the server is running')
    const stopped = server.stop()
    await Promise.all([stopped, server.start()])
    expect([server.isRunning, await answers(server.ports.client!)]).toEqual([true, true])
  })

  it('is stopped by all who stop it while it starts', async () => {
    const server = create()
    const started = server.start()
    await Promise.all([server.stop(), server.stop()])
    await started
    expect([server.isRunning, await answers(server.ports.client!)]).toEqual([false, false])
  })

  it('tells who waits for the end of a session that it leads no more', async () => {
    const ensemble = await startTestEnsemble(1)
    cleanups.push(() => ensemble.close())
    const [member] = ensemble.members
    const { server } = member as unknown as { server: ZooKeeperServer }
    const { id } = await sessionOn(member.port)
    const ended = expect(server.expireSession(id)).rejects.toThrow('leads no more')
    const [role] = await Promise.all([once(server, 'role'), server.stop()])
    expect(role).toEqual([undefined])
    await ended
    await expect(server.expireSession(id)).rejects.toThrow('stopped')
  })
})

function bufferOf(id: bigint): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64BE(id)
  return bytes
}

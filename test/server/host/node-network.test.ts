// The sockets of production, on the loopback: what the core relies on beyond what node:net promises.
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket as NodeSocket } from 'node:net'
import { networkInterfaces } from 'node:os'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createNodeNetwork } from '../../../src/server/host/node-network.ts'
import type { Listener, Socket, SocketHandlers } from '../../../src/server/host/host.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

let network = createNodeNetwork({ keepAlive: false })

function hasIPv6(): boolean {
  return Object.values(networkInterfaces()).some((addresses) => addresses!.some(({ address }) => address === '::1'))
}

async function listen(onSocket: (socket: Socket) => void): Promise<Listener> {
  return await listenOn('127.0.0.1', onSocket)
}

async function listenOn(host: string | undefined, onSocket: (socket: Socket) => void): Promise<Listener> {
  const listener = await new Promise<Listener>((resolve, reject) =>
    network.listen({ host, port: 0 }, onSocket, (error, made) => (error === undefined ? resolve(made!) : reject(error))),
  )
  cleanups.push(() => new Promise<void>((resolve) => listener.close(resolve)))
  return listener
}

/** Both ends of one connection: the core's and a plain one; and what the core's heard. */
async function pair(): Promise<{
  core: Socket
  plain: NodeSocket
  listener: Listener
  heard: string[]
  chunks: Uint8Array[]
  until: (what: string) => Promise<void>
}> {
  const heard: string[] = []
  const chunks: Uint8Array[] = []
  let wake = (): void => {}
  const hear = (what: string): void => {
    heard.push(what)
    wake()
  }
  const handlers: SocketHandlers = {
    onData: (bytes) => {
      chunks.push(bytes)
      hear(`data ${Buffer.from(bytes).toString()}`)
    },
    onDrain: () => hear('drain'),
    onEnd: () => hear('end'),
    onClose: (error) => hear(error === undefined ? 'close' : 'close with an error'),
  }
  let accept: (socket: Socket) => void
  const accepted = new Promise<Socket>((resolve) => (accept = resolve))
  const listener = await listen((socket) => {
    socket.handlers = handlers
    accept(socket)
  })
  const plain = connect({ port: listener.port, host: '127.0.0.1', allowHalfOpen: true })
  plain.on('error', () => {})
  cleanups.push(() => plain.destroy())
  const [core] = await Promise.all([accepted, once(plain, 'connect')])
  cleanups.push(() => core.destroy())
  const until = async (what: string): Promise<void> => {
    while (!heard.includes(what)) await new Promise<void>((resolve) => (wake = resolve))
  }
  return { core, plain, listener, heard, chunks, until }
}

describe.each([
  { name: 'sockets', sharesReads: true },
  { name: 'sockets as node reads', sharesReads: false },
])('$name', ({ sharesReads }) => {
  beforeEach(() => {
    network = createNodeNetwork({ keepAlive: false, sharesReads })
  })

  it('know both addresses and carry bytes', async () => {
    const { core, plain, until } = await pair()
    expect([core.remoteAddress, core.remotePort, core.localPort]).toEqual(['127.0.0.1', plain.localPort, plain.remotePort])
    plain.write('hello')
    await until('data hello')
    core.write(Buffer.from('you'))
    const [bytes] = (await once(plain, 'data')) as [Buffer]
    expect(bytes.toString()).toBe('you')
  })

  it('can be written to when the other side is done', async () => {
    const { core, plain, until } = await pair()
    plain.end('question')
    await until('end')
    core.write(Buffer.from('answer'))
    core.end()
    const [bytes] = (await once(plain, 'data')) as [Buffer]
    expect(bytes.toString()).toBe('answer')
    await until('close')
  })

  it('send what is buffered before they end, although unread bytes have come in', async () => {
    const { core, plain, heard, until } = await pair()
    core.pause()
    plain.write('x'.repeat(100_000))
    core.write(Buffer.alloc(3_000_000, 'y'))
    core.end()
    let got = 0
    plain.on('data', (bytes: Buffer) => (got += bytes.length))
    await once(plain, 'end')
    expect(got).toBe(3_000_000)
    plain.end()
    await until('close')
    expect(heard.filter((what) => what.startsWith('data'))).toEqual([])
  })

  it('tell what the system has not taken yet, and when it has', async () => {
    const { core, plain, until } = await pair()
    plain.pause()
    core.write(Buffer.alloc(20_000_000))
    expect(core.bufferedBytes).toBeGreaterThan(0)
    plain.resume()
    await until('drain')
    expect(core.bufferedBytes).toBe(0)
  })

  it('send several pieces as one, in order', async () => {
    const { core, plain } = await pair()
    const pieces = [Buffer.from('head'), Buffer.alloc(9_000_000, 'x'), Buffer.from('tail')]
    core.writeAll(pieces)
    core.write(Buffer.from('more'))
    core.end()
    const got: Buffer[] = []
    for await (const bytes of plain) got.push(bytes as Buffer)
    expect(Buffer.concat(got).equals(Buffer.concat([...pieces, Buffer.from('more')]))).toBe(true)
  })

  it('hear nothing while they are paused, and everything afterwards', async () => {
    const { core, plain, chunks, heard, until } = await pair()
    plain.write('one')
    await until('data one')
    core.pause()
    plain.end('two')
    core.write(Buffer.from('answer'))
    await once(plain, 'data')
    expect(heard).toEqual(['data one'])
    core.resume()
    await until('end')
    expect(Buffer.concat(chunks).toString()).toBe('onetwo')
  })

  it('keep what came as it was, whatever comes after it', async () => {
    const { plain, chunks, until } = await pair()
    plain.write('first')
    await until('data first')
    const large = 'x'.repeat(200_000)
    plain.end(large)
    await until('end')
    expect(Buffer.concat(chunks).toString()).toBe(`first${large}`)
    // This is how the two ways of reading can be told apart: blocks of node's pool, or memory of the chunk's own.
    expect(chunks[0].buffer.byteLength > chunks[0].length).toBe(sharesReads)
  })

  it('are all closed when their listener is', async () => {
    const { core, listener, heard } = await pair()
    const closed = new Promise<void>((resolve) => listener.close(resolve))
    core.destroy()
    await closed
    expect(heard).toEqual(['close'])
  })

  it('close once, with what broke them', async () => {
    const { plain, heard, until } = await pair()
    plain.resetAndDestroy()
    await until('close with an error')
    expect(heard.filter((what) => what.startsWith('close'))).toHaveLength(1)
  })

  it('take writes and ends after their end for nothing', async () => {
    const { core, until } = await pair()
    core.destroy()
    core.destroy()
    core.write(Buffer.from('too late'))
    core.end()
    await until('close')
  })
})

describe.skipIf(!hasIPv6())('a listener', () => {
  const dialed = (port: number, host: string): Promise<Socket> => new Promise((resolve, reject) => network.connect(host, port, resolve, reject))

  it.each([undefined, '0.0.0.0', '::', '0:0:0:0:0:0:0:0'])('on %s takes connections of both families', async (host) => {
    const accepted: Socket[] = []
    const { port } = await listenOn(host, (socket) => accepted.push(socket))
    for (const address of ['127.0.0.1', '::1']) {
      const socket = await dialed(port, address)
      cleanups.push(() => socket.destroy())
      await vi.waitFor(() => expect(accepted).toHaveLength(1))
      // Not as ::ffff:127.0.0.1, which ACLs, logs and people would have to know.
      const [taken] = accepted.splice(0)
      expect([taken.remoteAddress, taken.localAddress]).toEqual([address, address])
      taken.destroy()
    }
  })

  it.each([
    ['127.0.0.1', '::1'],
    ['::1', '127.0.0.1'],
    // As Java, to which an empty name is that of the loopback.
    ['', '::1'],
  ])('on %j does not take those of %s', async (host, other) => {
    const { port } = await listenOn(host, () => {})
    await expect(dialed(port, other)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })
})

describe('a network', () => {
  it('tells of ports that are taken and of peers that are not there', async () => {
    const { port } = await listen(() => {})
    const error = await new Promise<Error | undefined>((resolve) => network.listen({ host: '127.0.0.1', port }, () => {}, resolve))
    expect(error).toMatchObject({ code: 'EADDRINUSE' })
    const gone = await new Promise<Listener>((resolve) =>
      network.listen(
        { host: '127.0.0.1', port: 0 },
        () => {},
        (_, made) => resolve(made!),
      ),
    )
    await new Promise<void>((resolve) => gone.close(resolve))
    const refused = await new Promise<Error>((resolve, reject) => network.connect('127.0.0.1', gone.port, () => reject(new Error('connected')), resolve))
    expect(refused).toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('dials names too', async () => {
    const { port } = await listen((socket) => cleanups.push(() => socket.destroy()))
    const socket = await new Promise<Socket>((resolve, reject) => network.connect('localhost', port, resolve, reject))
    cleanups.push(() => socket.destroy())
    expect(socket.remoteAddress).toBe('127.0.0.1')
  })

  it('gives up a dial without a word', async () => {
    const heard: string[] = []
    const accepted: Socket[] = []
    const { port } = await listen((socket) => {
      accepted.push(socket)
      cleanups.push(() => socket.destroy())
    })
    for (const name of ['127.0.0.1', 'localhost']) {
      network
        .connect(
          name,
          port,
          () => heard.push('connected'),
          () => heard.push('failed'),
        )
        .cancel()
    }
    const last = await new Promise<Socket>((resolve, reject) => network.connect('localhost', port, resolve, reject))
    cleanups.push(() => last.destroy())
    expect([heard, accepted.length]).toEqual([[], 1])
  })
})

// The election transport rule by rule: quorum-protocol 2. The other servers are raw sockets.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseQuorumConfig } from '../../../src/quorum/config/quorum-config.ts'
import type { QuorumConfig } from '../../../src/quorum/config/quorum-config.ts'
import { ElectionMesh } from '../../../src/quorum/wire/election-mesh.ts'
import type { ElectionMeshParts } from '../../../src/quorum/wire/election-mesh.ts'
import { initialMessage, readInitialMessage } from '../../../src/quorum/wire/initial-message.ts'
import { notificationFrame } from '../../../src/quorum/wire/notification.ts'
import type { Socket } from '../../../src/server/host/host.ts'
import { meshSettings } from '../../support/elections.ts'
import { FakeHost } from '../../support/fake-host.ts'
import { configOf, notificationOf, notificationText } from '../../support/lone-election.ts'

/** Server 5 stands between 3 and 7, so both sides of every rule are there. */
const CONFIG = configOf('3 5 7 9:observer')
const electionPort = (sid: number): number => 3880 + sid
const anyVote = (leader: number): string => `looking ${leader} z0 r1 e0`

/** One end of a connection, as another server or anybody else has it. */
class RawEnd {
  readonly socket: Socket
  isClosed = false
  pieces: Uint8Array[] = []

  constructor(socket: Socket) {
    this.socket = socket
    socket.handlers = {
      onData: (bytes) => void this.pieces.push(bytes),
      onDrain() {},
      onEnd: () => {
        this.isClosed = true
        socket.destroy()
      },
      onClose: () => void (this.isClosed = true),
    }
  }

  get bytes(): Buffer {
    return Buffer.concat(this.pieces)
  }

  /** What was said behind the initial message, if there was one. */
  notifications(): string[] {
    let rest = this.bytes
    if (rest[0] === 0xff) rest = rest.subarray(readInitialMessage(rest)!.lengthBytes)
    const texts: string[] = []
    while (rest.length > 0) {
      const payload = rest.subarray(4, 4 + rest.readInt32BE(0))
      const [leader, zxid, electionEpoch, peerEpoch] = [4, 12, 20, 28].map((at) => payload.readBigInt64BE(at))
      const state = (['looking', 'following', 'leading', 'observing'] as const)[payload.readInt32BE(0)]
      texts.push(notificationText({ state, leader: leader, zxid: zxid, electionEpoch: electionEpoch, peerEpoch: peerEpoch }))
      rest = rest.subarray(4 + payload.length)
    }
    return texts
  }
}

class MeshOfFive {
  readonly host = new FakeHost()
  readonly mesh: ElectionMesh
  /** `3: looking 3 z0 r1 e0` by sender. */
  readonly heard: string[] = []
  readonly events: string[] = []

  constructor(settings: Partial<ElectionMeshParts['settings']> = {}, config: QuorumConfig = CONFIG, host = new FakeHost()) {
    this.host = host
    this.mesh = new ElectionMesh({
      self: 5n,
      config,
      host: this.host,
      settings: { ...meshSettings, ...settings },
      onNotification: (from, notification) => void this.heard.push(`${from}: ${notificationText(notification)}`),
      onPeerLost: (sid) => void this.events.push(`lost ${sid}`),
      onPeerDown: (sid) => void this.events.push(`down ${sid}`),
      onUnableToBind: () => void this.events.push('unable to bind'),
    })
    this.host.settle()
  }

  send(to: number, text: string): void {
    this.mesh.send(BigInt(to), notificationOf(text))
    this.host.settle()
  }

  /** Whatever another server would dial. */
  dial(first: Uint8Array, port = electionPort(5)): RawEnd {
    let end: RawEnd | undefined
    this.host.network.dial(
      port,
      '127.0.0.1',
      (socket) => (end = new RawEnd(socket)),
      () => {},
    )
    this.host.settle()
    end!.socket.write(first)
    this.host.settle()
    return end!
  }

  /** A connection as server `sid` makes it. */
  dialAs(sid: bigint, address?: string): RawEnd {
    const [host, port] = (address ?? `127.0.0.${sid}:${electionPort(Number(sid))}`).split(':')
    return this.dial(initialMessage(sid, [{ host: host, port: Number(port) }], false))
  }

  /** Takes what is dialled there. */
  listen(port: number): RawEnd[] {
    const ends: RawEnd[] = []
    this.host.network.listen(
      { host: undefined, port },
      (socket) => ends.push(new RawEnd(socket)),
      () => {},
    )
    this.host.settle()
    return ends
  }

  say(end: RawEnd, text: string): void {
    end.socket.write(notificationFrame(notificationOf(text)))
    this.host.settle()
  }
}

describe('who dials whom', () => {
  it('dials a smaller server, with an initial message in one piece, and keeps the connection', () => {
    const five = new MeshOfFive()
    const [at3] = [five.listen(electionPort(3))]
    const writes = countWrites(five)
    five.send(3, anyVote(5))
    expect(at3).toHaveLength(1)
    expect(writes[0]).toBe(Buffer.from(initialMessage(5n, [{ host: '127.0.0.5', port: 3885 }], false)).toString('hex'))
    expect(at3[0].notifications()).toEqual([anyVote(5)])
    five.say(at3[0], anyVote(3))
    expect(five.heard).toEqual([`3: ${anyVote(3)}`])
    expect(five.mesh.isConnected(3n)).toBe(true)
  })

  it('dials a larger server only to be dialled back', () => {
    const five = new MeshOfFive()
    const at7 = five.listen(electionPort(7))
    five.send(7, anyVote(5))
    expect(at7[0].isClosed).toBe(true)
    expect(readInitialMessage(at7[0].bytes)).toMatchObject({ sid: 5n, addresses: [{ host: '127.0.0.5', port: 3885 }] })
    expect(at7[0].notifications()).toEqual([])
    expect([five.mesh.isConnected(7n), five.mesh.isDown(7n)]).toEqual([false, false])
    const back = five.dialAs(7n)
    expect(back.notifications()).toEqual([anyVote(5)])
    expect(five.mesh.isConnected(7n)).toBe(true)
  })

  it('closes on a smaller server and dials back to where that says it is', () => {
    const five = new MeshOfFive()
    const [configured, announced] = [five.listen(electionPort(3)), five.listen(4444)]
    const end = five.dialAs(3n, '127.0.0.3:4444')
    expect(end.isClosed).toBe(true)
    expect([configured.length, announced.length]).toEqual([0, 1])
    five.say(announced[0], anyVote(3))
    expect(five.heard).toEqual([`3: ${anyVote(3)}`])
  })

  it.each([
    ['says nothing of it, as servers of 3.4', Buffer.from('0000000000000003', 'hex')],
    ['says that it is everywhere', initialMessage(3n, [{ host: '0.0.0.0', port: 4444 }], false)],
    ['is not there', initialMessage(3n, [{ host: '127.0.0.3', port: 4445 }], false)],
  ])('dials back to the configured address when the smaller one %s', (_, first) => {
    const five = new MeshOfFive()
    const configured = five.listen(electionPort(3))
    expect(five.dial(first).isClosed).toBe(true)
    expect(configured).toHaveLength(1)
  })

  it('tears down what it has of a smaller server that dials', () => {
    const five = new MeshOfFive()
    const at3 = five.listen(electionPort(3))
    five.send(3, anyVote(5))
    five.dialAs(3n)
    expect(at3.map(({ isClosed }) => isClosed)).toEqual([true, false])
  })

  it('keeps what it has of a smaller server when somebody else says that he is it', () => {
    const five = new MeshOfFive()
    const at3 = five.listen(electionPort(3))
    five.send(3, anyVote(5))
    five.host.network.blackHoles.add('127.0.0.3')
    for (const address of ['127.0.0.4:4444', '127.0.0.3:1']) five.dialAs(3n, address)
    five.host.advance(20_000)
    five.say(at3[0], anyVote(3))
    expect([at3.length, five.heard, five.events, five.mesh.isDown(3n)]).toEqual([1, [`3: ${anyVote(3)}`], [], false])
  })

  it('is soon back at the configured address, however many dead ones are announced', () => {
    const five = new MeshOfFive()
    const dead = Array.from({ length: 100 }, (_, index) => ({ host: `127.1.0.${index}`, port: 1 }))
    for (const { host } of dead) five.host.network.blackHoles.add(host)
    const at3 = five.listen(electionPort(3))
    five.dial(initialMessage(3n, dead, true))
    five.host.advance(999)
    expect(at3).toHaveLength(0)
    five.host.advance(1)
    expect(at3).toHaveLength(1)
  })

  it('replaces the connection of a larger server by its newer one', () => {
    const five = new MeshOfFive()
    const [older, newer] = [five.dialAs(7n), five.dialAs(7n)]
    expect([older.isClosed, newer.isClosed]).toEqual([true, false])
    expect(five.events).toEqual([])
    five.say(newer, anyVote(7))
    expect(five.heard).toEqual([`7: ${anyVote(7)}`])
  })

  it('has nothing to do with a server of its own id', () => {
    const five = new MeshOfFive()
    const own = five.dialAs(5n)
    five.say(own, anyVote(5))
    expect([own.isClosed, five.heard]).toEqual([true, []])
  })

  it('dials once at a time', () => {
    const five = new MeshOfFive()
    five.host.network.blackHoles.add('127.0.0.3')
    const at3 = five.listen(electionPort(3))
    five.send(3, anyVote(5))
    five.send(3, anyVote(5))
    five.host.network.blackHoles.clear()
    five.send(3, anyVote(7))
    expect(at3).toHaveLength(0)
    five.host.advance(5000)
    five.send(3, anyVote(7))
    expect(at3).toHaveLength(1)
  })

  it('believes the peer that it is elsewhere than where a dial hangs', () => {
    const five = new MeshOfFive()
    five.host.network.blackHoles.add('127.0.0.3')
    const announced = five.listen(4444)
    five.send(3, anyVote(5))
    five.dialAs(3n, '127.0.0.4:4444')
    expect(announced[0].notifications()).toEqual([anyVote(5)])
  })

  it('dials nobody when a connection is lost, until there is something to say', () => {
    const five = new MeshOfFive()
    const at3 = five.listen(electionPort(3))
    five.send(3, anyVote(5))
    at3[0].socket.destroy()
    five.host.advance(60_000)
    expect([at3.length, five.events]).toEqual([1, ['lost 3']])
    five.send(3, anyVote(7))
    expect(at3).toHaveLength(2)
  })
})

describe('a connection that brings nothing', () => {
  it('is replaced when there is more to say', () => {
    const five = new MeshOfFive()
    const at3 = five.listen(electionPort(3))
    five.send(3, anyVote(5))
    five.host.advance(1000)
    five.send(3, anyVote(5))
    expect(at3).toHaveLength(1)
    five.host.advance(1)
    five.send(3, anyVote(7))
    expect(at3.map(({ isClosed }) => isClosed)).toEqual([true, false])
    expect(at3[1].notifications()).toEqual([anyVote(7)])
    expect(five.events).toEqual([])
  })

  it('is replaced by the larger server, who is dialled for that', () => {
    const five = new MeshOfFive()
    const at7 = five.listen(electionPort(7))
    const dead = five.dialAs(7n)
    five.send(7, anyVote(5))
    five.host.advance(1001)
    five.send(7, anyVote(5))
    expect([dead.isClosed, at7.length]).toEqual([true, 1])
    expect(five.dialAs(7n).notifications()).toEqual([anyVote(5)])
  })

  it('is kept when the last word was of an election before', () => {
    const five = new MeshOfFive()
    const at3 = five.listen(electionPort(3))
    five.send(3, anyVote(5))
    five.host.advance(60_000)
    five.mesh.begin()
    five.send(3, anyVote(5))
    five.host.advance(1000)
    five.send(3, anyVote(5))
    expect(at3.map(({ isClosed }) => isClosed)).toEqual([false])
    five.host.advance(1)
    five.send(3, anyVote(5))
    expect(at3.map(({ isClosed }) => isClosed)).toEqual([true, false])
  })

  it('is kept while each word is answered in time, or nothing is said', () => {
    const five = new MeshOfFive()
    const at3 = five.listen(electionPort(3))
    for (let count = 0; count < 5; count++) {
      five.send(3, anyVote(5))
      five.host.advance(900)
      five.say(at3[0], anyVote(3))
      five.host.advance(60_000)
    }
    expect(at3.map(({ isClosed }) => isClosed)).toEqual([false])
  })
})

/** What goes into sockets that are dialled, write by write. */
function countWrites({ host }: MeshOfFive): string[] {
  const writes: string[] = []
  const { network } = host
  const connect = network.connect.bind(network)
  network.connect = (name, port, onConnect, onError) =>
    connect(
      name,
      port,
      (socket) => {
        const write = socket.write.bind(socket)
        socket.write = (bytes) => {
          writes.push(Buffer.from(bytes).toString('hex'))
          write(bytes)
        }
        onConnect(socket)
      },
      onError,
    )
  return writes
}

describe('the unreachable', () => {
  it('are known by a refused dial', () => {
    const five = new MeshOfFive()
    five.send(3, anyVote(5))
    expect([five.events, five.mesh.isDown(3n)]).toEqual([['down 3'], true])
    five.dialAs(7n)
    expect(five.mesh.isDown(7n)).toBe(false)
  })

  it('are given up after cnxTimeout', () => {
    const five = new MeshOfFive({ cnxTimeoutMs: 700 })
    five.host.network.blackHoles.add('127.0.0.3')
    five.send(3, anyVote(5))
    five.host.advance(699)
    expect(five.mesh.isDown(3n)).toBe(false)
    five.host.advance(1)
    expect([five.events, five.mesh.isDown(3n)]).toEqual([['down 3'], true])
  })

  it('are in doubt again while they are dialled, and no more once they come', () => {
    const five = new MeshOfFive()
    five.send(7, anyVote(5))
    five.host.network.blackHoles.add('127.0.0.7')
    five.send(7, anyVote(5))
    expect(five.mesh.isDown(7n)).toBe(false)
    five.dialAs(7n)
    five.host.advance(10_000)
    expect([five.mesh.isConnected(7n), five.events]).toEqual([true, ['down 7']])
  })

  it('hold up nobody else', () => {
    const five = new MeshOfFive()
    five.host.network.blackHoles.add('127.0.0.3')
    const at9 = five.listen(electionPort(9))
    five.send(3, anyVote(5))
    five.send(9, anyVote(5))
    expect(at9).toHaveLength(1)
  })

  it('are tried at all their addresses, in their order, without waiting long for any', () => {
    const text = '127.0.0.1:1:2|127.0.0.2:1:4002|127.0.0.3:1:4003'
    const five = new MeshOfFive({ multiAddressEnabled: true }, configWith({ 'server.3': text }))
    five.host.network.blackHoles.add('127.0.0.2')
    const third = five.listen(4003)
    five.send(3, anyVote(5))
    five.host.advance(249)
    expect(third).toHaveLength(0)
    five.host.advance(1)
    expect(third).toHaveLength(1)
    expect(third[0].bytes.subarray(0, 8).toString('hex')).toBe('ffffffffffff0001')
  })

  it('are named once for each address, where a server has several', () => {
    const five = new MeshOfFive({ multiAddressEnabled: true }, configWith({ 'server.3': '127.0.0.1:1:2|127.0.0.3:1:4003' }))
    const named = (): string[] => five.host.warnings.filter((line) => line.startsWith('The address'))
    const dial = (): void => {
      five.send(3, anyVote(5))
      for (const end of third.splice(0)) end.socket.destroy()
      five.host.settle()
    }
    const third = five.listen(4003)
    for (let times = 0; times < 3; times++) dial()
    expect(named()).toEqual(['The address 127.0.0.1:2 does not answer: ECONNREFUSED: port 2. Its server is reached at another one, if that does'])
    const first = five.listen(2)
    dial()
    expect(first).toHaveLength(1)
  })
})

function configWith(lines: Record<string, string>): QuorumConfig {
  const all = { 'server.5': '127.0.0.5:2885:3885', 'server.7': '127.0.0.7:2887:3887', ...lines }
  return parseQuorumConfig(
    Object.entries(all)
      .map(([key, value]) => `${key}=${value}`)
      .join('\n'),
  )
}

describe('what is sent', () => {
  it('is the newest only, when it had to wait', () => {
    const five = new MeshOfFive()
    for (const leader of [5, 6, 7]) five.send(7, anyVote(leader))
    expect(five.dialAs(7n).notifications()).toEqual([anyVote(7)])
  })

  it('is the newest only, when the peer does not read', () => {
    const five = new MeshOfFive()
    const slow = five.dialAs(7n)
    slow.socket.pause()
    const big = { ...notificationOf(anyVote(5)), configText: 'x'.repeat(400_000) }
    five.mesh.send(7n, big)
    for (const leader of [1, 2, 3]) five.send(7, anyVote(leader))
    slow.socket.resume()
    five.host.settle()
    expect(slow.notifications()).toEqual([anyVote(5), anyVote(3)])
  })

  it('is said again on a new connection', () => {
    const five = new MeshOfFive()
    const first = five.dialAs(7n)
    five.send(7, anyVote(5))
    expect(first.notifications()).toEqual([anyVote(5)])
    expect(five.dialAs(7n).notifications()).toEqual([anyVote(5)])
  })

  it('is not said again when there is something newer', () => {
    const five = new MeshOfFive()
    const first = five.dialAs(7n)
    five.send(7, anyVote(5))
    first.socket.destroy()
    five.host.settle()
    five.send(7, anyVote(7))
    expect(five.dialAs(7n).notifications()).toEqual([anyVote(7)])
  })

  it('is nothing at first', () => {
    expect(new MeshOfFive().dialAs(7n).bytes).toHaveLength(0)
  })
})

describe('frames', () => {
  const length = (bytes: number): Buffer => Buffer.from(bytes.toString(16).padStart(8, '0'), 'hex')

  it.each([
    ['0', Buffer.from('00000000', 'hex')],
    ['524289', length(524_289)],
    ['-1', Buffer.from('ffffffff', 'hex')],
  ])('of %s bytes end the connection', (_, head) => {
    const five = new MeshOfFive()
    const end = five.dialAs(7n)
    end.socket.write(head)
    five.host.settle()
    expect([end.isClosed, five.events]).toEqual([true, ['lost 7']])
  })

  it('that make no sense are passed over', () => {
    const five = new MeshOfFive()
    const end = five.dialAs(7n)
    const junk = [1, 27, 36, 524_288].map((size) => Buffer.concat([length(size), Buffer.alloc(size, 0xff)]))
    end.socket.write(Buffer.concat(junk))
    five.host.settle()
    five.say(end, anyVote(7))
    expect([end.isClosed, five.heard]).toEqual([false, [`7: ${anyVote(7)}`]])
  })

  it('come in any pieces', () => {
    const five = new MeshOfFive()
    const end = five.dialAs(7n)
    for (const byte of notificationFrame(notificationOf(anyVote(7)))) {
      end.socket.write(Uint8Array.of(byte))
      five.host.settle()
    }
    expect(five.heard).toEqual([`7: ${anyVote(7)}`])
  })

  it('may follow the initial message at once', () => {
    const five = new MeshOfFive()
    const initial = initialMessage(7n, [{ host: '127.0.0.7', port: 3887 }], false)
    five.dial(Buffer.concat([initial, notificationFrame(notificationOf(anyVote(7)))]))
    expect(five.heard).toEqual([`7: ${anyVote(7)}`])
  })

  it('are heard a hundred at a time: as they come, at the end of that turn, and in the next ones', () => {
    const five = new MeshOfFive()
    const end = five.dialAs(7n)
    const frame = notificationFrame(notificationOf(anyVote(7)))
    end.socket.write(Buffer.concat(Array.from({ length: 450 }, () => frame)))
    const counts: number[] = []
    while (five.host.turn()) counts.push(five.heard.length)
    const perTurn = counts.map((count, index) => count - (counts[index - 1] ?? 0))
    expect(perTurn.filter((count) => count > 0)).toEqual([200, 100, 100, 50])
  })
})

describe('connections that say', () => {
  it.each([
    ['nothing', ''],
    ['half of a sid', '00000000'],
    ['half of an initial message', 'ffffffffffff00000000000000000007'],
  ])('%s are closed after the handshake timeout and hold up nobody', (_, first) => {
    const five = new MeshOfFive()
    const silent = five.dial(Buffer.from(first, 'hex'))
    five.say(five.dialAs(7n), anyVote(7))
    expect(five.heard).toHaveLength(1)
    five.host.advance(4999)
    expect(silent.isClosed).toBe(false)
    five.host.advance(1)
    expect(silent.isClosed).toBe(true)
  })

  it('nothing have as long as quorumCnxnTimeoutMs says', () => {
    const five = new MeshOfFive({ quorumCnxnTimeoutMs: 100 })
    const silent = five.dial(new Uint8Array(0))
    five.host.advance(100)
    expect(silent.isClosed).toBe(true)
  })

  it('nothing, by the hundred, give way to others', () => {
    const five = new MeshOfFive()
    const silent = Array.from({ length: 300 }, () => five.dial(new Uint8Array(0)))
    expect(silent.filter(({ isClosed }) => !isClosed)).toHaveLength(128)
    five.say(five.dialAs(7n), anyVote(7))
    expect(five.heard).toHaveLength(1)
  })

  it.each([
    ['an unknown version', 'fffffffffffffff0'],
    ['an address of no length', 'ffffffffffff0000 0000000000000007 00000000'],
    ['an endless address', 'ffffffffffff0000 0000000000000007 7fffffff'],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n').toString('hex')],
    ['TLS', '1603010200010001fc0303'.padEnd(64, 'a5')],
  ])('%s are closed', (_, first) => {
    const five = new MeshOfFive()
    expect(five.dial(Buffer.from(first.replace(/ /g, ''), 'hex')).isClosed).toBe(true)
  })

  it('anything else do no harm', () => {
    const initial = Buffer.from(initialMessage(7n, [{ host: '127.0.0.7', port: 3887 }], false))
    const frame = Buffer.from(notificationFrame(notificationOf(anyVote(7))))
    const piece = fc.oneof(fc.uint8Array({ maxLength: 64 }), fc.constantFrom(initial, frame, initial.subarray(0, 9), frame.subarray(0, 30)))
    fc.assert(
      fc.property(fc.array(fc.array(piece, { maxLength: 6 }), { maxLength: 6 }), (connections) => {
        const five = new MeshOfFive()
        for (const pieces of connections) five.dial(Buffer.concat(pieces))
        five.heard.length = 0
        five.say(five.dialAs(7n), anyVote(7))
        expect(five.heard).toEqual([`7: ${anyVote(7)}`])
      }),
      { numRuns: 60 },
    )
  })
})

describe('strangers', () => {
  it('are heard and answered while they are connected', () => {
    const five = new MeshOfFive()
    const end = five.dialAs(77n)
    five.say(end, anyVote(7))
    five.send(77, anyVote(5))
    expect([five.heard, end.notifications()]).toEqual([[`77: ${anyVote(7)}`], [anyVote(5)]])
  })

  it('are dialled back to an address, not to a name', () => {
    const five = new MeshOfFive()
    const there = five.listen(4444)
    five.dialAs(4n, 'somewhere.example:4444')
    expect(there).toHaveLength(0)
    five.dialAs(4n, '127.0.0.4:4444')
    expect(there).toHaveLength(1)
  })

  it('are numbered from -1 down when they have no id', () => {
    const five = new MeshOfFive()
    const there = five.listen(4444)
    for (let i = 0; i < 2; i++) five.dialAs(2n ** 63n - 1n, '127.0.0.4:4444')
    five.say(there[0], anyVote(7))
    five.say(there[1], anyVote(7))
    expect(five.heard).toEqual([`-1: ${anyVote(7)}`, `-2: ${anyVote(7)}`])
  })

  it('are 64 at most, and leave nothing behind', () => {
    const five = new MeshOfFive()
    const ends = Array.from({ length: 100 }, (_, index) => five.dialAs(BigInt(1000 + index)))
    const open = ends.filter(({ isClosed }) => !isClosed)
    expect(open).toHaveLength(64)
    five.send(5000, anyVote(5))
    for (const { socket } of open) socket.destroy()
    five.host.settle()
    expect(five.host.network.socketCount).toBe(0)
  })

  it('do not drive out members', () => {
    const five = new MeshOfFive()
    const member = five.dialAs(7n)
    for (let index = 0; index < 100; index++) five.dialAs(BigInt(1000 + index))
    expect(member.isClosed).toBe(false)
  })
})

describe('the election port', () => {
  it('is that of the own line, on its own address or on all', () => {
    expect(new MeshOfFive().mesh.bound).toMatchObject([{ host: '127.0.0.5', port: 3885 }])
    expect(new MeshOfFive({ quorumListenOnAllIPs: true }).mesh.bound).toMatchObject([{ host: '0.0.0.0', port: 3885 }])
  })

  it('is tried three times, a second apart, and then there is no server', () => {
    const { five, free } = occupied()
    five.host.advance(2999)
    expect(five.events).toEqual([])
    five.host.advance(1)
    expect(five.events).toEqual(['unable to bind'])
    free()
    five.host.advance(60_000)
    expect(five.mesh.bound).toEqual([])
  })

  it('is had when it becomes free in time', () => {
    const { five, free } = occupied()
    five.host.advance(1500)
    free()
    five.host.advance(500)
    expect([five.mesh.bound.length, five.events]).toEqual([1, []])
  })

  it('is tried for ever with 0, and three times with what cannot be', () => {
    const { five, free } = occupied({ electionPortBindRetry: 0 })
    five.host.advance(100_000)
    free()
    five.host.advance(1000)
    expect([five.mesh.bound.length, five.events]).toEqual([1, []])
    const wrong = occupied({ electionPortBindRetry: -7 }).five
    wrong.host.advance(3000)
    expect(wrong.events).toEqual(['unable to bind'])
  })

  it('need not be had on all addresses', () => {
    const config = configWith({ 'server.5': '127.0.0.1:1:4001|127.0.0.2:1:4002' })
    const five = occupied({}, config, 4001).five
    five.host.advance(10_000)
    expect([five.mesh.bound.length, five.events]).toEqual([1, []])
  })
})

function occupied(settings: Partial<ElectionMeshParts['settings']> = {}, config = CONFIG, port = electionPort(5)): { five: MeshOfFive; free: () => void } {
  const host = new FakeHost()
  let free = (): void => {}
  host.network.listen(
    { host: undefined, port },
    () => {},
    (_, listener) => (free = () => listener!.close(() => {})),
  )
  host.settle()
  return { five: new MeshOfFive(settings, config, host), free: () => free() }
}

it('leaves nothing behind when it stops', () => {
  const five = new MeshOfFive()
  five.host.network.blackHoles.add('127.0.0.3')
  five.send(3, anyVote(5))
  const ends = [five.dialAs(7n), five.dial(new Uint8Array(0))]
  let isStopped = false
  five.mesh.stop(() => (isStopped = true))
  five.mesh.send(3n, notificationOf(anyVote(5)))
  five.host.settle()
  expect([isStopped, ends.map(({ isClosed }) => isClosed), five.host.clock.timerCount, five.host.network.socketCount]).toEqual([true, [true, true], 0, 0])
  expect(five.events).toEqual([])
})

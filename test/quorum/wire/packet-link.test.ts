// A link over sockets in memory: packets, streams in between, a peer that takes its time, and every way to end.
import { beforeEach, describe, expect, test } from 'vitest'
import { QuorumPacket } from '../../../src/jute/generated/quorum.ts'
import { JuteWriter } from '../../../src/jute/writer.ts'
import { PacketDecoder } from '../../../src/quorum/wire/packet-decoder.ts'
import { SocketLink } from '../../../src/quorum/wire/packet-link.ts'
import { PacketType } from '../../../src/quorum/zab/packets.ts'
import type { ByteSource } from '../../../src/quorum/zab/packets.ts'
import { CorruptStorage } from '../../../src/server/storage/storage-errors.ts'
import { FakeHost, seededRandom } from '../../support/fake-host.ts'
import type { FakeSocket } from '../../support/fake-network.ts'
import { packetOf, packetText } from '../../support/zab-script.ts'

const PORT = 2888
const MAX_LENGTH = 1 << 20

class Stage {
  readonly host = new FakeHost()
  readonly heard: string[] = []
  /** What the peer has got. */
  received: Buffer = Buffer.alloc(0)
  link!: SocketLink
  peer!: FakeSocket
  onPacket: (packet: QuorumPacket) => void = () => {}

  constructor() {
    const { network, clock } = this.host
    network.listen(
      { host: undefined, port: PORT },
      (socket) => {
        this.link = new SocketLink(
          clock,
          socket,
          { maxLength: MAX_LENGTH },
          {
            onPacket: (packet) => {
              this.heard.push(packetText(packet.type, packet.zxid, packet.data))
              this.onPacket(packet)
            },
            onClose: (reason) => void this.heard.push(`closed: ${reason}`),
          },
        )
      },
      () => {},
    )
    network.dial(
      PORT,
      '127.0.0.1',
      (socket) => {
        this.peer = socket
        socket.handlers = {
          onData: (bytes) => (this.received = Buffer.concat([this.received, bytes])),
          onDrain() {},
          onEnd: () => socket.end(),
          onClose() {},
        }
      },
      () => {},
    )
    this.host.settle()
  }

  /** The peer says it. */
  say(...texts: string[]): void {
    this.peer.write(bytesOf(...texts))
  }

  takeReceived(): Buffer {
    this.host.settle()
    const bytes = this.received
    this.received = Buffer.alloc(0)
    return bytes
  }
}

function bytesOf(...texts: string[]): Buffer {
  const w = new JuteWriter()
  for (const text of texts) QuorumPacket.write(w, packetOf(text))
  return Buffer.from(w.copy())
}

function packetsIn(bytes: Uint8Array): string[] {
  const decoder = new PacketDecoder(MAX_LENGTH)
  decoder.feed(bytes)
  const texts: string[] = []
  for (let packet = decoder.next(); packet !== undefined; packet = decoder.next()) texts.push(packetText(packet.type, packet.zxid, packet.data))
  return texts
}

/** So many pieces of so many bytes; says when it was closed. */
class Pieces implements ByteSource {
  readonly kind = 'packets'
  closed = 0
  made = 0
  readonly #pieces: number
  readonly #size: number
  readonly #failAt: number

  constructor(pieces: number, size: number, failAt = Infinity) {
    this.#pieces = pieces
    this.#size = size
    this.#failAt = failAt
  }

  fill(w: JuteWriter, limit: number): boolean {
    while (w.position < limit) {
      if (this.made === this.#failAt) throw new CorruptStorage('a hole')
      if (this.made === this.#pieces) return true
      w.raw(Buffer.alloc(this.#size, 65 + (this.made++ % 26)))
    }
    return false
  }

  close(): void {
    this.closed++
  }
}

let stage: Stage
beforeEach(() => {
  stage = new Stage()
})

describe('what the peer takes', () => {
  const LONG = 'ab'.repeat(400 * 1024)

  test('is a sign of life where it had to wait, and only then', () => {
    const { clock } = stage.host
    stage.link.send(PacketType.PING, 1n)
    stage.host.settle()
    expect(stage.link.takenAt).toBe(Number.NEGATIVE_INFINITY)
    stage.peer.pause()
    stage.link.send(PacketType.PROPOSAL, 1n, Buffer.from(LONG, 'hex'))
    stage.host.settle()
    clock.nowMs += 1000
    expect([stage.link.takenAt, stage.link.queuedBytes > 0]).toEqual([Number.NEGATIVE_INFINITY, true])
    // As much as a real peer's system takes for it.
    stage.peer.resume()
    stage.host.settle()
    const takenAt = clock.nowMs
    clock.nowMs += 1000
    expect([stage.link.takenAt, stage.link.queuedBytes, stage.link.sentBytes - stage.link.takenBytes]).toEqual([takenAt, 0, 0])
    stage.link.send(PacketType.PING, 1n)
    stage.host.settle()
    expect(stage.link.takenAt).toBe(takenAt)
  })

  test('shows in pieces, however much is sent at once', () => {
    stage.peer.pause()
    for (let index = 0; index < 4; index++) stage.link.send(PacketType.PROPOSAL, 1n, Buffer.from(LONG, 'hex'))
    stage.host.settle()
    const seen = new Set<number>()
    for (let piece = 0; piece < 20; piece++) {
      stage.peer.resume()
      stage.host.turn()
      stage.peer.pause()
      stage.host.settle()
      seen.add(stage.link.takenBytes)
    }
    expect(seen.size).toBeGreaterThan(10)
    stage.peer.resume()
    expect(packetsIn(stage.takeReceived())).toHaveLength(4)
  })

  test('of a source counts as soon as the next slice can be made', () => {
    const { clock } = stage.host
    clock.nowMs += 500
    stage.link.sendSource(new Pieces(4, 300 * 1024))
    stage.host.settle()
    expect(stage.link.takenAt).toBe(clock.nowMs)
    clock.nowMs += 500
    stage.peer.pause()
    stage.link.sendSource(new Pieces(8, 300 * 1024))
    stage.host.settle()
    const { takenAt } = stage.link
    clock.nowMs += 500
    stage.host.settle()
    expect([stage.link.takenAt, stage.link.queuedBytes > 0]).toEqual([takenAt, true])
  })

  test('of a source that is still being read is not late', () => {
    const { clock } = stage.host
    let isRead = (): void => undefined
    stage.link.sendSource({
      kind: 'packets',
      fetch: (done) => (isRead = () => done(undefined)),
      fill: (w) => (w.int(1), true),
      close: () => undefined,
    })
    stage.host.settle()
    clock.nowMs += 60_000
    expect(stage.link.takenAt).toBe(clock.nowMs)
    isRead()
    stage.host.settle()
    const readAt = clock.nowMs
    clock.nowMs += 1000
    expect(stage.link.takenAt).toBe(readAt)
  })
})

describe('packets', () => {
  test('of one turn leave in one write, in order', () => {
    const writes: number[] = []
    const socket = stage.peer
    const { onData } = socket.handlers
    socket.handlers = { ...socket.handlers, onData: (bytes) => (writes.push(bytes.length), onData(bytes)) }
    for (let zxid = 1n; zxid <= 100n; zxid++) stage.link.send(PacketType.ACK, zxid)
    expect(stage.link.queuedBytes).toBe(2000)
    const received = stage.takeReceived()
    expect(writes).toEqual([2000])
    expect(packetsIn(received)).toEqual(Array.from({ length: 100 }, (_, index) => `ACK 0:${index + 1}`))
    expect(stage.link.queuedBytes).toBe(0)
  })

  test('are heard wherever the stream is cut', () => {
    const bytes = bytesOf('FOLLOWERINFO 1:0 sid=1', 'ACKEPOCH 1:3 1', 'ACK 2:0')
    for (const byte of bytes) {
      stage.peer.write(Uint8Array.of(byte))
      stage.host.settle()
    }
    expect(stage.heard).toEqual(['FOLLOWERINFO 1:0 sid=1', 'ACKEPOCH 1:3 1', 'ACK 2:0'])
  })

  test.each([
    ['a length below -1', '00000003 0000000000000000 fffffffe'],
    ['a length above the limit', '00000003 0000000000000000 00100001'],
    ['a number of identities that nobody has', '00000003 0000000000000000 ffffffff 7fffffff'],
    ['a string of impossible length', '00000003 0000000000000000 ffffffff 00000001 7fffffff'],
    ['more bytes of identities than anybody has', `00000003 0000000000000000 ffffffff 00000002 00080000${'61'.repeat(0x80000)}00080000${'61'.repeat(0x80000)}`],
  ])('%s ends the link and nothing else', (_, hex) => {
    stage.peer.write(Buffer.from(hex.replaceAll(' ', ''), 'hex'))
    stage.host.settle()
    expect(stage.heard).toEqual([expect.stringMatching(/^closed: /)])
    expect(stage.peer.isGone).toBe(true)
  })

  test('noise never comes out of the link as anything but its end', () => {
    for (let seed = 1; seed <= 50; seed++) {
      const noisy = new Stage()
      const { bytes, below } = seededRandom(seed)
      const start = below(2) === 0 ? Buffer.alloc(0) : bytesOf('ACK 2:0')
      noisy.peer.write(Buffer.concat([start, bytes(1 + below(200))]))
      noisy.host.settle()
      noisy.peer.end()
      noisy.host.settle()
      expect(noisy.heard.filter((line) => line.startsWith('closed')).length).toBe(1)
    }
  })
})

describe('a stream in between', () => {
  test('keeps its place: packets before it, packets behind it', () => {
    const source = new Pieces(10, 1000)
    stage.link.send(PacketType.SNAP, 7n)
    stage.link.sendSource(source)
    stage.link.send(PacketType.ACK, 8n)
    const bytes = stage.takeReceived()
    expect(packetsIn(bytes.subarray(0, 20))).toEqual(['SNAP 0:7'])
    expect(bytes.subarray(20, 10_020).toString()).toBe(Array.from({ length: 10 }, (_, index) => String.fromCharCode(65 + index).repeat(1000)).join(''))
    expect(packetsIn(bytes.subarray(10_020))).toEqual(['ACK 0:8'])
    expect(source.closed).toBe(1)
  })

  test('begins in the turn in which it is given, whatever still waits before it', () => {
    stage.peer.pause()
    for (let index = 0; index < 10; index++) stage.link.send(PacketType.PROPOSAL, 1n, new Uint8Array(100_000))
    const source = new Pieces(1000, 1000)
    stage.link.sendSource(source)
    expect(source.made).toBeGreaterThan(0)
  })

  test('is made as the peer takes it', () => {
    stage.peer.pause()
    const source = new Pieces(3000, 1000)
    stage.link.sendSource(source)
    stage.host.settle()
    // What the peer's window holds, and a slice on its way.
    expect(source.made).toBeLessThan(1000)
    expect(stage.link.queuedBytes).toBeLessThan(600_000)
    stage.peer.resume()
    expect(stage.takeReceived().length).toBe(3_000_000)
    expect(source.closed).toBe(1)
  })

  test('that cannot go on ends the link', () => {
    const source = new Pieces(10_000, 1000, 500)
    stage.link.sendSource(source)
    stage.host.settle()
    expect(stage.heard).toEqual(['closed: the stream cannot go on: a hole'])
    expect(source.closed).toBe(1)
  })

  test.each([
    ['this side', (): void => stage.link.close('enough'), 'enough'],
    ['the peer', (): void => stage.peer.end(), 'the peer has closed the connection'],
    ['a broken connection', (): void => stage.peer.reset(), 'read ECONNRESET'],
  ])('is given up when %s ends the link', (_, end, reason) => {
    stage.peer.pause()
    const source = new Pieces(3000, 1000)
    stage.link.sendSource(source)
    stage.link.send(PacketType.ACK, 8n)
    stage.host.settle()
    end()
    stage.host.settle()
    stage.peer.resume()
    stage.host.settle()
    expect(stage.heard).toEqual([`closed: ${reason}`])
    expect(source.closed).toBe(1)
    const { made } = source
    stage.host.advance(1000)
    expect(source.made).toBe(made)
  })

  test('is not begun on a link that is closed', () => {
    const source = new Pieces(10, 10)
    stage.link.close('enough')
    stage.link.sendSource(source)
    stage.link.send(PacketType.ACK, 1n)
    expect([source.closed, source.made, stage.takeReceived().length]).toEqual([1, 0, 0])
    expect(stage.heard).toEqual(['closed: enough'])
  })

  test('may leave out what was said and not taken', () => {
    stage.peer.pause()
    stage.link.send(PacketType.PROPOSAL, 1n, Buffer.alloc(600_000))
    stage.host.settle()
    stage.link.send(PacketType.PROPOSAL, 2n, Buffer.alloc(600_000))
    stage.link.abort('enough')
    expect(stage.link.queuedBytes).toBe(0)
    stage.host.settle()
    expect(stage.heard).toEqual(['closed: enough'])
  })

  test('is at once where nothing was ever said, whatever the peer does', () => {
    stage.peer.handlers = { onData() {}, onDrain() {}, onEnd() {}, onClose() {} }
    const before = stage.host.network.socketCount
    stage.link.close('enough')
    stage.host.settle()
    expect(stage.host.network.socketCount).toBeLessThan(before)
  })
})

describe('holding', () => {
  test('nothing is heard until the step is done, and nothing is lost', () => {
    stage.onPacket = ({ zxid }) => {
      if (zxid === 2n) stage.link.hold()
    }
    stage.say('ACK 0:1', 'ACK 0:2', 'ACK 0:3')
    stage.host.settle()
    stage.say('ACK 0:4')
    stage.host.settle()
    expect(stage.heard).toEqual(['ACK 0:1', 'ACK 0:2'])
    stage.link.resume()
    expect(stage.heard.length).toBe(2)
    stage.host.settle()
    expect(stage.heard).toEqual(['ACK 0:1', 'ACK 0:2', 'ACK 0:3', 'ACK 0:4'])
  })

  test('the peer counts as heard when the step is done, and its end is seen then', () => {
    stage.link.hold()
    stage.say('ACK 0:1')
    stage.peer.end()
    stage.host.advance(5000)
    expect(stage.heard).toEqual([])
    stage.link.resume()
    expect(stage.link.heardAt).toBe(stage.host.clock.nowMs)
    stage.host.settle()
    expect(stage.heard).toEqual(['ACK 0:1', 'closed: the peer has closed the connection'])
  })

  test('a link that is closed while it is held says so once', () => {
    stage.link.hold()
    stage.say('ACK 0:1')
    stage.link.close('enough')
    stage.link.resume()
    stage.host.settle()
    expect(stage.heard).toEqual(['closed: enough'])
  })
})

describe('a snapshot', () => {
  const NODE_TAIL = 'ffffffffffffffff' + '00'.repeat(60)
  /** One session, one ACL, the root and /a with data. */
  const BYTES = Buffer.from(
    (
      '00000001 0000000000000007 00000fa0' +
      '00000001 0000000000000001 00000001 0000001f 00000005 776f726c64 00000006 616e796f6e65' +
      `00000000 ffffffff ${NODE_TAIL} 00000002 2f61 00000002 6869 ${NODE_TAIL}` +
      '00000001 2f 0000000a 42656e57617348657265'
    ).replaceAll(' ', ''),
    'hex',
  )
  const WHOLE = ['SNAP 0:9', 'session 7 4000', 'acl 1', 'node ', 'node /a hi', 'done', 'NEWLEADER 1:0']

  /** As a learner does it: the packet holds the link until the tree is ready to take what comes. */
  function receive(): void {
    const target = {
      session: (id: bigint, timeoutMs: number) => void stage.heard.push(`session ${id} ${timeoutMs}`),
      acl: (key: bigint) => void stage.heard.push(`acl ${key}`),
      node: (path: string, data: Uint8Array | null) => void stage.heard.push(`node ${path}${data === null ? '' : ` ${Buffer.from(data).toString()}`}`),
    }
    stage.onPacket = ({ type }) => {
      if (type !== PacketType.SNAP) return
      stage.link.hold()
      stage.host.clock.endOfTurn(() => {
        stage.link.resume()
        stage.link.receiveSnapshot(target, () => void stage.heard.push('done'))
      })
    }
  }

  test('is taken out of the stream, wherever that is cut, and what follows is packets again', () => {
    const stream = Buffer.concat([bytesOf('SNAP 0:9'), BYTES, bytesOf('NEWLEADER 1:0')])
    for (let cut = 0; cut <= stream.length; cut++) {
      stage = new Stage()
      receive()
      stage.peer.write(stream.subarray(0, cut))
      stage.host.settle()
      stage.peer.write(stream.subarray(cut))
      stage.host.settle()
      expect(stage.heard).toEqual(WHOLE)
    }
  })

  test('that ends too early is never done', () => {
    const stream = Buffer.concat([bytesOf('SNAP 0:9'), BYTES])
    for (let cut = 20; cut < stream.length; cut++) {
      stage = new Stage()
      receive()
      stage.peer.write(stream.subarray(0, cut))
      stage.host.settle()
      stage.peer.end()
      stage.host.settle()
      expect(stage.heard).not.toContain('done')
      expect(stage.heard.at(-1)).toBe('closed: the peer has closed the connection')
    }
  })

  test.each([
    ['another signature', '0000000a 42656e57617348657258', 'Missing signature. Got BenWasHerX'],
    ['a longer one', '0000000b 42656e5761734865726565', 'Unreasonable length = 11'],
    ['none', 'ffffffff 00000000000000000000', 'Missing signature. Got null'],
  ])('with %s is refused', (_, hex, reason) => {
    receive()
    stage.peer.write(Buffer.concat([bytesOf('SNAP 0:9'), BYTES.subarray(0, -14), Buffer.from(hex.replace(' ', ''), 'hex')]))
    stage.host.settle()
    expect(stage.heard).not.toContain('done')
    expect(stage.heard.at(-1)).toBe(`closed: ${reason}`)
  })

  test('of noise is refused', () => {
    for (let seed = 1; seed <= 50; seed++) {
      stage = new Stage()
      receive()
      const { bytes, below } = seededRandom(seed)
      const cut = below(BYTES.length)
      stage.peer.write(Buffer.concat([bytesOf('SNAP 0:9'), BYTES.subarray(0, cut), bytes(300)]))
      stage.host.settle()
      stage.peer.end()
      stage.host.settle()
      expect(stage.heard.filter((line) => line.startsWith('closed')).length).toBe(1)
      expect(stage.heard).not.toContain('done')
    }
  })
})

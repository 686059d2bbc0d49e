import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { QuorumPacket } from '../../../src/jute/generated/quorum.ts'
import { JuteWriter } from '../../../src/jute/writer.ts'
import { MalformedFrame } from '../../../src/jute/malformed-frame.ts'
import { PacketDecoder } from '../../../src/quorum/wire/packet-decoder.ts'

const MAX_LENGTH = 1000

const packets = fc.record({
  type: fc.integer({ min: 1, max: 19 }),
  zxid: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  data: fc.option(fc.uint8Array({ maxLength: 200 })),
  authinfo: fc.option(fc.array(fc.record({ scheme: fc.string(), id: fc.string() }), { maxLength: 3 })),
})

function encode(all: readonly QuorumPacket[]): Uint8Array {
  const w = new JuteWriter()
  for (const packet of all) QuorumPacket.write(w, packet)
  return w.copy()
}

function drain(decoder: PacketDecoder): QuorumPacket[] {
  const read: QuorumPacket[] = []
  for (let packet = decoder.next(); packet !== undefined; packet = decoder.next()) {
    read.push({ ...packet, data: packet.data === null ? null : Uint8Array.from(packet.data) })
  }
  return read
}

describe('PacketDecoder', () => {
  test('finds every packet, wherever the stream is cut', () => {
    fc.assert(
      fc.property(fc.array(packets, { maxLength: 5 }), fc.integer({ min: 1, max: 64 }), (all, size) => {
        const bytes = encode(all)
        const decoder = new PacketDecoder(MAX_LENGTH)
        const read: QuorumPacket[] = []
        for (let at = 0; at < bytes.length; at += size) {
          decoder.feed(bytes.slice(at, at + size))
          read.push(...drain(decoder))
        }
        expect(read).toEqual(all)
      }),
    )
  })

  test('refuses lengths that cannot be before their bytes come', () => {
    for (const data of ['7fffffff', 'fffffffe', '000003e9']) {
      const decoder = new PacketDecoder(MAX_LENGTH)
      decoder.feed(Buffer.from(`00000003${'00'.repeat(8)}${data}`, 'hex'))
      expect(() => decoder.next()).toThrow(MalformedFrame)
    }
  })

  test('may be told to take less of the first packet, before it is known who speaks', () => {
    const short = encode([{ type: 11, zxid: 0n, data: Buffer.alloc(20), authinfo: null }])
    const long = encode([{ type: 1, zxid: 0n, data: Buffer.alloc(21), authinfo: null }])
    const decoder = new PacketDecoder(MAX_LENGTH, 20)
    decoder.feed(Buffer.concat([short, long]))
    expect(drain(decoder).map(({ type }) => type)).toEqual([11, 1])
    const other = new PacketDecoder(MAX_LENGTH, 20)
    other.feed(long)
    expect(() => other.next()).toThrow(MalformedFrame)
    const ids = new PacketDecoder(MAX_LENGTH, 20)
    ids.feed(encode([{ type: 11, zxid: 0n, data: null, authinfo: [{ scheme: 'x'.repeat(20), id: '' }] }]))
    expect(() => ids.next()).toThrow(MalformedFrame)
  })

  test('refuses more identities than anybody has', () => {
    const decoder = new PacketDecoder(MAX_LENGTH)
    decoder.feed(Buffer.from(`00000003${'00'.repeat(8)}ffffffff7fffffff`, 'hex'))
    expect(() => decoder.next()).toThrow(MalformedFrame)
  })

  test('hands over what follows the packets', () => {
    const decoder = new PacketDecoder(MAX_LENGTH)
    decoder.feed(Buffer.concat([encode([{ type: 15, zxid: 7n, data: null, authinfo: null }]), Buffer.from('snapshot')]))
    expect(decoder.next()?.type).toBe(15)
    expect(Buffer.from(decoder.takeRest()).toString()).toBe('snapshot')
    expect(decoder.next()).toBeUndefined()
  })
})

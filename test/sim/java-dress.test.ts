// The script that lets a member speak as Java does.
import { describe, expect, it } from 'vitest'
import type { EnsembleServer } from '../../src/quorum/member/ensemble-server.ts'
import type { SocketLink } from '../../src/quorum/wire/packet-link.ts'
import { PacketType } from '../../src/quorum/zab/packets.ts'
import { drawJavaTraits, dressAsJava } from '../../src/sim/java-dress.ts'
import { SeededRandom } from '../../src/sim/seeded-random.ts'

/** A learner's connection that writes down what it sends. */
function connected(traits: Parameters<typeof dressAsJava>[1]): { link: SocketLink; sent: string[] } {
  const sent: string[] = []
  const link = {
    send: (type: number, zxid: bigint) => void sent.push(`${type} ${zxid}`),
    handlers: { onPacket: () => undefined, onClose: () => undefined },
  } as unknown as SocketLink
  const server = { onLink: () => undefined, onRoleChange: () => undefined } as unknown as EnsembleServer
  dressAsJava(server, traits, new SeededRandom(1))
  server.onLink(link)
  return { link, sent }
}

function hear(link: SocketLink, type: number, zxid: bigint): void {
  link.handlers.onPacket({ type, zxid, data: null, authinfo: null })
}

describe('a member that speaks as Java does', () => {
  it('acknowledges each txn of the history before the history, and nothing of what comes later', () => {
    const { link, sent } = connected(new Set(['acks early']))
    for (const zxid of [1n, 2n, 3n, 4n]) hear(link, PacketType.PROPOSAL, zxid)
    hear(link, PacketType.NEWLEADER, 2n << 32n)
    hear(link, PacketType.PROPOSAL, 5n)
    link.send(PacketType.ACK, 2n << 32n)
    expect(sent.at(-1)).toBe(`${PacketType.ACK} ${2n << 32n}`)
    expect(sent.slice(0, -1).sort()).toEqual([1, 2, 3, 4].map((zxid) => `${PacketType.ACK} ${zxid}`))
  })

  it('is like ours where it has no trait', () => {
    const { link, sent } = connected(new Set())
    hear(link, PacketType.PROPOSAL, 1n)
    expect(sent).toEqual([])
  })

  it('is some members and not others, whatever the seed', () => {
    const drawn = Array.from({ length: 200 }, (_, seed) => drawJavaTraits(new SeededRandom(seed)).size)
    expect(drawn.filter((size) => size > 0).length).toBeGreaterThan(10)
    expect(drawn.filter((size) => size > 0).length).toBeLessThan(80)
  })
})

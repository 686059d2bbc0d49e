// What a leader that is none says to a follower: step by step, one thing for each that the follower says.
import { PacketType, PROTOCOL_VERSION } from '../../src/quorum/zab/packets.ts'
import { Random } from '../oracle/random.ts'
import { int, LARGEST, long, packet, SMALLEST, text } from './words.ts'

/** What its followers log of epochs that cannot be followed. */
export const LEADERINFO_EPOCHS: readonly string[] = ["the leader's epoch cannot be, 2147483647", 'Leaders epoch, -1 is less than accepted epoch']

function leaderInfo(epoch: bigint, protocol: Buffer | null = int(PROTOCOL_VERSION)): Buffer {
  return packet(PacketType.LEADERINFO, BigInt.asIntN(64, epoch << 32n), protocol)
}

/** A txn that is none. */
function proposal(at: bigint, header: bigint, rest: Buffer): Buffer {
  return packet(PacketType.PROPOSAL, at, Buffer.concat([long(7n), int(1), long(header), long(1n), rest]))
}

/**
 * What a leader of that epoch says, which has to be newer than any that its followers have accepted. In broadcast nothing of it is in the history:
 * that is not what is tested here, a leader's history is believed.
 */
export function nonsense(epoch: bigint): Buffer[][] {
  const random = new Random(3)
  const good = leaderInfo(epoch)
  const zxid = (counter: bigint): bigint => (epoch << 32n) + counter
  const plans = [
    packet(PacketType.DIFF, LARGEST),
    packet(PacketType.NEWLEADER, zxid(0n)),
    packet(PacketType.UPTODATE, -1n),
    packet(77, SMALLEST),
    random.bytes(500),
    Buffer.concat([packet(PacketType.SNAP, zxid(5n)), int(-1, 0x7fff_ffff), random.bytes(500)]),
    Buffer.concat([packet(PacketType.SNAP, zxid(5n)), int(0x7fff_ffff), Buffer.alloc(5000, 0xff)]),
    Buffer.concat([packet(PacketType.SNAP, zxid(5n)), int(0, 0), text(''), Buffer.alloc(500)]),
    Buffer.concat([packet(PacketType.SNAP, zxid(5n)), int(0, 0), text('/'), text('BenWasNotHere')]),
    packet(PacketType.SNAP, LARGEST),
  ]
  const histories = [
    proposal(zxid(1n), zxid(2n), int(1)),
    proposal(zxid(1n), zxid(1n), int(0x7fff_ffff)),
    proposal(zxid(9n), zxid(9n), int(-1, -4)),
    proposal(LARGEST, LARGEST, int(-1, -4)),
    packet(PacketType.PROPOSAL, zxid(1n)),
    Buffer.concat([proposal(zxid(1n), zxid(1n), int(-1, -4)), packet(PacketType.COMMIT, zxid(2n))]),
    packet(PacketType.UPTODATE, -1n),
    int(PacketType.PROPOSAL, 0, 0, 0x7fff_ffff),
  ].map((history) => Buffer.concat([packet(PacketType.DIFF, zxid(1n)), history]))
  return [
    [leaderInfo(0x7fff_ffffn)],
    [leaderInfo(-1n)],
    [leaderInfo(epoch, null)],
    [leaderInfo(epoch, int(0xffff))],
    [leaderInfo(epoch, Buffer.alloc(3))],
    [random.bytes(1000)],
    [Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
    [packet(PacketType.DIFF, 0n)],
    [],
    ...[...plans, ...histories].map((plan) => [good, plan]),
  ]
}

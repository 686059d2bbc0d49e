// What servers say to each other, and what they never would, as bytes.
import { LearnerInfo, QuorumPacket } from '../../src/jute/generated/quorum.ts'
import { PacketType, PROTOCOL_VERSION } from '../../src/quorum/zab/packets.ts'
import { encode } from '../wire/messages.ts'

export const LARGEST = 2n ** 63n - 1n
export const SMALLEST = -(2n ** 63n)
/** Numbers that nobody expects where others stand. */
export const ODD_LONGS: readonly bigint[] = [
  0n,
  -1n,
  1n,
  LARGEST,
  SMALLEST,
  2n ** 31n,
  0x7fffffff_ffffffffn,
  0x7fffffff_00000001n,
  0xff000000_00000001n - 2n ** 64n,
]
export const ODD_INTS: readonly number[] = [0, -1, -2, 1, 0x7fff_ffff, -0x8000_0000, 0xffff, 0x10_0000]

export function int(...values: number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length)
  values.forEach((value, index) => bytes.writeInt32BE(value, 4 * index))
  return bytes
}

export function long(...values: bigint[]): Buffer {
  const bytes = Buffer.alloc(8 * values.length)
  values.forEach((value, index) => bytes.writeBigInt64BE(value, 8 * index))
  return bytes
}

export function text(value: string): Buffer {
  return Buffer.concat([int(Buffer.byteLength(value)), Buffer.from(value)])
}

// The election port ---------------------------------------------------------------------------------------------

export function initial(sid: bigint, address = '127.0.0.1:1', version = -65536n): Buffer {
  return Buffer.concat([long(version, sid), text(address)])
}

export interface Vote {
  readonly state?: number
  readonly leader?: bigint
  readonly zxid?: bigint
  readonly electionEpoch?: bigint
  readonly peerEpoch?: bigint
  readonly version?: number
  readonly config?: Uint8Array
}

/** With its length in front. */
export function notification({ state = 0, leader = 1n, zxid = 0n, electionEpoch = 1n, peerEpoch = 0n, version = 2, config = text('') }: Vote): Buffer {
  const payload = Buffer.concat([int(state), long(leader, zxid, electionEpoch, peerEpoch), int(version), config])
  return Buffer.concat([int(payload.length), payload])
}

// The quorum port -----------------------------------------------------------------------------------------------

export function packet(type: number, zxid: bigint, data: Uint8Array | null = null): Buffer {
  return Buffer.from(encode(QuorumPacket, { type, zxid, data, authinfo: null }))
}

export interface Greeting {
  readonly type?: number
  readonly acceptedEpoch?: bigint
  readonly protocolVersion?: number
  readonly configVersion?: bigint
}

export function greeting(
  serverid: bigint,
  { type = PacketType.FOLLOWERINFO, acceptedEpoch = 0n, protocolVersion = PROTOCOL_VERSION, configVersion = 0n }: Greeting = {},
): Buffer {
  return packet(type, BigInt.asIntN(64, acceptedEpoch << 32n), encode(LearnerInfo, { serverid, protocolVersion, configVersion }))
}

/** Everything a learner has to say until it is served, in one breath; it may be said before the leader answers. */
export function joining(serverid: bigint, zxid: bigint, type: number = PacketType.FOLLOWERINFO): Buffer {
  const epoch = (zxid >> 32n) << 32n
  return Buffer.concat([greeting(serverid, { type }), packet(PacketType.ACKEPOCH, zxid, int(-1)), packet(PacketType.ACK, epoch), packet(PacketType.ACK, epoch)])
}

export function asking(session: bigint, cxid: number, type: number, body: Uint8Array): Buffer {
  return packet(PacketType.REQUEST, -1n, Buffer.concat([long(session), int(cxid, type), body]))
}

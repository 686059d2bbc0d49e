// A learner that is none: it says what one says, or what none would, and keeps what the leader answers.
import type { QuorumPacket } from '../../src/jute/generated/quorum.ts'
import { PacketDecoder } from '../../src/quorum/wire/packet-decoder.ts'
import { SNAPSHOT_SIGNATURE } from '../../src/quorum/wire/snapshot-stream.ts'
import { PacketType } from '../../src/quorum/zab/packets.ts'
import type { Member } from '../ensemble/member.ts'
import { eventually } from '../peers/processes.ts'
import { RawPeer } from './raw-peer.ts'
import { joining, packet } from './words.ts'

const LIMIT_MS = 60_000
const MAX_LENGTH = 4 << 20

export class FalseLearner {
  readonly peer: RawPeer
  /** Types of all packets that came. */
  readonly heard: number[] = []
  /** The last one of each type. */
  readonly #last = new Map<number, QuorumPacket>()
  readonly #decoder = new PacketDecoder(MAX_LENGTH)
  /** What came of a snapshot that is not over. */
  #snapshot: Buffer | undefined

  private constructor(peer: RawPeer) {
    this.peer = peer
    peer.onData = (bytes) => this.#onData(bytes)
  }

  static async open(leader: Member): Promise<FalseLearner> {
    return new FalseLearner(await RawPeer.open(leader.place.ports.quorum))
  }

  /** One that is served like a true one. */
  static async join(leader: Member, sid: bigint): Promise<FalseLearner> {
    const learner = await FalseLearner.open(leader)
    learner.peer.say(joining(sid, await lastZxid(leader)))
    await learner.hears(PacketType.UPTODATE)
    return learner
  }

  async hears(type: number): Promise<QuorumPacket> {
    return await eventually(`the leader says ${type}`, LIMIT_MS, () => {
      if (this.peer.isClosed && !this.#last.has(type)) throw new Error(`the leader closes before it says ${type}; it has said ${this.heard.join(' ')}`)
      return this.#last.get(type)
    })
  }

  /** A leader cuts who is silent for syncLimit ticks, which a scene lasts on a busy machine. */
  #echo({ type, zxid }: QuorumPacket): void {
    if (type === PacketType.PING) this.peer.say(packet(PacketType.PING, zxid, Buffer.alloc(0)))
    else if (type === PacketType.PROPOSAL) this.peer.say(packet(PacketType.ACK, zxid))
  }

  #onData(bytes: Buffer): void {
    if (this.#snapshot !== undefined) {
      this.#snapshot = Buffer.concat([this.#snapshot, bytes])
      const end = this.#snapshot.indexOf(SNAPSHOT_SIGNATURE)
      if (end === -1) return
      this.#decoder.feed(this.#snapshot.subarray(end + SNAPSHOT_SIGNATURE.length))
      this.#snapshot = undefined
    } else {
      this.#decoder.feed(bytes)
    }
    for (let packet = this.#decoder.next(); packet !== undefined; packet = this.#decoder.next()) {
      this.heard.push(packet.type)
      this.#echo(packet)
      this.#last.set(packet.type, { ...packet, data: packet.data && Uint8Array.from(packet.data) })
      if (packet.type !== PacketType.SNAP) continue
      const rest = Buffer.from(this.#decoder.takeRest())
      this.#snapshot = Buffer.alloc(0)
      return this.#onData(rest)
    }
  }
}

/** Of what the leader has applied. */
export async function lastZxid(leader: Member): Promise<bigint> {
  return BigInt((await leader.zxid())!)
}

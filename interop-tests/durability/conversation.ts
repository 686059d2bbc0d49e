// One client's connection as the trace shows it: requests come out of what the server has read, and for every frame that the server writes it is
// said which txns it tells of, by its header and by the stats in its body.
import { ConnectRequest, RequestHeader } from '../../src/jute/generated/proto.ts'
import { OpCode } from '../../src/protocol/codes.ts'
import { connectResponse, decode, decodeNotification, decodeReply, NOTIFICATION_XID } from '../wire/messages.ts'

/** What the client learns from one frame. */
export interface Told {
  /** The newest txn whose effect it tells of. */
  readonly zxid: bigint
  /** A session that was made for it. */
  readonly newSession?: bigint
  readonly what: 'handshake' | 'write' | 'read' | 'notification'
}

const LENGTH_BYTES = 4
const WRITES = new Set<number>([
  ...[OpCode.create, OpCode.create2, OpCode.createContainer, OpCode.createTTL, OpCode.delete, OpCode.setData, OpCode.setACL, OpCode.multi],
  ...[OpCode.closeSession],
])

export class Conversation {
  readonly #incoming = new Frames()
  readonly #outgoing = new Frames()
  #askedForSession: bigint | undefined
  /** Requests whose replies are due, the oldest first. */
  readonly #due: RequestHeader[] = []
  #greeted = false

  /** Bytes that the server has read. */
  onRequests(bytes: Buffer): void {
    for (const frame of this.#incoming.add(bytes)) {
      if (this.#askedForSession === undefined) this.#askedForSession = decode(ConnectRequest, frame)?.sessionId
      else this.#due.push(decode(RequestHeader, frame)!)
    }
  }

  /** Bytes that the server writes. */
  onReplies(bytes: Buffer): Told[] {
    // A four-letter word and its answer.
    if (this.#askedForSession === undefined) return []
    return this.#outgoing.add(bytes).map((frame) => this.#told(frame))
  }

  #told(frame: Buffer): Told {
    if (!this.#greeted) {
      this.#greeted = true
      const { sessionId } = connectResponse(frame)!
      return { what: 'handshake', zxid: -1n, ...(this.#askedForSession === 0n && sessionId !== 0n && { newSession: sessionId }) }
    }
    if (frame.readInt32BE(0) === NOTIFICATION_XID) return { what: 'notification', zxid: decodeNotification(frame)!.header.zxid }
    const place = this.#due.findIndex(({ xid }) => xid === frame.readInt32BE(0))
    const { type } = this.#due.splice(place, 1)[0]
    const { header, body } = decodeReply(type, frame)!
    const isWrite = WRITES.has(type) && header.err === 0
    return { what: isWrite ? 'write' : 'read', zxid: newest(body, header.zxid) }
  }
}

/** The highest zxid in the stats of a record, however deep they are in it. */
function newest(value: unknown, least: bigint): bigint {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return least
  let highest = least
  for (const [key, inner] of Object.entries(value)) {
    if (typeof inner !== 'bigint') highest = newest(inner, highest)
    else if (/^[cmp]zxid$/.test(key) && inner > highest) highest = inner
  }
  return highest
}

/** Cuts a stream into frames. A four-letter word never makes one: it says that it is longer than anything that comes. */
class Frames {
  #bytes = Buffer.alloc(0)

  add(more: Buffer): Buffer[] {
    this.#bytes = Buffer.concat([this.#bytes, more])
    const frames: Buffer[] = []
    while (this.#bytes.length >= LENGTH_BYTES) {
      const end = LENGTH_BYTES + this.#bytes.readUInt32BE(0)
      if (this.#bytes.length < end) break
      frames.push(this.#bytes.subarray(LENGTH_BYTES, end))
      this.#bytes = this.#bytes.subarray(end)
    }
    return frames
  }
}

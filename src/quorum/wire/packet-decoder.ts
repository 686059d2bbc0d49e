/** Finds the packets in a stream that has no frames: a packet ends where its fields end. */
import { JuteReader } from '../../jute/reader.ts'
import { MalformedFrame } from '../../jute/malformed-frame.ts'
import { QuorumPacket } from '../../jute/generated/quorum.ts'

/** Index of the data's length, and of the data. */
const LENGTH_AT = 12
const DATA_AT = 16
/** What a client can prove about itself is no more than a handful. */
const MOST_IDS = 10_000
const MOST_ID_BYTES = 1 << 20
/** Pieces below this size are put together while they wait: each takes some hundred bytes besides its own. */
const SMALL_BYTES = 16 * 1024
const NOTHING = new Uint8Array(0)

export class PacketDecoder {
  readonly #maxLength: number
  /** Of the packet that comes next. */
  #nextMaxLength: number
  readonly #reader: JuteReader
  #bytes: Uint8Array = NOTHING
  #position = 0
  /** Fed behind #bytes; not joined to them before that may make a packet. */
  #chunks: Uint8Array[] = []
  #chunkBytes = 0
  /** So many bytes from #position on are needed at least before it is worth looking. */
  #needed = DATA_AT

  /** `maxLength`: of a packet's data and of any string; `firstMaxLength`: of those of the first packet. */
  constructor(maxLength: number, firstMaxLength = maxLength) {
    this.#maxLength = maxLength
    this.#nextMaxLength = firstMaxLength
    this.#reader = new JuteReader({ maxLength })
  }

  feed(bytes: Uint8Array): void {
    if (bytes.length === 0) return
    this.#chunks.push(bytes)
    this.#chunkBytes += bytes.length
    this.#joinSmall()
  }

  /** With what came before only where that is no longer, so that every byte is copied a few times at most. */
  #joinSmall(): void {
    const chunks = this.#chunks
    while (chunks.length > 1) {
      const [before, last] = chunks.slice(-2) as [Uint8Array, Uint8Array]
      if (last.length >= SMALL_BYTES || before.length > last.length) return
      chunks.splice(-2, 2, Buffer.concat([before, last]))
    }
  }

  /** Takes all bytes that were not read: something else than packets follows. */
  takeRest(): Uint8Array {
    this.#join()
    const rest = this.#bytes.subarray(this.#position)
    this.#bytes = NOTHING
    this.#position = 0
    return rest
  }

  /** The next packet, with views of the bytes that were fed; undefined when it is not complete. Throws MalformedFrame. */
  next(): QuorumPacket | undefined {
    if (this.#bytes.length - this.#position + this.#chunkBytes < this.#needed) return undefined
    if (this.#chunkBytes > 0) this.#join()
    const reader = this.#reader
    reader.reset(this.#bytes, this.#position)
    if (!this.#isComplete()) return undefined
    reader.position = this.#position
    const packet = QuorumPacket.read(reader)
    this.#position = reader.position
    this.#needed = DATA_AT
    this.#nextMaxLength = this.#maxLength
    return packet
  }

  #join(): void {
    const left = this.#bytes.subarray(this.#position)
    this.#bytes = left.length === 0 && this.#chunks.length === 1 ? this.#chunks[0] : Buffer.concat([left, ...this.#chunks])
    this.#position = 0
    this.#chunks = []
    this.#chunkBytes = 0
  }

  #isComplete(): boolean {
    const start = this.#position
    if (!this.#reaches(start + DATA_AT)) return false
    const dataEnd = this.#behind(start + LENGTH_AT)
    if (dataEnd === undefined || !this.#reaches(dataEnd + 4)) return false
    const count = this.#intAt(dataEnd)
    if (count < -1 || count > MOST_IDS) throw new MalformedFrame('length', `${count} identities`)
    let at = dataEnd + 4
    for (let strings = 0; strings < 2 * count; strings++) {
      const next = this.#behind(at)
      if (next === undefined) return false
      at = next
      if (at - dataEnd > Math.min(MOST_ID_BYTES, this.#nextMaxLength)) throw new MalformedFrame('length', `${at - dataEnd} bytes of identities`)
    }
    return true
  }

  /** Index behind the string or buffer whose length stands at `at`; undefined when it is not complete. */
  #behind(at: number): number | undefined {
    if (!this.#reaches(at + 4)) return undefined
    const length = this.#intAt(at)
    if (length < -1 || length > this.#nextMaxLength) throw new MalformedFrame('length', `Unreasonable length = ${length}`)
    const behind = at + 4 + Math.max(0, length)
    return this.#reaches(behind) ? behind : undefined
  }

  #intAt(index: number): number {
    this.#reader.position = index
    return this.#reader.int()
  }

  #reaches(index: number): boolean {
    if (index <= this.#reader.end) return true
    this.#needed = index - this.#position
    return false
  }
}

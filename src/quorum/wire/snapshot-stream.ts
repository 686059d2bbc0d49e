/** A leader's tree on its way to a learner: as in a snapshot file, without header and seals, and a signature at the end. */
import type { JuteWriter } from '../../jute/writer.ts'
import type { SnapshotEncoder } from '../../server/storage/snapshot-encoder.ts'
import type { SnapshotSource } from '../zab/packets.ts'

export const SNAPSHOT_SIGNATURE = 'BenWasHere'

export class SnapshotStream implements SnapshotSource {
  readonly kind = 'tree'
  readonly #encoder: SnapshotEncoder

  constructor(encoder: SnapshotEncoder) {
    this.#encoder = encoder
  }

  get endZxid(): bigint | undefined {
    return this.#encoder.endZxid
  }

  fill(w: JuteWriter, limit: number): boolean {
    if (!this.#encoder.fill(w, limit)) return false
    w.ustring(SNAPSHOT_SIGNATURE)
    return true
  }

  close(): void {
    this.#encoder.close()
  }
}

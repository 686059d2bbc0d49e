/**
 * Whether a file's syncs are so short that to wait for one here takes less time than to have a thread wait and be woken by it: some 50 µs of a
 * write that comes alone. One that stalls holds up everybody, once: after it threads wait until the disk has proved itself again.
 */

const SHORT_MS = 1
const PROOF_SYNCS = 16

export class SyncPace {
  #shortInARow = 0

  get isShort(): boolean {
    return this.#shortInARow >= PROOF_SYNCS
  }

  onSynced(durationMs: number): void {
    this.#shortInARow = durationMs <= SHORT_MS ? this.#shortInARow + 1 : 0
  }
}

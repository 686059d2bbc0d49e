/** The two epochs that a member promises by: the newest that it has accepted, and the one whose history it has (acceptedEpoch, currentEpoch). */
export interface Epochs {
  readonly accepted: bigint
  readonly current: bigint
  /** Calls back once the epoch is durable. */
  setAccepted(epoch: bigint, done: (error: Error | undefined) => void): void
  setCurrent(epoch: bigint, done: (error: Error | undefined) => void): void
}

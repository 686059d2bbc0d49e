/** What disks and networks know of a process: it lives in turns, and may die between any two steps. */
import type { Clock } from '../server/host/host.ts'

/** Unwinds whatever a process was doing when it died. */
export class Halted extends Error {
  constructor() {
    super('the process is dead')
    this.name = 'Halted'
  }
}

export interface Mortal {
  readonly name: string
  readonly isAlive: boolean
  /** What it has handed on for a later time is lost with it. */
  readonly diedAt: number
  /** True time as the process lives it. */
  readonly now: number
  readonly clock: Clock
  readonly machine: { readonly address: string }
  /** The process calls them when it dies. */
  readonly onDeath: (() => void)[]
  /** For the poll phase of a coming turn. */
  deliver(callback: () => void): void
  kill(): void
}

/** The system's clock, timers and end of turn. */
import { performance } from 'node:perf_hooks'
import type { Clock, Timer } from './host.ts'

export const nodeClock: Clock = {
  now: () => performance.now(),
  wallTime: () => Date.now(),
  after(delayMs, callback): Timer {
    const timer = setTimeout(callback, delayMs)
    return { cancel: () => clearTimeout(timer) }
  },
  // The check phase follows the poll phase, in which the sockets are read.
  endOfTurn: (callback) => void setImmediate(callback),
}

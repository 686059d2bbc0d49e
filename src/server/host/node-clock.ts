/** The system's clock, timers and end of turn. */
import { performance } from 'node:perf_hooks'
import type { Clock, Timer } from './host.ts'

/** Node counts the delay of a timer in 31 bits. A longer one would fire after 1 ms. */
const MAX_TIMER_MS = 2 ** 31 - 1

export const nodeClock: Clock = {
  now: () => performance.now(),
  wallTime: () => Date.now(),
  after(delayMs, callback): Timer {
    if (delayMs > MAX_TIMER_MS) return longTimer(delayMs, callback)
    const timer = setTimeout(callback, delayMs)
    return { cancel: () => clearTimeout(timer) }
  },
  // The check phase follows the poll phase, in which the sockets are read.
  endOfTurn: (callback) => void setImmediate(callback),
}

/** Several of Node's timers, one after the other: 24.8 days each, and the rest. */
function longTimer(delayMs: number, callback: () => void): Timer {
  let timer: NodeJS.Timeout
  const wait = (leftMs: number): void => {
    timer = leftMs > MAX_TIMER_MS ? setTimeout(() => wait(leftMs - MAX_TIMER_MS), MAX_TIMER_MS) : setTimeout(callback, leftMs)
  }
  wait(delayMs)
  return { cancel: () => clearTimeout(timer) }
}

/**
 * Writes log lines to standard output and never waits for it. The server keeps the lines that a reader does not take up to a limit, then drops and
 * counts them, so that a paused `less` or a stuck log collector cannot stop the server. It writes to a pipe as to a socket, because a write that hangs in
 * the thread pool would keep the process from ending.
 */
import { fstatSync } from 'node:fs'
import { Socket } from 'node:net'
import { destination } from 'pino'

export interface LogOutput {
  /** A whole line with its end. */
  write(line: string): void
  /** Lines dropped since the start. */
  readonly dropped: number
  /** A write that hangs holds a thread of the process, which then waits for it when it exits. */
  readonly holdsThread: boolean
  /** Resolves when everything is written, or after the time in any case: true = everything is. */
  flush(limitMs: number): Promise<boolean>
}

/** The part of a stream that is needed to bound it. */
export interface Sink {
  readonly holdsThread: boolean
  readonly waitingBytes: number
  write(line: string): void
  onEmpty(callback: () => void): void
}

export function openLogOutput(fd: number, maxWaitingBytes: number): LogOutput {
  const stat = fstatSync(fd)
  return boundedOutput(stat.isFIFO() || stat.isSocket() ? pipeSink(fd) : fileSink(fd), maxWaitingBytes)
}

export function boundedOutput(sink: Sink, maxWaitingBytes: number): LogOutput {
  let dropped = 0
  return {
    holdsThread: sink.holdsThread,
    get dropped() {
      return dropped
    },
    write(line) {
      if (sink.waitingBytes + line.length > maxWaitingBytes) dropped++
      else sink.write(line)
    },
    flush(limitMs) {
      if (sink.waitingBytes === 0) return Promise.resolve(true)
      return new Promise((resolve) => {
        const timer = setTimeout(() => resolve(false), limitMs)
        sink.onEmpty(() => {
          clearTimeout(timer)
          resolve(true)
        })
      })
    },
  }
}

function pipeSink(fd: number): Sink {
  const socket = new Socket({ fd, readable: false, writable: true })
  let isBroken = false
  // The reader has gone: as in Java, the server goes on without a log.
  socket.on('error', () => (isBroken = true))
  socket.unref()
  return {
    holdsThread: false,
    get waitingBytes() {
      return isBroken ? 0 : socket.writableLength
    },
    write(line) {
      if (!isBroken) socket.write(line)
    },
    onEmpty(callback) {
      // Called back when its turn comes, behind all others, or when the socket breaks.
      socket.write('', () => callback())
    },
  }
}

/** Files and terminals. */
function fileSink(fd: number): Sink {
  const stream = destination({ dest: fd, sync: false, minLength: 0 })
  let waiting = 0
  let isBroken = false
  const whenEmpty: (() => void)[] = []
  const tellWhenEmpty = (): void => {
    if (waiting === 0 || isBroken) for (const callback of whenEmpty.splice(0)) callback()
  }
  stream.on('write', (bytes: number) => {
    waiting -= bytes
    tellWhenEmpty()
  })
  stream.on('error', () => {
    isBroken = true
    tellWhenEmpty()
  })
  return {
    holdsThread: true,
    get waitingBytes() {
      return isBroken ? 0 : waiting
    },
    write(line) {
      if (isBroken) return
      waiting += Buffer.byteLength(line)
      stream.write(line)
    },
    onEmpty(callback) {
      whenEmpty.push(callback)
      tellWhenEmpty()
    },
  }
}

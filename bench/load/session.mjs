// A client session for everything that is not counted by the million: setting up, shapes of cost, watchers. One request, one promise.
import { connect } from 'node:net'
import { connectRequest, Op, REPLY_HEAD, request, setXid } from './frames.mjs'

/** Every socket of the bench reads into this buffer: what arrives is looked at before anything else is read. */
export const sharedInput = Buffer.alloc(1 << 20)

const ANSWER_LIMIT_MS = 600_000
const OPEN_LIMIT_MS = 60_000

/** Connects and shakes hands. `identity` is an earlier session to go on with. */
export function openSession(port, { timeoutMs = 40_000, identity, limitMs = OPEN_LIMIT_MS } = {}) {
  return new Promise((resolve, reject) => {
    const session = new Session()
    session.limit = setTimeout(() => session.socket.destroy(new Error('no session within the time')), limitMs)
    session.onOpen = () => resolve(session)
    session.onEnd = (error) => reject(error ?? new Error('the server closed the connection before the session was there'))
    session.start(port, connectRequest({ timeoutMs, ...identity }))
  })
}

/** Opens many, `width` of them at a time: fewer than the Java server lets wait by default. */
export async function openSessions(port, count, options = {}, width = 32) {
  const sessions = []
  for (let from = 0; from < count; from += width) {
    const some = Array.from({ length: Math.min(width, count - from) }, () => openSession(port, options))
    sessions.push(...(await Promise.all(some)))
  }
  return sessions
}

class Session {
  onOpen = undefined
  /** Called once when the connection ends by the server's will or by an error. */
  onEnd = undefined
  /** Called for each watch notification. */
  onEvent = undefined
  identity = undefined
  open = false
  xid = 0
  waiting = []
  firstWaiting = 0
  partial = undefined
  partialLength = 0

  start(port, hello) {
    const onread = { buffer: sharedInput, callback: (length, bytes) => this.take(bytes, length) }
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true, onread })
    this.socket.on('error', (error) => (this.failure = error))
    this.socket.on('close', () => this.closed())
    this.socket.write(hello)
  }

  /** Sends a frame of frames.mjs and gives the body of the reply (a copy); a reply with an error rejects. */
  call(bytes, { keepBody = false } = {}) {
    return new Promise((resolve, reject) => {
      setXid(bytes, 0, (this.xid += 1))
      this.waiting.push({ resolve, reject, keepBody })
      this.socket.write(bytes)
    })
  }

  /** SetData and the like by the thousand: `width` requests under way at any time. */
  async callAll(frames, width = 8) {
    const source = frames[Symbol.iterator]()
    const lane = async () => {
      for (let next = source.next(); !next.done; next = source.next()) await this.call(next.value)
    }
    await Promise.all(Array.from({ length: width }, lane))
  }

  ping() {
    return this.call(request(Op.ping))
  }

  /** Closes the session; resolves with the server's answer. */
  async close() {
    this.onEnd = () => undefined
    await this.call(request(Op.closeSession))
    this.socket.destroy()
  }

  /** Goes away without a word: the session stays until it expires. */
  drop() {
    this.onEnd = () => undefined
    this.socket.destroy()
  }

  take(bytes, length) {
    let at = 0
    while (at < length) {
      if (this.partial !== undefined) {
        at += this.fill(bytes, at, length)
        continue
      }
      const whole = length - at >= 4 ? 4 + bytes.readInt32BE(at) : Infinity
      if (whole > length - at) {
        this.begin(bytes, at, length)
        return true
      }
      this.frame(bytes, at, at + whole)
      at += whole
    }
    return true
  }

  // A frame that is not there whole: it gets room of its own as soon as its length is known.
  begin(bytes, at, length) {
    this.partial = Buffer.allocUnsafe(4)
    this.partialLength = 0
    this.fill(bytes, at, length)
  }

  fill(bytes, at, length) {
    let used = 0
    for (;;) {
      const count = Math.min(this.partial.length - this.partialLength, length - at - used)
      bytes.copy(this.partial, this.partialLength, at + used, at + used + count)
      this.partialLength += count
      used += count
      if (this.partialLength < this.partial.length) return used
      const whole = 4 + this.partial.readInt32BE(0)
      if (this.partialLength === whole) break
      const grown = Buffer.allocUnsafe(whole)
      this.partial.copy(grown)
      this.partial = grown
    }
    const frame = this.partial
    this.partial = undefined
    this.frame(frame, 0, frame.length)
    return used
  }

  frame(bytes, start, end) {
    if (!this.open) return this.opened(bytes, start)
    if (bytes.readInt32BE(start + 4) === -1) return this.onEvent?.()
    const waiting = this.waiting[this.firstWaiting]
    this.waiting[this.firstWaiting++] = undefined
    if (this.firstWaiting === this.waiting.length) {
      this.waiting.length = 0
      this.firstWaiting = 0
    }
    const code = bytes.readInt32BE(start + 16)
    if (code !== 0) waiting.reject(new Error(`the server answered ${code}`))
    else waiting.resolve(waiting.keepBody ? Buffer.from(bytes.subarray(start + REPLY_HEAD, end)) : end - start)
  }

  opened(bytes, start) {
    this.open = true
    this.timeoutMs = bytes.readInt32BE(start + 8)
    this.identity = { sessionId: bytes.readBigInt64BE(start + 12), password: Buffer.from(bytes.subarray(start + 24, start + 40)) }
    if (this.timeoutMs <= 0) return this.onEnd?.(new Error('the session is gone'))
    this.onEnd = undefined
    clearTimeout(this.limit)
    this.onOpen()
  }

  closed() {
    clearTimeout(this.limit)
    const error = this.failure ?? new Error('the connection ended')
    for (const waiting of this.waiting.slice(this.firstWaiting)) waiting.reject(error)
    this.onEnd?.(this.failure)
  }
}

/** Rejects when the answer takes longer than any answer of the bench may. */
export function bounded(promise, what, limitMs = ANSWER_LIMIT_MS) {
  let timer
  const limit = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not within ${limitMs / 1000} s`)), limitMs)
  })
  return Promise.race([promise, limit]).finally(() => clearTimeout(timer))
}

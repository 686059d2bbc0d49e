// The load generator. Each connection owns one buffer that holds its requests back to back; sending is patching the xid (and for creates the
// name) in place and writing a range of that buffer, receiving is stepping from length to length. Nothing is allocated per request or reply,
// so that the server under test is the slower side. `node bench/main.mjs generator` shows how fast it is against a stub.
import { connect } from 'node:net'
import { performance } from 'node:perf_hooks'
import { connectRequest, REPLY_HEAD, setXid } from './frames.mjs'
import { Histogram } from './histogram.mjs'
import { bounded, sharedInput } from './session.mjs'

// A range is cut in two where it wraps, so the ring is long beside a window.
const RING_REQUESTS = 1024
const OPEN_LIMIT_MS = 60_000

/**
 * Connections that keep requests under way.
 *
 * `frames(connection, slot)` gives the request for each place in the ring; `patch(bytes, at, connection, n)`, if there, changes the n-th request
 * of a connection before it is sent. With `ports` the connections take turns among several servers. With `rate` (requests per second over all
 * connections) requests are sent by the clock, with at most `window` of them unanswered on each connection; without it each answer is followed
 * by the next request at once.
 */
export class Generator {
  latency = new Histogram()
  replies = 0
  failures = 0
  failure = undefined
  running = false

  constructor({ port, ports = [port], connections, window, frames, patch, rate, ring = RING_REQUESTS, sequential = true }) {
    Object.assign(this, { ports, window, patch, rate, sequential })
    this.links = Array.from({ length: connections }, (_, index) => new Link(this, index, Math.max(ring, window), frames))
  }

  async start() {
    await bounded(Promise.all(this.links.map((link) => link.open())), 'opening the connections', OPEN_LIMIT_MS)
    this.running = true
    if (this.rate === undefined) for (const link of this.links) link.send(this.window)
    else this.paced()
  }

  /** Counts for that many milliseconds, or while such work runs, and gives what was seen. */
  async measure(meanwhile) {
    this.latency.reset()
    this.replies = 0
    const cpu = process.cpuUsage()
    const loop = performance.eventLoopUtilization()
    const started = performance.now()
    await (typeof meanwhile === 'number' ? new Promise((resolve) => setTimeout(resolve, meanwhile)) : meanwhile())
    const elapsedMs = performance.now() - started
    if (this.failures > 0) throw new Error(`${this.failures} requests failed, the last one with ${this.failure}`)
    const used = process.cpuUsage(cpu)
    return {
      rate: (this.replies / elapsedMs) * 1000,
      ...this.latency.summary(),
      generatorCpu: (used.user + used.system) / 1000 / elapsedMs,
      generatorBusy: performance.eventLoopUtilization(loop).utilization,
      elapsedMs,
    }
  }

  async stop() {
    this.running = false
    clearInterval(this.timer)
    await Promise.all(this.links.map((link) => link.close()))
  }

  // A timer is late now and then; what is owed is reckoned from the start, so the rate holds.
  paced() {
    const started = performance.now()
    let sent = 0
    let turn = 0
    this.timer = setInterval(() => {
      let owed = Math.min(Math.floor(((performance.now() - started) * this.rate) / 1000) - sent, this.rate)
      for (let tries = 0; owed > 0 && tries < this.links.length; tries++) {
        const link = this.links[turn++ % this.links.length]
        const share = Math.min(Math.ceil(owed / (this.links.length - tries)), this.window - link.underWay)
        if (share > 0) link.send(share)
        sent += Math.max(share, 0)
        owed -= Math.max(share, 0)
      }
      // A server that does not keep up is not asked for it afterwards.
      sent += Math.max(owed, 0)
    }, 1)
  }

  failed(why) {
    this.failures += 1
    this.failure = why
  }
}

class Link {
  head = new Uint8Array(REPLY_HEAD)
  headLength = 0
  skip = 0
  next = 0
  oldest = 0
  underWay = 0
  sent = 0
  greetedAlready = false

  constructor(generator, index, ring, frames) {
    this.generator = generator
    this.index = index
    const parts = Array.from({ length: ring }, (_, slot) => frames(index, slot))
    this.offsets = new Uint32Array(ring + 1)
    for (let slot = 0; slot < ring; slot++) this.offsets[slot + 1] = this.offsets[slot] + parts[slot].length
    this.bytes = Buffer.concat(parts)
    this.ring = ring
    this.sentAt = new Float64Array(ring)
    this.xids = new Int32Array(ring)
  }

  open() {
    return new Promise((resolve, reject) => {
      this.onOpen = resolve
      const onread = { buffer: sharedInput, callback: (length, bytes) => this.take(bytes, length) }
      const { ports } = this.generator
      this.socket = connect({ port: ports[this.index % ports.length], host: '127.0.0.1', noDelay: true, onread })
      this.socket.on('error', (error) => {
        reject(error)
        if (this.generator.running) this.generator.failed(error.message)
      })
      this.socket.on('close', () => {
        if (this.generator.running) this.generator.failed('the connection ended')
        this.onClose?.()
      })
      this.socket.write(connectRequest())
    })
  }

  close() {
    return new Promise((resolve) => {
      if (this.socket.destroyed) return resolve()
      this.onClose = resolve
      // No farewell: the session expires with the server, and no port is left waiting.
      this.socket.resetAndDestroy()
    })
  }

  /** Sends the next `count` requests of the ring. Their places are free: the ring is not shorter than the window. */
  send(count) {
    const { generator, bytes, offsets, ring } = this
    const now = performance.now()
    let from = this.next
    let slot = from
    for (let i = 0; i < count; i++) {
      const at = offsets[slot]
      const xid = (this.sent & 0x3fffffff) + 1
      setXid(bytes, at, xid)
      if (generator.patch !== undefined) generator.patch(bytes, at, this.index, this.sent)
      this.sentAt[slot] = now
      this.xids[slot] = xid
      this.sent += 1
      slot += 1
      if (slot === ring) {
        this.socket.write(bytes.subarray(offsets[from], offsets[ring]))
        from = 0
        slot = 0
      }
    }
    if (slot > from) this.socket.write(bytes.subarray(offsets[from], offsets[slot]))
    this.next = slot
    this.underWay += count
  }

  take(bytes, length) {
    if (!this.greetedAlready) return this.greeted(bytes, length)
    const now = performance.now()
    const before = this.underWay
    let at = 0
    while (at < length) {
      if (this.skip > 0) {
        const count = Math.min(this.skip, length - at)
        this.skip -= count
        at += count
        if (this.skip === 0) this.answered(now)
      } else if (this.headLength === 0 && length - at >= REPLY_HEAD) {
        const whole = 4 + ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3])
        this.check(bytes, at)
        if (whole <= length - at) {
          at += whole
          this.answered(now)
        } else {
          this.skip = whole - (length - at)
          at = length
        }
      } else {
        at = this.headPiece(bytes, at, length, now)
      }
    }
    const answered = before - this.underWay
    const { generator } = this
    generator.replies += answered
    if (answered > 0 && generator.running && generator.rate === undefined) this.send(answered)
    return true
  }

  headPiece(bytes, at, length, now) {
    const count = Math.min(REPLY_HEAD - this.headLength, length - at)
    this.head.set(bytes.subarray(at, at + count), this.headLength)
    this.headLength += count
    if (this.headLength === REPLY_HEAD) {
      this.headLength = 0
      this.check(this.head, 0)
      this.skip = 4 + new DataView(this.head.buffer).getInt32(0) - REPLY_HEAD
      if (this.skip === 0) this.answered(now)
    }
    return at + count
  }

  check(bytes, at) {
    const code = (bytes[at + 16] << 24) | (bytes[at + 17] << 16) | (bytes[at + 18] << 8) | bytes[at + 19]
    if (code !== 0) this.generator.failed(`code ${code}`)
    const xid = (bytes[at + 4] << 24) | (bytes[at + 5] << 16) | (bytes[at + 6] << 8) | bytes[at + 7]
    if (this.generator.sequential && xid !== this.xids[this.oldest]) {
      this.generator.failed(`an answer to ${xid} in the place of ${this.xids[this.oldest]}`)
    }
  }

  answered(now) {
    this.generator.latency.record(now - this.sentAt[this.oldest])
    this.oldest = this.oldest + 1 === this.ring ? 0 : this.oldest + 1
    this.underWay -= 1
  }

  // The answer to the handshake is one small frame; it comes alone, for nothing was asked yet.
  greeted(bytes, length) {
    if (length !== 41 || bytes.readInt32BE(8) <= 0) this.generator.failed('the handshake was refused')
    this.greetedAlready = true
    this.onOpen()
    return true
  }
}

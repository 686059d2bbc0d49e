/** What `cons` tells of one connection (ServerCnxn's statistics). */

export class ConnectionStats {
  /** Wall-clock milliseconds. */
  readonly established: number
  received = 0
  sent = 0
  lastOp = 'NA'
  lastCxid = -1
  lastZxid = -1n
  /** Clock milliseconds. */
  lastResponseAt = 0
  lastLatency = 0
  minLatency = 0
  maxLatency = 0
  #latencySum = 0
  #latencyCount = 0

  constructor(established: number) {
    this.established = established
  }

  get averageLatency(): number {
    return this.#latencyCount === 0 ? 0 : Math.floor(this.#latencySum / this.#latencyCount)
  }

  onReply(cxid: number, op: string, zxid: bigint, now: number, receivedAt: number): void {
    if (cxid >= 0) this.lastCxid = cxid
    this.lastZxid = zxid
    this.lastOp = op
    this.lastResponseAt = Math.floor(now)
    const latency = Math.floor(now - receivedAt)
    this.lastLatency = latency
    if (this.#latencyCount === 0 || latency < this.minLatency) this.minLatency = latency
    if (latency > this.maxLatency) this.maxLatency = latency
    this.#latencySum += latency
    this.#latencyCount++
  }

  reset(): void {
    this.received = 0
    this.sent = 0
    this.lastOp = 'NA'
    this.lastCxid = -1
    this.lastZxid = -1n
    this.lastResponseAt = 0
    this.lastLatency = 0
    this.minLatency = 0
    this.maxLatency = 0
    this.#latencySum = 0
    this.#latencyCount = 0
  }
}

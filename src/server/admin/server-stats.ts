/** Counters of the whole server that the admin words show (ServerStats). */

export class ServerStats {
  packetsReceived = 0
  packetsSent = 0
  minLatency = 0
  maxLatency = 0
  #latencySum = 0
  #latencyCount = 0
  lastResponseSize = -1
  minResponseSize = -1
  maxResponseSize = -1
  authFailed = 0
  fsyncThresholdExceeded = 0
  /** Connections made without a client certificate, from this machine and from others. */
  localConnections = 0
  remoteConnections = 0

  get averageLatency(): number {
    return this.#latencyCount === 0 ? 0 : this.#latencySum / this.#latencyCount
  }

  onLatency(ms: number): void {
    if (this.#latencyCount === 0 || ms < this.minLatency) this.minLatency = ms
    if (ms > this.maxLatency) this.maxLatency = ms
    this.#latencySum += ms
    this.#latencyCount++
  }

  onResponse(bytes: number): void {
    this.lastResponseSize = bytes
    if (this.minResponseSize === -1 || bytes < this.minResponseSize) this.minResponseSize = bytes
    if (bytes > this.maxResponseSize) this.maxResponseSize = bytes
  }

  reset(): void {
    this.packetsReceived = 0
    this.packetsSent = 0
    this.minLatency = 0
    this.maxLatency = 0
    this.#latencySum = 0
    this.#latencyCount = 0
    this.lastResponseSize = -1
    this.minResponseSize = -1
    this.maxResponseSize = -1
    this.fsyncThresholdExceeded = 0
  }
}

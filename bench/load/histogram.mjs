// Latencies counted in bins: one microsecond each below 1,024 µs, above that 64 to each doubling (an error of 1.6 %). Recording allocates nothing.

const LINEAR = 1024
const BINS = LINEAR + 64 * 21

export class Histogram {
  bins = new Float64Array(BINS)
  count = 0
  maxMs = 0

  record(ms) {
    const us = (ms * 1000) | 0
    let bin = us
    if (us >= LINEAR) {
      const power = 31 - Math.clz32(us)
      bin = LINEAR + (power - 10) * 64 + ((us >>> (power - 6)) & 63)
    }
    this.bins[bin < 0 ? 0 : bin] += 1
    this.count += 1
    if (ms > this.maxMs) this.maxMs = ms
  }

  reset() {
    this.bins.fill(0)
    this.count = 0
    this.maxMs = 0
  }

  /** The latency in milliseconds that `share` (0‥1) of all stay below. */
  quantile(share) {
    let left = Math.ceil(share * this.count)
    for (let bin = 0; bin < BINS; bin++) {
      left -= this.bins[bin]
      if (left <= 0) return Math.min(upperEdgeMs(bin), this.maxMs)
    }
    return this.maxMs
  }

  summary() {
    return {
      count: this.count,
      p50: this.quantile(0.5),
      p90: this.quantile(0.9),
      p99: this.quantile(0.99),
      p999: this.quantile(0.999),
      max: this.maxMs,
    }
  }
}

function upperEdgeMs(bin) {
  if (bin < LINEAR) return (bin + 1) / 1000
  const power = 10 + Math.floor((bin - LINEAR) / 64)
  return (2 ** power + (((bin - LINEAR) % 64) + 1) * 2 ** (power - 6)) / 1000
}

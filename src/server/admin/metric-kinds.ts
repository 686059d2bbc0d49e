/**
 * The kinds of metric of Apache's default provider and what each shows under which names. Adding a value is on the way
 * of every request: it allocates nothing (but the sample of a summary with percentiles, once).
 */
import { fourDecimals } from './java-text.ts'

/** Takes the values of metrics: averages are shown with a fraction, all else as integers. */
export interface MetricSink {
  integer(name: string, value: number | bigint): void
  double(name: string, value: number): void
}

export interface Metric {
  readonly name: string
  dump(sink: MetricSink): void
  reset(): void
}

/** SimpleCounter. */
export class Counter implements Metric {
  readonly name: string
  #value = 0

  constructor(name: string) {
    this.name = name
  }

  get value(): number {
    return this.#value
  }

  add(count: number): void {
    this.#value += count
  }

  dump(sink: MetricSink): void {
    sink.integer(this.name, this.#value)
  }

  reset(): void {
    this.#value = 0
  }
}

/** AvgMinMaxCounter. Fractions are cut off: tools expect integers. */
export class Summary implements Metric {
  readonly name: string
  #count = 0
  #sum = 0
  #min = Infinity
  #max = -Infinity

  constructor(name: string) {
    this.name = name
  }

  get count(): number {
    return this.#count
  }

  get sum(): number {
    return this.#sum
  }

  /** 0 while there is no value, as `max`. */
  get min(): number {
    return this.#count === 0 ? 0 : this.#min
  }

  get max(): number {
    return this.#count === 0 ? 0 : this.#max
  }

  /** To four decimals. */
  get average(): number {
    return this.#count === 0 ? 0 : fourDecimals(this.#sum / this.#count)
  }

  add(value: number): void {
    const whole = Math.trunc(value)
    this.#count++
    this.#sum += whole
    if (whole < this.#min) this.#min = whole
    if (whole > this.#max) this.#max = whole
  }

  dump(sink: MetricSink): void {
    sink.double(`avg_${this.name}`, this.average)
    sink.integer(`min_${this.name}`, this.min)
    sink.integer(`max_${this.name}`, this.max)
    sink.integer(`cnt_${this.name}`, this.#count)
    sink.integer(`sum_${this.name}`, this.#sum)
  }

  reset(): void {
    this.#count = 0
    this.#sum = 0
    this.#min = Infinity
    this.#max = -Infinity
  }
}

/** Cheap numbers for sampling, from one seed for all summaries (xorshift32). */
export class SampleRandom {
  #state = 1

  seed(seed: number): void {
    this.#state = seed === 0 ? 1 : seed | 0
  }

  below(limit: number): number {
    let state = this.#state
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    this.#state = state
    return Math.floor(((state >>> 0) / 0x1_0000_0000) * limit)
  }
}

const SAMPLE_SIZE = 4096

/** AvgMinMaxPercentileCounter: percentiles of a uniform sample of all values since the last reset. */
export class PercentileSummary implements Metric {
  readonly name: string
  readonly basic: Summary
  readonly #random: SampleRandom
  #sample: Float64Array | undefined

  constructor(name: string, random: SampleRandom) {
    this.name = name
    this.basic = new Summary(name)
    this.#random = random
  }

  add(value: number): void {
    this.#sample ??= new Float64Array(SAMPLE_SIZE)
    this.basic.add(value)
    const { count } = this.basic
    const place = count <= SAMPLE_SIZE ? count - 1 : this.#random.below(count)
    if (place < SAMPLE_SIZE) this.#sample[place] = Math.trunc(value)
  }

  /** As UniformSnapshot.getValue of the sample, for each quantile in [0, 1]; zeros without values. */
  quantiles(wanted: readonly number[]): number[] {
    const size = Math.min(this.basic.count, SAMPLE_SIZE)
    if (this.#sample === undefined || size === 0) return wanted.map(() => 0)
    const sorted = this.#sample.slice(0, size).sort()
    return wanted.map((quantile) => {
      const position = quantile * (size + 1)
      const index = Math.trunc(position)
      if (index < 1) return sorted[0]
      if (index >= size) return sorted[size - 1]
      const lower = sorted[index - 1]
      return lower + (position - Math.floor(position)) * (sorted[index] - lower)
    })
  }

  dump(sink: MetricSink): void {
    this.basic.dump(sink)
    const [p50, p95, p99, p999] = this.quantiles([0.5, 0.95, 0.99, 0.999])
    sink.integer(`p50_${this.name}`, Math.round(p50))
    sink.integer(`p95_${this.name}`, Math.round(p95))
    sink.integer(`p99_${this.name}`, Math.round(p99))
    sink.integer(`p999_${this.name}`, Math.round(p999))
  }

  reset(): void {
    this.basic.reset()
  }
}

/** Keys come from clients (the first element of a path): beyond so many, new ones are not counted. */
const MAX_KEYS = 10_000

/** One metric a key; its name is `<key>_<name>`. A reset keeps the keys, as in Java. */
export class MetricSet<M extends Metric & { add(value: number): void }> implements Metric {
  readonly name: string
  readonly #create: (name: string) => M
  readonly #byKey = new Map<string, M>()

  constructor(name: string, create: (name: string) => M) {
    this.name = name
    this.#create = create
  }

  get keys(): Iterable<string> {
    return this.#byKey.keys()
  }

  get(key: string): M | undefined {
    return this.#byKey.get(key)
  }

  add(key: string, value: number): void {
    let metric = this.#byKey.get(key)
    if (metric === undefined) {
      if (this.#byKey.size >= MAX_KEYS) return
      this.#byKey.set(key, (metric = this.#create(`${key}_${this.name}`)))
    }
    metric.add(value)
  }

  dump(sink: MetricSink): void {
    for (const metric of this.#byKey.values()) metric.dump(sink)
  }

  reset(): void {
    for (const metric of this.#byKey.values()) metric.reset()
  }
}

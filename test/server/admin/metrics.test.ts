import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Counter, MetricSet, PercentileSummary, SampleRandom, Summary } from '../../../src/server/admin/metric-kinds.ts'
import type { Metric } from '../../../src/server/admin/metric-kinds.ts'
import { metrics } from './view.ts'

function dump(metric: { dump: Metric['dump'] }): Record<string, number> {
  const values: Record<string, number> = {}
  const take = (name: string, value: number | bigint): void => {
    values[name] = Number(value)
  }
  metric.dump({ integer: take, double: take })
  return values
}

describe('metrics', () => {
  test('a counter counts', () => {
    const counter = new Counter('c')
    counter.add(2)
    counter.add(40)
    expect(dump(counter)).toEqual({ c: 42 })
    counter.reset()
    expect(dump(counter)).toEqual({ c: 0 })
  })

  test('a summary without values shows zeros, then average, bounds, count and sum', () => {
    const summary = new Summary('s')
    expect(dump(summary)).toEqual({ avg_s: 0, min_s: 0, max_s: 0, cnt_s: 0, sum_s: 0 })
    for (const value of [1, 2.9, 4]) summary.add(value)
    expect(dump(summary)).toEqual({ avg_s: 2.3333, min_s: 1, max_s: 4, cnt_s: 3, sum_s: 7 })
    summary.reset()
    summary.add(-5)
    expect(dump(summary)).toEqual({ avg_s: -5, min_s: -5, max_s: -5, cnt_s: 1, sum_s: -5 })
  })

  test('percentiles of few values, as UniformSnapshot of the Java library gives them', () => {
    const summary = new PercentileSummary('p', new SampleRandom())
    for (let value = 1; value <= 100; value++) summary.add(value)
    // Positions 50.5, 95.95, 99.99 and beyond the last, each between its neighbours.
    expect(summary.quantiles([0, 0.5, 0.95, 0.99, 0.999, 1])).toEqual([1, 50.5, expect.closeTo(95.95), expect.closeTo(99.99), 100, 100])
    expect(dump(summary)).toMatchObject({ cnt_p: 100, p50_p: 51, p95_p: 96, p99_p: 100, p999_p: 100 })
  })

  test('percentiles of many values come from a sample', () => {
    const random = new SampleRandom()
    random.seed(7)
    const summary = new PercentileSummary('p', random)
    for (let value = 0; value < 100_000; value++) summary.add(value)
    const [p50, p99] = summary.quantiles([0.5, 0.99])
    expect(p50).toBeGreaterThan(45_000)
    expect(p50).toBeLessThan(55_000)
    expect(p99).toBeGreaterThan(97_000)
    summary.reset()
    expect(dump(summary)).toMatchObject({ cnt_p: 0, p50_p: 0, p999_p: 0 })
    summary.add(3)
    expect(dump(summary)).toMatchObject({ p50_p: 3 })
  })

  test('quantiles lie between the bounds and rise', () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 1 }), (values) => {
        const summary = new PercentileSummary('p', new SampleRandom())
        for (const value of values) summary.add(value)
        const [low, middle, high] = summary.quantiles([0.1, 0.5, 0.9])
        expect(low).toBeGreaterThanOrEqual(Math.min(...values))
        expect(middle).toBeGreaterThanOrEqual(low)
        expect(high).toBeGreaterThanOrEqual(middle)
        expect(high).toBeLessThanOrEqual(Math.max(...values))
      }),
    )
  })

  test('sampled places stay below the limit', () => {
    const random = new SampleRandom()
    random.seed(0)
    for (let i = 0; i < 10_000; i++) expect(random.below(5)).toBeLessThan(5)
  })

  test('a set keeps its keys over a reset and takes no more than its limit', () => {
    const set = new MetricSet('ns', (name) => new Counter(name))
    for (let i = 0; i < 10_001; i++) set.add(`k${i}`, 1)
    set.add('k0', 1)
    expect([...set.keys]).toHaveLength(10_000)
    expect(set.get('k0')!.value).toBe(2)
    set.reset()
    expect(dump(set)).toMatchObject({ k0_ns: 0, k9999_ns: 0 })
  })

  test('no two metrics have one name', () => {
    const names = metrics().all.map((metric) => metric.name)
    expect(new Set(names).size).toBe(names.length)
  })
})

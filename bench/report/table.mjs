// Results as rows: ours, Java, ratio, target. The terminal and the page show the same rows.

/**
 * A scenario's result is `{ name, title, rows, seen: { ours, java, stub } }`, where `seen[kind][key]` is one figure for each run. A row in the
 * answer has texts only, besides the medians for the plots.
 */
export function rowsOf(result) {
  const kinds = Object.keys(result.seen)
  const main = kinds.includes('ours') ? 'ours' : kinds[0]
  const others = Object.fromEntries(result.rows.map(({ key }) => [key, median(result.seen[main]?.[key])]))
  return result.rows.map((row) => {
    const ours = median(result.seen[main]?.[row.key])
    const java = main === 'ours' ? median(result.seen.java?.[row.key]) : undefined
    return {
      key: row.key,
      label: row.label,
      unit: row.unit,
      ours,
      java,
      oursText: withSpread(result.seen[main]?.[row.key]),
      javaText: main === 'ours' ? withSpread(result.seen.java?.[row.key]) : '–',
      ratio: ours !== undefined && java > 0 ? `${figure(ours / java)}×` : '–',
      ...judged(row.target, { ours, java, others }),
    }
  })
}

function judged(target, { ours, java, others }) {
  if (target === undefined) return { target: '', verdict: '' }
  if (ours === undefined || (target.needsJava && java === undefined)) return { target: target.text, verdict: '?' }
  return { target: target.text, verdict: target.met({ ours, java, others }) ? 'met' : 'MISSED' }
}

export function printTable(result) {
  const rows = rowsOf(result)
  const main = 'ours' in result.seen || !('stub' in result.seen) ? 'ours' : 'stub'
  const head = ['', main, 'Java', 'ratio', 'target', '']
  const lines = [
    head,
    ...rows.map((row) => [row.unit === '' ? row.label : `${row.label} [${row.unit}]`, row.oursText, row.javaText, row.ratio, row.target, row.verdict]),
  ]
  const widths = head.map((_, column) => Math.max(...lines.map((line) => line[column].length)))
  console.log(`\n${result.title}`)
  for (const line of lines) {
    const cells = line.map((cell, column) => (column === 0 || column > 3 ? cell.padEnd(widths[column]) : cell.padStart(widths[column])))
    console.log(`  ${cells.join('  ').trimEnd()}`)
  }
  for (const [kind, why] of Object.entries(result.failed ?? {})) console.log(`  ${kind} FAILED: ${why}`)
}

function withSpread(values) {
  if (values === undefined || values.length === 0) return '–'
  const middle = figure(median(values))
  if (values.length === 1) return middle
  return `${middle} (${figure(Math.min(...values))}‥${figure(Math.max(...values))})`
}

export function median(values) {
  if (values === undefined || values.length === 0) return undefined
  const sorted = [...values].sort((a, b) => a - b)
  const half = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2
}

/** Three digits that count. */
export function figure(value) {
  if (!Number.isFinite(value)) return '–'
  const size = Math.abs(value)
  if (size >= 100) return Math.round(value).toLocaleString('en')
  if (size >= 10) return value.toFixed(1)
  if (size >= 1) return value.toFixed(2)
  return value.toFixed(3)
}

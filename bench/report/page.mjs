// The page: docs/bench/index.html with everything in it, made from docs/bench/results.json. Plots are small drawings of our own.
import { figure, median, rowsOf } from './table.mjs'

const escape = (text) => String(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

/** `results` is `{ scenarios: [...] }` in the order of the page. */
export function page(results) {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>TSKeeper beside Apache ZooKeeper</title><style>${STYLE}</style></head><body>
<h1>TSKeeper beside Apache ZooKeeper</h1>
<p>Made by <code>make bench</code>: both servers run in turn on one machine, with the same disk, the same <code>zoo.cfg</code> (every write synced) and the heap they take
by themselves, under one load generator that shares the machine with them. Figures are medians; in brackets the least and the most of the runs. The ratio is ours to Java's.</p>
${results.map(section).join('\n')}
</body></html>
`
}

function section(result) {
  const rows = rowsOf(result)
  const { conditions } = result
  const failed = Object.entries(result.failed ?? {})
  const main = 'stub' in result.seen ? 'stub' : 'ours'
  return `<section><h2 id="${result.name}">${escape(result.title)}</h2>
<div class="scroll"><table><thead><tr><th></th><th>${main}</th><th>Java</th><th>ratio</th><th>target</th><th></th></tr></thead><tbody>
${rows.map(tableRow).join('\n')}
</tbody></table></div>
${failed.map(([kind, why]) => `<p class="missed">${kind} failed: ${escape(why)}</p>`).join('\n')}
${bars(rows)}${result.curve === undefined ? '' : curve(result)}
<p class="small">${escape(conditions.when)}, ${conditions.runs} × ${conditions.seconds} s after ${conditions.warmUp} s of warm-up, ${escape(conditions.machine)};
node ${escape(conditions.node)}, ${escape(conditions.java)}; load before: ${figure(conditions.load)}${conditions.scale === 1 ? '' : `; sizes × ${conditions.scale}`}</p></section>`
}

function tableRow(row) {
  const verdict = { met: 'met', MISSED: 'missed' }[row.verdict] ?? ''
  const label = row.unit === '' ? row.label : `${row.label}, ${row.unit}`
  return (
    `<tr><th>${escape(label)}</th><td>${row.oursText}</td><td>${row.javaText}</td><td>${row.ratio}</td>` +
    `<td class="left">${escape(row.target)}</td><td class="${verdict}">${row.verdict}</td></tr>`
  )
}

const LABEL_WIDTH = 260
const BAR_WIDTH = 380
const ROW_HEIGHT = 38

/** Ours and Java's as two bars for each row that has both; each row has a scale of its own. */
function bars(rows) {
  const shown = rows.filter((row) => row.ours > 0 && row.java > 0)
  if (shown.length === 0) return ''
  const drawn = shown.map((row, i) => {
    const most = Math.max(row.ours, row.java)
    const top = i * ROW_HEIGHT
    const bar = (value, at, kind) => {
      const width = Math.max((value / most) * BAR_WIDTH, 1).toFixed(1)
      return (
        `<rect class="${kind}" x="${LABEL_WIDTH}" y="${top + at}" width="${width}" height="13" rx="2"/>` +
        `<text x="${LABEL_WIDTH + Number(width) + 6}" y="${top + at + 11}">${figure(value)} ${row.unit}</text>`
      )
    }
    return `<text x="${LABEL_WIDTH - 10}" y="${top + 20}" text-anchor="end">${escape(short(row.label))}</text>${bar(row.ours, 2, 'ours')}${bar(row.java, 17, 'java')}`
  })
  const width = LABEL_WIDTH + BAR_WIDTH + 110
  const height = shown.length * ROW_HEIGHT
  return drawing(width, height, 'ours (upper bar) and Java (lower bar)', drawn.join(''))
}

function short(label) {
  return label.length > 40 ? `${label.slice(0, 39)}…` : label
}

function drawing(width, height, title, inside) {
  return `<svg viewBox="0 0 ${width} ${height}" width="${width}" role="img"><title>${escape(title)}</title>${inside}</svg>`
}

const SHARES = ['50 %', '90 %', '99 %', '99.9 %', 'all']
const CURVE = { left: 70, top: 24, width: 480, height: 170 }

/** How long the fastest 50, 90, … % of the requests took; the height is logarithmic. */
function curve(result) {
  const lines = Object.entries(result.seen)
    .filter(([, seen]) => seen[result.curve] !== undefined)
    .map(([kind, seen]) => [kind, SHARES.map((_, i) => median(seen[result.curve].map((run) => run[i])))])
  const all = lines.flatMap(([, values]) => values).filter((value) => value > 0)
  if (all.length === 0) return ''
  const low = Math.floor(Math.log10(Math.min(...all)))
  const high = Math.max(Math.ceil(Math.log10(Math.max(...all))), low + 1)
  const x = (i) => CURVE.left + (i / (SHARES.length - 1)) * CURVE.width
  const y = (value) => CURVE.top + CURVE.height * (1 - (Math.log10(value) - low) / (high - low))
  const grid = []
  for (let power = low; power <= high; power++) {
    const at = y(10 ** power).toFixed(1)
    grid.push(`<line class="grid" x1="${CURVE.left}" x2="${CURVE.left + CURVE.width}" y1="${at}" y2="${at}"/>`)
    grid.push(`<text x="${CURVE.left - 8}" y="${Number(at) + 4}" text-anchor="end">${10 ** power >= 1 ? 10 ** power : (10 ** power).toFixed(-power)} ms</text>`)
  }
  SHARES.forEach((share, i) => grid.push(`<text x="${x(i)}" y="${CURVE.top + CURVE.height + 20}" text-anchor="middle">${share}</text>`))
  const paths = lines.map(([kind, values]) => {
    const points = values.map((value, i) => `${x(i).toFixed(1)},${y(Math.max(value, 10 ** low)).toFixed(1)}`)
    return `<polyline class="line ${kind}" points="${points.join(' ')}"/>${points.map((point) => dot(point, kind)).join('')}`
  })
  return drawing(
    CURVE.left + CURVE.width + 40,
    CURVE.top + CURVE.height + 30,
    'answered within',
    `<text x="0" y="12">answered within</text>${grid.join('')}${paths.join('')}`,
  )
}

function dot(point, kind) {
  const [x, y] = point.split(',')
  return `<circle class="${kind}" cx="${x}" cy="${y}" r="3.5"/>`
}

const STYLE = `
:root { color-scheme: light dark; --ours: #1767c2; --java: #c9741a; --line: #8884; --good: #1c7c3c; --bad: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --ours: #6aa9f2; --java: #eba35a; --good: #6cc98a; --bad: #f2938c; } }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h2 { margin: 2.5rem 0 .5rem; font-size: 1.2rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .2rem .8rem; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
tbody th { text-align: left; font-weight: normal; padding-left: 0; }
td.left { text-align: left; }
.met { color: var(--good); } .missed { color: var(--bad); font-weight: bold; }
.small { font-size: .85em; opacity: .7; }
svg { display: block; max-width: 100%; height: auto; margin: 1rem 0; font-size: 12px; }
svg text { fill: currentColor; }
.ours, .stub { fill: var(--ours); } .java { fill: var(--java); }
.line { fill: none; stroke-width: 2; } .line.ours, .line.stub { stroke: var(--ours); } .line.java { stroke: var(--java); }
.grid { stroke: var(--line); }
`

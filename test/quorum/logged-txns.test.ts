// A log on its way to a learner: `P1:3 C1:3` are PROPOSAL and COMMIT of txn 3 of epoch 1.
import { describe, expect, test } from 'vitest'
import { JuteWriter } from '../../src/jute/writer.ts'
import { LoggedTxns } from '../../src/quorum/member/logged-txns.ts'
import type { LoggedTxnsOptions } from '../../src/quorum/member/logged-txns.ts'
import { PacketDecoder } from '../../src/quorum/wire/packet-decoder.ts'
import type { MemoryDisk } from '../../src/server/host/memory-disk.ts'
import { TxnLogReader } from '../../src/server/storage/txn-log-reader.ts'
import { TxnLog } from '../../src/server/storage/txn-log.ts'
import { FakeHost } from '../support/fake-host.ts'
import { errorTxn, zxidOf, zxidText } from '../support/txns.ts'

const LOG = { directory: '/log', preAllocSizeBytes: 4096, forceSync: true, txnLogSizeLimitBytes: 0, fsyncWarningThresholdMs: 1000 }

/** `1:1 1:2 | 2:1`: files of txns. */
function logOf(text: string): FakeHost {
  const host = new FakeHost()
  ;(host.disk as MemoryDisk).now.makeDirectory(LOG.directory)
  const log = new TxnLog(host, LOG)
  for (const file of text.split(' | ')) {
    for (const zxid of file.split(' ').map(zxidOf)) log.append(zxid, errorTxn(zxid).payload)
    log.roll()
  }
  log.close(() => {})
  host.settle()
  return host
}

interface Span {
  readonly after: string
  readonly until?: string
  readonly last: string
  readonly wholeFrom?: string
}

/** What goes out, a slice after the other; `gap before 1:7` where the log has a hole. */
function sent(log: string, { after, until, last, wholeFrom = '0:0' }: Span): string {
  const host = logOf(log)
  const words: string[] = []
  const options: LoggedTxnsOptions = {
    clock: host.clock,
    after: zxidOf(after),
    until: until === undefined ? undefined : zxidOf(until),
    last: zxidOf(last),
    wholeFrom: zxidOf(wholeFrom),
    as: 'proposals',
    digestsFrom: 0n,
    onGap: (next) => void words.push(`gap before ${zxidText(next)}`),
  }
  const source = new LoggedTxns(new TxnLogReader(host.disk, LOG.directory, options.after + 1n, { maxLength: 1 << 20 }), options)
  const decoder = new PacketDecoder(1 << 20)
  try {
    for (let isDone = false; !isDone;) {
      const w = new JuteWriter()
      fetched(host, source)
      isDone = source.fill(w)
      decoder.feed(w.copy())
      for (let packet = decoder.next(); packet !== undefined; packet = decoder.next()) {
        words.push(`${packet.type === 2 ? 'P' : 'C'}${zxidText(packet.zxid)}`)
      }
    }
  } catch (error) {
    words.push((error as Error).name)
  }
  source.close()
  return words.join(' ')
}

function fetched(host: FakeHost, source: LoggedTxns): void {
  let failure: Error | undefined
  source.fetch((error) => (failure = error))
  host.settle()
  if (failure !== undefined) throw failure
}

describe('what the log holds goes out', () => {
  test('up to what memory holds', () => {
    expect(sent('1:1 1:2 1:3 1:4 1:5', { after: '1:2', until: '1:5', last: '1:9' })).toBe('P1:3 C1:3 P1:4 C1:4')
  })

  test('from file to file, a slice after the other', () => {
    expect(sent('1:1 1:2 | 1:3 | 1:4', { after: '1:1', until: '1:5', last: '1:5' })).toBe('P1:2 C1:2 P1:3 C1:3 P1:4 C1:4')
  })

  test('across epochs', () => {
    expect(sent('1:1 1:2 2:1 4:1', { after: '1:1', until: '4:2', last: '4:2' })).toBe('P1:2 C1:2 P2:1 C2:1 P4:1 C4:1')
  })

  test('to the end of the history when memory holds nothing, and not what is only proposed', () => {
    expect(sent('1:1 1:2 1:3 1:4', { after: '1:1', last: '1:3' })).toBe('P1:2 C1:2 P1:3 C1:3')
    expect(sent('1:1 1:2 2:1', { after: '1:1', last: '2:0' })).toBe('P1:2 C1:2')
    expect(sent('1:1 1:2', { after: '1:1', last: '2:0' })).toBe('P1:2 C1:2')
  })
})

test('a log that takes long to read goes out in parts', () => {
  const host = logOf('1:1 1:2 | 1:3 1:4 | 1:5 1:6')
  const clock = { now: () => (host.clock.nowMs += 20) }
  const reader = new TxnLogReader(host.disk, LOG.directory, zxidOf('1:2'), { maxLength: 1 << 20 })
  const span = { after: zxidOf('1:1'), until: zxidOf('1:7'), last: zxidOf('1:7'), wholeFrom: 0n, digestsFrom: 0n, as: 'proposals' as const }
  const source = new LoggedTxns(reader, { clock, ...span, onGap: () => undefined })
  const sizes: number[] = []
  for (let isDone = false; !isDone;) {
    const w = new JuteWriter()
    fetched(host, source)
    isDone = source.fill(w)
    sizes.push(w.position)
  }
  source.close()
  expect(sizes.length).toBeGreaterThan(1)
  expect(sizes.every((size) => size > 0)).toBe(true)
})

describe('nothing goes out behind a hole', () => {
  test.each<[string, string, Span, string]>([
    ['right behind what the learner has', '1:1 1:2 | 1:5', { after: '1:2', until: '1:6', last: '1:6' }, 'gap before 1:5'],
    ['within the log', '1:1 1:2 1:3 | 1:5', { after: '1:2', until: '1:6', last: '1:6' }, 'gap before 1:5'],
    ['between log and memory', '1:1 1:2 1:3', { after: '1:2', until: '1:6', last: '1:6' }, 'gap before 1:6'],
    ['at the end of the history', '1:1 1:2 1:3', { after: '1:2', last: '1:6' }, 'gap before 1:6'],
    ['where the epoch begins later', '1:1 1:2 1:3 2:2', { after: '1:2', until: '2:3', last: '2:3' }, 'gap before 2:2'],
    [
      'where the epoch changes and a snapshot may lie between',
      '1:1 1:2 1:3 | 2:1',
      { after: '1:2', until: '2:2', last: '2:2', wholeFrom: '2:1' },
      'gap before 2:1',
    ],
    ['before an epoch without txns', '1:1 1:2 1:3', { after: '1:2', last: '2:0', wholeFrom: '2:0' }, 'gap before 2:0'],
  ])('%s', (_, log, span, words) => {
    expect(sent(log, span)).toBe(`${words} CorruptStorage`)
  })
})

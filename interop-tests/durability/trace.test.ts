// The order of system calls proves that nothing is told before it is safe: kill -9 does not, because what a process has written outlives it.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { Random } from '../oracle/random.ts'
import { patchedPackage } from '../peers/patched-package.ts'
import { needPeer } from '../peers/peers.ts'
import { temporaryDirectory } from '../peers/processes.ts'
import { defects } from './defects.ts'
import { readAlong } from './reader.ts'
import type { Seen } from './reader.ts'
import { SequenceWriter } from './sequence.ts'
import { SLOW_SYNCS, startTraced } from './traced-server.ts'
import type { TracedOptions, TracedServer } from './traced-server.ts'
import type { TraceReport } from './trace-checker.ts'

const strace = await needPeer('strace')

const WRITERS = 3
const STEPS = 600
/** Besides the writes, so much is seen before the absence of findings means something. */
const PROOF = { reads: 100, notifications: 20, logs: 6 }
/** Several snapshots, each of which begins a new log. */
const BUSY = { snapCount: '60' }
const MOST_KEPT = 2
const MOST_ROUNDS = 12
const rows: Record<string, string | number>[] = []

interface Load {
  readonly writers: SequenceWriter[]
}

/** Writers and a reader at work until so many steps are acknowledged and `isProven`, asked now and then, of what the reader was told. */
async function load(server: TracedServer, steps: number, found?: Load, isProven: (seen: Seen) => boolean = () => true): Promise<Load> {
  const { port } = server
  const open = (_: unknown, index: number): Promise<SequenceWriter> => SequenceWriter.open(port, `/writer-${index}`, { random: new Random(index) })
  const writers = found?.writers ?? (await Promise.all(Array.from({ length: WRITERS }, open)))
  const before = acknowledged(writers)
  const seen: Seen = { reads: 0, notifications: 0 }
  const isEnough = (): boolean => acknowledged(writers) - before >= steps && isProven(seen)
  await Promise.all([
    readAlong(
      port,
      writers.map(({ base }) => base),
      isEnough,
      seen,
    ),
    ...writers.map((writer) => writer.write(isEnough)),
  ])
  return { writers }
}

function acknowledged(writers: readonly SequenceWriter[]): number {
  return writers.reduce((sum, writer) => sum + writer.acknowledged, 0)
}

async function end(server: TracedServer, how: 'SIGTERM' | 'SIGKILL'): Promise<TraceReport> {
  server.signal(how)
  return await server.report()
}

function note(what: string, { told, syncs, appeared }: TraceReport): void {
  const count = (kind: string): number => appeared.filter((name) => name.startsWith(kind)).length
  rows.push({ what, ...told, syncs, logs: count('log'), snapshots: count('snapshot') })
}

/** Enough happened for the absence of findings to mean something. */
function expectProof(what: string, report: TraceReport): void {
  note(what, report)
  expect(report.findings).toEqual([])
  expect(report.told.write).toBeGreaterThan(STEPS)
  expect(report.told.read).toBeGreaterThan(PROOF.reads)
  expect(report.told.notification).toBeGreaterThan(PROOF.notifications)
  expect(report.told.handshake).toBeGreaterThan(WRITERS)
  expect(report.appeared.slice(0, 2)).toEqual(['snapshot.0', 'log.1'])
  expect(report.appeared.filter((name) => name.startsWith('log')).length).toBeGreaterThanOrEqual(PROOF.logs)
}

describe.skipIf(strace === undefined)('no reply leaves before the sync that covers it', () => {
  afterAll(() => console.table(rows))

  it.each<[string, Omit<TracedOptions, 'dataDir'>, boolean]>([
    ['from the first log of a fresh directory, with snapshots and rolls', { config: BUSY }, false],
    ['with a directory of its own for the logs', { config: BUSY }, true],
    ['with a log that is rolled for its size', { config: { txnLogSizeLimitInKb: '8', preAllocSize: '4', ...BUSY } }, false],
    ['with syncs that take long', { config: BUSY, injections: SLOW_SYNCS }, false],
  ])('%s', async (what, options, hasLogDir) => {
    const dataDir = join(await temporaryDirectory('traced'), 'data')
    const directories: { dataDir: string; dataLogDir?: string } = hasLogDir
      ? { dataDir, dataLogDir: join(await temporaryDirectory('traced-logs'), 'logs') }
      : { dataDir }
    const server = await startTraced({ ...options, ...directories })
    try {
      const logDirectory = join(directories.dataLogDir ?? dataDir, 'version-2')
      const logs = (): number => readdirSync(logDirectory).filter((name) => name.startsWith('log.')).length
      await load(server, STEPS, undefined, ({ reads, notifications }) => reads > PROOF.reads && notifications > PROOF.notifications && logs() >= PROOF.logs)
      expectProof(what, await end(server, 'SIGTERM'))
    } finally {
      await server.kill()
    }
  })

  it('nor where one client waits for each of its writes', async () => {
    const dataDir = join(await temporaryDirectory('traced'), 'data')
    const server = await startTraced({ dataDir })
    try {
      const writer = await SequenceWriter.open(server.port, '/alone', { random: new Random(1), window: 1 })
      await writer.write(() => writer.acknowledged > 100)
      const report = await end(server, 'SIGTERM')
      note('one client alone', report)
      expect(report.told.write).toBeGreaterThan(100)
      expect(report.findings).toEqual([])
    } finally {
      await server.kill()
    }
  })

  it('nor after a kill, when the next server shows what the first has left in memory, and purges', async () => {
    const dataDir = await temporaryDirectory('traced')
    let found: Load | undefined
    let removed = 0
    // Each start purges what the snapshots before it have made superfluous, and a busy machine writes fewer of them.
    for (let round = 1; round <= 3 || (removed <= MOST_KEPT && round <= MOST_ROUNDS); round++) {
      const server = await startTraced({ dataDir, config: { snapCount: '30', 'autopurge.purgeInterval': '1' }, injections: SLOW_SYNCS })
      try {
        for (const writer of found?.writers ?? []) await writer.attach(server.port)
        found = await load(server, 200, found)
        const report = await end(server, 'SIGKILL')
        note(`kill ${round}`, report)
        expect(report.findings).toEqual([])
        expect(report.told.write).toBeGreaterThanOrEqual(200)
        removed += report.removed.length
      } finally {
        await server.kill()
      }
    }
    expect(removed).toBeGreaterThan(MOST_KEPT)
  })

  it.each(defects.map((defect) => [defect.name, defect] as const))('would have been found: %s', async (name, { edits, found, config, restarted }) => {
    const dataDir = join(await temporaryDirectory('defect'), 'data')
    const options: TracedOptions = { dataDir, config: { ...BUSY, ...config }, injections: SLOW_SYNCS, command: await patchedPackage(name, edits) }
    let server = await startTraced(options)
    try {
      let loaded = await load(server, 300)
      let report = await end(server, restarted ? 'SIGKILL' : 'SIGTERM')
      if (restarted) {
        server = await startTraced(options)
        for (const writer of loaded.writers) await writer.attach(server.port)
        loaded = await load(server, 50, loaded)
        report = await end(server, 'SIGTERM')
      }
      expect(report.findings.join('\n')).toMatch(found)
    } finally {
      await server.kill()
    }
  })
})

// After its start a server makes no call that can wait for a disk on the thread that serves everybody: strace shows every call of that thread, with
// rolls, snapshots, purges and words that tell of the disk, and of members of an ensemble that change roles and epochs and bring others up to date.
import { dirname, join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { Ensemble } from '../ensemble/ensemble.ts'
import { Random } from '../oracle/random.ts'
import { SequenceWriter } from '../durability/sequence.ts'
import { needPeer } from '../peers/peers.ts'
import { eventually, temporaryDirectory } from '../peers/processes.ts'
import { fourLetterWord, startServerProcess } from '../peers/server-process.ts'
import type { ServerProcess } from '../peers/server-process.ts'
import { tskeeperCommand } from '../peers/tskeeper.ts'
import { create, setData } from '../storage/requests.ts'
import type { RawSession } from '../wire/raw-session.ts'
import { diskCalls, tracedCalls } from './main-thread.ts'
import type { DiskCalls } from './main-thread.ts'

const strace = await needPeer('strace')

const LIMIT_MS = 60_000
const SESSION_MS = 30_000
/** Snapshots, logs that are short, and their preallocation. */
const BUSY = { snapCount: '60', txnLogSizeLimitInKb: '8', preAllocSize: '4' }
/** A purge lasts until the first clients are served. */
const SLOW_DELETIONS = ['unlink:delay_enter=20000', 'unlinkat:delay_enter=20000']
const WRITERS = 3
const STEPS = 900
const WORDS = ['ruok', 'srvr', 'stat', 'mntr', 'dirs', 'conf', 'envi', 'cons', 'dump', 'wchs', 'hash', 'lsnp', 'icfg']
/** More than the leader keeps in memory. */
const MISSED = 1_200
const WINDOW = 50

let server: ServerProcess | undefined
let ensemble: Ensemble | undefined

afterEach(async () => {
  await server?.kill()
  await ensemble?.end()
  server = ensemble = undefined
})

const ours = (configFile: string): string[] => tskeeperCommand('start-foreground', configFile)
const waitsHere = (configFile: string): string[] => {
  const [node, ...args] = ours(configFile)
  return [node, '--import', join(import.meta.dirname, 'waits-here.mjs'), ...args]
}

async function load(port: number, round: number): Promise<void> {
  const open = (_: unknown, index: number): Promise<SequenceWriter> => SequenceWriter.open(port, `/writer-${round}-${index}`, { random: new Random(index) })
  const writers = await Promise.all(Array.from({ length: WRITERS }, open))
  const done = (): boolean => writers.reduce((sum, { acknowledged }) => sum + acknowledged, 0) >= STEPS
  await Promise.all([...writers.map((writer) => writer.write(done)), ...WORDS.map((word) => fourLetterWord(port, word, LIMIT_MS))])
  // One client that waits for each of its writes.
  const single = await SequenceWriter.open(port, `/single-${round}`, { random: new Random(round), window: 1 })
  await single.write(() => single.acknowledged > 100)
  for (const writer of [...writers, single]) writer.drop()
}

/** A life that leaves many files, and one that purges and writes them under a tracer. */
async function callsOfLoneServer(command: (configFile: string) => string[]): Promise<DiskCalls> {
  const dataDir = await temporaryDirectory('main-thread')
  server = await startServerProcess(ours, { dataDir, config: BUSY })
  await load(server.port, 1)
  await server.stop()
  const trace = join(await temporaryDirectory('calls'), 'trace')
  const config = { ...BUSY, 'autopurge.purgeInterval': '1' }
  server = await startServerProcess((configFile) => tracedCalls(command(configFile), trace, SLOW_DELETIONS), { dataDir, config })
  await load(server.port, 2)
  await eventually('the purge is over', LIMIT_MS, () => (server!.log().includes('Purge task completed') ? true : undefined))
  await server.kill()
  return await diskCalls(trace, dataDir)
}

/** Enough happened elsewhere for the absence of findings to mean something. */
function expectProof({ others }: DiskCalls, names: readonly string[]): void {
  for (const name of names) expect([name, others.get(name) ?? 0]).toEqual([name, expect.any(Number)])
  expect(names.filter((name) => (others.get(name) ?? 0) === 0)).toEqual([])
}

async function askAll(session: RawSession, count: number): Promise<void> {
  for (let at = 0; at < count; at += WINDOW) await session.askAll(Array.from({ length: WINDOW }, (_none, index) => setData('/missed', String(at + index))))
}

describe.skipIf(strace === undefined)('on the thread that serves everybody no call waits for a disk', () => {
  it('of a lone server, under load, with rolls, snapshots and a purge', async () => {
    const calls = await callsOfLoneServer(ours)
    expect([...calls.main]).toEqual([])
    expectProof(calls, ['openat', 'pwrite64', 'fdatasync', 'fsync', 'ftruncate', 'rename', 'unlink', 'getdents64', 'close'])
    expect(calls.others.get('unlink')).toBeGreaterThan(10)
    expect(calls.others.get('rename')).toBeGreaterThan(10)
  })

  it('which would be seen of a server that waits there', async () => {
    const { main } = await callsOfLoneServer(waitsHere)
    const names = new Set([...main.keys()].map((call) => call.split(' ')[0]))
    for (const name of ['openat', 'pwrite64', 'fdatasync', 'fsync', 'ftruncate', 'rename', 'unlink', 'getdents64', 'close']) expect(names).toContain(name)
  })

  it('of members that lead, follow, change the epoch, and send what another has missed out of the log', async () => {
    const lives: { readonly trace: string; readonly dataDir: string }[] = []
    const traces = await temporaryDirectory('calls')
    const command = (configFile: string): string[] => {
      const life = { trace: join(traces, `life-${lives.length}`), dataDir: join(dirname(configFile), 'data') }
      lives.push(life)
      return tracedCalls(ours(configFile), life.trace)
    }
    const properties = { 'zookeeper.snapshotSizeFactor': '0' }
    ensemble = await Ensemble.start({ voters: ['ours', 'ours', 'ours'], config: { snapCount: '400' }, properties, command })
    const [first, , third] = ensemble.members
    const session = await third.session(SESSION_MS)
    await session.ask(create('/missed'))
    await ensemble.agree()
    await first.kill()
    await askAll(session, MISSED)
    await first.startBehind(third, 'diff')
    expect(third.log()).toMatch(/gets log/)
    // One whose disk is new is sent everything.
    await first.kill()
    await first.forgetData()
    await first.startBehind(third, 'snap')
    await askAll(session, MISSED)
    session.drop()
    await third.kill()
    const next = await ensemble.leader()
    await ensemble.allServe()
    await third.start()
    await ensemble.allServe()
    expect(await next.mode()).toBe('leader')
    const last = await next.session(SESSION_MS)
    await askAll(last, MISSED)
    await last.close()
    await ensemble.agree()
    await ensemble.end()
    expect(lives.length).toBe(6)
    const all = await Promise.all(lives.map(({ trace, dataDir }) => diskCalls(trace, dataDir)))
    expect(all.map(({ main }) => [...main])).toEqual(all.map(() => []))
    for (const calls of all) expectProof(calls, ['openat', 'pwrite64', 'fdatasync', 'fsync', 'rename', 'close'])
  })
})

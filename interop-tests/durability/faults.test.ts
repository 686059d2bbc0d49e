// A disk that fails: strace answers one call of the server with an error. Nobody is told of what is not safe, nothing is tried twice, the server says
// what happened and ends with Java's exit code, and the next one has everything that was acknowledged.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Random } from '../oracle/random.ts'
import { patchedPackage } from '../peers/patched-package.ts'
import type { Edit } from '../peers/patched-package.ts'
import { needPeer } from '../peers/peers.ts'
import { eventually, runProgram, temporaryDirectory } from '../peers/processes.ts'
import { prepareConfig, startServerProcess } from '../peers/server-process.ts'
import { straced } from '../peers/strace.ts'
import type { Injection } from '../peers/strace.ts'
import { startTsKeeper, tskeeperCommand } from '../peers/tskeeper.ts'
import { expectFatal, expectFound } from './fatal.ts'
import { SequenceWriter } from './sequence.ts'
import { injectedCalls } from './trace.ts'
import { attachTrace } from './traced-server.ts'

const strace = await needPeer('strace')

/** strace counts the calls of each thread: with one in the pool it is known which is which. */
const ONE_THREAD = { UV_THREADPOOL_SIZE: '1' }
const WRITERS = 2
const WAIT_LIMIT_MS = 60_000

interface Fault {
  readonly what: string
  readonly injection: Injection
  /** The call and the file that the fault hits. */
  readonly hits: RegExp
  readonly exitCode: number
  readonly config?: Readonly<Record<string, string>>
}

const SMALL_LOGS = { txnLogSizeLimitInKb: '8', preAllocSize: '4' }
/** A snapshot every two txns: the first is under way when the first client has made its base. */
const SNAPSHOTS = { snapCount: '2' }

const faults: readonly Fault[] = [
  { what: 'a sync of the log fails', injection: 'fdatasync:error=EIO:when=4', hits: /^fdatasync .*\/log\.1$/, exitCode: 1 },
  { what: 'the first sync of the first log fails', injection: 'fdatasync:error=EIO:when=1', hits: /^fdatasync .*unfinished-log\.1$/, exitCode: 1 },
  { what: 'a write to the log fails', injection: 'pwrite64:error=EIO:when=4', hits: /^pwrite64 .*\/log\.1$/, exitCode: 1 },
  { what: 'a write to the log finds no room', injection: 'pwrite64:error=ENOSPC:when=4', hits: /^pwrite64 .*\/log\.1$/, exitCode: 1 },
  { what: 'a write to the log takes nothing', injection: 'pwrite64:retval=0:when=4+', hits: /^pwrite64 .*\/log\.1$/, exitCode: 1 },
  {
    what: 'the log cannot be preallocated',
    injection: 'ftruncate:error=ENOSPC:when=3',
    hits: /^ftruncate .*\/log\.1$/,
    exitCode: 1,
    config: { preAllocSize: '4' },
  },
  { what: 'the first log does not get its name', injection: 'rename:error=EIO:when=1', hits: /^rename .*unfinished-log\.1$/, exitCode: 1 },
  { what: 'the name of the first log is not synced', injection: 'fsync:error=EIO:when=1', hits: /^fsync .*version-2$/, exitCode: 1 },
  {
    what: 'a later log does not get its name',
    injection: 'rename:error=ENOSPC:when=3',
    hits: /^rename .*unfinished-log\.\w+$/,
    exitCode: 1,
    config: SMALL_LOGS,
  },
  { what: 'the name of a later log is not synced', injection: 'fsync:error=EIO:when=3', hits: /^fsync .*version-2$/, exitCode: 1, config: SMALL_LOGS },
  {
    what: 'the sync of a snapshot fails',
    injection: 'fdatasync:error=EIO:when=3',
    hits: /^fdatasync .*unfinished-snapshot\.\w+$/,
    exitCode: 10,
    config: SNAPSHOTS,
  },
  {
    what: 'a snapshot does not get its name',
    injection: 'rename:error=EIO:when=2',
    hits: /^rename .*unfinished-snapshot\.\w+$/,
    exitCode: 10,
    config: SNAPSHOTS,
  },
  { what: 'the name of a snapshot is not synced', injection: 'fsync:error=EIO:when=2', hits: /^fsync .*version-2$/, exitCode: 10, config: SNAPSHOTS },
]

interface StartFault extends Fault {
  /** There is something in the directory. */
  readonly isRestart?: boolean
}

const startFaults: readonly StartFault[] = [
  { what: 'the directory cannot be made', injection: 'mkdir:error=ENOSPC:when=1', hits: /^mkdir .*version-2$/, exitCode: 3 },
  { what: 'the first snapshot finds no room', injection: 'pwrite64:error=ENOSPC:when=1', hits: /^pwrite64 .*unfinished-snapshot\.0$/, exitCode: 10 },
  { what: 'the first snapshot cannot be synced', injection: 'fdatasync:error=EIO:when=1', hits: /^fdatasync .*unfinished-snapshot\.0$/, exitCode: 10 },
  { what: 'what was found cannot be synced', injection: 'fdatasync:error=EIO:when=1', hits: /^fdatasync .*\/snapshot\.0$/, exitCode: 1, isRestart: true },
  { what: 'the directory of what was found cannot be synced', injection: 'fsync:error=EIO:when=1', hits: /^fsync .*\/data$/, exitCode: 1, isRestart: true },
]

/** Where the sync of a write has ended. */
const SYNCED = 'fs.fdatasync(this.#fd, told(done));'

/** Servers that do not take a failed sync for what it is. */
const careless: readonly [what: string, edit: Edit, found: RegExp][] = [
  [
    'tries it again',
    {
      file: 'server/host/node-disk.js',
      find: SYNCED,
      replace: 'fs.fdatasync(this.#fd, (error) => (error === null ? done(undefined) : this.sync(done)));',
    },
    /log\.1 is synced again after that failed[^]*a write tells of 0x\w+ while only 0x\w+ is durable/,
  ],
  [
    'goes on as if nothing had been',
    {
      file: 'server/host/node-disk.js',
      find: SYNCED,
      replace: 'fs.fdatasync(this.#fd, () => done(undefined));',
    },
    /a write tells of 0x\w+ while only 0x\w+ is durable[^]*log\.1 is written to after a log could not be|log\.1 is written to after[^]*a write tells of/,
  ],
]

const random = new Random(1)

async function openWriter(port: number, index: number): Promise<SequenceWriter | undefined> {
  // The server may go before it has answered.
  return await SequenceWriter.open(port, `/writer-${index}`, { random, dataBytes: 500 }).catch(() => undefined)
}

describe.skipIf(strace === undefined)('a disk that fails', () => {
  it.each(faults.map((fault) => [fault.what, fault] as const))('under load: %s', async (_what, fault) => {
    // Which call comes at which place is a matter of who is quicker: on a busy machine the log, or a snapshot, may be one call ahead.
    for (const shift of [0, 1, -1, 2, 0]) if (await happens(fault, shift)) return
    expect.unreachable(`no call was ${String(fault.hits)}`)
  })

  /** Injects the fault `shift` calls later. False where it hit another call than it was meant for; that ends the server as well, with 1 or 10. */
  async function happens({ injection, hits, exitCode, config }: Fault, shift: number): Promise<boolean> {
    const dataDir = join(await temporaryDirectory('faults'), 'data')
    const server = await startTsKeeper({ dataDir, ...(config !== undefined && { config }), env: ONE_THREAD })
    try {
      const { report } = await attachTrace(server, [injection.replace(/(?<=when=)\d+/, (count) => String(Math.max(1, Number(count) + shift)))])
      const first = await openWriter(server.port, 0)
      const writers = [first, first === undefined ? undefined : await openWriter(server.port, 1)].filter((writer) => writer !== undefined)
      await Promise.all(writers.map((writer) => writer.write()))
      const ended = await server.ended
      const { injected, findings } = await report()
      const isHit = hits.test(injected[0] ?? '')
      if (!isHit) expect([1, 10]).toContain(ended.code)
      expectFatal(ended, isHit ? exitCode : ended.code!)
      expect(injected.length).toBe(1)
      expect(findings).toEqual([])
      for (const writer of writers) writer.drop()
      await expectFound(dataDir, writers)
      return isHit
    } finally {
      await server.kill()
    }
  }

  it.each(startFaults.map((fault) => [fault.what, fault] as const))('at a start: %s', async (_what, { injection, hits, exitCode, isRestart }) => {
    const dataDir = join(await temporaryDirectory('faults'), 'data')
    const writers: SequenceWriter[] = []
    if (isRestart) {
      const server = await startTsKeeper({ dataDir })
      for (let index = 0; index < WRITERS; index++) writers.push((await openWriter(server.port, index))!)
      await Promise.all([
        ...writers.map((writer) => writer.write()),
        eventually('writes', WAIT_LIMIT_MS, () => (writers[0].acknowledged > 50 ? server.kill() : undefined)),
      ])
      for (const writer of writers) writer.drop()
    }
    const { configFile, directory } = await prepareConfig({ dataDir })
    const trace = join(directory, 'calls')
    const [program, ...args] = straced(tskeeperCommand('start-foreground', configFile), trace, [injection])
    expectFatal(await runProgram(program, args, { cwd: directory, env: ONE_THREAD, timeoutMs: WAIT_LIMIT_MS }), exitCode)
    expect(injectedCalls(await readFile(trace, 'latin1'))[0]).toMatch(hits)
    expect((await readdir(dataDir, { recursive: true })).filter((name) => name.includes('.unfinished-'))).toEqual([])
    await expectFound(dataDir, writers)
  })

  it.each(careless)('would be found to have lost something: a server that %s', async (what, edit, found) => {
    const server = await startServerProcess(await patchedPackage(what, [edit]), { env: ONE_THREAD })
    try {
      const { report } = await attachTrace(server, ['fdatasync:error=EIO:when=4'])
      const writer = (await openWriter(server.port, 0))!
      await writer.write(() => writer.acknowledged > 100)
      server.signal('SIGKILL')
      expect((await report()).findings.join('\n')).toMatch(found)
    } finally {
      await server.kill()
    }
  })
})

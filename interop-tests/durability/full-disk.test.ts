// A disk that is really full: a tmpfs of a few megabytes that is filled up under a server. Whatever finds no room first (the log, a snapshot, the
// name of a new log), nobody is told of what is not kept, and once there is room the next server has everything that was acknowledged.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { Random } from '../oracle/random.ts'
import { needPeer } from '../peers/peers.ts'
import { eventually, runProgram, startProgram, temporaryDirectory } from '../peers/processes.ts'
import { prepareConfig, startServerProcess } from '../peers/server-process.ts'
import type { ServerOptions, ServerProcess } from '../peers/server-process.ts'
import { SmallDisk } from '../peers/small-disk.ts'
import { ATTACHED, straceOf } from '../peers/strace.ts'
import { tskeeperCommand } from '../peers/tskeeper.ts'
import { expectFatal, expectFound } from './fatal.ts'
import { SequenceWriter } from './sequence.ts'
import { readTrace, stringsOf } from './trace.ts'

const mount = await needPeer('small disk')
const strace = await needPeer('strace')

const SIZE_KB = 4096
const LITTLE_ROOM = 200_000
const WRITERS = 3
/** While a write that was cut short is held up, room is made. Where the machine was too busy for that, the next server is held up longer. */
const HELD_UP_US = [500_000, 2_000_000, 8_000_000]
const SHORT_WRITES_LIMIT_MS = 120_000
const WAIT_LIMIT_MS = 60_000

const random = new Random(3)

describe.skipIf(mount === undefined)('a disk that is full', () => {
  let disk: SmallDisk
  let servers: ServerProcess[] = []

  afterEach(async () => {
    for (const server of servers) await server.kill()
    servers = []
    await disk.release()
  })

  const command = (configFile: string): string[] => disk.inside(tskeeperCommand('start-foreground', configFile))

  async function start(options: ServerOptions): Promise<ServerProcess> {
    const server = await startServerProcess(command, options)
    servers.push(server)
    return server
  }

  async function openWriters(port: number, dataBytes: number): Promise<SequenceWriter[]> {
    return await Promise.all(Array.from({ length: WRITERS }, (_, index) => SequenceWriter.open(port, `/writer-${index}`, { random, dataBytes })))
  }

  async function writeUntilEnd(writers: readonly SequenceWriter[]): Promise<void> {
    await Promise.all(writers.map((writer) => writer.write()))
    for (const writer of writers) writer.drop()
  }

  it('of which the log takes the last block', async () => {
    disk = await SmallDisk.mount({ sizeKb: SIZE_KB })
    const server = await start({ dataDir: disk.path })
    const writers = await openWriters(server.port, 4000)
    await disk.fill(LITTLE_ROOM)
    await writeUntilEnd(writers)
    expectFatal(await server.ended, 1)
    expect(disk.freeBytes()).toBeLessThan(LITTLE_ROOM)

    // A start writes a snapshot, for which there is no room yet.
    await disk.fill(0)
    const { configFile, directory } = await prepareConfig({ dataDir: disk.path })
    const [program, ...args] = command(configFile)
    expectFatal(await runProgram(program, args, { cwd: directory, timeoutMs: WAIT_LIMIT_MS }), 10)

    await disk.makeRoom()
    await expectFound(disk.path, writers, start)
  })

  it('of which snapshots take the last block', async () => {
    disk = await SmallDisk.mount({ sizeKb: SIZE_KB })
    const dataLogDir = await temporaryDirectory('roomy')
    const config = { dataLogDir, snapCount: '100' }
    const server = await start({ dataDir: disk.path, config })
    const writers = await openWriters(server.port, 4000)
    await disk.fill(LITTLE_ROOM)
    await writeUntilEnd(writers)
    expectFatal(await server.ended, 10)
    // The room that the failed snapshot has taken is given back.
    expect((await readdir(join(disk.outside, 'version-2'))).filter((name) => !name.startsWith('snapshot.'))).toEqual([])
    await disk.makeRoom()
    await expectFound(disk.path, writers, (options) => start({ ...options, config }))
  })

  it('of names for one more log', async () => {
    // The directory and its root, the lock, the first snapshot, a few logs.
    disk = await SmallDisk.mount({ sizeKb: SIZE_KB, files: 8 })
    const server = await start({ dataDir: disk.path, config: { txnLogSizeLimitInKb: '8', preAllocSize: '4' } })
    const writers = await openWriters(server.port, 1000)
    await writeUntilEnd(writers)
    expectFatal(await server.ended, 1)
    // Without a snapshot at the start there would be nothing to make room with: the operator gives it a larger disk.
    await disk.allowFiles(100)
    await expectFound(disk.path, writers, start)
  })

  it.skipIf(strace === undefined).each([
    { batches: 'short batches', dataBytes: 2000, room: 120_000 },
    { batches: 'long ones', dataBytes: 60_000, room: 3_000_000 },
  ])('for a moment: what a write that was cut short has left is written when there is room again ($batches)', async ({ dataBytes, room }) => {
    let shown = false
    for (const heldUpUs of HELD_UP_US) {
      disk = await SmallDisk.mount({ sizeKb: SIZE_KB * 4 })
      shown = await isGivenRoom(heldUpUs, dataBytes, room)
      if (shown) break
      await disk.release()
    }
    expect(shown, 'a write that was cut short was given room in time').toBe(true)
  })

  /** Whether a write was cut short and the rest of it written. False where there was no room in time: then the server has ended as it must. */
  async function isGivenRoom(heldUpUs: number, dataBytes: number, room: number): Promise<boolean> {
    const server = await start({ dataDir: disk.path })
    const writers = await openWriters(server.port, dataBytes)
    const trace = join(await temporaryDirectory('short'), 'calls')
    const [program, ...args] = disk.inside(straceOf(server.pid, trace, [`pwrite64:delay_exit=${heldUpUs}`]))
    const tracer = startProgram(program, args)
    await eventually('the server is traced', WAIT_LIMIT_MS, () => ATTACHED.test(tracer.output()) || undefined)
    let isOver = false
    let hasEnded = false
    void server.ended.then(() => (hasEnded = true))
    const written = writers.map((writer) => writer.write(() => isOver))
    // Now and then a write ends in the last block, and the next one is given room before it begins.
    for (const end = performance.now() + SHORT_WRITES_LIMIT_MS; !hasEnded && performance.now() < end && (await shortWrites(trace)) === 0;) {
      await disk.fill(room)
      await eventually('the disk is full', WAIT_LIMIT_MS, () => hasEnded || disk.freeBytes() === 0 || undefined)
      await disk.makeRoom()
    }
    isOver = true
    await Promise.all(written)
    for (const writer of writers) writer.drop()
    // By itself: below it is killed.
    const hasFailed = hasEnded
    if (hasFailed) expectFatal(await server.ended, 1)
    server.signal('SIGKILL')
    await Promise.all([server.ended, tracer.ended])
    if (!hasFailed) expect(await shortWrites(trace)).toBeGreaterThan(0)
    await expectFound(disk.path, writers, start)
    return !hasFailed
  }
})

/** How many writes took less than they were given. */
async function shortWrites(trace: string): Promise<number> {
  const text = await readFile(trace, 'latin1')
  const whole = text.slice(0, text.lastIndexOf('\n') + 1)
  const ends = [...readTrace(whole)].filter(({ kind, call }) => kind === 'end' && call.name === 'pwrite64')
  return ends.filter(({ call }) => call.result > 0 && call.result < stringsOf(call)[0].length).length
}

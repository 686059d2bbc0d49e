// The tools that look into files, beside Java's: the same text, the same exit codes and the same files, on what either server wrote.
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { runJava, startJavaServer } from '../peers/java.ts'
import { needPeer } from '../peers/peers.ts'
import { runProgram, temporaryDirectory } from '../peers/processes.ts'
import type { Result } from '../peers/processes.ts'
import { startTsKeeper, tskeeperCommand } from '../peers/tskeeper.ts'
import { newestSnapshot } from './files.ts'
import { runWorkload, workloadFlags } from './java-workload.ts'

const java = await needPeer('java')

const javaTools = {
  txnlog: 'persistence.TxnLogToolkit',
  snapshot: 'SnapshotFormatter',
  'snapshot-summary': 'SnapshotRecursiveSummary',
  'snapshot-comparer': 'SnapshotComparer',
} as const

type Tool = keyof typeof javaTools

const FLAGS = ['-Duser.timezone=America/New_York', '-Duser.language=en', '-Duser.country=US', '-Dfile.encoding=UTF-8', '-DZK_LOG=OFF']
const HEADER_SIZE = 16

/** Runs a tool of each side, each in a copy of the directory; what may differ is masked. */
async function runBoth(from: string, tool: Tool, args: readonly string[], stdin = ''): Promise<{ ours: Result; theirs: Result; left: string[] }> {
  const [mine, other] = [join(await temporaryDirectory('ours'), 'version-2'), join(await temporaryDirectory('theirs'), 'version-2')]
  for (const copy of [mine, other]) await cp(from, copy, { recursive: true })
  const [program, ...rest] = tskeeperCommand(tool, ...args)
  const running = runProgram(program, rest, { cwd: mine, env: { TZ: 'America/New_York' }, stdin })
  const javaOptions = { cwd: other, jvmFlags: FLAGS, env: { LC_ALL: 'C.UTF-8' }, stdin }
  const theirs = await runJava(`org.apache.zookeeper.server.${javaTools[tool]}`, args, javaOptions)
  const ours = await running
  const left = (await readdir(mine)).sort()
  expect(left).toEqual((await readdir(other)).sort())
  for (const name of left) expect((await readFile(join(mine, name))).equals(await readFile(join(other, name))), name).toBe(true)
  for (const copy of [mine, other]) await rm(copy, { recursive: true })
  return { ours: masked(ours, mine), theirs: masked(theirs, other), left }
}

function masked(result: Result, directory: string): Result {
  const mask = (text: string): string =>
    text
      .replaceAll(directory, '')
      .replace(/in \d+\.\d+ seconds/g, 'in … seconds')
      .replace(/"timestamp":\d+/, '"timestamp":…')
  return { ...result, stdout: mask(result.stdout), stderr: mask(result.stderr) }
}

async function expectSame(from: string, tool: Tool, args: readonly string[], stdin = ''): Promise<string> {
  const { ours, theirs } = await runBoth(from, tool, args, stdin)
  expect({ code: ours.code, stdout: ours.stdout, stderr: ours.stderr }).toEqual({ code: theirs.code, stdout: theirs.stdout, stderr: theirs.stderr })
  return ours.stdout
}

/** Their usage is in other words. */
async function expectRefused(from: string, tool: Tool, args: readonly string[]): Promise<void> {
  const { ours, theirs } = await runBoth(from, tool, args)
  expect([args, ours.code]).toEqual([args, theirs.code])
  expect(ours.code).not.toBe(0)
  expect(ours.stdout + ours.stderr).toContain('usage: tskeeper')
}

describe.skipIf(java === undefined)('the tools on the files of', () => {
  const directories: Record<'Java' | 'ours', string> = { Java: '', ours: '' }
  const snapshots: Record<'Java' | 'ours', string> = { Java: '', ours: '' }

  beforeAll(async () => {
    const config = { preAllocSize: '8' }
    const flags = { SERVER_JVMFLAGS: workloadFlags.join(' ') }
    const starts = {
      Java: (dataDir?: string) => startJavaServer({ config, jvmFlags: workloadFlags, ...(dataDir === undefined ? {} : { dataDir }) }),
      ours: (dataDir?: string) => startTsKeeper({ config, env: flags, ...(dataDir === undefined ? {} : { dataDir }) }),
    }
    for (const side of ['Java', 'ours'] as const) {
      const server = await starts[side]()
      await runWorkload(server.port)
      await server.stop()
      await (await starts[side](server.dataDir)).stop()
      directories[side] = join(await temporaryDirectory('files'), 'version-2')
      await mkdir(directories[side])
      await cp(join(server.dataDir, 'version-2'), directories[side], { recursive: true })
      snapshots[side] = newestSnapshot(directories[side]).slice(directories[side].length + 1)
      // A wrong checksum, and a trailer that is none.
      const log = await readFile(join(directories[side], 'log.1'))
      const broken = Buffer.from(log)
      broken[HEADER_SIZE + 6] = broken[HEADER_SIZE + 6] ^ 0xff
      await writeFile(join(directories[side], 'broken'), broken)
      const partial = Buffer.from(log)
      partial[HEADER_SIZE + 12 + partial.readInt32BE(HEADER_SIZE + 8)] = 0
      await writeFile(join(directories[side], 'partial'), partial)
    }
  })

  it('ours print the same', async () => {
    const [from, snapshot] = [directories.ours, snapshots.ours]
    expect(await expectSame(from, 'txnlog', ['log.1'])).toMatch(/createTTL[^]*EOF reached after \d+ txns\.\n$/)
    await expectSame(from, 'txnlog', ['-c', '-z', '0x10', 'log.1'])
    await expectSame(from, 'snapshot', ['-d', snapshot])
    await expectSame(from, 'snapshot-comparer', ['-l', 'snapshot.0', '-r', snapshot, '-b', '2', '-n', '1'])
  })

  describe('Java print the same:', () => {
    it('a log, and mend it, and chop it', async () => {
      const from = directories.Java
      expect(await expectSame(from, 'txnlog', ['log.1'])).toMatch(/createTTL[^]*EOF reached after \d+ txns\.\n$/)
      await expectSame(from, 'txnlog', ['-d', 'broken'])
      await expectSame(from, 'txnlog', ['partial'])
      expect(await expectSame(from, 'txnlog', ['-r', '-y', 'broken'])).toContain('CRC FIXED - ')
      expect(await expectSame(from, 'txnlog', ['-rv', 'broken'], 'what\ny\n')).toContain('with 1 fixed CRC error(s)')
      expect(await expectSame(from, 'txnlog', ['-r', 'broken'], 'no\n')).toContain('with 0 fixed CRC error(s)')
      await expectSame(from, 'txnlog', ['-r', 'broken'], 'Abort\n')
      for (const zxid of ['0x10', '16', '020', '0x7fff']) await expectSame(from, 'txnlog', ['-c', '-z', zxid, 'log.1'])
      await expectSame(from, 'txnlog', ['--chop', '--zxid', '3', 'broken'])
      await expectSame(from, 'txnlog', ['nowhere'])
      await expectSame(from, 'txnlog', [snapshots.Java])
      await expectRefused(from, 'txnlog', [])
    })

    it('a snapshot', async () => {
      const [from, snapshot] = [directories.Java, snapshots.Java]
      expect(await expectSame(from, 'snapshot', [snapshot])).toContain('dataLength = ')
      expect(await expectSame(from, 'snapshot', ['-d', snapshot])).toContain('data = ')
      expect(await expectSame(from, 'snapshot', ['-json', snapshot])).toContain('"ino":1001')
      await expectSame(from, 'snapshot', ['-json', '-d', snapshot])
      await expectSame(from, 'snapshot', ['nowhere'])
      for (const args of [[], ['-d'], ['-x', snapshot], [snapshot, '-d']]) await expectRefused(from, 'snapshot', args)
      await expectSame(from, 'snapshot-summary', [snapshot, '/', '0'])
      await expectSame(from, 'snapshot-summary', [snapshot, '/', '1'])
      await expectSame(from, 'snapshot-summary', [snapshot, '/a', '0'])
      await expectSame(from, 'snapshot-summary', [snapshot, '/a/b', '0'])
    })

    it('the difference of two snapshots', async () => {
      const [from, snapshot] = [directories.Java, snapshots.Java]
      const two = ['-l', 'snapshot.0', '-r', snapshot]
      expect(await expectSame(from, 'snapshot-comparer', [...two, '-b', '2', '-n', '1'])).toContain('found only in right tree')
      await expectSame(from, 'snapshot-comparer', [...two, '-b', '0', '-n', '0', '-d'])
      const turned = ['-l', snapshot, '-r', 'snapshot.0', '-b', '2', '-n', '1', '-i']
      await expectSame(from, 'snapshot-comparer', turned, '/\n/a\n/none\n9\nx\n1\n\n\n\n')
      const { ours, theirs } = await runBoth(from, 'snapshot-comparer', ['-l', 'snapshot.0'])
      expect([ours.code, ours.stderr]).toEqual([theirs.code, theirs.stderr])
    })
  })
})

// Each side's purge on each side's directory removes the same files in the same words, and leaves a directory that both start from.
import { cp, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { runJava } from '../peers/java.ts'
import { needPeer } from '../peers/peers.ts'
import { eventually, runProgram, temporaryDirectory } from '../peers/processes.ts'
import { tskeeperCommand } from '../peers/tskeeper.ts'
import { RawSession } from '../wire/raw-session.ts'
import { LONG_TIMEOUT_MS } from './interchange-workload.ts'
import { javaLines, recoverOurs } from './recovered.ts'
import { all, create, play } from './requests.ts'
import { startSide } from './sides.ts'
import type { Kind } from './sides.ts'

const java = await needPeer('java')

/** More than a purge leaves. */
const SNAPSHOTS = 9
const LIVING_LIMIT_MS = 120_000
const SOON = { snapCount: '20' }

/** `dataDir` after a life with many snapshots, and with some files that are none. */
async function livedIn(kind: Kind): Promise<string> {
  const dataDir = await temporaryDirectory('purge')
  const server = await startSide({ kind, config: SOON }, dataDir)
  const session = await RawSession.open(server.port, { timeoutMs: LONG_TIMEOUT_MS })
  const directory = join(dataDir, 'version-2')
  let node = 0
  // On a busy machine a snapshot may still be written when the next one is due, which is then left out.
  await eventually('there are many snapshots', LIVING_LIMIT_MS, async () => {
    for (const end = node + 10; node < end; node++) await play(session, all(create(`/n${node}`)))
    return (await readdir(directory)).filter((name) => name.startsWith('snapshot.')).length >= SNAPSHOTS ? true : undefined
  })
  session.drop()
  await server.stop()
  for (const name of ['log.junk', 'log.2.bak', 'snapshot.junk', 'snapshot.3.tmp', 'snapshot.ffff']) await writeFile(join(directory, name), 'no')
  return dataDir
}

async function copyOf(dataDir: string): Promise<string> {
  const copy = await temporaryDirectory('purged')
  await cp(dataDir, copy, { recursive: true, preserveTimestamps: true })
  return copy
}

const linesOf = (stdout: string, dataDir: string): string[] =>
  stdout
    .trim()
    .split('\n')
    .map((line) => line.replace(dataDir, ''))
    .sort()

describe.skipIf(java === undefined)('a directory that', () => {
  it.each<Kind>(['ours', 'java 3.9.6'])('%s has lived in is purged alike', async (kind) => {
    const dataDir = await livedIn(kind)
    const before = recoverOurs(await copyOf(dataDir)).line
    const [byJava, byOurs] = [await copyOf(dataDir), await copyOf(dataDir)]
    const jvmFlags = ['-Duser.timezone=UTC', '-Duser.language=en', '-Duser.country=US', '-DZK_LOG=OFF']
    const theirs = await runJava('org.apache.zookeeper.server.PurgeTxnLog', [byJava, byJava, '-n', '4'], { jvmFlags })
    const [program, ...args] = tskeeperCommand('cleanup', byOurs, '-n', '4')
    const ours = await runProgram(program, args, { env: { TZ: 'UTC' } })
    expect([ours.code, theirs.code, ours.stderr]).toEqual([0, 0, ''])
    expect(linesOf(ours.stdout, byOurs)).toEqual(linesOf(theirs.stdout, byJava))
    expect(linesOf(ours.stdout, byOurs).length).toBeGreaterThan(10)
    const left = (await readdir(join(byOurs, 'version-2'))).sort()
    expect(left).toEqual((await readdir(join(byJava, 'version-2'))).sort())
    expect(left.filter((name) => name.startsWith('snapshot.') && name !== 'snapshot.ffff')).toHaveLength(4)

    const root = await temporaryDirectory('after')
    for (const [name, purged] of Object.entries({ byJava, byOurs })) await cp(purged, join(root, name), { recursive: true })
    const lines = await javaLines(root)
    const withoutSnapshot = (line: string): string => line.replace(/ snapshot \d+/, '').replace(/^by\w+ /, '')
    for (const line of [...lines, recoverOurs(byJava).line, recoverOurs(byOurs).line]) expect(withoutSnapshot(line)).toBe(withoutSnapshot(before))
  })
})

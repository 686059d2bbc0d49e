// A server is killed in the middle of many writes, with snapshots and rolls of the log going on: from each of the snapshots that it leaves,
// and the logs, servers of both kinds come up with the same tree.
import { readdirSync } from 'node:fs'
import { cp, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { zxidFromName } from '../../src/server/storage/file-names.ts'
import { needPeer } from '../peers/peers.ts'
import { temporaryDirectory } from '../peers/processes.ts'
import { RawSession } from '../wire/raw-session.ts'
import type { SessionIdentity } from '../wire/raw-session.ts'
import { readLogs } from './files.ts'
import { LONG_TIMEOUT_MS } from './interchange-workload.ts'
import { expectWritten, killUnderLoad } from './load.ts'
import type { Writer } from './load.ts'
import { observe } from './observation.ts'
import type { Observation } from './observation.ts'
import { complaints, startSide, superPassword } from './sides.ts'
import type { Kind, Side } from './sides.ts'

const java = await needPeer('java')

const J = 'java 3.9.6'
const O = 'ours'
const WRITERS = 3
const STEPS = 600
/** How many of the newest snapshots are taken away, one after the other, before all but the first are. */
const SNAPSHOTS_LOST = 2

const busy = (kind: Kind): Side => ({ kind, config: { snapCount: '20' } })

/** A copy of the directory, as a server of that kind shows it. The observer's session is attached to, so no txn is needed. */
async function shownBy(kind: Kind, dataDir: string, observer: SessionIdentity): Promise<Observation> {
  const copy = await temporaryDirectory('copy')
  await cp(join(dataDir, 'version-2'), join(copy, 'version-2'), { recursive: true })
  const server = await startSide({ kind }, copy)
  try {
    const session = await RawSession.open(server.port, observer)
    await session.addDigest(superPassword)
    const seen = await observe(server.port, session)
    session.drop()
    return seen
  } finally {
    await server.kill()
    expect(complaints(server.log()), `in the log of ${kind}`).toEqual([])
    await rm(copy, { recursive: true })
  }
}

/** Names of the snapshots, the newest first. */
async function snapshots(directory: string): Promise<string[]> {
  const zxid = (name: string): bigint => zxidFromName(name, 'snapshot')
  const names = (await readdir(directory)).filter((name) => zxid(name) >= 0n)
  return names.sort((a, b) => (zxid(a) > zxid(b) ? -1 : 1))
}

async function expectSameFromEverySnapshot(dataDir: string, observer: SessionIdentity, writers: readonly Writer[]): Promise<void> {
  const directory = join(dataDir, 'version-2')
  const copy = await temporaryDirectory('shrinking')
  await cp(directory, join(copy, 'version-2'), { recursive: true })
  const entries = readLogs(directory)
  entries.forEach(({ header }, index) => expect(header.zxid).toBe(BigInt(index + 1)))
  const expected = await shownBy(O, dataDir, observer)
  expect(expected.lastZxid).toBe(entries.at(-1)!.header.zxid)
  expectWritten(expected, writers)
  const names = await snapshots(directory)
  expect(names.length).toBeGreaterThan(SNAPSHOTS_LOST + 2)
  expect(names.at(-1)).toBe('snapshot.0')
  for (const lost of [[], ...names.slice(0, SNAPSHOTS_LOST).map((name) => [name]), names.slice(SNAPSHOTS_LOST, -1)]) {
    for (const name of lost) await rm(join(copy, 'version-2', name))
    for (const kind of [J, O] as const) expect(await shownBy(kind, copy, observer), `${kind} without ${lost.join(' ')}`).toEqual(expected)
  }
}

describe.skipIf(java === undefined)('killed under load', () => {
  it.each<[Kind, Kind]>([
    [J, O],
    [O, J],
  ])('%s leaves a directory to %s, which is killed in its turn', async (...kinds) => {
    const dataDir = await temporaryDirectory('load')
    const writers: Writer[] = []
    let observer: SessionIdentity | undefined
    for (const [index, kind] of kinds.entries()) {
      const server = await startSide(busy(kind), dataDir)
      try {
        const session: RawSession = await RawSession.open(server.port, observer ?? { timeoutMs: LONG_TIMEOUT_MS })
        observer = session
        // A busy machine leaves snapshots out.
        const hasMany = (): boolean => readdirSync(join(dataDir, 'version-2')).filter((one) => one.startsWith('snapshot.')).length > SNAPSHOTS_LOST + 4
        writers.push(...(await killUnderLoad(server, `load-${index}`, WRITERS, STEPS, hasMany)))
        session.drop()
      } finally {
        await server.kill()
      }
      expect(complaints(server.log()), `in the log of ${kind}`).toEqual([])
      await expectSameFromEverySnapshot(dataDir, observer, writers)
    }
  })
})

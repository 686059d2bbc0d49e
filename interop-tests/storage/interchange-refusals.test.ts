// Directories that no server may start on: what ours says and how it ends, and that a Java server does the same.
import { mkdir, readdir, rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { needPeer } from '../peers/peers.ts'
import { temporaryDirectory } from '../peers/processes.ts'
import { RawSession } from '../wire/raw-session.ts'
import type { SessionIdentity } from '../wire/raw-session.ts'
import { keeperDigest, LONG_TIMEOUT_MS, playShortLeg } from './interchange-workload.ts'
import { observe } from './observation.ts'
import type { Observation } from './observation.ts'
import { all, create, play } from './requests.ts'
import { refusedStart, startSide, superPassword } from './sides.ts'
import type { Kind } from './sides.ts'

const java = await needPeer('java')

const kinds: Kind[] = ['ours', ...(java === undefined ? [] : (['java 3.9.6'] as const))]

describe('a second server on a directory', () => {
  it('is refused, and the first goes on', async () => {
    const first = await startSide({ kind: 'ours' }, await temporaryDirectory('shared'))
    try {
      const session = await RawSession.open(first.port, { timeoutMs: LONG_TIMEOUT_MS })
      await play(session, all(create('/before')))
      const second = await refusedStart({ kind: 'ours' }, first.dataDir)
      expect(second).toMatchObject({ code: 3, stderr: expect.stringContaining('Unable to access datadir, exiting abnormally\n') as string })
      expect(second.stdout).toContain(`${first.dataDir} is in use by another server (pid ${first.pid} on ${hostname()})`)
      await play(session, all(create('/after')))
      session.drop()
    } finally {
      await first.kill()
    }
    // A killed server holds nothing.
    const next = await startSide({ kind: 'ours' }, first.dataDir)
    const session = await RawSession.open(next.port, { timeoutMs: LONG_TIMEOUT_MS })
    await play(session, all(create('/before/child'), create('/after/child')))
    session.drop()
    expect((await next.stop()).code).toBe(143)
  })
})

describe.each(kinds)('by %s', (kind) => {
  let dataDir: string
  let dataLogDir: string
  let observer: SessionIdentity
  let seen: Observation

  beforeAll(async () => {
    dataDir = await temporaryDirectory('data')
    dataLogDir = await temporaryDirectory('logs')
    const server = await startSide({ kind: 'ours', config: { dataLogDir } }, dataDir)
    const session = await RawSession.open(server.port, { timeoutMs: LONG_TIMEOUT_MS })
    observer = session
    await session.addDigest(superPassword)
    await session.addDigest(keeperDigest)
    await playShortLeg(0, session)
    seen = await observe(server.port, session)
    session.drop()
    await server.stop()
  })

  it('swapped directories are refused', async () => {
    const swapped = await refusedStart({ kind, config: { dataLogDir: dataDir } }, dataLogDir)
    expect(swapped.code).toBe(3)
    expect(swapped.stderr).toContain('Unable to access datadir, exiting abnormally\n')
    expect(swapped.stdout + swapped.stderr).toContain('Log directory has snapshot files. Check if dataLogDir and dataDir configuration is correct.')
  })

  it('logs among the snapshots are refused', async () => {
    const elsewhere = await temporaryDirectory('elsewhere')
    const mixed = await refusedStart({ kind, config: { dataLogDir: elsewhere } }, dataLogDir)
    expect(mixed.code).toBe(3)
    expect(mixed.stdout + mixed.stderr).toContain('Snapshot directory has log files. Check if dataLogDir and dataDir configuration is correct.')
  })

  it('logs without a snapshot are refused, unless that is trusted', async () => {
    const empty = await temporaryDirectory('empty')
    await mkdir(join(empty, 'version-2'))
    const refused = await refusedStart({ kind, config: { dataLogDir } }, empty)
    expect(refused.code).toBe(1)
    expect(refused.stdout + refused.stderr).toContain('No snapshot found, but there are log entries. Something is broken!')
    expect(await readdir(join(empty, 'version-2'))).toEqual([])

    const server = await startSide({ kind, config: { dataLogDir, 'snapshot.trust.empty': 'true' } }, empty)
    try {
      const session = await RawSession.open(server.port, observer)
      await session.addDigest(superPassword)
      expect(await observe(server.port, session)).toEqual(seen)
      session.drop()
    } finally {
      await server.kill()
      await rm(empty, { recursive: true })
    }
  })
})

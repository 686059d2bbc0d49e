// Requests that are known to end or poison a Java server: ours answers them, lives, and leaves a directory that a Java server opens and shows
// as it was. TSK_HOSTILE=full also sends those that are said to be deadly to Java servers, one each, and sees them die.
import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ErrorResponse, ExistsRequest } from '../../src/jute/generated/proto.ts'
import { Code, OpCode } from '../../src/protocol/codes.ts'
import { needPeer } from '../peers/peers.ts'
import { eventually, temporaryDirectory } from '../peers/processes.ts'
import type { ServerProcess } from '../peers/server-process.ts'
import { observe } from '../storage/observation.ts'
import { all, create, play, remove } from '../storage/requests.ts'
import { complaints, refusedStart, startSide, superPassword } from '../storage/sides.ts'
import type { Kind } from '../storage/sides.ts'
import type { Reply } from '../wire/messages.ts'
import { asked, RawSession } from '../wire/raw-session.ts'
import { markedRequests } from './marked-requests.ts'
import type { MarkedRequest } from './marked-requests.ts'

const JAVA: Kind = 'java 3.9.6'
const java = await needPeer('java')
const isFull = process.env['TSK_HOSTILE'] === 'full'

const SESSION_MS = 60_000
const SNAPSHOT_LIMIT_MS = 60_000
const DEATH_LIMIT_MS = 60_000

const exists = asked(OpCode.exists, ExistsRequest, { path: '/', watch: false })
/** Long, so that a few of them make a list that is too long. */
const identities = Array.from({ length: 12 }, (_, i) => `${'u'.repeat(4500)}${i}:secret`)

const properties = (extendedTypes: boolean): Record<string, string> => ({
  'zookeeper.extendedTypesEnabled': String(extendedTypes),
  // What is made must be there when a Java server looks.
  'znode.container.checkIntervalMs': '3600000',
})

function errorOf({ header, body }: Reply): number {
  if (body.kind !== 'multi') return header.err
  const errs = body.results.flatMap(({ body: part }) => (part?.codec === ErrorResponse ? [(part.record as ErrorResponse).err] : []))
  return errs.find((err) => err !== Code.OK) ?? header.err
}

describe.each([true, false])('with TTL nodes %s', (extendedTypes) => {
  const side = { kind: 'ours', properties: properties(extendedTypes) } as const
  let server: ServerProcess
  let dataDir: string

  beforeAll(async () => {
    dataDir = await temporaryDirectory('marked')
    server = await startSide(side, dataDir)
  })
  afterAll(() => server.kill())

  const rows = markedRequests.filter((row) => (row.extendedTypes ?? true) === extendedTypes)
  it.each(rows.map((row) => [row.name, row] as const))('%s', async (_name, row) => {
    const session = await RawSession.open(server.port, { timeoutMs: SESSION_MS })
    for (const identity of identities) await session.addDigest(identity)
    await play(session, row.before ?? [])
    await expectAnswer(session, row)
    session.drop()
    // Somebody else is served, what should have ended the server included.
    const other = await RawSession.open(server.port, { timeoutMs: SESSION_MS })
    await play(other, [...(row.after ?? []), ...all(exists)])
    await other.close()
  })

  it.skipIf(java === undefined)('a Java server opens what is left, log and snapshot, and shows the same', async () => {
    const session = await RawSession.open(server.port, { timeoutMs: SESSION_MS })
    await session.addDigest(superPassword)
    const seen = await observe(server.port, session)
    session.drop()
    await server.kill()
    // Over the log, then over the snapshot that a start writes.
    for (const kind of [JAVA, 'ours', JAVA] as const) {
      server = await startSide({ ...side, kind }, dataDir)
      const again = await RawSession.open(server.port, session)
      await again.addDigest(superPassword)
      expect((await observe(server.port, again)).nodes, kind).toEqual(seen.nodes)
      again.drop()
      const snapshot = join(dataDir, 'version-2', `snapshot.${seen.lastZxid.toString(16)}`)
      await eventually('the snapshot of the start', SNAPSHOT_LIMIT_MS, () => (existsSync(snapshot) ? true : undefined))
      await server.stop()
      expect(complaints(server.log())).toEqual([])
    }
    expect((await readdir(join(dataDir, 'version-2'))).filter((name) => name.startsWith('snapshot.')).length).toBeGreaterThan(1)
  })
})

async function expectAnswer(session: RawSession, { request, answer }: MarkedRequest): Promise<void> {
  const [before] = await session.askAll([exists])
  const replies = await session.askUntilEnd([request, exists])
  const errs = replies.map(errorOf)
  switch (answer.kind) {
    case 'good':
      expect(errs).toEqual([Code.OK, Code.OK])
      break
    case 'refused':
      expect(errs).toEqual([answer.code, Code.OK])
      expect(replies[1].header.zxid - before.header.zxid).toBe(answer.takesZxid ? 1n : 0n)
      break
    case 'last':
      expect(errs).toEqual([answer.code])
      break
    case 'closed':
      expect(errs).toEqual([])
  }
}

describe.runIf(java !== undefined)('limits near the quotas that a Java server has made', () => {
  it('stay where they are, so that the next Java server lives', async () => {
    const dataDir = await temporaryDirectory('made-by-java')
    const parent = '/zookeeper/x'
    const path = `${parent}/zookeeper_limits`
    const made = await startSide({ kind: JAVA }, dataDir)
    const maker = await RawSession.open(made.port, { timeoutMs: SESSION_MS })
    await play(maker, all(create(parent), create(path)))
    await maker.close()
    await made.stop()

    const ours = await startSide({ kind: 'ours' }, dataDir)
    const session = await RawSession.open(ours.port, { timeoutMs: SESSION_MS })
    await play(session, [[remove(path), Code.BADARGUMENTS], ...all(create('/after'))])
    await session.close()
    await ours.stop()

    const last = await startSide({ kind: JAVA }, dataDir)
    const witness = await RawSession.open(last.port, { timeoutMs: SESSION_MS })
    await play(witness, all(asked(OpCode.exists, ExistsRequest, { path, watch: false })))
    await witness.close()
    await last.stop()
  })
})

if (isFull && java !== undefined) {
  describe('a Java server', () => {
    const rows = markedRequests.filter((row) => row.java !== undefined)
    it.each(rows.map((row) => [row.name, row] as const))('does not survive %s', async (_name, row) => {
      const dataDir = await temporaryDirectory('doomed')
      // A quota that is enforced refuses writes beside usage that it cannot read; one that is not dies of them.
      const side = { kind: JAVA, properties: { ...properties(row.extendedTypes ?? true), 'zookeeper.enforceQuota': 'false' } }
      let server = await startSide(side, dataDir)
      try {
        const session = await RawSession.open(server.port, { timeoutMs: SESSION_MS })
        await play(session, row.before ?? [])
        await session.askUntilEnd([row.request])
        if (row.java === 'dies') {
          await session.askUntilEnd((row.after ?? []).map(([request]) => request)).catch(() => [])
          await eventually('the end of the server', DEATH_LIMIT_MS, () => (hasDied(server) ? true : undefined))
          session.drop()
          await server.kill()
        } else {
          session.drop()
          await server.stop()
          // A start writes the snapshot that the next one cannot load.
          server = await startSide(side, dataDir)
          await server.stop()
        }
        const { code } = await refusedStart(side, dataDir)
        expect([1, 2]).toContain(code)
      } finally {
        await server.kill()
      }
    })
  })
}

function hasDied(server: ServerProcess): boolean {
  return /Severe unrecoverable error/.test(server.log())
}

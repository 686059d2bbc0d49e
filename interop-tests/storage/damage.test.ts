// Directories damaged at every byte: ours recovers exactly what a Java server recovers, and refuses exactly what it refuses. `DAMAGE=all` adds
// zeros behind every cut and a second bit of every byte.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { CreateRequest, SetDataRequest } from '../../src/jute/generated/proto.ts'
import { OpCode } from '../../src/protocol/codes.ts'
import { startJavaServer } from '../peers/java.ts'
import { needPeer } from '../peers/peers.ts'
import { temporaryDirectory } from '../peers/processes.ts'
import { newestSnapshot, readLogs, writeLog } from './files.ts'
import { create, Session } from './java-workload.ts'
import { compare } from './recovered.ts'
import type { Case, Files } from './recovered.ts'

const java = await needPeer('java')

const EPHEMERAL = 1

const all = process.env['DAMAGE'] === 'all'
/** Lengths after which zeros may follow: every so many. */
const ZEROS_STEP = all ? 1 : 5
const BITS = [0x01, 0x40]

/** Cut at every length, bare or with zeros behind, and with bits of every byte turned over. */
function* damaged(name: string, bytes: Uint8Array, others: Files): Generator<Case> {
  for (let at = 0; at <= bytes.length; at++) {
    const cut = bytes.subarray(0, at)
    yield { name: `${name}-cut-${at}`, files: { ...others, [name]: cut } }
    if (at % ZEROS_STEP === 0) yield { name: `${name}-zeros-${at}`, files: { ...others, [name]: Buffer.concat([cut, new Uint8Array(200)]) } }
  }
  for (let at = 0; at < bytes.length; at++) {
    for (const bit of all ? BITS : [BITS[at % BITS.length]]) {
      const flipped = Uint8Array.from(bytes)
      flipped[at] ^= bit
      yield { name: `${name}-flip${bit}-${at}`, files: { ...others, [name]: flipped } }
    }
  }
}

describe.skipIf(java === undefined)('damage', () => {
  let files: Files
  let laterLog: Uint8Array

  beforeAll(async () => {
    const server = await startJavaServer({ config: { preAllocSize: '0' } })
    const session = await Session.open(server.port)
    await session.call(OpCode.create, CreateRequest, create('/a', Buffer.from('x')))
    await session.call(OpCode.setData, SetDataRequest, { path: '/a', data: Buffer.from('yy'), version: -1 })
    await session.call(OpCode.setData, SetDataRequest, { path: '/none', data: null, version: -1 })
    await session.call(OpCode.create, CreateRequest, create('/a/b', null, EPHEMERAL))
    await session.call(OpCode.setData, SetDataRequest, { path: '/a', data: Buffer.from('zz'), version: -1 })
    await server.stop()
    await (await startJavaServer({ dataDir: server.dataDir, config: { preAllocSize: '0' } })).stop()
    const directory = join(server.dataDir, 'version-2')
    const newest = newestSnapshot(directory)
    files = {
      'snapshot.0': await readFile(join(directory, 'snapshot.0')),
      'snapshot.6': await readFile(newest),
      'log.1': await readFile(join(directory, 'log.1')),
    }
    expect(newest).toMatch(/snapshot\.6$/)
    laterLog = await followingLog(directory)
  })

  /** `log.7`: the last txn of `directory` again, as zxid 7. */
  async function followingLog(directory: string): Promise<Uint8Array> {
    const last = readLogs(directory).at(-1)!
    const payload = Uint8Array.from(last.payload)
    new DataView(payload.buffer).setBigInt64(12, 7n)
    const into = await temporaryDirectory('log')
    await writeLog(into, [{ header: { ...last.header, zxid: 7n }, payload }], 0)
    expect(await readdir(into)).toEqual(['log.7'])
    return await readFile(join(into, 'log.7'))
  }

  it('of the only log ends or refuses recovery as Java’s', async () => {
    const { 'log.1': log, 'snapshot.0': snapshot } = files
    await compare([...damaged('log.1', log, { 'snapshot.0': snapshot })])
  })

  it('of a log that another one follows ends or refuses recovery as Java’s', async () => {
    const { 'log.1': log, 'snapshot.0': snapshot } = files
    await compare([...damaged('log.1', log, { 'snapshot.0': snapshot, 'log.7': laterLog })])
  })

  it('of the newest snapshot goes back to the older one, or nowhere, as Java’s', async () => {
    const { 'snapshot.6': snapshot, ...others } = files
    await compare([...damaged('snapshot.6', snapshot, { ...others, 'log.7': laterLog })])
  })

  it('of the only snapshot refuses recovery, or begins afresh, as Java’s', async () => {
    const { 'snapshot.0': snapshot, 'log.1': log } = files
    await compare([...damaged('snapshot.0', snapshot, {})])
    await compare([...damaged('snapshot.0', snapshot, { 'log.1': log })])
  })

  it('in the form of strange names is read or passed by as Java’s', async () => {
    const { 'snapshot.0': first, 'snapshot.6': newest, 'log.1': log } = files
    const torn = newest.subarray(0, newest.length - 1)
    const name = (label: string, changes: Files): Case => ({ name: label, files: { 'snapshot.0': first, 'log.1': log, ...changes } })
    await compare([
      name('plain', {}),
      name('complete-tmp', { 'snapshot.2.tmp': first }),
      name('torn-tmp', { 'snapshot.2.tmp': torn }),
      name('junk', { 'snapshot.junk': first, 'log.junk': log, foo: log }),
      name('negative', { 'snapshot.-5': first, 'log.-5': log, 'snapshot.ffffffffffffffff': first }),
      name('upper-case-and-plus', { 'snapshot.+6': newest, 'log.7': laterLog, 'log.+A': log.subarray(0, 16) }),
      name('empty-tail', { 'log.7': new Uint8Array(0) }),
      name('empty-in-the-middle', { 'log.3': new Uint8Array(0), 'log.7': laterLog }),
      name('header-only-tail', { 'log.7': log.subarray(0, 16) }),
      name('unknown-extension', { 'snapshot.6.zip': newest, 'log.7': laterLog }),
      name('not-gzip', { 'snapshot.6.gz': newest, 'log.7': laterLog }),
      name('not-gzip-but-begins-so', { 'snapshot.6.gz': Uint8Array.of(0x1f, 0x8b, 1, 2, 3), 'log.7': laterLog }),
      { name: 'log-only', files: { 'log.1': log } },
      { name: 'empty-log-only', files: { 'log.1': new Uint8Array(0) } },
      { name: 'header-only-log-only', files: { 'log.1': log.subarray(0, 16) } },
      { name: 'junk-only', files: { 'log.junk': log, 'snapshot.junk': first } },
      { name: 'nothing', files: {} },
      { name: 'snapshot-and-later-log', files: { 'snapshot.0': first, 'log.7': laterLog } },
    ])
  })
})

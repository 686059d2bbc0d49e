// Files that are whole and yet not as today's server leaves them: other releases' and other flags', left over from an ensemble, handmade,
// with txns of every kind in every order. Ours starts where Java starts, with the same tree and sessions, and refuses what it refuses.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  CheckVersionTxn,
  CloseSessionTxn,
  CreateContainerTxn,
  CreateSessionTxn,
  CreateTTLTxn,
  CreateTxnV0,
  DeleteTxn,
  ErrorTxn,
  SetACLTxn,
  SetDataTxn,
  SetMaxChildrenTxn,
} from '../../src/jute/generated/txn.ts'
import { snapshotName } from '../../src/server/storage/file-names.ts'
import type { SnapshotNode } from '../../src/server/storage/image.ts'
import { startJavaServer } from '../peers/java.ts'
import { needPeer } from '../peers/peers.ts'
import { temporaryDirectory } from '../peers/processes.ts'
import { Content, readSnapshot, writeSnapshot } from './files.ts'
import { compare } from './recovered.ts'
import type { Case, Files, Flags } from './recovered.ts'
import { openAcl } from './requests.ts'
import { creation, logOf, multi, SESSION, TIME, written } from './written.ts'
import type { Written } from './written.ts'

const java = await needPeer('java')

const NOTHING = new Uint8Array(0)
const text = (value: string): Uint8Array => Buffer.from(value)
const extended: Flags = { 'zookeeper.extendedTypesEnabled': 'true' }
const trusting: Flags = { 'zookeeper.snapshot.trust.empty': 'true' }

const session = written(-10, CreateSessionTxn, { timeOut: 12_000 })
const remove = (path: string): Written => written(2, DeleteTxn, { path })
const setData = (path: string, version: number, data: Uint8Array | null = text(`${version}`)): Written => written(5, SetDataTxn, { path, data, version })
const close = (...paths: string[]): Written => written(-11, CloseSessionTxn, { paths2Delete: paths })
const bare = (type: number, changes: Partial<Written> = {}): Written => ({ type, body: NOTHING, ...changes })
const failed = (err: number): Written => written(-1, ErrorTxn, { err })
const check = (path: string, version: number): Written => written(13, CheckVersionTxn, { path, version })
const ephemeral = (path: string, parentCVersion: number): Written => creation(path, parentCVersion, { ephemeral: true })
const container = (path: string, parentCVersion: number): Written => written(19, CreateContainerTxn, { path, data: null, acl: openAcl, parentCVersion })
const ttlNode = (path: string, parentCVersion: number, ttl: bigint): Written =>
  written(21, CreateTTLTxn, { path, data: NOTHING, acl: openAcl, parentCVersion, ttl })

describe.skipIf(java === undefined)('files that are odd:', () => {
  let first: Uint8Array
  let plain: Content

  beforeAll(async () => {
    const server = await startJavaServer()
    await server.stop()
    const path = join(server.dataDir, 'version-2', 'snapshot.0')
    first = await readFile(path)
    plain = readSnapshot(path)
  })

  const onFirst = (name: string, files: Files): Case => ({ name, files: { 'snapshot.0': first, ...files } })
  const replayed = (name: string, ...txns: Written[]): Case => onFirst(name, { 'log.1': logOf(txns) })

  /** The file of a snapshot with these nodes besides a server's own. */
  async function snapshot(zxid: bigint, change: (content: Content) => void, compression: '' | 'gz' | 'snappy' = ''): Promise<Uint8Array> {
    const content = new Content()
    content.nodes.push(...plain.nodes)
    content.aclList.push(...plain.aclList)
    content.info = { zxid, digest: undefined, lastZxid: zxid }
    change(content)
    const directory = await temporaryDirectory('snapshot')
    await writeSnapshot(directory, content, compression)
    return await readFile(join(directory, snapshotName(zxid, compression)))
  }

  const node = (path: string, changes: Partial<SnapshotNode['stat']> = {}, aclKey = -1n): SnapshotNode => {
    const stat = { czxid: 1n, mzxid: 1n, ctime: TIME, mtime: TIME, version: 0, cversion: 0, aversion: 0, ephemeralOwner: 0n, pzxid: 1n, ...changes }
    return { path, data: text(path), aclKey, stat }
  }

  it('txns of every kind in the log', () =>
    compare([
      replayed('none'),
      replayed('create', session, creation('/a', 1), creation('/a/b', 1, { data: null }), creation('/a/c', 2, { data: NOTHING })),
      replayed('create-again', creation('/a', 1), creation('/a', 2)),
      replayed('create-below-nothing', creation('/x/y', 1)),
      replayed('create-with-a-lower-parent-counter', creation('/a', 9), creation('/b', 2)),
      replayed('create-of-3.3', written(1, CreateTxnV0, { path: '/v0', data: text('old'), acl: openAcl, ephemeral: false })),
      replayed('create2', { ...creation('/two', 1), type: 15 }),
      replayed('create-without-acl', creation('/open', 1, { acl: [] })),
      replayed('container', container('/c', 1), creation('/c/x', 1), remove('/c/x')),
      replayed('container-deleted', container('/c', 1), { ...remove('/c'), type: 20, session: 0n }),
      replayed('delete', creation('/a', 1), remove('/a'), remove('/a'), remove('/none/x')),
      replayed('set-data', creation('/a', 1), setData('/a', 7), setData('/a', 3, null), setData('/none', 1)),
      replayed('set-data-of-the-root', setData('/', 1), setData('', 2)),
      replayed('reconfig', { ...setData('/zookeeper/config', -1, text('server.1=x\nversion=100000000')), type: 16 }),
      replayed('set-acl', creation('/a', 1), written(7, SetACLTxn, { path: '/a', acl: [{ perms: 1, id: { scheme: 'ip', id: '::1' } }], version: 1 })),
      replayed('session', session, written(-10, CreateSessionTxn, { timeOut: 4000 }, { session: -5n })),
      replayed('close', session, ephemeral('/e', 1), ephemeral('/f', 2), close('/e', '/f')),
      replayed('close-that-lists-too-little', session, ephemeral('/e', 1), ephemeral('/f', 2), close('/e')),
      replayed('close-that-lists-too-much', session, ephemeral('/e', 1), creation('/p', 2), close('/e', '/p', '/none')),
      replayed('close-without-a-body', session, ephemeral('/e', 1), bare(-11)),
      replayed('close-of-nobody', bare(-11)),
      // On a tree this small the digest is read as the length of a path.
      { ...replayed('close-without-a-body-but-a-digest', session, bare(-11, { digest: 0x51c6d660n })), onlyOursStarts: true },
      replayed('ephemeral-of-nobody', ephemeral('/e', 1)),
      replayed('errors', failed(-101), failed(0), failed(-12345)),
      replayed('multi', multi(creation('/m', 1), { ...creation('/m/n', 1), type: 15 }, container('/m/c', 2), setData('/m', 1), remove('/m/n'), check('/m', 2))),
      replayed('multi-of-nothing', multi()),
      replayed('multi-that-failed', multi(creation('/m', 1), failed(-103), failed(-2))),
      // As a follower logs it that had it from a leader's memory.
      replayed('multi-that-failed-with-bodies', multi({ ...creation('/m', 1), type: -1 }, failed(-103), failed(-2)), creation('/n', 1)),
      replayed('multi-with-an-unknown-part', multi(creation('/m', 1), { ...setData('/m', 1), type: 7 }, creation('/n', 2)), creation('/o', 3)),
      replayed('multi-with-half-a-part', multi(creation('/m', 1), { type: 5, body: text('?') }, creation('/n', 2))),
      replayed('multi-with-a-part-that-fails', multi(creation('/m', 1), remove('/none'), creation('/n', 2))),
      replayed('lone-check', check('/', 1)),
      replayed('unknown-99', bare(99)),
      replayed('unknown-10', written(10, SetMaxChildrenTxn, { path: '/', max: 7 })),
      replayed('no-body', creation('/a', 1), bare(1), creation('/b', 2)),
      replayed('half-a-body', creation('/a', 1), { type: 5, body: text('\0\0\0\x01/\0\0') }, creation('/b', 2)),
      onFirst('half-a-body-and-another-log', { 'log.1': logOf([creation('/a', 1), bare(1), creation('/b', 2)]), 'log.2': logOf([creation('/c', 2)], 2n) }),
    ]))

  it('types that are extended, or are not', async () => {
    const nodes = [session, ttlNode('/t', 1, 60_000n), container('/c', 2), ephemeral('/e', 3)]
    const cases = (more: Case[]): Case[] => [replayed('none'), replayed('all', ...nodes), replayed('close', ...nodes, close('/e')), ...more]
    await compare(cases([]))
    await compare(
      cases([
        // What ends a Java server, and every restart of it, is left out by ours.
        { ...replayed('ttl-below-0', creation('/a', 1), ttlNode('/t', 2, -1n), creation('/b', 2)), onlyOursStarts: true },
        { ...replayed('ttl-of-0', ttlNode('/t', 1, 0n)), onlyOursStarts: true },
        { ...replayed('limits-of-nothing', creation('/zookeeper/quota/zookeeper_limits', 1)), onlyOursStarts: true },
        { ...replayed('ttl-below-0-in-a-multi', multi(ttlNode('/t', 1, -1n)), creation('/b', 1)), onlyOursStarts: true },
      ]),
      extended,
    )
    await compare([replayed('none'), { ...replayed('ttl-below-0', ttlNode('/t', 1, -1n)), onlyOursStarts: true }])
  })

  it('the order of txns, and what is missing between them', () =>
    compare([
      replayed('plain', creation('/a', 1), creation('/b', 2)),
      replayed('gap', creation('/a', 1), { ...creation('/b', 2), zxid: 3n }),
      replayed('epoch', creation('/a', 1), { ...creation('/b', 2), zxid: 0x1_0000_0001n }, creation('/c', 3)),
      replayed('epoch-begun-late', creation('/a', 1), { ...creation('/b', 2), zxid: 0x3_0000_0007n }),
      replayed('begins-late', { ...creation('/a', 1), zxid: 9n }, creation('/b', 2)),
      onFirst('gap-between-files', { 'log.1': logOf([creation('/a', 1)]), 'log.3': logOf([creation('/b', 2)], 3n) }),
      onFirst('empty-file-between', { 'log.1': logOf([creation('/a', 1)]), 'log.2': logOf([]), 'log.3': logOf([creation('/b', 2)], 2n) }),
      onFirst('named-too-high', { 'log.9': logOf([creation('/a', 1)]) }),
      onFirst('copy-of-the-same', { 'log.1': logOf([creation('/a', 1), setData('/a', 1)]), 'log.1.bak': logOf([creation('/a', 1), setData('/a', 1)]) }),
      onFirst('copy-chopped', { 'log.1': logOf([creation('/a', 1), creation('/b', 2)]), 'log.1.chopped1': logOf([creation('/a', 1)]) }),
    ]))

  it('what another release or another flag leaves out', async () => {
    const digested = [creation('/a', 1), creation('/b', 2)]
    const wrong = digested.map((txn) => ({ ...txn, digest: 1n }))
    const old = first.subarray(0, first.length - 54)
    const cases = [
      onFirst('no-log', {}),
      onFirst('log-without-digests', { 'log.1': logOf(digested) }),
      onFirst('log-with-wrong-digests', { 'log.1': logOf(wrong) }),
      onFirst('log-of-another-version', { 'log.1': logOf(digested, 1n, { version: 77, dbid: 12345n }) }),
      { name: 'snapshot-of-3.5', files: { 'snapshot.0': old, 'log.1': logOf(digested) } },
      { name: 'snapshot-of-3.8', files: { 'snapshot.0': first.subarray(0, first.length - 21), 'log.1': logOf(digested) } },
    ]
    await compare(cases)
    // With digests off, Java takes the digest for the last zxid: there the directory of 3.8 is lost on it, and read by ours.
    const theirs = (off: Case): Case => (off.name === 'snapshot-of-3.5' ? off : { ...off, onlyOursStarts: true })
    const without = (last: boolean): Flags => ({
      'zookeeper.digest.enabled': 'false',
      'zookeeper.serializeLastProcessedZxid.enabled': String(last),
    })
    await compare(cases.map(theirs), without(true))
    await compare(cases, without(false))
  })

  it('snapshots put together by hand', async () => {
    const [old, newest] = [logOf(['/1', '/2', '/3', '/4', '/5'].map((path, index) => creation(path, index + 1))), logOf([creation('/new', 1)], 6n)]
    const both = async (name: string, change: (content: Content) => void): Promise<Case> =>
      onFirst(name, { 'log.1': old, 'snapshot.5': await snapshot(5n, change), 'log.6': newest })
    const sessions = [
      { id: SESSION, timeoutMs: 4000 },
      { id: -7n, timeoutMs: 5000 },
    ]
    const cases = [
      await both('plain', () => undefined),
      await both('nodes', ({ nodes }) => nodes.push(node('/b', { version: 3 }), node('/a', { cversion: 7 }), node('/a/x'))),
      await both('sessions', ({ sessionList, nodes }) => {
        sessionList.push(...sessions)
        nodes.push(node('/e', { ephemeralOwner: SESSION }), node('/orphan', { ephemeralOwner: 99n }))
      }),
      await both('child-before-its-parent', ({ nodes }) => nodes.push(node('/a/x'), node('/a'))),
      await both('child-without-a-parent', ({ nodes }) => nodes.push(node('/a/x'))),
      await both('no-root', ({ nodes }) => nodes.splice(0)),
      await both('root-alone', ({ nodes }) => nodes.splice(1)),
      await both('acl-numbers', ({ aclList, nodes }) => {
        for (const key of [70n, 3n]) aclList.push({ key, acl: [{ perms: Number(key), id: { scheme: 'ip', id: '10.0.0.1' } }] })
        nodes.push(node('/a', {}, 70n), node('/b', {}, 3n))
      }),
      await both('same-acl-twice', ({ aclList, nodes }) => {
        for (const key of [5n, 9n]) aclList.push({ key, acl: openAcl })
        nodes.push(node('/a', {}, 5n), node('/b', {}, 9n))
      }),
      await both('without-config', ({ nodes }) =>
        nodes.splice(
          nodes.findIndex(({ path }) => path === '/zookeeper/config'),
          1,
        ),
      ),
      await both('container', ({ nodes }) => nodes.push(node('/c', { ephemeralOwner: BigInt.asIntN(64, 1n << 63n) }))),
      await both('ttl', ({ nodes }) => nodes.push(node('/t', { ephemeralOwner: BigInt.asIntN(64, 0xff00_0000_0000_ea60n) }))),
      await both('wrong-digest', (content) => (content.info = { zxid: 5n, digest: { zxid: 5n, version: 2, value: 77n }, lastZxid: 5n })),
      await both('digest-to-come', (content) => (content.info = { zxid: 5n, digest: { zxid: 9n, version: 2, value: 77n }, lastZxid: 9n })),
      await both('digest-of-before', (content) => (content.info = { zxid: 5n, digest: { zxid: 2n, version: 2, value: 77n }, lastZxid: 5n })),
    ]
    // A session of server 255, whose ephemeral is no TTL node.
    const id = BigInt.asIntN(64, 0xff00_1234_5678_0000n)
    const lastServer = await both('owner-of-server-255', ({ nodes, sessionList }) => {
      sessionList.push({ id, timeoutMs: 4000 })
      nodes.push(node('/e', { ephemeralOwner: id }))
    })
    await compare([...cases, lastServer])
    await compare([...cases, { ...lastServer, onlyOursStarts: true }], extended)
  })

  it('names', async () => {
    const log = logOf([creation('/a', 1), creation('/b', 2)])
    const later = await snapshot(5n, ({ nodes }) => nodes.push(node('/later')))
    const [gz, snappy] = [await snapshot(5n, () => undefined, 'gz'), await snapshot(5n, () => undefined, 'snappy')]
    const beside = (name: string, files: Files): Case => onFirst(name, { 'log.1': log, ...files })
    await compare([
      beside('plain', {}),
      beside('epochs', { currentEpoch: text('4'), acceptedEpoch: text('4'), 'currentEpoch.tmp': text('5'), updatingEpoch: NOTHING }),
      beside('epochs-that-are-none', { currentEpoch: NOTHING, acceptedEpoch: text('xyz') }),
      beside('initialize', { '../initialize': NOTHING }),
      beside('myid', { '../myid': text('3\n') }),
      beside('tmp', { 'snapshot.5.tmp': later, 'log.5.tmp': NOTHING }),
      beside('bak', { 'snapshot.5.bak': later }),
      beside('fixed', { 'log.3.fixed': logOf([creation('/c', 3)], 3n) }),
      beside('empty-snapshot', { 'snapshot.5': NOTHING }),
      beside('gz', { 'snapshot.5.gz': gz }),
      beside('gz-cut', { 'snapshot.5.gz': gz.subarray(0, gz.length - 9) }),
      beside('gz-cut-further', { 'snapshot.5.gz': gz.subarray(0, gz.length - 60) }),
      beside('gz-upper-case', { 'snapshot.5.GZ': gz }),
      beside('gz-named-plain', { 'snapshot.5': gz }),
      beside('plain-named-gz', { 'snapshot.5.gz': later }),
      beside('snappy', { 'snapshot.5.snappy': snappy }),
      beside('snappy-cut', { 'snapshot.5.snappy': snappy.subarray(0, snappy.length - 9) }),
      beside('snappy-magic-alone', { 'snapshot.5.snappy': snappy.subarray(0, 8) }),
      beside('snappy-and-gz', { 'snapshot.5.snappy': snappy, 'snapshot.5.gz': gz }),
      beside('unfinished', { '.unfinished-snapshot.7': later, '.unfinished-log.9': log }),
    ])
  })

  it('no snapshot, or nothing at all', async () => {
    const log = logOf([creation('/a', 1), creation('/b', 2)])
    const torn = first.subarray(0, first.length - 1)
    const cases: Case[] = [
      { name: 'nothing', files: {} },
      { name: 'nothing-but-initialize', files: { '../initialize': NOTHING } },
      { name: 'log', files: { 'log.1': log } },
      { name: 'log-and-initialize', files: { 'log.1': log, '../initialize': NOTHING } },
      { name: 'log-that-begins-late', files: { 'log.7': logOf([creation('/a', 1)], 7n) } },
      { name: 'log-empty', files: { 'log.1': NOTHING } },
      { name: 'log-header', files: { 'log.1': log.subarray(0, 16) } },
      { name: 'log-half-a-header', files: { 'log.1': log.subarray(0, 9) } },
      { name: 'log-damaged', files: { 'log.1': Buffer.concat([log.subarray(0, 40), text('?'), log.subarray(41)]) } },
      { name: 'log-gap', files: { 'log.1': log, 'log.9': logOf([creation('/c', 3)], 9n) } },
      { name: 'log-and-torn-snapshot', files: { 'log.1': log, 'snapshot.0': torn } },
      { name: 'torn-snapshot', files: { 'snapshot.0': torn } },
      { name: 'empty-snapshot', files: { 'snapshot.0': NOTHING } },
      { name: 'unsealed-snapshot', files: { 'snapshot.0': Buffer.concat([first.subarray(0, 400), text('\0\0\0\x01/')]) } },
    ]
    const distrusting: Flags = { 'zookeeper.db.autocreate': 'false' }
    await compare(cases)
    await compare(cases, trusting)
    await compare(cases, distrusting)
    await compare(cases, { ...trusting, ...distrusting })
  })

  it('hundreds of snapshots', async () => {
    const bad = Buffer.concat([first.subarray(0, 100), text('\0\0\0\x01/')])
    const many = (count: number): Files => Object.fromEntries(Array.from({ length: count }, (_, index) => [`snapshot.${(index + 1).toString(16)}`, bad]))
    expect(Object.keys(many(100))).toContain('snapshot.64')
    await compare([onFirst('99', many(99)), onFirst('100', many(100))])
  })
})

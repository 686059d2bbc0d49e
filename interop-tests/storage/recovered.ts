// What a data directory brings back, without a server around it: ours and Java's recovery on the same files, each described in one line
// that says whether it starts and, if so, from where and with which tree and sessions.
import { createHash } from 'node:crypto'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect } from 'vitest'
import { settingsFromArguments } from '../../src/server/config/load-settings.ts'
import { blockingNodeFiles } from '../../src/server/host/blocking-node-files.ts'
import { finish } from '../../src/server/host/disk-work.ts'
import { immediateFiles } from '../../src/server/host/files-over.ts'
import { nodeRandom } from '../../src/server/host/node-random.ts'
import { ReplicaImage } from '../../src/server/replica/replica-image.ts'
import { Replica } from '../../src/server/replica/replica.ts'
import { SessionTable } from '../../src/server/session/session-table.ts'
import { openDataDirs } from '../../src/server/storage/data-dirs.ts'
import { zxidFromName } from '../../src/server/storage/file-names.ts'
import type { SnapshotNode } from '../../src/server/storage/image.ts'
import { recover } from '../../src/server/storage/recovery.ts'
import { StartupRefused } from '../../src/server/storage/storage-errors.ts'
import { compileJava, runJava } from '../peers/java.ts'
import { temporaryDirectory } from '../peers/processes.ts'
import { host, MAX_LENGTH } from './files.ts'

/** Files by their paths below `version-2`; `../initialize` lies beside it. */
export type Files = Readonly<Record<string, Uint8Array>>

export interface Case {
  readonly name: string
  readonly files: Files
  /** Where docs/differences.md lets ours start, and Java does not. */
  readonly onlyOursStarts?: true
}

/** System properties of both sides. */
export type Flags = Readonly<Record<string, string>>

/** What a directory brought back. */
export interface Found {
  readonly image: ReplicaImage
  readonly replica: Replica
  readonly line: string
}

let classes: Promise<string> | undefined

/** Java's line for each directory below `root`; with `saves` it writes a snapshot into each as well. */
export async function javaLines(root: string, flags: Flags = {}, saves = false): Promise<string[]> {
  classes ??= compileJava([join(import.meta.dirname, 'LoadDatabases.java')])
  const jvmFlags = ['-DZK_LOG=OFF', '-Dfile.encoding=UTF-8', ...Object.entries(flags).map(([name, value]) => `-D${name}=${value}`)]
  const args = saves ? [root, 'save'] : [root]
  const result = await runJava('LoadDatabases', args, { classPath: [await classes], jvmFlags, timeoutMs: 240_000 })
  expect(result.code, result.stderr).toBe(0)
  return result.stdout.trim().split('\n').sort()
}

/** What ours makes of `dataDir`. Throws StartupRefused. */
export function recoverOurs(dataDir: string, flags: Flags = {}): Found {
  const { settings } = settingsFromArguments(['0', dataDir], new Map(Object.entries(flags)), '/')
  const sessions = new SessionTable(settings.tickTime, 1, 0)
  let mismatches = 0
  const replica = new Replica({ ...host, random: nodeRandom }, settings, sessions, { onDigestMismatch: () => mismatches++ })
  const image = new ReplicaImage(replica)
  const disk = immediateFiles(blockingNodeFiles)
  const dirs = finish(openDataDirs(disk, { dataDir, autocreate: false }))
  const options = { dirs, maxLength: MAX_LENGTH, trustEmptySnapshot: settings.snapshotTrustEmpty, autocreateDb: settings.dbAutocreate }
  const { kind, lastZxid, snapshot } = finish(recover({ ...host, disk }, options, image))
  // Java counts the snapshot that it writes for an empty directory; ours leaves that to the server.
  const snapshotZxid = snapshot?.zxid ?? (kind === 'created' ? 0n : -1n)
  return { image, replica, line: `last ${lastZxid} snapshot ${snapshotZxid} mismatches ${mismatches} ${describeReplica(replica, image)}` }
}

/** Both recover copies of the same directories and must come to the same. */
export async function compare(cases: readonly Case[], flags: Flags = {}): Promise<void> {
  const [ours, theirs] = [await lay(cases), await lay(cases)]
  const expected = new Map((await javaLines(theirs, flags)).map((line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)]))
  const found: [string, string][] = []
  const wanted: [string, string][] = []
  for (const { name, files, onlyOursStarts } of cases) {
    const { line: mine, isFuzzy } = foundByOurs(join(ours, name), flags)
    if (onlyOursStarts) {
      expect(expected.get(name), name).toBe('refused')
      expect(mine, name).not.toBe('refused')
      continue
    }
    const isLeaky = fellBack(files, expected.get(name)!)
    const theirLine = isFuzzy ? withoutMismatches(expected.get(name)!) : expected.get(name)!
    found.push([name, isLeaky ? withoutIndexes(mine) : mine])
    wanted.push([name, isLeaky ? withoutIndexes(theirLine) : theirLine])
  }
  expect(found).toEqual(wanted)
  // The comparison would be worth nothing if all ended alike.
  expect(new Set(cases.map(({ name }) => expected.get(name))).size).toBeGreaterThan(1)
  // Thousands of directories: not left to the end of the run.
  for (const root of [ours, theirs]) await rm(root, { recursive: true })
}

async function lay(cases: readonly Case[]): Promise<string> {
  const root = await temporaryDirectory('recovered')
  for (const { name, files } of cases) {
    const directory = join(root, name, 'version-2')
    await mkdir(directory, { recursive: true })
    for (const [file, bytes] of Object.entries(files)) {
      await mkdir(dirname(join(directory, file)), { recursive: true })
      await writeFile(join(directory, file), bytes)
    }
  }
  return root
}

/** `isFuzzy`: the snapshot does not say from where on digests may be compared, and no txn's digest has agreed since. */
function foundByOurs(dataDir: string, flags: Flags): { readonly line: string; readonly isFuzzy: boolean } {
  try {
    const { line, replica } = recoverOurs(dataDir, flags)
    return { line, isFuzzy: replica.isFuzzyAt(replica.lastProcessedZxid) }
  } catch (error) {
    if (!(error instanceof StartupRefused)) throw error
    return { line: 'refused', isFuzzy: false }
  }
}

/** Java takes a snapshot without a digest for exact and counts a mismatch for each txn behind it; ours compares nothing yet (docs/differences.md). */
function withoutMismatches(line: string): string {
  return line.replace(/ mismatches \d+ /, ' mismatches 0 ')
}

/** In Java, sessions and indexes of a snapshot that failed to load stay behind (docs/differences.md). */
function fellBack(files: Files, line: string): boolean {
  const loaded = BigInt(/ snapshot (-?\d+) /.exec(line)?.[1] ?? 0)
  return Object.keys(files).some((name) => zxidFromName(name, 'snapshot') > loaded)
}

function withoutIndexes(line: string): string {
  return line.replace(/ containers .*/, '')
}

function describeReplica(replica: Replica, image: ReplicaImage): string {
  const { tree } = replica
  const node = {} as SnapshotNode
  const lines: string[] = []
  const walk = image.walk()
  while (walk.next(node)) lines.push(nodeLine(node, replica))
  const hash = createHash('sha1').update(lines.sort(byUtf16).join('\n')).digest('hex').slice(0, 12)
  const sessions = [...image.sessions()].sort((a, b) => (a.id < b.id ? -1 : 1))
  const sessionText = sessions.map(({ id, timeoutMs }) => `,${BigInt.asUintN(64, id).toString(16)}:${timeoutMs}`).join('')
  const digest = BigInt.asUintN(64, tree.digest).toString(16)
  const { containers, ttlNodes } = tree.owners
  return `nodes ${lines.length} tree ${hash} digest ${digest} containers ${containers.size} ttls ${ttlNodes.size} sessions ${sessionText || 'none'}`
}

function nodeLine({ path, data, aclKey, stat }: SnapshotNode, { tree }: Replica): string {
  const acl = tree.acls
    .get(Number(aclKey))!
    .map(({ perms, id }) => `${perms}:${id.scheme}:${id.id},`)
    .join('')
  const { czxid, mzxid, pzxid, ctime, mtime, version, cversion, aversion, ephemeralOwner } = stat
  const text = data === null ? 'null' : Buffer.from(data).toString('hex')
  return [path === '' ? '/' : path, text, acl, czxid, mzxid, pzxid, ctime, mtime, version, cversion, aversion, ephemeralOwner].join(' ')
}

function byUtf16(a: string, b: string): number {
  return a < b ? -1 : 1
}

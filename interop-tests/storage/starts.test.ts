// Whole servers on damaged directories: ours and Java's start with the same tree, or end with the same exit code and the same reason.
import { cp, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { needPeer } from '../peers/peers.ts'
import { temporaryDirectory } from '../peers/processes.ts'
import { RawSession } from '../wire/raw-session.ts'
import type { SessionIdentity } from '../wire/raw-session.ts'
import { newestSnapshot } from './files.ts'
import { hiddenOwnerOf, keeperDigest, LONG_TIMEOUT_MS, playShortLeg } from './interchange-workload.ts'
import { observe } from './observation.ts'
import type { Observation } from './observation.ts'
import { all, create, play, setData } from './requests.ts'
import { refusedStart, startSide, superPassword } from './sides.ts'
import type { Kind, Side } from './sides.ts'
import { logOf } from './written.ts'

const java = await needPeer('java')

const kinds: readonly Kind[] = ['ours', 'java 3.9.6']
const HEADER_SIZE = 16
const SEAL_SIZE = 13

interface Damage {
  readonly name: string
  /** Works in the `version-2` of a copy. */
  readonly do: (directory: string) => Promise<unknown>
  readonly side?: Partial<Side>
}

/** A log of the directory, counted from the first. */
async function logAt(directory: string, index: number): Promise<string> {
  const zxid = (name: string): number => parseInt(name.slice('log.'.length), 16)
  const names = (await readdir(directory)).filter((name) => name.startsWith('log.')).sort((a, b) => zxid(a) - zxid(b))
  return join(directory, names.at(index)!)
}

async function change(path: string, how: (bytes: Buffer) => Uint8Array): Promise<void> {
  await writeFile(path, how(await readFile(path)))
}

const flipped =
  (at: number) =>
  (bytes: Buffer): Buffer => {
    const position = at < 0 ? bytes.length + at : at
    bytes[position] = bytes[position] ^ 1
    return bytes
  }

/** Length of the part in use. */
const used = (bytes: Buffer): number => bytes.findLastIndex((byte) => byte !== 0) + 1

const spoilSnapshots = async (directory: string): Promise<void> => {
  for (const name of await readdir(directory)) {
    if (name.startsWith('snapshot.')) await change(join(directory, name), flipped(100))
  }
}

const starts: readonly Damage[] = [
  { name: 'nothing', do: () => Promise.resolve() },
  { name: 'an empty newest log', do: (directory) => writeFile(join(directory, 'log.ffff'), '') },
  { name: 'the last entry cut', do: async (directory) => change(await logAt(directory, -1), (bytes) => bytes.subarray(0, used(bytes) - 7)) },
  { name: 'the last entry half zeros', do: async (directory) => change(await logAt(directory, -1), (bytes) => bytes.fill(0, used(bytes) - 7)) },
  { name: 'the last trailer wrong', do: async (directory) => change(await logAt(directory, -1), (bytes) => flipped(used(bytes) - 1)(bytes)) },
  { name: 'a header and nothing else', do: async (directory) => truncate(await logAt(directory, -1), HEADER_SIZE) },
  { name: 'the newest snapshot torn', do: (directory) => change(newestSnapshot(directory), (bytes) => bytes.subarray(0, bytes.length - 3)) },
  { name: 'the newest snapshot empty', do: (directory) => truncate(newestSnapshot(directory), 0) },
  { name: 'the newest snapshot with a wrong bit', do: (directory) => change(newestSnapshot(directory), flipped(200)) },
  { name: 'the newest snapshot lost', do: (directory) => rm(newestSnapshot(directory)) },
  { name: 'the newest snapshot under its temporary name', do: (directory) => rename(newestSnapshot(directory), `${newestSnapshot(directory)}.tmp`) },
  {
    name: 'what an ensemble leaves',
    do: (directory) =>
      Promise.all([
        writeFile(join(directory, 'currentEpoch'), '3'),
        writeFile(join(directory, 'acceptedEpoch'), '3'),
        writeFile(join(directory, 'currentEpoch.tmp'), '4'),
        writeFile(join(directory, '..', 'myid'), '2\n'),
        writeFile(join(directory, '..', 'initialize'), ''),
      ]),
  },
  { name: 'nothing, and databases are not to be made', do: () => Promise.resolve(), side: { properties: { 'zookeeper.db.autocreate': 'false' } } },
]

const refusals: readonly (Damage & { readonly code: number; readonly says: Readonly<Record<Kind, string>> | string })[] = [
  {
    name: 'a wrong bit in the last entry',
    do: async (directory) => change(await logAt(directory, -1), (bytes) => flipped(used(bytes) - 3)(bytes)),
    code: 1,
    says: 'CRC check failed',
  },
  { name: 'a wrong magic', do: async (directory) => change(await logAt(directory, -1), flipped(2)), code: 1, says: 'has invalid magic number' },
  {
    name: 'half a header',
    do: async (directory) => truncate(await logAt(directory, -1), 9),
    code: 1,
    says: { ours: 'ends within its header', 'java 3.9.6': 'EOFException' },
  },
  {
    name: 'a log cut before another',
    do: async (directory) => change(await logAt(directory, -2), (bytes) => bytes.subarray(0, used(bytes) - 7)),
    code: 1,
    says: 'Committed proposal cached out of order: 0x',
  },
  {
    name: 'a txn of a kind that does not exist',
    do: (directory) => writeFile(join(directory, 'log.700000001'), logOf([{ type: 99, body: new Uint8Array(4) }], 0x7_0000_0001n)),
    code: 1,
    says: 'Unsupported Txn with type=99',
  },
  { name: 'no snapshot that can be read', do: spoilSnapshots, code: 1, says: 'Not able to find valid snapshots in ' },
  {
    name: 'no snapshot that looks complete',
    do: async (directory) => {
      for (const name of await readdir(directory)) if (name.startsWith('snapshot.')) await truncate(join(directory, name), SEAL_SIZE)
    },
    code: 1,
    says: 'No snapshot found, but there are log entries. Something is broken!',
  },
  { name: 'an id that is no number', do: (directory) => writeFile(join(directory, '..', 'myid'), 'xyz\n'), code: 2, says: 'serverid xyz is not a number' },
]

describe.skipIf(java === undefined)('servers on a directory with', () => {
  let dataDir: string
  let observer: SessionIdentity

  beforeAll(async () => {
    dataDir = await temporaryDirectory('starts')
    // Three lives, so that there are several logs and snapshots, and a txn that the last log alone has.
    for (const life of [0, 1, 2]) {
      const server = await startSide({ kind: 'ours' }, dataDir)
      const session = await RawSession.open(server.port, observer ?? { timeoutMs: LONG_TIMEOUT_MS })
      observer = session
      await session.addDigest(superPassword)
      await session.addDigest(keeperDigest)
      await playShortLeg(life, session)
      await play(session, all(create(`/last-${life}`, 'x'), setData(`/last-${life}`, 'y')))
      session.drop()
      await server.stop()
    }
    const directory = join(dataDir, 'version-2')
    // The logs before the newest snapshot's are not looked at by anybody.
    await rm(newestSnapshot(directory))
  })

  async function damaged(damage: Damage): Promise<string> {
    const copy = await temporaryDirectory('damaged')
    await cp(join(dataDir, 'version-2'), join(copy, 'version-2'), { recursive: true })
    await damage.do(join(copy, 'version-2'))
    return copy
  }

  async function shownBy(kind: Kind, damage: Damage): Promise<Observation> {
    const server = await startSide({ kind, ...damage.side }, await damaged(damage))
    try {
      const session = await RawSession.open(server.port, observer)
      await session.addDigest(superPassword)
      const seen = await observe(server.port, session, hiddenOwnerOf)
      session.drop()
      return seen
    } finally {
      await server.kill()
    }
  }

  it.each(starts)('$name start alike', async (damage) => {
    const [ours, theirs] = await Promise.all(kinds.map((kind) => shownBy(kind, damage)))
    expect(ours).toEqual(theirs)
    expect(ours.nodes.length).toBeGreaterThan(10)
  })

  it.each(refusals)('$name refuse the start alike', async (damage) => {
    for (const kind of kinds) {
      const { code, stdout, stderr } = await refusedStart({ kind, ...damage.side }, await damaged(damage))
      expect([kind, code]).toEqual([kind, damage.code])
      expect(stdout + stderr).toContain(typeof damage.says === 'string' ? damage.says : damage.says[kind])
    }
  })
})

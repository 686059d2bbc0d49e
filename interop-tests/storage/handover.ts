// A data directory that several servers have one after the other. Each takes it over from the one before: what it shows must be what the other
// showed last, it must go on with the next zxid, and what it leaves in its files must agree with what it showed.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { CloseSessionTxn } from '../../src/jute/generated/txn.ts'
import { OpCode } from '../../src/protocol/codes.ts'
import { eventually, temporaryDirectory } from '../peers/processes.ts'
import type { ServerProcess } from '../peers/server-process.ts'
import { decode } from '../wire/messages.ts'
import { RawSession } from '../wire/raw-session.ts'
import { readLogs, readSnapshot } from './files.ts'
import type { Entry } from './files.ts'
import { baseOf, hiddenOwnerOf, keeperDigest, legTypes, LONG_TIMEOUT_MS, ownEphemerals, playLeg, playShortLeg } from './interchange-workload.ts'
import { nodeAt, observe } from './observation.ts'
import type { Observation } from './observation.ts'
import { all, create, gone, play, setData } from './requests.ts'
import { complaints, startSide, superPassword } from './sides.ts'
import type { Side } from './sides.ts'

/** Long enough for what comes between a start and the first look. */
const DOOMED_TIMEOUT_MS = 6000
const SNAPSHOT_LIMIT_MS = 60_000
const HEADER_BYTES = 32
const DIGEST_BYTES = 12
const DIGEST_VERSION = 2
const SIGTERM_EXIT_CODE = 143

export interface HandOver {
  /** Who has the directory, one after the other. */
  readonly sides: readonly Side[]
  /** How each of them ends. */
  readonly end: 'stop' | 'kill'
  readonly workload: 'full' | 'short'
  /** Done to `dataDir/version-2` while nobody has it. */
  readonly between?: (versionDirectory: string) => Promise<void>
  /** The servers keep a digest of the tree. Default true. */
  readonly digest?: boolean
  /** The end of a session lists its ephemerals. Default true. */
  readonly listsPaths?: boolean
  /** The logs have a directory of their own. */
  readonly separateLogs?: boolean
}

/** Lets each of the sides have the directory in turn. */
export async function handOver(plan: HandOver): Promise<void> {
  const dataDir = await temporaryDirectory('handover')
  const dataLogDir = plan.separateLogs ? await temporaryDirectory('handover-logs') : dataDir
  const life = new Life(plan, dataDir, dataLogDir)
  for (const side of plan.sides) {
    const server = await startSide(plan.separateLogs ? { ...side, config: { ...side.config, dataLogDir } } : side, dataDir)
    try {
      await life.leg(server, side)
      const { code } = await server[plan.end]()
      if (plan.end === 'stop') expect(code).toBe(SIGTERM_EXIT_CODE)
    } finally {
      await server.kill()
    }
    expect(complaints(server.log()), `in the log of ${side.kind}`).toEqual([])
    life.inspectLogs()
    await plan.between?.(join(dataDir, 'version-2'))
  }
}

/** The directory with those who live on it longer than a server. */
class Life {
  readonly #plan: HandOver
  readonly #snapshotDirectory: string
  readonly #logDirectory: string
  #legs = 0
  /** Sees everything. */
  #observer: RawSession | undefined
  /** Has ephemerals and comes back to them. */
  #keeper: RawSession | undefined
  /** Has ephemerals too, and does not come back. */
  #doomed: RawSession | undefined
  #last: Observation | undefined
  /** Sessions that expired, with the nodes that they had. */
  readonly #dead: { readonly id: bigint; readonly paths: readonly string[] }[] = []

  constructor(plan: HandOver, dataDir: string, dataLogDir: string) {
    this.#plan = plan
    this.#snapshotDirectory = join(dataDir, 'version-2')
    this.#logDirectory = join(dataLogDir, 'version-2')
  }

  /** From the first look at what a server has found to the last look at what it leaves. */
  async leg(server: ServerProcess, side: Side): Promise<void> {
    const leg = this.#legs++
    this.#observer = await RawSession.open(server.port, this.#observer ?? { timeoutMs: LONG_TIMEOUT_MS })
    this.#keeper = await RawSession.open(server.port, this.#keeper ?? { timeoutMs: LONG_TIMEOUT_MS })
    const observer = this.#observer
    const keeper = this.#keeper
    await observer.addDigest(superPassword)
    await keeper.addDigest(keeperDigest)
    if (this.#last !== undefined) await this.#takeOver(this.#last, server, side)
    await (this.#plan.workload === 'full' ? playLeg(server.port, leg, keeper) : playShortLeg(leg, keeper))
    if (this.#doomed !== undefined) await this.#awaitDeath(this.#doomed, leg - 1, server)
    if (this.#plan.workload === 'full') this.#doomed = await openDoomed(server.port, leg)
    // A txn that is in the log with the digest of what will be seen.
    await play(keeper, all(setData(baseOf(leg), 'the last word')))
    this.#last = await observe(server.port, observer, hiddenOwnerOf)
    if (this.#doomed !== undefined) expect(nodeAt(this.#last, `${baseOf(leg)}/doomed`)!.stat.ephemeralOwner).toBe(this.#doomed.id)
    for (const session of [observer, keeper, this.#doomed]) session?.drop()
  }

  /** The server shows what the one before it showed last, and goes on with the next zxid. */
  async #takeOver(last: Observation, server: ServerProcess, side: Side): Promise<void> {
    expect(await observe(server.port, this.#observer!, hiddenOwnerOf)).toEqual(last)
    const compression = side.config?.['snapshot.compression.method'] ?? ''
    const snapshot = join(this.#snapshotDirectory, `snapshot.${last.lastZxid.toString(16)}${compression === '' ? '' : `.${compression}`}`)
    // Ours serves while it is being written.
    await eventually('the snapshot of the start', SNAPSHOT_LIMIT_MS, () => (existsSync(snapshot) ? true : undefined))
    const { info } = readSnapshot(snapshot)
    // Without a txn since the start there is no digest in it.
    if (info.digest !== undefined && info.digest.zxid !== 0n) expect(info.digest.value).toBe(last.digest)
    const [first] = await play(this.#keeper!, all(create(`/first-${this.#legs}`)))
    expect(first.header.zxid).toBe(last.lastZxid + 1n)
  }

  /** The session that nobody came back to has expired, and its nodes are gone with it. */
  async #awaitDeath(doomed: RawSession, leg: number, server: ServerProcess): Promise<void> {
    await gone(this.#keeper!, `${baseOf(leg)}/doomed`)
    expect(await RawSession.tryOpen(server.port, doomed)).toBeUndefined()
    const paths = this.#last!.nodes.filter(({ stat }) => stat.ephemeralOwner === doomed.id).map(({ path }) => path)
    this.#dead.push({ id: doomed.id, paths })
  }

  /** Every zxid there ever was is in the logs once, and the last txn carries the digest of what was seen after it. */
  inspectLogs(): void {
    const entries = readLogs(this.#logDirectory)
    entries.forEach(({ header }, index) => expect(header.zxid).toBe(BigInt(index + 1)))
    const { lastZxid, digest } = this.#last!
    expect(entries.at(-1)!.header.zxid).toBe(lastZxid)
    if (this.#plan.digest ?? true) expect(digestOf(entries.at(-1)!)).toBe(digest)
    if (this.#plan.workload === 'full') expect(typesOf(entries)).toEqual(legTypes)
    for (const { id, paths } of this.#dead) {
      const end = entries.find(({ header }) => header.type === OpCode.closeSession && header.clientId === id)!
      expect(end.header.cxid).toBe(0)
      if (this.#plan.listsPaths ?? true) expect(decode(CloseSessionTxn, end.payload.subarray(HEADER_BYTES))!.paths2Delete!.sort()).toEqual(paths)
    }
  }
}

async function openDoomed(port: number, leg: number): Promise<RawSession> {
  const session = await RawSession.open(port, { timeoutMs: DOOMED_TIMEOUT_MS })
  await play(session, ownEphemerals(baseOf(leg), 'doomed'))
  return session
}

function digestOf({ payload }: Entry): bigint {
  const tail = Buffer.from(payload.subarray(payload.length - DIGEST_BYTES))
  expect(tail.readInt32BE(0)).toBe(DIGEST_VERSION)
  return tail.readBigUInt64BE(4)
}

function typesOf(entries: readonly Entry[]): number[] {
  return [...new Set(entries.map(({ header }) => header.type))].sort((a, b) => a - b)
}

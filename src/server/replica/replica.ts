/**
 * The replicated state of one server: tree, sessions, watches. Txns change it in the order of their zxids and in no
 * other way, on a standalone server, a leader and a learner alike (ZKDatabase).
 */
import { JuteReader } from '../../jute/reader.ts'
import { maxRecordLength } from '../config/settings.ts'
import type { Settings } from '../config/settings.ts'
import type { Clock, Host } from '../host/host.ts'
import { emptyResult } from '../ops/op.ts'
import type { ApplyContext, TxnResult } from '../ops/op.ts'
import type { SessionTable } from '../session/session-table.ts'
import type { ZxidDigest } from '../storage/image.ts'
import { DataTree } from '../tree/data-tree.ts'
import { DIGEST_VERSION, DigestSum } from '../tree/digest.ts'
import type { LoggedTxn } from '../txn/logged-txn.ts'
import { decodeTxn } from '../txn/txn-codec.ts'
import { WatchTable } from '../watch/watch-table.ts'

/** Digests of every 128th zxid are kept for the word `hash`. */
const DIGEST_LOG_BITS = 7
const DIGEST_LOG_LIMIT = 1024
/** Above all zxids. */
const NOT_KNOWN = 2n ** 63n

export interface ReplicaEvents {
  /** The tree's digest after a txn is not the one that the txn promised. */
  onDigestMismatch(zxid: bigint): void
}

export class Replica implements ApplyContext {
  readonly tree: DataTree
  readonly watches = new WatchTable()
  readonly sessions: SessionTable
  readonly #clock: Clock
  readonly #settings: Settings
  readonly #events: ReplicaEvents
  readonly #reader: JuteReader
  #lastZxid = 0n
  #digestLog: ZxidDigest[] = []
  /** What the snapshot block tells: nothing until a txn was applied since the tree was loaded. */
  #digestedZxid = 0n
  /** The tree's digest after that. */
  readonly #lastDigest = new DigestSum()
  /** A fuzzy snapshot's tree agrees with no digest before this zxid; NOT_KNOWN until some digest agrees, or until somebody tells. */
  #fuzzyUntil = 0n

  readonly trackSession: ApplyContext['trackSession']
  readonly removeSession: ApplyContext['removeSession']

  constructor({ clock, random }: Pick<Host, 'clock' | 'random'>, settings: Settings, sessions: SessionTable, events: ReplicaEvents) {
    this.#clock = clock
    this.#settings = settings
    this.#events = events
    this.sessions = sessions
    this.tree = new DataTree(settings, random.below(0x7fff_ffff))
    this.#reader = new JuteReader({ maxLength: maxRecordLength(settings) })
    this.trackSession = (id, timeoutMs) => void sessions.track(id, timeoutMs, this.#clock.now())
    this.removeSession = (id) => sessions.remove(id)
  }

  get lastProcessedZxid(): bigint {
    return this.#lastZxid
  }

  /** Watches fire from here on. */
  startServing(): void {
    this.tree.listener = this.watches
  }

  apply({ header, kind, record, digest }: LoggedTxn): TxnResult {
    const result = emptyResult(header.type)
    kind.apply(this, header, record as never, result)
    if (header.zxid > this.#lastZxid) this.#lastZxid = header.zxid
    if (this.#settings.digestEnabled) this.#onDigest(header.zxid, digest)
    return result
  }

  #onDigest(zxid: bigint, promised: bigint | undefined): void {
    // A tree that agrees with a digest shows no traces of what came later.
    if (this.#fuzzyUntil === NOT_KNOWN && promised === this.tree.digest) this.#fuzzyUntil = zxid
    if (this.isFuzzyAt(zxid)) return
    if (promised !== undefined && promised !== this.tree.digest) this.#events.onDigestMismatch(zxid)
    this.#digestedZxid = zxid
    this.#lastDigest.set(this.tree.digestSum)
    if (BigInt.asUintN(DIGEST_LOG_BITS, zxid) !== 0n) return
    this.#digestLog.push(this.lastDigest)
    if (this.#digestLog.length > DIGEST_LOG_LIMIT) this.#digestLog.shift()
  }

  digestLog(): readonly ZxidDigest[] {
    return this.#digestLog
  }

  // Loading ---------------------------------------------------------------------------------------------------

  /** Forgets everything: a snapshot or nothing at all comes next. */
  clear(): void {
    this.tree.clear()
    this.sessions.clear()
    this.#lastZxid = 0n
    this.#fuzzyUntil = 0n
    this.#digestedZxid = 0n
    this.#lastDigest.clear()
  }

  /** The state of a server that has never run. */
  startEmpty(): void {
    this.clear()
    this.tree.reset()
  }

  /**
   * The snapshot's nodes are in; digests are compared again from `digest.zxid` on. A snapshot without a digest may be one of a tree that a leader
   * had sent while it changed: it shows traces of txns that this server has never seen. Java takes such a tree for exact, and counts mismatches.
   * The snapshot of zxid 0 has no digest either, and is exact: a server writes it before its first txn.
   */
  finishLoading(zxid: bigint, digest: ZxidDigest | undefined): void {
    this.adopt(zxid)
    if (zxid === 0n) this.#fuzzyUntil = 0n
    if (digest === undefined || !this.#settings.digestEnabled) return
    const agrees = digest.value === this.tree.digest
    if (digest.zxid >= zxid) this.#fuzzyUntil = digest.zxid
    else if (agrees) this.#fuzzyUntil = zxid
    if (digest.zxid === zxid && !agrees) this.#events.onDigestMismatch(zxid)
  }

  /** The tree came from a leader, and may show traces of txns above its zxid: how far, turns out later (`endFuzziness`). */
  adopt(zxid: bigint): void {
    this.tree.finishLoading()
    this.#lastZxid = zxid
    this.#fuzzyUntil = NOT_KNOWN
  }

  /** The tree shows no traces of txns above this one, whatever it had come from. */
  endFuzziness(zxid: bigint): void {
    if (this.#fuzzyUntil === NOT_KNOWN) this.#fuzzyUntil = zxid
  }

  /** Whether the tree after this txn may be another than its digest says. */
  isFuzzyAt(zxid: bigint): boolean {
    return zxid < this.#fuzzyUntil
  }

  /** A leader begins its epoch: whoever asks from now on is told of its zxid. */
  enterEpoch(zxid: bigint): void {
    this.#lastZxid = zxid
    // Whatever has left traces was committed, and is part of the history that it leads with.
    this.endFuzziness(zxid)
  }

  /** A txn from the log. Throws MalformedFrame when it is none. */
  replay(payload: Uint8Array): void {
    this.apply(decodeTxn(payload, this.#reader))
  }

  /**
   * Ephemerals whose session is not known go without a txn, as on the start of a leader or standalone server
   * (ZooKeeperServer.loadData).
   */
  dropOrphans(): void {
    for (const [session] of [...this.tree.owners.sessions()]) {
      if (this.sessions.get(session) === undefined) this.tree.closeSession(session, null, this.#lastZxid)
    }
  }

  /** Of the last txn applied since the tree was loaded; zxid 0 when there was none. */
  get lastDigest(): ZxidDigest {
    return { zxid: this.#digestedZxid, version: DIGEST_VERSION, value: this.#lastDigest.value }
  }
}

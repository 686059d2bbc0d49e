/**
 * What the server has done, as its clients may hold it to: every txn that was applied, whose request it was, and what each
 * node was like after each zxid. Answers are compared with it as they come, the tree after every restart. It is a model
 * of its own: nothing in it is read from the server's tree.
 */
import { Buffer } from 'node:buffer'
import type { CreateTxn, ErrorTxn, MultiTxn } from '../jute/generated/txn.ts'
import { Code, OpCode } from '../protocol/codes.ts'
import { follows } from '../protocol/zxid.ts'
import type { LoggedTxn } from '../server/txn/logged-txn.ts'
import { withoutDigest } from '../server/txn/txn-codec.ts'
import { describe, isWrite, writesOf } from './actions.ts'
import type { Action, Answer } from './actions.ts'
import type { Asked } from './sim-client.ts'
import { Violation } from './world.ts'

/** What becomes of a write: 'moved' is a refusal, too. */
type Fate = 'done' | 'refused' | 'moved'

interface Done {
  readonly session: bigint
  readonly xid: number
  readonly txn: LoggedTxn
}

/** A node after a txn; data undefined = it is gone. */
export interface NodeVersion {
  readonly zxid: bigint
  readonly data: string | undefined
  /** The session of an ephemeral, else 0. */
  readonly owner: bigint
}

interface SessionRecord {
  /** Its writes that have had no txn, by xid and in the order in which they were sent; some are lost with their connection. */
  readonly waiting: Map<number, Asked>
  /** Connections of which something came when the session was elsewhere. */
  readonly moved: Set<number>
  /** The last connection of which anything was looked at. */
  newest: number
  isEnded: boolean
  /** Paths of ephemerals that it has made. */
  readonly ephemerals: Set<string>
}

export class Ledger {
  /** The last txn that the server has applied; of an ensemble, the last that is committed. */
  lastApplied = 0n
  /** The zxid that names the newest epoch that serves; no txn, and shown to clients all the same. */
  epochZxid = 0n
  /** The highest zxid that any client has been shown. */
  lastSeen = 0n
  answers = 0
  acknowledged = 0
  /** Of what is there now. */
  nodeCount = 0
  ephemeralCount = 0
  sessionCount = 0
  readonly #txns = new Map<bigint, Done>()
  readonly #nodes = new Map<string, NodeVersion[]>()
  readonly #sessions = new Map<bigint, SessionRecord>()

  get txnCount(): number {
    return this.#txns.size
  }

  // Clients ---------------------------------------------------------------------------------------------------

  onAsked(session: bigint, asked: Asked): void {
    if (isWrite(asked.action)) this.#session(session).waiting.set(asked.xid, asked)
  }

  onAnswered(session: bigint, { xid, action }: Asked, zxid: bigint, answer: Answer): void {
    this.answers++
    this.onSeen(zxid)
    if (isWrite(action)) this.#checkWrite(session, xid, action, zxid, answer)
    else if (action.kind === 'get' || action.kind === 'exists') this.#checkRead(action.path, zxid, answer)
    else if (action.kind === 'getAll') action.paths.forEach((path, index) => this.#checkRead(path, zxid, answer.parts![index]))
  }

  onSeen(zxid: bigint): void {
    if (zxid > this.lastApplied && zxid > this.epochZxid) throw new Violation(`a client is shown zxid ${zxid}, but only ${this.lastApplied} was applied`)
    if (zxid > this.lastSeen) this.lastSeen = zxid
  }

  #checkWrite(session: bigint, xid: number, action: Action, zxid: bigint, answer: Answer): void {
    const done = this.#txns.get(zxid)
    if (done?.session !== session || done.xid !== xid) {
      throw new Violation(`${describe(action)} of session ${session.toString(16)} is acknowledged with zxid ${zxid}, which is not its own`)
    }
    this.acknowledged++
    if (answer.err !== Code.OK || answer.parts?.some((part) => part.err !== Code.OK) === true) return
    for (const write of writesOf(action)) {
      if (write.kind === 'check' || (write.kind === 'create' && write.mode === 'sequential')) continue
      const node = this.at(write.path, zxid)
      const expected = write.kind === 'delete' ? undefined : write.data
      if (node?.zxid !== zxid || node.data !== expected) throw new Violation(`${describe(write)} is acknowledged with zxid ${zxid}, which did not do it`)
    }
  }

  #checkRead(path: string, zxid: bigint, { err, data, stat }: Answer): void {
    if (err !== Code.OK && err !== Code.NONODE) return
    const node = this.at(path, zxid)
    const isThere = node?.data !== undefined
    const shown = err === Code.OK ? `"${data?.slice(0, 16)}" of zxid ${stat!.mzxid}` : 'nothing'
    const right = isThere ? err === Code.OK && stat!.mzxid === node.zxid && (data === undefined || data === node.data) : err !== Code.OK
    if (right) return
    const expected = isThere ? `"${node.data.slice(0, 16)}" of zxid ${node.zxid}` : 'nothing'
    throw new Violation(`a read of ${path} at zxid ${zxid} shows ${shown} where ${expected} should be`)
  }

  // Server ----------------------------------------------------------------------------------------------------

  /** A txn is applied, or found in the log after a crash. */
  onTxn(txn: LoggedTxn): void {
    const { header, record, payload } = txn
    const { zxid, clientId: session, cxid: xid, type } = header
    const known = this.#txns.get(zxid)
    if (known !== undefined) {
      if (!isSameTxn(known.txn, txn)) throw new Violation(`zxid ${zxid} is used again for another txn`)
      return
    }
    if (!follows(this.lastApplied, zxid)) throw new Violation(`zxid ${zxid} is applied after ${this.lastApplied}`)
    this.lastApplied = zxid
    this.#txns.set(zxid, { session, xid, txn: { ...txn, payload: new Uint8Array(payload), request: undefined } })
    if (type === OpCode.createSession) {
      this.sessionCount++
      return
    }
    // The server's own requests have no xid.
    if (xid !== 0) {
      const fate = fateOf(txn)
      const { action } = this.#takeTurn(session, xid, fate)
      if (fate === 'done') this.#perform(session, zxid, action, record)
    }
    if (type === OpCode.closeSession) this.#endSession(session, zxid)
  }

  /** Whether it is known, which is as much as committed. */
  has(zxid: bigint): boolean {
    return this.#txns.has(zxid)
  }

  /** The last txn below the zxid; 0 when there is none. */
  lastBefore(zxid: bigint): bigint {
    if (this.lastApplied < zxid) return this.lastApplied
    let last = 0n
    for (const done of this.#txns.keys()) if (done < zxid) last = done
    return last
  }

  /** The node as of the zxid; undefined when it has never been. */
  at(path: string, zxid: bigint): NodeVersion | undefined {
    const versions = this.#nodes.get(path) ?? []
    return versions.findLast((version) => version.zxid <= zxid)
  }

  /** Every node that is there now. */
  *nodes(): IterableIterator<[path: string, version: NodeVersion & { readonly data: string }]> {
    for (const [path, versions] of this.#nodes) {
      const { zxid, data, owner } = versions.at(-1)!
      if (data !== undefined) yield [path, { zxid, data, owner }]
    }
  }

  /**
   * Writes of one connection have their txns in order, and those without one are behind all others. What comes late from where
   * the client is no more is refused, with all that it sent behind that; and so is what comes after the session's end.
   * But the end is had by whoever asks for it, as from Java: its client may have gone on elsewhere meanwhile.
   */
  #takeTurn(session: bigint, xid: number, fate: Fate): Asked {
    const record = this.#session(session)
    const name = `session ${session.toString(16)}`
    const asked = record.waiting.get(xid)
    if (asked === undefined) throw new Violation(`${name} did not ask for xid ${xid}, or it has had its txn before`)
    const { connection } = asked
    for (const earlier of record.waiting.values()) {
      if (earlier === asked) break
      if (earlier.connection === connection) throw new Violation(`${name}: xid ${xid} has a txn and xid ${earlier.xid}, sent before it, has none`)
    }
    record.waiting.delete(xid)
    if (asked.action.kind === 'close') {
      if (fate !== 'done') throw new Violation(`${name}: xid ${xid}, its end, is refused`)
    } else if (fate === 'moved') {
      record.moved.add(connection)
    } else if (record.isEnded) {
      if (fate === 'done') throw new Violation(`${name}: xid ${xid} was done after its end`)
    } else {
      if (record.moved.has(connection)) throw new Violation(`${name} has moved: xid ${xid} was looked at, and what was sent before it was refused for that`)
      if (connection < record.newest) throw new Violation(`${name} has moved: xid ${xid} was looked at after what was sent on a later connection`)
      record.newest = connection
    }
    return asked
  }

  #perform(session: bigint, zxid: bigint, action: Action, record: unknown): void {
    for (const write of writesOf(action)) {
      if (write.kind === 'check') continue
      // Only the server knows what it has numbered.
      const path = write.kind === 'create' && write.mode === 'sequential' ? (record as CreateTxn).path! : write.path
      const isEphemeral = write.kind === 'create' && write.mode === 'ephemeral'
      if (isEphemeral) this.#session(session).ephemerals.add(path)
      const owner = isEphemeral ? session : write.kind === 'set' ? (this.at(path, zxid)?.owner ?? 0n) : 0n
      this.#note(path, { zxid, data: write.kind === 'delete' ? undefined : write.data, owner })
    }
  }

  #endSession(session: bigint, zxid: bigint): void {
    const record = this.#session(session)
    // Its client may have asked for it twice, and the leader besides.
    if (record.isEnded) return
    record.isEnded = true
    this.sessionCount--
    for (const path of record.ephemerals) {
      if (this.at(path, zxid)?.owner === session) this.#note(path, { zxid, data: undefined, owner: 0n })
    }
    record.ephemerals.clear()
  }

  #note(path: string, version: NodeVersion): void {
    const versions = this.#nodes.get(path) ?? []
    this.#count(versions.at(-1), -1)
    this.#count(version, 1)
    versions.push(version)
    this.#nodes.set(path, versions)
  }

  #count(version: NodeVersion | undefined, change: number): void {
    if (version?.data === undefined) return
    this.nodeCount += change
    if (version.owner !== 0n) this.ephemeralCount += change
  }

  #session(id: bigint): SessionRecord {
    let record = this.#sessions.get(id)
    if (record === undefined) {
      record = { waiting: new Map(), moved: new Set(), newest: 0, isEnded: false, ephemerals: new Set() }
      this.#sessions.set(id, record)
    }
    return record
  }
}

function fateOf({ header: { type }, kind, record }: LoggedTxn): Fate {
  if (type === OpCode.error) return (record as ErrorTxn).err === Code.SESSIONMOVED ? 'moved' : 'refused'
  return kind.type === OpCode.multi && (record as MultiTxn).txns!.some((part) => part.type === OpCode.error) ? 'refused' : 'done'
}

/** A member whose tree is fuzzy is sent txns without digests, and logs them so; but for that they are the same everywhere. */
export function isSameTxn(a: LoggedTxn, b: LoggedTxn): boolean {
  if (a.digest !== undefined && b.digest !== undefined && a.digest !== b.digest) return false
  return Buffer.compare(withoutDigest(a).payload, withoutDigest(b).payload) === 0
}

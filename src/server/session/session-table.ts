/**
 * The sessions a server knows (SessionTrackerImpl). Only a standalone server or the leader expires them; the
 * transaction that ends one is the only thing that takes it out of the table.
 */
import { LargeMap } from '../../base/large-map.ts'
import { ExpiryQueue } from './expiry-queue.ts'
import type { Expiring } from './expiry-queue.ts'

export interface Session extends Expiring {
  readonly id: bigint
  /** As the session's txn and the snapshots carry it. */
  readonly timeoutMs: number
  /** Negotiated at the last attachment; what expiry goes by. */
  attachedTimeoutMs: number
  /** The server where its client was seen last; undefined = nobody has asked for anything since the leader began. */
  owner: object | undefined
  /** A closeSession is on its way or has been applied; nothing else of the session is prepared any more. */
  closing: boolean
}

/** What a container's owner looks like: no session may have it for an id. */
const FORBIDDEN_ID = BigInt.asIntN(64, 0x8000_0000_0000_0000n)

export class SessionTable {
  readonly #sessions = new LargeMap<bigint, Session>()
  readonly #expiry: ExpiryQueue<Session>
  #nextId: bigint

  /** `serverId` marks the ids given out here; `wallTime` keeps those of different starts apart. */
  constructor(tickTimeMs: number, serverId: number, wallTime: number) {
    this.#expiry = new ExpiryQueue(tickTimeMs)
    this.#nextId = firstSessionId(serverId, wallTime)
  }

  get size(): number {
    return this.#sessions.size
  }

  get(id: bigint): Session | undefined {
    return this.#sessions.get(id)
  }

  all(): Iterable<Session> {
    return this.#sessions.values()
  }

  nextId(): bigint {
    let id = this.#nextId
    while (id === 0n || id === FORBIDDEN_ID || this.#sessions.has(id)) id = BigInt.asIntN(64, id + 1n)
    this.#nextId = BigInt.asIntN(64, id + 1n)
    return id
  }

  /** Enters the session; it has its full time from `now` on. */
  track(id: bigint, timeoutMs: number, now: number): Session {
    this.remove(id)
    const session = { id, timeoutMs, attachedTimeoutMs: timeoutMs, owner: undefined, closing: false, expiresAt: 0 }
    this.#sessions.set(id, session)
    this.#expiry.touch(session, now, timeoutMs)
    return session
  }

  /** A client came back to its session with a timeout of its own. */
  reattach(session: Session, timeoutMs: number, now: number): void {
    session.attachedTimeoutMs = timeoutMs
    this.touch(session, now)
  }

  touch(session: Session, now: number): void {
    if (!session.closing) this.#expiry.touch(session, now, session.attachedTimeoutMs)
  }

  /** No expiry any more; the session stays known until its closeSession is applied. */
  setClosing(session: Session): void {
    session.closing = true
    this.#expiry.remove(session)
  }

  /** Nobody decides any more: whose end was asked for and has not come lives on, and all belong to nobody. */
  reopen(now: number): void {
    for (const session of this.#sessions.values()) {
      session.owner = undefined
      if (!session.closing) continue
      session.closing = false
      this.touch(session, now)
    }
  }

  remove(id: bigint): void {
    const session = this.#sessions.get(id)
    if (session === undefined) return
    this.setClosing(session)
    this.#sessions.delete(id)
  }

  clear(): void {
    for (const id of [...this.#sessions.keys()]) this.remove(id)
  }

  takeExpired(now: number): Session[] {
    return this.#expiry.takeExpired(now)
  }

  /** Every session gets its full time from `now` on, as after loading. */
  restartExpiry(now: number): void {
    this.#expiry.restart(now, (session) => session.attachedTimeoutMs)
  }

  expiryBuckets(): [number, Iterable<Session>][] {
    return this.#expiry.buckets()
  }
}

/** Server id in the top byte, 40 bits of a millisecond clock, 16 zero bits (SessionTrackerImpl.initializeNextSessionId). */
export function firstSessionId(serverId: number, wallTime: number): bigint {
  const clock = BigInt.asUintN(64, BigInt(wallTime) << 24n) >> 8n
  const id = BigInt.asIntN(64, clock | (BigInt(serverId) << 56n))
  return id === FORBIDDEN_ID ? id + 1n : id
}

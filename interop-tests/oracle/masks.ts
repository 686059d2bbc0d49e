// What two servers may differ in, taken out of their replies: session ids become labels, times are held against the zxid they belong to, and
// collections without an order are sorted. Everything else stays as it came.
import { createHash } from 'node:crypto'
import type { ACL, Stat } from '../../src/jute/generated/data.ts'
import type { ConnectResponse } from '../../src/jute/generated/proto.ts'
import { encodeReply } from '../wire/messages.ts'
import type { Notification, Reply } from '../wire/messages.ts'
import { sessionPassword } from '../wire/session-password.ts'

/** One server's view of the things that are masked. */
export class Masks {
  readonly #labels = new Map<bigint, number>()
  readonly #ids: bigint[] = []
  /** The wall-clock time of each txn that was seen. */
  readonly #times = new Map<bigint, bigint>([[0n, 0n]])

  /** The label of a session, a new one for an id that was not seen before. */
  label(id: bigint): number {
    const known = this.#labels.get(id)
    if (known !== undefined) return known
    this.#labels.set(id, this.#ids.length)
    return this.#ids.push(id) - 1
  }

  /** The id of the session with that label, if there was one. */
  id(label: number): bigint | undefined {
    return this.#ids[label]
  }

  connectResponse(response: ConnectResponse, bytes: number): string {
    const { protocolVersion, timeOut, sessionId, passwd, readOnly } = response
    const right = passwd !== null && sessionId !== 0n && sessionPassword(sessionId).equals(passwd)
    const password = right ? 'derived' : passwd === null ? 'null' : Buffer.from(passwd).toString('hex')
    const session = sessionId === 0n ? 'none' : `s${this.label(sessionId)}`
    return `connected version=${protocolVersion} timeOut=${timeOut} session=${session} password=${password} readOnly=${readOnly} in ${bytes} bytes`
  }

  notification({ header, event }: Notification): string {
    return `event type=${event.type} state=${event.state} path=${JSON.stringify(event.path)} zxid=${header.zxid}`
  }

  reply(reply: Reply, payload: Uint8Array): string {
    const { header, body, rest } = reply
    const parts = [`reply xid=${header.xid} zxid=${header.zxid} err=${header.err}`]
    if (body.kind === 'record') parts.push(this.#value(body.record))
    if (body.kind === 'multi') for (const result of body.results) parts.push(this.#value({ ...result.header, result: result.body?.record }))
    if (rest.length > 0) parts.push(`rest=${text(rest)}`)
    // Where the fields do not say it all (a boolean that is neither 0 nor 1, a string that is not UTF-8), the bytes do.
    if (!Buffer.from(encodeReply(reply)).equals(payload)) parts.push(`bytes=${text(payload)}`)
    return parts.join(' ')
  }

  #value(value: unknown): string {
    if (value instanceof Uint8Array) return text(value)
    if (Array.isArray(value)) return `[${this.#list(value).join(', ')}]`
    if (typeof value === 'bigint') return `${value}`
    if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'none'
    if ('pzxid' in value) return this.#stat(value as Stat)
    const fields = Object.entries(value).map(([name, field]) => `${name}: ${this.#value(field)}`)
    return `{${fields.join(', ')}}`
  }

  /** Children, paths of ephemerals and identities have no order, entries of an ACL do. */
  #list(values: readonly unknown[]): string[] {
    const shown = values.map((value) => this.#value(value))
    return values.length > 1 && isAcl(values[0]) ? sortExpansions(values as ACL[], shown) : shown.sort()
  }

  #stat(stat: Stat): string {
    const { czxid, mzxid, pzxid, version, cversion, aversion, dataLength, numChildren } = stat
    const owner = stat.ephemeralOwner === 0n ? '0' : this.#labels.has(stat.ephemeralOwner) ? `s${this.label(stat.ephemeralOwner)}` : `${stat.ephemeralOwner}`
    const times = `ctime=${this.#time(czxid, stat.ctime)} mtime=${this.#time(mzxid, stat.mtime)}`
    const counts = `version=${version} cversion=${cversion} aversion=${aversion} dataLength=${dataLength} numChildren=${numChildren}`
    return `Stat(czxid=${czxid} mzxid=${mzxid} pzxid=${pzxid} ${times} ${counts} owner=${owner})`
  }

  /** All that is said of a time: that it is the one of its txn. */
  #time(zxid: bigint, time: bigint): string {
    const known = this.#times.get(zxid)
    if (known === undefined && time > 0n) this.#times.set(zxid, time)
    return known === undefined ? (time > 0n ? 'ok' : `${time}`) : known === time ? 'ok' : `${time}, not ${known} as before`
  }
}

function isAcl(value: unknown): value is ACL {
  return typeof value === 'object' && value !== null && 'perms' in value && 'id' in value
}

/** An `auth` entry becomes one per identity in no order: neighbours with the same perms that may stem from one are sorted. */
function sortExpansions(entries: readonly ACL[], shown: readonly string[]): string[] {
  const sorted: string[] = []
  for (let start = 0; start < entries.length;) {
    let end = start + 1
    while (end < entries.length && isExpansion(entries[start]) && isExpansion(entries[end]) && entries[end].perms === entries[start].perms) end++
    sorted.push(...shown.slice(start, end).sort())
    start = end
  }
  return sorted
}

function isExpansion(entry: ACL): boolean {
  return entry.id.scheme === 'digest' || entry.id.scheme === 'sasl'
}

const SHOWN_BYTES = 64

function text(bytes: Uint8Array): string {
  if (bytes.length <= SHOWN_BYTES) return `0x${Buffer.from(bytes).toString('hex')}`
  return `0x${Buffer.from(bytes.subarray(0, SHOWN_BYTES)).toString('hex')}… of ${bytes.length}, sha1 ${createHash('sha1').update(bytes).digest('hex')}`
}

/**
 * Who belongs to the ensemble and which sets of them may decide: QuorumVerifier with both its kinds, QuorumMaj and
 * QuorumHierarchical. The text is the one that servers send each other in notifications and NEWLEADER and that
 * `/zookeeper/config` holds; its lines come in any order, so texts are never compared, members are.
 */
import { hex } from '../../base/hex.ts'
import { javaAddress } from '../../protocol/addresses.ts'
import { ConfigRefused } from '../../server/config/config-refused.ts'
import { IllegalValue, parseHex64 } from '../../server/config/java-values.ts'
import { isMembershipKey, readMembership } from '../../server/config/membership.ts'
import type { LearnerType, Membership, ServerAddress, ServerLine } from '../../server/config/membership.ts'
import { MalformedProperties, parseProperties } from '../../server/config/properties.ts'

export interface QuorumMember {
  readonly sid: bigint
  readonly learnerType: LearnerType
  /** One, or several in the order in which they are tried. */
  readonly addresses: readonly ServerAddress[]
  /** Undefined = the server line names none, whatever the member's own static settings say. */
  readonly clientAddress: ServerLine['clientAddress']
}

export class QuorumConfig {
  /** 0 until it is given one: the zxid of the epoch that was first led with it, or of the txn that changed the members. */
  readonly version: bigint
  /** In the order of their sids. */
  readonly members: ReadonlyMap<bigint, QuorumMember>
  readonly voters: ReadonlySet<bigint>
  readonly observers: ReadonlySet<bigint>
  /** The canonical text. */
  readonly text: string
  /** The lines of groups and weights in it; empty without groups. */
  readonly weightText: string
  readonly #membership: Membership
  readonly #groups: Groups | undefined

  constructor(membership: Membership, version = 0n) {
    this.version = version
    this.#membership = membership
    const members = membership.servers.map((line): QuorumMember => ({ ...line, sid: BigInt(line.sid) }))
    this.members = new Map(members.map((member) => [member.sid, member]))
    this.voters = sidsOf(members, 'participant')
    this.observers = sidsOf(members, 'observer')
    this.#groups = groupsOf(membership, this.voters)
    const weights = groupLines(this.#groups)
    this.weightText = weights.join('\n')
    this.text = [...members.map(memberLine), ...weights, `version=${hex(version)}`].join('\n')
  }

  /** The same members. */
  withVersion(version: bigint): QuorumConfig {
    return new QuorumConfig(this.#membership, version)
  }

  /** The lines that a configuration file needs to say the same. */
  get lines(): readonly string[] {
    return this.text.split('\n').slice(0, -1)
  }

  /** Whether these can decide: more than half of the voters, or more than half of the weight in more than half of the groups. */
  containsQuorum(sids: ReadonlySet<bigint>): boolean {
    const groups = this.#groups
    if (groups !== undefined) return groups.containQuorum((sid) => sids.has(sid) && this.voters.has(sid))
    let count = 0
    for (const sid of sids) if (this.voters.has(sid)) count++
    return count > Math.trunc(this.voters.size / 2)
  }

  /** Votes of a member; one without any is never elected. */
  weight(sid: bigint): number {
    return this.#groups === undefined ? 1 : this.#groups.weight(sid)
  }
}

/**
 * A text that another server sent. Throws ConfigRefused when it is none that a Java server of today would take; the
 * number of addresses is not minded, since whoever sent them has them.
 */
export function parseQuorumConfig(text: string): QuorumConfig {
  try {
    const lines = parseProperties(text)
    const version = parseHex64(lines.get('version') ?? '0')
    lines.delete('version')
    for (const key of lines.keys()) {
      if (!isMembershipKey(key)) throw new ConfigRefused('config', `Unrecognised parameter: ${key}`)
    }
    return new QuorumConfig(readMembership(lines, true), version)
  } catch (error) {
    if (error instanceof IllegalValue || error instanceof MalformedProperties) throw new ConfigRefused('config', error.message)
    throw error
  }
}

function sidsOf(members: readonly QuorumMember[], type: LearnerType): ReadonlySet<bigint> {
  return new Set(members.filter(({ learnerType }) => learnerType === type).map(({ sid }) => sid))
}

function memberLine({ sid, addresses, learnerType, clientAddress }: QuorumMember): string {
  // As QuorumServer.toString: by the text of the host, the role once and behind the last.
  const sorted = addresses.map(({ host, ...ports }) => ({ host: javaAddress(host), ...ports }))
  sorted.sort((a, b) => (a.host < b.host ? -1 : a.host > b.host ? 1 : 0))
  const list = sorted.map(({ host, quorumPort, electionPort }) => `${hostText(host)}:${quorumPort}:${electionPort}`).join('|')
  const client = clientAddress === undefined ? '' : `;${hostText(javaAddress(clientAddress.host))}:${clientAddress.port}`
  return `server.${sid}=${list}:${learnerType}${client}`
}

function hostText(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}

// ---- Groups and weights ----

/** QuorumHierarchical's arithmetic. */
class Groups {
  readonly members: ReadonlyMap<bigint, readonly bigint[]>
  readonly weights: ReadonlyMap<bigint, number>
  /** How many groups have any weight; the others do not count. */
  readonly #weighty: number

  constructor(members: ReadonlyMap<bigint, readonly bigint[]>, weights: ReadonlyMap<bigint, number>) {
    this.members = members
    this.weights = weights
    this.#weighty = [...members.values()].filter((sids) => this.#sum(sids) !== 0).length
  }

  weight(sid: bigint): number {
    return this.weights.get(sid) ?? 0
  }

  containQuorum(isIn: (sid: bigint) => boolean): boolean {
    let won = 0
    for (const sids of this.members.values()) {
      if (this.#sum(sids.filter(isIn)) > Math.trunc(this.#sum(sids) / 2)) won++
    }
    return won > Math.trunc(this.#weighty / 2)
  }

  #sum(sids: readonly bigint[]): number {
    return sids.reduce((sum, sid) => sum + this.weight(sid), 0)
  }
}

/** Any group or weight makes the ensemble hierarchical; then every voter has a weight. */
function groupsOf({ groups, weights }: Membership, voters: ReadonlySet<bigint>): Groups | undefined {
  if (groups.size === 0 && weights.size === 0) return undefined
  const byGroup = ascending([...groups].map(([gid, sids]) => [BigInt(gid), ascendingSids(sids.map(BigInt))]))
  const given = new Map([...weights].map(([sid, weight]) => [BigInt(sid), weight]))
  for (const sid of voters) if (!given.has(sid)) given.set(sid, 1)
  return new Groups(byGroup, ascending([...given]))
}

function groupLines(groups: Groups | undefined): string[] {
  if (groups === undefined) return []
  const members = [...groups.members].map(([gid, sids]) => `group.${gid}=${sids.join(':')}`)
  return [...members, ...[...groups.weights].map(([sid, weight]) => `weight.${sid}=${weight}`)]
}

function ascending<T>(entries: [bigint, T][]): Map<bigint, T> {
  return new Map(entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
}

function ascendingSids(sids: bigint[]): bigint[] {
  return sids.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
}

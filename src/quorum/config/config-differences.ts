/** What is different between two configurations, in words for operators. */
import { javaAddress } from '../../protocol/addresses.ts'
import { isLiteral } from '../../server/config/load-membership.ts'
import type { QuorumConfig, QuorumMember } from './quorum-config.ts'

/** Where this server serves its clients; undefined = not known, and any port will do. */
export interface OwnClientPort {
  readonly host: string | undefined
  readonly port: number | undefined
}

export interface Comparison {
  readonly heard: QuorumConfig
  /** Of the same members, in different words perhaps: an address is the same if one of them has it. */
  readonly known: readonly [QuorumConfig, ...QuorumConfig[]]
  /** Which of them may be missing; then groups and weights do not count. */
  readonly mayLack: bigint | undefined
  /** Undefined = they do not count. */
  readonly addresses: { readonly self: bigint; readonly client: OwnClientPort } | undefined
}

/** Empty where the members are the same. */
export function differencesOf({ heard, known, mayLack, addresses }: Comparison): readonly string[] {
  const [first] = known
  const changes: string[] = []
  for (const sid of first.members.keys()) if (!heard.members.has(sid) && sid !== mayLack) changes.push(`server.${sid} is gone`)
  for (const [sid, member] of heard.members) {
    const before = first.members.get(sid)
    if (before === undefined) changes.push(`server.${sid} is new`)
    else if (before.learnerType !== member.learnerType) changes.push(`server.${sid} is ${member.learnerType}, not ${before.learnerType}`)
    else if (addresses !== undefined) changes.push(...movesOf(member, known, addresses.self, addresses.client))
  }
  if (changes.length === 0 && mayLack === undefined && heard.weightText !== first.weightText) changes.push('groups or weights are others')
  return changes
}

function movesOf(member: QuorumMember, known: Comparison['known'], self: bigint, client: OwnClientPort): string[] {
  const { sid } = member
  const moves: string[] = []
  if (!known.some(({ members }) => members.has(sid) && isAtSamePlaces(member, members.get(sid)!))) {
    moves.push(`server.${sid} is at ${placesOf(member)}, not at ${placesOf(known[0].members.get(sid)!)}`)
  }
  const { clientAddress } = member
  if (sid === self && clientAddress !== undefined && !isClientPort(clientAddress, client)) {
    moves.push(`server.${sid} serves clients at ${clientAddress.host}:${clientAddress.port}, not at ${client.host ?? '0.0.0.0'}:${client.port}`)
  }
  return moves
}

function isAtSamePlaces(member: QuorumMember, before: QuorumMember): boolean {
  if (member.addresses.length !== before.addresses.length) return false
  return member.addresses.every((address) =>
    before.addresses.some(
      (other) => address.quorumPort === other.quorumPort && address.electionPort === other.electionPort && isSameHost(address.host, other.host),
    ),
  )
}

function placesOf({ addresses }: QuorumMember): string {
  return addresses.map(({ host, quorumPort, electionPort }) => `${host}:${quorumPort}:${electionPort}`).join('|')
}

function isClientPort(told: { readonly host: string; readonly port: number }, { host, port }: OwnClientPort): boolean {
  // Port 0 stands for any.
  if (port === undefined || port === 0) return true
  if (told.port !== port) return false
  return host === undefined || !isLiteral(plainHost(told.host)) || !isLiteral(plainHost(host)) || isSameHost(told.host, host)
}

/** A server may name itself by the address of all its interfaces. */
function isSameHost(a: string, b: string): boolean {
  const [left, right] = [plainHost(a), plainHost(b)]
  return left === right || isWildcard(left) || isWildcard(right)
}

function plainHost(host: string): string {
  const plain = javaAddress(host.toLowerCase())
  return plain === 'localhost' || plain === '0:0:0:0:0:0:0:1' ? '127.0.0.1' : plain
}

function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '0:0:0:0:0:0:0:0'
}
